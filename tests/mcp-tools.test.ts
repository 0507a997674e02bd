import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addFact } from '../src/domains/facts/by-hand.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, connectMcp, ERAS, refusalOf } from './support/mcp.ts';

let app: TestApp;
const clients: Client[] = [];
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await app.close();
});

async function clientOf(user: string, era: (typeof ERAS)[number] = 'modern') {
  const client = await connectMcp(app.url, { 'x-test-user': user }, era);
  clients.push(client);
  return client;
}
const principalOf = (userId: string) =>
  ({
    tenantId: 'default',
    userId,
    roles: ['USER'],
    permissions: ['READ', 'WRITE'],
    credential: null,
  }) as const;
const factOf = (userId: string, predicate: string, object: string) =>
  addFact(app.app.services, principalOf(userId), { tenantId: 'default', userId }, { predicate, object }).then(
    ({ fact }) => fact,
  );
const NAMES = [
  ...[
    'recall',
    'search_memory',
    'remember',
    'record_turns',
    'get_conversation',
    'list_facts',
    'correct_fact',
  ],
  ...['forget', 'find_media', 'create_task', 'task_status'],
];

describe.each(ERAS)('a client of the %s revision', (era) => {
  test('is told the tools, with their forms and what they do', async () => {
    const client = await clientOf('lister', era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(NAMES);
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    expect(hints.recall).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false });
    expect(hints.remember).toMatchObject({ readOnlyHint: false, destructiveHint: false });
    expect(hints.forget).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    for (const tool of tools) {
      expect(tool.description?.length).toBeGreaterThan(40);
      expect([tool.name, tool.inputSchema.type, tool.outputSchema?.type]).toEqual([
        tool.name,
        'object',
        'object',
      ]);
      expect(tool.inputSchema.additionalProperties).toBe(false);
      // Clients whose schemas have one type in each place take it, too.
      expect(JSON.stringify(tool)).not.toContain('"type":[');
      for (const [name, form] of Object.entries(tool.inputSchema.properties ?? {}))
        expect([tool.name, name, (form as { description?: string }).description]).toEqual([
          tool.name,
          name,
          expect.stringMatching(/\w/),
        ]);
    }
    expect(client.getInstructions()).toContain('recall');
  });

  test('remembers, and recalls what was remembered', async () => {
    const client = await clientOf(`ada-${era}`, era);
    const stored = await callTool(client, 'remember', {
      text: 'My sister Ana moved to Lisbon and works at the aquarium.',
      idempotencyKey: 'ana',
    });
    expect(stored).toEqual({
      turnId: expect.stringMatching(/^[\da-f-]{36}$/),
      conversationId: 'notes',
      userId: `ada-${era}`,
      at: expect.any(String),
      durability: 'COMMITTED',
      replayed: false,
    });
    const again = await callTool(client, 'remember', {
      text: 'My sister Ana moved to Lisbon and works at the aquarium.',
      idempotencyKey: 'ana',
    });
    expect(again).toMatchObject({ turnId: stored.turnId, replayed: true });
    const found = await callTool(client, 'recall', { query: 'Where does my sister Ana work?' });
    expect(found).toMatchObject({ userId: `ada-${era}`, missedTime: false, degraded: false, characters: [] });
    expect(found.context).toContain('[1]');
    expect(found.context).toContain('the user: "My sister Ana moved to Lisbon and works at the aquarium."');
    expect(found.memories).toEqual([
      { number: 1, turnId: stored.turnId, conversationId: 'notes', at: stored.at },
    ]);
    expect(found.notice).toContain('data');
  });
});

test('recall gives facts and profiles, and nothing where nothing is known', async () => {
  const client = await clientOf('cleo');
  const fact = await factOf('cleo', 'lives_in', 'Porto');
  await factOf('cleo', 'likes', 'sour cherries');
  const found = await callTool(client, 'recall', { query: 'Does Kai Nakamura know where I live?' });
  expect(found.facts).toEqual([{ factId: fact.factId, statement: fact.statement }]);
  expect(found.characters).toEqual(['Kai Nakamura']);
  expect(found.context).toContain('Salvage diver');
  expect(await callTool(client, 'recall', { query: 'Which telescope did Galileo own?' })).toMatchObject({
    context: '',
    tokens: 0,
    memories: [],
    facts: [],
  });
  const tight = await callTool(client, 'recall', { query: 'Kai Nakamura, Mei Lin', maxTokens: 200 });
  expect(tight.tokens).toBeLessThanOrEqual(210);
});

test('record_turns stores turns in their order, once for each key', async () => {
  const client = await clientOf('bert');
  const turns = [
    {
      query: 'The boiler makes a noise.',
      response: 'Shall I call somebody?',
      idempotencyKey: '1',
      modelUsed: 'm',
    },
    { query: 'Yes, on Monday.', timestamp: '2026-05-20T18:00:00+01:00', speaker: 'Bert', metadata: { a: 1 } },
  ];
  const first = await callTool(client, 'record_turns', {
    conversationId: 'house',
    title: 'The boiler',
    turns,
  });
  expect(first).toMatchObject({
    conversationId: 'house',
    userId: 'bert',
    durability: 'COMMITTED',
    replayed: 0,
  });
  const again = await callTool(client, 'record_turns', { conversationId: 'house', turns: turns.slice(0, 1) });
  expect(again).toMatchObject({ replayed: 1, turnIds: first.turnIds.slice(0, 1) });
  const { data } = await app.graphql(
    '{ conversation(conversationId: "house") { title interactions { nodes { turnId query response speaker modelUsed timestamp metadata } } } }',
    {},
    'bert',
  );
  expect(data.conversation).toEqual({
    title: 'The boiler',
    interactions: {
      nodes: [
        expect.objectContaining({
          turnId: first.turnIds[0],
          response: 'Shall I call somebody?',
          modelUsed: 'm',
        }),
        expect.objectContaining({
          turnId: first.turnIds[1],
          speaker: 'Bert',
          timestamp: '2026-05-20T17:00:00.000Z',
          metadata: { a: 1 },
        }),
      ],
    },
  });
});

test('get_conversation pages back from the latest turn, each page oldest first', async () => {
  const client = await clientOf('dora');
  const turns = Array.from({ length: 5 }, (_, index) => ({
    query: `Question ${index + 1}`,
    response: `Answer ${index + 1}`,
    timestamp: new Date(Date.UTC(2026, 0, 1, 12, index)).toISOString(),
  }));
  await callTool(client, 'record_turns', { conversationId: 'five', turns });
  const latest = await callTool(client, 'get_conversation', { conversationId: 'five', limit: 2 });
  expect(latest).toMatchObject({ userId: 'dora', conversationId: 'five', title: null, turnCount: 5 });
  expect(latest.turns.map(({ query }: { query: string }) => query)).toEqual(['Question 4', 'Question 5']);
  const before = await callTool(client, 'get_conversation', {
    conversationId: 'five',
    limit: 3,
    cursor: latest.nextCursor,
  });
  expect(before.turns.map(({ query }: { query: string }) => query)).toEqual([
    'Question 1',
    'Question 2',
    'Question 3',
  ]);
  expect(before.nextCursor).toBeNull();
  expect(before.turns[0]).toEqual({
    turnId: expect.any(String),
    conversationId: 'five',
    at: '2026-01-01T12:00:00.000Z',
    speaker: null,
    query: 'Question 1',
    responder: null,
    response: 'Answer 1',
    status: 'ANSWERED',
    shortened: false,
  });
});

test('an answer keeps to its budget of tokens, and says what it cut', async () => {
  const client = await clientOf('emil');
  const turns = [
    { query: 'A long story?', response: 'word '.repeat(30_000) },
    { query: 'And a short one?', response: 'Once.' },
  ];
  await callTool(client, 'record_turns', { conversationId: 'long', turns });
  const latest = await callTool(client, 'get_conversation', { conversationId: 'long', maxTokens: 1_000 });
  expect(latest.turns).toHaveLength(1);
  expect(latest.turns[0]).toMatchObject({ query: 'And a short one?', shortened: false });
  const long = await callTool(client, 'get_conversation', {
    conversationId: 'long',
    maxTokens: 1_000,
    cursor: latest.nextCursor,
  });
  expect(long.turns[0]).toMatchObject({ query: 'A long story?', shortened: true });
  expect(long.turns[0].response).toMatch(/^(word ){100}/);
  expect(long.turns[0].response.endsWith('…')).toBe(true);
  expect(JSON.stringify(long).length).toBeLessThan(5_000);
  const found = await callTool(client, 'search_memory', { query: 'story', maxTokens: 500, idsOnly: true });
  const hit = found.hits.find(({ turnId }: { turnId: string }) => turnId === long.turns[0].turnId);
  expect(hit).toMatchObject({
    query: '',
    response: '',
    shortened: true,
    turnId: long.turns[0].turnId,
  });
});

test('search_memory finds with filters and pages', async () => {
  const client = await clientOf('fay');
  const turns = Array.from({ length: 4 }, (_, index) => ({
    query: `The heron number ${index} stood in the pond`,
    timestamp: new Date(Date.UTC(2026, 1, index + 1)).toISOString(),
  }));
  await callTool(client, 'record_turns', { conversationId: 'birds', turns });
  await callTool(client, 'remember', { text: 'A heron on the roof', conversationId: 'roof' });
  const first = await callTool(client, 'search_memory', {
    query: 'heron',
    conversationId: 'birds',
    limit: 3,
  });
  expect(first.hits).toHaveLength(3);
  expect(first.hits[0]).toMatchObject({
    tier: 'KEYWORDS',
    reasons: expect.arrayContaining([expect.any(String)]),
  });
  const second = await callTool(client, 'search_memory', {
    query: 'heron',
    conversationId: 'birds',
    limit: 3,
    cursor: first.nextCursor,
  });
  expect(second.nextCursor).toBeNull();
  const all = [...first.hits, ...second.hits].map(({ query }) => query);
  expect(all.toSorted()).toEqual(turns.map(({ query }) => query));
  const since = await callTool(client, 'search_memory', {
    query: 'heron',
    since: '2026-02-03T00:00:00Z',
    until: '2026-02-04T00:00:00Z',
  });
  expect(since.hits.map(({ at }: { at: string }) => at).toSorted()).toEqual([
    '2026-02-03T00:00:00.000Z',
    '2026-02-04T00:00:00.000Z',
  ]);
});

test('list_facts, correct_fact and forget work on facts', async () => {
  const client = await clientOf('gus');
  const wrong = await factOf('gus', 'lives_in', 'Lisbon');
  for (const object of ['figs', 'rye', 'tea']) await factOf('gus', 'likes', object);
  const first = await callTool(client, 'list_facts', { limit: 3 });
  expect(first.facts.map(({ object }: { object: string }) => object)).toEqual(['tea', 'rye', 'figs']);
  const second = await callTool(client, 'list_facts', { limit: 3, cursor: first.nextCursor });
  expect(second).toMatchObject({
    userId: 'gus',
    nextCursor: null,
    facts: [
      {
        factId: wrong.factId,
        subject: 'user',
        predicate: 'lives_in',
        object: 'Lisbon',
        category: 'PLACE',
        origin: 'PERSON',
      },
    ],
  });
  const corrected = await callTool(client, 'correct_fact', { factId: wrong.factId, object: 'Porto' });
  expect(corrected).toMatchObject({
    replacedFactId: wrong.factId,
    fact: { predicate: 'lives_in', object: 'Porto', statement: 'user lives in Porto', status: 'ACTIVE' },
  });
  const places = await callTool(client, 'list_facts', { category: 'PLACE' });
  expect(places.facts.map(({ object }: { object: string }) => object)).toEqual(['Porto']);
  const history = await callTool(client, 'list_facts', { category: 'PLACE', status: 'SUPERSEDED' });
  expect(history.facts.map(({ object }: { object: string }) => object)).toEqual(['Lisbon']);
  expect((await callTool(client, 'list_facts', { text: 'porto' })).facts).toHaveLength(1);
  const { factId } = corrected.fact;
  expect(await callTool(client, 'forget', { factId })).toEqual({
    userId: 'gus',
    forgotten: 'FACT',
    id: factId,
    turns: 0,
    confirmToken: null,
  });
  expect((await callTool(client, 'list_facts', { text: 'porto' })).facts).toEqual([]);
  expect(await refusalOf(client, 'forget', { factId })).toContain('factId: this fact is retracted already');
});

test('forget deletes a turn, and a conversation after a second look', async () => {
  const client = await clientOf('hal');
  const { turnIds } = await callTool(client, 'record_turns', {
    conversationId: 'plans',
    turns: [{ query: 'A secret plan' }, { query: 'A party' }],
  });
  expect(await callTool(client, 'forget', { turnId: turnIds[0] })).toMatchObject({
    forgotten: 'TURN',
    id: turnIds[0],
  });
  expect(
    (await callTool(client, 'search_memory', { query: 'secret plan' })).hits.map(
      (hit: { query: string }) => hit.query,
    ),
  ).not.toContain('A secret plan');
  const preview = await callTool(client, 'forget', { conversationId: 'plans' });
  expect(preview).toEqual({
    userId: 'hal',
    forgotten: 'NOTHING',
    id: 'plans',
    turns: 1,
    confirmToken: expect.stringMatching(/^[\w-]{16}$/),
  });
  expect(await refusalOf(client, 'forget', { conversationId: 'plans', confirm: 'yes' })).toContain(
    'confirm: ',
  );
  await callTool(client, 'remember', { text: 'Something new', conversationId: 'plans' });
  expect(
    await refusalOf(client, 'forget', { conversationId: 'plans', confirm: preview.confirmToken }),
  ).toContain('as it is now');
  const { confirmToken } = await callTool(client, 'forget', { conversationId: 'plans' });
  expect(await callTool(client, 'forget', { conversationId: 'plans', confirm: confirmToken })).toMatchObject({
    forgotten: 'CONVERSATION',
    turns: 2,
    confirmToken: null,
  });
  expect(await refusalOf(client, 'get_conversation', { conversationId: 'plans' })).toBe(
    'NOT_FOUND: conversationId: there is no conversation "plans"',
  );
});

test('create_task starts a task, and task_status waits for its end and tells of progress', async () => {
  const client = await clientOf('ida');
  const { tools } = await client.listTools();
  const { description } = tools.find(({ name }) => name === 'create_task') ?? {};
  expect(description).toContain('- archive_interactions: ');
  expect(description).not.toContain('- retention: ');
  const task = await callTool(client, 'create_task', {
    type: 'archive_interactions',
    payload: { olderThanMonths: 6, dryRun: true },
    name: 'Look',
    priority: 'HIGH',
    idempotencyKey: 'once',
  });
  expect(task).toMatchObject({ userId: 'ida', type: 'archive_interactions', name: 'Look', priority: 'HIGH' });
  const told: unknown[] = [];
  const result = await client.callTool(
    { name: 'task_status', arguments: { taskId: task.taskId, waitSeconds: 30 } },
    { onprogress: (progress) => told.push(progress) },
  );
  expect(result.structuredContent).toMatchObject({ taskId: task.taskId, status: 'COMPLETED', isOver: true });
  const later = await callTool(client, 'create_task', {
    type: 'archive_interactions',
    payload: { olderThanMonths: 6, dryRun: true },
    scheduledFor: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const waiting = await client.callTool(
    { name: 'task_status', arguments: { taskId: later.taskId, waitSeconds: 1 } },
    { onprogress: (progress) => told.push(progress) },
  );
  expect(waiting.structuredContent).toMatchObject({ status: 'PENDING', isOver: false, startedAt: null });
  expect(told).toContainEqual(
    expect.objectContaining({ progress: 1, message: expect.stringContaining('PENDING') }),
  );
});

test('find_media finds by words and pages', async () => {
  const client = await clientOf('jo');
  const hash = (index: number) => String(index).repeat(64);
  for (const index of [1, 2, 3])
    await app.sql(
      `insert into echo_media_insights (user_id, file_path, file_hash, state, media_type, analysis_tier, analysis_method,
         analysis_confidence, reader_version, date_taken, tags, search_terms, camera_make, camera_model)
       values ('jo', $1, $2, 'PRESENT', 'image/jpeg', 'FILE', 'test', 1, 1, $3, '{lake}', '{}', 'Canon', 'R5')`,
      [`/pictures/${index}.jpg`, hash(index), `2026-0${index}-01T00:00:00Z`],
    );
  const first = await callTool(client, 'find_media', { kind: 'IMAGE', limit: 2 });
  expect(first.media.map(({ fileHash }: { fileHash: string }) => fileHash)).toEqual([hash(3), hash(2)]);
  const second = await callTool(client, 'find_media', { kind: 'IMAGE', limit: 2, cursor: first.nextCursor });
  expect(second).toMatchObject({
    nextCursor: null,
    media: [
      {
        filePath: '/pictures/1.jpg',
        takenAt: '2026-01-01T00:00:00.000Z',
        camera: 'Canon R5',
        tags: ['lake'],
      },
    ],
  });
  const later = await callTool(client, 'find_media', { takenAfter: '2026-02-15T00:00:00Z' });
  expect(later.media).toHaveLength(1);
  expect((await callTool(client, 'find_media', { kind: 'VIDEO' })).media).toEqual([]);
});
