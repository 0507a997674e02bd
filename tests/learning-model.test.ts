import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { type OpenAiServer, type Reply, startOpenAiServer } from './support/openai-server.ts';

let provider: OpenAiServer;
let app: TestApp;
let seen: ReturnType<typeof learning>;

beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: {
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small',
      LLM_PRICES: 'quick=1/2',
      LLM_WINDOWS: 'quick=4000',
      LLM_LEARNING_MODEL: 'small',
      LLM_FIRST_TOKEN_MS: '3000',
      LLM_STALL_MS: '3000',
    },
  });
  seen = learning(app);
});
beforeEach(async () => {
  // So that no breaker opens, whatever the model did before.
  await app.record('between', ['Hello.'], 'between');
  provider.respondWith(facts());
  await seen.learn('between');
  provider.requests.length = 0;
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

const said = (value: unknown): Reply => ({
  kind: 'answer',
  deltas: [typeof value === 'string' ? value : JSON.stringify(value)],
  usage: { prompt_tokens: 900, completion_tokens: 60 },
});
const facts = (...list: object[]) => said({ facts: list });
const TULIPS = {
  ...{ turn: 't1', side: 'query', quote: 'tulips are what I adore', subject: 'user', predicate: 'likes' },
  ...{ object: 'tulips', category: 'PREFERENCE', negated: false, kind: 'STATES', confidence: 0.99 },
};
const active = async (user: string) =>
  (await seen.facts(user)).map(({ object, origin }) => `${origin} ${object}`).sort();

test('a model adds what the rules did not find, and what it costs stands in the run', async () => {
  const query = '🌷 You know, tulips are what I adore. I like tea. My password is hunter2hunter2.';
  await app.record('garden', ['Hello there.', query], 'ada');
  provider.respondWith(
    said({
      facts: [
        { ...TULIPS, turn: 't2' },
        // The rules have found it.
        { ...TULIPS, turn: 't2', quote: 'I like tea', object: 'tea' },
      ],
    }),
  );
  const { runs } = await seen.learn('ada');
  expect(runs[0]).toMatchObject({
    ...{ turnsSeen: 2, added: 2, refused: 1, failedBatches: 0, modelUsed: 'small' },
    ...{ tokensIn: 900, tokensOut: 60, cost: 0.00102 },
  });
  expect(await active('ada')).toEqual(['MODEL tulips', 'RULES tea']);
  const tulips = (await seen.facts('ada')).find(({ object }) => object === 'tulips');
  expect(tulips).toMatchObject({
    changes: [{ kind: 'ADDED', by: 'model', runId: runs[0]?.runId }],
    confidence: 0.85,
  });
  const [{ quote, start, end }] = tulips.sources;
  expect([...query].slice(start, end).join('')).toBe(quote);
  const [request] = provider.chats;
  expect(request?.body).toMatchObject({
    ...{ model: 'small', temperature: 0 },
    response_format: { type: 'json_schema', json_schema: { name: 'facts' } },
  });
  // A secret does not leave the server, and deletion is not in the form.
  expect(JSON.stringify(request?.body)).not.toContain('hunter2');
  expect(JSON.stringify(request?.body.response_format)).not.toMatch(/delete|retract|remove/i);
  expect(provider.chats).toHaveLength(1);
});

test('a correction that a model finds takes the place of what was said before', async () => {
  await app.record('fruit', ['I like pears.', 'Sorry, plums of course.'], 'bea');
  provider.respondWith(
    said({
      facts: [{ ...TULIPS, turn: 't2', quote: 'Sorry, plums of course', object: 'plums', kind: 'CORRECTS' }],
    }),
  );
  await seen.learn('bea');
  expect(await active('bea')).toEqual(['MODEL plums']);
  const all = await seen.facts('bea', { status: null });
  expect(all.find(({ object }) => object === 'pears')).toMatchObject({
    ...{ status: 'SUPERSEDED', supersededBy: { object: 'plums' } },
  });
});

const FORM = 'it is in no form of a fact';
/** What a model may answer, how many requests it gets, and what the run says of it. */
const ADVERSARIES: readonly [
  what: string,
  reply: Reply,
  failedBatches: number,
  refusals: [string, number][],
][] = [
  ['prose', said('I am sorry, I cannot do that.'), 1, []],
  ['half of a JSON', said('{"facts": [{"turn": "t1", "quo'), 1, []],
  ['an order to delete everything', said({ facts: [], delete: 'everything' }), 1, []],
  [
    'orders to delete facts',
    facts({ action: 'DELETE', factId: '*' }, { ...TULIPS, kind: 'DELETES' }),
    0,
    [[FORM, 2]],
  ],
  [
    'an answer that is cut off',
    { ...said('{"facts": ['), finishReason: 'length', usage: null } as Reply,
    1,
    [],
  ],
  ['a list of something else', said({ facts: [null, 7, 'tea', []] }), 0, [[FORM, 4]]],
  [
    'turns that it was not shown',
    facts({ ...TULIPS, turn: 't2' }, { ...TULIPS, turn: 't999' }),
    0,
    [['it names a turn that the model was not shown', 2]],
  ],
  [
    'quotes that nobody said',
    facts({ ...TULIPS, quote: 'I adore tulips' }),
    0,
    [['the quote is not in the turn', 1]],
  ],
  ['an unknown category', facts({ ...TULIPS, category: 'GOSSIP' }), 0, [['its category is unknown', 1]]],
  [
    'an unknown predicate',
    facts({ ...TULIPS, predicate: 'is_guilty_of' }),
    0,
    [['its predicate is unknown', 1]],
  ],
  ['what was not said', facts({ ...TULIPS, object: 'orchids' }), 0, [['its object was not said there', 1]]],
  ['another subject', facts({ ...TULIPS, subject: 'Rolf' }), 0, [['its subject was not named there', 1]]],
  [
    'words of an assistant',
    facts({ ...TULIPS, side: 'response', quote: 'I adore orchids' }),
    0,
    [['nobody whose words count said it', 1]],
  ],
  [
    'more than there is',
    facts({ ...TULIPS, object: 'x'.repeat(300) }, { ...TULIPS, quote: '' }),
    0,
    [[FORM, 2]],
  ],
  [
    'five hundred facts',
    facts(...Array.from({ length: 500 }, () => ({ ...TULIPS, quote: 'no such words' }))),
    0,
    [
      ['more facts than a model may state', 490],
      ['the quote is not in the turn', 10],
    ],
  ],
  // Longer than any answer is taken.
  ['five thousand facts', facts(...Array.from({ length: 5_000 }, () => TULIPS)), 1, []],
  ['nothing for a long time', { kind: 'stall' }, 1, []],
  ['the beginning, and then nothing', { kind: 'stall', after: ['{"facts"'] }, 1, []],
  ['an error', { kind: 'status', status: 500 }, 1, []],
  ['no more facts', facts(), 0, []],
];

test.each(ADVERSARIES)(
  'a model that answers %s loses no fact and brings none',
  async (what, reply, failed, refusals) => {
    const user = `user of ${what}`.slice(0, 90);
    const { data } = await app.graphql(
      `mutation { addFact(input: { predicate: "lives_in", object: "Lisbon" }) { ... on FactSuccess { fact { factId } } } }`,
      {},
      user,
    );
    await app.record(
      'talk',
      [{ query: 'I like tea. You know, tulips are what I adore.', response: 'I adore orchids.' }],
      user,
    );
    provider.respondWith(reply);
    const { result, runs } = await seen.learn(user);
    expect(result).toMatchObject({ turns: 1, added: 1, left: 0 });
    expect(runs).toMatchObject([
      { turnsSeen: 1, added: 1, merged: 0, superseded: 0, failedBatches: failed, modelUsed: 'small' },
    ]);
    expect(provider.chats.length > 1).toBe(failed > 0);
    const told = runs[0]?.refusals.map(({ reason, count }: { reason: string; count: number }) => [
      reason,
      count,
    ]);
    expect(told).toEqual(refusals);
    expect(runs[0]?.refused).toBe(refusals.reduce((sum, [, count]) => sum + count, 0));
    expect(await active(user)).toEqual(['PERSON Lisbon', 'RULES tea']);
    expect((await seen.facts(user)).map(({ factId }) => factId)).toContain(data.addFact.fact.factId);
    const [{ count } = { count: 0 }] = await app.sql(
      "select count(*)::int as count from echo_fact_changes where user_id = $1 and kind <> 'ADDED'",
      [user],
    );
    expect(count).toBe(0);
  },
);

test('a model that names turns of somebody else changes nothing of them', async () => {
  const [theirs] = await app.record('theirs', ['You know, tulips are what I adore.'], 'victim');
  await app.record('mine', ['You know, tulips are what I adore.'], 'eve');
  provider.respondWith(
    facts({ ...TULIPS, turn: theirs?.turnId.slice(0, 20) }, { ...TULIPS, turn: theirs?.turnId }),
  );
  const { runs } = await seen.learn('eve');
  expect(runs[0]).toMatchObject({ added: 0, refused: 2 });
  expect(await seen.facts('victim')).toEqual([]);
  expect(await seen.facts('eve')).toEqual([]);
  expect(await seen.status('victim')).toMatchObject({ turnsWaiting: 1 });
});

test('a model that fails again and again is left out for the rest of a run, which says so', async () => {
  await app.record(
    'long',
    Array.from({ length: 60 }, (_, number) => `I like number${number}.`),
    'sam',
  );
  provider.respondWith(said('no'));
  const { result, runs } = await seen.learn('sam');
  expect(result).toMatchObject({ turns: 60, added: 60 });
  // Of eight turns each, of which three were asked twice.
  expect(runs[0]).toMatchObject({ failedBatches: 8, modelUsed: 'small' });
  expect(provider.chats).toHaveLength(6);
});

test('turns that are too many for the window of a model are shown in parts', async () => {
  const turns = Array.from(
    { length: 8 },
    (_, number) => `I like number${number}.${' So it is.'.repeat(120)}`,
  );
  await app.record('window', turns, 'tia');
  const { runs } = await seen.learn('tia');
  const parts = provider.chats.length;
  expect(parts).toBeGreaterThan(1);
  expect(runs[0]).toMatchObject({ turnsSeen: 8, added: 8, failedBatches: 0, tokensIn: 900 * parts });
});
