import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpSender } from '../src/import/client.ts';
import { silentProgress } from '../src/import/progress.ts';
import { runImport } from '../src/import/run.ts';
import { openSources } from '../src/import/sources.ts';
import { zip } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
let directory: string;
beforeAll(async () => {
  app = await startTestApp();
  directory = await mkdtemp(join(tmpdir(), 'echo-import-again-'));
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const chat = (id: string, question: string, answer: string, time: number | null = 1_700_000_000) => ({
  id,
  title: `About ${id}`,
  create_time: time,
  current_node: 'n1',
  mapping: {
    n0: { message: { id: `${id}u`, author: { role: 'user' }, content: { parts: [question] } }, parent: null },
    n1: {
      message: { id: `${id}a`, author: { role: 'assistant' }, content: { parts: [answer] } },
      parent: 'n0',
    },
  },
});

async function importChats(name: string, chats: unknown[]) {
  const file = join(directory, name);
  await writeFile(file, JSON.stringify(chats));
  const log = pino({ level: 'silent' });
  return runImport(
    {
      ...{ file, format: 'auto', user: null, restart: false, strict: false, dryRun: false },
      ...{ checkpointDirectory: join(directory, 'checkpoints'), target: app.url },
    },
    { send: createHttpSender({ url: app.url, apiKey: null, log }), progress: silentProgress, log },
  );
}

async function conversation(conversationId: string) {
  const { data } = await app.graphql(
    'query ($id: String!) { conversation(conversationId: $id) { title interactions(first: 20) { nodes { query response turnId } } } }',
    { id: conversationId },
  );
  return data.conversation;
}

test('a message that changed since the last export keeps no other out, and both texts are found', async () => {
  const question = 'Which tyre pressure for the blue van?';
  await importChats('st1.json', [
    chat('van', question, '2.4'),
    chat('market', 'When is the market?', 'Saturday'),
  ]);
  const changed = [
    chat('van', question, '2.4 bar in front, 2.8 bar at the back.'),
    chat('market', 'When is the market?', 'Saturday', 1_600_000_000),
    chat('plants', 'Who waters the plants?', 'Ines'),
  ];
  expect(await importChats('st2.json', changed)).toMatchObject({
    ...{ outcome: 'finished', storedNew: 2, renewed: 1, kept: 1, refusedCount: 0 },
  });
  const answers = async () =>
    (await conversation('van')).interactions.nodes.map(({ response }: { response: string }) => response);
  expect(await answers()).toEqual(['2.4', '2.4 bar in front, 2.8 bar at the back.']);
  expect(await conversation('plants')).toMatchObject({
    title: 'About plants',
    interactions: { nodes: [{ response: 'Ines' }] },
  });
  expect(await importChats('st3.json', changed)).toMatchObject({ storedNew: 0, renewed: 0, refusedCount: 0 });
  expect(await answers()).toHaveLength(2);
});

test('a turn that was deleted stays deleted, and keeps no other out', async () => {
  const chats = [chat('gone', 'Forget this', 'ok'), chat('stays', 'Keep this', 'ok')];
  await importChats('d1.json', chats);
  const [{ turnId }] = (await conversation('gone')).interactions.nodes;
  await app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', { id: turnId });
  expect(await importChats('d2.json', [...chats, chat('third', 'Third', 'ok')])).toMatchObject({
    ...{ outcome: 'finished', storedNew: 1, deleted: 1, refusedCount: 0 },
  });
  expect((await conversation('gone'))?.interactions.nodes ?? []).toEqual([]);
});

async function sourcesOf(name: string, content: Buffer) {
  const file = join(directory, name);
  await writeFile(file, content);
  const names: string[] = [];
  for await (const source of openSources([file], join(directory, 'unpacked'), () => undefined))
    names.push(source.name.slice(directory.length + 1));
  return names;
}

test('of a ZIP archive all JSON files and cards are opened, of a card with pictures the card', async () => {
  expect(
    await sourcesOf(
      'export.zip',
      zip({
        'chat.html': '',
        'conversations-001.json': '[]',
        'conversations-000.json': '[]',
        'user.json': '{}',
      }),
    ),
  ).toEqual([
    'export.zip: conversations-000.json',
    'export.zip: conversations-001.json',
    'export.zip: user.json',
  ]);
  expect(
    await sourcesOf('some.zip', zip({ 'a/b.jsonl': '{}', '../evil.json': '{}', 'x.txt': '' })).catch(
      (error: Error) => error.message,
    ),
  ).toMatch(/cannot be read: invalid relative path/);
  // A card with its pictures is one file; one with more of them than the server takes is sent without.
  const charx = { 'card.json': '{}', 'assets/x.png': '' };
  expect(await sourcesOf('ada.charx', zip(charx))).toEqual(['ada.charx']);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`assets/${at}.png`, '']));
  expect(await sourcesOf('many.charx', zip({ ...charx, ...many }))).toEqual(['many.charx: card.json']);
  expect(await readdir(join(directory, 'unpacked'))).toEqual([]);
});

test.each([
  ['an encrypted one', zip({ 'conversations.json': '[]' }, { flags: 1 }), /is encrypted/],
  ['a bomb', zip({ 'conversations.json': ' '.repeat(100 * 2 ** 20) }), /would unpack to 104857600 bytes/],
  [
    'one that is cut off',
    zip({ 'conversations.json': '[]' }).subarray(0, 40),
    /ZIP archive that cannot be read/,
  ],
  ['one with nothing in it', zip({ 'a.txt': 'x' }), /holds nothing to import/],
])('of ZIP archives, %s is refused with its reason', async (_what, bytes, reason) => {
  await expect(sourcesOf('bad.zip', bytes)).rejects.toThrow(reason);
});
