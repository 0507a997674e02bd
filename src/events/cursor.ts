/**
 * A place between events: the transaction and id of the last one seen in the table, and the events beyond it that
 * were told before the table had them.
 */
export interface EventPosition {
  readonly transaction: bigint;
  readonly id: bigint;
  readonly told: readonly ToldRange[];
}

/** Events that one process told: all of interest with numbers from `from` to `to`. */
export interface ToldRange {
  readonly process: string;
  readonly from: number;
  readonly to: number;
}

export const BEGINNING: EventPosition = { transaction: 0n, id: 0n, told: [] };

/** Ranges that a cursor remembers, the latest ones: more would not fit into the reason of a WebSocket's close (123 bytes). */
const MAX_TOLD = 3;
const LARGEST = 9_223_372_036_854_775_807n;

/** A position as clients see it. */
export function formatCursor({ transaction, id, told }: EventPosition): string {
  const ranges = told.slice(-MAX_TOLD).map(({ process, from, to }) => `${process}.${from}-${to}`);
  return [`${transaction}-${id}`, ...ranges].join('~');
}

/** The position that a cursor names, or null if it is none. */
export function parseCursor(cursor: string): EventPosition | null {
  const [place = '', ...parts] = cursor.split('~');
  const numbers = /^(\d{1,19})-(\d{1,19})$/.exec(place);
  if (!numbers || parts.length > MAX_TOLD) return null;
  const [transaction, id] = [BigInt(numbers[1] ?? 0), BigInt(numbers[2] ?? 0)];
  if (transaction > LARGEST || id > LARGEST) return null;
  const told: ToldRange[] = [];
  for (const part of parts) {
    const [, process, from, to] = /^([0-9a-f]{8})\.(\d{1,7})-(\d{1,7})$/.exec(part) ?? [];
    if (process === undefined) return null;
    told.push({ process, from: Number(from), to: Number(to) });
  }
  return { transaction, id, told };
}

/** Whether `a` comes after `b` in the table. */
export function isAfter(
  a: { transaction: bigint; id: bigint },
  b: { transaction: bigint; id: bigint },
): boolean {
  return a.transaction > b.transaction || (a.transaction === b.transaction && a.id > b.id);
}
