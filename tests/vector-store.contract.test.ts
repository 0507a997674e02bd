import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { getLoadablePath } from 'sqlite-vec';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLogger } from '../src/log.ts';
import { createQdrantStore } from '../src/vectors/qdrant.ts';
import { createSqliteVecStore } from '../src/vectors/sqlite-vec.ts';
import {
  modelKey,
  ownerKey,
  type TurnDatabase,
  type VectorModel,
  type VectorPoint,
  VectorSizeMismatch,
  type VectorStore,
  VectorStoreConflict,
  VectorStoreUnavailable,
} from '../src/vectors/vector-store.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';

const log = createLogger('silent');
const SMALL: VectorModel = { name: 'small', dimensions: 8 };
const LARGE: VectorModel = { name: 'Large/Model v2', dimensions: 12 };

/** A database that has these turns. */
const databaseOf = (turns: readonly string[] = [], id: string = randomUUID()): TurnDatabase => ({
  id,
  turnsAmong: async (ids) => new Set(ids.filter((each) => turns.includes(each))),
});
const DATABASE = databaseOf();

/** A place that stores can be opened on, again and again. */
interface Place {
  open(model: VectorModel, database?: TurnDatabase): VectorStore;
  /** Makes what is there say nothing of the database that it belongs to, as it was in an earlier version. */
  unmark(): Promise<void>;
  /** Takes the vectors of points away, or puts vectors without length in their place. */
  loseVectors(ids: readonly string[], how: 'gone' | 'zero'): Promise<void>;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** Makes the place hold vectors of another length under the model's name. */
  plantWrongSize(model: VectorModel): Promise<void>;
  /** Deletes points, behind the store's back. */
  lose(ids: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const places: Record<string, () => Promise<Place>> = { 'sqlite-vec': sqlitePlace, qdrant: qdrantPlace };

async function sqlitePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
  const raw = () => {
    const db = new DatabaseSync(join(directory, 'vectors.db'), { allowExtension: true });
    db.loadExtension(getLoadablePath());
    return db;
  };
  let lock: DatabaseSync | null = null;
  return {
    open: (model, database = DATABASE) =>
      createSqliteVecStore({ directory, database, model, log, busyTimeoutMs: 50 }),
    unmark: async () => {
      const db = raw();
      db.exec('update models set key = substr(key, 38)');
      db.close();
    },
    loseVectors: async (ids, how) => {
      const db = raw();
      for (const id of ids)
        if (how === 'gone') db.prepare('delete from vectors_1 where id = ?').run(id);
        else db.prepare('update vectors_1 set embedding = ? where id = ?').run(new Uint8Array(32), id);
      db.close();
    },
    goDown: async () => {
      lock = raw();
      lock.exec('begin exclusive');
    },
    comeBack: async () => {
      lock?.close();
      lock = null;
    },
    plantWrongSize: async (model) => {
      const store = createSqliteVecStore({ directory, database: DATABASE, model, log });
      await store.ensure();
      await store.close();
      const db = raw();
      db.exec(`drop table vectors_1; create virtual table vectors_1 using vec0(id text primary key,
        owner text partition key, embedding float[${model.dimensions + 1}], conversation_id text, timestamp integer)`);
      db.close();
    },
    lose: async (ids) => {
      const db = raw();
      for (const id of ids) db.prepare('delete from vectors_1 where id = ?').run(id);
      db.close();
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

async function qdrantPlace(): Promise<Place> {
  const double = await startQdrantDouble({ apiKey: 'secret' });
  return {
    open: (model, database = DATABASE) =>
      createQdrantStore({
        url: double.url,
        apiKey: 'secret',
        collection: 'echo_turns',
        database,
        model,
        timeoutMs: 60_000,
      }),
    goDown: double.goAway,
    comeBack: double.comeBack,
    plantWrongSize: async (model) => {
      double.collections.set('echo_turns', {
        config: { vectors: { size: model.dimensions + 1, distance: 'Cosine' } },
        points: new Map(),
        indexes: new Map(),
      });
    },
    lose: async (ids) => void double.lose(ids),
    unmark: async () => {
      for (const { config, points } of double.collections.values()) {
        delete config.metadata?.echo_database;
        delete config.metadata?.echo_base;
        for (const { payload } of points.values()) delete payload.database;
      }
    },
    loseVectors: async (ids, how) => double.loseVectors(ids, how === 'gone' ? null : Array(8).fill(0)),
    close: async () => {
      await double.close();
      expect(double.problems).toEqual([]);
    },
  };
}

/** A reproducible sequence of numbers from 0 to 1 (mulberry32). */
function createRandom(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = createRandom(20_261_120);

function randomVector(dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function point(given: Partial<VectorPoint> = {}, model = SMALL): VectorPoint {
  return {
    id: randomUUID(),
    tenantId: 'default',
    userId: 'ann',
    conversationId: 'talk',
    contentHash: createHash('sha256').update(String(random())).digest('hex'),
    timestamp: new Date('2026-05-01T12:00:00Z'),
    vector: randomVector(model.dimensions),
    ...given,
  };
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

describe.each(Object.entries(places))('%s', (_name, createPlace) => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  async function place() {
    const made = await createPlace();
    closing.push(made.close);
    const open = (model = SMALL, database = DATABASE) => {
      const store = made.open(model, database);
      closing.push(store.close);
      return store;
    };
    return { ...made, open };
  }

  test('writes points, any number of times, and finds them again', async () => {
    const store = (await place()).open();
    const points = Array.from({ length: 5 }, () => point());
    await store.upsert(points);
    await store.upsert(points);
    expect(await store.count()).toBe(5);
    const found = await store.fetch([...points.map((p) => p.id), randomUUID()]);
    expect(found.size).toBe(5);
    for (const { id, tenantId, userId, contentHash } of points)
      expect(found.get(id)).toEqual({
        id,
        tenantId,
        userId,
        contentHash,
        model: modelKey(SMALL),
        isOwn: true,
      });
    const hits = await store.search({
      tenantId: 'default',
      userId: 'ann',
      vector: points[3]!.vector,
      limit: 2,
    });
    expect(hits[0]).toEqual({ id: points[3]!.id, score: expect.closeTo(1, 5) });
    expect(hits).toHaveLength(2);
    expect(await store.ping()).toBeGreaterThan(0);
  });

  test('a point that is written again has its new vector, hash and owner only', async () => {
    const store = (await place()).open();
    const before = point();
    await store.upsert([before]);
    const after = point({ id: before.id, userId: 'bob' });
    await store.upsert([after]);
    expect(await store.count()).toBe(1);
    expect((await store.fetch([before.id])).get(before.id)).toMatchObject({
      userId: 'bob',
      contentHash: after.contentHash,
    });
    const search = (userId: string) =>
      store.search({ tenantId: 'default', userId, vector: after.vector, limit: 5 });
    expect(await search('ann')).toEqual([]);
    expect(await search('bob')).toEqual([{ id: before.id, score: expect.closeTo(1, 5) }]);
  });

  test('removes points; unknown ids are ignored', async () => {
    const store = (await place()).open();
    const [kept, gone] = [point(), point()];
    await store.upsert([kept, gone]);
    await store.remove([gone.id, randomUUID()]);
    await store.remove([]);
    expect([...(await store.fetch([kept.id, gone.id])).keys()]).toEqual([kept.id]);
    const hits = await store.search({ tenantId: 'default', userId: 'ann', vector: gone.vector, limit: 5 });
    expect(hits.map((hit) => hit.id)).toEqual([kept.id]);
  });

  test('pages over everything in the order of ids', async () => {
    const store = (await place()).open();
    const points = Array.from({ length: 57 }, (_, at) => point({ userId: `user-${at % 3}` }));
    await store.upsert(points);
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.scan({ after, limit: 10 });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(10);
      seen.push(...page.map((found) => found.id));
      after = page.at(-1)!.id;
    }
    expect(seen).toEqual(points.map((p) => p.id).sort());
  });

  test.each(['gone', 'zero'] as const)(
    'a point whose vector is %s is not fetched, is scanned, and can be written again',
    async (how) => {
      const there = await place();
      const store = there.open(SMALL);
      const [kept, lost] = [point(), point()];
      await store.upsert([kept, lost]);
      await there.loseVectors([lost.id], how);
      expect([...(await store.fetch([kept.id, lost.id])).keys()]).toEqual([kept.id]);
      const scanned = await store.scan({ after: null, limit: 10 });
      expect(scanned.map((found) => found.id)).toEqual([kept.id, lost.id].sort());
      await store.upsert([lost]);
      expect((await store.fetch([kept.id, lost.id])).size).toBe(2);
      expect(await store.count()).toBe(2);
    },
  );

  test('what an earlier version left is taken if every point is of a turn of this database', async () => {
    const there = await place();
    const before = there.open(SMALL);
    const points = Array.from({ length: 2_300 }, () => point());
    for (let at = 0; at < points.length; at += 500) await before.upsert(points.slice(at, at + 500));
    await before.close();
    await there.unmark();
    const ids = points.map(({ id }) => id);
    const heir = there.open(SMALL, databaseOf([...ids, randomUUID()]));
    expect(await heir.count()).toBe(2_300);
    const found = await heir.fetch(ids);
    expect([...found.values()].filter(({ isOwn }) => isOwn)).toHaveLength(2_300);
    await heir.close();
  });

  test('a search finds exactly the nearest of one owner: 2,000 vectors, 20 users', async () => {
    const store = (await place()).open(LARGE);
    const points = Array.from({ length: 2_000 }, (_, at) =>
      point({ tenantId: at % 40 < 20 ? 'default' : 'other', userId: `user-${at % 20}` }, LARGE),
    );
    for (let at = 0; at < points.length; at += 100) await store.upsert(points.slice(at, at + 100));
    for (let user = 0; user < 20; user++) {
      const vector = randomVector(LARGE.dimensions);
      const owner = { tenantId: 'default', userId: `user-${user}` };
      const hits = await store.search({ ...owner, vector, limit: 10 });
      const exact = points
        .filter((p) => p.tenantId === owner.tenantId && p.userId === owner.userId)
        .map((p) => ({ id: p.id, score: cosine(p.vector, vector) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 10);
      expect(hits.map((hit) => hit.id)).toEqual(exact.map((hit) => hit.id));
      for (const [at, hit] of hits.entries()) expect(hit.score).toBeCloseTo(exact[at]!.score, 4);
    }
  });

  test('owners whose names run together are kept apart', async () => {
    const store = (await place()).open();
    const [one, two] = [point({ tenantId: 'a/b', userId: 'c' }), point({ tenantId: 'a', userId: 'b/c' })];
    expect(ownerKey(one)).not.toBe(ownerKey(two));
    await store.upsert([one, two]);
    const hits = await store.search({ tenantId: 'a', userId: 'b/c', vector: one.vector, limit: 5 });
    expect(hits.map((hit) => hit.id)).toEqual([two.id]);
  });

  test('filters by conversation and time', async () => {
    const store = (await place()).open();
    const old = point({ timestamp: new Date('2020-01-01T00:00:00Z') });
    const other = point({ conversationId: 'other' });
    const both = point();
    await store.upsert([old, other, both]);
    const search = async (filter: object) =>
      (await store.search({ tenantId: 'default', userId: 'ann', vector: both.vector, limit: 5, filter }))
        .map((hit) => hit.id)
        .sort();
    expect(await search({ conversationId: 'talk', since: new Date('2026-01-01T00:00:00Z') })).toEqual([
      both.id,
    ]);
    expect(await search({ until: new Date('2020-01-01T00:00:00Z') })).toEqual([old.id]);
    expect(await search({ conversationId: null, since: null })).toHaveLength(3);
  });

  test('tells how like the points of some ids are, of the owner only', async () => {
    const store = (await place()).open();
    const points = Array.from({ length: 4 }, () => point());
    const foreign = point({ userId: 'bob' });
    await store.upsert([...points, foreign]);
    const vector = randomVector(SMALL.dimensions);
    const asked = [points[2]!.id, foreign.id, points[0]!.id, randomUUID()];
    const hits = await store.search({ tenantId: 'default', userId: 'ann', vector, limit: 4, ids: asked });
    const exact = [points[0]!, points[2]!]
      .map((each) => ({ id: each.id, score: cosine(each.vector, vector) }))
      .sort((a, b) => b.score - a.score);
    expect(hits.map(({ id }) => id)).toEqual(exact.map(({ id }) => id));
    for (const [at, hit] of hits.entries()) expect(hit.score).toBeCloseTo(exact[at]!.score, 4);
  });

  test('keeps points when it is opened again', async () => {
    const there = await place();
    const kept = point();
    const first = there.open();
    await first.upsert([kept]);
    await first.close();
    const second = there.open();
    expect(await second.count()).toBe(1);
    const hits = await second.search({ tenantId: 'default', userId: 'ann', vector: kept.vector, limit: 1 });
    expect(hits).toEqual([{ id: kept.id, score: expect.closeTo(1, 5) }]);
  });

  test('a change of model begins anew beside the old vectors, which can be searched and dropped', async () => {
    const there = await place();
    const before = there.open(SMALL);
    const old = point();
    await before.upsert([old]);
    await before.close();
    const store = there.open(LARGE);
    expect(await store.count()).toBe(0);
    expect(await store.earlierModels()).toEqual([SMALL]);
    const fresh = point({}, LARGE);
    await store.upsert([fresh]);
    const search = (model: VectorModel, vector: Float32Array) =>
      store.search({ tenantId: 'default', userId: 'ann', vector, limit: 5, model });
    expect((await search(SMALL, old.vector)).map((hit) => hit.id)).toEqual([old.id]);
    expect((await search(LARGE, fresh.vector)).map((hit) => hit.id)).toEqual([fresh.id]);
    await store.remove([old.id]);
    expect(await search(SMALL, old.vector)).toEqual([]);
    await store.dropModel(SMALL);
    expect(await store.earlierModels()).toEqual([]);
    const reopened = there.open(LARGE);
    expect(await reopened.count()).toBe(1);
    await store.dropModel(LARGE);
    expect(await store.count()).toBe(1);
  });

  test('while it is down it says so, and works again afterwards', async () => {
    const there = await place();
    const store = there.open();
    await store.ensure();
    await there.goDown();
    await expect(store.upsert([point()])).rejects.toThrow(VectorStoreUnavailable);
    await expect(store.remove([randomUUID()])).rejects.toThrow(VectorStoreUnavailable);
    const unopened = there.open();
    await expect(unopened.ensure()).rejects.toThrow(VectorStoreUnavailable);
    await there.comeBack();
    await store.upsert([point()]);
    await unopened.upsert([point()]);
    expect(await unopened.count()).toBe(2);
  });

  test('vectors of another length are refused, in a point, a query, and in the place itself', async () => {
    const there = await place();
    const store = there.open();
    const wrong = randomVector(9);
    await expect(store.upsert([point({ vector: wrong })])).rejects.toThrow(VectorSizeMismatch);
    await expect(
      store.search({ tenantId: 'default', userId: 'ann', vector: wrong, limit: 1 }),
    ).rejects.toThrow('vectors have 9 dimensions, the embedding model makes 8');
    const elsewhere = await place();
    await elsewhere.plantWrongSize(SMALL);
    const mismatched = elsewhere.open();
    await expect(mismatched.ensure()).rejects.toThrow(VectorSizeMismatch);
    await expect(mismatched.upsert([point()])).rejects.toThrow(/9 dimensions.*makes 8/);
  });
});

describe('sqlite-vec alone', () => {
  test.each([
    ['is not a database', async (file: string) => writeFile(file, 'x'.repeat(100_000))],
    [
      'is damaged in the middle',
      async (file: string) => {
        const { open } = await import('node:fs/promises');
        const handle = await open(file, 'r+');
        const { size } = await handle.stat();
        await handle.write(Buffer.alloc(size - 8_192, 0x5a), 0, size - 8_192, 4_096);
        await handle.close();
      },
    ],
  ])('a file that %s is moved aside and begun anew', async (_what, damage) => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const moved: { movedTo: string; reason: string }[] = [];
    const open = () =>
      createSqliteVecStore({
        directory,
        database: DATABASE,
        model: SMALL,
        log,
        onRebuild: (event) => void moved.push(event),
      });
    const before = open();
    await before.upsert(Array.from({ length: 300 }, () => point()));
    await before.close();
    await damage(join(directory, 'vectors.db'));
    const store = open();
    const lost = await store.count().catch((error) => error);
    if (lost !== 0) expect(lost).toBeInstanceOf(VectorStoreUnavailable);
    expect(await store.count()).toBe(0);
    await store.upsert([point()]);
    expect(await store.count()).toBe(1);
    expect(moved).toHaveLength(1);
    expect((await readdir(directory)).some((name) => moved[0]!.movedTo.endsWith(name))).toBe(true);
    await store.close();
    await rm(directory, { recursive: true });
  });

  test('vectors of another database in the same file are neither seen nor changed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const open = (database: TurnDatabase, model = SMALL) =>
      createSqliteVecStore({ directory, database, model, log });
    const [theirs, mine] = [point(), point()];
    const other = databaseOf([theirs.id]);
    const before = open(other);
    await before.upsert([theirs]);
    await before.close();
    const store = open(databaseOf([mine.id, theirs.id]));
    expect(await store.count()).toBe(0);
    await store.upsert([mine]);
    await store.remove([theirs.id]);
    await store.dropModel(SMALL);
    expect(await store.earlierModels()).toEqual([]);
    const hits = await store.search({ tenantId: 'default', userId: 'ann', vector: theirs.vector, limit: 5 });
    expect(hits.map(({ id }) => id)).toEqual([mine.id]);
    await store.close();
    const again = open(other);
    expect([...(await again.fetch([theirs.id])).keys()]).toEqual([theirs.id]);
    expect(await again.count()).toBe(1);
    await again.close();
    await rm(directory, { recursive: true });
  });

  test('what an earlier version left of other turns stays, and is not used', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const open = (database: TurnDatabase) => createSqliteVecStore({ directory, database, model: SMALL, log });
    const points = [point(), point()];
    const before = open(DATABASE);
    await before.upsert(points);
    await before.close();
    const file = new DatabaseSync(join(directory, 'vectors.db'));
    file.exec('update models set key = substr(key, 38)');
    const store = open(databaseOf([points[0]!.id]));
    expect(await store.count()).toBe(0);
    await store.remove(points.map(({ id }) => id));
    await store.close();
    expect(file.prepare('select count(*) as count from points_1').get()).toEqual({ count: 2 });
    file.close();
    await rm(directory, { recursive: true });
  });

  test('has one thread until somebody searches', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const store = createSqliteVecStore({ directory, database: DATABASE, model: SMALL, log });
    let threads = 0;
    const count = () => void threads++;
    process.on('worker', count);
    await store.upsert([point({})]);
    expect(await store.count()).toBe(1);
    expect((await store.scan({ after: null, limit: 10 })).length).toBe(1);
    await store.ping();
    expect(threads).toBe(1);
    await store.search({
      tenantId: 'default',
      userId: 'ann',
      vector: randomVector(SMALL.dimensions),
      limit: 1,
    });
    await store.count();
    process.off('worker', count);
    expect(threads).toBe(2);
    await store.close();
    await rm(directory, { recursive: true });
  });

  test('several reads at once take one thread, too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const store = createSqliteVecStore({ directory, database: DATABASE, model: SMALL, log });
    let threads = 0;
    const count = () => void threads++;
    process.on('worker', count);
    await store.upsert([point({})]);
    expect(await Promise.all([store.count(), store.count(), store.count()])).toEqual([1, 1, 1]);
    process.off('worker', count);
    expect(threads).toBe(1);
    await store.close();
    await rm(directory, { recursive: true });
  });

  // It hung for ever, and with it the keeper that asked.
  test('what waits to be read is answered where the file is closed meanwhile', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const store = createSqliteVecStore({ directory, database: DATABASE, model: SMALL, log });
    await store.upsert([point({})]);
    const written = store.upsert(Array.from({ length: 100 }, () => point({})));
    const read = store.count().catch((error) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    await written;
    expect(await read).toBeInstanceOf(VectorStoreUnavailable);
    await rm(directory, { recursive: true });
  });

  test('what is read waits for no write that another process holds up', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const store = createSqliteVecStore({
      ...{ directory, database: DATABASE, model: SMALL, log },
      busyTimeoutMs: 60_000,
      callTimeoutMs: 60_000,
    });
    await store.upsert([point({})]);
    const other = new DatabaseSync(join(directory, 'vectors.db'));
    other.exec('begin immediate');
    let isWritten = false;
    const written = store.upsert([point({})]).then(() => {
      isWritten = true;
    });
    expect(await store.count()).toBe(1);
    await store.ping();
    expect(isWritten).toBe(false);
    other.close();
    await written;
    expect(await store.count()).toBe(2);
    await store.close();
    await rm(directory, { recursive: true });
  });

  test('searches do not stop the event loop', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
    const model = { name: 'wide', dimensions: 384 };
    const store = createSqliteVecStore({ directory, database: DATABASE, model, log });
    for (let at = 0; at < 10; at++) await store.upsert(Array.from({ length: 500 }, () => point({}, model)));
    const query = { tenantId: 'default', userId: 'ann', vector: randomVector(384), limit: 20 };
    await store.search(query);
    // Of processor time, which a busy machine does not change.
    const [here, everywhere] = [process.threadCpuUsage(), process.cpuUsage()];
    await Promise.all(Array.from({ length: 100 }, () => store.search(query)));
    const [ofThread, ofAll] = [process.threadCpuUsage(here), process.cpuUsage(everywhere)];
    expect(ofThread.user + ofThread.system).toBeLessThan((ofAll.user + ofAll.system) / 3);
    await store.close();
    await rm(directory, { recursive: true });
  });
});

describe('qdrant alone', () => {
  async function opened() {
    const double = await startQdrantDouble();
    const open = (model = SMALL, timeoutMs = 20_000) =>
      createQdrantStore({
        url: double.url,
        apiKey: null,
        collection: 'echo_turns',
        database: DATABASE,
        model,
        timeoutMs,
      });
    return { double, open, store: open() };
  }

  test.each([500, 503, 429, 401])('an answer %i means that it is not available', async (status) => {
    const { double, store } = await opened();
    await store.ensure();
    double.failWith(status);
    await expect(store.upsert([point()])).rejects.toThrow(VectorStoreUnavailable);
    await expect(store.ping()).rejects.toThrow(VectorStoreUnavailable);
    double.recover();
    await store.upsert([point()]);
    await double.close();
  });

  test('a server that stalls is given up in time', async () => {
    const { double, open } = await opened();
    const store = open(SMALL, 300);
    // A busy machine may need more than that for one that answers.
    await vi.waitFor(() => store.ensure(), { timeout: 60_000 });
    double.stall();
    // It would stall for ever.
    await expect(store.upsert([point()])).rejects.toThrow(VectorStoreUnavailable);
    double.recover();
    expect(await open().count()).toBe(0);
    await double.close();
  });

  test('a write that is not applied yet does not count', async () => {
    const { double, store } = await opened();
    await store.ensure();
    double.answerEarly(true);
    await expect(store.upsert([point()])).rejects.toThrow('has not applied');
    await double.close();
  });

  test('waits for writes, and indexes the owner as tenant', async () => {
    const { double, store } = await opened();
    await store.upsert([point()]);
    const [[name, collection]] = [...double.collections] as [[string, never]];
    expect(name).toBe('echo_turns');
    expect(collection).toMatchObject({
      config: { vectors: { size: 8, distance: 'Cosine' }, hnsw_config: { m: 0, payload_m: 16 } },
    });
    expect((collection as { indexes: Map<string, unknown> }).indexes.get('owner')).toEqual({
      type: 'keyword',
      is_tenant: true,
    });
    await double.close();
  });

  test('vectors take a quarter of the memory where that is wanted, and can be taken back', async () => {
    const { double } = await opened();
    double.collections.clear();
    const kept = point();
    const open = (quantisation: 'int8' | 'off' | null, model = SMALL) =>
      createQdrantStore({
        ...{ url: double.url, apiKey: null, collection: 'echo_turns', database: DATABASE, model },
        ...{ quantisation, timeoutMs: 20_000 },
      });
    await open('off').upsert([kept]);
    const collection = double.collections.get('echo_turns')!;
    const query = { tenantId: 'default', userId: 'ann', vector: kept.vector, limit: 1 };
    // Nobody asked for it.
    await open(null).search(query);
    expect(collection.config.quantization_config).toBeUndefined();
    const found = [{ id: kept.id, score: expect.closeTo(1, 5) }];
    // What is there is kept small from now on; nothing is written again.
    const written = () =>
      double.requests.filter(({ name }) => name.startsWith('put') && name.endsWith('/points'));
    const small = open('int8');
    expect(await small.search(query)).toEqual(found);
    expect(collection.config).toMatchObject({
      vectors: { on_disk: true },
      quantization_config: { scalar: { type: 'int8' } },
    });
    expect(double.requests.at(-1)?.body).toMatchObject({ params: { quantization: { rescore: true } } });
    await small.search({ ...query, ids: [kept.id] });
    expect(double.requests.at(-1)?.body).toMatchObject({ params: { quantization: { ignore: true } } });
    expect(await open('off').search(query)).toEqual(found);
    expect(collection.config).toMatchObject({ vectors: { on_disk: false } });
    expect(collection.config.quantization_config).toBeUndefined();
    expect(written()).toHaveLength(1);
    // What the operator chose is left alone.
    const binary = { binary: { always_ram: true } };
    for (const quantisation of ['int8', 'off'] as const) {
      collection.config.quantization_config = binary;
      await open(quantisation).ensure();
      expect(collection.config.quantization_config).toEqual(binary);
    }
    // A later model's collection is made so.
    await open(null, LARGE).ensure();
    const later = [...double.collections].find(([name]) => name !== 'echo_turns')?.[1];
    expect(later?.config).toMatchObject({ quantization_config: { scalar: { type: 'int8' } } });
    await double.close();
    expect(double.problems).toEqual([]);
  });

  test('a collection that was deleted is made again', async () => {
    const { double, store } = await opened();
    await store.upsert([point()]);
    double.collections.clear();
    await expect(store.upsert([point()])).rejects.toThrow(VectorStoreUnavailable);
    await store.upsert([point()]);
    expect(await store.count()).toBe(1);
    await double.close();
  });

  test('a collection of another program is left alone; an empty one of the right size is taken', async () => {
    const { double, store, open } = await opened();
    const foreign = { id: randomUUID(), vector: Array(8).fill(0.1), payload: { title: 'not ours' } };
    const points = new Map<string, typeof foreign>([[foreign.id, foreign]]);
    const config = { vectors: { size: 8, distance: 'Cosine' } };
    double.collections.set('echo_turns', { config, points, indexes: new Map() });
    await expect(store.upsert([point()])).rejects.toThrow(VectorStoreConflict);
    expect(points.size).toBe(1);
    points.clear();
    const taken = open();
    await taken.upsert([point()]);
    expect([...double.collections.keys()]).toEqual(['echo_turns']);
    expect(double.collections.get('echo_turns')!.config.metadata).toEqual({
      echo_model: 'small',
      echo_dimensions: 8,
      echo_database: DATABASE.id,
      echo_base: 'echo_turns',
    });
    await double.close();
  });
});

describe('the double', () => {
  test('refuses what the API document does not allow', async () => {
    const double = await startQdrantDouble();
    const put = (path: string, body: unknown) =>
      fetch(double.url + path, { method: 'PUT', body: JSON.stringify(body) }).then((res) => res.status);
    expect(await put('/collections/x', { vectors: { size: 0, distance: 'Cosine' } })).toBe(400);
    expect(await put('/collections/x', { vectors: { size: 4, distance: 'Near' } })).toBe(400);
    expect(await put('/collections/x', { vector: { size: 4, distance: 'Cosine' } })).toBe(400);
    expect(await put('/collections/x?wait=true', { vectors: { size: 4, distance: 'Cosine' } })).toBe(400);
    expect(await put('/collection/x', { vectors: { size: 4, distance: 'Cosine' } })).toBe(404);
    expect(await put('/collections/x', { vectors: { size: 4, distance: 'Cosine' } })).toBe(200);
    expect(await put('/collections/x/points', { points: [{ id: 'not a uuid', vector: [1, 2, 3, 4] }] })).toBe(
      400,
    );
    expect(await put('/collections/x/points?wait=maybe', { points: [] })).toBe(400);
    expect(double.problems).toHaveLength(7);
    await double.close();
  });
});
