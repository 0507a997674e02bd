import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startOpenAiServer } from './support/openai-server.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

type Turn = { query: string; idempotencyKey?: string; [more: string]: unknown };

async function record(conversationId: string, turns: readonly Turn[], user?: string, at = app) {
  const { data } = await at.graphql(
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename
      ... on RecordTurnsSuccess { durability replayed interactions { turnId sequence } }
      ... on InteractionDeletedError { code message field turnIds positions } ... on Error { code message } } }`,
    { input: { conversationId, turns } },
    user,
  );
  return data.recordTurns;
}

const numbered = (count: number, prefix = 'turn') =>
  Array.from({ length: count }, (_, n) => ({
    query: `${prefix} ${n + 1}`,
    idempotencyKey: `${prefix} ${n + 1}`,
  }));

async function remove(turnId: string, user?: string) {
  const { data, errors } = await app.graphql(
    `mutation ($id: ID!) { deleteInteraction(turnId: $id) {
      ... on DeleteInteractionSuccess { turnId } ... on Error { code } } }`,
    { id: turnId },
    user,
  );
  return errors ?? data.deleteInteraction;
}

async function removeConversation(conversationId: string, user?: string, at = app) {
  const { data, errors } = await at.graphql(
    `mutation ($id: String!) { deleteConversation(conversationId: $id) {
      ... on DeleteConversationSuccess { deletedInteractions } ... on Error { code } } }`,
    { id: conversationId },
    user,
  );
  return errors ?? data.deleteConversation;
}

async function thread(conversationId: string, user?: string) {
  const { data } = await app.graphql(
    `query ($id: String!) { conversation(conversationId: $id) {
      interactionCount lastInteraction intentHistory context interactions { nodes { query sequence } } } }`,
    { id: conversationId },
    user,
  );
  return data.conversation;
}

const placesOf = async (conversationId: string, user?: string) =>
  (await thread(conversationId, user))?.interactions.nodes.map(
    ({ sequence }: { sequence: number }) => sequence,
  );

async function verified(conversationId: string, user?: string) {
  const { data } = await app.graphql(
    `query ($id: String!) { verifyConversation(conversationId: $id) { intact turns deleted problems { kind sequence } } }`,
    { id: conversationId },
    user,
  );
  return data.verifyConversation;
}

const found = async (query: string, user?: string) =>
  (await app.search(query, user)).map(({ interaction }) => interaction.query);

describe('deleteInteraction', () => {
  test('takes a turn out of every list and search, and leaves the others where they are', async () => {
    const { interactions } = await record('garden', [
      { query: 'The shed needs paint', intent: 'a', timestamp: '2024-01-01T00:00:00Z' },
      { query: 'The marigolds bloom', intent: 'b', timestamp: '2024-01-03T00:00:00Z' },
      { query: 'The hose leaks', intent: 'c', timestamp: '2024-01-02T00:00:00Z' },
    ] as Turn[]);
    const { turnId } = interactions[1];
    expect(await found('marigolds')).toContain('The marigolds bloom');
    expect(await remove(turnId)).toEqual({ turnId });
    const { data } = await app.graphql(
      'query ($id: ID!) { interaction(turnId: $id) { id } interactions { nodes { query } } }',
      { id: turnId },
    );
    expect(data.interaction).toBeNull();
    expect(JSON.stringify(data.interactions)).not.toContain('marigold');
    expect((await found('marigolds')).join()).not.toContain('marigold');
    expect(await thread('garden')).toEqual({
      interactionCount: 2,
      lastInteraction: '2024-01-02T00:00:00.000Z',
      intentHistory: ['a', 'c'],
      context: {},
      interactions: {
        nodes: [
          { query: 'The shed needs paint', sequence: 1 },
          { query: 'The hose leaks', sequence: 3 },
        ],
      },
    });
    expect(await app.sql('select id from echo_events where turn_id = $1', [turnId])).toEqual([]);
    expect(await remove(turnId)).toEqual({ code: 'NOT_FOUND' });
  });

  test.each([
    ['the first', [1]],
    ['the last', [5]],
    ['one in the middle', [3]],
    ['two beside each other', [2, 3]],
    ['all', [1, 2, 3, 4, 5]],
  ])('keeps the chain of hashes whole: %s', async (name, places) => {
    const { interactions } = await record(name, numbered(5));
    for (const place of places) await remove(interactions[place - 1].turnId);
    expect(await verified(name)).toEqual({
      intact: true,
      turns: 5 - places.length,
      deleted: places.length,
      problems: [],
    });
    const more = await record(name, [{ query: 'after that' }]);
    expect(more.interactions[0].sequence).toBe(6);
    expect((await verified(name)).intact).toBe(true);
  });

  test('does not hide what was taken out or changed beside it', async () => {
    const { interactions } = await record('guarded', numbered(6));
    await remove(interactions[2].turnId);
    await app.sql("delete from echo_unified_interactions where conversation_id = 'guarded' and sequence = 5");
    await app.sql(
      "update echo_unified_interactions set query = 'forged' where conversation_id = 'guarded' and sequence = 4",
    );
    expect(await verified('guarded')).toMatchObject({
      intact: false,
      problems: [
        { kind: 'ALTERED', sequence: 4 },
        { kind: 'MISSING', sequence: 5 },
      ],
    });
  });

  test('is not undone by a retry, which is told so', async () => {
    const { interactions } = await record('retried', numbered(4));
    const gone = [interactions[1].turnId, interactions[3].turnId];
    for (const turnId of gone) await remove(turnId);
    const again = await record('retried', numbered(4));
    expect(again).toMatchObject({
      __typename: 'InteractionDeletedError',
      code: 'INTERACTION_DELETED',
      field: 'turns.1.idempotencyKey',
      positions: [1, 3],
      turnIds: expect.arrayContaining(gone),
    });
    // All or nothing: what is new beside them waits for a request of its own.
    expect(
      (await record('retried', [...numbered(2), { query: 'new', idempotencyKey: 'new' }])).positions,
    ).toEqual([1]);
    expect(await placesOf('retried')).toEqual([1, 3]);
    expect(await record('retried', [{ query: 'another text', idempotencyKey: 'turn 2' }])).toMatchObject({
      code: 'INTERACTION_DELETED',
    });
    expect(
      (await record('retried', [{ query: 'new', idempotencyKey: 'new' }])).interactions[0].sequence,
    ).toBe(5);
  });

  test('comes through where somebody locks the turns around it in another order', async () => {
    const { interactions } = await record('crossing', numbered(2, 'crossing'));
    const [turn, behind] = interactions.map(({ turnId }: { turnId: string }) => turnId);
    await expect
      .poll(() => app.sql(`select from echo_unified_interactions where vector_state <> 'EMBEDDED'`))
      .toEqual([]);
    const { db } = app.app.services;
    const other = await db.dedicated();
    const lock = (turnId: string) =>
      other.query('select from echo_unified_interactions where turn_id = $1 for update', [turnId]);
    try {
      await other.query('begin');
      // Long enough that the deletion, which waits for a second first, is the one that gives way.
      await other.query("set local deadlock_timeout = '6s'");
      await lock(behind);
      const removed = remove(turn);
      await expect
        .poll(
          () =>
            app.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                       and query like '%vector_state = ''PENDING'', vector_attempts = 0%'`),
          { interval: 5 },
        )
        .toHaveLength(1);
      // On a machine that stands still for so long this one does.
      await lock(turn).catch(() => undefined);
      await other.query('commit');
      expect(await removed).toEqual({ turnId: turn });
    } finally {
      await other.end();
    }
    expect(await app.sql('select from echo_unified_interactions where turn_id = $1', [turn])).toEqual([]);
  });

  test('of a query: a retry is refused at each door', async () => {
    const input = { query: 'What is the capital of Peru?', conversationId: 'asked', idempotencyKey: 'lima' };
    const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
      ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { code } } }`;
    const { data } = await app.graphql(ASK, { input });
    await remove(data.processQuery.interaction.turnId);
    expect((await app.graphql(ASK, { input })).data.processQuery).toEqual({ code: 'INTERACTION_DELETED' });
    const rest = await fetch(new URL('/api/echo/query', app.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'lima' },
      body: JSON.stringify({ query: input.query, conversation_id: 'asked' }),
    });
    expect([rest.status, (await rest.json()).error_code]).toEqual([410, 'INTERACTION_DELETED']);
    expect(await placesOf('asked')).toEqual([]);
  });

  test('takes back what the turn gave its conversation', async () => {
    const ask = async (query: string, context: object) =>
      (
        await app.graphql(
          `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
            ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { message } } }`,
          { input: { query, conversationId: 'contexts', context } },
        )
      ).data.processQuery.interaction.turnId;
    await ask('First', { city: 'Bergen', guests: 2 });
    const second = await ask('Second', { city: 'Oslo', secret: 'swordfish' });
    expect((await thread('contexts')).context).toMatchObject({ city: 'Oslo', secret: 'swordfish' });
    await remove(second);
    expect((await thread('contexts')).context).toEqual({ city: 'Bergen', guests: 2 });
  });

  test('lets nobody delete a turn of somebody else, nor learn of it', async () => {
    const { interactions } = await record('of uma', numbered(1), 'uma');
    const { turnId } = interactions[0];
    expect(await remove(turnId, 'vic')).toEqual({ code: 'NOT_FOUND' });
    expect(await remove(crypto.randomUUID(), 'vic')).toEqual({ code: 'NOT_FOUND' });
    expect(await placesOf('of uma', 'uma')).toEqual([1]);
    expect(await remove(turnId)).toEqual({ turnId });
    expect(await placesOf('of uma', 'uma')).toEqual([]);
    // Gone or never there: the same.
    expect(await remove(turnId, 'vic')).toEqual({ code: 'NOT_FOUND' });
  });

  test.each(['', 'x', 'a\0b', '123'])('refuses what is no turnId: %j', async (turnId) => {
    expect(await remove(turnId)).toEqual({ code: 'BAD_USER_INPUT' });
  });

  test('leaves no word of it in the database, the index or the journal', async () => {
    const word = 'zyxwvutsrq';
    const { interactions } = await record('words', [
      { query: 'Before it' },
      { query: `Something of ${word}`, metadata: { note: word }, idempotencyKey: 'w' },
      { query: 'Behind it' },
    ]);
    await remove(interactions[1].turnId);
    await expect
      .poll(async () => (await app.sql('select count(*)::int as left from echo_index_queue'))[0]?.left)
      .toBe(0);
    const tables = await app.sql<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_name like 'echo%'",
    );
    for (const { name } of tables) {
      const rows = await app.sql(`select 1 from ${name} t where t::text ilike '%${word}%'`);
      expect([name, rows.length]).toEqual([name, 0]);
    }
    const audited = await app.sql("select action from echo_audit_log where action = 'interaction.delete'");
    expect(audited.length).toBeGreaterThan(0);
  });
});

describe('a turn that is being answered', () => {
  test('is not stored once it was deleted, and who asked is told', async () => {
    const models = await startOpenAiServer();
    const deleted = Promise.withResolvers<void>();
    models.respondWith({ kind: 'answer', deltas: ['Too ', 'late'], until: deleted.promise });
    const asking = await startTestApp({ env: { LLM_BASE_URL: models.url, LLM_MODELS: 'standard=m' } });
    const running = asking.graphql(
      `mutation { processQuery(input: { query: "Slow one", conversationId: "slow", idempotencyKey: "k" }) {
        ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { code } } }`,
    );
    const { pending } = asking.app.services.store;
    const owner = { tenantId: 'default', userId: 'default' };
    await expect.poll(() => pending.unarrivedIn(owner, 'slow').length).toBe(1);
    const [{ turnId } = { turnId: '' }] = pending.unarrivedIn(owner, 'slow');
    const { data } = await asking.graphql(
      'mutation ($id: ID!) { deleteInteraction(turnId: $id) { ... on DeleteInteractionSuccess { turnId } ... on Error { code } } }',
      { id: turnId },
    );
    expect(data.deleteInteraction).toEqual({ turnId });
    deleted.resolve();
    expect((await running).data.processQuery).toEqual({ code: 'INTERACTION_DELETED' });
    expect(await asking.sql('select 1 from echo_unified_interactions')).toEqual([]);
    await asking.close();
    await models.close();
  });

  test('goes with its conversation, which is nowhere else yet', async () => {
    const models = await startOpenAiServer();
    const deleted = Promise.withResolvers<void>();
    models.respondWith({ kind: 'answer', deltas: ['Too ', 'late'], until: deleted.promise });
    const asking = await startTestApp({ env: { LLM_BASE_URL: models.url, LLM_MODELS: 'standard=m' } });
    const running = asking.graphql(
      `mutation { processQuery(input: { query: "Slow one", conversationId: "slow" }) {
        ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { code } } }`,
    );
    const { pending } = asking.app.services.store;
    const owner = { tenantId: 'default', userId: 'default' };
    await expect.poll(() => pending.unarrivedIn(owner, 'slow').length).toBe(1);
    expect(await removeConversation('slow', undefined, asking)).toEqual({ deletedInteractions: 1 });
    deleted.resolve();
    expect((await running).data.processQuery).toEqual({ code: 'INTERACTION_DELETED' });
    expect(await asking.sql('select 1 from echo_unified_interactions')).toEqual([]);
    expect(await removeConversation('slow', undefined, asking)).toEqual({ code: 'NOT_FOUND' });
    await asking.close();
    await models.close();
  });
});

describe('deleteConversation', () => {
  test('is not undone by late retries, and its name is free', async () => {
    await record('left', numbered(3));
    expect(await removeConversation('left')).toEqual({ deletedInteractions: 3 });
    expect(await record('left', numbered(3))).toMatchObject({
      code: 'INTERACTION_DELETED',
      positions: [0, 1, 2],
    });
    expect(await thread('left')).toBeNull();
    expect((await record('left', numbered(2, 'new'))).interactions[1].sequence).toBe(2);
    expect(await verified('left')).toEqual({ intact: true, turns: 2, deleted: 0, problems: [] });
    expect(
      await app.sql(
        "select 1 from echo_events where conversation_id = 'left' and turn_id not in (select turn_id from echo_unified_interactions)",
      ),
    ).toEqual([]);
  });

  test('that is asked again, since a turn waited for the database, is ended, and leaves what came since', async () => {
    const hasty = await startTestApp({ env: { ACK_DEADLINE_MS: '300' } });
    const recorded = (prefix: string) => record('stuck', numbered(1, prefix), undefined, hasty);
    const removed = () => removeConversation('stuck', undefined, hasty);
    await recorded('stored');
    // Its writers are in each other's way, as it were, for as long as this is there.
    await hasty.sql(`create function in_the_way() returns trigger language plpgsql as $$ begin
      if new.conversation_id = 'stuck' then raise exception 'no' using errcode = '40001'; end if; return new; end $$`);
    await hasty.sql(
      'create trigger in_the_way before insert on echo_conversations for each row execute function in_the_way()',
    );
    const waits = { durability: 'JOURNALED' };
    expect(await recorded('waiting')).toMatchObject(waits);
    const [asked] = await removed();
    expect(asked).toMatchObject({
      message: expect.stringContaining('ask again'),
      extensions: { retryable: true },
    });
    expect(await recorded('since')).toMatchObject(waits);
    await hasty.sql('drop function in_the_way() cascade');
    expect(await removed()).toEqual({ deletedInteractions: 1 });
    const queries = async () =>
      hasty.sql("select query from echo_unified_interactions where conversation_id = 'stuck'");
    await expect.poll(queries).toEqual([{ query: 'since 1' }]);
    expect(await recorded('waiting')).toMatchObject({ code: 'INTERACTION_DELETED' });
    await hasty.close();
  });

  test('forgets where single deletions stood', async () => {
    const { interactions } = await record('twice', numbered(3));
    await remove(interactions[1].turnId);
    expect(await removeConversation('twice')).toEqual({ deletedInteractions: 2 });
    await record('twice', numbered(3, 'again'));
    expect(await verified('twice')).toEqual({ intact: true, turns: 3, deleted: 0, problems: [] });
    expect(await record('twice', numbered(3))).toMatchObject({ positions: [0, 1, 2] });
  });

  test('says nothing to others who use the same keys', async () => {
    await record('same', numbered(1), 'uma');
    await removeConversation('same', 'uma');
    expect((await record('same', numbered(1), 'vic')).interactions).toHaveLength(1);
  });

  test('holds for a cleanup as well', async () => {
    await record('ancient', [{ query: 'old', idempotencyKey: 'o', timestamp: '2001-01-01T00:00:00Z' }]);
    await app.graphql('mutation { cleanupConversations(olderThanDays: 1000) { __typename } }');
    expect(await thread('ancient')).toBeNull();
    expect(
      await record('ancient', [{ query: 'old', idempotencyKey: 'o', timestamp: '2001-01-01T00:00:00Z' }]),
    ).toMatchObject({ code: 'INTERACTION_DELETED' });
    expect(await app.sql("select 1 from echo_events where conversation_id = 'ancient'")).toEqual([]);
  });
});

describe('exports, with turns that were deleted', () => {
  const exported = async (user: string) =>
    (await app.graphql('{ exportUser { lines manifest { turns conversations } } }', {}, user)).data
      .exportUser;
  const restore = async (lines: readonly string[], user: string) => {
    const { data } = await app.graphql(
      `mutation ($lines: [String!]!) { restoreUser(lines: $lines) {
        ... on RestoreUserSuccess { turns replayed } ... on Error { code message } } }`,
      { lines },
      user,
    );
    return data.restoreUser;
  };
  const linesOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).kind);

  test('carry their places, and come back whole in another database', async () => {
    const user = 'wanda';
    const { interactions } = await record('carried', numbered(4), user);
    await remove(interactions[1].turnId, user);
    await remove(interactions[3].turnId, user);
    const { lines, manifest } = await exported(user);
    expect(linesOf(lines)).toEqual(['conversation', 'turn', 'deleted', 'turn', 'deleted']);
    expect(manifest).toEqual({ turns: 2, conversations: 1 });
    expect(lines.join()).not.toContain('turn 2');
    expect(await restore(lines, user)).toEqual({ turns: 0, replayed: 4 });
    await app.sql('truncate echo_conversations, echo_unified_interactions, echo_deleted_turns');
    expect(await restore(lines, user)).toEqual({ turns: 2, replayed: 0 });
    expect(await verified('carried', user)).toEqual({ intact: true, turns: 2, deleted: 2, problems: [] });
    expect((await thread('carried', user)).interactionCount).toBe(2);
    expect(await record('carried', numbered(4), user)).toMatchObject({ positions: [1, 3] });
    expect((await exported(user)).lines).toEqual(lines);
  });

  test('of before a deletion bring back what was deleted, to its place', async () => {
    const user = 'xaver';
    const { interactions } = await record('undone', numbered(4), user);
    const { lines } = await exported(user);
    for (const place of [0, 2, 3]) await remove(interactions[place].turnId, user);
    expect(await placesOf('undone', user)).toEqual([2]);
    expect(await restore(lines, user)).toEqual({ turns: 3, replayed: 1 });
    expect(await placesOf('undone', user)).toEqual([1, 2, 3, 4]);
    expect(await verified('undone', user)).toEqual({ intact: true, turns: 4, deleted: 0, problems: [] });
    expect((await record('undone', numbered(4), user)).replayed).toBe(4);
    await removeConversation('undone', user);
    expect(await restore(lines, user)).toEqual({ turns: 4, replayed: 0 });
    expect((await verified('undone', user)).intact).toBe(true);
  });

  test('take no forged turn in the place of a deleted one', async () => {
    const user = 'yara';
    const { interactions } = await record('forged', numbered(3), user);
    const { lines } = await exported(user);
    await remove(interactions[1].turnId, user);
    const forged = lines.map((line: string) => line.replace('"query":"turn 2"', '"query":"turn two"'));
    expect(await restore(forged, user)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^lines\.2\.chainHash/),
    });
    expect(await placesOf('forged', user)).toEqual([1, 3]);
  });
});

describe('after an erasure', () => {
  const erase = async (user: string) => {
    const { data } = await app.graphql(
      'mutation ($user: String!) { eraseUser(confirm: $user) { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
      { user },
      user,
    );
    return data.eraseUser.receipt;
  };
  const old = { timestamp: '2020-05-05T05:05:05Z' };

  test('what was here does not come back, and history that never was is taken', async () => {
    const user = 'zita';
    const { interactions } = await record('life', [...numbered(2), { query: 'no key', ...old }], user);
    await remove(interactions[0].turnId, user);
    const { lines } = (await app.graphql('{ exportUser { lines } }', {}, user)).data.exportUser;
    const receipt = await erase(user);
    expect(receipt).toMatchObject({ erased: { turns: 2 }, kept: { marks: 3 } });
    expect(await record('life', numbered(2), user)).toMatchObject({
      code: 'INTERACTION_DELETED',
      positions: [0, 1],
    });
    expect(await record('life', [{ query: 'no key', ...old }], user)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^turns\.0\.timestamp: .*idempotencyKey/),
    });
    const restored = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on Error { code message } } }',
      { lines },
      user,
    );
    expect(restored.data.restoreUser).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/erased/),
    });
    const history = [
      { query: 'Of another archive', idempotencyKey: 'archive 1', ...old },
      { query: 'Of long ago', idempotencyKey: 'archive 2', timestamp: '1950-01-01T00:00:00Z' },
    ];
    expect((await record('archive', history, user)).interactions).toHaveLength(2);
    expect((await record('life', [{ query: 'now, without a key' }], user)).interactions).toHaveLength(1);
    const [left] = await app.sql(
      "select count(*)::int as named from echo_deleted_turns where echo_deleted_turns::text like '%zita%' or conversation_id = 'life'",
    );
    expect(left?.named).toBe(0);
  });

  test('of an older version, which left no marks, the time alone decides', async () => {
    await record('life', numbered(1), 'otto');
    await erase('otto');
    // As a start finds the rows of an older version.
    app.app.services.tombstones.note({ tenantId: 'default', userId: 'otto' }, new Date(), false);
    expect(
      await record('life', [{ query: 'x', idempotencyKey: 'never here', ...old }], 'otto'),
    ).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});
