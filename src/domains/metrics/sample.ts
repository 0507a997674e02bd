import type { Registry } from 'prom-client';
import type { RecordedMetric } from './recorded.ts';
import type { Rollup, Rollups } from './rollup.ts';

/** What the registry said of counters and distributions when it was read last, by series: all since the start. */
export type Totals = Map<
  string,
  { readonly s: number; readonly n: number; readonly below: ReadonlyMap<string, number> }
>;

/** So many series are kept; labels are bounded, and a mistake in one must not fill the memory. */
export const MAX_SERIES = 2_000;

/**
 * Reads metrics.
 *
 * @param totals what was read before; takes what is read now. A series that is new counts from zero
 * @returns what they were since; counters and distributions without anything new are not there
 */
export async function readMetrics(
  registry: Registry,
  metrics: readonly RecordedMetric[],
  totals: Totals,
): Promise<Rollups> {
  const rollups: Record<string, Rollup> = {};
  for (const metric of metrics) {
    const read = await registry.getSingleMetric(metric.name)?.get();
    if (!read) continue;
    if (metric.kind === 'GAUGE')
      for (const { labels, value } of read.values) {
        if (Number.isFinite(value))
          rollups[seriesOf(metric.name, labels)] = { n: 1, s: value, lo: value, hi: value, l: value };
      }
    else if (metric.kind === 'COUNTER')
      for (const { labels, value } of read.values) {
        const series = seriesOf(metric.name, labels);
        const s = value - (totals.get(series)?.s ?? 0);
        if (s === 0 || !hasRoom(totals, series)) continue;
        totals.set(series, { s: value, n: 0, below: new Map() });
        if (s > 0) rollups[series] = { s };
      }
    else readSpread(metric.name, read.values as readonly SpreadValue[], totals, rollups);
  }
  return rollups;
}

interface SpreadValue {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}
type Labels = Partial<Record<string, string | number>>;

/** Buckets count all that is at most their bound; what is kept counts each thing once. */
function readSpread(
  name: string,
  values: readonly SpreadValue[],
  totals: Totals,
  rollups: Record<string, Rollup>,
): void {
  const read = new Map<string, { s: number; n: number; below: Map<string, number> }>();
  for (const { labels, value, metricName } of values) {
    const { le, ...others } = labels;
    const series = seriesOf(name, others);
    const entry = read.get(series) ?? { s: 0, n: 0, below: new Map() };
    read.set(series, entry);
    if (metricName?.endsWith('_sum')) entry.s = value;
    else if (metricName?.endsWith('_count')) entry.n = value;
    else entry.below.set(le === '+Inf' ? 'Infinity' : String(le), value);
  }
  for (const [series, now] of read) {
    const before = totals.get(series);
    const n = now.n - (before?.n ?? 0);
    if (n <= 0 || !hasRoom(totals, series)) continue;
    const b: Record<string, number> = {};
    let below = 0;
    for (const [bound, total] of now.below) {
      const upTo = total - (before?.below.get(bound) ?? 0);
      if (upTo > below) b[bound] = upTo - below;
      below = upTo;
    }
    rollups[series] = { n, s: now.s - (before?.s ?? 0), b };
    totals.set(series, now);
  }
}

function hasRoom(totals: Totals, series: string): boolean {
  return totals.has(series) || totals.size < MAX_SERIES;
}

/** As Prometheus writes it: the name, and the labels in the order of their names. */
export function seriesOf(name: string, labels: Labels): string {
  const written = Object.entries(labels)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(String(value))}`);
  return written.length === 0 ? name : `${name}{${written.join(',')}}`;
}

/** The name of the metric of a series. */
export function nameOfSeries(series: string): string {
  const brace = series.indexOf('{');
  return brace === -1 ? series : series.slice(0, brace);
}
