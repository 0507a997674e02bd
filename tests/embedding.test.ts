import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  type EmbeddingsReply,
  type OpenAiServer,
  startOpenAiServer,
  vectorOf,
} from './support/openai-server.ts';

const DIMENSIONS = 16;
const SEARCH = `query ($query: String!) { memorySearch(query: $query, limit: 50) {
  degraded hits { tier reasons interaction { query } } } }`;
const VECTORS = '{ persistence { vectors { stored embedded failed } } }';

let models: OpenAiServer;
let app: TestApp;

beforeAll(async () => {
  models = await startOpenAiServer({ embeddingDimensions: DIMENSIONS });
  const env = {
    EMBEDDINGS_BASE_URL: models.url,
    EMBEDDINGS_MODEL: 'small',
    EMBEDDINGS_DIMENSIONS: String(DIMENSIONS),
    CANARY_INTERVAL_MS: '0',
  };
  app = await startTestApp({ env });
});
afterAll(async () => {
  await app.close();
  await models.close();
});
afterEach(async () => {
  models.embedWith('answer');
  await app.sql('truncate echo_unified_interactions, echo_conversations cascade');
});

// Each in a session of its own, for what is said around a turn is part of its vector.
const record = (queries: readonly string[]) =>
  app.record(
    'talk',
    queries.map((query, at) => ({ query, sessionId: `s${at}-${query.length}` })),
  );
const vectors = async () => (await app.graphql(VECTORS)).data.persistence.vectors;
const search = async (query: string) => (await app.graphql(SEARCH, { query })).data.memorySearch;
/** Searches rest for some seconds after the model failed for every text. */
const searchesMean = () => expect.poll(async () => (await search('anything')).degraded, settled).toBe(false);
const settled = { timeout: 45_000, interval: 200 };
const short = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => `Short turn number ${from + at} of them`);
const LONG = `The beginning. ${'a very long story about a harbour '.repeat(180)}`;

describe('a text that the embedding server cannot take', () => {
  test.each([400, 413, 422, 429, 500, 503, 'cut'] as const)(
    'answered with %s keeps no other turn from its vector, and is embedded by its beginning',
    async (reply) => {
      const isTooLong = (texts: readonly string[]) => texts.some((text) => text.length > 2_000);
      models.embedWith((texts) => (isTooLong(texts) ? reply : 'answer'));
      await record([...short(0, 3), LONG, ...short(3, 3)]);
      await expect.poll(vectors, settled).toEqual({ stored: 7, embedded: 7, failed: 0 });
      await record(short(6, 1));
      await expect.poll(vectors, settled).toEqual({ stored: 8, embedded: 8, failed: 0 });
    },
    100_000,
  );

  test.each([400, 500, 'cut'] as const)(
    'however short it is (%s) is charged alone, with its reason, whatever stands before and behind it',
    async (reply) => {
      const isPoison = (texts: readonly string[]) => texts.some((text) => text.includes('poison'));
      models.embedWith((texts) => (isPoison(texts) ? reply : 'answer'));
      await record([
        'poison ivy',
        ...short(0, 5),
        'more poison',
        'poison again',
        ...short(5, 5),
        'poison at last',
      ]);
      await expect.poll(vectors, settled).toMatchObject({ stored: 14, embedded: 10, failed: 4 });
      const rows = await app.sql<{ query: string; vector_error: string }>(
        `select query, vector_error from echo_unified_interactions where vector_state = 'FAILED'`,
      );
      for (const { query, vector_error: reason } of rows) {
        expect(query).toContain('poison');
        expect(reason).toContain(reply === 'cut' ? 'could not be reached' : `(${reply})`);
      }
      models.embedWith('answer');
      await expect.poll(vectors, settled).toEqual({ stored: 14, embedded: 14, failed: 0 });
    },
    120_000,
  );

  test('keeps its neighbours in a conversation from no vector, although theirs are made of it, too', async () => {
    models.embedWith((texts) => (texts.some((text) => text.includes('gall')) ? 500 : 'answer'));
    const turns = ['We have bees.', 'The gall is bitter.', 'They like clover.', 'The hive is blue.'];
    await app.record(
      'talk',
      turns.map((query) => ({ query })),
    );
    await expect.poll(vectors, settled).toEqual({ stored: 4, embedded: 3, failed: 1 });
    await expect.poll(async () => (await search('clover')).hits[0]?.interaction.query).toBe(turns[2]);
  }, 100_000);

  test('that takes the server down is set apart after it came back', async () => {
    let downUntil = 0;
    models.embedWith((texts) => {
      if (performance.now() < downUntil) return 503;
      if (!texts.some((text) => text.includes('poison'))) return 'answer';
      downUntil = performance.now() + 1_500;
      return 'cut';
    });
    await record([...short(0, 4), 'poison', ...short(4, 4)]);
    await expect.poll(vectors, settled).toMatchObject({ stored: 9, embedded: 8 });
    await expect.poll(vectors, settled).toMatchObject({ embedded: 8, failed: 1 });
  }, 120_000);
});

test('while nothing is answered no turn is charged, whatever the status', async () => {
  models.embedWith(400);
  await record(short(0, 5));
  await expect.poll(() => app.app.services.vectorWorker.stats().embedder.state, settled).toBe('down');
  expect(await vectors()).toEqual({ stored: 5, embedded: 0, failed: 0 });
  models.embedWith('answer');
  await expect.poll(vectors, settled).toEqual({ stored: 5, embedded: 5, failed: 0 });
}, 100_000);

test('turns that have nothing to do with a query are not called similar', async () => {
  await record(['why will they be here', ...short(0, 30)]);
  await expect.poll(vectors, settled).toMatchObject({ embedded: 31 });
  await searchesMean();
  const { hits } = await search('they will be here and why');
  const similar = hits.filter(({ reasons }: { reasons: string[] }) =>
    reasons.join().includes('means something'),
  );
  expect(similar[0]?.interaction.query).toBe('why will they be here');
  // Sixteen dimensions bring a stray one near; all 31 are among the nearest.
  expect(similar.length).toBeLessThan(5);
});

test('new turns go before a backlog', async () => {
  models.embedWith(503);
  await record(Array.from({ length: 400 }, (_, at) => `Old ${at} ${'and so on '.repeat(60)}`));
  await expect.poll(() => app.app.services.vectorWorker.stats().embedder.state, settled).toBe('down');
  await record(['The newest of all']);
  const order: string[] = [];
  models.embedWith((texts) => {
    order.push(...texts);
    return 'answer';
  });
  await expect.poll(vectors, settled).toMatchObject({ stored: 401, embedded: 401 });
  const at = order.findIndex((text) => text.includes('The newest of all'));
  expect(at).toBeLessThan(200);
}, 100_000);

describe('vectors that are none', () => {
  const answerOf =
    (make: (text: string, index: number) => unknown) =>
    (texts: readonly string[]): EmbeddingsReply => ({
      body: { object: 'list', data: texts.map(make), usage: { prompt_tokens: 1, total_tokens: 1 } },
    });
  const zeros = Array(DIMENSIONS).fill(0);
  const good = (text: string) => vectorOf(text, DIMENSIONS);

  test.each([
    ['zeros', (_text: string, index: number) => ({ index, embedding: zeros })],
    ['too few dimensions', (_text: string, index: number) => ({ index, embedding: [1, 2, 3] })],
    ['null in it', (_text: string, index: number) => ({ index, embedding: [...zeros.slice(1), null] })],
    [
      'numbers without end',
      (_text: string, index: number) => ({ index, embedding: [...zeros.slice(1), '1e999'] }),
    ],
    ['nothing', (_text: string, index: number) => ({ index, embedding: [] })],
    ['wrong indexes', (text: string) => ({ index: 5, embedding: good(text) })],
    ['base64 of another size', (_text: string, index: number) => ({ index, embedding: 'AAAAAA==' })],
  ])('%s for a query: degraded, and no hit says that it means something similar', async (_name, make) => {
    await record(['The kettle is red', 'A dog barked']);
    await expect.poll(vectors, settled).toMatchObject({ embedded: 2 });
    models.embedWith(answerOf(make));
    const { degraded, hits } = await search('kettle dog');
    expect(degraded).toBe(true);
    expect(hits.length).toBeGreaterThan(0);
    expect(JSON.stringify(hits)).not.toContain('means something similar');
  });

  test('zeros for one turn charge that turn only', async () => {
    models.embedWith(
      answerOf((text, index) => ({ index, embedding: text.includes('void') ? zeros : good(text) })),
    );
    await record([...short(0, 3), 'the void', ...short(3, 3)]);
    await expect.poll(vectors, settled).toMatchObject({ stored: 7, embedded: 6, failed: 1 });
  });

  test('another order and base64 are read as they are meant', async () => {
    const base64 = (vector: number[]) => Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    models.embedWith((texts) => ({
      body: {
        data: texts
          .map((text, index) => ({ index, embedding: base64(good(text).map((value) => value * 40)) }))
          .reverse(),
      },
    }));
    await record(['why will they be here', ...short(0, 12)]);
    await expect.poll(vectors, settled).toMatchObject({ embedded: 13 });
    await searchesMean();
    // Only stop words: no word of the index helps.
    const { hits } = await search('they will be here and why');
    expect(hits[0]).toMatchObject({ tier: 'MEANING', interaction: { query: 'why will they be here' } });
  });
});

test('a query that the server refuses is shortened, and turns meaning off for nobody', async () => {
  await record(['why will they be here', ...short(0, 5)]);
  await expect.poll(vectors, settled).toMatchObject({ embedded: 6 });
  await searchesMean();
  for (const reply of [400, 413, 500] as const) {
    models.embedWith((texts) => (texts.some((text) => text.length > 1_000) ? reply : 'answer'));
    const long = await search(`they will be here and why ${'or so they said '.repeat(150)}`);
    expect(long.degraded).toBe(false);
    models.embedWith((texts) => (texts.some((text) => text.includes('poison')) ? reply : 'answer'));
    expect((await search('poison of the short kind')).degraded).toBe(true);
    const other = await search('they will be here and why');
    expect(other.degraded).toBe(false);
    expect(other.hits[0]?.reasons.join()).toContain('means something similar');
  }
});
