import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const record = (conversationId: string, more: object = {}, user?: string, turn: object = {}) =>
  app.record(conversationId, [{ query: 'hello', ...turn }], user, more);

async function update(conversationId: string, input: object, user?: string, userId: string | null = null) {
  const { data, errors } = await app.graphql(
    `mutation ($id: String!, $input: ConversationChanges!, $userId: String) {
      updateConversation(conversationId: $id, input: $input, userId: $userId) {
        ... on UpdateConversationSuccess { conversation { title pinned } } ... on Error { code message } } }`,
    { id: conversationId, input, userId },
    user,
  );
  return errors?.[0]?.extensions ?? data.updateConversation.conversation ?? data.updateConversation;
}

async function listed(args: string, user?: string): Promise<string[]> {
  const { data } = await app.graphql(`{ conversations(${args}) { nodes { conversationId } } }`, {}, user);
  return data.conversations.nodes.map(({ conversationId }: { conversationId: string }) => conversationId);
}

describe('updateConversation', () => {
  test('changes what is given, and nothing else', async () => {
    await record('named');
    expect(await update('named', { title: 'Первая 🦊' })).toEqual({ title: 'Первая 🦊', pinned: false });
    expect(await update('named', { pinned: true })).toEqual({ title: 'Первая 🦊', pinned: true });
    expect(await update('named', {})).toEqual({ title: 'Первая 🦊', pinned: true });
    expect(await update('named', { title: null })).toEqual({ title: null, pinned: true });
    expect(await update('named', { pinned: false, title: 'Again' })).toEqual({
      title: 'Again',
      pinned: false,
    });
    const { data } = await app.graphql(
      '{ conversation(conversationId: "named") { title pinned interactionCount } }',
    );
    expect(data.conversation).toEqual({ title: 'Again', pinned: false, interactionCount: 1 });
  });

  test('leaves a title that its user chose or took away, whatever an import brings', async () => {
    await record('mine', { title: 'Imported' });
    await update('mine', { title: 'Chosen' });
    await record('mine', { title: 'Imported' });
    expect(await update('mine', {})).toMatchObject({ title: 'Chosen' });
    await update('mine', { title: null });
    await record('mine', { title: 'Imported' });
    expect(await update('mine', {})).toMatchObject({ title: null });
  });

  test.each([
    [{ title: '' }, 'title: must have 1 to 200 characters, has 0'],
    [{ title: '  \n' }, 'title: must not be only white space'],
    [{ title: 'é'.repeat(201) }, 'title: must have 1 to 200 characters, has 201'],
    [{ title: 'a\0b' }, 'title: must not contain the NUL character (U+0000)'],
    [{ title: '\udc00' }, 'title: must not contain lone surrogates (broken UTF-16)'],
    [{ pinned: null }, 'pinned: must be true or false'],
  ])('refuses %j', async (input, message) => {
    await record('strict', { title: 'Kept' });
    expect(await update('strict', input)).toEqual({ code: 'BAD_USER_INPUT', message });
    expect(await update('strict', {})).toMatchObject({ title: 'Kept' });
  });

  test('is for those whose it is, or who may act for them', async () => {
    await record('private', { title: 'Of Olga' }, 'olga');
    expect(await update('private', { title: 'x' }, 'pete')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update('nothing of this name', { title: 'x' }, 'pete')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update('private', { title: 'x' }, 'pete', 'olga')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await update('private', { title: 'x' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update('private', { pinned: true }, undefined, 'olga')).toEqual({
      title: 'Of Olga',
      pinned: true,
    });
    const told = await app.sql("select action from echo_audit_log where action = 'conversation.update'");
    expect(told.length).toBeGreaterThan(0);
  });

  test('goes with exports, restores and erasures', async () => {
    const user = 'rita';
    await record('kept', { title: 'Tränen & 涙' }, user);
    await update('kept', { pinned: true }, user);
    const { data } = await app.graphql('{ exportUser { lines } }', {}, user);
    await app.sql('truncate echo_conversations, echo_unified_interactions');
    const restore = 'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename } }';
    await app.graphql(restore, { lines: data.exportUser.lines }, user);
    expect(await update('kept', {}, user)).toEqual({ title: 'Tränen & 涙', pinned: true });
    await app.sql('truncate echo_conversations, echo_unified_interactions');
    // As a version without titles wrote it.
    const old = data.exportUser.lines.map((line: string) => {
      const { title, pinned, ...rest } = JSON.parse(line);
      return JSON.stringify(rest);
    });
    await app.graphql(restore, { lines: old }, user);
    expect(await update('kept', {}, user)).toEqual({ title: null, pinned: false });
  });
});

describe('conversations', () => {
  test('are found by the words of their title, in any form', async () => {
    const user = 'sam';
    const titles = {
      trip: 'Our trips to Montréal',
      bread: 'Baking bread with rye',
      tokyo: '東京タワーの話',
      none: null,
      other: 'Bread prices',
      flight: 'Flight LH 2044',
      shirts: 'Which T-shirts?',
      phone: 'Number +49 170 1234567',
    };
    for (const [name, title] of Object.entries(titles)) await record(name, title ? { title } : {}, user);
    await record('foreign', { title: 'Bread of somebody else' }, 'tess');
    expect(await listed('search: "trip"', user)).toEqual(['trip']);
    expect(await listed('search: "MONTREAL"', user)).toEqual(['trip']);
    expect(await listed('search: "bread"', user)).toEqual(['other', 'bread']);
    expect(await listed('search: "bread baked"', user)).toEqual(['bread']);
    expect(await listed('search: "東京"', user)).toEqual(['tokyo']);
    expect(await listed('search: "LH2044"', user)).toEqual(['flight']);
    expect(await listed('search: "LH2045 flight"', user)).toEqual([]);
    expect(await listed('search: "tshirt"', user)).toEqual(['shirts']);
    expect(await listed('search: "0170 9999999 number"', user)).toEqual([]);
    expect(await listed('search: "1701234567"', user)).toEqual(['phone']);
    expect(await listed('search: "hello"', user)).toEqual([]);
    expect(await listed('search: "nothing of this"', user)).toEqual([]);
    expect(await listed('search: "bread", first: 1', user)).toEqual(['other']);
    await update('other', { title: null }, user);
    expect(await listed('search: "bread"', user)).toEqual(['bread']);
  });

  test('are listed by whether they are pinned, and stay where they are', async () => {
    const user = 'uma';
    for (const name of ['a', 'b', 'c']) await record(name, {}, user);
    await update('a', { pinned: true }, user);
    expect(await listed('pinned: true', user)).toEqual(['a']);
    expect(await listed('pinned: false', user)).toEqual(['c', 'b']);
    expect(await listed('first: 9', user)).toEqual(['c', 'b', 'a']);
  });

  test('do not come to the top by a turn that is dated ahead, nor by old history', async () => {
    const user = 'vera';
    const at = (timestamp: string) => ({ timestamp });
    await record('future', {}, user, at('2099-01-01T00:00:00Z'));
    await record('history', {}, user, at('1970-01-01T00:00:00Z'));
    await record('now', {}, user);
    expect(await listed('first: 9', user)).toEqual(['now', 'future', 'history']);
    await record('now', {}, user, at('1971-01-01T00:00:00Z'));
    await record('history', {}, user, at('1999-01-01T00:00:00Z'));
    expect(await listed('first: 9', user)).toEqual(['now', 'future', 'history']);
    await record('history', {}, user);
    expect(await listed('first: 9', user)).toEqual(['history', 'now', 'future']);
    const { data } = await app.graphql(
      '{ conversation(conversationId: "future") { lastInteraction interactions { nodes { timestamp } } } }',
      {},
      user,
    );
    expect(Date.parse(data.conversation.lastInteraction)).toBeLessThanOrEqual(Date.now());
    expect(data.conversation.interactions.nodes).toEqual([{ timestamp: '2099-01-01T00:00:00.000Z' }]);
  });
});
