import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
beforeEach(() => app.sql('truncate echo_conversations, echo_unified_interactions'));
afterAll(() => app.close());

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

function record(conversationId: string, count: number, timestamp: string, user?: string) {
  const turns = Array.from({ length: count }, (_, n) => ({ query: `turn ${n + 1}`, timestamp }));
  return app.record(conversationId, turns, user);
}

async function names(args = '', user?: string): Promise<string[]> {
  const { data } = await app.graphql(
    `{ conversations${args && `(${args})`} { nodes { conversationId } } }`,
    {},
    user,
  );
  return data.conversations.nodes.map((node: { conversationId: string }) => node.conversationId);
}

async function turnCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    'select count(*)::int as count from echo_unified_interactions',
  );
  return row?.count ?? -1;
}

describe('conversations', () => {
  test('come with the latest turn first', async () => {
    await record('middle', 1, daysAgo(2));
    await record('oldest', 1, daysAgo(3));
    await record('latest', 1, daysAgo(1));
    expect(await names()).toEqual(['latest', 'middle', 'oldest']);
    await record('oldest', 1, daysAgo(0));
    expect(await names()).toEqual(['oldest', 'latest', 'middle']);
  });

  test('keep their place when an older turn is recorded later', async () => {
    await record('a', 1, daysAgo(1));
    await record('b', 1, daysAgo(2));
    await record('b', 1, daysAgo(30));
    expect(await names()).toEqual(['a', 'b']);
    const { data } = await app.graphql('{ conversation(conversationId: "b") { lastInteraction } }');
    expect(Date.parse(data.conversation.lastInteraction)).toBeGreaterThan(Date.parse(daysAgo(3)));
  });

  test('are paged from both ends, also where their times are equal', async () => {
    const at = daysAgo(1);
    for (let n = 0; n < 25; n++) await record(`same ${n}`, 1, at);
    const expected = Array.from({ length: 25 }, (_, n) => `same ${24 - n}`);
    for (const [size, cursor, edge, more] of [
      ['first', 'after', 'endCursor', 'hasNextPage'],
      ['last', 'before', 'startCursor', 'hasPreviousPage'],
    ] as const) {
      const pages: string[][] = [];
      for (let position = '', goOn = true; goOn; ) {
        const { data } = await app.graphql(
          `query ($position: String) {
            conversations(${size}: 4, ${cursor}: $position) { nodes { conversationId } pageInfo { ${edge} ${more} } }
          }`,
          { position },
        );
        const { nodes, pageInfo } = data.conversations;
        pages.push(nodes.map((node: { conversationId: string }) => node.conversationId));
        goOn = pageInfo[more];
        position = pageInfo[edge];
      }
      expect((size === 'first' ? pages : pages.toReversed()).flat()).toEqual(expected);
    }
  });

  test('are all seen by a walk in the order of creation, whatever gets turns or goes meanwhile', async () => {
    const all = Array.from({ length: 9 }, (_, n) => `number ${n}`);
    for (const [n, name] of all.entries()) await record(name, 1, daysAgo((n * 5) % 9));
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page === 0 || after !== null; page++) {
      const { data } = await app.graphql(
        `query ($after: String) { conversations(first: 2, after: $after, orderBy: CREATED) {
           nodes { conversationId } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      const { nodes, pageInfo } = data.conversations;
      seen.push(...nodes.map((node: { conversationId: string }) => node.conversationId));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      // One that was not seen yet comes to the front of the other list, one that was seen goes, and one is new.
      await record(all[Math.min(2 * page + 3, 8)] ?? '', 1, daysAgo(0));
      if (page === 1)
        await app.graphql('mutation { deleteConversation(conversationId: "number 0") { __typename } }');
      if (page === 2) await record('new', 1, daysAgo(400));
      if (page > 8) break;
    }
    expect(seen).toEqual([...all, 'new']);

    const { data } = await app.graphql(
      `{ end: conversations(last: 2, orderBy: CREATED) { nodes { conversationId } pageInfo { startCursor hasPreviousPage } } }`,
    );
    expect(data.end.nodes).toEqual([{ conversationId: 'number 8' }, { conversationId: 'new' }]);
    const { startCursor } = data.end.pageInfo;
    expect(await names(`last: 3, before: "${startCursor}", orderBy: CREATED`)).toEqual(all.slice(5, 8));
    expect(await names('first: 1, orderBy: CREATED', 'somebody else')).toEqual([]);
    const refused = await app.graphql(
      `{ conversations(after: "${startCursor}") { nodes { conversationId } } }`,
    );
    expect(refused.errors?.[0]?.message).toBe('after: is not a cursor of this list');
  });

  test('are those of one user, and of one episode where asked', async () => {
    await record('mine', 1, daysAgo(1));
    await record('theirs', 1, daysAgo(1), 'quinn');
    const { data } = await app.graphql(
      `mutation { processQuery(input: { query: "Which episode is this?", episodeId: "s1e1" }) {
        ... on ProcessQuerySuccess { conversation { conversationId } } } }`,
    );
    const { conversationId } = data.processQuery.conversation;
    expect(await names()).toEqual([conversationId, 'mine']);
    expect(await names('episodeId: "s1e1"')).toEqual([conversationId]);
    expect(await names('episodeId: "s1e2"')).toEqual([]);
    expect(await names('userId: "quinn"')).toEqual(['theirs']);
    expect(await names('', 'quinn')).toEqual(['theirs']);
  });

  test('with names of any script are found by them', async () => {
    const name = 'чат №1 — 会話 "🦊" \\ % _ \' ;';
    await record(name, 2, daysAgo(1));
    const { data } = await app.graphql(
      'query ($name: String!) { conversation(conversationId: $name) { conversationId interactionCount } }',
      { name },
    );
    expect(data.conversation).toEqual({ conversationId: name, interactionCount: 2 });
  });

  test.each(['nothing of this name', '', 'x'.repeat(1_000), 'a\u0000b'])(
    'that do not exist are null: %j',
    async (name) => {
      const { data, errors } = await app.graphql(
        'query ($name: String!) { conversation(conversationId: $name) { id } }',
        { name },
      );
      expect(errors).toBeUndefined();
      expect(data.conversation).toBeNull();
    },
  );
});

describe('deleteConversation', () => {
  const remove = async (conversationId: string, user?: string) => {
    const { data } = await app.graphql(
      `mutation ($id: String!) {
        deleteConversation(conversationId: $id) {
          ... on DeleteConversationSuccess { id conversationId deletedInteractions }
          ... on Error { code message }
        }
      }`,
      { id: conversationId },
      user,
    );
    return data.deleteConversation;
  };

  test('deletes a conversation with its turns, and nothing else', async () => {
    await record('doomed', 3, daysAgo(1));
    await record('spared', 2, daysAgo(1));
    const { data } = await app.graphql('{ conversation(conversationId: "doomed") { id } }');
    const { id } = data.conversation;
    expect(await remove('doomed')).toEqual({ id, conversationId: 'doomed', deletedInteractions: 3 });
    expect(await names()).toEqual(['spared']);
    expect(await turnCount()).toBe(2);
    expect(await remove('doomed')).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('leaves the name free for a new conversation that starts at 1', async () => {
    await record('reborn', 3, daysAgo(1), 'rosa');
    expect(await remove('reborn', 'rosa')).toMatchObject({ deletedInteractions: 3 });
    await record('reborn', 1, daysAgo(0), 'sven');
    const { data } = await app.graphql(
      '{ conversation(conversationId: "reborn") { userId interactions { nodes { sequence } } } }',
      {},
      'sven',
    );
    expect(data.conversation).toEqual({ userId: 'sven', interactions: { nodes: [{ sequence: 1 }] } });
  });

  test('refuses names outside their limits', async () => {
    for (const name of ['', 'c'.repeat(101), 'a\u0000b'])
      expect(await remove(name)).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('cleanupConversations', () => {
  const cleanup = (args: string, user?: string) =>
    app.graphql(
      `mutation { cleanupConversations(${args}) {
        ... on CleanupSuccess { deletedConversations deletedInteractions dryRun }
        ... on Error { code message }
        ... on InvalidInputError { field }
      } }`,
      {},
      user,
    );

  beforeEach(async () => {
    await record('old', 3, daysAgo(40));
    await record('old of another user', 2, daysAgo(31), 'tove');
    await record('young', 4, daysAgo(29));
    await record('old but continued', 1, daysAgo(50));
    await record('old but continued', 1, daysAgo(1));
  });

  test('counts without deleting', async () => {
    const { data } = await cleanup('olderThanDays: 30, dryRun: true');
    expect(data.cleanupConversations).toEqual({
      deletedConversations: 2,
      deletedInteractions: 5,
      dryRun: true,
    });
    expect(await turnCount()).toBe(11);
  });

  test('deletes what is older than the days, of all users', async () => {
    const { data } = await cleanup('olderThanDays: 30');
    expect(data.cleanupConversations).toEqual({
      deletedConversations: 2,
      deletedInteractions: 5,
      dryRun: false,
    });
    expect(await names()).toEqual(['old but continued', 'young']);
    expect(await names('userId: "tove"')).toEqual([]);
    expect(await turnCount()).toBe(6);
    const again = await cleanup('olderThanDays: 30');
    expect(again.data.cleanupConversations).toMatchObject({ deletedConversations: 0 });
  });

  test('takes no conversation from under a turn that is stored meanwhile', async () => {
    const holder = new pg.Client({ connectionString: app.databaseUrl });
    await holder.connect();
    onTestFinished(() => holder.end());
    await app.sql(`create function held_up() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(4711); return null; end'`);
    // Whichever goes first.
    for (const table of ['echo_conversations', 'echo_unified_interactions'])
      await app.sql(`create trigger held_up before delete on ${table} execute function held_up()`);
    onTestFinished(async () => void (await app.sql('drop function held_up cascade')));
    await holder.query('select pg_advisory_lock(4711)');
    const held =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    const waiting = async (count: number) => (await holder.query(held)).rowCount === count;
    const cleaning = cleanup('olderThanDays: 30');
    await expect.poll(() => waiting(1)).toBe(true);
    // A turn of long ago leaves its conversation as old as it was.
    const recording = record('old', 1, daysAgo(45));
    let isStored = false;
    const stored = recording.then(() => {
      isStored = true;
    });
    await expect.poll(async () => isStored || (await waiting(2))).toBe(true);
    await holder.query('select pg_advisory_unlock(4711)');
    await Promise.all([cleaning, stored]);
    const turns = "from echo_unified_interactions where conversation_id = 'old'";
    await expect.poll(() => app.sql(`select timestamp ${turns}`)).toHaveLength(1);
    expect(await names()).toContain('old');
  });

  test('leaves pinned ones', async () => {
    await app.sql("update echo_conversations set pinned = true where conversation_id = 'old'");
    for (const dryRun of [true, false]) {
      const { data } = await cleanup(`olderThanDays: 30, dryRun: ${dryRun}`);
      expect(data.cleanupConversations).toMatchObject({ deletedConversations: 1, deletedInteractions: 2 });
    }
    expect(await names()).toContain('old');
  });

  test('through the older door deletes what is older than CLEANUP_DAYS_OLD, or than it is told', async () => {
    const clean = async (path: string, user?: string) => {
      const response = await app.post(path, {}, user);
      return [response.status, await response.json()];
    };
    expect(await clean('/cleanup?days_old=x')).toEqual([
      422,
      expect.objectContaining({
        error_code: 'VALIDATION_ERROR',
        detail: expect.stringContaining('days_old'),
      }),
    ]);
    expect((await clean('/cleanup?days_old=0'))[0]).toBe(422);
    expect((await clean('/cleanup', 'tove'))[0]).toBe(403);
    expect(await turnCount()).toBe(11);
    expect(await clean('/cleanup?days_old=35')).toEqual([
      200,
      { success: true, deleted_count: 1, days_old: 35 },
    ]);
    expect(await clean('/cleanup')).toEqual([200, { success: true, deleted_count: 1, days_old: 30 }]);
    expect(await turnCount()).toBe(6);
  });

  test('goes on over any number of conversations', async () => {
    await app.sql(`insert into echo_conversations (conversation_id, last_interaction)
      select 'many ' || n, now() - interval '60 days' from generate_series(1, 450) n`);
    const { data } = await cleanup('olderThanDays: 30');
    expect(data.cleanupConversations).toMatchObject({ deletedConversations: 452, deletedInteractions: 5 });
  });

  test.each([0, -1, 36_501])('refuses %i days', async (days) => {
    const { data } = await cleanup(`olderThanDays: ${days}`);
    expect(data.cleanupConversations).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'olderThanDays',
      message: expect.stringMatching(days < 1 ? /at least 1/ : /36,?500/),
    });
    expect(await turnCount()).toBe(11);
  });

  test('is for admins', async () => {
    for (const args of ['olderThanDays: 30', 'olderThanDays: 30, dryRun: true']) {
      const { errors } = await cleanup(args, 'tove');
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    expect(await turnCount()).toBe(11);
  });
});
