import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { createPause } from '../pause.ts';
import type { TextAnalyses } from './turns.ts';
import { compactIndex, forgetRemoved, indexTurns } from './writer.ts';

export interface IndexWorkerOptions {
  readonly db: Database;
  readonly texts: TextAnalyses;
  readonly log: Logger;
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
const BATCH = 1_024;
/** Batches of one owner before others have their turn. */
const BATCHES = 8;

interface Due extends Owner {
  readonly turns: number;
}

/**
 * Moves stored turns into the word index as long as it runs, and the words of deleted turns out of it. Any number
 * of processes may run one: an owner's index is written by one at a time.
 */
export function createIndexWorker({ db, texts, log, pollMs }: IndexWorkerOptions): IndexWorker {
  const pause = createPause();
  let running: Promise<void> | null = null;
  let stopping = false;
  let failing = false;
  let stored = 0;
  const services = { db, texts };

  const catchUp = async (owner: Due) => {
    for (let batch = 0; batch < BATCHES && !stopping; batch++) {
      const taken = await indexTurns(services, owner, BATCH);
      if (taken === null || taken < BATCH) break;
    }
    await compactIndex(services, owner);
  };
  /** One owner's trouble is no reason for others to wait. */
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'the word index waits; searches read new turns as they are');
      failing = true;
    }
  };
  const round = async (): Promise<boolean> => {
    let more = false;
    await attempt(async () => {
      const due = await dueOwners(db);
      for (const owner of due) if (!stopping) await attempt(() => catchUp(owner));
      for (const owner of await ownersWithRemovals(db))
        if (!stopping) await attempt(() => forgetRemoved(services, owner));
      more = due.some(({ turns }) => turns >= BATCH * BATCHES);
    });
    return more && !failing;
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

async function dueOwners(db: Database): Promise<Due[]> {
  const { rows } = await db.pool.query({
    name: 'index_owners_due',
    text: `select user_id as "userId", tenant_id as "tenantId", count(*)::int as turns from echo_index_queue
           group by 1, 2 having count(*) >= $1 or min(queued_at) < now() - $2 * interval '1 millisecond'
           order by 3 desc limit 64`,
    values: [WORTH_TURNS, WORTH_MS],
  });
  return rows;
}

async function ownersWithRemovals(db: Database): Promise<Owner[]> {
  const { rows } = await db.pool.query({
    name: 'index_owners_with_removals',
    text: 'select distinct user_id as "userId", tenant_id as "tenantId" from echo_index_removals limit 16',
  });
  return rows;
}
