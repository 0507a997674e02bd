import type { Drain } from '../../journal/drain.ts';
import type { Journal } from '../../journal/journal.ts';

/** Journal entries that the database has not taken. */
export interface Backlog {
  readonly depth: number;
  /** Since when the oldest waits, in milliseconds since 1970. */
  readonly oldestAt: number | null;
  /** Of the journal. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Why the journal takes nothing. */
  readonly failure: string | null;
  /** Why the database takes nothing. */
  readonly trouble: string | null;
  readonly setApart: number;
}

/** @param stalledMs after which a batch counts as not finished */
export function backlogOf(
  journal: Journal,
  drain: Pick<Drain<never, never>, 'depth' | 'oldestAt' | 'stalledMs' | 'trouble'>,
  stalledMs: number,
): Backlog {
  const isStalled = drain.stalledMs > stalledMs;
  return {
    depth: drain.depth,
    oldestAt: drain.oldestAt,
    bytes: journal.size,
    maxBytes: journal.maxBytes,
    failure: journal.failure?.message ?? null,
    setApart: journal.setApart,
    trouble: drain.trouble ?? (isStalled ? 'it does not finish what it was given' : null),
  };
}
