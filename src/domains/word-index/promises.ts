import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { QueueReader } from './queue-reading.ts';
import { queueStanding } from './set-aside.ts';

interface Parts {
  readonly db: Database;
  readonly availability: Availability;
  readonly wordQueue: QueueReader;
}

const LAG: Bound = {
  of: 'time that a stored turn has waited for the index of words',
  limit: 60,
  unit: 'seconds',
};
/** One late answer of an overloaded machine raises nothing. */
const STEADY: Bound = { of: 'time until the alert comes or goes', limit: 10, unit: 'seconds' };

const wordsDegraded = defineAlert<string>({
  name: 'words_degraded',
  severity: 'WARNING',
  words: 'Turns wait for the index of words, or cannot be indexed.',
  message: (detail) => detail,
});

export const words = definePromise<Parts>({
  name: 'words',
  words: 'A stored turn is found by its words, and soon by the index of them.',
  bounds: [LAG, STEADY],
  check: checkWords,
  alert: wordsDegraded,
  steadySeconds: STEADY.limit,
  figures: [
    {
      name: 'echo_words_set_aside',
      words: 'Turns whose words cannot be indexed; they are tried again every hour',
      read: ({ availability, db }) =>
        availability.tolerate(async () => (await queueStanding(db)).setAside, null),
    },
    {
      name: 'echo_words_lag_seconds',
      words: 'How long the oldest turn has waited for the index of words; 0 if none does',
      read: ({ availability, db }) =>
        availability.tolerate(async () => (await queueStanding(db)).oldestSeconds, null),
    },
  ],
});

async function checkWords({ availability, wordQueue }: Parts): Promise<Standing> {
  const { standing, unknownSeconds } = await wordQueue.read();
  if (standing === null && unknownSeconds > LAG.limit)
    return standingOf('DEGRADED', [
      `the database has not said for ${Math.round(unknownSeconds)} s which turns wait`,
    ]);
  if (standing === null)
    return standingOf('UNKNOWN', [
      // That it is away is told by an alert of its own.
      availability.isUp
        ? 'the database did not say in time which turns wait'
        : 'which turns wait is unknown without the database',
    ]);
  const problems: string[] = [];
  const { setAside, oldestSeconds } = standing;
  if (setAside > 0)
    problems.push(
      `${setAside} ${setAside === 1 ? 'turn was' : 'turns were'} set aside, as words cannot be indexed`,
    );
  if (oldestSeconds > LAG.limit)
    problems.push(`a turn has waited ${Math.round(oldestSeconds)} s for the index of words`);
  return problems.length > 0
    ? standingOf('DEGRADED', problems)
    : standingOf('HEALTHY', ['every turn is in the index of words, or comes into it now']);
}

function standingOf(status: Standing['status'], told: readonly string[]): Standing {
  return { status, latencyMs: null, detail: told.join('; ') };
}
