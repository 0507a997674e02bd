import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { BARE_ENV } from './support/child-server.ts';
import { FROM_TEMPLATE } from './support/harness.ts';

const MAIN = join(import.meta.dirname, '../scripts/start.ts');
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let directory: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-start-'));
  await chmod(directory, 0o755);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** Starts the server as an operator would, in an empty directory. */
function start(env: Record<string, string>, options: { uid?: number; args?: string[] } = {}) {
  const { uid, args = [] } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: directory,
    env: { ...BARE_ENV, HOME: directory, PORT: '0', DATA_DIR: join(directory, 'data'), ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    /** The URL, once it listens. */
    async listening(): Promise<string> {
      const url = () => /"url":"(http:[^"]+)"/.exec(stdout)?.[1];
      await expect
        .poll(
          () => {
            if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stderr}`);
            return url();
          },
          { timeout: 60_000, interval: 150 },
        )
        .toBeDefined();
      return url() ?? '';
    },
  };
}

/** Expects a start to fail with one block for the operator that names a setting. */
async function expectRefusal(server: ReturnType<typeof start>, message: RegExp, lines = 1): Promise<void> {
  const { code, stderr } = await server.ended;
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at |node:internal|Warning/);
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(lines);
  expect(code).toBe(1);
}

const database = `start_${process.pid}`;
const testDatabase = () => inject('databaseUrl').replace('NAME', database);
beforeAll(() => onServer(`create database ${database} ${FROM_TEMPLATE}`));
afterAll(() => onServer(`drop database ${database} with (force)`));

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

describe('a start is refused, in one block that names the setting, when', () => {
  test('variables are wrong, all of them named', async () => {
    const server = start({ PORT: 'http', LOG_LEVEL: 'loud', HOST: '0.0.0.0' });
    await expectRefusal(server, /- PORT: [\s\S]*- LOG_LEVEL: /, 4);
  });

  test('the host could be reached from outside', async () => {
    await expectRefusal(start({ HOST: '0.0.0.0', AUTH: 'off' }), /- AUTH: .*loopback/, 2);
    await expectRefusal(
      start({ HOST: '0.0.0.0', DATABASE_URL: testDatabase(), LOG_LEVEL: 'silent' }),
      /^AUTH: .*0\.0\.0\.0.*API_KEY.*npm run keys/,
    );
  });

  test('the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expectRefusal(
      start({ PORT: String(port), DATABASE_URL: testDatabase(), LOG_LEVEL: 'silent' }),
      new RegExp(`^PORT: ${port} .*in use`),
    );
    // It was told before anything was made.
    expect(await readdir(directory)).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  test('the host is no address of this machine', async () => {
    const others = { DATABASE_URL: testDatabase(), LOG_LEVEL: 'silent' };
    await expectRefusal(
      start({ ...others, HOST: '256.1.1.1', AUTH: 'required' }),
      /^HOST: "256\.1\.1\.1" is no/,
    );
  });

  test('the database does not answer', async () => {
    await expectRefusal(
      start({ DATABASE_URL: 'postgresql://user:secret-word@127.0.0.1:1/db', LOG_LEVEL: 'silent' }),
      /^DATABASE_URL: (?!.*secret-word).*"db" at 127\.0\.0\.1/,
    );
  });

  test('the database does not exist', async () => {
    const url = inject('databaseUrl').replace('NAME', 'no_such_database');
    await expectRefusal(
      start({ DATABASE_URL: url, LOG_LEVEL: 'silent' }),
      /^DATABASE_URL: .*no_such_database/,
    );
  });

  test('another server works on the data directory', async () => {
    const first = start({ DATABASE_URL: testDatabase() });
    await first.listening();
    await expectRefusal(
      start({ DATABASE_URL: testDatabase(), LOG_LEVEL: 'silent' }),
      /^DATA_DIR: another .* server is running/,
    );
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
  });

  test('the data directory belongs to somebody else', async () => {
    const data = join(directory, 'data');
    await mkdir(data);
    // Root may write everywhere, so there an ordinary user starts the server.
    await chmod(data, isRoot ? 0o755 : 0o555);
    await expectRefusal(
      start({ DATABASE_URL: testDatabase(), LOG_LEVEL: 'silent' }, isRoot ? { uid: NOBODY } : {}),
      /^DATA_DIR: ".*data" cannot be written/,
    );
    expect(await readdir(data)).toEqual([]);
  });

  test('the data directory is a file', async () => {
    await expectRefusal(
      start({ DATABASE_URL: testDatabase(), DATA_DIR: MAIN, LOG_LEVEL: 'silent' }),
      /^DATA_DIR: /,
    );
  });
});

describe('a first start', () => {
  test('makes its database and seeds it; SIGTERM ends both, and nothing is lost', async () => {
    const server = start({});
    const url = await server.listening();
    const ask = async (address: string, query: string) => {
      const response = await fetch(`${address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      return ((await response.json()) as { data: unknown }).data;
    };
    expect(
      await ask(
        url,
        `mutation { processQuery(input: { query: "Tell me about Kai Nakamura", conversationId: "demo" }) {
          ... on ProcessQuerySuccess { interaction { intent confidence modelUsed } } } }`,
      ),
    ).toEqual({
      processQuery: {
        interaction: { intent: 'character_query', confidence: 0.98, modelUsed: 'character_database' },
      },
    });
    const postmaster = Number(
      (await readFile(join(directory, 'data/postgres/postmaster.pid'), 'utf8')).split('\n')[0],
    );
    expect(isRunning(postmaster)).toBe(true);
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
    expect(isRunning(postmaster)).toBe(false);

    const second = start({});
    expect(
      await ask(await second.listening(), '{ conversation(conversationId: "demo") { interactionCount } }'),
    ).toEqual({ conversation: { interactionCount: 1 } });
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
  });

  test('stops although clients keep connections and subscriptions open', async () => {
    const server = start({ DATABASE_URL: testDatabase() });
    const url = await server.listening();
    await (await fetch(`${url}/livez`)).text();
    const stream = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { metrics(intervalMs: 60000) { at } }' }),
    });
    const reading = stream.text().catch(() => 'cut');
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
    await reading;
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
