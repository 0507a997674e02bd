import { backups } from '../domains/backups/promises.ts';
import { compliance } from '../domains/compliance/promises.ts';
import { secrets } from '../domains/credentials/promises.ts';
import { deliveries } from '../domains/deliveries/promises.ts';
import { canary, keepers, watching } from '../domains/health/promises.ts';
import { learning } from '../domains/learning/promises.ts';
import { media } from '../domains/media-insights/promises.ts';
import { notion } from '../domains/notion/promises.ts';
import { objectives } from '../domains/objectives/promises.ts';
import { disputes, payments } from '../domains/payments/promises.ts';
import { database, journal, replica } from '../domains/persistence/promises.ts';
import { models } from '../domains/query/promises.ts';
import { backgroundTasks } from '../domains/tasks/promises.ts';
import { vectors } from '../domains/vector-index/promises.ts';
import { words } from '../domains/word-index/promises.ts';
import type { Services } from '../graphql/context.ts';
import type { ServerPromise } from '../ground/promise.ts';

/** Everything that the server promises, in the order of the checks in `health`. */
export const promises: readonly ServerPromise<Omit<Services, 'health'>>[] = [
  database,
  journal,
  replica,
  vectors,
  words,
  learning,
  canary,
  models,
  keepers,
  backgroundTasks,
  deliveries,
  notion,
  media,
  secrets,
  compliance,
  payments,
  disputes,
  backups,
  objectives,
  watching,
];
