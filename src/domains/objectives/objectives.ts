import type { ObjectiveTarget } from '../../config/objectives.ts';

/** How many events there were, and how many failed: counters with the label `objective`. */
export const EVENTS = 'echo_objective_events_total';
export const BAD = 'echo_objective_bad_total';

export type ObjectiveName =
  | 'availability'
  | 'acknowledgement'
  | 'search'
  | 'vector_lag'
  | 'learning_lag'
  | 'task_wait'
  | 'backup_age';

/** What is promised of most events. */
export interface Objective {
  readonly name: ObjectiveName;
  /** What is counted, for people. */
  readonly words: string;
  /** A gauge in seconds: each minute is an event, which fails if the gauge is above the limit. Null: events tell themselves. */
  readonly gauge: string | null;
}

export const OBJECTIVES: readonly Objective[] = [
  {
    name: 'availability',
    words:
      'Operations of GraphQL, and requests to REST, MCP and /v1, that do not fail for a reason of the server.',
    gauge: null,
  },
  {
    name: 'acknowledgement',
    words: 'Turns and batches of turns that are acknowledged as durable within the limit.',
    gauge: null,
  },
  { name: 'search', words: 'Memory searches that are answered within the limit.', gauge: null },
  {
    name: 'vector_lag',
    words: 'Minutes in which no stored turn has waited longer than the limit for its vector.',
    gauge: 'echo_vectors_lag_seconds',
  },
  {
    name: 'learning_lag',
    words: 'Minutes in which no stored turn has waited longer than the limit to be learned from.',
    gauge: 'echo_learning_lag_seconds',
  },
  {
    name: 'task_wait',
    words: 'Minutes in which no task that is due has waited longer than the limit.',
    gauge: 'echo_task_wait_seconds',
  },
  {
    name: 'backup_age',
    words: 'Minutes in which the newest backup that was restored to try it was not older than the limit.',
    gauge: 'echo_backup_verified_age_seconds',
  },
];

export type Targets = Readonly<Record<ObjectiveName, ObjectiveTarget | null>>;
