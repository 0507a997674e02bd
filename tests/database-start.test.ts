import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { createDatabase, type Database } from '../src/db/client.ts';
import { runMigrations } from '../src/db/migrate.ts';
import { createLogger } from '../src/log.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { temporaryFolder } from './support/folders.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
let proxy: DatabaseProxy;

beforeAll(async () => {
  proxy = await startDatabaseProxy();
  app = await startTestApp({ route: proxy.route, patienceMs: 0 });
});
afterAll(async () => {
  await proxy.restore();
  await app.close();
  await proxy.close();
});

/** What an operator reads when the server does not start. */
async function refusal(databaseUrl: string, migrate = true): Promise<string> {
  const directory = temporaryFolder('start');
  const config = readConfig(
    { DATABASE_URL: databaseUrl, DATA_DIR: directory, LOG_LEVEL: 'silent' },
    directory,
  );
  const started = createApp(config, createLogger('silent'), { migrate });
  const error = await started.then(
    () => new Error('it started'),
    (problem: Error) => problem,
  );
  expect(error.name).toBe('StartupError');
  expect(error.message).not.toContain('\n');
  return error.message;
}

const as = (role: string) => app.databaseUrl.replace(/\/\/[^@]*@/, `//${role}@`);

test('a database that does not exist, a role that does not, and one that may do nothing', async () => {
  await app.sql('drop role if exists "may nothing"');
  await app.sql('create role "may nothing" login');
  expect(await refusal(app.databaseUrl.replace(/\/t_\w+/, '/nowhere'))).toMatch(
    /"nowhere".*does not exist; create it/,
  );
  expect(await refusal(as('nobody'))).toMatch(/does not let "nobody" in/);
  expect(await refusal(as('may%20nothing'))).toMatch(/forbids "may nothing".*grant CREATE/);
  await app.sql('drop role "may nothing"');
});

test.each([true, false])('a database of a newer version, with migrations allowed: %s', async (migrate) => {
  await app.sql(
    `insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 9999999999999)`,
  );
  expect(await refusal(app.databaseUrl, migrate)).toMatch(/newer version.*1 migration/);
  await app.sql(`delete from drizzle.__drizzle_migrations where hash = 'of tomorrow'`);
});

test.each(['/api/echo/conversations', '/api/echo/conversation/one', '/api/echo/stats'])(
  'GET %s says 503 while the database is away, and when to come again',
  async (path) => {
    await proxy.refuse();
    const response = await fetch(`${app.url}${path}`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining('does not answer'),
      error_code: 'SERVICE_UNAVAILABLE',
      timestamp: expect.any(String),
    });
    expect((await fetch(`${app.url}/api/echo/health`)).status).toBe(200);
    await proxy.restore();
    await expect.poll(async () => (await fetch(`${app.url}${path}`)).status).not.toBe(503);
  },
);

test('no row of the older door fails with 500 while the database is away', async () => {
  const { paths } = await (await fetch(`${app.url}/openapi.json`)).json();
  const rows = Object.keys(paths).filter((path) => paths[path].get && !path.includes('{'));
  expect(rows.length).toBeGreaterThan(20);
  await proxy.refuse();
  const [statuses, waits] = [new Set<number>(), new Set<string | null>()];
  for (const path of rows) {
    const response = await fetch(`${app.url}${path}?q=words&question=words`);
    statuses.add(response.status);
    if (response.status === 503) waits.add(response.headers.get('retry-after'));
  }
  await proxy.restore();
  expect([...statuses].sort()).toEqual([200, 503]);
  expect([...waits]).toEqual(['1']);
  await expect.poll(async () => (await fetch(`${app.url}/api/echo/stats`)).status).toBe(200);
});

test('GET says 503, too, while the database answers and cannot', async () => {
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  await locker.query('begin; lock table echo_conversations in access exclusive mode');
  const cancelling = setInterval(
    () =>
      void app
        .sql(
          `select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'echo-brain' and wait_event_type = 'Lock' and datname = current_database()`,
        )
        .catch(() => undefined),
    50,
  );
  const response = await fetch(`${app.url}/api/echo/conversations`);
  clearInterval(cancelling);
  await locker.end();
  expect(response.status).toBe(503);
});

test('a start leaves no lock where sessions go on without it, as behind a pooler', async () => {
  // Whoever waits, and whoever holds the lock meanwhile, has no deadline, whatever their role has.
  const role = 'has_deadlines';
  await app.sql(`drop role if exists ${role}`);
  await app.sql(
    `create role ${role} superuser login; alter role ${role} set idle_in_transaction_session_timeout = 300; alter role ${role} set statement_timeout = 300`,
  );
  const database = createDatabase({
    connection: { connectionString: as(role) },
    ...{ log: createLogger('silent'), slowQueryMs: 60_000, echo: false },
  });
  const ends: (() => Promise<void>)[] = [];
  const pooled: Database = {
    ...database,
    dedicated: async () => {
      const client = await database.dedicated();
      ends.push(client.end.bind(client));
      client.end = async () => undefined;
      return client;
    },
  };
  const other = new pg.Client({ connectionString: app.databaseUrl });
  await other.connect();
  await other.query(`select pg_advisory_lock(${0x6563_686f})`);
  const migrated = runMigrations(pooled);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await other.end();
  await migrated;
  expect(ends.length).toBeGreaterThan(0);
  const locks = `select objid from pg_locks where locktype = 'advisory' and objid = ${0x6563_686f}
    and database = (select oid from pg_database where datname = current_database())`;
  expect(await app.sql(locks)).toEqual([]);
  for (const end of ends) await end();
  await database.close();
  await app.sql(`drop role ${role}`);
});
