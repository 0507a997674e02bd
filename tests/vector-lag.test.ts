import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { createLagReading } from '../src/domains/vector-index/lag.ts';
import { vectors } from '../src/domains/vector-index/promises.ts';
import { startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const soon = { interval: 200 };
const vectorsOf = async (app: TestApp) => {
  const { data } = await app.graphql('{ health { checks { name status detail } } }');
  return data.health.checks.find((check: { name: string }) => check.name === 'vectors');
};
const activeIn = async (app: TestApp): Promise<string[]> =>
  (await app.graphql('{ activeAlerts { name } }')).data.activeAlerts.map(
    ({ name }: { name: string }) => name,
  );

describe('what is not known of the vectors', () => {
  test('since the database is there but busy, is told as unknown and raises nothing', async () => {
    const app = await startTestApp({ patienceMs: 0 });
    closing.push(app.close);
    await expect.poll(() => vectorsOf(app), soon).toMatchObject({ status: 'HEALTHY' });
    const other = new Client({ connectionString: app.databaseUrl });
    await other.connect();
    closing.push(() => other.end());
    await other.query('begin; lock table echo_unified_interactions in access exclusive mode');
    await expect
      .poll(() => vectorsOf(app), soon)
      .toEqual({
        name: 'vectors',
        status: 'UNKNOWN',
        detail: 'the database did not say in time which turns wait',
      });
    // The watch has looked, too.
    for (let look = 0; look < 3; look++) await vectorsOf(app);
    expect(await activeIn(app)).not.toContain('vectors_degraded');
    await other.query('rollback');
    await expect.poll(() => vectorsOf(app), soon).toMatchObject({ status: 'HEALTHY' });
  }, 90_000);

  test('since the database is away, is left to the alert that says so', async () => {
    const proxy = await startDatabaseProxy();
    closing.push(proxy.close);
    const app = await startTestApp({ patienceMs: 0, route: proxy.route });
    closing.push(app.close);
    await expect.poll(() => vectorsOf(app), soon).toMatchObject({ status: 'HEALTHY' });
    await proxy.refuse();
    await expect.poll(() => activeIn(app), soon).toContain('database_down');
    await expect
      .poll(() => vectorsOf(app), soon)
      .toMatchObject({ status: 'UNKNOWN', detail: 'which turns wait is unknown without the database' });
    expect(await activeIn(app)).not.toContain('vectors_degraded');
    await proxy.restore();
    await expect.poll(() => vectorsOf(app), soon).toMatchObject({ status: 'HEALTHY' });
  }, 90_000);

  test('for more than a minute although the database is there, is a danger', async () => {
    let [now, isUp, answers] = [0, true, true];
    const pool = { query: async () => ({ rows: [{ seconds: 3 }] }) };
    const availability = {
      get isUp() {
        return isUp;
      },
      tolerate: async <T>(read: () => Promise<T>, fallback: T) => (answers && isUp ? read() : fallback),
    };
    const vectorLag = createLagReading({ db: { pool } as never, availability }, () => now);
    const reached = { look: async () => ({ isUp: true, reason: null }) };
    const guard = { state: 'up', since: null, reason: null };
    const parts = {
      ...{ availability, vectorLag, vectorReach: { vectorStore: reached, embedder: null } },
      vectorWorker: { stats: () => ({ store: guard, embedder: guard, lastEmbeddedAt: null }) },
      reconciler: { stats: () => ({ trouble: null, isCatchingUp: false, copied: 0 }) },
    };
    const statusAt = async (seconds: number) => {
      now = seconds * 1_000;
      const standing = await vectors.check?.(parts as never, 'watch');
      return [standing?.status, standing?.detail];
    };
    expect((await statusAt(0))[0]).toBe('HEALTHY');
    answers = false;
    expect((await statusAt(100))[0]).toBe('UNKNOWN');
    expect((await statusAt(160))[0]).toBe('UNKNOWN');
    expect(await statusAt(161)).toEqual(['DEGRADED', 'the database has not said for 61 s which turns wait']);
    // The time that it was away does not count.
    isUp = false;
    expect((await statusAt(200))[0]).toBe('UNKNOWN');
    isUp = true;
    expect((await statusAt(300))[0]).toBe('UNKNOWN');
    answers = true;
    expect((await statusAt(361))[0]).toBe('HEALTHY');
    answers = false;
    expect((await statusAt(362))[0]).toBe('UNKNOWN');
  });
});
