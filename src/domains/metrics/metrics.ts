import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ActivityKind } from '../../ground/activity.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { ExportedMetric } from '../../tracing/metric-data.ts';
import type { AppliedTurn } from '../interactions/apply.ts';
import { exposition } from './exposition.ts';
import { LabelNames } from './label-names.ts';
import { ProcessFigures, type ProcessReading } from './process-figures.ts';
import { ACTIVITY_TOTAL, GC_BOUNDS, SECONDS_BOUNDS } from './recorded.ts';
import { Usage } from './usage.ts';

/** Readings of the process, and what it did since it started. */
export interface MetricsSnapshot extends ProcessReading {
  readonly turnsStored: number;
  readonly turnsReplayed: number;
  readonly requests: number;
  readonly databaseConnections: number;
}

/** Requests that came through one door and ended. */
export interface DoorFigures {
  readonly requests: number;
  /** Those that the server could not answer. */
  readonly failed: number;
  /** From request to response, all together. */
  readonly seconds: number;
}

/** An operation of GraphQL that was executed. */
export interface DoneOperation {
  /** The schema's name of its first field. */
  readonly operation: string;
  readonly type: 'query' | 'mutation';
  readonly seconds: number;
  /** Of its errors. */
  readonly codes: readonly string[];
}

/** Who is told of what is counted; must not wait. */
export interface MetricsObserver {
  readonly operation: (operation: DoneOperation) => void;
  readonly request: (door: string, status: number) => void;
  readonly answer: (row: AppliedTurn['row']) => void;
}

/** Connections of the server to its database. */
export interface ConnectionPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** What an operation is refused with where the server is to blame, or what it stands on. */
export const FAULTS: ReadonlySet<string> = new Set(['INTERNAL', 'SERVICE_UNAVAILABLE', 'STORAGE_FULL']);

/** The counters of one server, in Prometheus' terms. */
export class Metrics {
  readonly registry = new Registry();
  readonly process = new ProcessFigures();
  readonly #turnsStored = this.#counter('echo_turns_stored_total', 'Turns stored');
  readonly #turnsReplayed = this.#counter(
    'echo_turns_replayed_total',
    'Turns that were sent again and had been stored',
  );
  readonly #requests = this.#counter('echo_http_requests_total', 'HTTP requests by door and status', [
    'door',
    'status',
  ]);
  readonly #refusals = this.#counter(
    'echo_refusals_total',
    'Requests and operations that were refused, by code',
    ['code'],
  );
  readonly #requestSeconds = this.#histogram(
    'echo_http_request_seconds',
    'Seconds from request to response, by door',
    ['door'],
  );
  readonly #operationSeconds = this.#histogram(
    'echo_graphql_operation_seconds',
    'Seconds that operations of GraphQL took, by the name of their first field',
    ['operation', 'type'],
  );
  readonly #operationErrors = this.#counter(
    'echo_graphql_errors_total',
    'Operations of GraphQL with errors, by the name of their first field and by code',
    ['operation', 'code'],
  );
  readonly #answerSeconds = this.#histogram(
    'echo_answer_seconds',
    'Seconds from a query to its answer, by the model that answered',
    ['model'],
  );
  readonly #tokens = this.#counter(
    'echo_model_tokens_total',
    'Tokens that models read and wrote for answers',
    ['model', 'direction'],
  );
  readonly #cost = this.#counter(
    'echo_model_cost_total',
    'What answers of models cost, in the currency of the configured prices',
    ['model'],
  );
  readonly #answers = this.#counter(
    'echo_answers_total',
    'Answered queries, by whether the answer is of a model',
    ['by'],
  );
  readonly #named = this.#counter(
    'echo_turns_with_characters_total',
    'Turns that name characters which the server knows',
  );
  readonly #models = new LabelNames();
  readonly usage = new Usage(this.registry, this.#models);
  readonly #activity = this.#counter(
    ACTIVITY_TOTAL,
    'What the server did and met, by its kind in the activity stream',
    ['kind'],
  );
  readonly #observers: MetricsObserver[] = [];
  readonly #ending = new AbortController();
  #counts = { stored: 0, replayed: 0, requests: 0 };
  readonly #doors = new Map<string, DoorFigures>();

  constructor(pool: ConnectionPool) {
    this.#gauge('echo_event_loop_delay_seconds', 'How late timers were at worst, in the last second', () => {
      return this.process.latest.eventLoopDelayMaxMs / 1_000;
    });
    this.#gauge('echo_cpu_ratio', 'Use of the processor in the last second, of one core', () => {
      return this.process.latest.cpuPercent / 100;
    });
    this.#gauge('echo_db_connections', 'Open connections to the database', () => pool.totalCount);
    this.#gauge('echo_db_connections_busy', 'Connections to the database that are at work', () => {
      return pool.totalCount - pool.idleCount;
    });
    this.#gauge('echo_db_waiting', 'Statements that wait for a connection to the database', () => {
      return pool.waitingCount;
    });
  }

  /** Starts to watch the process. */
  start(): void {
    collectDefaultMetrics({ register: this.registry, gcDurationBuckets: [...GC_BOUNDS] });
    this.process.start();
  }

  observe(observer: MetricsObserver): void {
    this.#observers.push(observer);
  }

  /** What Prometheus collects. */
  text(): Promise<string> {
    return exposition(this.registry);
  }

  /** The same for a collector. */
  async all(): Promise<ExportedMetric[]> {
    return (await this.registry.getMetricsAsJSON()) as unknown as ExportedMetric[];
  }

  /** Ends whoever waits for the next snapshot. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  stop(): void {
    this.#ending.abort();
    this.process.stop();
    this.registry.clear();
  }

  /** Counts turns that the database has taken, but for those of the health check. */
  countTurns(applied: readonly AppliedTurn[]): void {
    const turns = applied.filter(({ row }) => row.tenantId !== CANARY_TENANT);
    const stored = turns.filter(({ replayed }) => !replayed);
    this.#turnsReplayed.inc(turns.length - stored.length);
    this.#turnsStored.inc(stored.length);
    this.#counts.replayed += turns.length - stored.length;
    this.#counts.stored += stored.length;
    for (const { row } of stored) {
      if ((row.characterIds?.length ?? 0) > 0) this.#named.inc();
      if (row.status !== 'ANSWERED') continue;
      // Of what others answered, clients name the model: a word of a user, which figures do not keep.
      if (row.stepTimings !== null && row.stepTimings !== undefined) this.#countAnswer(row);
      for (const observer of this.#observers) observer.answer(row);
    }
  }

  #countAnswer({
    modelUsed,
    processingTime,
    tokensIn,
    tokensOut,
    cost,
    intelligenceLevel,
  }: AppliedTurn['row']): void {
    const model = this.#models.of(modelUsed);
    this.#answerSeconds.observe({ model }, processingTime);
    this.#answers.inc({ by: intelligenceLevel === null ? 'server' : 'model' });
    if (tokensIn !== null) this.#tokens.inc({ model, direction: 'in' }, tokensIn);
    if (tokensOut !== null) this.#tokens.inc({ model, direction: 'out' }, tokensOut);
    if (cost !== null) this.#cost.inc({ model }, Number(cost));
  }

  countRequest(door: string, status: number, seconds: number): void {
    this.#requests.inc({ door, status });
    this.#requestSeconds.observe({ door }, seconds);
    this.#counts.requests++;
    for (const observer of this.#observers) observer.request(door, status);
    const before = this.ofDoor(door);
    this.#doors.set(door, {
      requests: before.requests + 1,
      failed: before.failed + (status >= 500 ? 1 : 0),
      seconds: before.seconds + seconds,
    });
  }

  /** What came through one door since the start. */
  ofDoor(door: string): DoorFigures {
    return this.#doors.get(door) ?? { requests: 0, failed: 0, seconds: 0 };
  }

  countActivity(kind: ActivityKind): void {
    this.#activity.inc({ kind });
  }

  countRefusal(code: string): void {
    this.#refusals.inc({ code });
  }

  countOperation({ operation, type, seconds, codes }: DoneOperation): void {
    this.#operationSeconds.observe({ operation, type }, seconds);
    for (const code of new Set(codes)) this.#operationErrors.inc({ operation, code });
    for (const observer of this.#observers) observer.operation({ operation, type, seconds, codes });
  }

  snapshot(databaseConnections: number): MetricsSnapshot {
    return {
      ...this.process.latest,
      at: new Date(),
      turnsStored: this.#counts.stored,
      turnsReplayed: this.#counts.replayed,
      requests: this.#counts.requests,
      databaseConnections,
    };
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[]): Histogram<Label> {
    return new Histogram({
      name,
      help,
      labelNames,
      buckets: [...SECONDS_BOUNDS],
      registers: [this.registry],
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    const collect = function (this: Gauge) {
      this.set(read());
    };
    new Gauge({ name, help, registers: [this.registry], collect });
  }
}
