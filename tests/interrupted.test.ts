import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { turnIdOf } from '../src/domains/interactions/turn.ts';
import { type ChildServer, startChildServer } from './support/child-server.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { putCluster } from './support/prepared-cluster.ts';

const TURN = 'turnId query response status sequence';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  __typename ... on ProcessQuerySuccess { durability replayed interaction { ${TURN} } } } }`;

let directory: string;
let provider: OpenAiServer;
let server: ChildServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-interrupted-'));
  await putCluster(directory);
  provider = await startOpenAiServer();
  await start();
});
afterAll(async () => {
  server.signal('SIGTERM');
  await server.exited;
  await provider.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

async function start() {
  server = await startChildServer(directory, {
    LLM_BASE_URL: provider.url,
    LLM_MODELS: 'quick=small',
    LLM_STALL_MS: '600000',
    LLM_TIMEOUT_MS: '600000',
  });
}

const keyed = { query: 'What did the ferryman say?', conversationId: 'cut short', idempotencyKey: 'k' };
const unkeyed = { query: 'And without a key?', conversationId: 'also cut short' };
const turnId = turnIdOf(LOCAL_PRINCIPAL, keyed.conversationId, keyed.idempotencyKey);

async function read() {
  const { data } = await server.graphql(`query ($id: ID!) { interaction(turnId: $id) { ${TURN} } }`, {
    id: turnId,
  });
  return data.interaction;
}

async function turnsOf(conversationId: string) {
  const { data } = await server.graphql(
    `query ($id: String!) {
       conversation(conversationId: $id) { interactions { nodes { ${TURN} } } }
       verifyConversation(conversationId: $id) { intact turns }
     }`,
    { id: conversationId },
  );
  return { turns: data.conversation?.interactions.nodes, verified: data.verifyConversation };
}

const asked = async (input: object) => (await server.graphql(ASK, { input })).data.processQuery;

test('a query whose server dies while a model answers is kept, and answered when it is asked again', async () => {
  provider.respondWith({ kind: 'stall', after: ['He said'] });
  const unheard = [keyed, unkeyed].map((input) => server.graphql(ASK, { input }).catch(() => 'cut'));
  await expect.poll(() => provider.chats.length).toBe(2);
  const waiting = { turnId, query: keyed.query, response: null, sequence: null };
  expect(await read()).toEqual({ ...waiting, status: 'PROCESSING' });

  server.signal('SIGKILL');
  expect(await server.exited).toBe('SIGKILL');
  expect(await Promise.all(unheard)).toEqual(['cut', 'cut']);
  await start();

  await expect.poll(read).toEqual({ ...waiting, status: 'INTERRUPTED', sequence: 1 });
  await expect
    .poll(() => turnsOf(unkeyed.conversationId))
    .toMatchObject({
      turns: [{ query: unkeyed.query, response: null, status: 'INTERRUPTED', sequence: 1 }],
      verified: { intact: true, turns: 1 },
    });

  provider.respondWith({ kind: 'answer', deltas: ['He said nothing.'] });
  const answered = { ...waiting, status: 'ANSWERED', response: 'He said nothing.', sequence: 1 };
  const { sequence: _, ...said } = answered;
  // Whether the row is there by the deadline, or the journal's entry, is the machine's affair.
  expect(await asked(keyed)).toMatchObject({ replayed: false, interaction: said });
  await expect.poll(read).toEqual(answered);
  expect(await asked(keyed)).toMatchObject({ replayed: true, interaction: answered });
  expect(await turnsOf(keyed.conversationId)).toEqual({
    turns: [answered],
    verified: { intact: true, turns: 1 },
  });
}, 120_000);
