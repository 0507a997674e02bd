import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canary } from '../src/domains/health/promises.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
});
afterEach(async () => {
  await app.close();
});

const soon = { interval: 100 };
const health = async () => {
  const { data } = await app.graphql('{ health { status checks { name status detail } } }');
  const check = data.health.checks.find(({ name }: { name: string }) => name === 'canary');
  return { status: data.health.status, canary: check };
};
const alertOf = async () => {
  const { data } = await app.graphql('{ alerts(first: 100) { nodes { name state } } }');
  return data.alerts.nodes.find(({ name }: { name: string }) => name === 'canary_degraded')?.state ?? null;
};

/** Spoils rows of the health check's own turns, and only those. */
const trigger = (table: string, when: string, body: string) => `
  create function spoil_canary() returns trigger language plpgsql as $$ begin ${body} end $$;
  create trigger spoil_canary before ${when} on ${table} for each row
    when (${when === 'delete' ? 'old' : 'new'}.tenant_id = '__canary') execute function spoil_canary()`;
const mended = (table: string) => `drop trigger spoil_canary on ${table}; drop function spoil_canary`;

test.each([
  [
    'read is not what was written',
    'echo_unified_interactions',
    trigger('echo_unified_interactions', 'insert', "new.query := 'something else'; return new;"),
    /read: what was read is not what was written/,
  ],
  [
    'is not found by its word',
    'echo_index_queue',
    trigger('echo_index_queue', 'insert', 'return null;'),
    /search: it was not found by its word/,
  ],
  [
    'cannot be erased',
    'echo_conversations',
    trigger('echo_conversations', 'delete', "raise exception 'kept for ever';"),
    /erase: .*kept for ever/,
  ],
])(
  'a turn of the health check that %s is told, until one comes through',
  async (_what, table, spoil, detail) => {
    expect((await app.app.services.canary.run()).problem).toBeNull();
    expect((await health()).canary.status).toBe('HEALTHY');

    await app.sql(spoil);
    const { ok, problem } = await app.app.services.canary.run();
    expect([ok, problem]).toEqual([false, expect.stringMatching(detail)]);
    expect(await health()).toMatchObject({
      status: 'DEGRADED',
      canary: { status: 'DEGRADED', detail: expect.stringMatching(detail) },
    });
    const plain = await app.graphql('{ health { checks { name detail } } }', {}, 'ada');
    expect(plain.data.health.checks.find(({ name }: { name: string }) => name === 'canary').detail).toMatch(
      /: (read|search|erase) failed$/,
    );
    await expect.poll(alertOf, soon).toBe('RAISED');

    await app.sql(mended(table));
    expect((await app.app.services.canary.run()).problem).toBeNull();
    expect((await health()).canary.status).toBe('HEALTHY');
    await expect.poll(alertOf, soon).not.toBe('RAISED');
  },
);

test('a search that is not answered in time is not taken for an index that lacks the word', async () => {
  await app.close();
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' }, patienceMs: 0 });
  expect((await app.app.services.canary.run()).problem).toBeNull();
  const holder = new pg.Client({ connectionString: app.databaseUrl });
  await holder.connect();
  await holder.query('begin; lock table echo_index_owners in access exclusive mode');
  const { problem } = await app.app.services.canary.run();
  await holder.query('rollback');
  await holder.end();
  expect(problem).toBe('search: a part of the search did not answer in time');
  await expect.poll(async () => (await app.app.services.canary.run()).problem, soon).toBeNull();
});

test('health says nothing of a turn that is switched off, and does not take one that has yet to come for well', async () => {
  expect(await health()).toEqual({ status: 'HEALTHY', canary: undefined });
  const waiting = await canary.check?.({ canary: { last: null, isOn: true } }, 'client');
  expect(waiting).toMatchObject({ status: 'UNKNOWN', detail: expect.stringContaining('yet') });
  await app.close();
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '3600000' } });
  // The first comes soon, whatever the interval.
  await expect.poll(async () => (await health()).canary.status, soon).toBe('HEALTHY');
});
