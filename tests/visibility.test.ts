import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currentActor } from '../src/access/caller.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket, take } from './support/streams.ts';

const SECRET = 'The cellar door opens with the word quinquereme.';
const ids = { conversation: '', interaction: '', turnId: '' };

/** Statements that were sent for a caller, and not by what runs in the background. */
const own: string[] = [];
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ onSql: (name) => void (currentActor() && own.push(name)) });
  const { data } = await record('nina', 'of nina', SECRET);
  const [turn] = data.recordTurns.interactions;
  Object.assign(ids, { conversation: turn.conversation.id, interaction: turn.id, turnId: turn.turnId });
});
afterAll(() => app.close());

function record(user: string, conversationId: string, query: string) {
  return app.graphql(
    `mutation ($input: RecordTurnsInput!) {
      recordTurns(input: $input) {
        ... on RecordTurnsSuccess { interactions { id turnId conversation { id } } }
        ... on Error { code }
      }
    }`,
    { input: { conversationId, turns: [{ query, idempotencyKey: 'one' }] } },
    user,
  );
}

describe('what a user said', () => {
  const READS: [string, string, () => Record<string, unknown>, unknown][] = [
    [
      'conversation',
      'query ($user: String) { conversation(conversationId: "of nina", userId: $user) { conversationId } }',
      () => ({}),
      { conversationId: 'of nina' },
    ],
    [
      'interaction',
      'query ($id: ID!) { interaction(turnId: $id) { query } }',
      () => ({ id: ids.turnId }),
      { query: SECRET },
    ],
    [
      'node of the conversation',
      'query ($id: ID!) { node(id: $id) { id } }',
      () => ({ id: ids.conversation }),
      { id: expect.any(String) },
    ],
    [
      'node of the interaction',
      'query ($id: ID!) { node(id: $id) { ... on Interaction { query } } }',
      () => ({ id: ids.interaction }),
      { query: SECRET },
    ],
  ];

  test.each(READS)('is theirs: %s', async (_name, query, variables, expected) => {
    own.length = 0;
    const hers = await app.graphql(query, variables(), 'nina');
    expect(Object.values(hers.data)).toEqual([expected]);
    expect(own).not.toEqual([]);
    const others = await app.graphql(query, variables(), 'oleg');
    expect(others.errors).toBeUndefined();
    expect(Object.values(others.data)).toEqual([null]);
    // A name means nothing without its user: those who may act for others name whose it is.
    const admins = await app.graphql(query, { ...variables(), user: 'nina' });
    expect(Object.values(admins.data)).toEqual([expected]);
  });

  test('is in nobody else’s lists and searches', async () => {
    const query = `{
      conversations { nodes { conversationId } } interactions { nodes { query } }
      found: interactions(filter: { text: "quinquereme" }) { nodes { query } }
      memorySearch(query: "quinquereme") { hits { interaction { query } } }
    }`;
    const { data } = await app.graphql(query, {}, 'nina');
    expect(JSON.stringify(data).match(/quinquereme/g)).toHaveLength(3);
    expect((await app.graphql(query, {}, 'oleg')).data).toEqual({
      conversations: { nodes: [] },
      interactions: { nodes: [] },
      found: { nodes: [] },
      memorySearch: { hits: [] },
    });
  });

  test('cannot be found by its words in a cursor or a conversation of the searcher', async () => {
    await record('oleg', 'of oleg', 'Something of my own');
    const { data } = await app.graphql(
      '{ interactions(filter: { conversationId: "of nina" }) { nodes { query } } }',
      {},
      'oleg',
    );
    expect(data.interactions.nodes).toEqual([]);
  });

  test('cannot be changed by others', async () => {
    const refused = await Promise.all([
      app.graphql(
        'mutation { r: deleteConversation(conversationId: "of nina") { ... on Error { code } } }',
        {},
        'oleg',
      ),
      app.graphql(
        'mutation ($id: ID!) { r: rateInteraction(input: { turnId: $id, rating: 1 }) { ... on Error { code } } }',
        { id: ids.turnId },
        'oleg',
      ),
    ]);
    expect(refused.map(({ data }) => data.r.code)).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    // A name of hers is free for others, and leads them to something of their own.
    expect((await record('oleg', 'of nina', 'Mine, too')).data.recordTurns.interactions).toHaveLength(1);
    const { data } = await app.graphql(
      '{ conversation(conversationId: "of nina", userId: "nina") { interactionCount } }',
    );
    expect(data.conversation.interactionCount).toBe(1);
  });

  test('is seen by nobody else who subscribes', async () => {
    const watch = 'subscription ($after: ID) { interactionAdded(after: $after) { interaction { query } } }';
    const narrow = `subscription ($after: ID) {
      interactionAdded(conversationId: "of nina", after: $after) { interaction { query } }
    }`;
    const variables = { after: '0-0' };
    await record('oleg', 'of oleg live', 'My own words');
    const seen = await take(overWebSocket(app.connect('oleg'), watch, variables), 3);
    expect(seen.map(({ data }) => data.interactionAdded.interaction.query)).toEqual([
      'Something of my own',
      'Mine, too',
      'My own words',
    ]);
    const [first] = await take(overWebSocket(app.connect('nina'), narrow, variables), 1);
    expect(first?.data.interactionAdded.interaction.query).toBe(SECRET);
  });
});

test.each([
  ['conversations', '{ conversations(userId: "nina") { nodes { id } } }'],
  ['interactions', '{ interactions(filter: { userId: "nina" }) { nodes { id } } }'],
  ['memorySearch', '{ memorySearch(query: "door", filter: { userId: "nina" }) { hits { score } } }'],
  [
    'recordTurns',
    'mutation { recordTurns(input: { conversationId: "x", userId: "nina", turns: [{ query: "q" }] }) { __typename } }',
  ],
  ['processQuery', 'mutation { processQuery(input: { query: "q", userId: "nina" }) { __typename } }'],
  ['cleanupConversations', 'mutation { cleanupConversations(olderThanDays: 1) { __typename } }'],
])('%s for another user is forbidden to a plain user', async (_name, operation) => {
  own.length = 0;
  const { errors } = await app.graphql(operation, {}, 'oleg');
  expect(errors).toHaveLength(1);
  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'FORBIDDEN',
    retryable: false,
    correlationId: expect.stringMatching(/^[\w-]{36}$/),
  });
  expect(own).toEqual([]);
});

test('an admin may act for another user', async () => {
  const { data } = await app.graphql(`mutation {
    recordTurns(input: { conversationId: "for paula", userId: "paula", turns: [{ query: "By proxy" }] }) {
      ... on RecordTurnsSuccess { interactions { userId } }
    }
  }`);
  expect(data.recordTurns.interactions).toEqual([{ userId: 'paula' }]);
  const read = await app.graphql('{ interactions(filter: { userId: "paula" }) { nodes { query } } }');
  expect(read.data.interactions.nodes).toEqual([{ query: 'By proxy' }]);
  const own = await app.graphql('{ me { userId mayActForOthers roles } }', {}, 'paula');
  expect(own.data.me).toEqual({ userId: 'paula', mayActForOthers: false, roles: ['USER'] });
});
