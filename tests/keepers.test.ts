import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const QUERY = `{
  keepers { name state lastRoundAt lastError }
  health { status checks { name status detail } }
  activeAlerts { name message }
}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
});
afterAll(() => app.close());

/** A keeper, the check of all keepers, and their alert, as a client sees them. */
async function seen(name: string) {
  const { data } = await app.graphql(QUERY);
  const byName = (list: { name: string }[], wanted: string) => list.find((one) => one.name === wanted);
  return {
    keeper: byName(data.keepers, name),
    check: byName(data.health.checks, 'keepers'),
    alert: byName(data.activeAlerts, 'keeper_failing'),
  };
}
const eventually = { interval: 100 };

test('everything that goes round is shown, also to a plain user, under a name of its own', async () => {
  const { data, errors } = await app.graphql(
    '{ keepers { name state lastError } persistence { __typename } }',
    {},
    'ada',
  );
  expect(errors).toBeUndefined();
  const names = data.keepers.map(({ name }: { name: string }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.sort()).toEqual([
    'activity',
    'activity retention',
    'alert rules',
    'alerts',
    'audit log',
    'backups',
    'canary',
    'database look',
    'deliveries',
    'erased users',
    'event feed',
    'event outbox',
    'failure notices',
    'health watch',
    'journals',
    'leases of tasks',
    'metric history',
    'metrics',
    'objectives',
    'pressure',
    'provider keys',
    'revoked tokens',
    'schedules',
    'tasks',
    'terms of facts',
    'terms of media',
    'turn counters',
    'turns deleted elsewhere',
    'vector comparison',
    'vector index',
    'webhooks',
    'word index',
  ]);
  const stateOf = (wanted: string) =>
    data.keepers.find(({ name }: { name: string }) => name === wanted)?.state;
  // It is off by its setting.
  expect(stateOf('canary')).toBe('STOPPED');
  expect(['IDLE', 'RUNNING']).toContain(stateOf('health watch'));
});

test('a round of the server itself that fails is shown, told, harms nobody, and recovers', async () => {
  await app.sql('alter table echo_audit_seals rename to echo_audit_seals_away');
  await expect
    .poll(() => seen('audit log'), eventually)
    .toMatchObject({
      keeper: { state: 'FAILING', lastError: expect.stringContaining('echo_audit_seals') },
      check: {
        status: 'DEGRADED',
        detail: expect.stringMatching(/^audit log has failed \d+ times \(.*echo_audit_seals/),
      },
      alert: { message: expect.stringContaining('audit log') },
    });
  const plain = await app.graphql(
    '{ keepers { name lastError } health { checks { name detail } } }',
    {},
    'ada',
  );
  expect(JSON.stringify(plain.data)).not.toContain('echo_audit_seals');
  const named = (list: { name: string }[], name: string) => list.find((one) => one.name === name);
  expect(named(plain.data.keepers, 'audit log')).toMatchObject({
    lastError: expect.stringMatching(/^it failed/),
  });
  expect(named(plain.data.health.checks, 'keepers')).toMatchObject({
    detail: expect.stringMatching(/^audit log has failed \d+ times$/),
  });
  expect(await app.record('c', ['hello'])).toHaveLength(1);
  await app.sql('alter table echo_audit_seals_away rename to echo_audit_seals');
  await expect
    .poll(() => seen('audit log'), eventually)
    .toMatchObject({ keeper: { lastError: null }, check: { status: 'HEALTHY' }, alert: undefined });
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no goal');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no goal'))],
])('a planted round that %s needs no other place to be seen and told', async (how, fail) => {
  let isOver = false;
  const name = `goals that ${how}`;
  const keeper = app.app.services.keepers.create({
    ...{ name, everyMs: 20, retryMs: 20 },
    round: () => (isOver ? undefined : fail()),
  });
  keeper.start();
  await expect
    .poll(() => seen(name), eventually)
    .toMatchObject({
      keeper: { state: 'FAILING', lastError: 'no goal', lastRoundAt: expect.any(String) },
      check: { status: 'DEGRADED', detail: expect.stringContaining(`${name} has failed`) },
      alert: { message: expect.stringContaining('no goal') },
    });
  isOver = true;
  await expect
    .poll(() => seen(name), eventually)
    .toMatchObject({ keeper: { lastError: null }, check: { status: 'HEALTHY' }, alert: undefined });
  await keeper.stop();
  expect((await seen(name)).keeper).toMatchObject({ state: 'STOPPED' });
});

test('one round that fails is no danger yet', async () => {
  const keeper = app.app.services.keepers.create({
    name: 'once',
    everyMs: 3_600_000,
    round: () => Promise.reject(new Error('bad luck')),
  });
  await keeper.startNow();
  expect(await seen('once')).toMatchObject({
    keeper: { state: 'FAILING', lastError: 'bad luck' },
    check: { status: 'HEALTHY' },
  });
  await keeper.stop();
});
