import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_SOURCES } from '../src/domains/facts/derive.ts';
import { exportedLines, lostLines, restored } from './support/exports.ts';
import { learn } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** A turn that says where its user lives at a day of January 2024. */
async function say(user: string, day: number, place: string, more: Record<string, unknown> = {}) {
  const saidAt = new Date(Date.UTC(2024, 0, day)).toISOString();
  const { conversationId = `of ${user}`, predicate = 'lives_in', ...said } = more;
  const turns = [{ query: `I live in ${place}`, timestamp: saidAt }];
  const [turn] = await app.record(String(conversationId), turns, user);
  const turnId = turn?.turnId ?? '';
  const [done] = await learn(app, user, [
    { turnId, saidAt, predicate: String(predicate), object: place, quote: `I live in ${place}`, ...said },
  ]);
  return { turnId, factId: done?.fact?.factId ?? '' };
}

const call = async (field: string, user: string | undefined) => {
  const { data, errors } = await app.graphql(`mutation { result: ${field} }`, {}, user);
  expect(errors).toBeUndefined();
  return data.result;
};
const removeTurn = (user: string, turnId: string) =>
  call(`deleteInteraction(turnId: "${turnId}") { __typename }`, user);

/** In how many rows of facts, their sources and changes a word stands. */
async function rowsWith(word: string): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    `select ((select count(*) from echo_learned_facts t where t::text ilike $1)
       + (select count(*) from echo_fact_sources t where t::text ilike $1)
       + (select count(*) from echo_fact_changes t where t::text ilike $1))::int as count`,
    [`%${word}%`],
  );
  return row?.count ?? 0;
}

async function facts(user: string) {
  const { data } = await app.graphql(
    '{ facts(filter: { status: null }) { nodes { factId statement object status validUntil supersededBy { factId } sources { quote } changes { kind by } } } }',
    {},
    user,
  );
  return data.facts.nodes;
}
const factOf = async (user: string, id: string) =>
  (await facts(user)).find(({ factId }: { factId: string }) => factId === id);

describe('a turn that is deleted takes with it what it said', () => {
  test.each<[string, (user: string, turnId: string) => Promise<unknown>]>([
    ['deleteInteraction', removeTurn],
    [
      'deleteConversation',
      (user) => call('deleteConversation(conversationId: "planted") { __typename }', user),
    ],
    [
      'cleanupConversations',
      async (user) => {
        await app.sql(
          `update echo_conversations set last_interaction = '2020-01-01' where user_id = $1 and conversation_id = 'planted'`,
          [user],
        );
        await call('cleanupConversations(olderThanDays: 2000, dryRun: false) { __typename }', undefined);
      },
    ],
  ])('by %s: words, quote and keys; what it superseded holds again', async (door, remove) => {
    const user = `by ${door}`;
    const word = `zanzibar${door.slice(0, 9)}`.toLowerCase();
    const lisbon = await say(user, 1, 'Lisbon');
    const planted = await say(user, 2, word, { conversationId: 'planted' });
    expect(await factOf(user, lisbon.factId)).toMatchObject({ status: 'SUPERSEDED' });
    expect(await rowsWith(word)).toBe(2);
    const keys = () =>
      app.sql('select identity_key, polarity_key, slot_key from echo_learned_facts where fact_id = $1', [
        planted.factId,
      ]);
    const [before] = await keys();
    await remove(user, planted.turnId);
    expect(await rowsWith(word)).toBe(0);
    expect(await factOf(user, planted.factId)).toMatchObject({
      ...{ statement: '', object: '', status: 'RETRACTED', sources: [] },
      changes: [{ kind: 'RETRACTED', by: 'deletion' }, { kind: 'ADDED' }],
    });
    const [after] = await keys();
    expect([after?.identity_key, after?.polarity_key]).not.toContainEqual(before?.identity_key);
    expect(after?.polarity_key).not.toEqual(before?.polarity_key);
    expect(after?.slot_key).toBeNull();
    expect(await factOf(user, lisbon.factId)).toMatchObject({
      status: 'ACTIVE',
      validUntil: null,
      supersededBy: null,
    });
    // Said again, it is another fact.
    expect((await say(user, 3, word)).factId).not.toBe(planted.factId);
  });

  test('but not what other turns said: the words of these are shown', async () => {
    const first = await say('ben', 1, 'the old Zagreb', { statement: 'user dwells in zagrebine splendour' });
    const second = await say('ben', 4, 'old Zagreb');
    const third = await say('ben', 9, 'Split');
    expect(second.factId).toBe(first.factId);
    expect(await rowsWith('zagrebine')).toBe(2);
    await removeTurn('ben', first.turnId);
    expect(await rowsWith('zagrebine')).toBe(0);
    expect(await factOf('ben', first.factId)).toMatchObject({
      ...{
        statement: 'user lives_in old Zagreb',
        status: 'SUPERSEDED',
        supersededBy: { factId: third.factId },
      },
      sources: [{ quote: 'I live in old Zagreb' }],
    });
    // The latest one goes: what it followed on holds.
    await removeTurn('ben', third.turnId);
    expect(await factOf('ben', first.factId)).toMatchObject({ status: 'ACTIVE', validUntil: null });
  });

  test('also what was undone, retracted or corrected', async () => {
    const undone = await say('cleo', 1, 'Xanadu');
    const [change] = await app.sql('select change_id from echo_fact_changes where user_id = $1', ['cleo']);
    await call(`undoLearningChange(changeId: "${change?.change_id}") { __typename }`, 'cleo');
    const retracted = await say('cleo', 2, 'Xanadupolis');
    await call(`retractFact(factId: "${retracted.factId}") { __typename }`, 'cleo');
    const corrected = await say('cleo', 3, 'Xanadutown');
    await call(
      `correctFact(factId: "${corrected.factId}", input: { predicate: "lives_in", object: "Utopia" }) { __typename }`,
      'cleo',
    );
    expect(await rowsWith('xanadu')).toBe(6);
    for (const { turnId } of [undone, retracted, corrected]) await removeTurn('cleo', turnId);
    expect(await rowsWith('xanadu')).toBe(0);
    expect((await facts('cleo')).map(({ statement }: { statement: string }) => statement)).toEqual([
      'user lives in Utopia',
      ...['', '', ''],
    ]);
  });

  test('and no undoing brings it back, nor is one kept from being done', async () => {
    const lisbon = await say('dan', 1, 'Lisbon');
    const gone = await say('dan', 2, 'Ruritania');
    const changes = await app.sql(
      'select change_id, kind, fact_id from echo_fact_changes c join echo_learned_facts f on f.id = c.fact where c.user_id = $1 order by c.id',
      ['dan'],
    );
    await removeTurn('dan', gone.turnId);
    const undo = (id: string) =>
      call(
        `undoLearningChange(changeId: "${id}") { ... on UndoSuccess { undone { kind } } ... on Error { message } }`,
        'dan',
      );
    expect(changes.map(({ kind }) => kind)).toEqual(['ADDED', 'ADDED', 'SUPERSEDED']);
    expect(await undo(changes[1]?.change_id)).toEqual({
      undone: [{ kind: 'SUPERSEDED' }, { kind: 'ADDED' }],
    });
    expect(await rowsWith('ruritania')).toBe(0);
    expect(await factOf('dan', gone.factId)).toMatchObject({ statement: '', status: 'RETRACTED' });
    expect(await factOf('dan', lisbon.factId)).toMatchObject({ status: 'ACTIVE' });
    const [retraction] = await app.sql(
      "select change_id from echo_fact_changes where user_id = 'dan' and by = 'deletion' limit 1",
    );
    expect((await undo(retraction?.change_id)).message).toContain('cannot be undone');
    expect((await undo(changes[0]?.change_id)).undone).toHaveLength(1);
  });

  test('while archiving and bringing back leave facts alone', async () => {
    const { factId, turnId } = await say('eli', 1, 'Lisbonne');
    await app.sql("update only echo_unified_interactions set created_at = timestamp where user_id = 'eli'");
    const rows = () =>
      app.sql(
        "select f::text, s::text from echo_learned_facts f join echo_fact_sources s on s.fact = f.id where f.user_id = 'eli'",
      );
    const before = await rows();
    const run = async (mutation: string) => {
      const made = await call(`${mutation} { ... on CreateTaskSuccess { task { taskId } } }`, 'eli');
      return (await untilTask(app, made.task.taskId, 'COMPLETED', 'eli')).result;
    };
    expect(await run('archiveInteractions(olderThanMonths: 6)')).toMatchObject({ turns: 1 });
    expect(await rows()).toEqual(before);
    expect(await run('restoreArchived(conversationId: "of eli")')).toMatchObject({ turns: 1 });
    expect(await rows()).toEqual(before);
    await removeTurn('eli', turnId);
    expect(await rowsWith('lisbonne')).toBe(0);
    expect(await factOf('eli', factId)).toMatchObject({ status: 'RETRACTED' });
  });
});

describe('an export', () => {
  async function filled(user: string) {
    await say(user, 1, 'Lisbon', { validFrom: '2020-01-01T00:00:00Z', precision: 'year' });
    const porto = await say(user, 5, 'Porto', { confidence: 0.77 });
    await say(user, 7, 'PORTO');
    const faro = await say(user, 9, 'Faro');
    await call(`retractFact(factId: "${faro.factId}") { __typename }`, user);
    const tea = await say(user, 10, 'tea', { predicate: 'likes' });
    await call(
      `correctFact(factId: "${tea.factId}", input: { predicate: "likes", object: "coffee" }) { __typename }`,
      user,
    );
    const [last] = await app.sql(
      "select change_id from echo_fact_changes where user_id = $1 and kind = 'MERGED' order by id desc limit 1",
      [user],
    );
    await call(`undoLearningChange(changeId: "${last?.change_id}", cascade: true) { __typename }`, user);
    const gone = await say(user, 11, 'Braga');
    await removeTurn(user, gone.turnId);
    return { porto, gone };
  }

  test('goes into an empty server in pages, where it is the same, and again does nothing', async () => {
    await filled('fred');
    const lines = await exportedLines(app, 'fred');
    const kinds = lines.map((line) => JSON.parse(line).kind);
    expect(kinds.filter((kind) => kind === 'fact')).toHaveLength(6);
    expect(kinds.filter((kind) => kind === 'factChange').length).toBeGreaterThan(10);
    const other = await startTestApp();
    try {
      expect(
        await lostLines(other, 'fred', lines, async (all) => {
          for (let at = 0; at < all.length; at += 3) await restored(other, 'fred', all.slice(at, at + 3));
        }),
      ).toEqual([]);
      const again = await exportedLines(other, 'fred');
      expect(again).toEqual(lines);
      await restored(other, 'fred', lines);
      expect(await exportedLines(other, 'fred')).toEqual(lines);
      // They go on as facts: what is said later supersedes them.
      const { data } = await other.graphql(
        'mutation { addFact(input: { predicate: "lives_in", object: "Leeds" }) { ... on FactSuccess { fact { supersedes { object } } } } }',
        {},
        'fred',
      );
      expect(data.addFact.fact.supersedes).toEqual([{ object: 'Porto' }]);
    } finally {
      await other.close();
    }
  });

  test('of before a deletion brings back what was said; quotes of turns that are not there stay away', async () => {
    const lisbon = await say('gwen', 1, 'Lisbon');
    const kept = await say('gwen', 2, 'Atlantis', { conversationId: 'other' });
    const lines = await exportedLines(app, 'gwen');
    await removeTurn('gwen', kept.turnId);
    expect(await rowsWith('atlantis')).toBe(0);
    const withoutTurns = lines.filter((line) => JSON.parse(line).kind === 'fact');
    await restored(app, 'gwen', withoutTurns);
    expect(await rowsWith('atlantis')).toBe(0);
    await restored(app, 'gwen', lines);
    expect(await factOf('gwen', kept.factId)).toMatchObject({
      statement: 'user lives_in Atlantis',
      status: 'ACTIVE',
    });
    expect(await factOf('gwen', lisbon.factId)).toMatchObject({
      ...{ status: 'SUPERSEDED', supersededBy: { factId: kept.factId } },
    });
  });

  test('that was altered is refused, naming the field', async () => {
    await say('hugo', 1, 'Lisbon');
    const lines = await exportedLines(app, 'hugo');
    const send = (change: object, kind = 'fact') =>
      restored(
        app,
        'hugo',
        lines.map((line) =>
          JSON.parse(line).kind === kind ? JSON.stringify({ ...JSON.parse(line), ...change }) : line,
        ),
      );
    await expect(send({ userId: 'vera' })).rejects.toThrow('an export goes back to the user');
    await expect(send({ sources: [] })).rejects.toThrow('sources: must have at least one');
    await expect(send({ statement: '' })).rejects.toThrow(
      'statement: must be empty where there is no source',
    );
    await expect(send({ confidence: 2 })).rejects.toThrow('confidence');
    await expect(send({ factId: 'x' })).rejects.toThrow('factId: must be a UUID');
    await expect(send({ before: { status: 'GONE' } }, 'factChange')).rejects.toThrow('before.status');
  });
});

test('an erasure takes all of it, and counts the facts', async () => {
  await say('ines', 1, 'Lisbon');
  await say('ines', 2, 'Porto');
  const { data } = await app.graphql(
    'mutation { eraseUser(userId: "ines", confirm: "ines") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
  );
  expect(JSON.stringify(data.eraseUser)).toMatch(/\\?"facts\\?":2/);
  for (const table of ['echo_learned_facts', 'echo_fact_sources', 'echo_fact_changes'])
    expect(await app.sql(`select 1 from ${table} where user_id = 'ines'`)).toEqual([]);
});

test('of too many sources the first, the latest and the first that says most are kept', async () => {
  const { turnId, factId } = await say('jack', 15, 'Lisbon');
  await app.sql(
    `insert into echo_fact_sources (tenant_id, user_id, source_id, fact, added_by, turn_id, field, quote, starts_at, ends_at, said_at,
       origin, confidence, statement, subject, object, category, detail)
     select tenant_id, user_id, gen_random_uuid(), fact, added_by, gen_random_uuid(), field, quote, 0, 1,
       '2024-01-01'::timestamptz + n * interval '1 minute', origin, confidence, 'said ' || n, subject, object, category,
       case n when 3 then 2 else 1 end
     from echo_fact_sources, generate_series(1, $2::int) n where turn_id = $1`,
    [turnId, MAX_SOURCES],
  );
  await say('jack', 16, 'Lisbon');
  const kept = await app.sql(
    "select statement from echo_fact_sources where user_id = 'jack' order by said_at",
  );
  expect(kept).toHaveLength(MAX_SOURCES);
  expect(kept.slice(0, 3).map(({ statement }) => statement)).toEqual(['said 1', 'said 3', 'said 5']);
  expect(await factOf('jack', factId)).toMatchObject({ statement: 'said 3' });
});
