import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RECORDED } from '../src/domains/metrics/recorded.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const HISTORY = `query ($name: String!, $since: DateTime!, $until: DateTime, $step: Int) {
  metricsHistory(name: $name, since: $since, until: $until, stepSeconds: $step) {
    name kind unit stepSeconds points { at value count low high p50 p95 p99 } } }`;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Asked = { name: string; since: Date; until?: Date; step?: number };

async function history(app: TestApp, asked: Asked) {
  const { data, errors } = await app.graphql(HISTORY, asked);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.metricsHistory;
}

const refused = async (app: TestApp, asked: Asked) =>
  (await app.graphql(HISTORY, asked)).errors?.[0]?.extensions;
const ago = (ms: number) => new Date(Date.now() - ms);
const store = (app: TestApp, of: 'minutes' | 'hours', at: Date, server: string, rollups: object) =>
  app.sql(`insert into echo_metric_${of} (at, server, rollups) values ($1, $2, $3)`, [at, server, rollups]);

describe('a server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  test('tells each second of what it just did', async () => {
    const since = ago(1_000);
    for (const query of ['one', 'two', 'three']) await app.record('c', [query]);
    const stored = async () => {
      const { points } = await history(app, { name: 'echo_turns_stored_total', since });
      return points.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    };
    await expect.poll(stored).toBe(3);
    const latency = await history(app, {
      name: 'echo_graphql_operation_seconds{operation="recordTurns",type="mutation"}',
      since,
    });
    expect(latency).toMatchObject({ kind: 'DISTRIBUTION', unit: 'SECONDS', stepSeconds: 1 });
    const seen = latency.points.filter(({ count }: { count: number }) => count > 0);
    expect(seen.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(3);
    for (const { value, p50, p95, p99 } of seen) {
      expect(value).toBeGreaterThan(0);
      expect([p50, p95, p99]).toEqual([p50, p95, p99].toSorted((one, other) => one - other));
    }
    const memory = await history(app, { name: 'process_resident_memory_bytes', since: ago(5_000) });
    expect(memory.points.at(-1).value).toBeGreaterThan(50e6);
    expect(memory.points.at(-1)).toMatchObject({ count: null, p50: null });
  });

  test('names every metric that has a past, and each of them exists', async () => {
    await expect
      .poll(async () => {
        const { data } = await app.graphql(
          '{ metricNames { name description kind unit everySeconds series } }',
        );
        return data.metricNames.find(({ name }: { name: string }) => name === 'echo_http_requests_total')
          ?.series;
      })
      .toContain('echo_http_requests_total{door="graphql",status="200"}');
    const { data } = await app.graphql('{ metricNames { name description } }');
    expect(data.metricNames.map(({ name }: { name: string }) => name)).toEqual(
      RECORDED.map(({ name }) => name),
    );
    const registered = await (await fetch(`${app.url}/metrics`)).text();
    for (const { name, description } of data.metricNames) {
      expect(description, name).not.toBe('');
      expect(registered, name).toContain(`# TYPE ${name} `);
    }
  });

  test('refuses what it cannot tell, and names why', async () => {
    const name = 'echo_turns_stored_total';
    expect(await refused(app, { name: 'nothing', since: ago(HOUR) })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'name',
    });
    expect(await refused(app, { name, since: ago(-HOUR) })).toMatchObject({ field: 'since' });
    expect(await refused(app, { name, since: ago(HOUR), until: ago(2 * HOUR) })).toMatchObject({
      field: 'since',
    });
    for (const step of [0, -1, 2_678_401])
      expect(await refused(app, { name, since: ago(HOUR), step })).toMatchObject({ field: 'stepSeconds' });
    expect(await refused(app, { name, since: ago(47 * HOUR), step: 60 })).toMatchObject({
      field: 'stepSeconds',
    });
    expect(await history(app, { name, since: ago(20 * MINUTE), step: 7 })).toMatchObject({ stepSeconds: 60 });
    expect(await history(app, { name, since: ago(30 * 24 * HOUR), step: 7 })).toMatchObject({
      stepSeconds: 3_600,
    });
    const plain = await app.graphql(HISTORY, { name, since: ago(HOUR) }, 'ada');
    expect(plain.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('adds up what several servers stored, by minutes and by hours', async () => {
    const name = 'echo_refusals_total';
    const hour = new Date(Math.floor((Date.now() - 5 * HOUR) / HOUR) * HOUR);
    const minute = (n: number) => new Date(hour.getTime() + n * MINUTE);
    const code = (value: string) => `${name}{code="${value}"}`;
    const spread = 'echo_answer_seconds{model="m"}';
    await store(app, 'minutes', minute(0), 'one', {
      [code('FORBIDDEN')]: { s: 3 },
      [code('RATE_LIMITED')]: { s: 4 },
      echo_journal_depth: { n: 60, s: 600, lo: 5, hi: 20, l: 7 },
      echo_vectors_lag_seconds: { n: 1, s: 9, lo: 9, hi: 9, l: 9 },
      [spread]: { n: 3, s: 1.2, b: { '0.25': 1, '0.5': 2 } },
    });
    await store(app, 'minutes', minute(0), 'two', {
      [code('FORBIDDEN')]: { s: 10 },
      echo_journal_depth: { n: 30, s: 90, lo: 1, hi: 4, l: 2 },
      echo_vectors_lag_seconds: { n: 1, s: 4, lo: 4, hi: 4, l: 4 },
      [spread]: { n: 1, s: 40, b: { '60': 1 } },
    });
    await store(app, 'minutes', minute(1), 'one', { [code('FORBIDDEN')]: { s: 60 } });
    const asked = { since: hour, until: minute(10), step: 60 };
    const all = await history(app, { ...asked, name });
    expect(all.points.map(({ at, count, value }: Record<string, unknown>) => [at, count, value])).toEqual([
      [minute(0).toISOString(), 17, 17 / 60],
      [minute(1).toISOString(), 60, 1],
    ]);
    const one = await history(app, { ...asked, name: code('RATE_LIMITED') });
    expect(one.points.map(({ count }: { count: number }) => count)).toEqual([4, 0]);
    const [depth] = (await history(app, { ...asked, name: 'echo_journal_depth' })).points;
    expect(depth).toMatchObject({ value: 13, low: 6, high: 24, count: null });
    const [lag] = (await history(app, { ...asked, name: 'echo_vectors_lag_seconds' })).points;
    expect(lag).toMatchObject({ value: 9 });
    const [answers] = (await history(app, { ...asked, name: 'echo_answer_seconds' })).points;
    expect(answers).toMatchObject({ count: 4, p50: 0.375 });
    expect(answers.p99).toBeGreaterThan(30);
    const old = new Date(Date.now() - 100 * 24 * HOUR);
    await store(app, 'hours', new Date(Math.floor(old.getTime() / HOUR) * HOUR), 'one', {
      [code('FORBIDDEN')]: { s: 7 },
    });
    const days = await history(app, { name, since: ago(101 * 24 * HOUR), step: 86_400 });
    expect(days.stepSeconds).toBe(86_400);
    const counts = days.points.map(({ count }: { count: number }) => count);
    // The hour is not over for long enough to be made of its minutes by a server of that name.
    expect(counts.slice(0, 1)).toEqual([7]);
    expect(counts.slice(1).reduce((sum: number, count: number) => sum + count, 0)).toBeGreaterThanOrEqual(77);
  });

  test('reads once for all charts that show the same, and shows what is stored after it', async () => {
    const name = 'echo_learning_lag_seconds';
    const counted = () => app.statements.filter((each) => each === 'stored_metric_minutes').length;
    const minute = new Date(Math.floor((Date.now() - 90 * MINUTE) / MINUTE) * MINUTE);
    const lag = (value: number) => ({ [name]: { n: 1, s: value, lo: value, hi: value, l: value } });
    const asked = { name, since: minute, until: new Date(minute.getTime() + 10 * MINUTE), step: 60 };
    await store(app, 'minutes', minute, 'charted', lag(5));
    const before = counted();
    const charts = await Promise.all(Array.from({ length: 40 }, () => history(app, asked)));
    expect(new Set(charts.map((chart) => JSON.stringify(chart))).size).toBe(1);
    // A minute may end meanwhile.
    expect(counted() - before).toBeLessThanOrEqual(2);
    const values = async () => {
      const { points } = await history(app, asked);
      return points.map(({ value }: { value: number }) => value);
    };
    expect(await values()).toEqual([5]);
    await store(app, 'minutes', new Date(minute.getTime() + MINUTE), 'charted', lag(7));
    await expect.poll(values).toEqual([5, 7]);
    await app.sql(`update echo_metric_minutes set rollups = $1 where server = 'charted' and at = $2`, [
      lag(6),
      minute,
    ]);
    await expect.poll(values).toEqual([6, 7]);
  });
});

test('what was measured is there after a restart, and hours are made of their minutes', async () => {
  const name = 'echo_turns_stored_total';
  const first = await startTestApp();
  await first.record('c', ['before']);
  const sumOf = async (app: TestApp, since: Date, step?: number) => {
    const { points } = await history(app, { name, since, ...(step && { step }) });
    return points.reduce((all: number, { count }: { count: number }) => all + count, 0);
  };
  await expect.poll(() => sumOf(first, ago(60_000))).toBe(1);
  await first.app.close();
  const [stored] = await first.sql<{ server: string }>('select server from echo_metric_minutes');
  const hour = new Date(Math.floor((Date.now() - 3 * HOUR) / HOUR) * HOUR);
  for (const minute of [0, 1])
    await store(first, 'minutes', new Date(hour.getTime() + minute * MINUTE), stored?.server ?? '', {
      [name]: { s: 5 },
    });
  const env = { DATABASE_URL: first.databaseUrl, DATA_DIR: first.directory };
  const second = await startTestApp({ env });
  try {
    const made = () => first.sql('select at, server, rollups from echo_metric_hours');
    await expect.poll(made).toEqual([{ at: hour, server: stored?.server, rollups: { [name]: { s: 10 } } }]);
    await second.record('c', ['after']);
    await expect.poll(() => sumOf(second, ago(30 * MINUTE), 60)).toBe(2);
    const hours = await history(second, { name, since: hour, step: 3_600 });
    expect(hours.points[0]).toMatchObject({ at: hour.toISOString(), count: 10 });
    expect(hours.points.at(-1).count).toBeGreaterThanOrEqual(1);
  } finally {
    await second.close();
    await first.close();
  }
});
