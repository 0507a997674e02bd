import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { startChildServer } from './support/child-server.ts';
import { startDatabaseProxy } from './support/database-proxy.ts';
import { temporaryFolder } from './support/folders.ts';
import { FROM_TEMPLATE } from './support/harness.ts';
import { startTelegram } from './support/telegram-double.ts';

/** For a test that starts a server three times. */
const LONG_MS = 300_000;
const eventually = { timeout: 200_000, interval: 150 };
/** Is so for a second after somebody asked for what there is not, whatever the database does. */
const RULES = [
  {
    ...{ name: 'asked_in_vain', metric: 'echo_http_requests_total{door="rest",status="404"}' },
    ...{ figure: 'count', comparison: '>=', threshold: 1, stepSeconds: 1 },
  },
];
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function run(database: string, text: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', database) });
  await client.connect();
  const { rows } = await client.query(text).finally(() => client.end());
  return rows;
}

test(
  'a server that is killed between an alert and its message sends each once after it is started again, also without its database',
  async () => {
    const name = `t_${randomUUID().replaceAll('-', '')}`;
    await run('postgres', `create database ${name} ${FROM_TEMPLATE}`);
    closing.push(() => run('postgres', `drop database if exists ${name} with (force)`));
    const onDatabase = (text: string) => run(name, text);
    const telegram = await startTelegram();
    closing.push(() => telegram.close());
    const proxy = await startDatabaseProxy();
    closing.push(() => proxy.close());
    const directory = temporaryFolder('alerts');
    const env = {
      ...telegram.env,
      DATABASE_URL: await proxy.route(inject('databaseUrl').replace('NAME', name)),
      ...{ ALERT_RULES: JSON.stringify(RULES), LOG_LEVEL: 'info', ACK_DEADLINE_MS: '1000' },
    };
    let server = await startChildServer(directory, env);
    closing.push(async () => {
      server.signal('SIGKILL');
      await server.exited;
    });
    const killed = async () => {
      server.signal('SIGKILL');
      await server.exited;
    };
    const asked = (words: string) => telegram.asked.filter(({ text }) => text.startsWith(words)).length;

    const askInVain = () => fetch(`${server.url}/api/echo/nothing`);
    const active = async () =>
      (await server.graphql('{ activeAlerts { name } }')).data.activeAlerts.map(
        (alert: { name: string }) => alert.name,
      );

    // It is on its way, and never answered.
    telegram.answers(null);
    await askInVain();
    await expect.poll(() => asked('WARNING: asked in vain'), eventually).toBe(1);
    await killed();
    telegram.answers({ ok: true });
    server = await startChildServer(directory, env);
    await expect.poll(() => telegram.taken('WARNING: asked in vain').length, eventually).toBe(1);
    // What was sent, and not noted, would come again.
    const waiting = () =>
      onDatabase(`select from echo_deliveries where kind = 'alert.raised' and status = 'PENDING'`);
    await expect.poll(waiting, eventually).toEqual([]);
    await onDatabase(`update echo_alerts set resolved_at = resolved_at - interval '1 hour'`);

    // The same while nobody can store it: the first message hangs, and the other waits for it.
    telegram.answers(null);
    await proxy.refuse();
    const turn = 'mutation { recordTurns(input: { turns: [{ query: "Hello" }] }) { __typename } }';
    await server.graphql(turn);
    await expect.poll(() => asked('CRITICAL: database down'), eventually).toBeGreaterThan(0);
    await askInVain();
    await expect.poll(active, eventually).toContain('asked_in_vain');
    // What is in the journal stands behind the alert there.
    await server.graphql(turn);
    await killed();
    telegram.answers({ ok: true });
    server = await startChildServer(directory, env);
    await expect.poll(() => telegram.taken('CRITICAL: database down').length, eventually).toBe(1);
    await expect.poll(() => telegram.taken('WARNING: asked in vain').length, eventually).toBe(2);
    await proxy.restore();
    await expect.poll(() => telegram.taken('OVER: database down').length, eventually).toBe(1);
    const stored = () =>
      onDatabase(`select a.status, a.told, (select string_agg(c.kind, ' ' order by c.id) from echo_alert_changes c where c.alert = a.id) as changes
        from echo_alerts a where a.name = 'database_down'`);
    await expect
      .poll(stored, eventually)
      .toEqual([{ status: 'RESOLVED', told: ['telegram'], changes: 'RAISED RESOLVED' }]);
    expect(telegram.taken('CRITICAL: database down')).toHaveLength(1);
    expect(telegram.taken('WARNING: asked in vain')).toHaveLength(2);
  },
  LONG_MS,
);
