import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, fixture, png, pngText, temporary } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
let scratch: string;
beforeAll(async () => {
  app = await startTestApp();
  scratch = await mkdtemp(join(tmpdir(), 'echo-import-end-'));
});
afterAll(async () => {
  await app.close();
  for (const made of [scratch, directory]) await rm(made, { recursive: true, force: true });
});

/** `npm run import` as an operator runs it, in a directory without `.env`. */
async function importFile(args: readonly string[], env: Record<string, string> = {}) {
  const script = join(import.meta.dirname, '../scripts/import.ts');
  const child = spawn(process.execPath, [script, ...args], {
    cwd: scratch,
    env: { ...process.env, LOG_LEVEL: 'warn', NODE_NO_WARNINGS: '1', DATA_DIR: scratch, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  const count = (name: string) => Number(new RegExp(`^  ${name} +(\\d+)$`, 'm').exec(output.stdout)?.[1]);
  return {
    code,
    ...output,
    sent: count('turns sent'),
    stored: count('stored new'),
    again: count('replayed'),
  };
}

const PAGE = `query ($id: String!, $after: String) { conversation(conversationId: $id) {
  interactionCount
  interactions(first: 100, after: $after) {
    nodes { sequence query response speaker responder timestamp sessionId modelUsed processingTimeMs intent metadata status }
    pageInfo { hasNextPage endCursor }
  }
} }`;

/** All turns of a conversation, paged to the end. */
async function readBack(id: string, user?: string) {
  const turns: Record<string, unknown>[] = [];
  for (let after: string | null = null; ; ) {
    const { data } = await app.graphql(PAGE, { id, after }, user);
    const { nodes, pageInfo } = data.conversation.interactions;
    turns.push(...nodes);
    if (!pageInfo.hasNextPage) {
      expect(data.conversation.interactionCount).toBe(turns.length);
      expect(turns.map(({ sequence }) => sequence)).toEqual(turns.map((_, index) => index + 1));
      return turns;
    }
    after = pageInfo.endCursor;
  }
}

const textsOf = (turns: readonly Record<string, unknown>[]) =>
  turns.map(({ query, response, speaker }) => [query, response, speaker]);

/** Imports a file twice; the second run must store nothing. */
async function importTwice(file: string, turns: number) {
  const first = await importFile([file, '--url', app.url]);
  expect(first, first.stderr).toMatchObject({ code: 0, sent: turns, stored: turns, again: 0 });
  const second = await importFile([file, '--url', app.url]);
  expect(second, second.stderr).toMatchObject({ code: 0, sent: turns, stored: 0, again: turns });
}

describe('each format, imported twice through a real server', () => {
  test('turns come back with every field', async () => {
    await importTwice(fixture('turns.jsonl'), 5);
    const lines = (await readFile(fixture('turns.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
    const given = lines.map((line) => JSON.parse(line));
    for (const id of ['garden', 'kitchen']) {
      expect(textsOf(await readBack(id))).toEqual(
        given
          .filter(({ conversationId }) => conversationId === id)
          .map(({ query, response, speaker }) => [query, response || null, speaker ?? null]),
      );
    }
    const [first, second] = await readBack('garden');
    expect(first).toMatchObject({
      timestamp: '2024-03-02T08:15:00.000Z',
      sessionId: 'spring',
      modelUsed: 'almanac-1',
      processingTimeMs: 41.5,
      intent: 'question',
      metadata: { bed: 'north', rows: [1, 2] },
      status: 'ANSWERED',
    });
    expect(second).toMatchObject({ responder: 'Bram', status: 'RECORDED' });
  });

  test('a dialogue keeps its texts, speakers, sessions and order', async () => {
    await importTwice(fixture('dialogue.json'), 4);
    const { conversations } = JSON.parse(await readFile(fixture('dialogue.json'), 'utf8')) as {
      conversations: { id: string; turns: { text: string; speaker: string }[] }[];
    };
    for (const { id, turns } of conversations) {
      expect(textsOf(await readBack(id))).toEqual(turns.map(({ text, speaker }) => [text, null, speaker]));
    }
    expect((await readBack('pond')).map(({ sessionId, timestamp }) => [sessionId, timestamp])).toEqual([
      ['pond/1', '2022-12-31T23:59:00.000Z'],
      ['pond/1', '2022-12-31T23:59:01.000Z'],
      ['pond/2', '2023-01-02T00:05:00.000Z'],
    ]);
  });

  test('a ChatGPT export keeps what the user saw', async () => {
    await importTwice(fixture('chatgpt.json'), 5);
    expect(textsOf(await readBack('well'))).toEqual([
      ['How deep is the well?', 'Let me look.\n\nIt is 12 metres deep.', null],
      ['Is this it?', null, null],
      ['Hello?', null, null],
    ]);
    expect(textsOf(await readBack('bucket'))).toEqual([
      ['Welcome back!', null, 'assistant'],
      ['[image_asset_pointer]', 'A nice bucket.', null],
    ]);
  });

  test('character cards, JSON and PNG, become profiles', async () => {
    const card = {
      spec: 'chara_card_v3',
      data: { name: 'Nëw', nickname: 'N', description: '{{char}} — 龍 🌱' },
    };
    const chunk = pngText('ccv3', Buffer.from(JSON.stringify(card)).toString('base64'));
    const image = await temporary('end-to-end.png', png(chunk));
    for (const file of [fixture('card-v2.json'), image, image]) {
      const run = await importFile([file, '--url', app.url]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stdout).toMatch(/characters +1\n/);
    }
    const { data } = await app.graphql(
      '{ characters(first: 10) { nodes { characterName aliases creator sourceFranchise backgroundStory } } }',
    );
    expect(data.characters.nodes).toEqual([
      {
        characterName: 'Marlo Quill',
        aliases: [],
        creator: 'fixture author',
        sourceFranchise: 'SillyTavern card',
        backgroundStory: 'Marlo Quill keeps the lighthouse at Grey Point.\n\nA storm is coming; User knocks.',
      },
      {
        characterName: 'Nëw',
        aliases: ['N'],
        creator: 'unknown',
        sourceFranchise: 'SillyTavern card',
        backgroundStory: 'N — 龍 🌱',
      },
    ]);
  });
});

test('text comes back byte for byte: every plane, line ends, lone marks, and pages of a long conversation', async () => {
  const texts = [
    ' \t leading and trailing \n\r\n ',
    'e\u0301 is not é; \u202eright to left\u202c; zero\u200bwidth; \ufeff; 👩‍👩‍👧; 𝔘; \u{10fffd}',
    '\\u0041 \\n "quotes" \'and\' `more` $1 %s {{char}} <b>&amp;</b>; --',
    'x'.repeat(32_000),
    ...Array.from({ length: 640 }, (_, index) => `said ${index}`),
  ];
  const lines = texts.map((text) => JSON.stringify({ conversationId: 'bytes', query: text, response: text }));
  const file = await temporary('bytes.jsonl', lines.join('\r\n'));
  await importTwice(file, texts.length);
  expect(textsOf(await readBack('bytes'))).toEqual(texts.map((text) => [text, text, null]));
});

test('--user imports for somebody else', async () => {
  const file = await temporary('other.jsonl', JSON.stringify({ conversationId: 'hers', query: 'mine' }));
  expect(await importFile([file, '--url', app.url, '--user', 'ana'])).toMatchObject({ code: 0, stored: 1 });
  expect(textsOf(await readBack('hers', 'ana'))).toEqual([['mine', null, null]]);
  expect((await app.graphql(PAGE, { id: 'hers' }, 'bert')).data.conversation).toBeNull();
});

describe('without --url', () => {
  const turn = (conversationId: string) => JSON.stringify({ conversationId, query: 'hello' });

  test('a running server of this configuration is used', async () => {
    const file = await temporary('beside.jsonl', turn('beside'));
    // Its data directory is claimed: a second server on it would be refused.
    const run = await importFile([file], { PORT: new URL(app.url).port, DATA_DIR: app.directory });
    expect(run, run.stderr).toMatchObject({ code: 0, stored: 1 });
    expect(textsOf(await readBack('beside'))).toEqual([['hello', null, null]]);
  });

  test('where none runs, one is started for the duration', async () => {
    const file = await temporary('alone.jsonl', turn('alone'));
    const env = { DATABASE_URL: app.databaseUrl, PORT: '1', DATA_DIR: join(scratch, 'alone') };
    const first = await importFile([file], env);
    expect(first, first.stderr).toMatchObject({ code: 0, stored: 1 });
    expect(await importFile([file], env)).toMatchObject({ code: 0, stored: 0, again: 1 });
    expect(textsOf(await readBack('alone'))).toEqual([['hello', null, null]]);
  });

  test('what keeps that server from starting is one readable block', async () => {
    const file = await temporary('refused.jsonl', turn('refused'));
    const claimed = await importFile([file], { PORT: '1', DATA_DIR: app.directory });
    expect(claimed).toMatchObject({ code: 1, stdout: '' });
    expect(claimed.stderr).toMatch(
      // A slow start shows lines of progress first.
      /^(?:starting\n|\w+: \d+ %[^\n]*\n)*DATA_DIR: another Echo Brain server is running on "[^\n]*\n$/,
    );
    const wrong = await importFile([file], { PORT: 'many' });
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('  - PORT: must be a whole number');
    expect(wrong.stderr).not.toContain('    at ');
  });

  test('a dry run starts nothing', async () => {
    const directory = join(scratch, 'dry');
    await mkdir(directory);
    const file = await temporary('dry.jsonl', turn('dry'));
    const run = await importFile([file, '--dry-run'], { PORT: '1', DATA_DIR: join(directory, 'data') });
    expect(run).toMatchObject({ code: 0 });
    await expect(readFile(join(directory, 'data', 'server.lock'))).rejects.toThrow('ENOENT');
  });
});
