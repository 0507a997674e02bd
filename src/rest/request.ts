import type { DeletionServices } from '../domains/conversations/conversations.ts';
import type { HealthDesk } from '../domains/health/health.ts';
import type { Metrics } from '../domains/health/metrics.ts';
import type { StateServices } from '../domains/health/reached.ts';
import type { PressureGauge } from '../domains/pressure/pressure.ts';
import type { CatalogueServices } from '../domains/query/catalogue.ts';
import type { QueryServices } from '../domains/query/query.ts';
import type { TaskRunner } from '../domains/tasks/runner.ts';
import type { TaskServices } from '../domains/tasks/tasks.ts';

/** What the older endpoints need of the server. */
export type RestServices = QueryServices &
  TaskServices &
  DeletionServices &
  StateServices &
  CatalogueServices & {
    readonly health: HealthDesk;
    readonly metrics: Pick<Metrics, 'snapshot' | 'ofDoor'>;
    readonly pressure: Pick<PressureGauge, 'level' | 'state'>;
    readonly tasks: Pick<TaskRunner, 'state'>;
    readonly config: {
      readonly cleanupDaysOld: number;
      readonly defaultCreator: string;
      readonly qdrant: object | null;
    };
  };
