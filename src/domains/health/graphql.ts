import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { seesInternals } from '../../ground/ownership.ts';
import type { Health, HealthCheck } from './health.ts';

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

builder.queryFields((t) => ({
  health: t.field({
    type: HealthRef,
    description: 'How the server is.',
    resolve: (_root, _args, { services: { health, shared } }) => shared.of(['health'], () => health.check()),
  }),
  keepers: t.field({
    type: [KeeperRef],
    description:
      'What goes round in the background of the server that answers, and how its last rounds ended.',
    resolve: (_root, _args, { services }) => [...services.keepers.statuses()],
  }),
}));
