import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { judgedBy, type RerankDouble, type RerankReply, startRerankDouble } from './support/rerank-double.ts';

let reranker: RerankDouble;
let app: TestApp;
beforeAll(async () => {
  reranker = await startRerankDouble();
  const env = { RERANK_BASE_URL: reranker.url, RERANK_MODEL: 'judge', RERANK_API_KEY: 'key-of-the-judge' };
  // What stalls is waited for so long.
  app = await startTestApp({ env, patienceMs: 2_000 });
  await app.record('talk', TURNS);
  await app.record('one', ['An otter swam by.'], 'loner');
});
afterAll(async () => {
  await app.close();
  await reranker.close();
});

const TURNS = [
  'The garden fence is green.',
  'We talked about a garden fence for hours and hours at the neighbours, who have none of their own.',
  'Our garden gets no sun in winter.',
  { query: 'My garden shed burned down.', speaker: 'Ann' },
];
const SEARCH = `query ($query: String!, $limit: Int) { memorySearch(query: $query, limit: $limit) {
  degraded reranked notRerankedBecause hits { score reasons interaction { query } } } }`;

async function search(query: string, user?: string, limit = 20) {
  const { data, errors } = await app.graphql(SEARCH, { query, limit }, user);
  expect(errors).toBeUndefined();
  const { hits, ...others } = data.memorySearch;
  return {
    ...others,
    queries: hits.map((hit: { interaction: { query: string } }) => hit.interaction.query),
    scores: hits.map(({ score }: { score: number }) => score),
    reasons: hits.map(({ reasons }: { reasons: string[] }) => reasons.join('; ')),
  };
}

/** As the scores have it: the model finds all alike. */
async function byScore() {
  reranker.answerWith(judgedBy(() => 0.5));
  return search('garden fence');
}

describe('the reranking model', () => {
  test('is shown the question and the best hits, with its key, and has its say in their order', async () => {
    const plain = await byScore();
    expect(plain).toMatchObject({ reranked: true, notRerankedBecause: null, degraded: false });
    reranker.requests.length = 0;
    reranker.answerWith(judgedBy((text) => (text.includes('shed') ? 0.97 : 0.01)));
    const found = await search('garden fence');
    expect(found).toMatchObject({ reranked: true, notRerankedBecause: null, degraded: false });
    expect(plain.queries.indexOf('My garden shed burned down.')).toBeGreaterThan(
      found.queries.indexOf('My garden shed burned down.'),
    );
    expect(found.queries.toSorted()).toEqual(plain.queries.toSorted());
    // The first still has the best score.
    expect(found.scores).toEqual(plain.scores);
    expect(found.reasons.join()).toContain('judged by the reranking model (0.97)');
    const [{ headers, body }] = reranker.requests as [(typeof reranker.requests)[number]];
    expect(headers.authorization).toBe('Bearer key-of-the-judge');
    expect(body).toMatchObject({ model: 'judge', query: 'garden fence', top_n: TURNS.length });
    expect(body.documents).toContain('Ann: My garden shed burned down.');
  });

  test('is not asked about a single hit, and shows a page of what it judged', async () => {
    reranker.requests.length = 0;
    expect(await search('otter', 'loner')).toMatchObject({ reranked: false, notRerankedBecause: null });
    expect(reranker.requests).toHaveLength(0);
    reranker.answerWith(judgedBy((text) => (text.includes('fence is green') ? 1 : 0)));
    // More are judged than are wanted.
    expect((await search('garden fence', undefined, 1)).queries).toEqual(['The garden fence is green.']);
    expect(reranker.requests[0]?.body.documents).toHaveLength(TURNS.length);
  });

  test('leaves the newest statement first where it is asked how something is now', async () => {
    await app.record('flat', ['I live in Oslo, in a flat.', 'I moved: I live in Bergen now.'], 'mover');
    reranker.answerWith(judgedBy((text) => (text.includes('Oslo') ? 1 : 0)));
    const { queries } = await search('Where do I live now?', 'mover');
    expect(queries[0]).toBe('I moved: I live in Bergen now.');
  });

  const item = (index: unknown, relevance: unknown) => ({ index, relevance_score: relevance });
  const all = (of: (index: number) => unknown) => ({ body: { results: TURNS.map((_, index) => of(index)) } });
  test.each<[string, RerankReply, RegExp]>([
    ['answers 500', 500, /answered 500$/],
    ['wants another key', 401, /answered 401$/],
    ['leads elsewhere', 302, /answered 302$/],
    ['says what is no JSON', { body: '<html>' }, /can't be read/],
    ['says nothing of results', { body: { object: 'list' } }, /can't be read/],
    ['gives no numbers', { body: '{"results":[{"index":0,"relevance_score":NaN}]}' }, /can't be read/],
    ['gives endless numbers', { body: '{"results":[{"index":0,"relevance_score":1e999}]}' }, /can't be read/],
    ['gives null', all((index) => item(index, null)), /can't be read/],
    ['gives no relevance', all((index) => ({ index })), /judged 0 of 4/],
    ['judges too few', { body: { results: [item(0, 1), item(1, 0)] } }, /judged 2 of 4 texts, in 2/],
    ['judges none', { body: { results: [] } }, /judged 0 of 4/],
    ['judges one twice', all((index) => item(Math.min(index, 2), index)), /judged 3 of 4/],
    ['judges others', all((index) => item(index + 1, 1)), /judged 3 of 4/],
    [
      'judges one more',
      { body: { results: [0, 1, 2, 3, 4].map((at) => item(at, 1)) } },
      /4 of 4 texts, in 5/,
    ],
    ['tells of places that are none', all((index) => item(index - 0.5, 1)), /can't be read/],
    ['sends far too much', { body: `{"results":[],"x":"${'x'.repeat(2_000_000)}"}` }, /too large/],
    ['hangs up', 'cut', /could not be reached/],
    ['stalls', 'stall', /did not answer within 2000 ms$/],
  ])('that %s changes nothing, and it is said why', async (_, reply, why) => {
    const plain = await byScore();
    reranker.answerWith(() => reply);
    const found = await search('garden fence');
    expect(found).toMatchObject({ reranked: false, degraded: false });
    expect(found.notRerankedBecause).toMatch(why);
    expect(found.notRerankedBecause).not.toContain('scripted');
    expect([found.queries, found.scores]).toEqual([plain.queries, plain.scores]);
    expect(found.reasons.join()).not.toContain('judged');
  });

  test('takes other words for the same, and any scale', async () => {
    reranker.answerWith(({ documents }) => ({
      body: { data: documents.map((text, index) => ({ index, score: text.includes('shed') ? 4 : -11.5 })) },
    }));
    const found = await search('garden fence');
    expect(found).toMatchObject({ reranked: true });
    expect(found.reasons.join()).toContain('judged by the reranking model (-11.5)');
  });

  test('that fails again and again is left alone for a while', async () => {
    await byScore();
    reranker.answerWith(() => 500);
    for (const _ of Array(3)) await search('garden fence');
    reranker.requests.length = 0;
    const found = await search('garden fence');
    expect(found.notRerankedBecause).toMatch(/failed repeatedly/);
    expect(found.queries).toHaveLength(TURNS.length);
    expect(reranker.requests).toHaveLength(0);
  });
});
