import type { PoolClient } from 'pg';
import type { z } from 'zod';

/** From the least urgent to the most; stored as its place in this list. */
export const PRIORITIES = ['LOW', 'NORMAL', 'HIGH', 'CRITICAL'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** How often an attempt that failed is followed by another, and when. */
export interface Retry {
  /** Attempts after the first one. */
  readonly limit: number;
  /** Before the first of them; doubled for each further one, and shortened by up to half, so that they do not meet. */
  readonly delaySeconds: number;
  readonly maxDelaySeconds: number;
}

/** When a job runs by itself, as a task of the server; its payload must take an empty object. */
export interface JobSchedule {
  /** Minute, hour, day of the month, month, day of the week (`recurrence.ts` says what of summer time). */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  /** What becomes of slots at which no server was there: none, the latest runs once for all, or each in its order. */
  readonly missed: 'SKIP' | 'RUN_ONCE' | 'RUN_ALL';
}

/** Whose task it is; without a user: the server's own. */
export interface TaskOwner {
  readonly tenantId: string;
  readonly userId: string | null;
}

/** One attempt at a task, as its job sees it. */
export interface RunningTask {
  readonly taskId: string;
  readonly owner: TaskOwner;
  /** From 1, over all attempts there have been. */
  readonly attempt: number;
  /** Aborted when the task is cancelled, takes too long, or is another worker's now, and when the server stops. */
  readonly signal: AbortSignal;
  /** How far it is. Cheap: what comes within a second of the last report replaces it. @param total null: nobody knows */
  progress(done: number, total?: number | null, note?: string | null): void;
  /**
   * Does something once for the task, over all its attempts: what `effect` writes through the client is committed together
   * with the note that this step is done. An attempt that comes to a step that was done gets what it returned then.
   * What `effect` does outside the database is done at least once.
   *
   * @param step names it within the task
   * @param effect within ten seconds; returns something that JSON can hold
   * @throws the reason of `signal`, or TaskLost where another attempt has taken over; nothing is written then
   */
  once<T>(step: string, effect: (client: PoolClient) => Promise<T>): Promise<T>;
  /**
   * Writes through the client in one transaction, which is committed only while the task is this attempt's. It leaves no
   * note: an attempt that comes here again does it again.
   *
   * @param effect within ten seconds
   * @param how `isRepeated`: each attempt writes this, however far those before it came. Else, as by a step, the task is
   *   seen to come further; one that does not while it loses its worker ten times in a row is given up
   * @throws the reason of `signal`, or TaskLost where another attempt has taken over; nothing is written then
   */
  write<T>(effect: (client: PoolClient) => Promise<T>, how?: { readonly isRepeated?: boolean }): Promise<T>;
}

/**
 * A kind of background work. A domain declares its jobs in its `jobs.ts`; each is listed once in `lists/jobs.ts`. It may run
 * more than once for one task (a server can be killed at any moment), so whatever it changes, it changes by `task.once`
 * or in a way that bears repetition.
 */
export interface Job<Services = never, Payload extends z.ZodType = z.ZodType> {
  /** By which tasks name it, for ever: their rows outlive this version. */
  readonly name: string;
  /** For people. */
  readonly description: string;
  /** What a task of it says; checked before anything is stored. */
  readonly payload: Payload;
  /** Of tasks that do not say. */
  readonly priority: Priority;
  readonly retry: Retry;
  readonly timeoutSeconds: number;
  /** Who may ask for it: every user for themselves, only admins, only those of the tenant that runs the server, or nobody but the server. */
  readonly mayCreate: 'USER' | 'ADMIN' | 'OPERATOR' | 'SERVER';
  /**
   * Of what nobody but the server makes: whether it works for whoever's task it is, and touches nothing of others. They may
   * try it again then; without it, it runs for the server alone.
   */
  readonly isForOwner?: boolean;
  readonly schedule?: JobSchedule;
  /**
   * Looks at what a payload names outside of the database, before a caller's task is stored; the job looks again when it runs.
   *
   * @throws InvalidInput, with `payload.` before the field
   */
  check?(payload: z.output<Payload>): Promise<void>;
  /** @returns what is kept as the task's result: JSON of at most a megabyte */
  run(services: Services, payload: z.output<Payload>, task: RunningTask): Promise<unknown>;
}

/** Names a job; what is not said is as for most. */
export function defineJob<Services, Payload extends z.ZodType>(
  job: Pick<Job<Services, Payload>, 'name' | 'description' | 'payload' | 'run'> &
    Partial<Job<Services, Payload>>,
): Job<Services, Payload> {
  return {
    priority: 'NORMAL',
    retry: { limit: 3, delaySeconds: 10, maxDelaySeconds: 600 },
    timeoutSeconds: 300,
    mayCreate: 'USER',
    ...job,
  };
}
