import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket, take } from './support/streams.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** What clients with fixed names call their one conversation, and names that could be taken for parts of a key. */
const NAMES = [
  'main',
  'default',
  'Ünïcode 会話 "🦊"',
  '["default","ada","main"]',
  'ada\nmain',
  "' or 1=1 --",
];
const [ADA, BEN] = ['ada', 'ben'];
const ADMIN = undefined;

function record(
  user: string | undefined,
  conversationId: string,
  texts: readonly string[],
  more: object = {},
) {
  const turns = texts.map((query) => ({ query, idempotencyKey: `key ${query.length}` }));
  return app.graphql(
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { replayed interactions { turnId sequence userId conversation { id title interactionCount } } }
      ... on Error { code message } } }`,
    { input: { conversationId, turns, ...more } },
    user,
  );
}

const THREAD = `conversation(conversationId: $name, userId: $user) {
  id userId title interactionCount interactions { nodes { query sequence } } }`;

async function thread(caller: string | undefined, name: string, user: string | null = null) {
  const { data, errors } = await app.graphql(
    `query ($name: String!, $user: String) { ${THREAD} }`,
    { name, user },
    caller,
  );
  return errors?.[0]?.extensions.code ?? data.conversation;
}

const queriesOf = (conversation: { interactions: { nodes: { query: string }[] } } | null) =>
  conversation?.interactions.nodes.map(({ query }) => query);

describe.each(NAMES)('two users who both call a conversation %j', (name) => {
  beforeEach(async () => {
    await app.sql('truncate echo_conversations, echo_unified_interactions, echo_deleted_turns');
    await record(ADA, name, ['ada one', 'ada two!']);
    await record(BEN, name, ['ben one']);
  });

  test('have one each, with places of its own', async () => {
    expect(await thread(ADA, name)).toMatchObject({ userId: ADA, interactionCount: 2 });
    expect(await thread(BEN, name)).toMatchObject({
      userId: BEN,
      interactions: { nodes: [{ query: 'ben one', sequence: 1 }] },
    });
    // The admin has none of this name, and may look at either.
    expect(await thread(ADMIN, name)).toBeNull();
    expect(queriesOf(await thread(ADMIN, name, BEN))).toEqual(['ben one']);
    expect(await thread(BEN, name, ADA)).toBe('FORBIDDEN');
  });

  test('are read at once, each with their own turns', async () => {
    const turns = '{ interactions(last: 1) { nodes { query sequence } } }';
    // As said and whole: there is a statement for each.
    for (const fields of [turns, turns.replace('query', 'query metadata')]) {
      const { data } = await app.graphql(
        `query ($name: String!) { ada: conversation(conversationId: $name, userId: "${ADA}") ${fields}
          ben: conversation(conversationId: $name, userId: "${BEN}") ${fields} }`,
        { name },
      );
      expect(data.ada.interactions.nodes).toMatchObject([{ query: 'ada two!', sequence: 2 }]);
      expect(data.ben.interactions.nodes).toMatchObject([{ query: 'ben one', sequence: 1 }]);
    }
  });

  test('get turns of different ids for the same keys, and the same for a retry', async () => {
    const [ofAda, ofBen] = await Promise.all([
      record(ADA, name, ['ada one']),
      record(BEN, name, ['ben one']),
    ]);
    const [a, b] = [ofAda, ofBen].map(({ data }) => data.recordTurns);
    expect([a.replayed, b.replayed]).toEqual([1, 1]);
    expect(a.interactions[0].turnId).not.toBe(b.interactions[0].turnId);
    expect(a.interactions[0].conversation.id).not.toBe(b.interactions[0].conversation.id);
  });

  test('find theirs by its global id, and nobody else does', async () => {
    const { id } = await thread(ADA, name);
    const node = async (user: string | undefined, given: string) =>
      (
        await app.graphql(
          'query ($id: ID!) { node(id: $id) { ... on Conversation { userId } } }',
          { id: given },
          user,
        )
      ).data.node;
    expect(await node(ADA, id)).toEqual({ userId: ADA });
    expect(await node(BEN, id)).toBeNull();
    expect(await node(ADMIN, id)).toEqual({ userId: ADA });
    // As an older version wrote it: the caller's own.
    const old = Buffer.from(`Conversation:${name}`).toString('base64');
    expect(await node(BEN, old)).toEqual({ userId: BEN });
    expect(await node('zoe', old)).toBeNull();
  });

  test('ask in it, over both doors', async () => {
    const { data } = await app.graphql(
      `mutation ($name: String!) { processQuery(input: { query: "Where am I?", conversationId: $name }) {
        ... on ProcessQuerySuccess { interaction { userId sequence } conversation { userId interactionCount } } } }`,
      { name },
      BEN,
    );
    expect(data.processQuery).toEqual({
      interaction: { userId: BEN, sequence: 2 },
      conversation: { userId: BEN, interactionCount: 2 },
    });
    const rest = await fetch(new URL('/api/echo/query', app.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'And I?', conversation_id: name, user_id: ADA }),
    });
    expect(await rest.json()).toMatchObject({ conversation_id: name });
    expect(queriesOf(await thread(ADA, name))).toEqual(['ada one', 'ada two!', 'And I?']);
    const read = async (query: string) =>
      (
        await (
          await fetch(new URL(`/api/echo/conversation/${encodeURIComponent(name)}${query}`, app.url))
        ).json()
      ).history.length;
    expect([await read(''), await read('?user_id=ada'), await read('?user_id=ben')]).toEqual([0, 3, 2]);
  });

  test('find and list only their own', async () => {
    const { data } = await app.graphql(
      `query ($name: String!) {
        interactions(filter: { conversationId: $name }) { nodes { query } }
        memorySearch(query: "one", filter: { conversationId: $name }) { hits { interaction { query } } }
        conversations { nodes { userId } } }`,
      { name },
      BEN,
    );
    expect(data).toEqual({
      interactions: { nodes: [{ query: 'ben one' }] },
      memorySearch: { hits: [{ interaction: { query: 'ben one' } }] },
      conversations: { nodes: [{ userId: BEN }] },
    });
  });

  test('verify, export and delete only their own', async () => {
    const verified = async (user: string | undefined, of: string | null) =>
      (
        await app.graphql(
          'query ($name: String!, $of: String) { verifyConversation(conversationId: $name, userId: $of) { intact turns } }',
          { name, of },
          user,
        )
      ).data?.verifyConversation;
    expect(await verified(ADA, null)).toEqual({ intact: true, turns: 2 });
    expect(await verified(ADMIN, BEN)).toEqual({ intact: true, turns: 1 });
    const { data } = await app.graphql('{ exportUser { lines } }', {}, BEN);
    expect(data.exportUser.lines).toHaveLength(2);
    expect(data.exportUser.lines.join()).not.toContain('ada one');
    const remove = async (user: string | undefined, of: string | null = null) =>
      (
        await app.graphql(
          `mutation ($name: String!, $of: String) { deleteConversation(conversationId: $name, userId: $of) {
            ... on DeleteConversationSuccess { deletedInteractions } ... on Error { code } } }`,
          { name, of },
          user,
        )
      ).data.deleteConversation;
    expect(await remove(ADMIN)).toEqual({ code: 'NOT_FOUND' });
    expect(await remove(BEN)).toEqual({ deletedInteractions: 1 });
    expect(await remove(BEN)).toEqual({ code: 'NOT_FOUND' });
    expect(queriesOf(await thread(ADA, name))).toEqual(['ada one', 'ada two!']);
    const restored = await app.graphql(
      `mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns } ... on Error { message } } }`,
      { lines: data.exportUser.lines },
      BEN,
    );
    expect(restored.data.restoreUser).toEqual({ turns: 1 });
    expect(queriesOf(await thread(BEN, name))).toEqual(['ben one']);
    expect(await remove(ADMIN, ADA)).toEqual({ deletedInteractions: 2 });
  });

  test('hear of turns in their own', async () => {
    const watch = `subscription ($name: String, $user: String) {
      interactionAdded(conversationId: $name, userId: $user, after: "0-0") { interaction { query } } }`;
    const first = async (caller: string | undefined, user: string | null, ofName: string | null = name) => {
      const [told] = await take(overWebSocket(app.connect(caller), watch, { name: ofName, user }), 1);
      return told?.errors?.[0]?.extensions?.code ?? told?.data.interactionAdded.interaction.query;
    };
    expect(await first(BEN, null)).toBe('ben one');
    expect(await first(ADMIN, BEN)).toBe('ben one');
    expect(await first(ADMIN, ADA, null)).toBe('ada one');
    await record(ADMIN, name, ['of the admin']);
    expect(await first(ADMIN, null)).toBe('of the admin');
    expect(await first(BEN, ADA)).toBe('FORBIDDEN');
  });
});

test('an answer nests each user’s own conversation where an admin lists turns of several', async () => {
  await record(ADA, 'shared', ['ada'], { title: 'Of Ada' });
  await record(BEN, 'shared', ['ben'], { title: 'Of Ben' });
  const { data } = await app.graphql(
    `{ a: interactions(filter: { userId: "${ADA}", conversationId: "shared" }) { nodes { conversation { title } } }
       b: interactions(filter: { userId: "${BEN}", conversationId: "shared" }) { nodes { conversation { title } } } }`,
  );
  expect(data).toEqual({
    a: { nodes: [{ conversation: { title: 'Of Ada' } }] },
    b: { nodes: [{ conversation: { title: 'Of Ben' } }] },
  });
});

describe('a title that comes with turns', () => {
  const titled = async (name: string, title: unknown) =>
    (await record(ADA, name, ['hello'], { title })).data.recordTurns;

  test('is the conversation’s, unless it had one', async () => {
    await record(ADA, 'untitled', ['hello']);
    expect((await thread(ADA, 'untitled')).title).toBeNull();
    // A retry stores nothing, and brings the title that an older import left behind.
    expect(await titled('untitled', 'Vår resa 🚂')).toMatchObject({ replayed: 1 });
    expect((await thread(ADA, 'untitled')).title).toBe('Vår resa 🚂');
    await titled('untitled', 'Another');
    await record(ADA, 'untitled', ['and more of it']);
    expect((await thread(ADA, 'untitled')).title).toBe('Vår resa 🚂');
  });

  test.each([
    ['', /1 to 200 characters, has 0/],
    [' \t\n', /only white space/],
    ['x'.repeat(201), /1 to 200 characters, has 201/],
    ['a\0b', /NUL/],
    ['half \ud83d', /surrogates/],
  ])('is refused outside its limits: %j', async (title, message) => {
    expect(await titled('refused', title)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(new RegExp(`^title: .*${message.source}`)),
    });
    expect(await thread(ADA, 'refused')).toBeNull();
  });

  test('may have 200 characters of any kind', async () => {
    await titled('long', '🦊'.repeat(200));
    expect((await thread(ADA, 'long')).title).toBe('🦊'.repeat(200));
  });
});

describe('a cursor that no list gave', () => {
  const LISTS = [
    'conversations(after: $c) { nodes { id } }',
    'conversations(before: $c, last: 2) { nodes { id } }',
    'interactions(after: $c) { nodes { id } }',
    'interactions(before: $c, last: 2) { nodes { id } }',
    'conversation(conversationId: "listed") { interactions(after: $c) { nodes { id } } }',
    'characters(after: $c) { nodes { id } }',
    'alerts(after: $c) { nodes { name } }',
    'auditLog(after: $c) { next }',
    'exportUser(after: $c) { next }',
  ];
  const encoded = (text: string) => Buffer.from(text).toString('base64url');
  const MADE = [
    '-99999999999999.1',
    '999999999999999.1',
    '-62135596800001.1',
    '253402300800000.1',
    '1.2147483648',
    '1.9999999999',
    '-1',
    '2147483648',
    '99999999999999999999',
    '9223372036854775808',
    '["listed",2147483648]',
    '["listed",-1]',
    '["listed",1.5]',
    '["\\ud800",1]',
    `["${'x'.repeat(200)}",1]`,
    '1.1~1:2:3',
    '1.1~99999999999999999999:99999999999999999999:',
    '1.1~9223372036854775807:1:',
    'NaN.NaN',
    '\0',
    '',
  ];
  beforeAll(() => record(ADMIN, 'listed', ['one', 'three']));

  test.each(LISTS)('never fails inside: %s', async (list) => {
    for (const made of [...MADE.map(encoded), ...MADE, 'LTk5OTk5OTk5OTk5OTk5OS4x', 'not base64!', '\ud800']) {
      const { errors } = await app.graphql(`query ($c: String) { ${list} }`, { c: made });
      expect([made, errors?.map(({ extensions }) => extensions.code) ?? []]).toEqual([
        made,
        errors ? ['BAD_USER_INPUT'] : [],
      ]);
    }
  });

  test.each(['interactionAdded { cursor }', 'alerts { cursor }', 'persistenceFailures { cursor }'])(
    'nor in a subscription: %s',
    async (field) => {
      const [name, rest] = field.split(' {');
      const query = `subscription ($c: ID) { ${name}(after: $c) {${rest} }`;
      for (const made of [
        '-1-1',
        '9223372036854775808-1',
        '1-9223372036854775808',
        '1',
        'x',
        '1-1~x',
        '1-1~0.1-2',
        '',
      ])
        expect([
          made,
          (await take(overWebSocket(app.connect(), query, { c: made }), 1))[0]?.errors?.[0]?.extensions?.code,
        ]).toEqual([made, 'BAD_USER_INPUT']);
    },
  );
});
