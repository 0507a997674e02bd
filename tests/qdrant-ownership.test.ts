import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { createQdrantStore } from '../src/vectors/qdrant.ts';
import {
  modelKey,
  type TurnDatabase,
  type VectorModel,
  type VectorPoint,
  type VectorStore,
  VectorStoreConflict,
} from '../src/vectors/vector-store.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type QdrantDouble, startQdrantDouble } from './support/qdrant-double.ts';

const SMALL: VectorModel = { name: 'small', dimensions: 4 };
const OTHER: VectorModel = { name: 'other', dimensions: 3 };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const databaseOf = (turns: readonly string[] = [], id: string = randomUUID()): TurnDatabase => ({
  id,
  turnsAmong: async (ids) => new Set(ids.filter((each) => turns.includes(each))),
});

function pointOf(model: VectorModel, id: string = randomUUID()): VectorPoint {
  const vector = Float32Array.from({ length: model.dimensions }, (_, at) => at + 1);
  const owner = { tenantId: 'default', userId: 'ann' };
  return { id, ...owner, conversationId: 'talk', contentHash: 'hash', timestamp: new Date(), vector };
}

async function double(options: Parameters<typeof startQdrantDouble>[0] = {}) {
  const made = await startQdrantDouble(options);
  closing.push(async () => {
    await made.close();
    expect(made.problems).toEqual([]);
  });
  const open = (collection: string, database: TurnDatabase, model = SMALL) =>
    createQdrantStore({ url: made.url, apiKey: null, collection, database, model, timeoutMs: 10_000 });
  return { made, open };
}

/** What every collection holds and says of itself, to see whether anything was touched. */
function stateOf({ collections }: QdrantDouble) {
  return [...collections].map(([name, { points, config, indexes }]) => [
    name,
    JSON.stringify(config),
    [...points.values()].map((point) => JSON.stringify(point)).sort(),
    [...indexes.keys()].sort(),
  ]);
}

async function touchNothing(store: VectorStore, ids: readonly string[]): Promise<void> {
  for (const call of [
    () => store.ensure(),
    () => store.upsert([pointOf(store.model)]),
    () => store.remove(ids),
    () => store.scan({ after: null, limit: 10 }),
    () => store.dropModel(OTHER),
    () => store.dropModel(SMALL),
  ])
    await expect(call()).rejects.toThrow(VectorStoreConflict);
}

describe('a collection of another database', () => {
  test.each(['echo_turns', 'echo'])(
    'named as ours (%s) is a conflict, and nothing of it is touched',
    async (name) => {
      const { made, open } = await double();
      const point = pointOf(SMALL);
      const neighbour = open(name, databaseOf());
      await neighbour.upsert([point]);
      const before = stateOf(made);
      // Not even if it claims to have the same turns: a dump that was loaded beside its original does.
      await touchNothing(open(name, databaseOf([point.id])), [point.id]);
      await touchNothing(open(name, databaseOf([point.id]), OTHER), [point.id]);
      expect(stateOf(made)).toEqual(before);
      await expect(open(name, databaseOf()).ensure()).rejects.toThrow(
        /belongs to the database [0-9a-f-]{36}.*QDRANT_COLLECTION/,
      );
      expect(await neighbour.count()).toBe(1);
    },
  );

  test('that shares a prefix is no business of ours, with the same model and another', async () => {
    const { made, open } = await double();
    const [first, second] = [pointOf(SMALL), pointOf(OTHER)];
    await open('echo_turns', databaseOf()).upsert([first]);
    await open('echo_turns_staging', databaseOf(), OTHER).upsert([second]);
    const before = stateOf(made);
    const store = open('echo', databaseOf([first.id, second.id]));
    await store.upsert([pointOf(SMALL)]);
    expect(await store.earlierModels()).toEqual([]);
    await store.dropModel(OTHER);
    await store.remove([first.id, second.id]);
    expect(stateOf(made).filter(([name]) => name !== 'echo')).toEqual(before);
    expect((await store.scan({ after: null, limit: 10 })).length).toBe(1);
  });

  test('of the same database under another base is left alone', async () => {
    const { made, open } = await double();
    const database = databaseOf();
    await open('echo_turns', database, OTHER).upsert([pointOf(OTHER)]);
    const before = stateOf(made);
    const store = open('echo', database);
    await store.upsert([pointOf(SMALL)]);
    expect(await store.earlierModels()).toEqual([]);
    expect(stateOf(made).filter(([name]) => name !== 'echo')).toEqual(before);
  });

  test('that has the name which the collection of a later model would have is a conflict', async () => {
    const { made, open } = await double();
    const database = databaseOf();
    await open('echo', database, OTHER).upsert([pointOf(OTHER)]);
    const trial = open('echo', database);
    await trial.ensure();
    const [, later] = [...made.collections.keys()];
    made.collections.delete(later!);
    const foreign = { vectors: { size: 4, distance: 'Cosine' }, metadata: { echo_database: randomUUID() } };
    made.collections.set(later!, { config: foreign, points: new Map(), indexes: new Map() });
    await expect(open('echo', database).ensure()).rejects.toThrow(VectorStoreConflict);
    expect(made.collections.get(later!)!.config).toBe(foreign);
  });

  test('that is taken over by somebody else meanwhile is not deleted as an earlier model', async () => {
    const { made, open } = await double();
    const database = databaseOf();
    await open('echo', database, OTHER).upsert([pointOf(OTHER)]);
    const store = open('echo', database);
    expect(await store.earlierModels()).toEqual([OTHER]);
    made.collections.get('echo')!.config.metadata = { echo_database: randomUUID(), echo_base: 'echo' };
    await store.dropModel(OTHER).catch(() => undefined);
    expect(made.collections.get('echo')!.points.size).toBe(1);
  });

  test('behind an alias is judged by what it says, not by its name', async () => {
    const { made, open } = await double();
    await open('somewhere', databaseOf()).upsert([pointOf(SMALL)]);
    made.aliases.set('echo_turns', 'somewhere');
    const before = stateOf(made);
    await touchNothing(open('echo_turns', databaseOf()), [randomUUID()]);
    expect(stateOf(made)).toEqual(before);
  });
});

describe('a collection that says nothing of a database', () => {
  async function unmarked(points: readonly VectorPoint[], model = SMALL) {
    const { made, open } = await double();
    await open('echo_turns', databaseOf(), model).upsert(points);
    const collection = made.collections.get('echo_turns')!;
    delete collection.config.metadata!.echo_database;
    delete collection.config.metadata!.echo_base;
    for (const { payload } of collection.points.values()) delete payload.database;
    return { made, open, collection };
  }

  test('is left alone if one of its points is of a turn that nobody here knows', async () => {
    const points = [pointOf(SMALL), pointOf(SMALL), pointOf(SMALL)];
    const { made, open } = await unmarked(points);
    const before = stateOf(made);
    const known = points.slice(1).map(({ id }) => id);
    await touchNothing(open('echo_turns', databaseOf(known)), known);
    await expect(open('echo_turns', databaseOf(known)).ensure()).rejects.toThrow(
      /holds points of turns that this database does not have/,
    );
    expect(stateOf(made)).toEqual(before);
  });

  test('is taken with all its points, also where the model has changed since', async () => {
    const points = [pointOf(OTHER), pointOf(OTHER)];
    const { open } = await unmarked(points, OTHER);
    const database = databaseOf(points.map(({ id }) => id));
    const store = open('echo_turns', database);
    expect(await store.earlierModels()).toEqual([OTHER]);
    await store.dropModel(OTHER);
    expect(await store.earlierModels()).toEqual([]);
  });

  test('keeps the points that a server of the version before still writes into it', async () => {
    const mine = pointOf(SMALL);
    const { open, collection } = await unmarked([mine]);
    const store = open('echo_turns', databaseOf([mine.id]));
    await store.ensure();
    const theirs = randomUUID();
    const [written] = [...collection.points.values()];
    const { database: _database, ...payload } = written!.payload;
    collection.points.set(theirs, { ...written!, id: theirs, payload });
    const scanned = await store.scan({ after: null, limit: 10 });
    expect(new Map(scanned.map(({ id, isOwn }) => [id, isOwn]))).toEqual(
      new Map([
        [mine.id, true],
        [theirs, false],
      ]),
    );
  });

  test('of whose points some were marked by another database is left alone', async () => {
    const mine = pointOf(SMALL);
    const { made, open, collection } = await unmarked([mine]);
    collection.points.get(mine.id)!.payload.database = randomUUID();
    const before = stateOf(made);
    await touchNothing(open('echo_turns', databaseOf([mine.id])), [mine.id]);
    expect(stateOf(made)).toEqual(before);
  });
});

const RECORD = `mutation ($turns: [TurnInput!]!) { recordTurns(input: { conversationId: "talk", turns: $turns }) {
  ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { message } } }`;
const HEALTH = '{ health { checks { name status detail } } }';

async function record(app: TestApp, count: number): Promise<string[]> {
  const turns = Array.from({ length: count }, (_, at) => ({ query: `The lighthouse number ${at} is red` }));
  const { data } = await app.graphql(RECORD, { turns });
  return data.recordTurns.interactions.map(({ turnId }: { turnId: string }) => turnId);
}

async function server(qdrant: QdrantDouble, collection: string): Promise<TestApp> {
  const app = await startTestApp({
    env: { QDRANT_URL: qdrant.url, QDRANT_COLLECTION: collection, CANARY_INTERVAL_MS: '0' },
  });
  closing.push(app.close);
  return app;
}

const vectorsOf = async (app: TestApp) =>
  (await app.graphql(HEALTH)).data.health.checks.find(({ name }: { name: string }) => name === 'vectors');
const coverage = async (app: TestApp) =>
  (await app.graphql('{ persistence { vectors { stored embedded } } }')).data.persistence.vectors;

describe('servers beside each other', () => {
  test('a second one with a database of its own says the conflict, takes turns, and deletes nothing', async () => {
    const { made } = await double();
    const first = await server(made, 'echo_turns');
    const ids = await record(first, 20);
    await expect.poll(() => coverage(first)).toEqual({ stored: 20, embedded: 20 });
    const second = await server(made, 'echo_turns');
    await record(second, 5);
    await expect
      .poll(() => vectorsOf(second))
      .toMatchObject({
        status: 'DEGRADED',
        detail: expect.stringMatching(/belongs to the database .*QDRANT_COLLECTION/),
      });
    await second.app.services.reconciler.runOnce().catch(() => undefined);
    await first.app.services.reconciler.runOnce();
    expect([...made.collections.get('echo_turns')!.points.keys()].sort()).toEqual(ids.sort());
    expect(await coverage(second)).toMatchObject({ stored: 5, embedded: 0 });
    // Its words are searched all the same.
    const found = await second.graphql('{ memorySearch(query: "lighthouse") { hits { tier } } }');
    expect(found.data.memorySearch.hits).toHaveLength(5);
    expect((await vectorsOf(first)).status).toBe('HEALTHY');
  });

  test('one whose base is the beginning of the other’s keeps to itself', async () => {
    const { made } = await double();
    const first = await server(made, 'echo_turns');
    await record(first, 10);
    await expect.poll(() => coverage(first)).toEqual({ stored: 10, embedded: 10 });
    const before = stateOf(made);
    const second = await server(made, 'echo');
    await record(second, 3);
    await expect.poll(() => coverage(second)).toEqual({ stored: 3, embedded: 3 });
    await second.app.services.reconciler.runOnce();
    expect(stateOf(made).filter(([name]) => name === 'echo_turns')).toEqual(before);
    expect(made.collections.get('echo')!.points.size).toBe(3);
  });
});

describe('a Qdrant in strict mode', () => {
  test('is used within its limits', async () => {
    const strict = {
      max_query_limit: 3,
      search_max_hnsw_ef: 64,
      search_allow_exact: false,
      upsert_max_batchsize: 2,
      filter_max_conditions: 1,
    };
    const { made, open } = await double({ strict });
    const store = open('echo_turns', databaseOf());
    const points = Array.from({ length: 10 }, () => pointOf(SMALL));
    await store.upsert(points);
    expect(await store.count()).toBe(10);
    expect((await store.fetch(points.map(({ id }) => id))).size).toBe(10);
    const seen: string[] = [];
    for (let page = await store.scan({ after: null, limit: 500 }); page.length > 0; ) {
      seen.push(...page.map(({ id }) => id));
      page = await store.scan({ after: seen.at(-1) ?? null, limit: 500 });
    }
    expect(seen).toEqual(points.map(({ id }) => id).sort());
    const owner = { tenantId: 'default', userId: 'ann' };
    const filter = { conversationId: 'talk', since: new Date(0) };
    const hits = await store.search({ ...owner, vector: points[0]!.vector, limit: 100, filter });
    expect(hits).toHaveLength(3);
    expect(modelKey(store.model)).toBe('small@4');
    expect(made.requests.length).toBeGreaterThan(0);
  });

  test('that becomes stricter while it is used is followed', async () => {
    const { made, open } = await double();
    const store = open('echo_turns', databaseOf());
    await store.upsert([pointOf(SMALL), pointOf(SMALL)]);
    made.collections.get('echo_turns')!.config.strict = { max_query_limit: 1 };
    await store.scan({ after: null, limit: 10 }).catch(() => undefined);
    expect(await store.scan({ after: null, limit: 10 })).toHaveLength(1);
  });
});
