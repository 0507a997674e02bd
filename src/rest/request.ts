import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principals.ts';
import type { DeletionServices } from '../domains/conversations/conversations.ts';
import type { HealthDesk } from '../domains/health/health.ts';
import type { StateServices } from '../domains/health/reached.ts';
import type { LearningStatusServices } from '../domains/learning/status.ts';
import type { Metrics } from '../domains/metrics/metrics.ts';
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
  CatalogueServices &
  LearningStatusServices & {
    readonly health: HealthDesk;
    readonly metrics: Pick<Metrics, 'snapshot' | 'ofDoor' | 'ending' | 'usage'>;
    readonly pressure: Pick<PressureGauge, 'level' | 'state'>;
    readonly tasks: Pick<TaskRunner, 'state'>;
    readonly config: {
      readonly cleanupDaysOld: number;
      readonly defaultCreator: string;
      readonly qdrant: object | null;
    };
  };

/** Who calls, as the hall let them in. */
export interface Caller {
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly correlationId: string;
  /** Aborted when they do not wait any more. */
  readonly signal: AbortSignal;
}

/** Tools of the door for assistants, which this room does not know. */
export interface Tools {
  list(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Calls one, with the permissions and limits of the caller. @returns null: there is none of this name */
  call(name: string, given: unknown): Promise<ToolAnswer | null>;
}

/** What a tool gave, or the words with which it refused. */
export interface ToolAnswer {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: true;
}
