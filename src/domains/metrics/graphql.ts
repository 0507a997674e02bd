import { builder } from '../../graphql/builder.ts';
import { endable } from '../../ground/subscriptions.ts';
import { liveMetrics, MAX_INTERVAL_MS, MIN_INTERVAL_MS, USUAL_INTERVAL_MS } from './live.ts';
import type { MetricsSnapshot } from './metrics.ts';

const MetricsSnapshotRef = builder.objectRef<MetricsSnapshot>('MetricsSnapshot').implement({
  description: 'Figures of the process and of what it did since it started, read from the machine.',
  fields: (t) => ({
    at: t.expose('at', {
      type: 'DateTime',
      description:
        'When they were read; what is said of the last second is read once a second, for all who ask.',
    }),
    uptimeSeconds: t.exposeFloat('uptimeSeconds', { description: 'Seconds since the server started.' }),
    cpuPercent: t.exposeFloat('cpuPercent', {
      description: 'Use of the processor in the last second, in percent of one core.',
    }),
    rssBytes: t.exposeFloat('rssBytes', { description: 'Memory of the process, without its database.' }),
    heapUsedBytes: t.exposeFloat('heapUsedBytes', { description: 'JavaScript heap in use.' }),
    eventLoopDelayMs: t.exposeFloat('eventLoopDelayMs', {
      description: 'How late timers were on average in the last second, in milliseconds.',
    }),
    systemMemoryUsedBytes: t.exposeFloat('systemMemoryUsedBytes', {
      description: 'Memory in use on the machine.',
    }),
    systemMemoryTotalBytes: t.exposeFloat('systemMemoryTotalBytes', {
      description: 'Memory of the machine.',
    }),
    loadAverage1m: t.exposeFloat('loadAverage1m', {
      description: 'Load average of the last minute; 0 on Windows.',
    }),
    cores: t.exposeInt('cores', { description: 'Processors of the machine.' }),
    turnsStored: t.exposeInt('turnsStored', { description: 'Turns stored since the start.' }),
    turnsReplayed: t.exposeInt('turnsReplayed', {
      description: 'Turns that were sent again since the start.',
    }),
    requests: t.exposeInt('requests', { description: 'HTTP requests since the start.' }),
    databaseConnections: t.exposeInt('databaseConnections', {
      description: 'Open connections to the database.',
    }),
  }),
});

builder.queryField('metrics', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: MetricsSnapshotRef,
    description: 'Figures of the server.',
    resolve: (_root, _args, { services }) => services.metrics.snapshot(services.db.connections.totalCount),
  }),
);

builder.subscriptionField('metrics', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: MetricsSnapshotRef,
    description: 'Figures of the server, again and again.',
    args: {
      intervalMs: t.arg.int({
        defaultValue: USUAL_INTERVAL_MS,
        description: `Milliseconds between snapshots, ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}.`,
      }),
    },
    subscribe: (_root, { intervalMs }, { services }) =>
      endable((signal) => liveMetrics(services, intervalMs ?? USUAL_INTERVAL_MS, signal)),
    resolve: (snapshot) => snapshot,
  }),
);
