import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directory, fixture, temporary } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';
import { learning } from './support/learning.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const CONVERSATION = `query ($id: String!) { conversation(conversationId: $id) {
  title interactions(first: 100) { nodes { query response speaker timestamp sessionId metadata } }
} }`;
const SEARCH = `query ($query: String!) { memorySearch(query: $query) { hits { interaction { query } } } }`;

async function stored(id: string) {
  const { data } = await app.graphql(CONVERSATION, { id });
  return { title: data.conversation?.title, turns: data.conversation?.interactions.nodes };
}
async function found(query: string) {
  const { data } = await app.graphql(SEARCH, { query });
  return data.memorySearch.hits.map((hit: { interaction: { query: string } }) => hit.interaction.query);
}

test('memories of mem0 are statements of their time, and are found', async () => {
  const first = await importInto(app.url, [fixture('mem0.json')]);
  expect(first).toMatchObject({ code: 1, stored: 4, skipped: 1 });
  expect(first.stdout).toContain('imported as mem0');
  expect(first.stdout).toContain('memory 6: memory must be text');
  expect(first.stdout).toContain('left out: relations between memories 1, expired memories 1');
  expect(await stored('mem0-lena')).toMatchObject({
    title: 'Memories of mem0',
    turns: [
      {
        ...{ query: 'Keeps two alpacas called Pip and Olive', response: null, speaker: null },
        ...{ timestamp: '2025-06-01T17:00:00.000Z', sessionId: 'spring' },
        metadata: {
          ...{ source: 'mem0', memoryId: '0a11-1', user_id: 'lena', categories: ['pets'] },
          ...{ created_at: '2025-04-01T10:00:00.123456-07:00', metadata: { topic: 'animals' } },
        },
      },
      { query: 'Is allergic to walnuts', speaker: null, timestamp: '2025-04-02T10:00:00.000Z' },
    ],
  });
  expect((await stored('mem0-bo')).turns).toMatchObject([{ query: 'Owns a sailing boat', speaker: 'bo' }]);
  expect((await stored('mem0-helper')).turns).toMatchObject([{ speaker: 'helper' }]);
  expect(await importInto(app.url, [fixture('mem0.json')])).toMatchObject({ stored: 0, again: 4 });
  expect((await found('Which animals called Pip are kept?'))[0]).toContain('alpacas');
});

test('a memory that was written anew since is stored beside what it said before', async () => {
  const memory = (text: string, updated: string) => ({
    ...{ id: 'm-9', memory: text, user_id: 'kim', created_at: '2025-01-01T00:00:00Z', updated_at: updated },
  });
  const file = await temporary('kim.jsonl', JSON.stringify(memory('Lives in Oslo', '2025-01-01T00:00:00Z')));
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
  await writeFile(file, JSON.stringify(memory('Lives in Bergen', '2025-08-01T00:00:00Z')));
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
  expect((await stored('mem0-kim')).turns).toMatchObject([
    { query: 'Lives in Oslo', timestamp: '2025-01-01T00:00:00.000Z' },
    { query: 'Lives in Bergen', timestamp: '2025-08-01T00:00:00.000Z' },
  ]);
});

test('memories of Hindsight keep when they were mentioned and what they are about', async () => {
  const first = await importInto(app.url, [fixture('hindsight.json')]);
  expect(first).toMatchObject({ code: 1, stored: 2, skipped: 1 });
  expect(first.stdout).toContain('memory 3: text must be text');
  expect(await stored('hindsight')).toMatchObject({
    title: 'Memories of Hindsight',
    turns: [
      {
        ...{ query: 'Alice works at the harbour office in Kiel as a pilot', speaker: null },
        timestamp: '2025-01-10T09:00:00.000Z',
        metadata: {
          ...{ source: 'hindsight', kind: 'world', context: 'career', entities: 'Alice, Kiel' },
          occurred_start: '2024-03-15T00:00:00+00:00',
        },
      },
      { query: 'I recommended a thicker rope to Alice', speaker: 'assistant' },
    ],
  });
  expect(await importInto(app.url, [fixture('hindsight.json')])).toMatchObject({ stored: 0, again: 2 });
  expect((await found('Who works at the harbour office?'))[0]).toContain('Alice');
});

test('a document of a Hindsight archive comes with its text and its facts', async () => {
  expect(await importInto(app.url, [fixture('hindsight-document.json')])).toMatchObject({
    code: 0,
    stored: 2,
  });
  expect((await stored('hindsight-chat/2025-01-12')).turns).toMatchObject([
    { query: 'User: The keel was painted blue.', speaker: 'document', timestamp: '2025-01-12T09:00:00.000Z' },
    {
      ...{ query: 'The user painted the keel blue', speaker: null, timestamp: '2025-01-12T09:00:00.000Z' },
      metadata: { documentId: 'chat/2025-01-12', metadata: { channel: 'mail' }, entities: ['keel'] },
    },
  ]);
  expect(await importInto(app.url, [fixture('hindsight-document.json')])).toMatchObject({
    stored: 0,
    again: 2,
  });
});

test('what Claude remembers is said by the assistant, once', async () => {
  const file = fixture('claude-memories.json');
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 2 });
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 0, again: 2 });
  expect(await stored('claude-memory-acc-1')).toMatchObject({
    title: 'Memory of Claude',
    turns: [
      { query: '**Work context**\n\nArjun restores church organs near Trondheim.', speaker: 'assistant' },
      { query: 'The organ in Røros has 27 stops.', metadata: { project: 'p-1' } },
    ],
  });
});

test('the graph of the MCP memory server is statements, and is found', async () => {
  const file = fixture('server-memory.jsonl');
  const first = await importInto(app.url, [file]);
  expect(first).toMatchObject({ code: 1, stored: 4, skipped: 1 });
  expect(first.stdout).toContain('imported as server-memory');
  expect(first.stdout).toContain('memory 4: name must be text');
  expect(first.stdout).toContain('left out: entities without observations 1');
  const { title, turns } = await stored('server-memory');
  expect(title).toBe('Memories of the MCP memory server');
  expect(turns).toMatchObject([
    {
      ...{ query: 'Vera Holm: Repairs accordions', response: null, speaker: 'assistant' },
      metadata: { source: 'server-memory', entity: 'Vera_Holm', entityType: 'person' },
    },
    { query: 'Vera Holm: Has a dog called Bolt' },
    { query: 'Sings in a choir on Tuesdays', speaker: null, metadata: { entity: 'default_user' } },
    {
      query: 'Vera Holm runs Cellar Club',
      metadata: { from: 'Vera_Holm', relationType: 'runs', to: 'Cellar_Club' },
    },
  ]);
  expect((await found('Who repairs accordions?'))[0]).toContain('Vera Holm');
  // What its tool shows, with an observation more, and two writers in a line.
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const [vera, user, , , relation] = lines.map((line) => JSON.parse(line));
  const entities = [{ ...vera, observations: [...vera.observations, 'Speaks Danish'] }, user];
  const graph = await temporary('graph.json', JSON.stringify({ entities, relations: [relation] }, null, 2));
  expect(await importInto(app.url, [graph])).toMatchObject({ code: 0, stored: 1, again: 4 });
  const joined = await temporary('joined.jsonl', `${lines[0]}${lines[1]}\n${lines[4]}\n`);
  expect(await importInto(app.url, [joined])).toMatchObject({ code: 0, stored: 0, again: 4 });
});

test('what its graph relates of the user is said by the user, and learned of them', async () => {
  const graph = [
    { type: 'relation', from: 'default_user', relationType: 'lives_in', to: 'Lisbon' },
    { type: 'relation', from: 'user', relationType: 'has_studied', to: 'Law' },
    { type: 'relation', from: 'user', relationType: 'watches', to: 'Birds' },
    { type: 'relation', from: 'user', relationType: 'married_to', to: 'Vera_Holm' },
    { type: 'relation', from: 'Vera_Holm', relationType: 'lives_in', to: 'Bergen' },
  ];
  const file = await temporary('user.jsonl', graph.map((each) => JSON.stringify(each)).join('\n'));
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 5 });
  const { turns } = await stored('server-memory');
  expect(turns.slice(-5)).toMatchObject([
    {
      ...{ query: 'I live in Lisbon', speaker: null },
      metadata: { from: 'default_user', relationType: 'lives_in', to: 'Lisbon' },
    },
    { query: 'I have studied Law', speaker: null },
    { query: 'I watch Birds', speaker: null },
    { query: 'married to Vera Holm', speaker: null },
    { query: 'Vera Holm lives in Bergen', speaker: 'assistant' },
  ]);
  const { learnAll, facts } = learning(app);
  await learnAll();
  const residences = (await facts('default')).filter(({ predicate }) => predicate === 'lives_in');
  expect(residences.map(({ object }) => object)).toEqual(['Lisbon']);
});

test('a session that is cut in the middle of an emoji is cut before it', async () => {
  const memory = { id: 'long', memory: 'Collects maps', run_id: `${'r'.repeat(254)}🗺` };
  const file = await temporary(
    'mem0.json',
    JSON.stringify({ results: [{ ...memory, user_id: 'lena', created_at: '2025-04-01T10:00:00Z' }] }),
  );
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
});
