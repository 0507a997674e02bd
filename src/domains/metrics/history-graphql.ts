import { builder } from '../../graphql/builder.ts';
import {
  MAX_POINTS,
  type MetricDefinition,
  type MetricSeries,
  metricHistory,
  metricNames,
} from './history.ts';
import type { RecordedMetric } from './recorded.ts';
import { HOURS_DAYS, MINUTES_DAYS } from './tables.ts';

const MetricKindEnum = builder.enumType('MetricKind', {
  description: 'What of a metric is kept.',
  values: {
    COUNTER: { description: 'How much was counted.' },
    GAUGE: { description: 'How something stood.' },
    DISTRIBUTION: { description: 'How a quantity is spread.' },
  } as const,
});

export const MetricUnitEnum = builder.enumType('MetricUnit', {
  description: 'What a metric is measured in.',
  values: {
    COUNT: { description: 'A number of things.' },
    SECONDS: { description: 'Seconds.' },
    BYTES: { description: 'Bytes.' },
    RATIO: { description: 'A share, 0 to 1; of processors, 1 is one core.' },
    CURRENCY: { description: 'The currency of the configured prices.' },
  } as const,
});

const MetricDefinitionRef = builder
  .objectRef<MetricDefinition & { description: string }>('MetricDefinition')
  .implement({
    description: 'A metric whose past is kept.',
    fields: (t) => ({
      name: t.string({ description: 'Its name, as in `/metrics`.', resolve: ({ metric }) => metric.name }),
      description: t.exposeString('description', { description: 'What it says, for people.' }),
      kind: t.field({
        type: MetricKindEnum,
        description: 'What of it is kept.',
        resolve: ({ metric }) => metric.kind,
      }),
      unit: t.field({
        type: MetricUnitEnum,
        description: 'What it is measured in.',
        resolve: ({ metric }) => metric.unit,
      }),
      everySeconds: t.int({
        description: 'How often it is read.',
        resolve: ({ metric }) => EVERY[metric.every],
      }),
      series: t.stringList({
        description:
          'The names under which it can be asked for by label, as seen lately; without labels only its own.',
        resolve: ({ series }) => [...series],
      }),
    }),
  });

const EVERY: Record<RecordedMetric['every'], number> = { second: 1, minute: 60, hour: 3_600 };

const MetricPointRef = builder.objectRef<MetricSeries['points'][number]>('MetricPoint').implement({
  description: 'What a metric was in one step.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When the step began.' }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'Of a counter: how much each second; else the mean. Null: nothing was seen.',
    }),
    count: t.exposeFloat('count', {
      nullable: true,
      description: 'Of a counter: how much; of a distribution: of how many. Null: it is a gauge.',
    }),
    low: t.exposeFloat('low', { nullable: true, description: 'The lowest reading; null: it is no gauge.' }),
    high: t.exposeFloat('high', {
      nullable: true,
      description: 'The highest reading; null: it is no gauge.',
    }),
    p50: t.exposeFloat('p50', {
      nullable: true,
      description: 'The median, estimated from buckets; null: it is no distribution, or there was nothing.',
    }),
    p95: t.exposeFloat('p95', { nullable: true, description: 'The 95th percentile, in the same way.' }),
    p99: t.exposeFloat('p99', { nullable: true, description: 'The 99th percentile, in the same way.' }),
  }),
});

const MetricSeriesRef = builder.objectRef<MetricSeries>('MetricSeries').implement({
  description: 'What a metric was over time.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What was asked for.' }),
    kind: t.field({
      type: MetricKindEnum,
      description: 'What of it is kept.',
      resolve: ({ metric }) => metric.kind,
    }),
    unit: t.field({
      type: MetricUnitEnum,
      description: 'What it is measured in.',
      resolve: ({ metric }) => metric.unit,
    }),
    stepSeconds: t.exposeInt('stepSeconds', {
      description: 'How far the points are apart: as asked for, or as fine as that time is kept.',
    }),
    points: t.field({
      type: [MetricPointRef],
      description: 'The steps in which a server measured, the oldest first.',
      resolve: ({ points }) => [...points],
    }),
  }),
});

builder.queryFields((t) => ({
  metricNames: t.field({
    authScopes: { permission: 'METRICS' },
    type: [MetricDefinitionRef],
    description: 'The metrics whose past is kept.',
    complexity: 20,
    resolve: async (_root, _args, { services }) => {
      const described = new Map(
        services.metrics.registry.getMetricsAsArray().map(({ name, help }) => [name, help]),
      );
      return (await metricNames(services)).map((definition) => ({
        ...definition,
        description: described.get(definition.metric.name) ?? '',
      }));
    },
  }),
  metricsHistory: t.field({
    authScopes: { permission: 'METRICS' },
    type: MetricSeriesRef,
    description: `What a metric was over time: each second of the last quarter of an hour (of the server that answers, since its start), each minute of the last ${MINUTES_DAYS} days, each hour of the last ${HOURS_DAYS}; minutes and hours of all servers on the database.`,
    complexity: 20,
    args: {
      name: t.arg.string({
        required: true,
        description: 'A metric, all labels together; or one of its series, `name{label="value"}`.',
      }),
      since: t.arg({ type: 'DateTime', required: true, description: 'From when on.' }),
      until: t.arg({ type: 'DateTime', description: 'Up to when; absent: now.' }),
      stepSeconds: t.arg.int({
        description: `How far the points are apart, 1 to 2678400; absent: so that there are some hundred. At most ${MAX_POINTS} points are given.`,
      }),
    },
    resolve: (_root, args, { services }) => metricHistory(services, args, Date.now()),
  }),
}));
