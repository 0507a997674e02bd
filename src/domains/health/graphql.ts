import { setTimeout as delay } from 'node:timers/promises';
import { InvalidInput } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { seesInternals } from '../../ground/ownership.ts';
import { endable } from '../../ground/subscriptions.ts';
import type { Health, HealthCheck } from './health.ts';
import type { MetricsSnapshot } from './metrics.ts';

const HealthStatusEnum = builder.enumType('HealthStatus', {
  description: 'How well something keeps its promise.',
  values: {
    HEALTHY: { description: 'As it should be.' },
    UNKNOWN: { description: 'Has not been seen to work yet.' },
    DEGRADED: { description: 'Works, but not as it should.' },
    UNHEALTHY: { description: 'Does not work.' },
  } as const,
});

const HealthCheckRef = builder.objectRef<HealthCheck>('HealthCheck').implement({
  description: 'One part of the server.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Which part.' }),
    status: t.field({ type: HealthStatusEnum, description: 'How it is.', resolve: (check) => check.status }),
    latencyMs: t.exposeFloat('latencyMs', {
      nullable: true,
      description: 'Milliseconds that it took to answer; null where nothing was asked.',
    }),
    detail: t.string({
      nullable: true,
      description: 'More, for people. Why something inside failed is told to callers with METRICS only.',
      resolve: ({ detail, plainDetail }, _args, { principal }) =>
        seesInternals(principal) ? detail : (plainDetail ?? detail),
    }),
  }),
});

export const HealthRef = builder.objectRef<Health>('Health').implement({
  description: 'How the server is, asked of its parts at this moment.',
  fields: (t) => ({
    status: t.field({
      type: HealthStatusEnum,
      description: 'As bad as the worst part.',
      resolve: (health) => health.status,
    }),
    version: t.exposeString('version', { description: 'Version of the server.' }),
    uptimeSeconds: t.exposeFloat('uptimeSeconds', { description: 'Seconds since the server started.' }),
    checks: t.field({
      type: [HealthCheckRef],
      description: 'The parts.',
      resolve: (health) => [...health.checks],
    }),
  }),
});

type KeeperStatus = ReturnType<Context['services']['keepers']['statuses']>[number];

const KeeperStateEnum = builder.enumType('KeeperState', {
  description: 'What something that goes round in the background does at this moment.',
  values: {
    IDLE: { description: 'Waits for its next round; the last one succeeded.' },
    RUNNING: { description: 'Makes a round; the one before succeeded.' },
    FAILING: { description: 'Its last round failed; it goes on, and tries again.' },
    STOPPED: { description: 'Makes no rounds: it was not begun, or was ended.' },
  } as const,
});

const KeeperRef = builder.objectRef<KeeperStatus>('Keeper').implement({
  description: 'Something that goes round in the background of the server that answers, one round at a time.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; no other one has it.' }),
    state: t.field({
      type: KeeperStateEnum,
      description: 'What it does now.',
      resolve: (keeper) => keeper.state,
    }),
    lastRoundAt: t.expose('lastRoundAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its last round ended; null before the first.',
    }),
    lastError: t.string({
      nullable: true,
      description:
        'Why the last round failed; null if it did not. Callers without METRICS are told only that it did.',
      resolve: ({ lastError }, _args, { principal }) =>
        lastError === null || seesInternals(principal)
          ? lastError
          : 'it failed; the log of the server says why',
    }),
  }),
});

const MetricsSnapshotRef = builder.objectRef<MetricsSnapshot>('MetricsSnapshot').implement({
  description: 'Figures of the process and of what it did since it started, read from the machine.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When they were read.' }),
    uptimeSeconds: t.exposeFloat('uptimeSeconds', { description: 'Seconds since the server started.' }),
    cpuPercent: t.exposeFloat('cpuPercent', {
      description: 'Use of the processor since the snapshot before, in percent of one core.',
    }),
    rssBytes: t.exposeFloat('rssBytes', { description: 'Memory of the process, without its database.' }),
    heapUsedBytes: t.exposeFloat('heapUsedBytes', { description: 'JavaScript heap in use.' }),
    eventLoopDelayMs: t.exposeFloat('eventLoopDelayMs', {
      description: 'Mean delay of the event loop since the start, in milliseconds.',
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

builder.queryFields((t) => ({
  health: t.field({
    type: HealthRef,
    description: 'How the server is.',
    resolve: (_root, _args, { services }) => services.health.check(),
  }),
  keepers: t.field({
    type: [KeeperRef],
    description:
      'What goes round in the background of the server that answers, and how its last rounds ended.',
    resolve: (_root, _args, { services }) => [...services.keepers.statuses()],
  }),
  metrics: t.field({
    authScopes: { permission: 'METRICS' },
    type: MetricsSnapshotRef,
    description: 'Figures of the server.',
    resolve: (_root, _args, { services }) => services.metrics.snapshot(services.db.pool.totalCount),
  }),
}));

export const MIN_INTERVAL_MS = 250;
export const MAX_INTERVAL_MS = 60_000;

builder.subscriptionField('metrics', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: MetricsSnapshotRef,
    description: 'Figures of the server, again and again.',
    args: {
      intervalMs: t.arg.int({
        defaultValue: 2000,
        description: `Milliseconds between snapshots, ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}.`,
      }),
    },
    subscribe: (_root, { intervalMs }, ctx) =>
      endable((signal) => snapshots(ctx, intervalMs ?? 2000, signal)),
    resolve: (snapshot) => snapshot,
  }),
);

async function* snapshots(
  { services }: Context,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<MetricsSnapshot> {
  if (intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS) {
    throw new InvalidInput(
      'intervalMs',
      `must be from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}, is ${intervalMs}`,
    );
  }
  const ended = AbortSignal.any([signal, services.metrics.ending]);
  while (!ended.aborted) {
    yield services.metrics.snapshot(services.db.pool.totalCount);
    await delay(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}
