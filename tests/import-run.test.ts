import { utimesSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GraphQLResult, Operation } from '../src/import/operations.ts';
import { silentProgress } from '../src/import/progress.ts';
import { formatReport } from '../src/import/report.ts';
import { type ImportOptions, type ImportServices, runImport } from '../src/import/run.ts';

type SentTurn = { query: string; idempotencyKey: string };
type SentInput = { conversationId: string; userId?: string; turns: SentTurn[] };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-import-run-'));
});
afterEach(() => rm(directory, { recursive: true }));

const fixture = (name: string) => join(import.meta.dirname, 'fixtures/import', name);

/** A server in memory that stores a turn once per conversation and idempotency key. */
function createFakeServer() {
  const inputs: SentInput[] = [];
  const stored = new Map<string, SentTurn>();
  const server = {
    inputs,
    characters: [] as unknown[],
    stored,
    bytes: [] as number[],
    /** Called before each `recordTurns`; may throw or answer instead. */
    before: (_call: number, _input: SentInput): GraphQLResult | undefined => undefined,
    send: async (operation: Operation): Promise<GraphQLResult> => {
      if (operation.query.includes('upsertCharacters')) {
        server.characters.push(...(operation.variables.inputs as unknown[]));
        return { data: { result: { __typename: 'UpsertCharactersSuccess' } } };
      }
      if (operation.query.includes('importCharacter')) {
        server.characters.push(operation.variables.input);
        return { data: { result: { __typename: 'UpsertCharacterSuccess', outcome: 'CREATED' } } };
      }
      const input = operation.variables.input as SentInput;
      const instead = server.before(inputs.length + 1, input);
      if (instead) return instead;
      inputs.push(input);
      server.bytes.push(Buffer.byteLength(JSON.stringify(operation)));
      let replayed = 0;
      for (const turn of input.turns) {
        const key = `${input.conversationId}\n${turn.idempotencyKey}`;
        if (stored.has(key)) replayed++;
        else stored.set(key, turn);
      }
      const interactions = input.turns.map((_, index) => ({ turnId: String(index) }));
      return { data: { result: { __typename: 'RecordTurnsSuccess', replayed, interactions } } };
    },
  };
  return server;
}

function run(
  server: ReturnType<typeof createFakeServer>,
  options: Partial<ImportOptions> & { file: string },
  services: Partial<ImportServices> = {},
) {
  const defaults = { format: 'auto', user: null, restart: false, strict: false, dryRun: false } as const;
  return runImport(
    { ...defaults, target: 'http://test', checkpointDirectory: join(directory, 'checkpoints'), ...options },
    { send: server.send, progress: silentProgress, log: pino({ level: 'silent' }), ...services },
  );
}

async function turnsFile(lines: readonly object[], name = 'turns.jsonl'): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return file;
}

const numbered = (count: number, conversationId = 'a') =>
  Array.from({ length: count }, (_, index) => ({ conversationId, query: `turn ${index + 1}` }));
const checkpoints = () => readdir(join(directory, 'checkpoints'));

describe('sending', () => {
  test('neighbouring turns of one conversation go together, at most 500, in the order of the file', async () => {
    const server = createFakeServer();
    const file = await turnsFile([...numbered(1_100), ...numbered(2, 'b'), ...numbered(1, 'c')]);
    const report = await run(server, { file, user: 'u1' });
    expect(
      server.inputs.map(({ conversationId, userId, turns }) => [conversationId, userId, turns.length]),
    ).toEqual([
      ['a', 'u1', 500],
      ['a', 'u1', 500],
      ['a', 'u1', 100],
      ['b', 'u1', 2],
      ['c', 'u1', 1],
    ]);
    const sent = server.inputs.flatMap(({ turns }) => turns.map(({ query }) => query));
    expect(sent.slice(0, 1_100)).toEqual(numbered(1_100).map(({ query }) => query));
    expect(report).toMatchObject({
      outcome: 'finished',
      format: 'turns',
      turnsSent: 1_103,
      storedNew: 1_103,
      replayed: 0,
      conversations: 3,
      badCount: 0,
    });
    expect(await checkpoints()).toEqual([]);
  });

  test('no request body is over 900 KiB, whatever the turns weigh', async () => {
    const server = createFakeServer();
    const lines = Array.from({ length: 60 }, (_, index) => ({
      conversationId: 'a',
      query: `${index} ${'é'.repeat(25_000)}`,
      metadata: { quotes: '"'.repeat(5_000) },
    }));
    const report = await run(server, { file: await turnsFile(lines) });
    expect(report.storedNew).toBe(60);
    expect(Math.max(...server.bytes)).toBeLessThanOrEqual(900 * 1024);
    expect(Math.max(...server.bytes)).toBeGreaterThan(800 * 1024);
  });

  test('a card goes through importCharacter, whole', async () => {
    const server = createFakeServer();
    const report = await run(server, { file: fixture('card-v2.json') });
    const [sent] = server.characters as { content: string; replace: boolean }[];
    expect(sent?.replace).toBe(true);
    expect(JSON.parse(Buffer.from(sent?.content ?? '', 'base64').toString())).toEqual(
      JSON.parse(await readFile(fixture('card-v2.json'), 'utf8')),
    );
    expect(report).toMatchObject({ outcome: 'finished', characters: 1, turnsSent: 0 });
  });

  test('a dry run sends nothing and counts', async () => {
    const server = createFakeServer();
    const report = await run(server, { file: fixture('dialogue.json'), dryRun: true });
    expect(server.inputs).toEqual([]);
    expect(report).toMatchObject({ outcome: 'finished', turnsFound: 4, turnsSent: 0, conversations: 2 });
  });

  test('a file without records is an error', async () => {
    const file = join(directory, 'blank.jsonl');
    await writeFile(file, '\n\n');
    await expect(run(createFakeServer(), { file, format: 'turns' })).rejects.toThrow(/holds nothing/);
  });
});

describe('idempotency', () => {
  test('the same file twice stores nothing twice; a turn said twice is kept twice', async () => {
    const server = createFakeServer();
    const first = await run(server, { file: fixture('turns.jsonl') });
    expect(first).toMatchObject({ storedNew: 5, replayed: 0 });
    const second = await run(server, { file: fixture('turns.jsonl') });
    expect(second).toMatchObject({ turnsSent: 5, storedNew: 0, replayed: 5 });
    expect(server.stored.size).toBe(5);
  });

  test('keys depend on content and ordinal, not on the file, the place in it or the order of fields', async () => {
    const keysOf = async (lines: readonly object[], name: string) => {
      const server = createFakeServer();
      await run(server, { file: await turnsFile(lines, name) });
      return server.inputs.flatMap(({ turns }) => turns.map(({ idempotencyKey }) => idempotencyKey));
    };
    const same = { conversationId: 'a', query: 'same', speaker: 'S' };
    const [one, two, other] = await keysOf([same, same, { ...same, conversationId: 'b' }], 'first');
    const moved = await keysOf(
      [{ conversationId: 'z', query: 'new' }, { speaker: 'S', query: 'same', conversationId: 'a' }, same],
      'second',
    );
    expect(moved.slice(1)).toEqual([one, two]);
    expect(new Set([one, two, other]).size).toBe(3);
    // Another release must make the same keys, or a file imported before it would be stored again.
    expect(one).toBe('import/8b28cc321ddeff4d3da8924dc0a9a74ed38dc9047619fbd8826147d3fdb1990b');
  });
});

describe('bad records', () => {
  test('with --strict everything is reported and nothing is sent', async () => {
    const server = createFakeServer();
    const report = await run(server, { file: fixture('turns-bad.jsonl'), strict: true });
    expect(server.inputs).toEqual([]);
    expect(report).toMatchObject({ outcome: 'invalid', badCount: 16, turnsSent: 0 });
    expect(formatReport(report, 'F')).toContain('line 5: answer is not a known field\n');
    expect(formatReport(report, 'F')).toMatch(/nothing was sent because of 16 bad records; without --strict/);
  });

  test('the others are sent and the skipped are listed', async () => {
    const server = createFakeServer();
    const report = await run(server, { file: fixture('turns-bad.jsonl') });
    expect(server.inputs.flatMap(({ turns }) => turns.map(({ query }) => query))).toEqual([
      'fine',
      'also fine',
    ]);
    expect(report).toMatchObject({ outcome: 'finished', badCount: 16, storedNew: 2 });
  });

  test('the first hundred are listed, the others counted', async () => {
    const file = await turnsFile(Array.from({ length: 150 }, () => ({ conversationId: 'a' })));
    const report = await run(createFakeServer(), { file, format: 'turns' });
    expect(report.bad.length).toBe(100);
    expect(formatReport(report, 'F').split('\n')[100]).toBe('and 50 more bad records');
  });
});

describe('refusals', () => {
  const error = (code: string) => ({
    message: 'turns.3.query: too odd',
    extensions: { code, correlationId: 'c-1' },
  });

  test.each([
    [
      'typed',
      {
        data: {
          result: { __typename: 'InvalidInput', code: 'BAD_USER_INPUT', message: 'turns.3.query: too odd' },
        },
      },
    ],
    ['top-level', { errors: [error('BAD_USER_INPUT')] }],
  ])('a %s error leaves out what it is about, by line, conversation and code', async (_kind, answer) => {
    const server = createFakeServer();
    server.before = (_call, { turns }) =>
      turns.some(({ query }) => query === 'turn 612') ? answer : undefined;
    const file = await turnsFile([...numbered(700), ...numbered(5, 'b')]);
    const report = await run(server, { file });
    expect(report).toMatchObject({ outcome: 'finished', turnsSent: 704, storedNew: 704, refusedCount: 1 });
    expect(formatReport(report, 'F')).toMatch(
      /^line 612 \(conversation a\): the server refused it, BAD_USER_INPUT: turns\.3\.query: too odd/,
    );
    expect(server.inputs.length).toBeLessThan(25);
    expect([...server.stored.keys()].filter((key) => key.startsWith('b')).length).toBe(5);
  });

  test('a conversation that is refused as a whole does not keep the others out', async () => {
    const server = createFakeServer();
    const result = { __typename: 'NotFoundError', code: 'NOT_FOUND', message: 'conversationId: is taken' };
    server.before = (_call, { conversationId }) =>
      conversationId === 'b' ? { data: { result } } : undefined;
    const file = await turnsFile([...numbered(2), ...numbered(30, 'b'), ...numbered(2, 'c')]);
    expect(await run(server, { file })).toMatchObject({ turnsSent: 4, refusedCount: 30, conversations: 2 });
    expect(server.inputs.length).toBe(2);
  });

  test('a server that fails on everything stops the import instead of emptying it', async () => {
    const server = createFakeServer();
    const file = await turnsFile(numbered(400));
    server.before = () => ({
      errors: [{ message: 'Unexpected error', extensions: { code: 'INTERNAL', retryable: false } }],
    });
    await expect(run(server, { file })).rejects.toThrow(/^INTERNAL: Unexpected error/);
    server.before = () => ({ errors: [{ message: 'not yours', extensions: { code: 'FORBIDDEN' } }] });
    await expect(run(server, { file })).rejects.toThrow(/^FORBIDDEN: not yours/);
    expect(server.stored.size).toBe(0);
  });

  test('an acknowledgement of fewer turns than were sent is a failure, and not counted as stored', async () => {
    const server = createFakeServer();
    const result = { __typename: 'RecordTurnsSuccess', replayed: 0, interactions: [{ turnId: '1' }] };
    server.before = () => ({ data: { result } });
    const file = await turnsFile(numbered(2));
    await expect(run(server, { file })).rejects.toThrow(/2 turns were sent and 1 acknowledged/);
  });
});

describe('resuming', () => {
  const failAt = (server: ReturnType<typeof createFakeServer>, failing: number) => {
    server.before = (call) => {
      if (call === failing) throw new Error('connection lost');
      return undefined;
    };
  };

  test('a rerun goes on after the last acknowledged batch and says so; keys are those of a whole run', async () => {
    const file = await turnsFile([...numbered(600), ...numbered(600), ...numbered(10, 'b')]);
    const whole = createFakeServer();
    await run(whole, { file, checkpointDirectory: join(directory, 'other') });

    const server = createFakeServer();
    failAt(server, 3);
    await expect(run(server, { file })).rejects.toThrow('connection lost');
    const [name] = await checkpoints();
    const saved = JSON.parse(await readFile(join(directory, 'checkpoints', name!), 'utf8'));
    expect(saved).toMatchObject({ recordsDone: 1_000 });

    failAt(server, -1);
    const notes: string[] = [];
    const progress = { ...silentProgress, note: (line: string) => notes.push(line) };
    const report = await run(server, { file }, { progress });
    expect(notes).toEqual([expect.stringContaining('going on after 1000 records')]);
    expect(report).toMatchObject({ resumedAfter: 1_000, turnsSent: 210, replayed: 0 });
    expect(formatReport(report, 'F')).toContain('after the 1000 records that an earlier run had stored');
    expect([...server.stored.keys()]).toEqual([...whole.stored.keys()]);
    expect(await checkpoints()).toEqual([]);
  });

  test('bad records count for the place in the file', async () => {
    const file = await turnsFile([{}, ...numbered(500), {}, ...numbered(3, 'b')]);
    const server = createFakeServer();
    failAt(server, 2);
    await expect(run(server, { file, format: 'turns' })).rejects.toThrow('connection lost');
    failAt(server, -1);
    const report = await run(server, { file, format: 'turns' });
    expect(report).toMatchObject({ resumedAfter: 501, turnsSent: 3, badCount: 2 });
    expect(server.stored.size).toBe(503);
  });

  test.each([
    ['--restart', { restart: true }],
    ['another server', { target: 'http://elsewhere' }],
    ['another user', { user: 'u2' }],
  ])('%s begins anew', async (_name, changed) => {
    const file = await turnsFile(numbered(1_200));
    const server = createFakeServer();
    failAt(server, 3);
    await expect(run(server, { file })).rejects.toThrow('connection lost');
    failAt(server, -1);
    const report = await run(server, { file, ...changed });
    expect(report).toMatchObject({ resumedAfter: 0, turnsSent: 1_200, replayed: 1_000 });
  });

  test('a changed file begins anew', async () => {
    const server = createFakeServer();
    failAt(server, 3);
    await expect(run(server, { file: await turnsFile(numbered(1_200)) })).rejects.toThrow('connection lost');
    failAt(server, -1);
    const report = await run(server, { file: await turnsFile(numbered(1_201)) });
    expect(report).toMatchObject({ resumedAfter: 0, turnsSent: 1_201 });
  });

  test('a file of the same size and the same ends that was written anew begins anew', async () => {
    const server = createFakeServer();
    const file = await turnsFile(numbered(12_000));
    failAt(server, 20);
    await expect(run(server, { file })).rejects.toThrow('connection lost');
    await turnsFile(
      numbered(12_000).map((turn, at) => (at === 6_000 ? { ...turn, query: 'turn 600X' } : turn)),
    );
    failAt(server, -1);
    expect(await run(server, { file })).toMatchObject({ resumedAfter: 0, turnsSent: 12_000 });
    expect([...server.stored.values()].map(({ query }) => query)).toContain('turn 600X');
  });

  test('a file that changes while it is imported is told of', async () => {
    const server = createFakeServer();
    const file = await turnsFile(numbered(1_200));
    server.before = () => {
      utimesSync(file, 1, 1);
      return undefined;
    };
    const report = await run(server, { file });
    expect(report).toMatchObject({ outcome: 'finished', hasChanged: true });
    expect(formatReport(report, 'F')).toContain('the file changed while it was imported');
    server.before = () => undefined;
    expect(await run(server, { file })).toMatchObject({ hasChanged: false, replayed: 1_200 });
  });

  test('a place that takes no checkpoint keeps nothing out, and is told of', async () => {
    const server = createFakeServer();
    await symlink(join(directory, 'nowhere'), join(directory, 'checkpoints'));
    const notes: string[] = [];
    const progress = { ...silentProgress, note: (line: string) => notes.push(line) };
    const report = await run(server, { file: await turnsFile(numbered(1_200)) }, { progress });
    expect(report).toMatchObject({ outcome: 'finished', turnsSent: 1_200 });
    expect(notes).toEqual([expect.stringMatching(/cannot be written down .*it goes on from the beginning$/)]);
  });

  test('a damaged checkpoint is named', async () => {
    const file = await turnsFile(numbered(1_200));
    const server = createFakeServer();
    failAt(server, 3);
    await expect(run(server, { file })).rejects.toThrow('connection lost');
    const [name] = await checkpoints();
    await writeFile(join(directory, 'checkpoints', name!), '{"recordsDone": "all"}');
    await expect(run(server, { file })).rejects.toThrow(/checkpoint .* is damaged; --restart ignores it/);
  });

  test('a stop lets the batch in flight finish, and the next run goes on after it', async () => {
    const file = await turnsFile(numbered(1_200));
    const server = createFakeServer();
    const stop = new AbortController();
    server.before = (call) => {
      if (call === 2) stop.abort();
      return undefined;
    };
    const report = await run(server, { file }, { signal: stop.signal });
    expect(report).toMatchObject({ outcome: 'interrupted', turnsSent: 1_000 });
    expect(formatReport(report, 'F')).toContain('run the same command again to go on');
    expect(await run(server, { file })).toMatchObject({
      outcome: 'finished',
      resumedAfter: 1_000,
      turnsSent: 200,
    });
    expect(server.stored.size).toBe(1_200);
  });
});
