import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principals.ts';
import type { DeletionServices } from '../domains/conversations/conversations.ts';
import type { HealthDesk } from '../domains/health/health.ts';
import type { QueryServices } from '../domains/query/query.ts';
import type { TaskRunner } from '../domains/tasks/runner.ts';
import type { TaskServices } from '../domains/tasks/tasks.ts';

/** What the older endpoints need of the server. */
export type RestServices = QueryServices &
  TaskServices &
  DeletionServices & {
    readonly health: HealthDesk;
    readonly tasks: Pick<TaskRunner, 'state'>;
    readonly config: { readonly cleanupDaysOld: number };
  };

/** One request to an older endpoint. */
export interface RestRequest {
  readonly services: RestServices;
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly search: URLSearchParams;
  /** The variable part of the path, decoded; empty where there is none. */
  readonly parameter: string;
}
