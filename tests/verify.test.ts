import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { newTurn, payloadHashOf, type Turn } from '../src/domains/interactions/turn.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const TABLE = 'echo_unified_interactions';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** A conversation of `count` turns with this name. */
function converse(conversationId: string, count = 5) {
  const turns = Array.from({ length: count }, (_, n) => ({ query: `q${n + 1}`, response: `r${n + 1}` }));
  return app.record(conversationId, turns);
}

async function verify(conversationId: string) {
  const { data, errors } = await app.graphql(
    'query ($id: String!) { verifyConversation(conversationId: $id) { intact turns problems { kind sequence turnId } } }',
    { id: conversationId },
  );
  expect(errors).toBeUndefined();
  return data.verifyConversation;
}

/** A query of the local user that nobody has answered. */
function unanswered(conversationId: string): Turn {
  return newTurn({
    tenantId: LOCAL_PRINCIPAL.tenantId,
    userId: LOCAL_PRINCIPAL.userId,
    turnId: randomUUID(),
    conversationId,
    query: 'cut short',
    timestamp: new Date().toISOString(),
    status: 'PROCESSING',
    payloadHash: payloadHashOf('cut short'),
  });
}

const change = (text: string, ...values: unknown[]) => app.sql(text, values);

test('a conversation that nobody touched is intact', async () => {
  await converse('untouched', 3);
  await app.graphql('mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename } }', {
    input: { query: 'asked é 🙂', conversationId: 'untouched', context: { b: 1, a: [2.5, null] } },
  });
  await converse('untouched', 2);
  expect(await verify('untouched')).toEqual({ intact: true, turns: 6, problems: [] });
});

test('a long one is read in pages', async () => {
  for (let n = 0; n < 3; n++) await converse('long', 400);
  expect(await verify('long')).toEqual({ intact: true, turns: 1200, problems: [] });
  await change(`update ${TABLE} set response = 'x' where conversation_id = 'long' and sequence = 1001`);
  expect((await verify('long')).problems).toMatchObject([{ kind: 'ALTERED', sequence: 1001 }]);
});

test('what is rated and embedded stays intact', async () => {
  await converse('rated');
  await change(
    `update ${TABLE} set rating = 1, rating_comment = 'good', vector_state = 'EMBEDDED' where conversation_id = 'rated'`,
  );
  expect((await verify('rated')).intact).toBe(true);
});

test.each([
  ['query', "'forged'"],
  ['response', "'forged'"],
  ['response', "''"],
  ['speaker', "'somebody else'"],
  ['responder', "'somebody else'"],
  ['model_used', "'another'"],
  ['intent', "'another'"],
  ['session_id', "'another'"],
  ['metadata', `'{"a": 1}'`],
  ['timestamp', "timestamp + interval '1 ms'"],
  ['user_id', "'somebody else'"],
  ['turn_id', 'gen_random_uuid()'],
  ['payload_hash', "'\\x00'"],
  ['chain_hash', "'\\x00'"],
  ['completion_hash', "'\\x00'"],
  ['status', "'INTERRUPTED'"],
])('another %s (%s) is found', async (column, value) => {
  const conversationId = `${column} ${value}`;
  await converse(conversationId);
  await change(
    `update ${TABLE} set ${column} = ${value} where conversation_id = $1 and sequence = 3`,
    conversationId,
  );
  const { intact, problems } = await verify(conversationId);
  expect(intact).toBe(false);
  // What belongs to somebody else is missing here, and says no more.
  const kind = column === 'user_id' ? 'MISSING' : 'ALTERED';
  const turnId = column === 'user_id' ? null : expect.any(String);
  expect(problems[0]).toMatchObject({ kind, sequence: 3, turnId });
});

test('an answer that was put into an interrupted turn is found', async () => {
  await converse('interrupted');
  const { store } = app.app.services;
  const accepted = await store.accept(unanswered('interrupted'));
  await store.abandon(accepted);
  await expect.poll(async () => (await verify('interrupted')).turns).toBe(6);
  expect((await verify('interrupted')).intact).toBe(true);
  await change(
    `update ${TABLE} set response = 'forged' where conversation_id = 'interrupted' and sequence = 6`,
  );
  expect((await verify('interrupted')).problems).toMatchObject([{ kind: 'ALTERED', sequence: 6 }]);
});

test.each([
  ['first', 1],
  ['middle', 3],
  ['last', 5],
])('the %s turn is missed', async (which, sequence) => {
  await converse(`without ${which}`);
  await change(
    `delete from ${TABLE} where conversation_id = $1 and sequence = $2`,
    `without ${which}`,
    sequence,
  );
  expect(await verify(`without ${which}`)).toMatchObject({
    intact: false,
    turns: 4,
    problems: [{ kind: 'MISSING', sequence, turnId: null }],
  });
});

test('a turn that was put in is found, at the end and in between', async () => {
  for (const conversationId of ['put at the end', 'put in between']) {
    await converse(conversationId);
    const between = conversationId === 'put in between';
    if (between)
      await change(
        `update ${TABLE} set sequence = sequence + 1 where conversation_id = $1 and sequence > 4`,
        conversationId,
      );
    await change(
      `insert into ${TABLE} (tenant_id, turn_id, conversation_id, sequence, user_id, query, response, model_used, processing_time, payload_hash, chain_hash)
       select tenant_id, gen_random_uuid(), conversation_id, sequence + $2, user_id, query, response, model_used, processing_time, payload_hash, chain_hash
       from ${TABLE} where conversation_id = $1 and sequence = 4`,
      conversationId,
      between ? 1 : 2,
    );
    expect((await verify(conversationId)).problems).toContainEqual(
      expect.objectContaining(between ? { kind: 'ALTERED', sequence: 5 } : { kind: 'INSERTED', sequence: 6 }),
    );
  }
});

test('two turns that changed places are found', async () => {
  await converse('swapped');
  await change(`update ${TABLE} set sequence = 99 where conversation_id = 'swapped' and sequence = 2`);
  await change(`update ${TABLE} set sequence = 2 where conversation_id = 'swapped' and sequence = 4`);
  await change(`update ${TABLE} set sequence = 4 where conversation_id = 'swapped' and sequence = 99`);
  const { problems } = await verify('swapped');
  for (const sequence of [2, 4])
    expect(problems).toContainEqual(expect.objectContaining({ kind: 'ALTERED', sequence }));
});

test('a conversation that ends earlier than it did is found, though its last turn is whole', async () => {
  await converse('shortened');
  await change(`delete from ${TABLE} where conversation_id = 'shortened' and sequence = 5`);
  await change("update echo_conversations set next_sequence = 5 where conversation_id = 'shortened'");
  expect((await verify('shortened')).problems).toMatchObject([{ kind: 'ALTERED', sequence: 4 }]);
});

test('there is nothing to verify in a conversation that does not exist', async () => {
  const { errors } = await app.graphql('{ verifyConversation(conversationId: "none") { intact } }');
  expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
});
