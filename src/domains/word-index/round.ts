import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { judgeDatabaseError, wordsOf } from '../../db/meaning.ts';
import type { Logger } from '../../log.ts';
import { ownerKey } from '../../vectors/vector-store.ts';
import { analyseAnew } from './analysed-anew.ts';
import { ANALYSIS_VERSION } from './analysis.ts';
import { forgetRemoved } from './removals.ts';
import { nextSetAside } from './set-aside.ts';
import type { TextAnalyses } from './text-analyses.ts';
import { compactIndex, firstInQueue, indexTurns, setAside } from './writer.ts';

export interface IndexRoundOptions {
  readonly db: Database;
  readonly texts: TextAnalyses;
  readonly log: Logger;
  /** Taken after each piece of work, so that others come to theirs. */
  readonly rest: () => Promise<void>;
  /** A round ends after the batch under way when this says so. */
  readonly isEnding: () => boolean;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock?: () => number;
}

/** How a round went. */
export interface IndexRound {
  /** Whether more turns wait that are worth a round at once. */
  readonly goesOn: boolean;
  /** What hindered the index of an owner; null: nothing did. */
  readonly failure: unknown;
}

/** So many waiting turns of an owner are indexed at once; fewer wait, since a search reads them as they are. */
export const WORTH_TURNS = 64;
const WORTH_MS = 10_000;
/** So many wait only until the oldest has for a second: to each search they are as much as a third of what it reads. */
const WORTH_SOON_TURNS = 16;
const WORTH_SOON_MS = 1_000;
/**
 * So many deleted turns of an owner are worth taking their words out at once; fewer wait for others. No search shows them
 * meanwhile, and each time whole lists of postings are read and written anew, however few turns go.
 */
const WORTH_REMOVALS = 64;
const REMOVALS_WAIT_MS = 5_000;
/** Between two looks at turns that were set aside: one of them is tried again, alone. */
const SET_ASIDE_LOOK_MS = 5_000;
const BATCH = 2_048;
/** Batches of one owner before others have their turn. */
const BATCHES = 16;

/**
 * Makes a function that brings the indexes of all owners up to date who are worth it: turns that wait, words of deleted
 * turns, terms of an older analysis. It rejects with what the database throws when it is asked who they are.
 */
export function createIndexRounds({
  db,
  texts,
  log,
  rest,
  isEnding,
  clock = () => performance.now(),
}: IndexRoundOptions): () => Promise<IndexRound> {
  const services = { db, texts };
  const dueRemovals = createRemovalsWait(clock);
  /** How many turns at once, of owners with whom more did not work. */
  const limits = new Map<string, number>();
  /** Of this round. */
  const failures = new Map<string, unknown>();

  /** One owner's trouble is no reason for others to wait; the round ends with it. @returns whether it worked */
  const attempt = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
      failures.delete(name);
      return true;
    } catch (error) {
      failures.set(name, error);
      return false;
    }
  };
  /** @returns whether more turns of the owner wait */
  const catchUp = async (owner: Owner): Promise<boolean> => {
    const name = ownerKey(owner);
    const limit = limits.get(name) ?? BATCH;
    let more = false;
    /** The turn that is tried alone: another server may have the next one by the time it is known that this one cannot be indexed. */
    let alone: number | null = null;
    const worked = await attempt(name, async () => {
      for (let batch = 0; batch < BATCHES && !isEnding(); batch++) {
        if (limit === 1) alone = await firstInQueue(db, owner);
        const done = await indexTurns(services, owner, limit, alone);
        more = done?.isFull ?? false;
        await rest();
        if (!more) break;
      }
      limits.delete(name);
      await compactIndex(services, owner);
    });
    if (worked) return more;
    // The database refuses what is in a turn, or the code stumbles over it: the others must not wait for it.
    const isTurns = isOfTurns(failures.get(name));
    if (alone !== null && isTurns) {
      await setAside(services, owner, alone, wordsOf(failures.get(name)));
      log.error({ interactionId: alone }, 'a turn cannot be indexed and is left out');
    }
    if (isTurns) {
      log.warn({ err: failures.get(name), limit }, 'turns cannot be indexed together; fewer are tried');
      // Nothing is wrong with the rounds: this one ends with a turn that is left out.
      failures.delete(name);
    }
    limits.set(name, Math.max(1, Math.floor(limit / 4)));
    return false;
  };
  let lookedAside = Number.NEGATIVE_INFINITY;
  const tryAgainOne = async () => {
    if (clock() - lookedAside < SET_ASIDE_LOOK_MS) return;
    lookedAside = clock();
    const found = await nextSetAside(db);
    if (!found) return;
    const { owner, id } = found;
    await attempt(ownerKey(owner), async () => {
      try {
        await indexTurns(services, owner, 1, id);
      } catch (error) {
        // Whatever it was: others that were set aside come first the next time.
        await setAside(services, owner, id, isOfTurns(error) ? wordsOf(error) : null);
        if (!isOfTurns(error)) throw error;
      }
    });
  };
  return async () => {
    failures.clear();
    let goesOn = false;
    for (const owner of await dueOwners(db)) if (!isEnding()) goesOn = (await catchUp(owner)) || goesOn;
    if (!isEnding()) await tryAgainOne();
    for (const owner of dueRemovals(await ownersWithRemovals(db)))
      if (!isEnding())
        await attempt(ownerKey(owner), async () => void (await forgetRemoved(services, owner)));
    for (const owner of await outdatedOwners(db))
      if (!isEnding())
        await attempt(ownerKey(owner), async () => {
          await analyseAnew(services, owner, async () => {
            await rest();
            return !isEnding();
          });
          await compactIndex(services, owner);
        });
    const [failure = null] = failures.values();
    return { goesOn, failure };
  };
}

/** Whether the database refuses what is in a turn, or the code stumbles over it. */
function isOfTurns(error: unknown): boolean {
  return ['refused', 'unknown'].includes(judgeDatabaseError(error));
}

async function dueOwners(db: Database): Promise<Owner[]> {
  const { rows } = await db.pool.query<Owner>({
    name: 'index_owners_due',
    text: `select user_id as "userId", tenant_id as "tenantId" from echo_index_queue where set_aside is null
           group by 1, 2 having count(*) >= $1 or min(queued_at) < now() - $2 * interval '1 millisecond'
             or (count(*) >= $3 and min(queued_at) < now() - $4 * interval '1 millisecond')
           order by count(*) desc limit 64`,
    values: [WORTH_TURNS, WORTH_MS, WORTH_SOON_TURNS, WORTH_SOON_MS],
  });
  return rows;
}

interface OwnerWithRemovals extends Owner {
  readonly removals: number;
}

async function ownersWithRemovals(db: Database): Promise<OwnerWithRemovals[]> {
  const { rows } = await db.pool.query<OwnerWithRemovals>({
    name: 'index_owners_with_removals',
    text: `select user_id as "userId", tenant_id as "tenantId", count(*)::int as removals from echo_index_removals
           group by 1, 2 order by min(id) limit 64`,
  });
  return rows;
}

/** Tells which owners are due: with many removals, or with some that were there long ago. */
function createRemovalsWait(clock: () => number) {
  let seenAt = new Map<string, number>();
  return (owners: readonly OwnerWithRemovals[]): OwnerWithRemovals[] => {
    const now = clock();
    // Those who are due begin anew: what is noted while their words are taken out waits for itself.
    const isDue = (owner: OwnerWithRemovals) =>
      owner.removals >= WORTH_REMOVALS || now - (seenAt.get(ownerKey(owner)) ?? now) >= REMOVALS_WAIT_MS;
    const due = owners.filter(isDue);
    seenAt = new Map(
      owners
        .filter((owner) => !due.includes(owner))
        .map((owner) => [ownerKey(owner), seenAt.get(ownerKey(owner)) ?? now]),
    );
    return due;
  };
}

/** Whose index has segments of an older version of the analysis. */
async function outdatedOwners(db: Database): Promise<Owner[]> {
  const { rows } = await db.pool.query<Owner>({
    name: 'index_owners_outdated',
    text: `select user_id as "userId", tenant_id as "tenantId" from echo_index_owners o
           where exists (select from echo_index_segments s where s.owner_id = o.owner_id and s.analysis < $1) limit 16`,
    values: [ANALYSIS_VERSION],
  });
  return rows;
}
