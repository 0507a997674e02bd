import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import { createPause } from '../../ground/pause.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { Logger } from '../../log.ts';
import { ownerKey } from '../../vectors/vector-store.ts';
import { ANALYSIS_VERSION } from './analysis.ts';
import { analyseAnew, forgetRemoved } from './removals.ts';
import type { TextAnalyses } from './turns.ts';
import { compactIndex, indexTurns, setAside } from './writer.ts';

export interface IndexWorkerOptions {
  readonly db: Database;
  readonly texts: TextAnalyses;
  readonly log: Logger;
  /** Whether it may go on at its full speed. */
  readonly pressure: Pick<Pressure, 'pauseMs'>;
  readonly pollMs?: number;
}

export interface IndexWorker {
  start(): void;
  /** Finishes the batch under way and ends. */
  stop(): Promise<void>;
  /** Says that turns were stored. Cheap. */
  wake(turns: number): void;
}

const POLL_MS = 1_000;
/** So many waiting turns of an owner are indexed at once; fewer wait, since a search reads them as they are. */
const WORTH_TURNS = 64;
const WORTH_MS = 10_000;
const BATCH = 512;
/** Batches of one owner before others have their turn. */
const BATCHES = 16;

/**
 * Moves stored turns into the word index as long as it runs, and the words of deleted turns out of it. Any number
 * of processes may run one: an owner's index is written by one at a time.
 */
export function createIndexWorker({ db, texts, log, pressure, pollMs }: IndexWorkerOptions): IndexWorker {
  const pause = createPause();
  const rest = createRest(pressure);
  let running: Promise<void> | null = null;
  let stopping = false;
  let stored = 0;
  const services = { db, texts };
  /** How many turns at once, of owners with whom more did not work. */
  const limits = new Map<string, number>();
  const failures = new Map<string, unknown>();

  /** One owner's trouble is no reason for others to wait, and is told once. @returns whether it worked */
  const attempt = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
      failures.delete(name);
      return true;
    } catch (error) {
      if (!failures.has(name))
        log.warn({ err: error }, 'the word index waits; searches read new turns as they are');
      failures.set(name, error);
      return false;
    }
  };
  /** @returns whether more turns of the owner wait */
  const catchUp = async (owner: Owner): Promise<boolean> => {
    const name = ownerKey(owner);
    let more = false;
    const worked = await attempt(name, async () => {
      for (let batch = 0; batch < BATCHES && !stopping; batch++) {
        const done = await indexTurns(services, owner, limits.get(name) ?? BATCH);
        more = done?.isFull ?? false;
        await rest.take();
        if (!more) break;
      }
      limits.delete(name);
      await compactIndex(services, owner);
    });
    if (worked) return more;
    const limit = limits.get(name) ?? BATCH;
    // The database refuses what is in a turn, or the code stumbles over it: the others must not wait for it.
    const isTurns = ['refused', 'unknown'].includes(judgeDatabaseError(failures.get(name)));
    if (limit === 1 && isTurns)
      log.error(
        { interactionId: await setAside(services, owner) },
        'a turn cannot be indexed and is left out',
      );
    limits.set(name, Math.max(1, Math.floor(limit / 4)));
    return false;
  };
  const round = async (): Promise<boolean> => {
    let more = false;
    await attempt('', async () => {
      for (const owner of await dueOwners(db)) if (!stopping) more = (await catchUp(owner)) || more;
      for (const owner of await ownersWithRemovals(db))
        if (!stopping)
          await attempt(ownerKey(owner), async () => void (await forgetRemoved(services, owner)));
      for (const owner of await outdatedOwners(db))
        if (!stopping)
          await attempt(ownerKey(owner), async () => {
            await analyseAnew(services, owner, async () => {
              await rest.take();
              return !stopping;
            });
            await compactIndex(services, owner);
          });
    });
    return more;
  };
  const loop = async () => {
    while (!stopping) if (!(await round())) await pause.wait(pollMs ?? POLL_MS);
  };
  return {
    start: () => {
      running ??= loop();
    },
    stop: async () => {
      stopping = true;
      pause.end();
      rest.end();
      await running;
    },
    wake: (turns) => {
      stored += turns;
      if (stored < WORTH_TURNS) return;
      stored = 0;
      pause.end();
    },
  };
}

async function dueOwners(db: Database): Promise<Owner[]> {
  const { rows } = await db.pool.query<Owner>({
    name: 'index_owners_due',
    text: `select user_id as "userId", tenant_id as "tenantId" from echo_index_queue
           group by 1, 2 having count(*) >= $1 or min(queued_at) < now() - $2 * interval '1 millisecond'
           order by count(*) desc limit 64`,
    values: [WORTH_TURNS, WORTH_MS],
  });
  return rows;
}

async function ownersWithRemovals(db: Database): Promise<Owner[]> {
  const { rows } = await db.pool.query<Owner>({
    name: 'index_owners_with_removals',
    text: 'select distinct user_id as "userId", tenant_id as "tenantId" from echo_index_removals limit 16',
  });
  return rows;
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
