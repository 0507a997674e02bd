import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const env = { SERVER_LEASE_MS: '1000' };
const eventually = { interval: 100 };
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env });
});
afterAll(() => app.close());

const JOURNALS = `{
  persistence { journals { journalId state isOwn host directory depth setApart oldestAgeMs stoppedAt } }
  activeAlerts { name message }
  health { checks { name status detail } }
}`;

/** What an admin sees of one journal, and of those that nobody drains. */
async function seen(journalId: string) {
  const { data } = await app.graphql(JOURNALS);
  const named = (list: { name: string }[], name: string) => list.find((one) => one.name === name);
  return {
    journal: data.persistence.journals.find((one: { journalId: string }) => one.journalId === journalId),
    alert: named(data.activeAlerts, 'journal_abandoned'),
    check: named(data.health.checks, 'journal'),
  };
}

/** The row of a server that was heard of some seconds ago. */
async function otherServer(row: { seen: number; depth: number; stopped?: boolean }): Promise<string> {
  const id = randomUUID();
  await app.sql(
    `insert into echo_journals (journal_id, host, directory, started_at, seen_at, stopped_at, depth, set_apart, oldest_at)
     values ('${id}', 'attic', '/var/echo', now() - interval '1 day', now() - interval '${row.seen} seconds',
       ${row.stopped ? 'now()' : 'null'}, ${row.depth}, 0, ${row.depth > 0 ? 'now()' : 'null'})`,
  );
  return id;
}

const GIVE_UP = `mutation ($id: ID!) { giveUpJournal(journalId: $id) { __typename
  ... on GiveUpJournalSuccess { journal { state } } ... on Error { code message } } }`;

test('each server says that its journal is there, and which one is its own', async () => {
  const other = await startTestApp({ env: { ...env, DATABASE_URL: app.databaseUrl } });
  const journals = async () => (await app.graphql(JOURNALS)).data.persistence.journals;
  try {
    await expect.poll(journals, eventually).toMatchObject([
      { state: 'ALIVE', isOwn: true, depth: 0, oldestAgeMs: null },
      { state: 'ALIVE', isOwn: false, depth: 0 },
    ]);
    const [own] = await journals();
    const id = await readFile(join(own.directory, 'journal.id'), 'utf8');
    expect(own.journalId).toBe(id.trim());
  } finally {
    await other.close();
  }
  // It ended with nothing in it: nobody misses it.
  expect((await journals())[1]).toMatchObject({ state: 'STOPPED', stoppedAt: expect.any(String) });
  const plain = await app.graphql('{ persistence { journals { host } } }', {}, 'ada');
  expect(plain.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
});

test('one that is not heard of any more is told, until it is there again', async () => {
  const id = await otherServer({ seen: 3_600, depth: 2 });
  await expect
    .poll(() => seen(id), eventually)
    .toMatchObject({
      journal: { state: 'GONE', depth: 2, host: 'attic', directory: '/var/echo' },
      alert: {
        message: expect.stringMatching(/^nobody drains attic:\/var\/echo .*2 entries waited in it then/),
      },
      check: {
        status: 'DEGRADED',
        detail: expect.stringContaining('nobody drains 1 journals of other servers'),
      },
    });
  await app.sql(`update echo_journals set seen_at = now() + interval '1 hour' where journal_id = '${id}'`);
  await expect
    .poll(() => seen(id), eventually)
    .toMatchObject({ journal: { state: 'ALIVE' }, alert: undefined, check: { status: 'HEALTHY' } });
  const { data } = await app.graphql(GIVE_UP, { id });
  expect(data.giveUpJournal).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('journalId'),
  });
});

test('one that ended while turns waited in it is told at once, until it is given up', async () => {
  const id = await otherServer({ seen: 1, depth: 1, stopped: true });
  await expect
    .poll(() => seen(id), eventually)
    .toMatchObject({
      journal: { state: 'STOPPED' },
      alert: { message: expect.stringContaining('its server stopped, and 1 entry waited in it') },
    });
  const refused = await app.graphql(GIVE_UP, { id }, 'ada');
  expect(refused.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
  const unknown = await app.graphql(GIVE_UP, { id: randomUUID() });
  expect(unknown.data.giveUpJournal).toMatchObject({ code: 'NOT_FOUND' });
  const nonsense = await app.graphql(GIVE_UP, { id: 'all' });
  expect(nonsense.data.giveUpJournal).toMatchObject({ code: 'BAD_USER_INPUT' });

  const { data } = await app.graphql(GIVE_UP, { id });
  expect(data.giveUpJournal).toMatchObject({ journal: { state: 'GIVEN_UP' } });
  await expect.poll(() => seen(id), eventually).toMatchObject({ alert: undefined });
  await expect
    .poll(() => app.sql(`select detail from echo_audit_log where action = 'journal.waive'`), eventually)
    .toMatchObject([{ detail: { host: 'attic', directory: '/var/echo', depth: 1 } }]);
});
