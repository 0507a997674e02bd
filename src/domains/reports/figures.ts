import type { Database } from '../../db/client.ts';
import { type Alert, type AlertBoard, activeAlerts } from '../alerts/alerts.ts';
import { alertsBegun, type BegunAlert } from '../alerts/reads.ts';
import { CANARY_OWNER } from '../health/canary.ts';
import { databaseFigures } from '../health/database-figures.ts';
import { type StoredStretch, storedRollups } from '../metrics/reads.ts';
import { ACTIVITY_TOTAL, RECORDED_BY_NAME } from '../metrics/recorded.ts';
import { HOUR_MS } from '../metrics/recorder.ts';
import { isSpread, isStood, joined, quantile, type Rollup } from '../metrics/rollup.ts';
import { parseSelector } from '../metrics/selector.ts';
import type { ObjectiveState } from '../objectives/tracker.ts';
import { turnsOfDays } from './reads.ts';

export interface FigureServices {
  readonly db: Database;
  readonly alerts: AlertBoard;
  readonly availability: Parameters<typeof activeAlerts>[0]['availability'];
  readonly objectives: { standing(): Promise<readonly ObjectiveState[]> };
  readonly health: {
    check(): Promise<{
      readonly checks: readonly {
        readonly name: string;
        readonly status: string;
        readonly detail: string | null;
      }[];
    }>;
  };
}

/** In milliseconds since 1970; `to` is left out. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What was counted in a day. */
export interface DayCounts {
  /** Of users, not of the canary. */
  readonly turns: number;
  readonly byModels: number;
  readonly byServer: number;
  readonly tokens: number;
  /** In the currency of the configured prices. */
  readonly cost: number;
  readonly requests: number;
  readonly searches: number;
  /** Seconds; null: there was none. */
  readonly searchP95: number | null;
  readonly tasksDone: number;
}

/** What failed, and how often. */
export interface CountedError {
  readonly what: string;
  readonly count: number;
}

/** All that a report tells. */
export interface DayFigures extends Span {
  readonly counts: DayCounts;
  /** Of the day before; null: nothing is kept of it. */
  readonly before: DayCounts | null;
  readonly objectives: readonly ObjectiveState[];
  /** The most frequent first. */
  readonly errors: readonly CountedError[];
  readonly databaseBytes: number;
  /** What it grew by, as far as tables were looked at; null: nobody knows yet. */
  readonly grownBytes: number | null;
  /** The tables that grew most. */
  readonly grown: readonly { readonly table: string; readonly bytes: number }[];
  /** Since the newest backup that was restored to try it; null: there is none. */
  readonly backupAgeSeconds: number | null;
  readonly begun: readonly BegunAlert[];
  readonly open: readonly Alert[];
  /** Promises that are not kept now. */
  readonly broken: readonly { readonly name: string; readonly detail: string | null }[];
}

const MOST_ERRORS = 5;
const MOST_TABLES = 3;
const SEARCH = 'echo_graphql_operation_seconds';
const ERRORS = 'echo_graphql_errors_total';
const REQUESTS = 'echo_http_requests_total';
const TABLES = 'echo_table_bytes';
const BACKUP_AGE = 'echo_backup_verified_age_seconds';
const COUNTED = [
  ...['echo_answers_total', 'echo_model_tokens_total', 'echo_model_cost_total'],
  ...[REQUESTS, SEARCH, ERRORS, ACTIVITY_TOTAL, BACKUP_AGE],
];
/** Kinds of the activity stream that are errors, for people. */
const FAILED: Readonly<Record<string, string>> = {
  job_failed: 'attempts at tasks failed',
  keeper_failed: 'background rounds began to fail',
  slot_missed: 'schedules were missed',
  database_away: 'times the database was away',
  repair_failed: 'repairs failed',
};

/** What all servers on the database did in a day, and how things stand now. */
export async function figuresOfDay(services: FigureServices, span: Span): Promise<DayFigures> {
  const { db, objectives, health } = services;
  const day = span.to - span.from;
  const stretches = await storedRollups(db.pool, 'minutes', COUNTED, { ...span, from: span.from - day });
  const [earlier, these] = [
    stretches.filter(({ at }) => at < span.from),
    stretches.filter(({ at }) => at >= span.from),
  ];
  const totals = totalsOf(these);
  const turns = await turnsOfDays(db, span, CANARY_OWNER.tenantId);
  const { checks } = await health.check();
  const age = totals.get(BACKUP_AGE);
  return {
    ...span,
    counts: countsOf(totals, turns.day),
    before: earlier.length === 0 ? null : countsOf(totalsOf(earlier), turns.before),
    objectives: await objectives.standing(),
    errors: errorsOf(totals),
    databaseBytes: (await databaseFigures(db)).sizeBytes,
    ...(await growthOf(db, span)),
    backupAgeSeconds: age && isStood(age) ? age.l : null,
    begun: await alertsBegun(db, new Date(span.from), new Date(span.to)),
    open: await activeAlerts(services),
    broken: checks.filter(({ status }) => status === 'DEGRADED' || status === 'UNHEALTHY'),
  };
}

type Totals = ReadonlyMap<string, Rollup>;

/** By series, of all servers. */
function totalsOf(stretches: readonly StoredStretch[]): Totals {
  const totals = new Map<string, Rollup>();
  for (const { rollups } of stretches)
    for (const [series, rollup] of Object.entries(rollups)) {
      const known = totals.get(series);
      totals.set(series, known ? joined(known, rollup) : rollup);
    }
  return totals;
}

/** Series of a metric that have these labels. */
function* seriesOf(totals: Totals, name: string, labels: Readonly<Record<string, string>> = {}) {
  for (const [series, rollup] of totals) {
    const read = parseSelector(series);
    if (read?.name === name && Object.entries(labels).every(([label, value]) => read.labels[label] === value))
      yield { labels: read.labels, rollup };
  }
}

function sumOf(totals: Totals, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const { rollup } of seriesOf(totals, name, labels)) sum += isSpread(rollup) ? rollup.n : rollup.s;
  return sum;
}

function countsOf(totals: Totals, turns: number): DayCounts {
  const searches = [...seriesOf(totals, SEARCH, { operation: 'memorySearch' })].map(({ rollup }) => rollup);
  const spread = searches.reduce<Rollup | null>((one, other) => (one ? joined(one, other) : other), null);
  const bounds = RECORDED_BY_NAME.get(SEARCH)?.bounds ?? [];
  return {
    turns,
    byModels: sumOf(totals, 'echo_answers_total', { by: 'model' }),
    byServer: sumOf(totals, 'echo_answers_total', { by: 'server' }),
    tokens: sumOf(totals, 'echo_model_tokens_total'),
    cost: sumOf(totals, 'echo_model_cost_total'),
    requests: sumOf(totals, REQUESTS),
    searches: sumOf(totals, SEARCH, { operation: 'memorySearch' }),
    searchP95: spread && isSpread(spread) ? quantile(spread, bounds, 0.95) : null,
    tasksDone: sumOf(totals, ACTIVITY_TOTAL, { kind: 'job_finished' }),
  };
}

function errorsOf(totals: Totals): CountedError[] {
  const operations = [...seriesOf(totals, ERRORS)].map(({ labels, rollup }) => ({
    what: `${labels.operation}: ${labels.code}`,
    count: rollup.s,
  }));
  const answers = new Map<string, number>();
  for (const { labels, rollup } of seriesOf(totals, REQUESTS)) {
    const what = `HTTP ${labels.status} at the door ${labels.door}`;
    if (Number(labels.status) >= 500) answers.set(what, (answers.get(what) ?? 0) + rollup.s);
  }
  const failed = Object.entries(FAILED).map(([kind, what]) => ({
    what,
    count: sumOf(totals, ACTIVITY_TOTAL, { kind }),
  }));
  return [...operations, ...[...answers].map(([what, count]) => ({ what, count })), ...failed]
    .filter(({ count }) => count > 0)
    .toSorted((one, other) => other.count - one.count)
    .slice(0, MOST_ERRORS);
}

/** Sizes of tables are read once an hour: between the last time before the day and the last one in it. */
async function growthOf(
  { pool }: Database,
  { from, to }: Span,
): Promise<Pick<DayFigures, 'grownBytes' | 'grown'>> {
  const hours = await storedRollups(pool, 'hours', [TABLES], { from: from - 3 * HOUR_MS, to });
  const sized = hours.filter(({ rollups }) => Object.keys(rollups).length > 0);
  const [first, last] = [sized.findLast(({ at }) => at < from) ?? sized[0], sized.at(-1)];
  if (!first || !last || last.at === first.at) return { grownBytes: null, grown: [] };
  const sizes = ({ rollups }: StoredStretch) =>
    new Map(
      Object.entries(rollups).map(([series, rollup]) => [
        parseSelector(series)?.labels.table ?? series,
        isStood(rollup) ? rollup.l : 0,
      ]),
    );
  const before = sizes(first);
  const grown = [...sizes(last)].map(([table, bytes]) => ({
    table,
    bytes: bytes - (before.get(table) ?? 0),
  }));
  return {
    grownBytes: grown.reduce((sum, { bytes }) => sum + bytes, 0),
    grown: grown
      .filter(({ bytes }) => bytes > 0)
      .toSorted((one, other) => other.bytes - one.bytes)
      .slice(0, MOST_TABLES),
  };
}
