import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import { countWaiting, oldestWaiting } from './queue.ts';
import type { LearningWatch } from './watch.ts';

interface Parts {
  readonly db: Database;
  readonly availability: Availability;
  readonly learning: { readonly watch: LearningWatch };
}

/** It is learned every hour; a run over many turns may take another one. */
const WAIT: Bound = { of: 'time that a turn has waited to be learned from', limit: 10_800, unit: 'seconds' };

const learningLate = defineAlert<string>({
  name: 'learning_late',
  severity: 'WARNING',
  words: 'Turns wait too long to be learned from.',
  message: (detail) => detail,
});

export const learning = definePromise<Parts>({
  name: 'learning',
  words: 'What was said is learned from within hours.',
  bounds: [WAIT],
  check: checkLearning,
  alert: learningLate,
  figures: [
    {
      name: 'echo_learning_waiting_turns',
      words: 'Stored turns that nothing was learned from yet',
      read: ({ availability, db }) => availability.tolerate(() => countWaiting(db), null),
    },
    {
      name: 'echo_learning_lag_seconds',
      words: 'How long the oldest turn has waited to be learned from; 0 if none does',
      read: ({ availability, db }) => availability.tolerate(() => oldestWaiting(db), null),
    },
  ],
});

async function checkLearning({ availability, learning: { watch } }: Parts, asker: Asker): Promise<Standing> {
  const seconds = await availability.tolerate(() => watch.oldestSeconds(asker), null);
  const isLate = seconds !== null && seconds > WAIT.limit;
  return {
    status: seconds === null ? 'UNKNOWN' : isLate ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail:
      seconds === null
        ? 'which turns wait to be learned from is unknown without the database'
        : isLate
          ? `a turn has waited ${Math.round(seconds)} s to be learned from`
          : 'every turn was learned from, or is soon',
  };
}
