import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOperatorCommand } from '../src/operator/asking.ts';
import { OperatorDoor } from '../src/operator/door.ts';
import { socketOf } from '../src/operator/socket.ts';
import { BARE_ENV } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';

const ROOT = join(import.meta.dirname, '..');
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
let app: TestApp;
let socket: string;
beforeAll(async () => {
  app = await startTestApp({ realAccess: true, env: { API_KEY: 'key-of-the-operator', MASTER_KEY } });
  socket = join(app.directory, 'operator.sock');
});
afterAll(() => app.close());

/** Runs a script as npm does, beside the server. */
async function run(script: string, args: string[], stdin = '', uid?: number) {
  const child = spawn(process.execPath, [join(ROOT, 'scripts', `${script}.ts`), ...args], {
    // Nothing but the data directory says where the server is.
    env: { ...BARE_ENV, DATA_DIR: app.directory },
    cwd: app.directory,
    ...(uid !== undefined && { uid }),
  });
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: code as number, stdout, stderr };
}

/** Sends bytes to the server's socket. @returns what it answers until it ends */
async function send(bytes: string): Promise<string> {
  const client = connect(socket);
  client.on('error', () => undefined);
  client.write(bytes);
  return text(client).catch(() => '');
}

describe('a command beside the server', () => {
  test('makes a key that opens the door at once, and takes it back', async () => {
    const made = await run('keys', ['create', '--name', 'laptop', '--user', 'ada']);
    expect([made.code, made.stderr]).toEqual([0, '']);
    const key = /echo_\w+_[\w-]{43}/.exec(made.stdout)?.[0] ?? '';
    const me = async () =>
      (
        await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': key },
          body: '{"query":"{ me { userId } }"}',
        })
      ).status;
    expect(await me()).toBe(200);
    expect((await run('keys', ['revoke', key.split('_')[1] ?? ''])).stdout).toContain('revoked');
    expect(await me()).toBe(401);
    const entries = (await operate(app.directory, 'audit', ['export'])).lines.map((line) => JSON.parse(line));
    expect(entries.find(({ action }) => action === 'key.create')).toMatchObject({
      credential: 'command line',
    });
  });

  test('gets its standard input, and tells its exit code', async () => {
    const stored = await run('secrets', ['store', 'SMTP'], 'a long password of many words\n');
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringMatching(/^SMTP {2}version 1 {2}…ords/) });
    expect(await run('secrets', ['delete', 'NONE'])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: 'name: there is no such credential\n' },
    });
    expect((await run('verify', [])).stdout).toBe(
      '{"conversations":0,"turns":0,"damaged":0,"forgotten":0,"setAside":0}\n',
    );
    expect((await run('seed', [])).stdout).toContain('loaded ');
    expect(await run('journal', ['list'])).toMatchObject({ code: 0, stdout: 'nothing is set apart\n' });
  });

  test('lists what programs read, one value a line, without what is secret', async () => {
    const { stdout } = await run('keys', ['create', '--name', 'listed']);
    const key = stdout.trim().split('shown again: ').at(-1) ?? '';
    const listed = (await run('keys', ['list', '--json'])).stdout;
    const rows = listed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toContainEqual(
      expect.objectContaining({ name: 'listed', keyId: key.split('_')[1], revokedAt: null }),
    );
    expect([listed.includes(key), Object.keys(rows[0]).includes('hash')]).toEqual([false, false]);
    expect((await run('schedules', ['list'])).stdout).toBe('the server does nothing by itself\n');
    expect((await run('keys', ['list', '--tenant', 'nobody'])).stdout).toBe(
      'the tenant "nobody" has no keys\n',
    );
    expect((await run('keys', ['list', '--tenant', 'nobody', '--json'])).stdout).toBe('');
    expect((await run('backup', ['list'])).stdout).toMatch(/^no backups are kept in .*backups\n$/);
    expect((await run('tasks', ['list', '--type', 'none'])).stdout).toBe('there are no such tasks\n');
  });

  test('ends without a word when nobody reads on', async () => {
    const child = spawn(process.execPath, [join(ROOT, 'scripts', 'audit.ts'), 'export'], {
      env: { ...BARE_ENV, DATA_DIR: app.directory },
      cwd: app.directory,
    });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('is understood before the server is asked', async () => {
    expect(await run('keys', ['create', '--nam', 'x'])).toMatchObject({ code: 2 });
    expect(await run('tasks', ['list', '--limit', '0'])).toMatchObject({ code: 2 });
  });
});

describe('the socket', () => {
  test('is its user’s alone', async () => {
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    if (process.getuid?.() !== 0) return;
    await chmod(app.directory, 0o755);
    // Where others can reach it, too, they cannot open it.
    const asked = await run('keys', ['list'], '', 65_534);
    await chmod(app.directory, 0o700);
    expect(asked).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('another user runs it'),
    });
  });

  test.each([
    [
      '{"command":"rm","args":[]}\n',
      '"failed":"the server that runs is of another version and has no command',
    ],
    ['{"command":"constructor","args":[]}\n', '"failed":"the server that runs is of another version'],
    ['GET / HTTP/1.1\r\n\r\n', ''],
    ['{"answer":true}\n', ''],
    ['', ''],
  ])('outlasts %j', async (bytes, answer) => {
    const client = connect(socket);
    client.on('error', () => undefined);
    client.end(bytes);
    const told = await text(client).catch(() => '');
    expect(told).toContain(answer);
    expect((await operate(app.directory, 'journal', ['list'])).code).toBe(0);
  });

  test('ends who sends more than any command has', async () => {
    expect(await send('x'.repeat(5_000_000))).toBe('');
    expect((await operate(app.directory, 'journal', ['list'])).code).toBe(0);
  });
});

test('a server that can have no socket serves without one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'echo-operator-'));
  // As on a file system without sockets, nothing can be bound there.
  await mkdir(join(directory, 'operator.sock', 'in the way'), { recursive: true });
  const server = await startTestApp({ env: { DATA_DIR: directory } });
  expect((await server.graphql('{ health { status } }')).errors).toBeUndefined();
  await server.close();
  await rm(directory, { recursive: true });
});

describe('where no server listens', () => {
  const io = { args: ['list'], print: () => undefined, confirmed: async () => true, input: async () => '' };
  const opened = async () => 41;

  test.each(['nothing', 'a socket that a killed server left'])('with %s, parts are opened', async (left) => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-operator-'));
    if (left !== 'nothing') {
      // Its server is gone without a word: nobody listens where the file says so.
      const child = spawn(process.execPath, [
        '-e',
        `require('node:net').createServer().listen(${JSON.stringify(join(directory, 'operator.sock'))}, () => process.kill(process.pid, 'SIGKILL'))`,
      ]);
      await once(child, 'close');
      expect((await stat(join(directory, 'operator.sock'))).isSocket()).toBe(true);
    }
    // biome-ignore lint/suspicious/noExplicitAny: the work is not done
    expect(await runOperatorCommand('journal', io, () => directory, opened as any)).toBe(41);
    // The next server listens there.
    const { log } = app.app.services;
    const door = await OperatorDoor.open(
      join(directory, 'operator.sock'),
      () => Promise.reject(new Error()),
      log,
    );
    await expect(
      // biome-ignore lint/suspicious/noExplicitAny: see above
      runOperatorCommand('journal', io, () => directory, opened as any),
    ).rejects.toThrow(/the log of the server has more/);
    await door.close();
    await rm(directory, { recursive: true });
  });

  test('a server that ends in the middle is told', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-operator-'));
    const server = createServer((connection) => connection.once('data', () => connection.destroy()));
    await new Promise<void>((resolve) => server.listen(join(directory, 'operator.sock'), resolve));
    await expect(
      // biome-ignore lint/suspicious/noExplicitAny: see above
      runOperatorCommand('journal', io, () => directory, opened as any),
    ).rejects.toThrow('the server ended before the command did');
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  test('a path that is too long for a socket is reached from the working directory, or not at all', async () => {
    const deep = join('/', 'a'.repeat(120));
    expect(socketOf(join(deep, 'data'), deep)).toBe(join('data', 'operator.sock'));
    expect(socketOf(join(deep, 'data'), '/')).toBeNull();
  });
});
