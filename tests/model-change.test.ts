import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { modelsCommand } from '../src/domains/vector-index/models-command.ts';
import { comparable } from '../src/domains/vector-index/two-models.ts';
import { createLogger } from '../src/log.ts';
import { Outbound } from '../src/outbound/outbound.ts';
import { CONCEPTS, startConceptServer } from './support/concept-server.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';
import { folderWith, tinyModel, tinyTokenizer } from './support/tiny-model.ts';

const EACH = 15;
const TURNS = CONCEPTS.length * EACH;
const PATIENCE_MS = 20_000;
const SEARCH = `query ($query: String!, $limit: Int) { memorySearch(query: $query, limit: $limit) { degraded hits { interaction { query } } } }`;
const VECTORS = '{ persistence { vectors { stored embedded coverage earlierModels } } }';
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }`;
const settled = { timeout: 60_000, interval: 150 };

let models: Awaited<ReturnType<typeof startConceptServer>>;
let qdrant: Awaited<ReturnType<typeof startQdrantDouble>>;
beforeAll(async () => {
  models = await startConceptServer();
  qdrant = await startQdrantDouble();
});
afterAll(async () => {
  await models.close();
  await qdrant.close();
});

/** A server on the database and the files of another that has ended, with vectors of this length. */
async function reopened(first: TestApp, env: Record<string, string>) {
  const config = readConfig(
    {
      ...env,
      ...{ PORT: '0', DATA_DIR: first.directory, DATABASE_URL: first.databaseUrl, LOG_LEVEL: 'silent' },
      ...{ SEED: 'off', CANARY_INTERVAL_MS: '0', PRESSURE_EVENT_LOOP_MS: '500000/600000' },
    },
    first.directory,
  );
  const app = await createApp(config, createLogger('silent'), { migrate: true }, { patienceMs: PATIENCE_MS });
  const url = await app.listen();
  return {
    close: () => app.close(),
    graphql: async (query: string, variables: object = {}) => {
      const body = JSON.stringify({ query, variables });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json() as Promise<Result>;
    },
  };
}

type Server = Pick<TestApp, 'graphql'>;

const vectorsOf = async (server: Server) => (await server.graphql(VECTORS)).data.persistence.vectors;

/** Share of the turns of each concept among as many hits, though no turn has its word; and whether all went well. */
async function recall(server: Server) {
  let found = 0;
  for (const [asked, said] of CONCEPTS) {
    const { data, errors } = await server.graphql(SEARCH, { query: `notes of ${asked}`, limit: EACH });
    expect([errors, data.memorySearch.degraded]).toEqual([undefined, false]);
    found += data.memorySearch.hits.filter((hit: { interaction: { query: string } }) =>
      hit.interaction.query.includes(said),
    ).length;
  }
  return found / TURNS;
}

/** Searches until it is told to stop; with pauses, in which the change goes on. */
function searching(server: Server) {
  const seen = { searches: 0, failed: 0, empty: 0 };
  let isOver = false;
  const done = (async () => {
    for (let at = 0; !isOver; at++) {
      const [asked] = CONCEPTS[at % CONCEPTS.length] as (typeof CONCEPTS)[number];
      const { data, errors } = await server.graphql(SEARCH, { query: `notes of ${asked}`, limit: 10 });
      seen.searches++;
      if (errors || data.memorySearch.degraded) seen.failed++;
      else if (data.memorySearch.hits.length === 0) seen.empty++;
      await sleep(25);
    }
  })();
  return async () => {
    isOver = true;
    await done;
    return seen;
  };
}

describe.each(['sqlite-vec', 'Qdrant'])('a change from 384 to 768 dimensions in %s', (store) => {
  test('goes on beside searches, which find what they found, and can be taken back', {
    timeout: 300_000,
  }, async () => {
    const env = (dimensions: number) => ({
      ...{ EMBEDDINGS_BASE_URL: models.url, EMBEDDINGS_MODEL: 'concepts' },
      EMBEDDINGS_DIMENSIONS: String(dimensions),
      ...(store === 'Qdrant' && { QDRANT_URL: qdrant.url }),
    });
    models.allow(384, Number.POSITIVE_INFINITY);
    const first = await startTestApp({ env: env(384) });
    // Lines of different concepts stand beside each other, years ago, each an hour after the last.
    const turns = Array.from({ length: TURNS }, (_, at) => ({
      query: `Notes, number ${at}: the ${CONCEPTS[at % CONCEPTS.length]?.[1]}`,
      timestamp: new Date(Date.UTC(2020, 0, 1) + at * 3_600_000).toISOString(),
    }));
    await first.record('notes', turns);
    await expect.poll(() => vectorsOf(first), settled).toMatchObject({ coverage: 1, earlierModels: [] });
    const before = await recall(first);
    expect(before).toBeGreaterThan(0.9);
    // What shares no word with the question is told apart by the cosines of all turns of the pool, those found by words as well.
    const around = ['We waited. Notes.', 'The fern again.', 'Notes, I think.', 'A fern it was.'].map(
      (query, at) => ({
        query,
        timestamp: new Date(Date.UTC(2021, 0, 1) + at * 10_000).toISOString(),
      }),
    );
    await first.record('around', around);
    await expect.poll(() => vectorsOf(first), settled).toMatchObject({ coverage: 1 });
    const order = (await first.search('notes of plants', undefined, { limit: 100 })).map(
      ({ interaction }) => interaction.query,
    );
    expect(order.slice(0, EACH + 5)).toContain('Notes, I think.');
    await first.app.close();

    models.allow(768, 0);
    const second = await reopened(first, env(768));
    const stop = searching(second);
    for (const allowed of [1, TURNS / 2]) {
      models.allow(768, allowed);
      await expect.poll(async () => (await vectorsOf(second)).embedded, settled).toBeLessThan(TURNS);
      await expect.poll(() => models.given(768), settled).toBeGreaterThan(0);
      expect(await vectorsOf(second)).toMatchObject({ earlierModels: ['concepts (384)'] });
      expect(await recall(second)).toBeGreaterThanOrEqual(before);
    }
    const said = 3;
    const meanwhile = Array.from({ length: said }, (_, at) => ({ query: `Meanwhile, number ${at}` }));
    await second.graphql(RECORD, { input: { conversationId: 'meanwhile', turns: meanwhile } });
    const seen = await stop();
    expect(seen).toMatchObject({ failed: 0, empty: 0 });
    expect(seen.searches).toBeGreaterThan(5);
    await second.close();

    // Taken back in the middle: the old vectors are all there, and only what was said meanwhile gets new ones.
    models.allow(384, Number.POSITIVE_INFINITY);
    const third = await reopened(first, env(384));
    const stopThird = searching(third);
    expect(await recall(third)).toBeGreaterThanOrEqual(before);
    await expect.poll(() => vectorsOf(third), settled).toMatchObject({ coverage: 1, earlierModels: [] });
    expect(models.given(384)).toBe(said);
    expect(await recall(third)).toBeGreaterThanOrEqual(before);
    expect(await stopThird()).toMatchObject({ failed: 0, empty: 0 });
    await third.close();
    await first.close();
  });
});

test('goes on beside searches from one model inside to another, of other dimensions', {
  timeout: 300_000,
}, async () => {
  const data = await folderWith({});
  const add = async (name: string, dimensions: number) => {
    const files = { 'model.onnx': tinyModel({ dimensions }), 'tokenizer.json': tinyTokenizer() };
    const open = () => ({ dataDirectory: data, outbound: new Outbound({ allowed: [] }) });
    expect(await modelsCommand(['add', name, await folderWith(files)], open, () => undefined)).toBe(0);
  };
  await add('small', 8);
  await add('large', 12);
  const env = (name: string) => ({ DATA_DIR: data, EMBEDDINGS: 'local', EMBEDDINGS_MODEL: name });
  const first = await startTestApp({ env: env('small') });
  const lines = ['My beagle barked', 'We walked along the harbour', 'She plays the violin'];
  await first.record(
    'talk',
    Array.from({ length: 60 }, (_, at) => `${lines[at % 3]}, number ${at}`),
  );
  await expect.poll(() => vectorsOf(first), settled).toMatchObject({ coverage: 1 });
  const finds = async (server: Server) => {
    for (const [asked, said] of [
      ['pets', 'beagle'],
      ['meer', 'harbour'],
      ['melody', 'violin'],
    ] as const) {
      const { data: answer } = await server.graphql(SEARCH, { query: asked, limit: 20 });
      const { degraded, hits } = answer.memorySearch;
      const right = hits.filter((hit: { interaction: { query: string } }) =>
        hit.interaction.query.includes(said),
      );
      expect([asked, degraded, right.length]).toEqual([asked, false, 20]);
    }
  };
  await finds(first);
  await first.app.close();
  const second = await reopened({ ...first, directory: data }, env('large'));
  await finds(second);
  await expect
    .poll(async () => {
      await finds(second);
      return vectorsOf(second);
    }, settled)
    .toMatchObject({ stored: 60, coverage: 1, earlierModels: [] });
  await finds(second);
  await second.close();
  await first.close();
  await rm(data, { recursive: true });
});

test('of two models, the one that knows more turns is the ruler, and what is left is put beside it', () => {
  const hits = (scores: Record<string, number>) =>
    Object.entries(scores).map(([id, score]) => ({ id, score }));
  const ten = (from: number, of: (at: number) => number) =>
    Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`t${from + at}`, of(at)]));
  expect(comparable([])).toEqual(new Map());
  // One model alone: cosines as they are; what few know of a new one is not known yet.
  const old = hits({ ...ten(0, (at) => at / 10), ...ten(10, (at) => at / 10) });
  expect(comparable([[], old])).toEqual(new Map(old.map(({ id, score }) => [id, score])));
  expect(comparable([hits({ t19: 0.99, t99: 0.98 }), old]).has('t99')).toBe(false);
  // A new model whose cosines are all high: its best and worst are no better and no worse than those of the old one.
  const both = comparable([hits(ten(20, (at) => 0.9 + at / 1_000)), old]);
  expect(both.get('t29')).toBeCloseTo(both.get('t9') ?? 0, 5);
  expect(both.get('t20')).toBeCloseTo(both.get('t0') ?? 0, 5);
  expect(both.size).toBe(30);
});
