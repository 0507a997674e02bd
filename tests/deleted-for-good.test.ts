import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { traces } from './support/traces.ts';

const WORD = 'kumquat';
const NAME = 'Kumquat';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0', OUTBOUND_ALLOW: '127.0.0.1/32' } });
});
afterAll(() => app.close());

const said = (number: number, query: string) => ({
  query,
  response: `A ${WORD}, I see.`,
  ...{ speaker: `Ada ${NAME}`, responder: `Model ${NAME}`, sessionId: `session ${WORD}`, intent: WORD },
  ...{ modelUsed: WORD, idempotencyKey: `${WORD} ${number}` },
  metadata: { caption: `a ${WORD}`, [WORD]: [{ deep: WORD }] },
});

async function record(conversationId: string, turns: readonly object[]): Promise<string[]> {
  const { data } = await app.graphql(
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { message } } }`,
    { input: { conversationId, turns } },
  );
  return data.recordTurns.interactions.map(({ turnId }: { turnId: string }) => turnId);
}

async function ask(conversationId: string, query: string): Promise<string> {
  const { data } = await app.graphql(
    `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
      ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { message } } }`,
    { input: { conversationId, query, context: { about: WORD }, idempotencyKey: query } },
  );
  return data.processQuery.interaction.turnId;
}

/** Turns in all that tells of them: searched by words and vectors, told to a webhook that nobody serves, rated, learned from. */
async function fill(): Promise<string[]> {
  await app.graphql(`mutation { createWebhook(input: { url: "http://127.0.0.1:9/", events: [INTERACTION_ADDED, FACT_CHANGED] }) {
    __typename } }`);
  const [pet = '', , home = '', , errand = ''] = await record('kept', [
    said(1, `My dog is called ${NAME}. I am allergic to ${WORD}. My favourite colour is green.`),
    { query: 'I like tea.', response: 'So do I.' },
    said(2, `I moved to ${NAME} in May 2024.`),
    { query: 'I have lived there since.', response: 'I know.' },
    said(3, `Remind me to buy a ${WORD}. My sister ${NAME} is a nurse.`),
  ]);
  const questions = [`What is ${WORD}?`, `What did I say about ${NAME}?`, `My cat is called ${NAME}.`];
  const asked: string[] = [];
  for (const question of questions) asked.push(await ask('kept', question));
  const { data } = await app.graphql(
    'mutation ($input: RateInteractionInput!) { rateInteraction(input: $input) { __typename } }',
    { input: { turnId: pet, rating: -0.5, comment: WORD } },
  );
  expect(data.rateInteraction.__typename).toBe('RateInteractionSuccess');
  await learning(app).learnAll();
  await expect
    .poll(() => app.sql("select 1 from echo_unified_interactions where vector_state <> 'EMBEDDED'"))
    .toEqual([]);
  // As if they had waited for long.
  await app.sql("update echo_index_queue set queued_at = now() - interval '1 hour'");
  await expect.poll(() => app.sql('select 1 from echo_index_queue')).toEqual([]);
  return [pet, home, errand, ...asked];
}

test('of turns that are deleted nothing is left, in no table and no file', async () => {
  const turnIds = await fill();
  const facts = async () => (await learning(app).facts('default')).map(({ object }) => object);
  expect((await facts()).join()).toContain(NAME);
  const full = (await traces(app, WORD)).join();
  for (const table of [
    'unified_interactions',
    'index_postings',
    'index_owners',
    'learned_facts',
    'fact_sources',
  ])
    expect(full).toContain(`table echo_${table}`);
  for (const id of turnIds) {
    const { data } = await app.graphql(
      'mutation ($id: ID!) { deleteInteraction(turnId: $id) { ... on DeleteInteractionSuccess { turnId } ... on Error { message } } }',
      { id },
    );
    expect(data.deleteInteraction).toEqual({ turnId: id });
  }
  await expect.poll(() => traces(app, WORD), { interval: 250 }).toEqual([]);
  // What the others say is still known.
  expect(await facts()).toEqual(['tea']);
  const { data } = await app.graphql(
    '{ conversation(conversationId: "kept") { interactions { nodes { query } } } }',
  );
  expect(data.conversation.interactions.nodes).toHaveLength(2);
});

test.each([
  [
    'a conversation that is deleted',
    'gone 1',
    'mutation { deleteConversation(conversationId: "gone 1") { ... on DeleteConversationSuccess { __typename } ... on Error { message } } }',
  ],
  [
    'conversations that are cleaned up',
    'gone 2',
    'mutation { cleanupConversations(olderThanDays: 30) { ... on CleanupSuccess { __typename } ... on Error { message } } }',
  ],
])('of %s nothing is left either', async (_what, name, remove) => {
  await record(name, [said(4, `I like ${WORD}.`)]);
  await ask(name, `What do I like? ${WORD} again`);
  expect((await traces(app, WORD)).join()).toContain('journal.db');
  await app.sql(
    "update echo_conversations set last_interaction = now() - interval '31 days' where conversation_id = $1",
    [name],
  );
  const { data } = await app.graphql(remove);
  expect(Object.values(data)[0]).not.toHaveProperty('message');
  await expect.poll(() => traces(app, WORD), { interval: 250 }).toEqual([]);
});
