import { defineAlert, definePromise, lookAt } from '../../ground/promise.ts';
import { burnRate } from './burn.ts';
import type { ObjectiveName } from './objectives.ts';
import type { ObjectiveState, ObjectiveTracker } from './tracker.ts';

interface Parts {
  readonly objectives: Pick<ObjectiveTracker, 'isBurning'>;
}

/** An alert on the error budget of an objective. */
function budgetAlert(name: ObjectiveName, severity: 'fast' | 'slow', words: string) {
  return defineAlert<ObjectiveState>({
    name: `${name}_budget_${severity === 'fast' ? 'burns_fast' : 'burns'}`,
    severity: severity === 'fast' ? 'CRITICAL' : 'WARNING',
    words,
    message: (state) => messageOf(state),
  });
}

function messageOf({
  objective,
  target,
  windowDays,
  total,
  bad,
  budgetLeft,
  burnRates,
}: ObjectiveState): string {
  const percent = (share: number) => `${Math.round(share * 1e6) / 1e4} %`;
  const hour = burnRates[0]?.rate ?? burnRate({ total, bad }, target.share) ?? 0;
  const left =
    budgetLeft === null
      ? ''
      : `; ${percent(Math.max(0, budgetLeft))} of its budget of ${windowDays} days is left`;
  return `${objective.name}: ${percent(target.share)} are promised, in the last hour failures came ${hour.toFixed(1)} times as fast as that allows${left}`;
}

export const availabilityBurnsFast = budgetAlert(
  'availability',
  'fast',
  'So many requests fail that the error budget is gone in days.',
);
export const availabilityBurns = budgetAlert(
  'availability',
  'slow',
  'So many requests fail that the error budget will not last.',
);
export const acknowledgementBurnsFast = budgetAlert(
  'acknowledgement',
  'fast',
  'So many acknowledgements come late that the error budget is gone in days.',
);
export const acknowledgementBurns = budgetAlert(
  'acknowledgement',
  'slow',
  'So many acknowledgements come late that the error budget will not last.',
);
export const searchBurnsFast = budgetAlert(
  'search',
  'fast',
  'So many searches are late that the error budget is gone in days.',
);
export const searchBurns = budgetAlert(
  'search',
  'slow',
  'So many searches are late that the error budget will not last.',
);
export const vectorLagBurnsFast = budgetAlert(
  'vector_lag',
  'fast',
  'Turns wait so long for their vectors that the error budget is gone in days.',
);
export const vectorLagBurns = budgetAlert(
  'vector_lag',
  'slow',
  'Turns wait so long for their vectors that the error budget will not last.',
);
export const learningLagBurnsFast = budgetAlert(
  'learning_lag',
  'fast',
  'Turns wait so long to be learned from that the error budget is gone in days.',
);
export const learningLagBurns = budgetAlert(
  'learning_lag',
  'slow',
  'Turns wait so long to be learned from that the error budget will not last.',
);
export const taskWaitBurnsFast = budgetAlert(
  'task_wait',
  'fast',
  'Tasks wait so long that the error budget is gone in days.',
);
export const taskWaitBurns = budgetAlert(
  'task_wait',
  'slow',
  'Tasks wait so long that the error budget will not last.',
);

export const backupAgeBurnsFast = budgetAlert(
  'backup_age',
  'fast',
  'There has been no verified backup for so long that the error budget is gone in days.',
);
export const backupAgeBurns = budgetAlert(
  'backup_age',
  'slow',
  'There has been no verified backup for so long that the error budget will not last.',
);

const ALERTS = [
  ['availability', availabilityBurnsFast, availabilityBurns],
  ['acknowledgement', acknowledgementBurnsFast, acknowledgementBurns],
  ['search', searchBurnsFast, searchBurns],
  ['vector_lag', vectorLagBurnsFast, vectorLagBurns],
  ['learning_lag', learningLagBurnsFast, learningLagBurns],
  ['task_wait', taskWaitBurnsFast, taskWaitBurns],
  ['backup_age', backupAgeBurnsFast, backupAgeBurns],
] as const;

export const objectives = definePromise<Parts>({
  name: 'objectives',
  words: 'What is promised of most requests holds for most of them, over weeks.',
  looks: ALERTS.flatMap(([name, fast, slow]) => [
    lookAt(fast, ({ objectives: tracker }: Parts) => tracker.isBurning(name, 'fast')),
    // Who is told that it burns fast need not be told that it burns.
    lookAt(slow, ({ objectives: tracker }: Parts) =>
      tracker.isBurning(name, 'fast') ? null : tracker.isBurning(name, 'slow'),
    ),
  ]),
});
