import { describe, type TestContext, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startOpenAiServer } from './support/openai-server.ts';
import { startQdrantDouble } from './support/qdrant-double.ts';

const checkOf = async (app: TestApp, name: string) => {
  const { data } = await app.graphql('{ health { status checks { name status detail } } }');
  return data.health.checks.find((check: { name: string }) => check.name === name);
};
const alertsOf = async (app: TestApp) => app.app.services.alerts.active.map(({ name }) => name);
const soon = { timeout: 60_000, interval: 200 };

/** What a test starts ends with it: others run beside it. */
type AtEnd = TestContext['onTestFinished'];

async function start(atEnd: AtEnd, env: Record<string, string>): Promise<TestApp> {
  const app = await startTestApp({ env });
  atEnd(app.close);
  return app;
}

async function qdrant(atEnd: AtEnd, options: Parameters<typeof startQdrantDouble>[0] = {}) {
  const double = await startQdrantDouble(options);
  atEnd(double.close);
  return double;
}

async function models(atEnd: AtEnd) {
  const server = await startOpenAiServer({ embeddingDimensions: 16 });
  atEnd(server.close);
  return server;
}

const record = (app: TestApp, count: number) =>
  app.record(
    'talk',
    Array.from({ length: count }, (_, at) => `The lighthouse number ${at}`),
  );

describe('health asks the vector store', () => {
  test.concurrent.for<[string, (double: Awaited<ReturnType<typeof qdrant>>) => unknown, RegExp]>([
    ['that freezes', (double) => double.stall(), /has not answered|not/],
    ['that goes away', (double) => double.goAway(), /Qdrant/],
    ['that wants another key', (double) => double.failWith(403), /QDRANT_API_KEY/],
  ])(
    '%s while nobody uses it, and says when it is back',
    { timeout: 200_000 },
    async ([, fail, detail], { expect, onTestFinished: atEnd }) => {
      const double = await qdrant(atEnd);
      const app = await start(atEnd, { QDRANT_URL: double.url });
      await expect.poll(() => checkOf(app, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
      await fail(double);
      await expect
        .poll(() => checkOf(app, 'vectors'), soon)
        .toMatchObject({ status: 'DEGRADED', detail: expect.stringMatching(detail) });
      await expect.poll(() => alertsOf(app), soon).toContain('vectors_degraded');
      double.recover();
      await double.comeBack();
      await expect.poll(() => checkOf(app, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
    },
  );

  test.concurrent('that is down, or refuses the key, from the start', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const double = await qdrant(atEnd, { apiKey: 'right' });
    const app = await start(atEnd, { QDRANT_URL: double.url, QDRANT_API_KEY: 'wrong' });
    await expect
      .poll(() => checkOf(app, 'vectors'), soon)
      .toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining('QDRANT_API_KEY') });
    await double.goAway();
    const other = await start(atEnd, { QDRANT_URL: double.url });
    await expect.poll(() => checkOf(other, 'vectors'), soon).toMatchObject({ status: 'DEGRADED' });
  });

  test.concurrent('at most once in some seconds, however often health is asked', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const double = await qdrant(atEnd);
    const app = await start(atEnd, { QDRANT_URL: double.url });
    await app.app.services.reconciler.stop();
    await checkOf(app, 'vectors');
    const pings = () =>
      double.requests.filter(({ name }) => name === 'get /collections/{collection_name}').length;
    const before = pings();
    const began = performance.now();
    await Promise.all(Array.from({ length: 100 }, () => checkOf(app, 'vectors')));
    const seconds = (performance.now() - began) / 1_000;
    expect(pings() - before).toBeLessThan(10 + seconds);
  });

  test.concurrent('the loss of all points raises an alert, and they come back', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const double = await qdrant(atEnd);
    const app = await start(atEnd, { QDRANT_URL: double.url });
    await record(app, 30);
    const points = () => double.collections.get('echo_turns')?.points;
    await expect.poll(() => points()?.size, soon).toBe(30);
    await expect
      .poll(
        async () => (await app.graphql('{ persistence { vectors { embedded } } }')).data.persistence.vectors,
        soon,
      )
      .toEqual({ embedded: 30 });
    points()?.clear();
    const told = async () =>
      (await app.graphql('{ alerts(first: 100) { nodes { name state } } }')).data.alerts.nodes.map(
        ({ name, state }: { name: string; state: string }) => `${name} ${state}`,
      );
    await expect.poll(told, soon).toContain('vectors_lost RAISED');
    await expect.poll(() => points()?.size, soon).toBe(30);
    await expect.poll(told, soon).toContain('vectors_lost CLEARED');
  }, 200_000);

  test.concurrent('vectors that are taken from points that stay are noticed', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const double = await qdrant(atEnd);
    const app = await start(atEnd, { QDRANT_URL: double.url });
    await record(app, 20);
    const points = () => double.collections.get('echo_turns')?.points;
    await expect.poll(() => points()?.size, soon).toBe(20);
    const ids = [...(points()?.keys() ?? [])] as string[];
    await expect
      .poll(
        async () => (await app.graphql('{ persistence { vectors { embedded } } }')).data.persistence.vectors,
        soon,
      )
      .toEqual({ embedded: 20 });
    double.loseVectors(ids.slice(0, 12));
    double.loseVectors(ids.slice(12, 15), Array(384).fill(0));
    await expect
      .poll(
        () =>
          ids.filter((id) =>
            points()
              ?.get(id)
              ?.vector?.some((value) => value !== 0),
          ).length,
        soon,
      )
      .toBe(20);
  }, 200_000);
});

describe('health asks the models', () => {
  test.concurrent('an embedding model that freezes or goes while nobody uses it', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const server = await models(atEnd);
    const app = await start(atEnd, {
      EMBEDDINGS_BASE_URL: server.url,
      EMBEDDINGS_MODEL: 'small',
      EMBEDDINGS_DIMENSIONS: '16',
    });
    await expect.poll(() => checkOf(app, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
    server.embedWith('stall');
    await expect
      .poll(() => checkOf(app, 'vectors'), soon)
      .toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining('embedding model') });
    server.embedWith('answer');
    await expect.poll(() => checkOf(app, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
  }, 200_000);

  test.concurrent('language models that cannot be reached from the start, or from some time on', async ({
    expect,
    onTestFinished: atEnd,
  }) => {
    const server = await startOpenAiServer();
    const env = { LLM_BASE_URL: server.url, LLM_MODELS: 'quick=small' };
    const app = await start(atEnd, env);
    await expect.poll(() => checkOf(app, 'models'), soon).toMatchObject({ status: 'HEALTHY' });
    await server.close();
    await expect
      .poll(() => checkOf(app, 'models'), soon)
      .toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining('cannot be reached') });
    const late = await start(atEnd, env);
    expect(await checkOf(late, 'models')).toMatchObject({ status: 'DEGRADED' });
    await expect.poll(() => alertsOf(late), soon).toContain('models_degraded');
  }, 200_000);
});

test.concurrent('canaries of two servers on one database leave each other alone', async ({
  expect,
  onTestFinished: atEnd,
}) => {
  const double = await qdrant(atEnd);
  const first = await start(atEnd, { QDRANT_URL: double.url });
  const second = await start(atEnd, { QDRANT_URL: double.url, DATABASE_URL: first.databaseUrl });
  for (let run = 0; run < 3; run++) {
    const results = await Promise.all([first, second].map(({ app }) => app.services.canary.run()));
    expect(results.map(({ problem }) => problem)).toEqual([null, null]);
  }
  expect(await first.sql(`select 1 from echo_conversations where tenant_id = '__canary'`)).toEqual([]);
}, 200_000);

test.concurrent('servers that share a database but not their vectors make each turn’s vector once for each', async ({
  expect,
  onTestFinished: atEnd,
}) => {
  const server = await models(atEnd);
  const env = { EMBEDDINGS_BASE_URL: server.url, EMBEDDINGS_MODEL: 'small', EMBEDDINGS_DIMENSIONS: '16' };
  const first = await start(atEnd, env);
  const second = await start(atEnd, { ...env, DATABASE_URL: first.databaseUrl });
  await record(first, 40);
  const ids = (await first.sql<{ id: string }>('select turn_id as id from echo_unified_interactions')).map(
    ({ id }) => id,
  );
  const found = () =>
    Promise.all([first, second].map(async ({ app }) => (await app.services.vectors.fetch(ids)).size));
  await expect.poll(found, soon).toEqual([40, 40]);
  const passes = () => [first, second].map(({ app }) => app.services.reconciler.stats().passes);
  const [one = 0, two = 0] = passes();
  await expect.poll(() => passes().every((each, at) => each > (at === 0 ? one : two)), soon).toBe(true);
  for (const { app } of [first, second])
    expect(app.services.reconciler.stats()).toMatchObject({ missing: 0, stale: 0, repaired: 0 });
  const embedded = server.requests
    .flatMap(({ body }) => body.input ?? [])
    .filter((text) => /lighthouse/.test(text));
  expect(embedded.length).toBeLessThanOrEqual(80);
}, 200_000);

test.concurrent('a server that lacks vectors which others have says so until it has made them', async ({
  expect,
  onTestFinished: atEnd,
}) => {
  const server = await models(atEnd);
  const env = { EMBEDDINGS_BASE_URL: server.url, EMBEDDINGS_MODEL: 'small', EMBEDDINGS_DIMENSIONS: '16' };
  const first = await start(atEnd, env);
  for (const count of [500, 500, 100]) await record(first, count);
  const second = await start(atEnd, { ...env, DATABASE_URL: first.databaseUrl });
  const { vectors, reconciler } = second.app.services;
  const ids = (await first.sql<{ id: string }>('select turn_id as id from echo_unified_interactions')).map(
    ({ id }) => id,
  );
  const size = async () => (await vectors.fetch(ids)).size;
  await expect.poll(size, soon).toBe(1_100);
  await expect.poll(() => checkOf(second, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
  const before = reconciler.stats().copied;

  // As if its files had been lost.
  await vectors.remove(ids);
  await expect
    .poll(() => checkOf(second, 'vectors'), { ...soon, interval: 20 })
    .toMatchObject({
      status: 'DEGRADED',
      detail: expect.stringMatching(/^this server lacks vectors .* \(\d+ so far\)/),
    });
  expect(await checkOf(first, 'vectors')).toMatchObject({ status: 'HEALTHY' });
  await expect.poll(size, soon).toBe(1_100);
  await expect.poll(() => checkOf(second, 'vectors'), soon).toMatchObject({ status: 'HEALTHY' });
  const { data } = await second.graphql('{ persistence { vectors { reconciler { copied missing } } } }');
  expect(data.persistence.vectors.reconciler.missing).toBe(0);
  expect(data.persistence.vectors.reconciler.copied).toBeGreaterThanOrEqual(before + 1_100);

  // A few that the other one has just made are no reason.
  const some = ids.slice(0, 100);
  await vectors.remove(some);
  const passes = reconciler.stats().passes;
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      seen.add((await checkOf(second, 'vectors')).status);
      return reconciler.stats().passes;
    }, soon)
    .toBeGreaterThan(passes + 1);
  expect([...seen]).toEqual(['HEALTHY']);
}, 200_000);
