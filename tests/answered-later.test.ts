import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const NAME = 'Ilse Grau';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed interaction { turnId responder response status } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryAccepted { turnId } ... on QueryCompleted { result { interaction { turnId status } } } } }`;
const RECORD = 'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }';
const CANCEL = 'mutation ($id: ID!) { cancelQuery(turnId: $id) { __typename } }';
const RESTORE = `mutation ($lines: [String!]!) { restoreUser(lines: $lines) {
  ... on RestoreUserSuccess { turns } ... on Error { message } } }`;

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({ env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' } });
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

const keyed = (conversationId: string) => ({
  ...{ conversationId, query: 'How was the crossing?', idempotencyKey: `key of ${conversationId}` },
});

/** A turn that was cancelled before a word of its answer came. */
async function interrupted(
  conversationId: string,
  user?: string,
  input: { conversationId: string } = keyed(conversationId),
): Promise<string> {
  provider.respondWith({ kind: 'stall' });
  const events: Result['data'][] = [];
  for await (const { data } of overWebSocket(app.connect(user), STREAM, { input })) {
    const event = data.processQueryStream;
    events.push(event);
    if (event.type === 'ACCEPTED') await app.graphql(CANCEL, { id: event.turnId }, user);
  }
  expect(events.at(-1)).toMatchObject({ result: { interaction: { status: 'INTERRUPTED' } } });
  return events.at(-1).result.interaction.turnId;
}

/** The answer that it gets when it is asked again. */
async function answeredAfterAll(conversationId: string, user?: string) {
  provider.respondWith({ kind: 'answer', deltas: ['Rough, but dry.'] });
  const { data } = await app.graphql(ASK, { input: keyed(conversationId) }, user);
  return data.processQuery.interaction;
}

describe('a turn of a character that is answered only when it is asked again', () => {
  const conversationId = 'with her';
  const mine = async (text: string, variables = {}) => (await app.graphql(text, variables, 'ferry')).data;
  const verified = async () =>
    (await mine(`{ verifyConversation(conversationId: "${conversationId}") { intact problems { kind } } }`))
      .verifyConversation;
  const responders = async () =>
    (
      await mine(
        `{ conversation(conversationId: "${conversationId}") { interactions { nodes { responder } } } }`,
      )
    ).conversation.interactions.nodes;
  const exported = async (): Promise<string[]> => (await mine('{ exportUser { lines } }')).exportUser.lines;
  const restored = async (lines: string[]) => {
    await mine(`mutation { deleteConversation(conversationId: "${conversationId}") { __typename } }`);
    return (await mine(RESTORE, { lines })).restoreUser;
  };

  beforeAll(async () => {
    await mine(`mutation { upsertCharacter(input: { characterName: "${NAME}" }) { __typename } }`);
    await mine(
      `mutation { setConversationCharacters(conversationId: "${conversationId}", characters: ["${NAME}"]) { __typename } }`,
    );
    await interrupted(conversationId, 'ferry');
  });

  test('keeps who answered, is intact, and can be restored', async () => {
    expect(await answeredAfterAll(conversationId, 'ferry')).toMatchObject({
      ...{ responder: NAME, response: 'Rough, but dry.', status: 'ANSWERED' },
    });
    await expect.poll(() => responders()).toEqual([{ responder: NAME }]);
    expect(await verified()).toEqual({ intact: true, problems: [] });
    expect(await restored(await exported())).toEqual({ turns: 1 });
    expect(await verified()).toEqual({ intact: true, problems: [] });
  });

  const rename = (responder: string | null) =>
    app.sql("update echo_unified_interactions set responder = $1 where user_id = 'ferry'", [responder]);

  test('as earlier versions left it, without a name, it is told from a forged one and gets its name back', async () => {
    await rename(null);
    expect(await verified()).toEqual({ intact: true, problems: [] });
    expect(await restored(await exported())).toEqual({ turns: 1 });
    expect(await responders()).toEqual([{ responder: NAME }]);
    const lines = await exported();
    await app.sql(
      "update echo_unified_interactions set responder = null, response = 'Fine.' where user_id = 'ferry'",
    );
    expect(await verified()).toEqual({ intact: false, problems: [{ kind: 'ALTERED' }] });
    const { message } = await restored(await exported());
    expect(message).toContain('one was altered');
    expect(await restored(lines)).toEqual({ turns: 1 });
    await rename('Somebody Else');
    expect(await verified()).toEqual({ intact: false, problems: [{ kind: 'ALTERED' }] });
  });
});

test('who heard of a turn without its answer hears the answer, and its conversation knows the intent', async () => {
  const told = async (field: string, count: number) => {
    const events = overWebSocket(
      app.connect('hal'),
      `subscription { ${field}(after: "0-0") { interaction { turnId status response } } }`,
    );
    return (await take(events, count)).map(({ data, errors }) => data?.[field].interaction ?? errors);
  };
  const turnId = await interrupted('heard of', 'hal');
  await answeredAfterAll('heard of', 'hal');
  await app.graphql(RECORD, { input: { conversationId: 'heard of', turns: [{ query: 'next' }] } }, 'hal');
  const answered = { turnId, status: 'ANSWERED', response: 'Rough, but dry.' };
  expect(await told('interactionAnswered', 1)).toEqual([answered]);
  // Each turn is added once.
  expect(await told('interactionAdded', 2)).toEqual([answered, expect.objectContaining({ response: null })]);
  const { data } = await app.graphql(
    '{ conversation(conversationId: "heard of") { intentHistory } }',
    {},
    'hal',
  );
  expect(data.conversation.intentHistory).toHaveLength(1);
});

test('a turn that was learned from without its answer is learned from with it, and found by its words and its vector', async () => {
  const { learn, facts } = learning(app);
  const conversationId = 'learned of twice';
  const waiting = async () => [
    ...(await app.sql("select 1 from echo_unified_interactions where vector_state <> 'EMBEDDED'")),
    ...(await app.sql('select 1 from echo_index_queue')),
  ];
  const known = async () =>
    (await facts('nan')).map(({ statement, sources }) => [statement, sources.length]).sort();
  const query = { ...keyed(conversationId), query: 'I work at the Halden branch.' };
  const turnId = await interrupted(conversationId, 'nan', query);
  await app.record(conversationId, ['I restore the textiles.'], 'nan');
  expect((await learn('nan')).result).toMatchObject({ turns: 2, added: 1 });
  await expect.poll(waiting).toEqual([]);
  expect(await known()).toEqual([['user works at Halden branch', 1]]);
  const vector = async () => (await app.app.services.vectors.fetch([turnId])).get(turnId);
  const withoutAnswer = await vector();
  provider.respondWith({ kind: 'answer', deltas: ['Marvellous. What do you do there?'] });
  await app.graphql(ASK, { input: query }, 'nan');
  await expect.poll(waiting).toEqual([]);
  expect(await vector()).not.toEqual(withoutAnswer);
  const { data } = await app.graphql(
    '{ memorySearch(query: "marvellous") { hits { tier interaction { turnId } } } }',
    {},
    'nan',
  );
  expect(data.memorySearch.hits).toContainEqual({ tier: 'KEYWORDS', interaction: { turnId } });
  // What is said behind it is understood by it.
  expect((await learn('nan')).result).toMatchObject({ turns: 2, added: 1 });
  expect(await known()).toEqual([
    [expect.stringContaining('textiles'), 1],
    ['user works at Halden branch', 1],
  ]);
  expect((await learn('nan')).result).toMatchObject({ turns: 0 });
});
