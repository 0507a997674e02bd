import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { forgetDeletedElsewhere } from '../src/domains/interactions/set-apart.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { filesWithTraces } from './support/traces.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed durability interaction { response } } ... on Error { code message } } }`;
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability } ... on Error { code message } } }`;
const DELETE = `mutation ($id: String!) { deleteConversation(conversationId: $id) {
  ... on DeleteConversationSuccess { __typename } ... on Error { code message } } }`;
const ERASE = `mutation ($id: String!) { eraseUser(userId: $id, confirm: $id) {
  ... on EraseUserSuccess { __typename } ... on Error { code message } } }`;

/** A server that always has the database, and another one that reaches the same through a proxy. */
let here: TestApp;
let elsewhere: TestApp;
let proxy: DatabaseProxy;
beforeAll(async () => {
  proxy = await startDatabaseProxy();
  here = await startTestApp();
  const { databaseUrl } = here;
  elsewhere = await startTestApp({
    env: { ACK_DEADLINE_MS: '2000' },
    patienceMs: 0,
    route: () => proxy.route(databaseUrl),
  });
});
afterEach(async () => {
  await proxy.restore().catch(() => undefined);
  await expect.poll(isUp).toBe(true);
});
afterAll(async () => {
  await elsewhere.close();
  await here.close();
  await proxy.close();
});

const isUp = () => elsewhere.app.services.availability.isUp;
async function cutOff() {
  await proxy.refuse();
  await expect.poll(isUp).toBe(false);
}

const keyed = (conversationId: string) => ({
  ...{ conversationId, query: `What of the ${conversationId}?`, idempotencyKey: conversationId },
});
async function ask(conversationId: string, user: string) {
  const { data } = await elsewhere.graphql(ASK, { input: keyed(conversationId) }, user);
  return data.processQuery;
}
async function record(app: TestApp, conversationId: string, query: string, user: string) {
  const { data } = await app.graphql(RECORD, { input: { conversationId, turns: [{ query }] } }, user);
  return data.recordTurns;
}
const queriesOf = async (user: string) =>
  (
    await here.sql<{ query: string }>(
      'select query from echo_unified_interactions where user_id = $1 order by sequence',
      [user],
    )
  ).map(({ query }) => query);

test('an answer is remembered for an outage, whatever others delete meanwhile', async () => {
  expect((await ask('kept quince', 'ann')).durability).toBe('COMMITTED');
  await record(elsewhere, 'of another', 'gone soon', 'ben');
  await elsewhere.graphql(DELETE, { id: 'of another' }, 'ben');
  expect(await elsewhere.app.services.canary.run()).toMatchObject({ ok: true });
  await cutOff();
  expect(await ask('kept quince', 'ann')).toMatchObject({ replayed: true });
});

test('what another server deleted is not answered out of memory, and its journal has it not', async () => {
  expect((await ask('medlar', 'ann')).durability).toBe('COMMITTED');
  expect((await ask('loquat', 'cid')).durability).toBe('COMMITTED');
  expect((await here.graphql(DELETE, { id: 'medlar' }, 'ann')).data.deleteConversation.code).toBeUndefined();
  expect((await here.graphql(ERASE, { id: 'cid' })).data.eraseUser.code).toBeUndefined();
  await forgetDeletedElsewhere(elsewhere.app.services);
  for (const word of ['medlar', 'loquat'])
    expect((await filesWithTraces(elsewhere.directory, word)).join()).not.toContain('journal');
  await cutOff();
  for (const [conversation, user] of [
    ['medlar', 'ann'],
    ['loquat', 'cid'],
  ] as const)
    expect(await ask(conversation, user)).toMatchObject({ replayed: false });
});

test('turns that wait in another server do not come back when their conversation was deleted', async () => {
  await record(here, 'orchard', 'before', 'dot');
  await cutOff();
  expect(await record(elsewhere, 'orchard', 'waits', 'dot')).toEqual({ durability: 'JOURNALED' });
  expect((await here.graphql(DELETE, { id: 'orchard' }, 'dot')).data.deleteConversation.code).toBeUndefined();
  expect(await record(here, 'orchard', 'something new', 'dot')).toEqual({ durability: 'COMMITTED' });
  expect(await record(elsewhere, 'meadow', 'is nobody’s business', 'dot')).toEqual({
    durability: 'JOURNALED',
  });
  await proxy.restore();
  await expect.poll(() => elsewhere.app.services.store.backlog.depth).toBe(0);
  expect((await queriesOf('dot')).sort()).toEqual(['is nobody’s business', 'something new']);
  expect(await record(elsewhere, 'orchard', 'and more', 'dot')).toEqual({ durability: 'COMMITTED' });
});

test('nor those of a user who was erased, who may begin anew', async () => {
  await record(here, 'old', 'before', 'eve');
  await cutOff();
  expect(await record(elsewhere, 'old', 'waits', 'eve')).toEqual({ durability: 'JOURNALED' });
  expect((await here.graphql(ERASE, { id: 'eve' })).data.eraseUser.code).toBeUndefined();
  await proxy.restore();
  await expect.poll(() => elsewhere.app.services.store.backlog.depth).toBe(0);
  expect(await queriesOf('eve')).toEqual([]);
  expect(await record(elsewhere, 'old', 'a new life', 'eve')).toEqual({ durability: 'COMMITTED' });
  expect(await queriesOf('eve')).toEqual(['a new life']);
});
