import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHttpSender, type SenderOptions } from '../src/import/client.ts';
import { createProgress } from '../src/import/progress.ts';

type Answer = { status?: number; body: string } | 'hang up';

let directory: string;
let server: Server;
let url: string;
let answers: Answer[];
let requests: { path: string | undefined; headers: IncomingMessage['headers']; body: string }[];
/** What the second answer waits for. */
let held: Promise<void> | null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-import-command-'));
  answers = [];
  requests = [];
  held = null;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', async () => {
      requests.push({ path: request.url, headers: request.headers, body });
      const answer = answers.shift() ?? { body: acknowledge(body) };
      if (answer === 'hang up') return request.socket.destroy();
      if (requests.length === 2) await held;
      response.writeHead(answer.status ?? 200).end(answer.body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

function acknowledge(body: string): string {
  const turns: unknown[] = JSON.parse(body).variables.input?.turns ?? [];
  const interactions = turns.map((_, index) => ({ turnId: String(index) }));
  return JSON.stringify({
    data: { result: { __typename: 'RecordTurnsSuccess', replayed: 0, interactions } },
  });
}

describe('client', () => {
  const operation = { query: 'mutation', variables: { input: { turns: [] } } };
  const refused = (extensions: object): Answer => ({
    body: JSON.stringify({ errors: [{ message: 'not now', extensions }] }),
  });
  const sender = (options: Partial<SenderOptions> = {}) =>
    createHttpSender({ url, apiKey: null, log: pino({ level: 'silent' }), firstDelayMs: 1, ...options });

  test('posts JSON to /graphql with the key as bearer', async () => {
    await sender({ apiKey: 'k-1', url: `${url}/` })(operation);
    expect(requests).toMatchObject([
      { path: '/graphql', headers: { 'content-type': 'application/json', authorization: 'Bearer k-1' } },
    ]);
    expect(JSON.parse(requests[0]!.body)).toEqual(operation);
  });

  test('tries again after a lost connection, HTTP 503 and 429, and what the server calls retryable', async () => {
    answers = [
      'hang up',
      { status: 503, body: 'starting' },
      { status: 429, body: '' },
      refused({ code: 'OVERLOADED', retryable: true, retryAfterMs: 1 }),
      refused({ code: 'RATE_LIMITED' }),
    ];
    expect(await sender()(operation)).toMatchObject({
      data: { result: { __typename: 'RecordTurnsSuccess' } },
    });
    expect(requests.length).toBe(6);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  });

  test('gives up with a clear error', async () => {
    answers = Array(3).fill(refused({ code: 'STORAGE_FULL', retryable: true, retryAfterMs: 0 }));
    await expect(sender({ patienceMs: 0 })(operation)).rejects.toThrow(
      `${url}/graphql did not take the request for 0 s (attempts: 1): STORAGE_FULL: not now`,
    );
    server.close();
    server.closeAllConnections();
    await expect(sender({ patienceMs: 20 })(operation)).rejects.toThrow(/attempts: [2-9]\).*ECONNREFUSED/);
  });

  test('tries what the server fails on three times, and then says so', async () => {
    answers = Array(4).fill(refused({ code: 'INTERNAL', retryable: true, retryAfterMs: 0 }));
    await expect(sender()(operation)).rejects.toThrow('INTERNAL: not now');
    expect(requests.length).toBe(3);
  });

  test('does not try again what would fail again', async () => {
    answers = [refused({ code: 'FORBIDDEN', retryable: false }), { status: 413, body: 'too large' }];
    expect(await sender()(operation)).toMatchObject({ errors: [{ message: 'not now' }] });
    await expect(sender()(operation)).rejects.toThrow(
      /HTTP_413: the answer is not a GraphQL result: "too large"/,
    );
    expect(requests.length).toBe(2);
  });

  test('a stop ends the waiting', async () => {
    answers = Array(3).fill({ status: 503, body: '' });
    const stop = new AbortController();
    // It is told when the waiting begins.
    const tell = () => void setImmediate(() => stop.abort());
    const sending = sender({ firstDelayMs: 15_000, signal: stop.signal, tell })(operation);
    await expect(sending).rejects.toThrow(/\(attempts: 2\): HTTP 503/);
  });
});

test('progress is seen after a second, and then every five, as far as it is by then', () => {
  vi.useFakeTimers();
  try {
    const lines: string[] = [];
    const output = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WriteStream;
    const progress = createProgress(output);
    let done = 0;
    progress.start('checking', 200, () => ({ done, items: done * 10 }));
    for (; done < 100; done += 10) vi.advanceTimersByTime(1_000);
    progress.stop();
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual(['checking: 0 %, 0 turns, 0 turns/s\n', 'checking: 25 %, 500 turns, 83 turns/s\n']);
  } finally {
    vi.useRealTimers();
  }
});

test('a server that is away is told of once for all requests, and again when it is back', async () => {
  answers = Array(16).fill({ status: 503, body: '' });
  const lines: string[] = [];
  const send = createHttpSender({
    ...{ url, apiKey: null, log: pino({ level: 'silent' }), firstDelayMs: 1 },
    tell: (line) => lines.push(line),
  });
  await Promise.all(Array.from({ length: 8 }, () => send({ query: '', variables: {} })));
  expect(lines[0]).toMatch(/^the server does not take a request \(HTTP 503\); trying again for 1\d\d s/);
  expect(lines).toContain('the server takes requests again');
  expect(lines.length).toBeLessThan(8);
});

describe('command', () => {
  const script = join(import.meta.dirname, '../scripts/import.ts');
  const start = (args: readonly string[]) => {
    const env = { ...process.env, DATA_DIR: directory, ECHO_API_KEY: 'k-2', NODE_NO_WARNINGS: '1' };
    const child = spawn(process.execPath, [script, '--url', url, ...args], { env, cwd: directory });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: Number(code), ...output }));
    return { child, output, ended };
  };
  const turnsFile = async (count: number) => {
    const file = join(directory, 'turns.jsonl');
    const lines = Array.from({ length: count }, (_, index) => ({
      conversationId: 'a',
      query: `turn ${index}`,
    }));
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    return file;
  };

  test('imports and reports on stdout', async () => {
    const { code, stdout } = await start([await turnsFile(700), '--user', 'u1']).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /imported as turns\n +turns sent +700\n +stored new +700\n +replayed +0\n +skipped +0\n/,
    );
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer k-2', 'Bearer k-2']);
    expect(JSON.parse(requests[0]!.body).variables.input.userId).toBe('u1');
  });

  test.each([
    ['no file', [], 'FILE is missing'],
    ['an unknown option', ['--what'], "Unknown option '--what'"],
    ['an unknown format', ['FILE', '--format', 'xml'], '"xml" is not a format'],
    ['an address that is none', ['FILE', '--url', 'localhost'], '"localhost" is not an http(s) address'],
    ['a file that does not exist', ['nowhere.jsonl'], '"nowhere.jsonl" does not exist'],
  ])('%s gives the usage on stderr and exit code 2', async (_name, args, problem) => {
    const file = await turnsFile(1);
    const { code, stdout, stderr } = await start(args.map((part) => (part === 'FILE' ? file : part))).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).toContain('usage: npm run import');
  });

  describe('a bad record', () => {
    const badFile = async () => {
      const file = join(directory, 'bad.jsonl');
      const lines = [
        '{"conversationId":"a","query":"x"}',
        '{"conversationId":"a"}',
        '{"conversationId":"a","query":"z"}',
      ];
      await writeFile(file, lines.join('\n'));
      return file;
    };

    test.each([
      ['is left out, and the exit code says so', [], 1],
      ['is no failure with --skip-bad', ['--skip-bad'], 0],
    ])('%s', async (_name, options, expected) => {
      const { code, stdout } = await start([await badFile(), ...options]).ended;
      expect(code).toBe(expected);
      expect(stdout).toContain('line 2: query must be text');
      expect(stdout).toMatch(/stored new +2\n(.*\n)*? +skipped +1\n/);
      const sent = requests.flatMap(({ body }) => JSON.parse(body).variables.input.turns);
      expect(sent.map(({ query }) => query)).toEqual(['x', 'z']);
    });

    test('refuses the file with --strict, before anything is sent', async () => {
      const { code, stderr } = await start([await badFile(), '--strict']).ended;
      expect(code).toBe(1);
      expect(stderr).toContain('line 2: query must be text');
      expect(stderr).toContain('nothing was sent because of 1 bad record; without --strict');
      expect(requests).toEqual([]);
    });

    test('does not keep the next file out, strict or not', async () => {
      const { code } = await start([await badFile(), await turnsFile(2), '--strict']).ended;
      expect(code).toBe(1);
      expect(requests.length).toBe(1);
    });

    test.each([
      [[], 2],
      [['--skip-bad'], 2],
      [['--strict'], 0],
    ])('is the end of a file that breaks off: what is before is stored (%j)', async (options, stored) => {
      const chats = ['a', 'b', 'c'].map((id) => ({
        id,
        current_node: 'n',
        mapping: {
          n: { message: { id, author: { role: 'user' }, content: { parts: ['hi'] } }, parent: 's' },
          s: { message: { author: { role: 'system' }, content: { parts: ['be nice'] } }, parent: null },
        },
      }));
      const file = join(directory, 'cut.json');
      await writeFile(file, JSON.stringify(chats).slice(0, -30));
      const { code, stdout, stderr } = await start([file, ...options]).ended;
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/conversation 3: the file breaks off after element 2, at byte \d+/);
      expect(requests.length).toBe(stored);
      if (stored > 0)
        expect(stdout).toMatch(
          /imported as chatgpt, as far as it goes\n(?:.*\n)*left out: messages of the system 2\n/,
        );
    });

    test('cannot be both refused and left out', async () => {
      const { code, stderr } = await start([await badFile(), '--strict', '--skip-bad']).ended;
      expect(code).toBe(2);
      expect(stderr).toContain('--strict and --skip-bad exclude each other');
    });
  });

  test('Ctrl-C stops after the batch in flight with exit code 130; the next run goes on', async () => {
    const file = await turnsFile(3_000);
    const stopping = Promise.withResolvers<void>();
    held = stopping.promise;
    const { child, output, ended } = start([file]);
    await expect.poll(() => requests.length, { timeout: 60_000 }).toBe(2);
    child.kill('SIGINT');
    await expect.poll(() => output.stderr).toContain('stopping after');
    stopping.resolve();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('stopping after the batch in flight');
    expect(stdout).toContain('run the same command again to go on');
    expect(requests.length).toBe(2);
    const next = await start([file]).ended;
    expect(next.stderr).toContain('going on after 1000 records');
    expect(next.code).toBe(0);
    expect(requests.length).toBe(6);
  });
});
