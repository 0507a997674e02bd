import type { MissedPolicy } from './tables.ts';

/** Slots of one schedule that may wait to be made up; of those that are decided at once, one more is told of. */
export const MAX_AT_ONCE = 100;
/** Milliseconds that a slot may be late and still count as on time, while the server was there. */
export const MAX_LATE_MS = 300_000;

/** What is to become of a slot: PLANNED ones get their task in their order, as soon as none is unfinished. */
export interface Outcome {
  readonly slotAt: Date;
  readonly state: 'PLANNED' | 'MISSED' | 'SKIPPED';
  readonly note: string | null;
}

/** What a schedule meets when its slots are decided. */
export interface Circumstances {
  readonly missed: MissedPolicy;
  readonly paused: boolean;
  readonly now: Date;
  /** From when on this server was there to make tasks. */
  readonly since: Date;
  /** The id of a task of the schedule that is unfinished. */
  readonly unfinished: string | null;
  /** Slots that still wait to be made up. */
  readonly waiting: number;
  /** There are earlier slots, which nobody will decide one by one. */
  readonly hasEarlier: boolean;
}

/** Decides slots that are over. @param slots oldest first */
export function outcomesOf(slots: readonly Date[], given: Circumstances): Outcome[] {
  const newest = slots.at(-1);
  if (!newest) return [];
  const { missed, paused, unfinished, waiting, hasEarlier } = given;
  const skipped = (slotAt: Date, note: string): Outcome => ({ slotAt, state: 'SKIPPED', note });
  if (paused) return slots.map((slotAt) => skipped(slotAt, 'the schedule was paused'));
  const isOnTime = newest >= given.since && given.now.getTime() - newest.getTime() <= MAX_LATE_MS;
  const isInLine = missed === 'RUN_ALL' && (waiting > 0 || slots.length > 1 || !isOnTime);
  const room = MAX_AT_ONCE - waiting;
  return slots.map((slotAt, place) => {
    const fromEnd = slots.length - 1 - place;
    const earlier = place === 0 && hasEarlier ? ', nor are those before it, which have no rows' : '';
    if (isInLine) {
      if (fromEnd < room) return { slotAt, state: 'PLANNED', note: null };
      const note = `at most ${MAX_AT_ONCE} slots wait to be made up${earlier}`;
      return { slotAt, state: slotAt === newest && isOnTime ? 'SKIPPED' : 'MISSED', note };
    }
    if (slotAt !== newest || (missed === 'SKIP' && !isOnTime))
      return { slotAt, state: 'MISSED', note: `it is not made up: no server was there${earlier}` };
    if (unfinished !== null) return skipped(slotAt, `its predecessor’s task ${unfinished} was unfinished`);
    return { slotAt, state: 'PLANNED', note: null };
  });
}
