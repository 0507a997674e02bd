import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BARE_ENV } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const ROOT = join(import.meta.dirname, '..');
let app: TestApp;
let directory: string;
beforeAll(async () => {
  app = await startTestApp();
  directory = await mkdtemp(join(tmpdir(), 'echo-doctor-'));
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the script as npm does. */
function doctor(env: Record<string, string>, ...args: string[]): Promise<{ code: number; text: string }> {
  const given = { ...BARE_ENV, DATA_DIR: join(directory, 'data'), PORT: '0', ...env };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(ROOT, 'scripts', 'doctor.ts'), ...args],
      { cwd: directory, env: given },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );
}

test('a fresh machine has nothing wrong, and nothing is made on it', async () => {
  const { code, text } = await doctor({});
  expect(text).toMatch(/OK +Node\.js: is \d+/);
  expect(text).toMatch(/OK +DATA_DIR: ".*" does not exist yet/);
  expect(text).toMatch(/MiB are free/);
  expect(text).toMatch(/an fsync takes \d+\.\d\d ms/);
  expect(text).toMatch(/does not run; port 0 is free\nnothing is wrong\n$/);
  expect([code, existsSync(join(directory, 'data')), await readdir(directory)]).toEqual([0, false, []]);
});

test('every wrong setting is named', async () => {
  const { code, text } = await doctor({ PORT: 'x', LOG_LEVEL: 'loud' });
  expect(text).toMatch(/WRONG +configuration: PORT: /);
  expect(text).toMatch(/WRONG +configuration: LOG_LEVEL: /);
  expect([code, text.includes('DATA_DIR')]).toEqual([1, false]);
});

test('a server that runs is seen, with its database', async () => {
  await chmod(app.directory, 0o755);
  const { pathname } = new URL(app.databaseUrl);
  await app.sql(`alter database ${pathname.slice(1)} set synchronous_commit = off`);
  const env = { DATA_DIR: app.directory, DATABASE_URL: app.databaseUrl, PORT: new URL(app.url).port };
  const { code, text } = await doctor(env, '--json');
  const findings = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (about: string) => findings.filter((finding) => finding.about === about);
  expect(of('server')).toEqual([{ state: 'OK', about: 'server', seen: `runs at ${app.url}, and is ready` }]);
  expect(of('DATABASE_URL')).toMatchObject([
    { state: 'OK', seen: expect.stringMatching(/^PostgreSQL \d.*UTF8/) },
  ]);
  expect(of('schema')).toEqual([{ state: 'OK', about: 'schema', seen: 'is of this version' }]);
  expect(of('clock')).toMatchObject([{ state: 'OK' }]);
  expect(of('durability')).toMatchObject([
    { state: 'WRONG', seen: 'the database runs with synchronous_commit = off' },
  ]);
  expect(of('DATA_DIR')).toMatchObject([{ state: 'WARNING', advice: `chmod 700 "${app.directory}"` }]);
  expect(code).toBe(1);
  expect((await readdir(app.directory)).filter((name) => name.startsWith('.doctor'))).toEqual([]);
});

test('a database of a newer version, one of another encoding, and one that is away are told', async () => {
  const [{ id }] = (await app.sql<{ id: number }>(
    `insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9999999999999) returning id`,
  )) as [{ id: number }];
  const newer = await doctor({ DATABASE_URL: app.databaseUrl });
  await app.sql('delete from drizzle.__drizzle_migrations where id = $1', [id]);
  expect(newer.text).toMatch(
    /WRONG +schema: it has 1 migrations of a newer version\n +start the newer version/,
  );

  const name = `ascii_${randomUUID().replaceAll('-', '')}`;
  await app.sql(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`);
  const url = new URL(app.databaseUrl);
  url.pathname = `/${name}`;
  const ascii = await doctor({ DATABASE_URL: url.href });
  await app.sql(`drop database ${name} with (force)`);
  expect(ascii.text).toMatch(/WRONG +DATABASE_URL: its encoding is SQL_ASCII/);

  const away = await doctor({ DATABASE_URL: 'postgres://echo@127.0.0.1:1/echo' });
  expect(away.text).toMatch(/WRONG +DATABASE_URL: .*nothing listens there/);
  expect([newer.code, ascii.code, away.code]).toEqual([1, 1, 1]);
});

test('other servers are asked with their keys', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['api-key'] ?? request.headers.authorization}`);
    response.writeHead(request.url === '/v1/models' ? 401 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, text } = await doctor({
    ...{ QDRANT_URL: at, QDRANT_API_KEY: 'of qdrant', EMBEDDINGS: 'local', PORT: new URL(at).port },
    ...{ LLM_BASE_URL: `${at}/v1`, LLM_API_KEY: 'of models', LLM_MODELS: 'quick=m' },
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(asked).toEqual(expect.arrayContaining(['/readyz of qdrant', '/v1/models Bearer of models']));
  expect(text).toMatch(/OK +QDRANT_URL: 127/);
  expect(text).toMatch(/WARNING +LLM_BASE_URL: .* answers 401\n +correct LLM_API_KEY/);
  expect(text).toMatch(/WRONG +EMBEDDINGS: there is no model "minilm" in .*npm run models -- get minilm/);
  // What answers there lives, and is ready: so it looks like one.
  expect(text).toMatch(/OK +server: runs at/);
  expect([code, text]).not.toContain('of models');
});

test('another program on the port is told', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, text } = await doctor({ PORT: String(port) });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(text).toMatch(new RegExp(`WRONG +server: PORT: ${port} on 127.0.0.1 is already in use`));
  expect(code).toBe(1);
});
