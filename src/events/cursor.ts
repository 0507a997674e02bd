/**
 * A place between events: the transaction and id of the last one seen in the table, and, for each process that
 * told events before the table had them, the number of its last one.
 */
export interface EventPosition {
  readonly transaction: bigint;
  readonly id: bigint;
  readonly told: ReadonlyMap<string, number>;
}

export const BEGINNING: EventPosition = { transaction: 0n, id: 0n, told: new Map() };

/** Processes that a cursor remembers: with one more it still fits into the reason of a WebSocket's close (123 bytes). */
const MAX_TOLD = 3;
const LARGEST = 9_223_372_036_854_775_807n;

/** A position as clients see it. */
export function formatCursor({ transaction, id, told }: EventPosition): string {
  const recent = [...told].slice(-MAX_TOLD).map(([origin, number]) => `${origin}.${number}`);
  return [`${transaction}-${id}`, ...recent].join('~');
}

/** The position that a cursor names, or null if it is none. */
export function parseCursor(cursor: string): EventPosition | null {
  const [place = '', ...parts] = cursor.split('~');
  const numbers = /^(\d{1,19})-(\d{1,19})$/.exec(place);
  if (!numbers || parts.length > 16) return null;
  const [transaction, id] = [BigInt(numbers[1] ?? 0), BigInt(numbers[2] ?? 0)];
  if (transaction > LARGEST || id > LARGEST) return null;
  const told = new Map<string, number>();
  for (const part of parts) {
    const fields = /^([0-9a-f]{8})\.(\d{1,9})$/.exec(part);
    if (!fields) return null;
    told.set(fields[1] ?? '', Number(fields[2]));
  }
  return { transaction, id, told: new Map([...told].slice(-MAX_TOLD)) };
}

/** Whether `a` comes after `b` in the table. */
export function isAfter(
  a: { transaction: bigint; id: bigint },
  b: { transaction: bigint; id: bigint },
): boolean {
  return a.transaction > b.transaction || (a.transaction === b.transaction && a.id > b.id);
}
