import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  __typename ... on Error { code message } ... on RecordTurnsSuccess { durability } } }`;
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  __typename ... on Error { code message } ... on ProcessQuerySuccess { durability } } }`;
const TURNS = 'echo_unified_interactions';

let app: TestApp;
let number = 0;

const record = async (query: string) =>
  app.graphql(RECORD, {
    input: { conversationId: `faults ${query}`, turns: [{ query, idempotencyKey: query }] },
  });
const ask = async (query: string) =>
  app.graphql(ASK, { input: { conversationId: `asked ${query}`, query, idempotencyKey: query } });

async function databaseCheck() {
  const { data } = await app.graphql('{ health { status checks { name status detail } } }');
  return data.health.checks.find(({ name }: { name: string }) => name === 'database');
}

/** Waits until the database has all turns, and health says that all is well with it. */
async function recovers(queries: readonly string[]) {
  const state = async () => ({
    stored: (await app.sql(`select query from ${TURNS} where query = any ($1) order by query`, [queries]))
      .length,
    database: (await databaseCheck()).status,
  });
  await expect.poll(state).toEqual({ stored: queries.length, database: 'HEALTHY' });
}

/** Lets turns in by the journal, which health says, and stores them once the fault is mended. */
async function survives(mend: () => Promise<unknown>) {
  const [one, two, three] = [`one ${++number}`, `two ${number}`, `three ${number}`];
  for (const send of [() => record(one), () => ask(two), () => record(three)]) {
    const { data, errors } = await send();
    expect(errors).toBeUndefined();
    expect(Object.values(data)[0]).toMatchObject({ durability: 'JOURNALED' });
  }
  await expect.poll(async () => (await databaseCheck()).status).toBe('DEGRADED');
  await mend();
  await recovers([one, two, three]);
  await expect
    .poll(async () => (await record(`after ${number}`)).data.recordTurns.durability)
    .toBe('COMMITTED');
}

const failWith = (code: string) => `create or replace function fail() returns trigger language plpgsql as
  $$ begin raise exception 'made to fail' using errcode = '${code}'; end $$`;

describe('a database that answers and fails', () => {
  beforeAll(async () => {
    app = await startTestApp({ env: { ACK_DEADLINE_MS: '200', CANARY_INTERVAL_MS: '0' }, patienceMs: 0 });
  });
  afterAll(() => app.close());
  afterEach(() => app.sql(`drop trigger if exists fail on ${TURNS}`));

  test.each([
    'disk full: 53100',
    'out of memory: 53200',
    'read-only: 25006',
    'input or output: 58030',
    'damaged: XX001',
    'deadlock: 40P01',
    'not serializable: 40001',
    'lock not available: 55P03',
    'cancelled: 57014',
    'no such table: 42P01',
    'no right: 42501',
  ])('%s', async (fault) => {
    await app.sql(failWith(fault.slice(-5)));
    await app.sql(`create trigger fail before insert on ${TURNS} execute function fail()`);
    await survives(() => app.sql(`drop trigger fail on ${TURNS}`));
  });

  test.each(['40001', '53100', '58030'])('%s at the commit', async (code) => {
    await app.sql(failWith(code));
    await app.sql(
      `create constraint trigger fail after insert on ${TURNS} initially deferred for each row execute function fail()`,
    );
    await survives(() => app.sql(`drop trigger fail on ${TURNS}`));
  });

  test('the table of turns has another name', async () => {
    await app.sql(`alter table ${TURNS} rename to elsewhere`);
    await survives(() => app.sql(`alter table elsewhere rename to ${TURNS}`));
  });

  test('the table of turns is locked', async () => {
    const locker = new pg.Client({ connectionString: app.databaseUrl });
    await locker.connect();
    await locker.query(`begin; lock table ${TURNS} in access exclusive mode`);
    await survives(() => locker.end());
  });

  test('every statement is cancelled, the looks at the database as well', async () => {
    const name = `cancelled ${++number}`;
    const cancelling = setInterval(
      () =>
        void app
          .sql(
            `select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'echo-brain' and datname = current_database()`,
          )
          .catch(() => undefined),
      5,
    );
    for (const _round of [1, 2, 3, 4, 5]) {
      const { data } = await record(name);
      expect(data.recordTurns.__typename).toBe('RecordTurnsSuccess');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    clearInterval(cancelling);
    await recovers([name]);
  });
});

describe('a database without a free connection, which does not say its timeline', () => {
  const role = 'few_connections';

  beforeAll(async () => {
    app = await startTestApp({
      env: { ACK_DEADLINE_MS: '200', CANARY_INTERVAL_MS: '0' },
      patienceMs: 0,
      route: async (databaseUrl) => {
        const client = new pg.Client({ connectionString: databaseUrl });
        await client.connect();
        await client.query(`drop role if exists ${role}; create role ${role} login;
          do $$ begin execute format('grant create on database %I to ${role}', current_database()); end $$;
          grant all on schema public, drizzle to ${role};
          grant all on all tables in schema public, drizzle to ${role};
          grant all on all sequences in schema public, drizzle to ${role};
          -- Some services keep their log to themselves: no server may need it to start.
          revoke execute on function pg_current_wal_lsn(), pg_walfile_name(pg_lsn) from public`);
        await client.end();
        return databaseUrl.replace(/\/\/[^@]*@/, `//${role}@`);
      },
    });
  });
  afterAll(async () => {
    await app.sql(`alter role ${role} nologin`);
    await app.close();
  });

  test('its look goes on over a connection of its own, and nothing is lost', async () => {
    const looks = `select 1 from pg_stat_activity where usename = '${role}' and query like 'select 1'`;
    await expect.poll(async () => (await app.sql(looks)).length).toBe(1);
    await app.sql(`alter role ${role} connection limit 1`);
    await app.sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'
      and query not like 'select 1'`);
    await survives(() => app.sql(`alter role ${role} connection limit -1`));
  });
});
