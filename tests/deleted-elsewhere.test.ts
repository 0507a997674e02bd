import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { forgetDeletedElsewhere } from '../src/domains/interactions/set-apart.ts';
import { subjectOf } from '../src/ground/ownership.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, user } from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { filesWithTraces } from './support/traces.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed durability interaction { response } } ... on Error { code message } } }`;
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability } ... on Error { code message } } }`;
const DELETE = `mutation ($id: String!) { deleteConversation(conversationId: $id) {
  ... on DeleteConversationSuccess { __typename } ... on Error { code message } } }`;
const CLEAN = `mutation { cleanupConversations(olderThanDays: 30) {
  ... on CleanupSuccess { deletedInteractions } ... on Error { code message } } }`;
const VERIFY = `query ($id: String!) { verifyConversation(conversationId: $id) { intact turns } }`;
const ERASE = `mutation ($id: String!) { eraseUser(userId: $id, confirm: $id) {
  ... on EraseUserSuccess { __typename } ... on Error { code message } } }`;

/** A server that always has the database, and another one that reaches the same through a proxy. */
let here: TestApp;
let elsewhere: TestApp;
let proxy: DatabaseProxy;
let provider: OpenAiServer;
beforeAll(async () => {
  proxy = await startDatabaseProxy();
  provider = await startOpenAiServer();
  const models = { LLM_BASE_URL: provider.url, LLM_MODELS: 'standard=small' };
  here = await startTestApp({ env: models });
  const { databaseUrl } = here;
  elsewhere = await startTestApp({
    env: { ...models, ACK_DEADLINE_MS: '2000' },
    patienceMs: 0,
    route: () => proxy.route(databaseUrl),
  });
});
afterEach(async () => {
  provider.respondWith([]);
  await proxy.restore().catch(() => undefined);
  await expect.poll(isUp).toBe(true);
});
afterAll(async () => {
  await elsewhere.close();
  await here.close();
  await proxy.close();
  await provider.close();
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
/** A conversation that a cleanup takes. */
async function recordOld(conversationId: string, user: string) {
  const turns = [{ query: 'of long ago', timestamp: '2020-01-01T00:00:00Z' }];
  await here.graphql(RECORD, { input: { conversationId, turns } }, user);
}
async function clean() {
  const { data } = await here.graphql(CLEAN);
  expect(data.cleanupConversations).toEqual({ deletedInteractions: 1 });
}
async function drained() {
  await proxy.restore();
  await expect.poll(() => elsewhere.app.services.store.backlog.depth).toBe(0);
}
/** A model that has begun, and ends when it is told. @returns ends it */
async function whileAsked(asking: () => Promise<unknown>): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = provider.chats.length;
  provider.respondWith({ kind: 'answer', deltas: ['An', 'swer'], until: promise });
  asking().catch(() => undefined);
  await expect.poll(() => provider.chats.length).toBe(asked + 1);
  return resolve;
}
async function record(app: TestApp, conversationId: string, query: string, user: string) {
  const { data } = await app.graphql(RECORD, { input: { conversationId, turns: [{ query }] } }, user);
  return data.recordTurns;
}
async function remove(conversationId: string, user: string) {
  const { data } = await here.graphql(DELETE, { id: conversationId }, user);
  expect(data.deleteConversation.code).toBeUndefined();
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

/** Once the journal there has gone through: whether it holds words, when it was looked through. */
async function isInJournal(word: string): Promise<boolean> {
  await expect.poll(() => elsewhere.app.services.store.backlog.depth).toBe(0);
  await forgetDeletedElsewhere(elsewhere.app.services);
  return (await filesWithTraces(elsewhere.directory, word)).join().includes('journal');
}

const untold = async () =>
  (await elsewhere.app.services.journal.waiting(0, 1_000)).filter(({ kind }) => kind === 'event').length;
/** Events that this user's saves had been deferred there, which nobody hears the end of, or null while some wait for the table. */
async function deferralsOf(user: string) {
  if ((await untold()) > 0) return null;
  return here.sql("select kind from echo_events where user_id = $1 and kind = 'persistence_failure'", [user]);
}
/** Until the deferral was told, and waits for the table. */
const untilDeferred = () => expect.poll(untold).toBeGreaterThan(0);

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
  expect(await record(elsewhere, 'orchard', 'waits for mirabelles', 'dot')).toEqual({
    durability: 'JOURNALED',
  });
  expect((await here.graphql(DELETE, { id: 'orchard' }, 'dot')).data.deleteConversation.code).toBeUndefined();
  expect(await record(here, 'orchard', 'something new', 'dot')).toEqual({ durability: 'COMMITTED' });
  expect(await record(elsewhere, 'meadow', 'is nobody’s business', 'dot')).toEqual({
    durability: 'JOURNALED',
  });
  await proxy.restore();
  expect(await isInJournal('mirabelles')).toBe(false);
  expect((await queriesOf('dot')).sort()).toEqual(['is nobody’s business', 'something new']);
  expect(await record(elsewhere, 'orchard', 'and more', 'dot')).toEqual({ durability: 'COMMITTED' });
});

test('nor those of a user who was erased, who may begin anew', async () => {
  await record(here, 'old', 'before', 'eve');
  await cutOff();
  expect(await record(elsewhere, 'old', 'waits for damsons', 'eve')).toEqual({ durability: 'JOURNALED' });
  await untilDeferred();
  expect((await here.graphql(ERASE, { id: 'eve' })).data.eraseUser.code).toBeUndefined();
  await proxy.restore();
  expect(await isInJournal('damsons')).toBe(false);
  await expect.poll(() => deferralsOf('eve')).toEqual([]);
  expect(await queriesOf('eve')).toEqual([]);
  expect(await record(elsewhere, 'old', 'a new life', 'eve')).toEqual({ durability: 'COMMITTED' });
  expect(await queriesOf('eve')).toEqual(['a new life']);
});

test('a cleanup takes what is old, and no turn that is new and not stored yet, at whichever server', async () => {
  await recordOld('attic', 'fay');
  await cutOff();
  expect(await record(elsewhere, 'attic', 'waits', 'fay')).toEqual({ durability: 'JOURNALED' });
  const question = { conversationId: 'attic', query: 'by a question' };
  let processed: unknown;
  const end = await whileAsked(async () => {
    processed = (await here.graphql(ASK, { input: question }, 'fay')).data.processQuery;
  });
  await clean();
  end();
  await expect.poll(() => processed).toMatchObject({ durability: 'COMMITTED' });
  await drained();
  await recordOld('cellar', 'fay');
  const thread = { model: 'small', stream: true, messages: [user('by a thread')] };
  const headers = { 'x-test-user': 'fay', 'x-echo-conversation': 'cellar' };
  let body: unknown;
  const endThread = await whileAsked(async () => {
    body = (await chat(here, thread, { headers })).body;
  });
  await clean();
  endThread();
  await expect.poll(() => body).toContain('[DONE]');
  expect((await queriesOf('fay')).sort()).toEqual(['by a question', 'by a thread', 'waits']);
  for (const [id, turns] of [
    ['attic', 2],
    ['cellar', 1],
  ] as const)
    expect((await here.graphql(VERIFY, { id }, 'fay')).data.verifyConversation).toEqual({
      intact: true,
      turns,
    });
});

test.each([true, false])(
  'an answer that cannot be kept is not passed on as one that is (stream: %s)',
  async (stream) => {
    const conversation = `porch ${stream}`;
    await record(here, conversation, 'before', 'gil');
    const thread = { model: 'small', stream, messages: [user('What of the porch?')] };
    const headers = { 'x-test-user': 'gil', 'x-echo-conversation': conversation };
    let answer: { status: number; text: string } | undefined;
    const end = await whileAsked(async () => {
      const { status, body } = await chat(elsewhere, thread, { headers });
      answer = { status, text: JSON.stringify(body) };
    });
    await remove(conversation, 'gil');
    end();
    await expect.poll(() => answer).toMatchObject({ status: stream ? 200 : 410 });
    expect(answer?.text).toContain('interaction_deleted');
    expect(answer?.text).not.toContain('[DONE]');
    expect(await queriesOf('gil')).toEqual([]);
  },
);

describe('that a save was deferred is not told of a turn whose conversation was deleted meanwhile', () => {
  test('before the table had it', async () => {
    await record(here, 'pond', 'before', 'hugo');
    await cutOff();
    expect(await record(elsewhere, 'pond', 'waits', 'hugo')).toEqual({ durability: 'JOURNALED' });
    await untilDeferred();
    await remove('pond', 'hugo');
    await proxy.restore();
    await expect.poll(() => deferralsOf('hugo')).toEqual([]);
  });

  test('after the table had it', async () => {
    await record(here, 'pond', 'before', 'ivy');
    await here.sql(`create function hold() returns trigger language plpgsql as
      $$ begin if new.query = 'is held' then raise 'held' using errcode = '40001'; end if; return new; end $$`);
    await here.sql(
      'create trigger hold before insert on echo_unified_interactions for each row execute function hold()',
    );
    expect(await record(elsewhere, 'pond', 'is held', 'ivy')).toEqual({ durability: 'JOURNALED' });
    await expect.poll(() => deferralsOf('ivy')).toEqual([{ kind: 'persistence_failure' }]);
    await remove('pond', 'ivy');
    expect(await isInJournal('is held')).toBe(false);
    expect(await deferralsOf('ivy')).toEqual([]);
    await here.sql('drop trigger hold on echo_unified_interactions');
  });
});

test('what was refused for a deletion at another server stays deleted, whoever sends it again', async () => {
  const keyedTurn = (key: string) => ({ query: `What of ${key}?`, response: 'This.', idempotencyKey: key });
  const recordKeyed = async (app: TestApp, conversationId: string, key: string, user: string) => {
    const input = { conversationId, turns: [keyedTurn(key)] };
    return (await app.graphql(RECORD, { input }, user)).data.recordTurns;
  };
  for (const user of ['jan', 'kim']) await record(here, 'porch', 'before', user);
  await cutOff();
  for (const user of ['jan', 'kim'])
    expect(await recordKeyed(elsewhere, 'porch', 'the step', user)).toEqual({ durability: 'JOURNALED' });
  await remove('porch', 'jan');
  expect((await here.graphql(ERASE, { id: 'kim' })).data.eraseUser.code).toBeUndefined();
  await drained();
  for (const app of [here, elsewhere])
    for (const user of ['jan', 'kim'])
      expect(await recordKeyed(app, 'porch', 'the step', user)).toMatchObject({
        code: 'INTERACTION_DELETED',
      });
  await record(here, 'porch', 'anew', 'jan');
  const end = await whileAsked(() => ask('porch', 'jan'));
  await remove('porch', 'jan');
  end();
  await expect.poll(() => elsewhere.app.services.store.unanswered).toBe(0);
  await expect.poll(() => elsewhere.app.services.store.backlog.depth).toBe(0);
  expect(await ask('porch', 'jan')).toMatchObject({ code: 'INTERACTION_DELETED' });
  for (const user of ['jan', 'kim']) expect(await queriesOf(user)).toEqual([]);
  // Of whom nothing but a hash is kept.
  const marks = await here.sql<{ erased: boolean; named: boolean }>(
    `select is_erased as erased, conversation_id is not null as named from echo_deleted_turns
     where subject = $1`,
    [subjectOf({ tenantId: 'default', userId: 'kim' })],
  );
  expect(new Set(marks.map((mark) => JSON.stringify(mark)))).toEqual(
    new Set([JSON.stringify({ erased: true, named: false })]),
  );
});
