import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recoveryProgress, untilHung } from '../src/db/embedded/hang.ts';
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../src/db/embedded.ts';

const isRoot = process.geteuid?.() === 0;
const isLinux = process.platform === 'linux';

/** A database as it was created, and has never been used since. */
let created: string;
let parent: string;
let directory: string;
let logged: string;
const servers: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
const keep = (line: string) => {
  logged += line;
};
const log = pino({ level: 'trace' }, { write: keep });

beforeAll(async () => {
  created = await mkdtemp(join(await realpath(tmpdir()), 'echo-brain-test-'));
  await (await startEmbeddedPostgres({ directory: join(created, 'postgres'), log })).stop();
});
afterAll(() => rm(created, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

beforeEach(async () => {
  parent = await mkdtemp(join(await realpath(tmpdir()), 'echo-brain-test-'));
  directory = join(parent, 'postgres');
  logged = '';
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

describe('the embedded database', () => {
  it('is created once, keeps its data over a restart, and stops', async () => {
    const first = await start({}, false);
    const pid = pidOf(first);
    await writeTurn(first, 'kept');
    await first.stop();
    await first.stop();
    expect(first.pid).toBeNull();
    expect(isAlive(pid)).toBe(false);

    const second = await start();
    expect(await readTurns(second)).toEqual(['kept']);
    expect(second.connection).toEqual({
      host: directory,
      port: 5432,
      user: 'echo_brain',
      database: 'echo_brain',
    });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('is durable, checksummed and listens to nobody else', async () => {
    const server = await start();
    const settings = await query(
      server,
      `SELECT name, setting FROM pg_settings WHERE name IN
       ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses', 'TimeZone')`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '',
      TimeZone: 'UTC',
    });
  });

  it('knows letters, case and order of Unicode', async () => {
    const server = await start();
    const [row] = await query(
      server,
      `SELECT to_tsvector('simple', '“Élan”—ÜBER, Привет!')::text AS words, 'ÜBER' ILIKE 'über' AS same,
              (SELECT string_agg(x, ' ' ORDER BY x) FROM unnest(ARRAY['日', 'é', 'z', 'A']) x) AS ordered`,
    );
    expect(row).toEqual({ words: "'élan':1 'über':2 'привет':3", same: true, ordered: 'A z é 日' });
  });

  it('is restarted when it is killed, on the same path', async () => {
    const events: string[] = [];
    const up = Promise.withResolvers<void>();
    const server = await start({ onDown: (reason) => events.push(reason), onUp: up.resolve });
    await writeTurn(server, 'committed');
    const before = pidOf(server);
    process.kill(before, 'SIGKILL');
    await up.promise;
    expect(events).toEqual(['it was killed by SIGKILL']);
    expect(pidOf(server)).not.toBe(before);
    expect(await readTurns(server)).toEqual(['committed']);
  });

  it.runIf(isLinux)('is restarted even if a session outlives it and holds its memory', async () => {
    const up = Promise.withResolvers<void>();
    const server = await start({ onUp: up.resolve });
    const client = new pg.Client(server.connection);
    const lost = once(client, 'error');
    await client.connect();
    const session = Number((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
    try {
      process.kill(session, 'SIGSTOP');
      process.kill(pidOf(server), 'SIGKILL');
      await up.promise;
      await lost;
      expect(await readTurns(server)).toEqual([]);
    } finally {
      if (isAlive(session)) process.kill(session, 'SIGKILL');
    }
  });

  it('is restarted when it hangs', async () => {
    const events: string[] = [];
    const up = Promise.withResolvers<void>();
    const server = await start({
      hangLimitMs: 4_000,
      onDown: (reason) => events.push(reason),
      onUp: up.resolve,
    });
    await writeTurn(server, 'committed');
    const before = pidOf(server);
    process.kill(before, 'SIGSTOP');
    await up.promise;
    expect(events).toEqual([expect.stringMatching(/^it has not answered for \d+ s/)]);
    expect(isAlive(before)).toBe(false);
    expect(logged).toContain('the embedded database hangs; restarting it');
    expect(await readTurns(server)).toEqual(['committed']);
  });

  it.runIf(isLinux)(
    'is restarted when its recovery never ends',
    async () => {
      const events: string[] = [];
      const up = Promise.withResolvers<void>();
      const server = await start({
        hangLimitMs: 4_000,
        onDown: (reason) => events.push(reason),
        onUp: up.resolve,
      });
      await writeTurn(server, 'committed');
      const postmaster = pidOf(server);
      await interruptRecovery(server, postmaster);
      await up.promise;
      expect(events).toHaveLength(1);
      expect(pidOf(server)).not.toBe(postmaster);
      expect(await readTurns(server)).toEqual(['committed']);
    },
    60_000,
  );

  it('stops while it hangs', async () => {
    const server = await start({ hangLimitMs: 2_000 });
    const before = pidOf(server);
    process.kill(before, 'SIGSTOP');
    await expect.poll(() => logged.includes('hangs; restarting')).toBe(true);
    await server.stop();
    expect(isAlive(before)).toBe(false);
    expect(server.pid).toBeNull();
  });

  it.runIf(isLinux)('shows how far the processes of a recovery are', async () => {
    const server = await start();
    const before = await recoveryProgress(pidOf(server));
    expect(before).not.toBeNull();
    await query(server, 'CREATE TABLE large AS SELECT generate_series(1, 100000)');
    await query(server, 'CHECKPOINT');
    expect(await recoveryProgress(pidOf(server))).not.toBe(before);
    expect(await recoveryProgress(process.pid)).toBeNull();
  });

  it('goes on after a listener failed', async () => {
    const up = Promise.withResolvers<void>();
    const fail = () => {
      throw new Error('planted');
    };
    const server = await start({ onDown: fail, onUp: up.resolve });
    process.kill(pidOf(server), 'SIGKILL');
    await up.promise;
    expect(await readTurns(server)).toEqual([]);
  });

  it('stays down when it is stopped while it waits for a restart', async () => {
    const down = Promise.withResolvers<void>();
    const server = await start({ onDown: () => down.resolve() });
    process.kill(pidOf(server), 'SIGKILL');
    await down.promise;
    expect(server.pid).toBeNull();
    await server.stop();
    await delay(400);
    expect(server.pid).toBeNull();
    expect(existsSync(join(directory, '.s.PGSQL.5432')) && (await answers(server))).toBe(false);
  });

  it('ends what a killed server left running, and keeps what that had committed', async () => {
    const module = new URL('../src/db/embedded.ts', import.meta.url).href;
    const script = `
      import { pino } from ${JSON.stringify(import.meta.resolve('pino'))};
      const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
      const server = await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)}, log: pino({ level: 'silent' }) });
      console.log(server.pid);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [line] = await once(child.stdout, 'data');
    const leftover = Number(String(line));
    await writeTurn({ connection: connectionIn(directory) }, 'committed');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(leftover)).toBe(true);

    const server = await start();
    expect(pidOf(server)).not.toBe(leftover);
    expect(logged).toContain('an earlier server left running');
    expect(await readTurns(server)).toEqual(['committed']);
  });

  it('is not stopped by a pid file that names another living process, nor stops that', async () => {
    await (await start()).stop();
    // Of the user of PostgreSQL, or that would itself see that it cannot be one of its own.
    const { uid, gid } = await stat(directory);
    const bystander = spawn('sleep', ['60'], { uid, gid });
    children.push(bystander);
    await writeFile(join(directory, 'postmaster.pid'), `${bystander.pid}\n${directory}\n0\n5432\n`);
    const server = await start();
    expect(await readTurns(server)).toEqual([]);
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
  });

  it('works below a path that is too long for a socket, and removes its link', async () => {
    directory = join(parent, 'x'.repeat(120), 'postgres');
    const server = await start();
    expect(Buffer.byteLength(server.connection.host)).toBeLessThan(90);
    expect((await stat(dirname(server.connection.host))).mode & 0o777).toBe(0o700);
    await writeTurn(server, 'far away');
    expect(await readTurns(server)).toEqual(['far away']);
    await server.stop();
    expect(existsSync(dirname(server.connection.host))).toBe(false);
  });

  it('removes what an interrupted creation left', async () => {
    await mkdir(`${directory}.initializing-abc`);
    await writeFile(join(`${directory}.initializing-abc`, 'PG_VERSION'), '18\n');
    await start({}, false);
    expect(await readdir(parent)).toEqual(['postgres']);
  });

  it('repairs the mode that a volume driver gave to its directory', async () => {
    await (await start()).stop();
    await chmod(directory, 0o770);
    expect(await readTurns(await start())).toEqual([]);
  });

  it('refuses a directory that holds something else', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'thesis.txt'), 'years of work');
    const refusal = await start().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(EmbeddedPostgresError);
    expect(String(refusal)).toMatch(/thesis\.txt.*DATA_DIR/);
    expect(await readdir(directory)).toEqual(['thesis.txt']);
  });

  it('refuses a database of another version', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'PG_VERSION'), '16\n');
    await expect(start()).rejects.toThrow(/made by PostgreSQL 16.*npm run upgrade-database.*DATABASE_URL/);
  });

  it('says what PostgreSQL said when its files are damaged', async () => {
    await (await start()).stop();
    await writeFile(join(directory, 'global/pg_control'), 'nonsense');
    await expect(start()).rejects.toThrow(/did not start.*pg_control.*DATA_DIR/);
  });

  it('never logs what users wrote', async () => {
    const server = await start();
    await writeTurn(server, 'my secret');
    await expect(writeTurn(server, 'my secret')).rejects.toThrow(/duplicate key/);
    await expect(query(server, `SELECT 'my secret'::int`)).rejects.toThrow(/my secret/);
    await server.stop();
    expect(logged).toContain('PostgreSQL: database system is ready');
    expect(logged).not.toContain('my secret');
  });

  it.runIf(isRoot && isLinux)('works for root below a directory that only root can enter', async () => {
    await chmod(parent, 0o700);
    const server = await start({}, false);
    expect(await readTurns(server)).toEqual([]);
    expect((await stat(directory)).uid).not.toBe(0);
  });

  it.runIf(isRoot && isLinux)('takes a directory back that was restored by root', async () => {
    const server = await start();
    await writeTurn(server, 'restored');
    await server.stop();
    const restored = spawn('chown', ['-R', '0:0', directory]);
    await once(restored, 'exit');
    expect(await readTurns(await start())).toEqual(['restored']);
  });

  it.skipIf(isRoot)("names the owner of somebody else's directory", async () => {
    directory = '/usr';
    await expect(start({}, false)).rejects.toThrow(/"\/usr": it belongs to uid 0.*DATA_DIR/);
  });

  it.skipIf(isRoot)('says where access ends', async () => {
    await mkdir(join(parent, 'closed'), { mode: 0o000 });
    directory = join(parent, 'closed/postgres');
    await expect(start({}, false)).rejects.toThrow(/may not use ".*closed".*DATA_DIR/);
  });
});

describe('the look for a hang', () => {
  const silent = async () => new Error('no answer');
  const shortly = { limitMs: 40, signal: new AbortController().signal };

  it('ends when there is neither an answer nor progress', async () => {
    const reason = await untilHung({ ...shortly, probe: silent, progress: async () => 'as before' });
    expect(reason).toMatch(/not answered.*no answer/);
    expect(await untilHung({ ...shortly, probe: silent, progress: async () => null })).not.toBeNull();
  });

  it('leaves alone what recovers, however long, and what answers', async () => {
    for (const signs of [
      { answers: false, moves: true },
      { answers: true, moves: false },
    ]) {
      let looks = 0;
      const enough = new AbortController();
      const probe = async () => {
        if (++looks === 30) enough.abort();
        return signs.answers ? null : new Error('no answer');
      };
      const progress = async () => (signs.moves ? String(looks) : null);
      expect(await untilHung({ probe, progress, limitMs: 40, signal: enough.signal })).toBeNull();
      expect(looks).toBe(30);
    }
  });
});

/** @param isCreated true: a copy of one that was created before is started, which takes a fraction of the time */
async function start(
  hooks: Pick<EmbeddedPostgresOptions, 'onDown' | 'onUp' | 'hangLimitMs'> = {},
  isCreated = true,
): Promise<EmbeddedPostgres> {
  if (isCreated && !existsSync(directory))
    await cp(join(created, 'postgres'), directory, { recursive: true });
  const server = await startEmbeddedPostgres({ directory, log, ...hooks });
  servers.push(server);
  return server;
}

type Reachable = Pick<EmbeddedPostgres, 'connection'>;

function connectionIn(host: string) {
  return { host, port: 5432, user: 'echo_brain', database: 'echo_brain' };
}

async function query({ connection }: Reachable, sql: string, values: unknown[] = []) {
  const client = new pg.Client(connection);
  client.on('error', (error) => log.debug({ err: error }, 'lost'));
  try {
    await client.connect();
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** A session is killed, so that everything recovers; then the process that recovers. */
async function interruptRecovery({ connection }: Reachable, postmaster: number): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', (error) => log.debug({ err: error }, 'lost'));
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  process.kill(rows[0].pid, 'SIGKILL');
  for (let startup: number | undefined; startup === undefined; await delay(1)) {
    startup = findChild(postmaster, /\bstartup\b/);
    if (startup !== undefined) process.kill(startup, 'SIGKILL');
  }
}

function findChild(parentPid: number, title: RegExp): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .find((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, ppid] = status.slice(status.lastIndexOf(')') + 2).split(' ');
        return Number(ppid) === parentPid && title.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        return false;
      }
    });
}

async function writeTurn(server: Reachable, text: string): Promise<void> {
  await query(server, 'CREATE TABLE IF NOT EXISTS turns (text text PRIMARY KEY)');
  await query(server, 'INSERT INTO turns VALUES ($1)', [text]);
}

async function readTurns(server: Reachable): Promise<string[]> {
  await query(server, 'CREATE TABLE IF NOT EXISTS turns (text text PRIMARY KEY)');
  return (await query(server, 'SELECT text FROM turns')).map(({ text }) => text);
}

async function answers(server: Reachable): Promise<boolean> {
  return query(server, 'SELECT 1').then(
    () => true,
    () => false,
  );
}

function pidOf(server: EmbeddedPostgres): number {
  if (server.pid === null) throw new Error('the embedded database is down');
  return server.pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
    return false;
  }
}
