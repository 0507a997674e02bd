import type { Owner } from '../../access/principals.ts';
import { DeadlineExceeded, within } from '../../db/deadline.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../log.ts';
import { deadEntries, turnsOf, writeEntries } from './entries.ts';

/** What became of turns that were tried again: WAITING ones are in the journal, for when the database takes them. */
export type Retried =
  | { readonly outcome: 'STORED' | 'WAITING'; readonly reason: null }
  | { readonly outcome: 'REFUSED'; readonly reason: string };

/** What becomes of turns within some milliseconds. @param applied rejects when the database refuses them */
export async function outcomeOf(applied: Promise<unknown>, ms: number): Promise<Retried> {
  try {
    await within(applied, ms, 'the database took too long');
  } catch (error) {
    if (error instanceof DeadlineExceeded) return { outcome: 'WAITING', reason: null };
    return { outcome: 'REFUSED', reason: (error as Error).message };
  }
  return { outcome: 'STORED', reason: null };
}

/** Drops what was set apart of users who were erased since, by another server. */
export async function forgetDead(
  { journal, log }: { readonly journal: Journal; readonly log: Logger },
  isErased: (owner: Owner, acceptedAt: Date) => boolean,
): Promise<void> {
  const forget: number[] = [];
  for await (const entry of deadEntries(journal)) {
    const [first] = turnsOf(entry);
    if (first && isErased(first, new Date(entry.acceptedAt))) forget.push(entry.seq);
  }
  if (forget.length === 0) return;
  await writeEntries(journal, { forget });
  await journal.purge({});
  log.info({ entries: forget.length }, 'dropped what was set apart of erased users');
}
