import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { DeadlineExceeded, within } from '../../db/deadline.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../log.ts';
import type { RecentAnswers } from './answers.ts';
import { deletedSince, refuseForGood } from './deleted.ts';
import { deadEntries, turnsOf, writeEntries } from './entries.ts';
import type { Turn } from './turn.ts';

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

/**
 * Drops entries that were set apart and are deleted: a retry brings them back no more.
 *
 * @param isMeant asked of the turns of each that holds some, with when it was accepted
 * @returns how many; what they said is in the file until that is purged
 */
export async function forgetDead(
  { db, journal }: { readonly db: Database; readonly journal: Journal },
  isMeant: (turns: readonly Turn[], acceptedAt: Date) => Promise<boolean>,
): Promise<number> {
  const forget: number[] = [];
  for await (const entry of deadEntries(journal)) {
    const turns = turnsOf(entry);
    if (turns.length === 0 || !(await isMeant(turns, new Date(entry.acceptedAt)))) continue;
    await refuseForGood(db, turns);
    forget.push(entry.seq);
  }
  if (forget.length > 0) await writeEntries(journal, { forget });
  return forget.length;
}

/** Drops what was set apart of users who were erased since, by another server. */
export async function forgetErased(
  { db, journal, log }: { readonly db: Database; readonly journal: Journal; readonly log: Logger },
  isErased: (owner: Owner, acceptedAt: Date) => boolean,
): Promise<void> {
  const entries = await forgetDead(
    { db, journal },
    async ([first], at) => first !== undefined && isErased(first, at),
  );
  if (entries === 0) return;
  await journal.purge({});
  log.info({ entries }, 'dropped what was set apart of erased users');
}

/** Drops what was set apart, and the remembered answers, of what another server deleted; and every trace of what was refused for that. */
export async function forgetDeletedElsewhere({
  db,
  journal,
  store,
  availability,
}: {
  readonly db: Database;
  readonly journal: Journal;
  readonly store: {
    readonly answers: RecentAnswers;
    purgeDeleted(gone: number): Promise<void>;
  };
  readonly availability: { readonly isUp: boolean };
}): Promise<void> {
  if (!availability.isUp) return;
  const { answers } = store;
  const deleted = await deletedSince(db.pool, answers.turns);
  let gone = deleted.size === 0 ? 0 : await answers.forget(({ turnId }) => deleted.has(turnId));
  const areDeleted = async (turns: readonly Turn[]) =>
    (await deletedSince(db.pool, turns)).size === turns.length;
  if (journal.setApart > 0) gone += await forgetDead({ db, journal }, areDeleted);
  await store.purgeDeleted(gone);
}
