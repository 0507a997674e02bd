import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import { createIndexRounds, WORTH_TURNS } from './round.ts';
import type { TextAnalyses } from './text-analyses.ts';

export interface IndexWorkerOptions {
  readonly db: Database;
  readonly texts: TextAnalyses;
  readonly log: Logger;
  readonly keepers: Keepers;
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

/**
 * Moves stored turns into the word index as long as it runs, and the words of deleted turns out of it. Any number
 * of processes may run one: an owner's index is written by one at a time.
 */
export function createIndexWorker(options: IndexWorkerOptions): IndexWorker {
  const { keepers, pressure, pollMs = POLL_MS } = options;
  const rest = createRest(pressure);
  /** Whether more turns wait that are worth a round at once. */
  let goesOn = false;
  let stopping = false;
  let stored = 0;
  const indexRound = createIndexRounds({ ...options, rest: () => rest.take(), isEnding: () => stopping });
  const round = async () => {
    goesOn = false;
    try {
      const ended = await indexRound();
      goesOn = ended.goesOn;
      if (ended.failure !== null) throw ended.failure;
    } catch (error) {
      // That nobody is there is told by who looks at the database.
      if (judgeDatabaseError(error) !== 'unavailable') throw error;
    }
  };
  const everyMs = () => (goesOn ? 0 : pollMs);
  const keeper = keepers.create({ name: 'word index', everyMs, retryMs: everyMs, round });
  return {
    start: () => {
      keeper.wake();
      keeper.start();
    },
    stop: async () => {
      stopping = true;
      rest.end();
      await keeper.stop();
    },
    wake: (turns) => {
      stored += turns;
      if (stored < WORTH_TURNS) return;
      stored = 0;
      keeper.wake();
    },
  };
}
