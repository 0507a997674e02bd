import type { Page, TimePosition } from '../../db/statements.ts';
import type { InteractionRow } from './tables.ts';

/** Where a turn stands among those that wait for the database: by its entry in the journal, and its place in that. */
export type WaitingOrder = readonly [entry: number, index: number];

/**
 * Where a turn stands in the list of a user's turns, newest first. Turns that wait have no id yet, and come before all stored ones
 * of their millisecond: `id` is then the largest that was stored of it, so that whoever reads towards newer turns finds those that
 * are stored later.
 */
export interface TurnPosition extends TimePosition {
  /** Null: it is stored. */
  readonly waits: WaitingOrder | null;
}

/** A turn in a list. */
export type ListedTurn = InteractionRow & { readonly place?: TurnPosition };

/** Larger than any id. */
export const LAST_ID = 2_147_483_647;

export function positionOfTurn({ timestamp, id, place }: ListedTurn): TurnPosition {
  return place ?? { at: timestamp, id, waits: null };
}

/** What of stored turns a page may hold: a turn that waited may be stored by now, with all before it. */
export function pageOfStored(page: Page<TurnPosition>): Page<TimePosition> {
  const { after } = page;
  return after?.waits ? { ...page, after: { at: after.at, id: LAST_ID } } : page;
}

/** A turn that waits, and its order among such. */
export interface WaitingTurn {
  readonly row: InteractionRow;
  readonly order: WaitingOrder;
}

/** Whether it belongs to a page. */
export function isWithin({ row, order }: WaitingTurn, { after, before }: Page<TurnPosition>): boolean {
  const at = row.timestamp.getTime();
  return (
    (after === null ||
      at < after.at.getTime() ||
      (at === after.at.getTime() && after.waits !== null && compare(order, after.waits) < 0)) &&
    (before === null ||
      at > before.at.getTime() ||
      (at === before.at.getTime() && (before.waits === null || compare(order, before.waits) > 0)))
  );
}

/** Turns that wait as they are listed beside those that are stored. */
export function listed(
  waiting: readonly WaitingTurn[],
  stored: readonly InteractionRow[],
  { before }: Page<TurnPosition>,
): ListedTurn[] {
  const largest = new Map<number, number>(before ? [[before.at.getTime(), before.id]] : []);
  for (const { timestamp, id } of stored)
    largest.set(timestamp.getTime(), Math.max(id, largest.get(timestamp.getTime()) ?? 0));
  return waiting.map(({ row, order }) => {
    const { timestamp: at } = row;
    return { ...row, id: LAST_ID, place: { at, id: largest.get(at.getTime()) ?? 0, waits: order } };
  });
}

/** Newest first. */
export function byPlace(a: ListedTurn, b: ListedTurn): number {
  const inTime = b.timestamp.getTime() - a.timestamp.getTime() || b.id - a.id;
  const [first, second] = [a.place?.waits, b.place?.waits];
  return inTime || (first && second ? compare(second, first) : 0);
}

function compare(a: WaitingOrder, b: WaitingOrder): number {
  return a[0] - b[0] || a[1] - b[1];
}
