import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

/** Turns that were said and stored so many days ago. */
async function recordLongAgo(
  conversationId: string,
  queries: readonly string[],
  { user, days = 400, at = app }: { user?: string; days?: number; at?: TestApp } = {},
) {
  const turns = queries.map((query, index) => ({
    ...{ query, response: `Noted: ${query}`, timestamp: daysAgo(days - index / 1_000) },
    idempotencyKey: `${conversationId} ${index}`,
  }));
  const stored = await at.record(conversationId, turns, user);
  // Only the clock of the database knows when that was.
  await at.sql('update only echo_unified_interactions set created_at = timestamp where turn_id = any($1)', [
    stored.map(({ turnId }) => turnId),
  ]);
  return stored.map(({ turnId }) => turnId);
}

const ARCHIVE = `mutation ($months: Int!, $dryRun: Boolean, $userId: String) {
  archiveInteractions(olderThanMonths: $months, dryRun: $dryRun, userId: $userId) {
    ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } ... on InvalidInputError { field } } }`;
const RESTORE = `mutation ($conversationId: String!, $userId: String) {
  restoreArchived(conversationId: $conversationId, userId: $userId) {
    ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } ... on InvalidInputError { field } } }`;

/** Lets a task come to its end. @returns its result */
async function resultOf(mutation: string, variables: object, user?: string) {
  const { data, errors } = await app.graphql(mutation, { ...variables }, user);
  expect(errors).toBeUndefined();
  const [made] = Object.values(data) as [{ task?: { taskId: string } }];
  expect(made.task, JSON.stringify(made)).toBeDefined();
  return (await untilTask(app, made.task?.taskId ?? '', 'COMPLETED', user)).result;
}
const archive = (months: number, user?: string, more: object = {}) =>
  resultOf(ARCHIVE, { months, ...more }, user);
const restore = (conversationId: string, user?: string, more: object = {}) =>
  resultOf(RESTORE, { conversationId, ...more }, user);

async function idsIn(filter: object, user: string): Promise<string[]> {
  const { data, errors } = await app.graphql(
    'query ($filter: InteractionFilter) { interactions(first: 100, filter: $filter) { nodes { turnId } } }',
    { filter },
    user,
  );
  expect(errors).toBeUndefined();
  return data.interactions.nodes.map(({ turnId }: { turnId: string }) => turnId);
}

const foundBy = async (query: string, user: string, filter: object = {}) =>
  (await app.search(query, user, { filter })).map(({ interaction }) => interaction.turnId);

const inArchive = async (user: string) => {
  const rows = await app.sql<{ id: string }>(
    'select turn_id as id from echo_unified_interactions_archive where user_id = $1 order by sequence',
    [user],
  );
  return rows.map(({ id }) => id);
};

async function problemsOf(conversationId: string, user: string) {
  const { data, errors } = await app.graphql(
    `query ($id: String!) { verifyConversation(conversationId: $id) { turns deleted problems { kind sequence } } }`,
    { id: conversationId },
    user,
  );
  expect(errors).toBeUndefined();
  return data.verifyConversation;
}

/** Until the words of all turns are in the index. */
const indexed = () =>
  vi.waitFor(async () => expect(await app.sql('select from echo_index_queue')).toEqual([]), {
    ...{ timeout: 90_000, interval: 150 },
  });
/** The index takes a few turns together only after a while. */
const SLOW_MS = 120_000;

describe('turns in the archive', () => {
  const user = 'ann';
  let old: string[];
  let recent: string;
  beforeAll(async () => {
    old = await recordLongAgo('boat', ['I bought a red sailing boat', 'The boat is called Petrel'], { user });
    [{ turnId: recent }] = (await app.record(
      'boat',
      [{ query: 'The boat needs a new mast', idempotencyKey: 'mast' }],
      user,
    )) as unknown as [{ turnId: string }];
    await indexed();
    expect(await archive(6, user, { dryRun: true })).toMatchObject({
      ...{ dryRun: true, turns: 2, conversations: 1, left: 0 },
    });
    expect(await inArchive(user)).toEqual([]);
    expect(await archive(6, user)).toMatchObject({ dryRun: false, turns: 2, conversations: 1, left: 0 });
  }, SLOW_MS);

  test('lie in a table of their own, and nowhere else', async () => {
    expect(await inArchive(user)).toEqual(old);
    expect(
      await app.sql('select turn_id as id from only echo_unified_interactions where user_id = $1', [user]),
    ).toEqual([{ id: recent }]);
    expect(await archive(6, user)).toMatchObject({ turns: 0, conversations: 0 });
  });

  test('are in lists where these are asked for them', async () => {
    expect(await idsIn({}, user)).toEqual([recent]);
    expect(await idsIn({ includeArchived: null }, user)).toEqual([recent]);
    expect(await idsIn({ includeArchived: true }, user)).toEqual([recent, ...old.toReversed()]);
    expect(await idsIn({ text: 'boat' }, user)).toEqual([recent]);
    expect(await idsIn({ text: 'boats', includeArchived: true }, user)).toEqual([
      recent,
      ...old.toReversed(),
    ]);
    expect(await idsIn({ until: daysAgo(300) }, user)).toEqual([]);
    expect(await idsIn({ until: daysAgo(300), includeArchived: true }, user)).toEqual(old.toReversed());
  });

  test('are found where the search is asked for them, which otherwise says that it left some out', async () => {
    expect(await foundBy('the sailing boat', user)).toEqual([recent]);
    expect(await foundBy('the sailing boat', user, { conversationId: 'boat' })).toEqual([recent]);
    expect((await foundBy('the sailing boat', user, { includeArchived: true }))[0]).toBe(old[0]);
    expect(await foundBy('Petrel', user)).not.toContain(old[1]);
    expect(await foundBy('Petrel', user, { includeArchived: true })).toContain(old[1]);
    const left = async (filter: object, who = user) => {
      const { data } = await app.graphql(
        'query ($filter: MemoryFilter) { memorySearch(query: "boat", filter: $filter) { leftOutArchive } }',
        { filter },
        who,
      );
      return data.memorySearch.leftOutArchive;
    };
    expect(await left({})).toBe(true);
    expect(await left({ includeArchived: true })).toBe(false);
    expect(await left({}, 'somebody without an archive')).toBe(false);
  });

  test('answer questions without being asked for', async () => {
    const { memories } = await app.ask('What is my boat called?', user, { conversationId: 'another' });
    expect(memories.map(({ interaction }) => interaction.query)).toContain('The boat is called Petrel');
  });

  test('are there by their ids, and in the pages of their conversation', async () => {
    const { data } = await app.graphql(
      `query ($id: ID!) { interaction(turnId: $id) { query sequence archivedAt }
        conversation(conversationId: "boat") { interactionCount interactions(first: 10) { nodes { turnId archivedAt } } } }`,
      { id: old[0] },
      user,
    );
    expect(data.interaction).toMatchObject({ query: 'I bought a red sailing boat', sequence: 1 });
    expect(data.interaction.archivedAt).toMatch(/^\d{4}-/);
    expect(data.conversation.interactionCount).toBe(3);
    const { nodes } = data.conversation.interactions;
    expect(nodes.map(({ turnId }: { turnId: string }) => turnId)).toEqual([...old, recent]);
    expect(nodes[2].archivedAt).toBeNull();
  });

  test('are of a chain that is whole', async () => {
    expect(await problemsOf('boat', user)).toEqual({ turns: 3, deleted: 0, problems: [] });
  });

  test('answer retries of their keys, and refuse other content under them', async () => {
    const [known] = await app.sql<{ timestamp: Date }>(
      'select timestamp from echo_unified_interactions where turn_id = $1',
      [old[0]],
    );
    const retry = (query: string) =>
      app.graphql(
        `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
          ... on RecordTurnsSuccess { replayed interactions { turnId sequence archivedAt } } ... on Error { code } } }`,
        {
          input: {
            conversationId: 'boat',
            turns: [
              {
                ...{ query, response: `Noted: ${query}`, idempotencyKey: 'boat 0' },
                timestamp: known?.timestamp.toISOString(),
              },
            ],
          },
        },
        user,
      );
    const again = await retry('I bought a red sailing boat');
    expect(again.data.recordTurns).toMatchObject({
      replayed: 1,
      interactions: [{ turnId: old[0], sequence: 1, archivedAt: expect.any(String) }],
    });
    expect((await retry('I bought a blue one')).data.recordTurns.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await inArchive(user)).toEqual(old);
  });

  test('are rated, and that is audited as of any other', async () => {
    const { data } = await app.graphql(
      `mutation ($id: ID!) { rateInteraction(input: { turnId: $id, rating: 1, comment: "good" }) {
        ... on RateInteractionSuccess { interaction { rating archivedAt } } ... on Error { code } } }`,
      { id: old[1] },
      user,
    );
    expect(data.rateInteraction.interaction).toMatchObject({ rating: 1, archivedAt: expect.any(String) });
    const audited = await app.sql(
      `select from echo_audit_log l join echo_audit_names n on n.pseudonym = l.target
       where l.action = 'interaction.rate' and n.name = $1`,
      [old[1]],
    );
    expect(audited).toHaveLength(1);
  });

  test('are exported like all others, and an export brings them back into no archive', async () => {
    const exported = async (who: string) => {
      const { data } = await app.graphql('{ exportUser(first: 500) { lines } }', {}, who);
      return (data.exportUser.lines as string[]).map((line) => JSON.parse(line));
    };
    const lines = await exported(user);
    const turns = lines.filter(({ kind, conversationId }) => kind === 'turn' && conversationId === 'boat');
    expect(turns.map(({ turnId }) => turnId)).toEqual([...old, recent]);
    await app.graphql(
      'mutation { deleteConversation(conversationId: "boat") { ... on Error { message } } }',
      {},
      user,
    );
    expect(await inArchive(user)).toEqual([]);
    const { data } = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns } ... on Error { message } } }',
      {
        lines: lines
          .filter(({ conversationId }) => conversationId === 'boat')
          .map((line) => JSON.stringify(line)),
      },
      user,
    );
    expect(data.restoreUser.turns).toBe(3);
    expect(await idsIn({ conversationId: 'boat' }, user)).toEqual([recent, ...old.toReversed()]);
    expect(await problemsOf('boat', user)).toMatchObject({ turns: 3, problems: [] });
    // Stored just now.
    expect(await archive(6, user)).toMatchObject({ turns: 0 });
  });
});

describe('an archiving', () => {
  test('leaves alone what was imported lately, however long ago it was said', async () => {
    const user = 'importer';
    await app.record(
      'chats of 2023',
      [{ query: 'The cat was ill', timestamp: '2023-03-01T10:00:00Z' }],
      user,
    );
    expect(await archive(1, user)).toMatchObject({ turns: 0 });
    expect(await foundBy('cat', user)).toHaveLength(1);
  });

  test('leaves alone what is dated long before, and takes what is as old as it says', async () => {
    const user = 'months';
    const [seven] = await recordLongAgo('seven', ['seven months old'], { user, days: 214 });
    await recordLongAgo('five', ['five months old'], { user, days: 150 });
    expect(await archive(6, user)).toMatchObject({ turns: 1 });
    expect(await inArchive(user)).toEqual([seven]);
    expect(await archive(1_200, user)).toMatchObject({ turns: 0 });
    expect(await archive(1, user)).toMatchObject({ turns: 1 });
  });

  test('leaves pinned conversations alone', async () => {
    const user = 'pinner';
    await recordLongAgo('dear', ['a dear old turn'], { user });
    await app.graphql(
      'mutation { updateConversation(conversationId: "dear", input: { pinned: true }) { __typename } }',
      {},
      user,
    );
    expect(await archive(6, user)).toMatchObject({ turns: 0, conversations: 0 });
  });

  test('of a user takes the user’s own turns, of an admin those of the tenant, or of one user', async () => {
    await recordLongAgo('theirs', ['one'], { user: 'bea' });
    await recordLongAgo('theirs', ['two'], { user: 'cid' });
    await recordLongAgo('theirs', ['three'], { user: '@elsewhere:dora' });
    expect(await archive(6, 'bea', { dryRun: true })).toMatchObject({ turns: 1 });
    expect(await archive(6, 'bea')).toMatchObject({ turns: 1 });
    expect(await inArchive('cid')).toEqual([]);
    const refused = await app.graphql(ARCHIVE, { months: 6, userId: 'cid' }, 'bea');
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect(await archive(6, undefined, { userId: 'cid', dryRun: true })).toMatchObject({ turns: 1 });
    expect((await archive(6)).turns).toBeGreaterThan(0);
    expect(await inArchive('cid')).toHaveLength(1);
    expect(await inArchive('dora')).toEqual([]);
  });

  test.each([
    [0, 'must be from 1 to 1200'],
    [-1, 'must be from 1 to 1200'],
    [1_201, 'must be from 1 to 1200'],
    [1_000_000_000, 'must be from 1 to 1200'],
  ])('of more than %d months is refused', async (months, message) => {
    const { data } = await app.graphql(ARCHIVE, { months }, 'ann');
    expect(data.archiveInteractions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'olderThanMonths',
      message: expect.stringContaining(message),
    });
  });

  test('that is asked for as a task is checked the same', async () => {
    const create = async (type: string, payload: object, user?: string) => {
      const { data, errors } = await app.graphql(
        `mutation ($input: CreateTaskInput!) { createTask(input: $input) {
          ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } ... on InvalidInputError { field } } }`,
        { input: { type, payload } },
        user,
      );
      return errors?.[0]?.extensions.code ?? data.createTask;
    };
    expect(await create('archive_interactions', { olderThanMonths: 0 }, 'ann')).toMatchObject({
      field: 'payload.olderThanMonths',
    });
    expect(await create('archive_interactions', { olderThanMonths: 6, userId: 'bea' }, 'ann')).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(await create('archive_tenant', { olderThanMonths: 6 }, 'ann')).toBe('FORBIDDEN');
    expect(await create('restore_archived', { conversationId: '' }, 'ann')).toMatchObject({
      field: 'payload.conversationId',
    });
  });

  test('waits for nobody, and takes what somebody was changing when they are through', async () => {
    const user = 'busy';
    const [turn] = await recordLongAgo('held', ['held by a lock'], { user });
    await recordLongAgo('free', ['free to go'], { user });
    const other = new pg.Client({ connectionString: app.databaseUrl });
    await other.connect();
    await other.query('begin');
    await other.query("select from echo_conversations where conversation_id = 'held' for update");
    const archiving = archive(6, user);
    await expect.poll(async () => (await inArchive(user)).length).toBe(1);
    await other.end();
    expect(await archiving).toMatchObject({ turns: 2, left: 0 });
    expect(await inArchive(user)).toContain(turn);
  });
});

describe('what is brought back from the archive', () => {
  const user = 'ben';
  let old: string[];
  beforeAll(async () => {
    old = await recordLongAgo(
      'garden',
      Array.from({ length: 1_200 }, (_, index) => `Apple tree number ${index} was planted`),
      { user },
    );
    await indexed();
    expect(await archive(6, user)).toMatchObject({ turns: 1_200, conversations: 1 });
    expect(await foundBy('apple tree', user)).toEqual([]);
  }, SLOW_MS);

  test('is all of it, and only once', async () => {
    expect(await restore('garden', user)).toEqual({ conversationId: 'garden', turns: 1_200 });
    expect(await inArchive(user)).toEqual([]);
    const rows = await app.sql<{ id: string }>(
      'select turn_id as id from only echo_unified_interactions where user_id = $1 order by sequence',
      [user],
    );
    expect(rows.map(({ id }) => id)).toEqual(old);
    expect(await foundBy('apple tree number 77', user)).toContain(old[77]);
    expect(await problemsOf('garden', user)).toEqual({ turns: 1_200, deleted: 0, problems: [] });
    expect(await restore('garden', user)).toEqual({ conversationId: 'garden', turns: 0 });
    expect(await app.sql('select from echo_index_queue where user_id = $1', [user])).toEqual([]);
    expect(await app.sql('select from echo_index_removals where user_id = $1', [user])).toEqual([]);
  });

  test('is as old as its return', async () => {
    expect(await archive(6, user)).toMatchObject({ turns: 0 });
    await app.sql(
      "update only echo_unified_interactions set restored_at = now() - interval '7 months' where user_id = $1",
      [user],
    );
    expect(await archive(6, user)).toMatchObject({ turns: 1_200 });
  });

  test('must be of a conversation of the caller', async () => {
    const refusal = async (conversationId: string, who: string, userId?: string) => {
      const { data, errors } = await app.graphql(RESTORE, { conversationId, userId }, who);
      return errors?.[0]?.extensions.code ?? data.restoreArchived.code;
    };
    expect(await refusal('no such', user)).toBe('NOT_FOUND');
    expect(await refusal('garden', 'eve')).toBe('NOT_FOUND');
    expect(await refusal('garden', 'eve', user)).toBe('FORBIDDEN');
    expect(await refusal('', user)).toBe('BAD_USER_INPUT');
    expect(await refusal('x'.repeat(101), user)).toBe('BAD_USER_INPUT');
    expect((await inArchive(user)).length).toBe(1_200);
  });
});

describe('a deletion', () => {
  test(
    'of a turn in the archive takes it with its words, and leaves the chain whole',
    async () => {
      const user = 'del';
      const old = await recordLongAgo('trip', ['We flew to Zanzibar', 'Zanzibar was hot', 'Then home'], {
        user,
      });
      await indexed();
      await archive(6, user);
      await app.graphql(
        'mutation ($id: ID!) { deleteInteraction(turnId: $id) { ... on Error { message } } }',
        { id: old[0] },
        user,
      );
      expect(await inArchive(user)).toEqual(old.slice(1));
      expect(await problemsOf('trip', user)).toEqual({ turns: 2, deleted: 1, problems: [] });
      await expect
        .poll(() => app.sql('select from echo_index_removals where user_id = $1', [user]), { interval: 150 })
        .toEqual([]);
      expect(await foundBy('flew', user, { includeArchived: true })).not.toContain(old[0]);
      const documents = await app.sql<{ count: number }>(
        `select count(*)::int as count from echo_index_documents d join echo_index_owners o using (owner_id)
       where o.user_id = $1`,
        [user],
      );
      expect(documents).toEqual([{ count: 2 }]);
    },
    SLOW_MS,
  );

  test('of a user takes what is in the archive, and proves it', async () => {
    const user = 'gone';
    await recordLongAgo('secret', ['the word is Xylophone'], { user });
    await archive(6, user);
    const { data } = await app.graphql(
      'mutation { eraseUser(userId: "gone", confirm: "gone") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
    );
    expect(data.eraseUser.message).toBeUndefined();
    expect(await inArchive(user)).toEqual([]);
    const { receipt } = data.eraseUser;
    expect(receipt).toMatchObject({ erased: { turns: 1, conversations: 1 }, left: { turns: 0 } });
  });

  test('by age counts and takes conversations whose turns are in the archive', async () => {
    const tenant = '@cleaning:admin';
    await recordLongAgo('stale', ['very old'], { user: tenant });
    await app.sql(
      "update echo_conversations set last_interaction = now() - interval '300 days' where tenant_id = 'cleaning'",
    );
    await archive(6, tenant);
    const clean = async (dryRun: boolean) => {
      const { data } = await app.graphql(
        `mutation ($dryRun: Boolean) { cleanupConversations(olderThanDays: 30, dryRun: $dryRun) {
          ... on CleanupSuccess { deletedConversations deletedInteractions } } }`,
        { dryRun },
        tenant,
      );
      return data.cleanupConversations;
    };
    expect(await clean(true)).toEqual({ deletedConversations: 1, deletedInteractions: 1 });
    expect(await clean(false)).toEqual({ deletedConversations: 1, deletedInteractions: 1 });
    expect(await inArchive('admin')).toEqual([]);
  });
});
