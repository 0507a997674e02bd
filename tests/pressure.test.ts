import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { createGauge, FALL_AFTER } from '../src/domains/pressure/gauge.ts';
import { PressureGauge } from '../src/domains/pressure/pressure.ts';
import { createReadings, memoryLimit, type Readings } from '../src/domains/pressure/readings.ts';
import type { ActivityNote } from '../src/ground/activity.ts';
import { createRest } from '../src/ground/pressure.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

describe('a gauge', () => {
  const levels = (thresholds: { elevated: number; high: number }, values: (number | null)[]) => {
    const gauge = createGauge(thresholds);
    return values.map((value) => {
      gauge.take(value);
      return gauge.level[0];
    });
  };
  const rising = { elevated: 100, high: 200 };
  const falling = { elevated: 100, high: 50 };

  test.each([
    ['one reading beyond it is chance', rising, [150, 99, 150, 99], 'LLLL'],
    ['two in a row are not', rising, [100, 100], 'LE'],
    ['of two the less counts', rising, [250, 150, 250, 250], 'LEEH'],
    ['it rises at once to what two reach', rising, [200, 200], 'LH'],
    ['around a threshold it stays', rising, [100, 100, 95, 105, 91, 99, 100, 95, 99, 94, 93], 'LEEEEEEEEEE'],
    ['it falls after five that are better by a tenth', rising, [100, 100, 89, 89, 89, 89, 89], 'LEEEEEL'],
    ['in a row', rising, [100, 100, 89, 89, 89, 89, 90, 89, 89, 89, 89, 89], 'LEEEEEEEEEEL'],
    [
      'by one level at a time',
      rising,
      [200, 200, ...Array<number>(FALL_AFTER).fill(0), ...Array<number>(FALL_AFTER).fill(0)],
      'LHHHHHEEEEEL',
    ],
    ['of what is left less is worse', falling, [60, 60, 50, 50, 10, 0], 'LEEHHH'],
    ['and more is better', falling, [100, 100, 109, 111, 111, 111, 111, 111], 'LEEEEEEL'],
    ['it knows nothing of what cannot be read', rising, [200, 200, null, 200, 200], 'LHLLH'],
    ['nor of what never could', rising, [null, null, null], 'LLL'],
  ])('%s', (_name, thresholds, values, expected) => {
    expect(levels(thresholds, values).join('')).toBe(expected);
  });
});

/** A machine with enough of everything. */
const CALM: Readings = {
  eventLoopDelayMs: 1,
  heapUsedBytes: 100,
  heapLimitBytes: 1_000,
  rssBytes: 100,
  rssLimitBytes: 1_000,
  connectionsWanted: 3,
  connections: 12,
  diskFreeBytes: 10_000,
};
const THRESHOLDS = {
  event_loop: { elevated: 200, high: 1_000 },
  heap: { elevated: 85, high: 95 },
  memory: { elevated: 85, high: 95 },
  database_pool: { elevated: 125, high: 200 },
  disk: { elevated: 2_000, high: 500 },
};

describe('the pressure', () => {
  const begin = () => {
    const notes: ActivityNote[] = [];
    let at = 0;
    const pressure = new PressureGauge({
      thresholds: THRESHOLDS,
      activity: { note: (note) => notes.push(note) },
      now: () => new Date(at),
    });
    const take = (readings: Partial<Readings>, times = 1) => {
      for (let time = 0; time < times; time++) {
        at += 2_000;
        pressure.take({ ...CALM, ...readings });
      }
    };
    return { pressure, notes, take };
  };

  test.each<[string, Partial<Readings>, string]>([
    ['event_loop', { eventLoopDelayMs: 1_000 }, 'event loop 1000 ms'],
    ['heap', { heapUsedBytes: 951 }, 'heap 95 %'],
    ['memory', { rssBytes: 999 }, 'memory 100 %'],
    ['database_pool', { connectionsWanted: 30 }, 'database pool 250 %'],
    ['disk', { diskFreeBytes: 0 }, 'disk 0 MiB'],
  ])('is as high as the worst reading, %s', (name, readings, words) => {
    const { pressure, notes, take } = begin();
    take({}, 3);
    expect([pressure.level(), pressure.pauseMs(), pressure.workers(4), notes.length]).toEqual([
      'LOW',
      0,
      4,
      0,
    ]);
    take(readings);
    expect(pressure.level()).toBe('LOW');
    take(readings);
    expect([pressure.level(), pressure.pauseMs(), pressure.workers(4)]).toEqual(['HIGH', 1_500, 1]);
    const { level, since, readAt, readings: shown } = pressure.state;
    expect([level, since.getTime(), readAt?.getTime()]).toEqual(['HIGH', 10_000, 10_000]);
    expect(shown.filter((reading) => reading.level !== 'LOW').map((reading) => reading.name)).toEqual([name]);
    expect(notes).toEqual([
      {
        kind: 'pressure_changed',
        subject: 'HIGH',
        message: `${words}; background work rests 1500 ms between its pieces`,
        level: 'WARNING',
      },
    ]);
    take({}, 10);
    expect(pressure.level()).toBe('LOW');
    expect(notes.map(({ subject, level: how }) => `${subject} ${how}`)).toEqual([
      'HIGH WARNING',
      'ELEVATED WARNING',
      'LOW INFO',
    ]);
  });

  test('slows by half where it is elevated, and always lets one work', () => {
    const { pressure, take } = begin();
    take({ heapUsedBytes: 850 }, 2);
    expect([pressure.level(), pressure.pauseMs()]).toEqual(['ELEVATED', 250]);
    expect([1, 2, 5, 8].map((most) => pressure.workers(most))).toEqual([1, 1, 2, 4]);
  });

  test('makes up nothing of what a machine does not say', () => {
    const { pressure, take, notes } = begin();
    expect(pressure.state.readAt).toBeNull();
    const none = Object.fromEntries(Object.keys(CALM).map((name) => [name, null])) as unknown as Readings;
    take(none, 3);
    expect(pressure.state.readings.map(({ value, used, limit }) => [value, used, limit])).toEqual(
      Array(5).fill([null, null, null]),
    );
    take({ rssLimitBytes: null, rssBytes: 5 });
    expect(pressure.state.readings.find(({ name }) => name === 'memory')).toMatchObject({
      ...{ value: null, used: 5, limit: null, level: 'LOW' },
    });
    expect(notes).toEqual([]);
  });
});

test('a rest lasts as long as the pressure asks for, and ends for a worker that stops', async () => {
  let ms = 0;
  const rest = createRest({ pauseMs: () => ms });
  await rest.take();
  await createRest(undefined).take();
  ms = 3_600_000;
  const resting = rest.take();
  rest.end();
  await resting;
});

test('work that is no whole piece earns no rest', async () => {
  const pauseMs = () => 1;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const rest = createRest({ pauseMs }, 250);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await rest.take();
  for (const [now, count] of [
    [100, 1],
    [249, 1],
    [250, 2],
    [499, 2],
    [500, 3],
  ] as const) {
    clock.mockReturnValue(now);
    await rest.take();
    expect(timers).toHaveBeenCalledTimes(count);
  }
  vi.restoreAllMocks();
});

describe('readings', () => {
  test('are of this process and machine', async () => {
    const pool = { totalCount: 5, idleCount: 2, waitingCount: 4, options: { max: 12 } };
    const source = createReadings(pool, tmpdir());
    const read = await source.read();
    expect(read).toMatchObject({ connectionsWanted: 7, connections: 12 });
    expect(read.heapUsedBytes).toBeGreaterThan(1e6);
    expect(read.heapLimitBytes).toBeGreaterThan(Number(read.heapUsedBytes));
    expect(read.rssLimitBytes).toBeGreaterThan(Number(read.rssBytes));
    expect(read.diskFreeBytes).toBeGreaterThan(0);
    source.stop();
  });

  test('see an event loop that was held up, and are null before there was a look', async () => {
    const pool = { totalCount: 0, idleCount: 0, waitingCount: 0, options: { max: 12 } };
    const source = createReadings(pool, tmpdir());
    const first = source.read();
    expect((await first).eventLoopDelayMs).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 120));
    const until = performance.now() + 400;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect((await source.read()).eventLoopDelayMs).toBeGreaterThan(250);
    source.stop();
  });

  test('of a disk that is not there are null', async () => {
    const pool = { totalCount: 0, idleCount: 0, waitingCount: 0, options: { max: 12 } };
    const source = createReadings(pool, '/no/such/directory');
    expect((await source.read()).diskFreeBytes).toBeNull();
    source.stop();
  });

  test.each([
    ['none', 0, 64, 64],
    ['one of no number', 2 ** 64, 64, 64],
    ['one above what there is', 65, 64, 64],
    ['one below', 16, 64, 16],
  ])('take the limit of the container, %s', (_name, constrained, total, limit) => {
    expect(memoryLimit(constrained, total)).toBe(limit);
  });

  const CGROUP = '/sys/fs/cgroup/memory.max';
  test.skipIf(!existsSync(CGROUP))('find the limit that the system has written down', () => {
    const written = Number(readFileSync(CGROUP, 'utf8'));
    const limit = memoryLimit(process.constrainedMemory(), Number.MAX_SAFE_INTEGER);
    if (Number.isFinite(written)) expect(limit).toBeLessThanOrEqual(written);
  });
});

describe('the settings', () => {
  const read = (env: Record<string, string>) => readConfig(env, tmpdir()).pressure;

  test('have defaults, and are read', () => {
    expect(read({})).toEqual({
      eventLoopMs: { elevated: 200, high: 1_000 },
      memoryPercent: { elevated: 85, high: 95 },
      diskFreeBytes: { elevated: 2_147_483_648, high: 536_870_912 },
    });
    expect(read({ PRESSURE_DISK_FREE_MB: '2/0' }).diskFreeBytes).toEqual({ elevated: 2_097_152, high: 0 });
  });

  test.each([
    ['PRESSURE_EVENT_LOOP_MS', '200'],
    ['PRESSURE_EVENT_LOOP_MS', '1000/200'],
    ['PRESSURE_EVENT_LOOP_MS', '200/200'],
    ['PRESSURE_EVENT_LOOP_MS', '0/200'],
    ['PRESSURE_MEMORY_PERCENT', '85/101'],
    ['PRESSURE_MEMORY_PERCENT', '85 / 95'],
    ['PRESSURE_MEMORY_PERCENT', '-1/95'],
    ['PRESSURE_DISK_FREE_MB', '512/2048'],
    ['PRESSURE_DISK_FREE_MB', '1e9/1'],
  ])('refuse %s=%s by name', (name, value) => {
    let problem: unknown;
    try {
      read({ [name]: value });
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(ConfigError);
    expect((problem as ConfigError).message).toContain(`${name}: must be ELEVATED/HIGH`);
  });
});

describe('a server under pressure', () => {
  let app: TestApp;
  beforeAll(async () => {
    // No disk has so much left.
    app = await startTestApp({
      env: { PRESSURE_DISK_FREE_MB: '1000000000/999999999', CANARY_INTERVAL_MS: '0' },
    });
  });
  afterAll(() => app.close());
  const PRESSURE = `{ health { status pressure { level since pauseMs readAt
    readings { name unit value used limit level elevated high } } } }`;

  test('says so in health, in the stream and to Prometheus, and is not ill by it', async () => {
    const health = async (user?: string) => (await app.graphql(PRESSURE, {}, user)).data.health;
    await expect.poll(async () => (await health()).pressure.level).toBe('HIGH');
    const { status, pressure } = await health();
    expect(status).not.toBe('UNHEALTHY');
    expect(pressure).toMatchObject({ pauseMs: 1_500, since: expect.any(String), readAt: expect.any(String) });
    const byName = Object.fromEntries(pressure.readings.map((each: { name: string }) => [each.name, each]));
    expect(Object.keys(byName)).toEqual(['event_loop', 'heap', 'memory', 'database_pool', 'disk']);
    expect(byName.disk).toMatchObject({
      unit: 'BYTES',
      level: 'HIGH',
      high: 999_999_999 * 1_048_576,
      used: null,
    });
    expect(byName.disk.value).toBeGreaterThan(0);
    expect(byName.memory).toMatchObject({ unit: 'PERCENT', elevated: 85, high: 95 });
    expect(byName.memory.value).toBeCloseTo((byName.memory.used / byName.memory.limit) * 100, 6);
    // What the machine has is for those who may see its figures.
    expect((await health('ada')).pressure).toMatchObject({ level: 'HIGH', readings: null });
    const figures = await (await fetch(`${app.url}/metrics`)).text();
    expect(figures).toMatch(/^echo_pressure_level 2$/m);
    expect(figures).toMatch(/^echo_pressure_reading\{name="disk",unit="bytes"\} \d+/m);
    await expect
      .poll(
        async () =>
          (await app.graphql('{ activity { nodes { kind subject message } } }')).data.activity.nodes,
      )
      .toContainEqual({
        kind: 'pressure_changed',
        subject: 'HIGH',
        message: expect.stringMatching(/^disk \d+ MiB; background work rests 1500 ms between its pieces$/),
      });
  });

  test('is asked by background work, which goes on, and by no request', async () => {
    const { pressure } = app.app.services;
    const askers = new Set<string>();
    const asked = vi.spyOn(pressure, 'pauseMs').mockImplementation(() => {
      const [, asker = 'nobody'] = /src\/domains\/([\w-]+\/[\w-]+)\.ts/.exec(new Error().stack ?? '') ?? [];
      if (!asker.startsWith('pressure/')) askers.add(asker);
      return 0;
    });
    const turns = Array.from({ length: 100 }, (_, number) => ({ query: `a heron flew by number ${number}` }));
    await app.record('c', turns);
    expect((await app.search('heron number 7')).length).toBeGreaterThan(0);
    await expect
      .poll(() => [...askers].sort(), { timeout: 60_000 })
      .toEqual(['vector-index/worker', 'word-index/worker']);
    asked.mockRestore();
  }, 120_000);
});
