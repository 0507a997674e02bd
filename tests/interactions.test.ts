import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) {
  recordTurns(input: $input) {
    __typename
    ... on RecordTurnsSuccess {
      replayed durability
      interactions {
        turnId sequence query response speaker responder timestamp sessionId modelUsed processingTimeMs intent metadata
        status intelligenceLevel stepTimings
      }
    }
    ... on Error { code message }
    ... on InvalidInputError { field }
    ... on NotFoundError { field }
  }
}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

type TurnInput = { query: string } & Record<string, unknown>;

async function record(conversationId: string, turns: TurnInput[], user?: string) {
  const { data, errors } = await app.graphql(RECORD, { input: { conversationId, turns } }, user);
  expect(errors).toBeUndefined();
  return data.recordTurns;
}

const numbered = (count: number, more: Record<string, unknown> = {}): TurnInput[] =>
  Array.from({ length: count }, (_, n) => ({ query: `turn ${n + 1} of ${count}`, ...more }));

async function storedCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    'select (select count(*) from echo_unified_interactions)::int + (select count(*) from echo_conversations)::int as count',
  );
  return row?.count ?? -1;
}

describe('recordTurns', () => {
  test.each([1, 500])('stores %i turns in their order', async (count) => {
    const saved = await record(`count-${count}`, numbered(count));
    expect(saved).toMatchObject({ __typename: 'RecordTurnsSuccess', replayed: 0, durability: 'COMMITTED' });
    expect(saved.interactions.map((turn: { query: string }) => turn.query)).toEqual(
      numbered(count).map((turn) => turn.query),
    );
    expect(saved.interactions.map((turn: { sequence: number }) => turn.sequence)).toEqual(
      Array.from({ length: count }, (_, n) => n + 1),
    );
  });

  test('sends each statement once for a hundred turns', async () => {
    await record('statements', numbered(1));
    app.statements.length = 0;
    await record('statements', numbered(100));
    const sent = Map.groupBy(app.statements, (name) => name);
    const times = (name: string) => sent.get(name)?.length ?? 0;
    for (const name of ['lock_conversations', 'stored_turns', 'insert_turns', 'update_conversations'])
      expect([name, times(name)]).toEqual([name, 1]);
    // Others go on beside it, but nothing is sent for each turn.
    for (const name of sent.keys()) expect([name, times(name) < 50]).toEqual([name, true]);
  });

  test.each([
    ['no turn', [], 'turns', /at least 1/],
    ['501 turns', numbered(501), 'turns', /500/],
    ['an empty query', [...numbered(3), { query: '' }], 'turns.3.query', /1 to 32,?000/],
    ['a query too long', [{ query: 'q'.repeat(32_001) }], 'turns.0.query', /32,?000/],
    [
      'a response too long',
      [...numbered(1), { query: 'q', response: 'r'.repeat(200_001) }],
      'turns.1.response',
      /200,?000/,
    ],
    ['NUL in a response', [{ query: 'q', response: '\u0000' }], 'turns.0.response', /NUL/],
    ['a speaker too long', [{ query: 'q', speaker: 's'.repeat(101) }], 'turns.0.speaker', /100/],
    ['an intent too long', [{ query: 'q', intent: 'i'.repeat(51) }], 'turns.0.intent', /50/],
    ['a bad key', [{ query: 'q', idempotencyKey: 'ü' }], 'turns.0.idempotencyKey', /ASCII/],
    ['negative time', [{ query: 'q', processingTimeMs: -1 }], 'turns.0.processingTimeMs', /at least 0/],
    ['metadata that is a list', [{ query: 'q', metadata: [] }], 'turns.0.metadata', /object/],
    ['NUL in a key of metadata', [{ query: 'q', metadata: { '\u0000': 1 } }], 'turns.0.metadata', /NUL/],
  ])('refuses %s and stores nothing', async (name, turns, field, message) => {
    const before = await storedCount();
    expect(await record(`refused ${name}`, turns as TurnInput[])).toMatchObject({
      __typename: 'InvalidInputError',
      code: 'BAD_USER_INPUT',
      field,
      message: expect.stringMatching(message),
    });
    expect(await storedCount()).toBe(before);
  });

  test('stores nothing when one key of many was used for something else', async () => {
    await record('all or nothing', [{ query: 'first', idempotencyKey: 'a' }]);
    const before = await storedCount();
    const refused = await record('all or nothing', [
      { query: 'new', idempotencyKey: 'b' },
      { query: 'changed', idempotencyKey: 'a' },
    ]);
    expect(refused).toMatchObject({
      __typename: 'IdempotencyKeyReusedError',
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await storedCount()).toBe(before);
  });

  test('gives back every character', async () => {
    const nasty = [
      'emoji 👩‍👩‍👧‍👦🏳️‍🌈 and flags 🇩🇪',
      'right to left \u202eשלום\u202c مرحبا \u200f',
      'controls \u0001\u0007\u001b[2J\u007f\u0085 tab\t',
      'lines \r\n of \n all \r kinds \u2028 \u2029',
      'e\u0301 is not é, and neither is \u212b Å',
      '\ufeffmark first, \uffff \u{10ffff} last',
      `'; drop table echo_conversations; -- \\ \\u0000 %s $1 {{x}}`,
      '  spaces around and no break\u00a0 ',
      `zalgo ${'Z\u0351\u0342\u0346'.repeat(50)}`,
    ];
    const turns = nasty.map((text) => ({
      query: text,
      response: [...text].reverse().join(''),
      speaker: text.slice(0, 12).toWellFormed(),
      metadata: { [text]: [text, { nested: text }] },
    }));
    const saved = await record('nasty', turns);
    const read = await app.graphql(
      '{ conversation(conversationId: "nasty") { interactions(first: 100) { nodes { query response speaker metadata } } } }',
    );
    expect(read.data.conversation.interactions.nodes).toEqual(turns);
    expect(saved.interactions).toMatchObject(turns);
  });

  test('keeps every field that is given, and says what is absent', async () => {
    const turn = {
      query: 'What is the tide?',
      response: 'High at six.',
      speaker: 'Ana',
      responder: 'Harbour office',
      timestamp: '2024-02-29T23:59:59.999Z',
      sessionId: 'session 1',
      modelUsed: 'gpt-x',
      processingTimeMs: 12.5,
      intent: 'technical',
      metadata: { a: null, b: 1e300, c: [], d: '' },
    };
    const { interactions } = await record('fields', [turn, { query: 'An utterance' }]);
    expect(interactions[0]).toMatchObject({ ...turn, status: 'ANSWERED' });
    expect(interactions[1]).toMatchObject({
      response: null,
      speaker: null,
      responder: null,
      sessionId: null,
      intent: null,
      metadata: {},
      status: 'RECORDED',
      intelligenceLevel: null,
      stepTimings: null,
    });
  });

  test('is idempotent by the keys of its turns', async () => {
    const turns = numbered(20).map((turn, n) => ({ ...turn, idempotencyKey: `key ${n}` }));
    const first = await record('idempotent', turns.slice(0, 12));
    const again = await record('idempotent', turns);
    expect([first.replayed, again.replayed]).toEqual([0, 12]);
    expect(again.interactions.slice(0, 12)).toEqual(first.interactions);
    const third = await record('idempotent', turns.toReversed());
    expect(third.replayed).toBe(20);
    expect(third.interactions).toEqual(again.interactions.toReversed());
  });

  test('is idempotent for retries at the same time, and within one call', async () => {
    const turns = numbered(50).map((turn, n) => ({ ...turn, idempotencyKey: `p${n}` }));
    const saves = await Promise.all(Array.from({ length: 8 }, () => record('parallel', turns)));
    for (const save of saves) expect(save.interactions).toEqual(saves[0].interactions);
    expect(saves.reduce((sum, save) => sum + save.replayed, 0)).toBe(7 * 50);
    const twice = await record('twice', [turns[0]!, turns[0]!]);
    expect(twice).toMatchObject({ replayed: 1 });
    expect(twice.interactions[0].turnId).toBe(twice.interactions[1].turnId);
  });

  test('numbers the turns of concurrent writers without a gap', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, n) => record('crowded', numbered(10, { speaker: `w${n}` }))),
    );
    const [row] = await app.sql<{ numbers: number[] }>(
      'select array_agg(sequence order by sequence) as numbers from echo_unified_interactions where conversation_id = $1',
      ['crowded'],
    );
    expect(row?.numbers).toEqual(Array.from({ length: 120 }, (_, n) => n + 1));
  });

  test('takes a name that somebody else has, too', async () => {
    await record('of-judy', numbered(1), 'judy');
    const taken = await record('of-judy', numbered(2), 'karl');
    expect(taken.interactions.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 2]);
  });
});

test('the database itself refuses a second turn of an id, whatever the server believes', async () => {
  const unique = await app.sql(
    `select a.attname as column from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = 'echo_unified_interactions'::regclass and i.indisunique and i.indisvalid
       and i.indnkeyatts = 1 and i.indpred is null and i.indexprs is null order by 1`,
  );
  expect(unique).toEqual([{ column: 'id' }, { column: 'turn_id' }]);
});

describe('rateInteraction', () => {
  const RATE = `mutation ($input: RateInteractionInput!) {
    rateInteraction(input: $input) {
      __typename
      ... on RateInteractionSuccess { interaction { turnId rating ratingComment } }
      ... on Error { code message }
      ... on InvalidInputError { field }
    }
  }`;
  const rate = async (input: object, user?: string) =>
    (await app.graphql(RATE, { input }, user)).data.rateInteraction;

  test('sets a rating, and a later one replaces it', async () => {
    const [{ turnId }] = (await record('rated', numbered(1))).interactions;
    expect(await rate({ turnId, rating: 0.5, comment: 'ça va 🙂' })).toMatchObject({
      interaction: { turnId, rating: 0.5, ratingComment: 'ça va 🙂' },
    });
    expect(await rate({ turnId, rating: -1 })).toMatchObject({
      interaction: { turnId, rating: -1, ratingComment: null },
    });
  });

  test.each([
    ['a rating above 1', { rating: 1.01 }, 'rating'],
    ['a rating below -1', { rating: -1.01 }, 'rating'],
    ['a comment too long', { comment: 'c'.repeat(501) }, 'comment'],
    ['NUL in the comment', { comment: '\u0000' }, 'comment'],
    ['no id of a turn', { turnId: "1' or true" }, 'turnId'],
  ])('refuses %s', async (_name, input, field) => {
    const [{ turnId }] = (await record('badly rated', numbered(1))).interactions;
    expect(await rate({ turnId, rating: 0, ...input })).toMatchObject({
      __typename: 'InvalidInputError',
      field,
    });
  });

  test('refuses unknown turns and those of others', async () => {
    const [{ turnId }] = (await record('rated by liam', numbered(1), 'liam')).interactions;
    for (const [id, user] of [
      [turnId, 'mona'],
      ['00000000-0000-4000-8000-000000000000', undefined],
    ])
      expect(await rate({ turnId: id, rating: 1 }, user)).toMatchObject({ code: 'NOT_FOUND' });
  });
});
