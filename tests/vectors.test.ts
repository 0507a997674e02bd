import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { createDatabase, type Database } from '../src/db/client.ts';
import { applyTurns } from '../src/domains/interactions/apply.ts';
import { newTurn, payloadHashOf, type Turn } from '../src/domains/interactions/turn.ts';
import { vectorCoverage } from '../src/domains/vector-index/coverage.ts';
import { leaseTurns, turnsAmong } from '../src/domains/vector-index/queue.ts';
import { createReconciler } from '../src/domains/vector-index/reconciler.ts';
import { createVectorSearch } from '../src/domains/vector-index/search.ts';
import { createVectorWorker, type VectorWorkerOptions } from '../src/domains/vector-index/worker.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { createLogger } from '../src/log.ts';
import { type Embedder, EmbedderUnavailable } from '../src/models/embedder.ts';
import { createLexicalEmbedder } from '../src/models/lexical-embedder.ts';
import { createQdrantStore } from '../src/vectors/qdrant.ts';
import { createSqliteVecStore } from '../src/vectors/sqlite-vec.ts';
import { modelKey, type VectorStore, VectorStoreUnavailable } from '../src/vectors/vector-store.ts';
import { FROM_TEMPLATE } from './support/harness.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';

const log = createLogger('silent');
const SCOPE = { tenantId: 'default', userId: null };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A database, an empty store and whatever is made of them; all closed after the test. */
async function setUp(embedder: Embedder = createLexicalEmbedder()) {
  const name = `v_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name} ${FROM_TEMPLATE}`);
  closing.push(() => onServer(`drop database ${name} with (force)`));
  const db = createDatabase({
    connection: { connectionString: inject('databaseUrl').replace('NAME', name) },
    log,
    slowQueryMs: 60_000,
    echo: false,
  });
  closing.push(() => db.close());
  const directory = await mkdtemp(join(tmpdir(), 'echo-vectors-'));
  closing.push(() => rm(directory, { recursive: true, force: true }));
  const database = { id: randomUUID(), turnsAmong: (ids: readonly string[]) => turnsAmong(db, ids) };
  const openStore = (model: Embedder) => {
    const store = createSqliteVecStore({ directory, database, model, log });
    closing.push(store.close);
    return store;
  };
  const store = openStore(embedder);
  return {
    db,
    database,
    store,
    embedder,
    openStore,
    record: (turns: readonly Turn[]) => db.transaction((client) => applyTurns(client, turns)),
    startWorker: (options: Partial<VectorWorkerOptions> = {}) => {
      const worker = createVectorWorker({
        ...{ db, store, embedder, log },
        keepers: newKeepers(),
        pollMs: 20,
        ...options,
      });
      worker.start();
      closing.push(worker.stop);
      return worker;
    },
    reconciler: (used: VectorStore = store, onFinding?: () => void) => {
      const made = createReconciler({
        ...{ db, store: used, log },
        keepers: newKeepers(),
        restMs: 50,
        ...(onFinding && { onFinding }),
      });
      closing.push(made.stop);
      return made;
    },
    covered: (seconds = 60) =>
      eventually(async () => {
        const { stored, embedded } = await vectorCoverage(db, SCOPE);
        expect(embedded).toBe(stored);
      }, seconds),
  };
}

/** Of one process: several may work on a database. */
const newKeepers = () => new Keepers(log, () => new Date());

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await client.connect();
  await client.query(text);
  await client.end();
}

async function eventually(check: () => Promise<void>, seconds = 60): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function turn(query: string, given: Partial<Turn> = {}): Turn {
  return newTurn({
    turnId: randomUUID(),
    tenantId: 'default',
    userId: 'ann',
    conversationId: `talk-of-${given.userId ?? 'ann'}`,
    query,
    response: 'Noted.',
    modelUsed: 'test',
    processingTimeMs: 1,
    timestamp: '2026-05-01T12:00:00.000Z',
    // Each in a session of its own: what is said around a turn is part of its vector.
    sessionId: randomUUID(),
    status: 'ANSWERED',
    payloadHash: payloadHashOf(query),
    ...given,
  });
}

const turns = (count: number, given: Partial<Turn> = {}) =>
  Array.from({ length: count }, (_, at) => turn(`Turn ${at} about the lighthouse number ${at * 7}`, given));

async function idsOf(db: Database): Promise<string[]> {
  const { rows } = await db.pool.query('select turn_id from echo_unified_interactions order by id');
  return rows.map((row) => row.turn_id as string);
}

/** A store that does what it is told before it does its work. */
function intercept(
  store: VectorStore,
  before: Partial<Record<keyof VectorStore, () => Promise<void>>>,
): VectorStore {
  return new Proxy(store, {
    get: (target, name: keyof VectorStore) => {
      const member = target[name];
      const first = before[name];
      if (!first || typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await first();
        return (member as (...given: unknown[]) => unknown)(...args);
      };
    },
  });
}

describe('the vector worker', () => {
  test('gives every recorded turn its vector, and search finds it among its owner’s', async () => {
    const { db, store, embedder, record, startWorker, covered } = await setUp();
    const worker = startWorker();
    await record([turn('Where did the giraffe hide the umbrella?'), ...turns(150)]);
    await record(turns(50, { userId: 'bob' }));
    worker.wake();
    await covered();
    const ids = await idsOf(db);
    expect((await store.fetch(ids)).size).toBe(201);
    const search = createVectorSearch({ store, embedder, log });
    const query = { text: 'giraffe umbrella', limit: 3, signal: AbortSignal.timeout(60_000) };
    const found = await search.search({ tenantId: 'default', userId: 'ann' }, query);
    expect(found.hits[0]!.id).toBe(ids[0]);
    expect(found.degraded).toBe(false);
    const others = await search.search({ tenantId: 'default', userId: 'bob' }, { ...query, limit: 100 });
    expect(others.hits).toHaveLength(50);
    expect(worker.stats()).toMatchObject({ embedded: 201, failures: 0, store: { state: 'up' } });
    expect(await vectorCoverage(db, { tenantId: 'default', userId: 'bob' })).toEqual({
      stored: 50,
      embedded: 50,
      pending: 0,
      failed: 0,
      oldestPendingSeconds: 0,
    });
  });

  test('a store that is away costs no attempts; afterwards coverage is whole again', async () => {
    const double = await startQdrantDouble();
    closing.push(double.close);
    const { db, database, embedder, record, startWorker, covered } = await setUp();
    const store = createQdrantStore({
      database,
      url: double.url,
      apiKey: null,
      collection: 'echo_turns',
      model: embedder,
      timeoutMs: 2_000,
    });
    await double.goAway();
    const worker = startWorker({ store });
    await record(turns(200));
    await eventually(async () => expect(worker.stats().store.state).toBe('down'));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const coverage = await vectorCoverage(db, SCOPE);
    expect(coverage).toMatchObject({ stored: 200, embedded: 0, pending: 200, failed: 0 });
    expect(coverage.oldestPendingSeconds).toBeGreaterThan(1);
    const { rows } = await db.pool.query(
      `select sum(vector_attempts)::int as attempts, count(*) filter (where vector_state = 'PENDING')::int as pending
       from echo_unified_interactions`,
    );
    expect(rows[0]).toEqual({ attempts: 0, pending: 200 });
    await double.comeBack();
    await covered();
    double.stall();
    await record(turns(20));
    await eventually(async () => expect(worker.stats().store.state).toBe('down'));
    double.recover();
    await covered();
    expect(worker.stats()).toMatchObject({
      embedded: 220,
      failures: 0,
      store: { state: 'up', reason: null },
    });
    expect(double.collections.get('echo_turns')!.points.size).toBe(220);
    expect(double.problems).toEqual([]);
  });

  test('a worker that outlives its lease neither overwrites nor finishes', async () => {
    const { db, store, record, startWorker, covered } = await setUp();
    await record([turn('What was said first')]);
    const [id] = (await idsOf(db)) as [string];
    let stand = true;
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: Embedder = {
      ...createLexicalEmbedder(),
      // It stands still with the old text in its hands.
      embed: async (texts) => {
        const vectors = await createLexicalEmbedder().embed(texts, AbortSignal.timeout(60_000));
        if (stand) await stalled;
        return vectors;
      },
    };
    let writes = 0;
    const watched = intercept(store, { upsert: async () => void writes++ });
    const late = startWorker({ embedder: slow, store: watched, leaseMs: 300 });
    await eventually(async () => {
      const { rows } = await db.pool.query(
        'select cardinality(interaction_ids) as turns from echo_vector_leases',
      );
      expect(rows).toEqual([{ turns: 1 }]);
    });
    await db.pool.query(`update echo_unified_interactions set query = 'What was said afterwards'`);
    const other = startWorker({ leaseMs: 60_000 });
    await covered();
    const hash = (await store.fetch([id])).get(id)!.contentHash;
    stand = false;
    release();
    await eventually(async () => expect(late.stats().released).toBeGreaterThan(0));
    expect(writes).toBe(0);
    expect((await store.fetch([id])).get(id)!.contentHash).toBe(hash);
    expect([late.stats().embedded, other.stats().embedded]).toEqual([0, 1]);
  });

  test('a lease that was taken over while the store was writing is not finished twice', async () => {
    const { db, store, record, startWorker, covered } = await setUp();
    await record(turns(1));
    let hold = true;
    const slow = intercept(store, {
      upsert: async () => {
        while (hold) await new Promise((resolve) => setTimeout(resolve, 10));
      },
    });
    const late = startWorker({ store: slow, leaseMs: 300 });
    await eventually(async () => {
      const { rows } = await db.pool.query('select until < now() as over from echo_vector_leases');
      expect(rows).toEqual([{ over: true }]);
    });
    const other = startWorker({ leaseMs: 60_000 });
    await covered();
    const { rows } = await db.pool.query('select vector_updated_at as at from echo_unified_interactions');
    hold = false;
    await eventually(async () => expect(late.stats().leasesLost).toBe(1));
    expect([late.stats().embedded, other.stats().embedded]).toEqual([0, 1]);
    const after = await db.pool.query('select vector_updated_at as at from echo_unified_interactions');
    expect(after.rows).toEqual(rows);
  });

  test('a turn that gets its answer while its point is written is embedded again', async () => {
    const { db, store, record, startWorker, covered } = await setUp();
    await record([turn('What was asked')]);
    const [id] = (await idsOf(db)) as [string];
    let written = 0;
    const slow = intercept(store, {
      upsert: async () => {
        if (++written === 1)
          await db.pool.query(
            `update echo_unified_interactions set response = 'What was answered', vector_state = 'PENDING'`,
          );
      },
    });
    const worker = startWorker({ store: slow });
    await covered();
    expect(worker.stats()).toMatchObject({ embedded: 1, leasesLost: 1, failures: 0 });
    const { rows } = await db.pool.query(
      `select encode(sha256(convert_to(vector_model || E'\\n' || query || E'\\n' || response, 'UTF8')), 'hex') as hash
       from echo_unified_interactions`,
    );
    expect(rows).toEqual([{ hash: (await store.fetch([id])).get(id)!.contentHash }]);
  });

  test('what a server of an earlier version has leased is its own until that ends', async () => {
    const { db, store, record, startWorker, covered } = await setUp();
    await record(turns(3));
    const [id] = await idsOf(db);
    await db.pool.query(
      `update echo_unified_interactions set vector_state = 'LEASED', vector_lease_token = gen_random_uuid(),
         vector_lease_until = now() + interval '1 minute' where turn_id = $1`,
      [id],
    );
    startWorker();
    await eventually(async () =>
      expect(await vectorCoverage(db, SCOPE)).toMatchObject({ embedded: 2, pending: 1 }),
    );
    await db.pool.query(
      'update echo_unified_interactions set vector_lease_until = now() where turn_id = $1',
      [id],
    );
    await covered();
    expect(await store.count()).toBe(3);
  });

  test('several workers share the queue: each turn is finished once', async () => {
    const { store, record, startWorker, covered } = await setUp();
    await record(turns(500));
    const workers = Array.from({ length: 4 }, () => startWorker({ batch: 16 }));
    await covered();
    await Promise.all(workers.map((worker) => worker.stop()));
    expect(workers.reduce((sum, worker) => sum + worker.stats().embedded, 0)).toBe(500);
    expect(workers.every((worker) => worker.stats().leasesLost === 0)).toBe(true);
    expect(await store.count()).toBe(500);
  });

  test('one bad turn fails alone, with its reason, and is tried again', async () => {
    let good = false;
    const picky: Embedder = {
      ...createLexicalEmbedder(),
      embed: async (texts, signal) => {
        if (!good && texts.some((text) => text.includes('poison')))
          throw new Error('the text is indigestible');
        return createLexicalEmbedder().embed(texts, signal);
      },
    };
    const { db, record, startWorker, covered } = await setUp(picky);
    await record([...turns(30), turn('poison'), ...turns(30)]);
    const worker = startWorker();
    await eventually(async () => {
      const coverage = await vectorCoverage(db, SCOPE);
      expect(coverage).toMatchObject({ embedded: 60, failed: 1 });
    });
    const { rows } = await db.pool.query(
      `select query, vector_error, vector_attempts from echo_unified_interactions where vector_state = 'FAILED'`,
    );
    expect(rows).toMatchObject([{ query: 'poison', vector_error: 'the text is indigestible' }]);
    expect(rows[0].vector_attempts).toBeGreaterThan(0);
    expect(worker.stats().embedder.state).toBe('up');
    good = true;
    await covered();
    const after = await db.pool.query(
      `select vector_error, vector_attempts from echo_unified_interactions where query = 'poison'`,
    );
    expect(after.rows).toEqual([{ vector_error: null, vector_attempts: 0 }]);
  });

  test('an embedding model that is away costs no attempts', async () => {
    let away = true;
    const moody: Embedder = {
      ...createLexicalEmbedder(),
      embed: async (texts, signal) => {
        if (away) throw new EmbedderUnavailable('no connection');
        return createLexicalEmbedder().embed(texts, signal);
      },
    };
    const { db, record, startWorker, covered } = await setUp(moody);
    await record(turns(10));
    const worker = startWorker();
    await eventually(async () =>
      expect(worker.stats().embedder).toMatchObject({ state: 'down', reason: 'no connection' }),
    );
    const { rows } = await db.pool.query(
      'select sum(vector_attempts)::int as attempts from echo_unified_interactions',
    );
    expect(rows[0].attempts).toBe(0);
    away = false;
    await covered();
  });

  test('a model that is too slow for a whole batch gets smaller ones', async () => {
    const slow: Embedder = {
      ...createLexicalEmbedder(),
      embed: async (texts, signal) => {
        await new Promise((resolve, reject) => {
          const timer = setTimeout(resolve, texts.length * 45);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(signal.reason);
          });
        });
        return createLexicalEmbedder().embed(texts, signal);
      },
    };
    const { record, startWorker, covered } = await setUp(slow);
    await record(turns(64));
    const worker = startWorker({ leaseMs: 1_500 });
    await covered();
    expect(worker.stats()).toMatchObject({ embedded: 64, failures: 0 });
  });

  test('a model that goes on with what nobody waits for gets smaller batches', {
    timeout: 180_000,
  }, async () => {
    const sizes: number[] = [];
    let work: Promise<unknown> = Promise.resolve();
    // One request at a time, to its end, as servers with one slot do.
    const slow: Embedder = {
      ...createLexicalEmbedder(),
      embed: (texts, signal) => {
        sizes.push(texts.length);
        work = work.then(() => new Promise((resolve) => setTimeout(resolve, texts.length * 450)));
        const given = work.then(() => createLexicalEmbedder().embed(texts, new AbortController().signal));
        return new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          given.then(resolve, reject);
        });
      },
    };
    const { record, startWorker, covered } = await setUp(slow);
    await record(turns(60));
    const worker = startWorker({ leaseMs: 6_000 });
    await covered(150);
    expect(worker.stats()).toMatchObject({ embedded: 60, failures: 0 });
    expect(sizes.filter((size) => size >= 15)).toHaveLength(1);
  });

  test('a turn that was deleted while its point was written leaves no point', async () => {
    const { db, store, record, startWorker } = await setUp();
    await record(turns(3));
    const ids = await idsOf(db);
    const slow = intercept(store, {
      upsert: async () => void (await db.pool.query('delete from echo_unified_interactions')),
    });
    const worker = startWorker({ store: slow });
    await eventually(async () => expect(worker.stats().leasesLost).toBe(3));
    expect((await store.fetch(ids)).size).toBe(0);
  });

  test('a worker that rests takes no lease, and sees what others left all the same', async () => {
    const { db, record, startWorker, covered } = await setUp();
    const leases = vi.spyOn(db, 'transaction');
    const statements = vi.spyOn(db.pool, 'query');
    const rounds = () =>
      statements.mock.calls.filter(([one]) => (one as { name?: string }).name === 'any_vector_waiting')
        .length;
    startWorker();
    await eventually(async () => expect(rounds()).toBeGreaterThan(5));
    // It was told at its start that turns may be waiting.
    expect(leases).toHaveBeenCalledTimes(1);
    await record(turns(3));
    await covered();
    await db.pool.query(
      `insert into echo_vector_leases (token, until, interaction_ids) values (gen_random_uuid(), now(), '{1}')`,
    );
    await eventually(async () =>
      expect((await db.pool.query('select from echo_vector_leases')).rowCount).toBe(0),
    );
  });

  test('what a killed worker had leased is taken over when the lease ends', async () => {
    const { db, store, embedder, record, startWorker, covered } = await setUp();
    await record(turns(5));
    const lease = () =>
      leaseTurns(db, {
        ...{ token: randomUUID(), leaseMs: 60_000, limit: 64, characters: 10_000 },
        ...{ newestFirst: false, model: modelKey(embedder) },
      });
    expect(await lease()).toHaveLength(5);
    expect(await lease()).toHaveLength(0);
    await db.pool.query('update echo_vector_leases set until = now()');
    startWorker();
    await covered();
    expect(await store.count()).toBe(5);
  });
});

describe('the reconciler', () => {
  test('finds and repairs lost, stale, foreign and orphaned points', async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    const worker = startWorker();
    await record(turns(1_200));
    await covered();
    const ids = await idsOf(db);
    expect(await reconciler().runOnce()).toEqual({
      missing: 0,
      stale: 0,
      orphan: 0,
      wrongOwner: 0,
      repaired: 0,
      copied: 0,
    });
    await worker.stop();
    const vector = new Float32Array(384).fill(0.05);
    const point = {
      tenantId: 'default',
      userId: 'ann',
      conversationId: 'x',
      timestamp: new Date(),
      contentHash: 'x',
      vector,
    };
    await store.remove(ids.slice(0, 100));
    await store.upsert([
      { ...point, id: ids[200]! },
      { ...point, id: ids[201]!, userId: 'eve' },
      { ...point, id: randomUUID() },
      { ...point, id: randomUUID(), userId: 'eve' },
    ]);
    await db.pool.query('update echo_unified_interactions set response = $1 where turn_id = $2', [
      'Another.',
      ids[300],
    ]);
    await db.pool.query('delete from echo_unified_interactions where turn_id = any($1)', [
      ids.slice(400, 410),
    ]);
    const made = reconciler();
    expect(await made.runOnce()).toEqual({
      missing: 100,
      stale: 2,
      orphan: 12,
      wrongOwner: 1,
      repaired: 115,
      copied: 0,
    });
    const stolen = await store.search({ tenantId: 'default', userId: 'eve', vector, limit: 5 });
    expect(stolen).toEqual([]);
    startWorker();
    await covered();
    expect(await made.runOnce()).toEqual({
      missing: 0,
      stale: 0,
      orphan: 0,
      wrongOwner: 0,
      repaired: 0,
      copied: 0,
    });
    expect(await store.count()).toBe(1_190);
    expect(made.stats()).toMatchObject({ missing: 100, orphan: 12, passes: 2, awaitingModel: 0 });
  });

  test('finds the foreign point of a turn that is not embedded', async () => {
    const { db, store, record, reconciler } = await setUp();
    await record(turns(1));
    const [id] = (await idsOf(db)) as [string];
    const vector = new Float32Array(384).fill(0.05);
    const point = {
      id,
      tenantId: 'default',
      userId: 'eve',
      conversationId: 'x',
      timestamp: new Date(),
      contentHash: 'x',
      vector,
    };
    await store.upsert([point]);
    expect(await reconciler().runOnce()).toMatchObject({ wrongOwner: 1 });
    expect(await store.count()).toBe(0);
  });

  test('never deletes the point of a turn that is committed while it looks', async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    await record(turns(30));
    const worker = startWorker();
    await covered();
    // Just before each page of points is read, more turns are stored and get their points.
    const busy = intercept(store, {
      scan: async () => {
        await record(turns(5));
        worker.wake();
        await covered();
      },
    });
    expect(await reconciler(busy).runOnce()).toMatchObject({ orphan: 0, missing: 0, repaired: 0 });
    const ids = await idsOf(db);
    expect(ids.length).toBeGreaterThan(30);
    expect((await store.fetch(ids)).size).toBe(ids.length);
  });

  test('takes no turn for one that has lost its point when it is deleted while it looks', async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    await record(turns(30));
    startWorker();
    await covered();
    const [first, second] = await idsOf(db);
    // One is deleted with its point between the two reads, and one loses its point.
    const shrinking = intercept(store, {
      fetch: async () => {
        await db.pool.query('delete from echo_unified_interactions where turn_id = $1', [first]);
        await store.remove([first ?? '', second ?? '']);
      },
    });
    expect(await reconciler(shrinking).runOnce()).toMatchObject({ missing: 1, orphan: 0, repaired: 1 });
  });

  test('runs beside a busy worker without finding anything', async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    const worker = startWorker();
    const made = reconciler();
    made.start();
    for (let at = 0; at < 40; at++) {
      await record(turns(25));
      worker.wake();
    }
    await covered();
    await eventually(async () => expect(made.stats().passes).toBeGreaterThan(1));
    expect(made.stats()).toMatchObject({ orphan: 0, missing: 0, stale: 0, wrongOwner: 0 });
    expect((await store.fetch(await idsOf(db))).size).toBe(1_000);
  });

  test('100 of 10,000 points lost: found and repaired within a minute', { timeout: 180_000 }, async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    for (let at = 0; at < 20; at++) await record(turns(500));
    const worker = startWorker();
    await covered(90);
    const made = reconciler(store, worker.wake);
    made.start();
    await eventually(async () => expect(made.stats().passes).toBeGreaterThan(0));
    const ids = await idsOf(db);
    const lost = Array.from({ length: 100 }, (_, at) => ids[(at * 97 + 13) % ids.length]!);
    await store.remove(lost);
    await eventually(async () => expect((await store.fetch(lost)).size).toBe(100));
    expect(made.stats()).toMatchObject({ missing: 100, repaired: 100 });
  });

  test('forgets deleted turns at once', async () => {
    const { db, store, record, startWorker, reconciler, covered } = await setUp();
    await record(turns(3));
    startWorker();
    await covered();
    const ids = await idsOf(db);
    await reconciler().forget(ids.slice(0, 2));
    expect([...(await store.fetch(ids)).keys()]).toEqual([ids[2]]);
    const down = intercept(store, { remove: () => Promise.reject(new VectorStoreUnavailable('away')) });
    await reconciler(down).forget(ids);
  });
});

test('a change of model embeds everything again while searches go on', async () => {
  const first = createLexicalEmbedder();
  const { db, store, openStore, record, startWorker, reconciler, covered } = await setUp(first);
  await record([...turns(300), turn('The walrus plays the saxophone')]);
  const before = startWorker();
  await covered();
  await before.stop();
  await store.close();
  const ids = await idsOf(db);

  const second: Embedder = { ...createLexicalEmbedder(), name: 'second' };
  const changed = openStore(second);
  const search = createVectorSearch({
    store: changed,
    embedder: second,
    log,
    earlierEmbedders: { of: async () => first, keepOnly: () => undefined },
  });
  const wanted = ids.at(-1);
  let searches = 0;
  let stop = false;
  const searching = (async () => {
    while (!stop) {
      const query = { text: 'walrus saxophone', limit: 3, signal: AbortSignal.timeout(60_000) };
      const { hits } = await search.search({ tenantId: 'default', userId: 'ann' }, query);
      expect(hits[0]!.id).toBe(wanted);
      searches++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  const worker = startWorker({ store: changed, embedder: second, batch: 8 });
  reconciler(changed, worker.wake).start();
  await record([turn('Said during the change')]);
  await eventually(async () => {
    const { rows } = await db.pool.query('select distinct vector_model from echo_unified_interactions');
    expect(rows).toEqual([{ vector_model: 'second@384' }]);
    expect(await changed.earlierModels()).toEqual([]);
  });
  stop = true;
  await searching;
  expect(searches).toBeGreaterThan(5);
  expect(await changed.count()).toBe(302);
});

test('the text of a turn is hashed alike by worker and reconciler, whatever is in it', async () => {
  const { record, startWorker, reconciler, covered, store } = await setUp();
  const long = '🦒é\u2028\\n '.repeat(3_000);
  await record([
    turn(long, { response: long, speaker: 'Zoë', responder: '🤖' }),
    turn('only asked', { response: '' }),
    turn('\\x00 \' " $1'),
  ]);
  startWorker();
  await covered();
  expect(await reconciler().runOnce()).toMatchObject({ stale: 0, missing: 0 });
  expect(await store.count()).toBe(3);
});

describe('the lexical embedder', () => {
  const embed = async (...texts: string[]) =>
    createLexicalEmbedder().embed(texts, AbortSignal.timeout(60_000));
  const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * b[at]!, 0);

  test('makes the same vector of length 1 every time, for any text', async () => {
    const texts = ['Hello world', '', '!!!', '🦒', 'ﬁne', 'x'.repeat(6_000), 'ein Satz über Käse'];
    const [once, again] = [await embed(...texts), await embed(...texts)];
    expect(once).toEqual(again);
    for (const vector of once) {
      expect(vector).toHaveLength(384);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });

  test('puts like spelling close and unlike far', async () => {
    const [query, near, far] = await embed(
      'adopting puppies',
      'She adopted a puppy',
      'The stock market fell',
    );
    expect(cosine(query!, near!)).toBeGreaterThan(cosine(query!, far!) + 0.1);
  });

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(createLexicalEmbedder().embed(['x'], signal)).rejects.toThrow('enough');
  });
});

test('vectors of spelling do not depend on the texts before, however long these were', async () => {
  const long = Array.from({ length: 20_000 }, (_, at) => `word${at * 7_919}`).join(' ');
  const short = 'A goldfish swims.';
  const texts = [short, short, long, long, short, short, '', long];
  const together = await createLexicalEmbedder().embed(texts, AbortSignal.timeout(60_000));
  for (const [at, text] of texts.entries()) {
    const [alone] = await createLexicalEmbedder().embed([text], AbortSignal.timeout(60_000));
    expect(together[at]).toEqual(alone);
  }
});
