import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { createLogger } from '../src/log.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';
import { leave, QUESTION, readFixture } from './support/upgrades/fixture.ts';
import { VERSIONS } from './support/upgrades/versions.ts';
import { blocksOf, pageOf, takeStep } from './support/walk.ts';

const page = await pageOf('operator-walk.md');
const [firstSix = '', seventh = ''] = page.split('## 7.');
const names = ['first', 'restored'].map((name) => `walk_${name}_${randomUUID().replaceAll('-', '')}`);
const urlOf = (name = 'postgres') => inject('databaseUrl').replace('NAME', name);

let directory: string;
let qdrant: Awaited<ReturnType<typeof startQdrantDouble>>;
let mail: SMTPServer;
const mails: string[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-operator-walk-'));
  for (const name of names) await onServer(`create database ${name} encoding 'UTF8' template template0`);
  qdrant = await startQdrantDouble();
  mail = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onData: (stream, _session, done) => {
      void text(stream).then((message) => {
        mails.push(message);
        done();
      });
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(async () => {
  await qdrant.close();
  await new Promise<void>((resolve) => mail.close(() => resolve()));
  for (const name of names) await onServer(`drop database if exists ${name} with (force)`);
  await rm(directory, { recursive: true, force: true });
});

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf() });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function stop(server: ChildServer): Promise<void> {
  server.signal('SIGTERM');
  await server.exited;
}

test('the first day goes as it is printed', { timeout: 300_000 }, async () => {
  const servers: ChildServer[] = [];
  onTestFinished(() => Promise.all(servers.map(stop)).then(() => undefined));
  const put = () => ({
    'postgres://echo:PASSWORD@127.0.0.1:5432/restored': urlOf(names[1]),
    'postgres://echo:PASSWORD@127.0.0.1:5432/echo': urlOf(names[0]),
    'http://127.0.0.1:6333': qdrant.url,
    '127.0.0.1:1025': `127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
    '/mnt/backups': join(directory, 'backups'),
    'http://127.0.0.1:4000': servers[0]?.url ?? '',
    'http://127.0.0.1:4001': servers[1]?.url ?? '',
  });
  let [settings = ''] = blocksOf(firstSix, 'ini');
  for (const [from, to] of Object.entries(put())) settings = settings.replaceAll(from, to || from);
  await writeFile(join(directory, '.env'), `${settings}PORT=0\n`);
  await mkdir(join(directory, 'backups'));
  const start = async (name: string) => {
    servers.push(await startChildServer(join(directory, name), parseEnv(settings) as Record<string, string>));
  };
  let key = '';
  const steps = blocksOf(firstSix, 'sh');
  expect(steps.length).toBe(9);
  for (const step of steps) {
    if (step.includes(':4000') && servers.length === 0) await start('data');
    if (step.includes(':4001')) await start('second');
    const shown = await takeStep(step, { directory, env: { KEY: key }, put });
    key = /again: (echo_\S+)/.exec(shown)?.[1] ?? key;
  }
  expect(mails.join()).toContain('ops@example.org');
  expect(qdrant.requests.length).toBeGreaterThan(0);
});

test('a data directory of before is upgraded as it is printed', { timeout: 300_000 }, async () => {
  const installation = join(directory, 'installed before');
  const data = join(installation, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const postgres = await startEmbeddedPostgres({
    ...{ directory: join(data, 'postgres'), log: createLogger('warn', 2) },
  });
  const { host, port, user, database } = postgres.connection;
  const fixture = await readFixture(VERSIONS[0]);
  const url = `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  await leave(fixture, url, data);
  await postgres.stop();
  const [look = '', verify = ''] = blocksOf(seventh, 'sh');
  const walker = { directory: installation, env: { PORT: '0' }, put: () => ({}) };
  await takeStep(look, walker);
  const server = await startChildServer(data, { MASTER_KEY: 'ab'.repeat(32) });
  onTestFinished(() => stop(server));
  expect(server.logged.join()).toContain('database migrated');
  await takeStep(verify, walker);
  // Also what that version had acknowledged without its database.
  const turns = fixture.answer.turns.nodes.length + fixture.waiting.length;
  expect((await server.graphql(QUESTION)).data.turns.nodes).toHaveLength(turns);
});
