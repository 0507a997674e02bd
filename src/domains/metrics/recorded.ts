/** What of a metric is kept: how much was counted, how something stood, or how a quantity is spread. */
export type MetricKind = 'COUNTER' | 'GAUGE' | 'DISTRIBUTION';

/** What it is measured in. */
export type MetricUnit = 'COUNT' | 'SECONDS' | 'BYTES' | 'RATIO' | 'CURRENCY';

/** A metric whose past is kept. */
export interface RecordedMetric {
  /** In the registry. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** What several gauges are together: of several servers, and of several labels where no label is asked for. */
  readonly together: 'sum' | 'highest' | 'lowest';
  /**
   * How often it is read: each second, where it is in memory; each minute, where the database is asked; each hour, where
   * much is asked.
   */
  readonly every: 'second' | 'minute' | 'hour';
  /** Of a distribution: the bounds of its buckets, without the last, which has none. */
  readonly bounds: readonly number[];
  /** By which it is told apart. */
  readonly labels: readonly string[];
}

/** Seconds that something takes; an objective is counted exactly where its limit is one of them. */
export const SECONDS_BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;
/** What prom-client counts collections of garbage by. */
export const GC_BOUNDS = [0.001, 0.01, 0.1, 1, 2, 5] as const;

type Options = Partial<Pick<RecordedMetric, 'together' | 'every' | 'labels'>>;

const counter = (name: string, unit: MetricUnit = 'COUNT', options: Options = {}): RecordedMetric => ({
  ...{ name, kind: 'COUNTER', unit, together: 'sum', every: 'second', bounds: [], labels: [] },
  ...options,
});
const gauge = (name: string, unit: MetricUnit, options: Options = {}): RecordedMetric => ({
  ...{ name, kind: 'GAUGE', unit, together: 'sum', every: 'second', bounds: [], labels: [] },
  ...options,
});
const spread = (
  name: string,
  labels: readonly string[],
  bounds: readonly number[] = SECONDS_BOUNDS,
): RecordedMetric => ({
  ...{ name, kind: 'DISTRIBUTION', unit: 'SECONDS', together: 'sum', every: 'second', bounds, labels },
});
/** A counter that is told apart. */
const counters = (name: string, labels: readonly string[], unit: MetricUnit = 'COUNT'): RecordedMetric =>
  counter(name, unit, { labels });
/** What the database is asked: the same whichever server asks. */
const ASKED = { together: 'highest', every: 'minute' } as const;
const OF_TABLES = { every: 'hour', labels: ['table'] } as const;

/** What the server did and met, by its kind in the activity stream. */
export const ACTIVITY_TOTAL = 'echo_activity_total';

/** All metrics that have a past. The others of the registry are for whoever collects them (Prometheus). */
export const RECORDED: readonly RecordedMetric[] = [
  spread('echo_http_request_seconds', ['door']),
  counters('echo_http_requests_total', ['door', 'status']),
  counters('echo_refusals_total', ['code']),
  spread('echo_graphql_operation_seconds', ['operation', 'type']),
  counters('echo_graphql_errors_total', ['operation', 'code']),
  spread('echo_answer_seconds', ['model']),
  counters('echo_answers_total', ['by']),
  counters('echo_model_tokens_total', ['model', 'direction']),
  counters('echo_model_cost_total', ['model'], 'CURRENCY'),
  spread('echo_model_call_seconds', ['kind', 'model']),
  spread('echo_model_first_seconds', ['kind', 'model']),
  counters('echo_model_call_failures_total', ['kind', 'model', 'reason']),
  counters('echo_model_call_tokens_total', ['kind', 'model', 'direction']),
  spread('echo_memory_search_seconds', []),
  counters('echo_memory_searches_total', ['outcome']),
  counters('echo_answer_memories_total', ['outcome']),
  counters('echo_ratings_total', ['rating']),
  spread('echo_task_seconds', ['type']),
  counters('echo_tasks_ended_total', ['type', 'outcome']),
  counters('echo_cache_requests_total', ['cache', 'result']),
  counter('echo_turns_stored_total'),
  counter('echo_turns_replayed_total'),
  counter('echo_turns_with_characters_total'),
  counters('echo_saves_total', ['outcome']),
  counters('echo_objective_events_total', ['objective']),
  counters('echo_objective_bad_total', ['objective']),
  counters(ACTIVITY_TOTAL, ['kind']),
  gauge('echo_journal_depth', 'COUNT'),
  gauge('echo_journal_oldest_age_seconds', 'SECONDS', { together: 'highest' }),
  gauge('echo_journal_bytes', 'BYTES'),
  gauge('echo_journal_set_apart', 'COUNT'),
  gauge('echo_database_up', 'RATIO', { together: 'lowest' }),
  gauge('echo_alert_active', 'COUNT', { labels: ['alert', 'severity'] }),
  gauge('echo_db_connections', 'COUNT'),
  gauge('echo_db_connections_busy', 'COUNT'),
  gauge('echo_db_waiting', 'COUNT'),
  gauge('echo_event_loop_delay_seconds', 'SECONDS', { together: 'highest' }),
  gauge('echo_cpu_ratio', 'RATIO'),
  gauge('process_resident_memory_bytes', 'BYTES'),
  gauge('nodejs_heap_size_used_bytes', 'BYTES'),
  spread('nodejs_gc_duration_seconds', ['kind'], GC_BOUNDS),
  gauge('echo_pressure_level', 'COUNT', { together: 'highest' }),
  gauge('echo_promise_kept', 'RATIO', { ...ASKED, together: 'lowest', labels: ['promise'] }),
  gauge('echo_vectors_coverage_ratio', 'RATIO', { ...ASKED, together: 'lowest' }),
  gauge('echo_vectors_lag_seconds', 'SECONDS', ASKED),
  gauge('echo_learning_waiting_turns', 'COUNT', ASKED),
  gauge('echo_learning_lag_seconds', 'SECONDS', ASKED),
  gauge('echo_deliveries_wait_seconds', 'SECONDS', ASKED),
  gauge('echo_tasks_running', 'COUNT'),
  gauge('echo_task_wait_seconds', 'SECONDS', { together: 'highest' }),
  // Where servers have folders of their own, the newest counts.
  gauge('echo_backup_age_seconds', 'SECONDS', { ...ASKED, together: 'lowest' }),
  gauge('echo_backup_verified_age_seconds', 'SECONDS', { ...ASKED, together: 'lowest' }),
  gauge('echo_backup_bytes', 'BYTES', ASKED),
  gauge('echo_table_bytes', 'BYTES', { ...OF_TABLES, together: 'highest' }),
  gauge('echo_table_rows', 'COUNT', { ...OF_TABLES, together: 'highest' }),
  gauge('echo_table_index_scan_ratio', 'RATIO', { ...OF_TABLES, together: 'lowest' }),
];

/** By name. */
export const RECORDED_BY_NAME: ReadonlyMap<string, RecordedMetric> = new Map(
  RECORDED.map((metric) => [metric.name, metric]),
);
