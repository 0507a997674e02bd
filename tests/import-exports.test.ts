import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directory, fixture, temporary, zip } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const CONVERSATION = `query ($id: String!) { conversation(conversationId: $id) {
  title interactions(first: 100) { nodes { query response speaker timestamp modelUsed metadata } }
} }`;
async function stored(id: string) {
  const { data } = await app.graphql(CONVERSATION, { id });
  return { title: data.conversation?.title, turns: data.conversation?.interactions.nodes };
}

test('of a Grok export the branch that was seen is taken, without cards and thoughts', async () => {
  const file = await temporary(
    'grok.zip',
    zip({
      'ttl/30d/export_data/u-1/prod-grok-backend.json': await readFile(fixture('grok.json')),
      'ttl/30d/export_data/u-1/prod-mc-auth-mgmt-api.json': '{"users":[]}',
    }),
  );
  const first = await importInto(app.url, [file]);
  expect(first, first.stderr).toMatchObject({ code: 1, stored: 3, skipped: 1 });
  expect(first.stdout).toContain('imported as grok');
  expect(first.stdout).toContain('conversation 3: responses must be an array');
  expect(first.stdout).toContain('left out: thoughts 1, messages of other branches 1');
  expect(await stored('9b1c2d30-0000-4000-8000-00000000000a')).toMatchObject({
    title: 'Otters on the canal',
    turns: [
      {
        query: 'Do otters live in the canal?',
        response: 'Yes, since 2019. A pair was seen.',
        ...{ timestamp: '2025-05-01T08:00:01.000Z', modelUsed: 'grok-3' },
        metadata: { source: 'grok', messageIds: ['r1', 'r3'], nonTextParts: ['file'] },
      },
      { query: 'Where exactly?', response: null, timestamp: '2025-05-01T08:03:00.000Z' },
    ],
  });
  expect((await stored('9b1c2d30-0000-4000-8000-00000000000d')).turns).toMatchObject([
    { query: 'Do herons nest there?', timestamp: '2025-05-03T08:00:00.000Z' },
  ]);
  expect(await importInto(app.url, [file])).toMatchObject({ stored: 0, again: 3 });
});

test('a text of Grok with tags that never end is read as it is', async () => {
  const message = `${'<grok:render '.repeat(50_000)}Swans?`.slice(-31_000);
  const response = { _id: 'h1', message, sender: 'human' };
  const text = JSON.stringify({
    conversations: [{ conversation: { id: 'tags' }, responses: [{ response }] }],
  });
  const file = await temporary('tags.json', text);
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
  expect((await stored('tags')).turns).toMatchObject([{ query: message }]);
});

test('a chat of AI Studio is taken with its model, without thoughts, drafts and errors', async () => {
  const file = fixture('aistudio.json');
  const first = await importInto(app.url, [file]);
  expect(first, first.stderr).toMatchObject({ code: 0, stored: 2 });
  expect(first.stdout).toContain('imported as aistudio');
  expect(first.stdout).toContain('left out: messages of the system 1, drafts 1, thoughts 1, errors 1');
  const { data } = await app.graphql('{ conversations(first: 50) { nodes { conversationId } } }');
  const { conversationId } = data.conversations.nodes.find((each: { conversationId: string }) =>
    each.conversationId.startsWith('aistudio-'),
  );
  expect((await stored(conversationId)).turns).toMatchObject([
    {
      query: 'Which valve in the plan is for the pond?',
      response: 'Valve 7, behind the shed.',
      ...{ timestamp: '2025-06-01T09:00:00.000Z', modelUsed: 'gemini-2.5-pro' },
      metadata: { source: 'aistudio', nonTextParts: ['driveDocument'] },
    },
    { query: 'Does it freeze?', response: null },
  ]);
  // The chat goes on.
  const chat = JSON.parse(await readFile(file, 'utf8'));
  chat.chunkedPrompt.chunks.push({ text: 'Not below the frost line.', role: 'model' });
  const later = await temporary('later.json', JSON.stringify(chat));
  expect(await importInto(app.url, [later])).toMatchObject({ code: 0, stored: 1, again: 1 });
  expect((await stored(conversationId)).turns).toHaveLength(3);
});

test('a lorebook alone is refused with what to do, and in a folder passed over', async () => {
  const world = '{"entries":{"0":{"uid":0,"key":["mill"],"content":"It grinds spelt."}}}';
  const named = await importInto(app.url, [await temporary('world.json', world)]);
  expect(named.code).toBe(1);
  expect(named.stderr).toContain('is a lorebook without a character');
  const file = await temporary('world.zip', zip({ 'a.json': world, 'b.json': JSON.stringify(TURN) }));
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
});

const TURN = [{ conversationId: 'beside a world', query: 'Who owns the mill?' }];
