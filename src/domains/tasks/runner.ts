import { randomBytes } from 'node:crypto';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import type { Pressure } from '../../ground/pressure.ts';
import { type Job, PRIORITIES } from '../../jobs/job.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import type { OpenSpan, SpanStart, Tracing } from '../../tracing/tracing.ts';
import { runAttempt } from './attempt.ts';
import { type Claim, claimOf, claimOneTask, claimTask, endLostAttempts, taskOutlook } from './claims.ts';
import { TaskAborted } from './errors.ts';
import { cancel, prolongLeases, type RunningTask } from './leases.ts';
import { noteEnd, noteLost, noteSlowed, noteStart } from './notes.ts';
import { settle } from './settling.ts';
import type { TaskRow } from './tables.ts';

export interface RunnerOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly availability: Availability;
  readonly events: { wake(): void };
  readonly keepers: Keepers;
  readonly activity: ActivityNotes;
  readonly pressure: Pick<Pressure, 'workers'>;
  /** Counts attempts. */
  readonly metrics: {
    readonly usage: { countTask(task: { type: string; outcome: string; seconds: number }): void };
  };
  readonly tracing: Pick<Tracing, 'run'>;
  /** Says whose tasks wait. */
  readonly tenants: { suspended(): Promise<readonly string[]> };
  readonly jobs: readonly Job[];
  /** Tasks at once, without the place that is kept for the most urgent; 0: this server runs none. */
  readonly workers: number;
  /** Names the data directory, on which there is only one server at a time. */
  readonly directory: string;
}

/** A look comes at least so often (milliseconds): for tasks that other servers made. */
const LOOK_MS = 10_000;
/** Milliseconds between two signs of life while tasks run. Cancellations by other servers are noticed then. */
const BEAT_MS = 2_000;
/** Places beside the others, which only CRITICAL tasks take. */
const RESERVED = 1;
const CRITICAL = PRIORITIES.indexOf('CRITICAL');

/** Takes tasks that are due and runs their jobs, a few at a time, from `start` to `stop`. */
export class TaskRunner {
  readonly jobs: ReadonlyMap<string, Job>;
  readonly #options: RunnerOptions;
  readonly #worker: string;
  readonly #looks: Keeper;
  readonly #beats: Keeper;
  readonly #running = new Map<number, RunningTask>();
  #services: unknown = null;
  #stopping = false;
  #abandoned = 0;
  /** Earlier servers of this data directory may have left claims. */
  #isFirstLook = true;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Somebody said that there may be something to do. */
  #isWoken = true;
  #dueInMs: number | null = null;
  #nextLookMs = LOOK_MS;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.jobs = new Map(options.jobs.map((job) => [job.name, job]));
    this.#worker = `${options.directory}:${randomBytes(4).toString('hex')}`;
    this.#looks = options.keepers.create({
      name: 'tasks',
      everyMs: () => this.#nextLookMs,
      round: () => this.#look(),
    });
    this.#beats = options.keepers.create({
      name: 'leases of tasks',
      everyMs: () => (this.#running.size > 0 ? BEAT_MS : Number.POSITIVE_INFINITY),
      retryMs: BEAT_MS,
      round: () => this.#beat(),
    });
    options.availability.onChange(({ up }) => up && this.wake());
  }

  /** What this server does of tasks now. */
  get state() {
    const { workers } = this.#options;
    return {
      isRunning: this.#services !== null && workers > 0 && !this.#stopping,
      workers,
      running: this.#running.size,
      /** Jobs that did not stop when they were told to, and still run without a task. */
      abandoned: this.#abandoned,
      /** As of the latest look: for how long a task that is due has waited. */
      waitedSeconds: this.#dueInMs === null ? 0 : Math.max(0, -this.#dueInMs / 1_000),
    };
  }

  /** Begins to take tasks. @param services what their jobs work with */
  start(services: unknown): void {
    if (this.#services !== null || this.#stopping) return;
    this.#services = services;
    if (this.#options.workers === 0) return;
    this.#beats.start();
    this.#looks.wake();
    this.#looks.start();
  }

  /** Runs one task here and now, for a command. @returns when this attempt has ended, and those that follow at once */
  async runHere(services: unknown, task: Pick<TaskRow, 'id' | 'tenantId'>): Promise<void> {
    this.#services ??= services;
    this.#beats.start();
    for (;;) {
      const row = await claimOneTask(this.#options.db, this.#worker, task);
      if (!row) return;
      this.#launch(row);
      await this.#running.get(row.id)?.ended;
    }
  }

  /** A task is due, or soon. @param inMs when; what is later is seen by a look that comes anyway */
  wake(inMs = 0): void {
    if (inMs >= LOOK_MS) return;
    this.#isWoken = true;
    this.#looks.wake();
  }

  /** Tells a task that this server runs to stop. @returns when it has ended; null: it does not run here */
  cancel(id: number): Promise<void> | null {
    const running = this.#running.get(id);
    if (running) cancel(running);
    return running?.ended ?? null;
  }

  /** Takes no more tasks, and gives back what runs: it goes on elsewhere, or after the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#looks.stop();
    for (const { controller } of this.#running.values())
      controller.abort(new TaskAborted('STOPPING', 'the server stopped'));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await this.#beats.stop();
  }

  async #look(): Promise<void> {
    const { db, availability, tenants } = this.#options;
    this.#nextLookMs = LOOK_MS;
    // Whoever sees it come back wakes this.
    if (!availability.isUp || this.#stopping) return;
    if (this.#isFirstLook) {
      await this.#endLost(this.#options.directory);
      this.#isFirstLook = false;
    }
    const types = [...this.jobs.keys()];
    // A look of its own accord finds nothing nearly always, which is cheaper to see than a task is to take.
    if (!this.#isWoken && !(await this.#isAnythingToDo(types))) return;
    this.#isWoken = false;
    let isEmpty = false;
    const workers = this.#workersNow();
    while (!this.#stopping && !isEmpty && this.#running.size < workers + RESERVED) {
      const least = this.#running.size < workers ? 0 : CRITICAL;
      const row = await claimTask(db, this.#worker, types, least, await tenants.suspended());
      if (row) this.#launch(row);
      else isEmpty = true;
    }
    const now = performance.now();
    if (!isEmpty && now - this.#lookedAt < LOOK_MS / 2) return;
    await this.#isAnythingToDo(types);
  }

  /** Looks at what waits and what runs, ends what its worker has lost, and plans the next look. @returns whether a task is due */
  async #isAnythingToDo(types: readonly string[]): Promise<boolean> {
    const { db, workers, pressure, tenants } = this.#options;
    this.#lookedAt = performance.now();
    const { dueInMs, leaseEndsInMs } = await taskOutlook(db, types, await tenants.suspended());
    this.#dueInMs = dueInMs;
    const isLost = leaseEndsInMs !== null && leaseEndsInMs < 0;
    if (isLost) await this.#endLost(null);
    const isFull = this.#running.size >= pressure.workers(workers);
    // When a place is free again this is woken.
    const dueMs = isFull || dueInMs === null ? LOOK_MS : Math.max(dueInMs, 100);
    const lostMs = leaseEndsInMs === null ? LOOK_MS : Math.max(leaseEndsInMs, 1_000);
    this.#nextLookMs = Math.min(LOOK_MS, dueMs, lostMs);
    return isLost || (dueInMs !== null && dueInMs <= 1);
  }

  /** Fewer while the server has little to spare: requests go before. */
  #workersNow(): number {
    const { workers, pressure, activity } = this.#options;
    const now = pressure.workers(workers);
    if (now < workers && this.#running.size >= now) noteSlowed(activity, now);
    return now;
  }

  /** Says that what runs is still held, and gives back what may not run any more. */
  async #beat(): Promise<void> {
    const running = [...this.#running.values()];
    await prolongLeases(this.#options.db, this.#worker, running);
    const paused = await this.#options.tenants.suspended();
    for (const { claim, controller } of running)
      if (paused.includes(claim.tenantId))
        controller.abort(new TaskAborted('STOPPING', 'its tenant was suspended'));
  }

  async #endLost(directory: string | null): Promise<void> {
    const { db, log, events } = this.#options;
    for (let ended = 1; ended > 0; ) {
      ended = await endLostAttempts(db, directory);
      if (ended === 0) return;
      log.warn({ ended }, 'tasks whose worker was not heard of again are taken up');
      events.wake();
    }
  }

  #launch(row: TaskRow): void {
    const claim = claimOf(row, this.#worker);
    const controller = new AbortController();
    this.#options.events.wake();
    noteStart(this.#options.activity, row);
    const ended = this.#options.tracing
      .run(spanOf(row), (span) => this.#run(row, claim, controller, span))
      .finally(() => {
        this.#running.delete(row.id);
        this.wake();
      });
    this.#running.set(row.id, { claim, controller, ended, heldAt: performance.now() });
    // Once for all that run: to wake it again would put it off.
    if (this.#running.size === 1) this.#beats.wake(BEAT_MS);
  }

  /** Never rejects. */
  async #run(row: TaskRow, claim: Claim, controller: AbortController, span: OpenSpan | null): Promise<void> {
    const { log, events, activity, metrics } = this.#options;
    const began = performance.now();
    const job = this.jobs.get(row.taskType ?? '');
    try {
      if (!job) throw new Error(`a task of the unknown type ${row.taskType} was taken`);
      const parts = { ...this.#options, services: this.#services };
      const { ending, isAbandoned } = await runAttempt(parts, job, row, claim, controller);
      if (isAbandoned) {
        this.#abandoned++;
        log.error({ taskId: row.taskId, job: job.name }, 'a job did not stop when it was told to');
      }
      const settled =
        ending &&
        (await settle(
          { ...this.#options, isStopping: () => this.#stopping },
          claim,
          ending,
          controller.signal,
        ));
      const seconds = (performance.now() - began) / 1_000;
      const outcome = settled?.status ?? 'LOST';
      metrics.usage.countTask({ type: job.name, outcome, seconds });
      span?.set({ 'echo.task.outcome': outcome, ...(outcome === 'FAILED' && { 'error.type': outcome }) });
      if (settled) noteEnd(activity, settled);
      else {
        log.warn({ taskId: row.taskId, attempt: row.attempt }, 'an attempt ended that had lost its task');
        noteLost(activity, row);
      }
      events.wake();
    } catch (error) {
      // Its lease runs out, and it is taken up again.
      log.error({ err: error, taskId: row.taskId }, 'how a task ended could not be written');
    }
  }
}

/** Whoever made the task has gone on: it is a trace of its own. */
function spanOf({ taskType, attempt }: TaskRow): SpanStart {
  const attributes = { 'echo.task.type': taskType ?? '', 'echo.task.attempt': attempt };
  const name = `job ${taskType}`;
  return { name, kind: 'internal', parent: null, attributes };
}
