import type { HrTime } from '@opentelemetry/api';
import type { MetricData } from '@opentelemetry/sdk-metrics';

/** A metric as the registry gives it. */
export interface ExportedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of histograms: with the end that says which sum it is. */
  readonly metricName?: string;
}

type Sdk = typeof import('@opentelemetry/sdk-metrics');

/** @param since when counting began, in milliseconds since 1970 */
export function inOtlp(sdk: Sdk, metrics: readonly ExportedMetric[], since: number): MetricData[] {
  const [startTime, endTime] = [hrTime(since), hrTime(Date.now())];
  return metrics.flatMap(({ name, help, type, values }): MetricData[] => {
    const descriptor = { name, description: help, unit: unitOf(name), valueType: 1 };
    const aggregationTemporality = sdk.AggregationTemporality.CUMULATIVE;
    const base = { descriptor, aggregationTemporality };
    if (type === 'histogram') {
      const dataPoints = histograms(values).map((point) => ({ startTime, endTime, ...point }));
      return [{ ...base, dataPointType: sdk.DataPointType.HISTOGRAM, dataPoints }];
    }
    const dataPoints = values.flatMap(({ value, labels }) =>
      Number.isFinite(value) ? [{ startTime, endTime, attributes: { ...labels }, value }] : [],
    );
    return type === 'counter'
      ? [{ ...base, dataPointType: sdk.DataPointType.SUM, dataPoints, isMonotonic: true }]
      : [{ ...base, dataPointType: sdk.DataPointType.GAUGE, dataPoints }];
  });
}

/** Buckets of the registry count all that is at most their bound; here each thing is counted once. */
function histograms(values: readonly Sample[]) {
  const series = new Map<
    string,
    { attributes: Sample['labels']; sum: number; count: number; below: [number, number][] }
  >();
  for (const { labels, value, metricName = '' } of values) {
    const { le, ...attributes } = labels;
    const key = JSON.stringify(attributes);
    const entry = series.get(key) ?? { attributes, sum: 0, count: 0, below: [] };
    series.set(key, entry);
    if (metricName.endsWith('_sum')) entry.sum = value;
    else if (metricName.endsWith('_count')) entry.count = value;
    else if (le !== '+Inf') entry.below.push([Number(le), value]);
  }
  return [...series.values()].map(({ attributes, sum, count, below }) => {
    const sorted = below.toSorted(([one], [other]) => one - other);
    const counts = [
      ...sorted.map(([, upTo], place) => upTo - (sorted[place - 1]?.[1] ?? 0)),
      count - (sorted.at(-1)?.[1] ?? 0),
    ];
    return {
      attributes: { ...attributes },
      value: { buckets: { boundaries: sorted.map(([bound]) => bound), counts }, sum, count },
    };
  });
}

function unitOf(name: string): string {
  if (/_seconds(?:_total)?$/.test(name)) return 's';
  if (/_bytes(?:_total)?$/.test(name)) return 'By';
  return '1';
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1e6];
}
