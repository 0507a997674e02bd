import type { Figures, RepairType } from './tables.ts';

/** What came of it. */
export interface Repaired {
  /** FAILED: it is known that it did not, or not wholly, come to what it was for. */
  readonly outcome: 'SUCCEEDED' | 'FAILED' | 'UNKNOWN';
  readonly problem: string | null;
  /** What is seen after it; null: it cannot be seen. */
  readonly after: Figures | null;
}

/** A way to repair what is on the list of the operator. */
export interface Repair<Entry = unknown> {
  readonly type: RepairType;
  /** For people. */
  readonly description: string;
  readonly timeoutSeconds: number;
  /** Null: the target is not on the list, letter by letter. */
  entryOf(target: string): Entry | null;
  /**
   * What there is now, and what would be done. Changes nothing.
   *
   * @throws RepairRefused for what must not be touched
   */
  look(entry: Entry, signal: AbortSignal): Promise<Figures>;
  /** Does it, and looks again. @param before what `look` has just seen */
  act(entry: Entry, before: Figures, signal: AbortSignal): Promise<Repaired>;
}
