import type { Owner } from '../../access/principals.ts';
import { ServiceUnavailable, StorageFull } from '../../errors.ts';
import {
  type DeadEntry,
  type Journal,
  JournalBroken,
  JournalFull,
  type StoredEntry,
} from '../../journal/journal.ts';
import { ANSWER_ENTRY } from './answers.ts';
import type { Turn } from './turn.ts';

/** Kinds of entries of the journal: a query whose answer is being made, and turns to apply. */
export const QUERY = 'query';
export const TURNS = 'turns';

/** What an earlier process left in the journal. */
export interface LeftEntries {
  /** Queries that it did not answer. */
  readonly queries: readonly StoredEntry[];
  readonly turns: readonly StoredEntry[];
  /** Of users who were erased since. */
  readonly erased: readonly StoredEntry[];
}

/** Sorts what the journal holds, each kind in its order; answers that are remembered are none of these. */
export function sortEntries(
  entries: readonly StoredEntry[],
  isErased: (owner: Owner, acceptedAt: Date) => boolean,
): LeftEntries {
  const left = { queries: [] as StoredEntry[], turns: [] as StoredEntry[], erased: [] as StoredEntry[] };
  for (const entry of entries) {
    const owner = ownerOf(entry);
    if (owner && isErased(owner, new Date(entry.acceptedAt))) left.erased.push(entry);
    else if (entry.kind === QUERY) left.queries.push(entry);
    else if (entry.kind === TURNS) left.turns.push(entry);
  }
  return left;
}

/** Dead entries that are looked at together: each may have megabytes. */
const PAGE = 20;

/** All entries that were set apart, in their order. */
export async function* deadEntries(journal: {
  dead(after: number, limit: number): Promise<readonly DeadEntry[]>;
}): AsyncGenerator<DeadEntry> {
  for (let after = 0; ; ) {
    const page = await journal.dead(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.seq;
  }
}

/** The turns of an entry; none of one that is damaged, or holds something else. */
export function turnsOf(entry: DeadEntry): readonly Turn[] {
  return entry.isDamaged || (entry.kind !== QUERY && entry.kind !== TURNS) ? [] : acceptedTurns(entry);
}

/** The turns of an entry that holds some; when one was accepted that an older version wrote, its entry says. */
export function acceptedTurns({ body, acceptedAt }: StoredEntry): readonly Turn[] {
  const value = JSON.parse(body) as Turn | readonly Turn[];
  const turns = Array.isArray(value) ? (value as readonly Turn[]) : [value as Turn];
  return turns.map((turn) => ({ acceptedAt: new Date(acceptedAt).toISOString(), ...turn }));
}

/** Whose turns an entry of the journal holds; null if it holds none. */
function ownerOf({ kind, body }: StoredEntry): Owner | null {
  if (kind !== QUERY && kind !== TURNS && kind !== ANSWER_ENTRY) return null;
  const value = JSON.parse(body) as Turn | readonly Turn[];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

/** Writes to the journal. @throws StorageFull, ServiceUnavailable */
export async function writeEntries(
  journal: Journal,
  change: Parameters<Journal['write']>[0],
): Promise<readonly number[]> {
  try {
    return await journal.write(change);
  } catch (error) {
    if (error instanceof JournalFull) throw new StorageFull(`${error.message}; nothing was stored`);
    if (error instanceof JournalBroken)
      throw new ServiceUnavailable(
        'the journal cannot be written; nothing is accepted until the server is restarted',
      );
    throw error;
  }
}
