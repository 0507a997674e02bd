import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { optionsOf } from '../torture/server.ts';
import { judgeFlat, type Rule } from '../torture/soak/judge-flat.ts';
import { BOUNDS, type FaultSpan, type HealthSample, judgeHealth } from '../torture/soak/judge-health.ts';
import { type Asked, judgeOnce, type Kept } from '../torture/soak/judge-once.ts';
import { pageOf } from '../torture/soak/report.ts';
import { type Sample, seriesOf } from '../torture/soak/samples.ts';

test('servers are started as npm start does', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(optionsOf(scripts.start)).toContain('--max-semi-space-size=4');
  expect(optionsOf('node --a=1 --b scripts/start.ts')).toEqual(['--a=1', '--b']);
});

describe('the judge of once each', () => {
  const asked = (): Asked[] => [
    { kind: 'fact', name: 'a', value: 'ACTIVE', acknowledged: true },
    { kind: 'fact', name: 'b', value: 'ACTIVE', acknowledged: false },
    { kind: 'picture', name: 'a', value: '/a.jpg', acknowledged: true },
  ];
  const kept = (): Kept[] => asked().map(({ kind, name, value }) => ({ kind, name, value }));

  test('finds nothing where all is there once, or was never acknowledged', () => {
    expect(judgeOnce(asked(), kept()).findings).toEqual([]);
    expect(judgeOnce(asked(), kept().toSpliced(1, 1))).toEqual({
      findings: [],
      figures: {
        fact: { asked: 2, acknowledged: 1, stored: 1 },
        picture: { asked: 1, acknowledged: 1, stored: 1 },
      },
    });
  });

  test.each<[string, string, (kept: Kept[]) => unknown]>([
    ['what was acknowledged is missing', 'lost', (rows) => rows.shift()],
    ['something is there twice', 'duplicated', (rows) => rows.push(rows[0]!)],
    ['what nobody acknowledged is there twice', 'duplicated', (rows) => rows.push(rows[1]!)],
    ['something is another', 'altered', (rows) => (rows[2] = { ...rows[2]!, value: '/b.jpg' })],
    [
      'nobody asked for it',
      'unknown-stored',
      (rows) => rows.push({ kind: 'fact', name: 'c', value: 'ACTIVE' }),
    ],
  ])('finds that %s', (_what, check, doctor) => {
    const rows = kept();
    doctor(rows);
    expect(judgeOnce(asked(), rows).findings.map((finding) => finding.check)).toEqual([check]);
  });
});

describe('the judge of what must not grow', () => {
  const flat: Rule = { kind: 'flat', share: 0.1, floor: 5 };
  const judge = (values: readonly number[], rule: Rule) =>
    judgeFlat(
      [{ name: 'memory', unit: 'MB', rule, points: values.map((value, at) => [at, value] as const) }],
      values.length,
    );
  const over = (value: (at: number) => number) => Array.from({ length: 30 }, (_, at) => value(at));

  test.each<[string, readonly number[], Rule, boolean | null]>([
    ['is level', over(() => 100), flat, true],
    ['grows while it warms up', over((at) => Math.min(at, 10) * 20), flat, true],
    ['jumps for a moment', over((at) => (at === 25 ? 900 : 100)), flat, true],
    ['grows less than the rule allows', over((at) => 100 + at / 2), flat, true],
    ['grows on and on', over((at) => 100 + 3 * at), flat, false],
    ['has too few samples', [1, 2, 3, 400], flat, null],
    ['stays within its bound', over((at) => at), { kind: 'bounded', limit: 29 }, true],
    ['passes its bound once', over((at) => at), { kind: 'bounded', limit: 28 }, false],
  ])('says of a figure that %s', (_what, values, rule, isFlat) => {
    const { findings, figures } = judge(values, rule);
    expect(figures[0]?.isFlat).toBe(isFlat);
    expect(findings.map(({ check }) => check)).toEqual(isFlat === false ? ['grows'] : []);
  });

  test('sees a server that keeps memory and files, and tables that grow faster than what is stored', () => {
    const samples = (leak: number): Sample[] =>
      Array.from({ length: 60 }, (_, index) => ({
        at: index * 60_000,
        servers: {
          one: {
            ...{ pid: 1, ageMs: index * 60_000, threads: 10, dataMb: 5, cpuSeconds: index },
            ...{ memoryMb: 150 + leak * index, files: 60 + leak * index },
          },
        },
        database: {
          ...{ megabytes: 20 + index * (1 + leak * index * 0.01), walMb: 100, turns: 100 * index },
          ...{
            connections: 12,
            tasksWaiting: 0,
            tasksRunning: 1,
            deliveriesWaiting: 0,
            turnsWaiting: leak * index * 3,
          },
          tables: {},
        },
        latencies: {},
      }));
    const found = (leak: number) =>
      judgeFlat(seriesOf(samples(leak), ['one']), 3_600_000).findings.map(
        ({ detail }) => detail.split(':')[0],
      );
    expect(found(0)).toEqual([]);
    expect(found(2)).toEqual([
      'memoryMb of one',
      'files of one',
      'database per turn',
      'turns that wait for their vector',
    ]);
  });
});

describe('the judge of health', () => {
  /** A soak in which nothing happened. */
  const result: Parameters<typeof pageOf>[0] = {
    ...{ commit: 'abc', seed: 's', passed: true, startedAt: '2026-11-30', seconds: 300, machine: 'm' },
    ...{
      faults: {},
      once: {},
      flatness: [],
      findings: [],
      failures: [],
      spans: [],
      samples: [],
      healthSamples: [],
    },
    turns: {
      sent: 0,
      stored: 0,
      acknowledged: {},
      unacknowledgedAttempts: {},
      answeredTwice: 0,
      storedThoughRefused: 0,
      seen: {},
    },
    tasks: { ended: 0, attempts: 0 },
    slots: { decided: 0, run: 0 },
    backups: { made: 0, restored: 0 },
    webhook: { changes: 0, messages: 0 },
    requests: { answered: 0, failed: 0, failedWithoutFault: 0 },
    health: judgeHealth([], []).figures,
  };
  const { seeMs, clearMs, lastsMs } = BOUNDS;
  const span: FaultSpan = {
    ...{
      kind: 'models away',
      from: 100_000,
      until: 140_000,
      server: null,
      check: 'models',
      isUnready: false,
    },
  };
  const wrong = (name: string) => ({ ready: 200, wrong: { [name]: 'DEGRADED' } });
  const well = { ready: 200, wrong: {} };
  /** One sample a second of a server that says what it should. */
  const samples = (server: string, said: (at: number) => HealthSample['said']): HealthSample[] =>
    Array.from({ length: 300 }, (_, index) => index * 1_000).map((at) => ({
      at,
      until: at + 50,
      server,
      starved: 0,
      said: said(at),
    }));
  const during = (at: number) => at >= span.from + 5_000 && at < span.until + 10_000;
  const truthful = (at: number) => (during(at) ? wrong('models') : well);

  test('finds nothing in the truth, and says how soon it was told', () => {
    const { findings, figures } = judgeHealth(samples('one', truthful), [span]);
    expect(findings).toEqual([]);
    expect(figures).toMatchObject({ falseGreen: 0, falseRed: 0 });
    expect(figures.seenMs).toEqual({ 'models away': 5_050 });
    expect(figures.clearedMs).toEqual({ 'models away': 10_050 });
    expect(figures.judged).toBeGreaterThan(120);
  });

  test.each<[string, (at: number) => HealthSample['said'], RegExp]>([
    ['is green throughout a fault', () => well, /one says that models is well during models away/],
    ['tells of something else', (at) => (during(at) ? wrong('journal') : well), /models is well/],
    [
      'complains long after it',
      (at) => (at > span.from + 5_000 ? wrong('models') : well),
      /one says models DEGRADED long after the last fault/,
    ],
    ['complains without a fault', (at) => (at < 90_000 ? wrong('canary') : truthful(at)), /canary DEGRADED/],
    [
      'is not ready without a fault',
      (at) => (at < 90_000 ? { ready: 503, wrong: {} } : truthful(at)),
      /says \/readyz 503 long/,
    ],
    [
      'does not answer without a fault',
      (at) => (at < 90_000 ? null : truthful(at)),
      /does not answer, and nothing/,
    ],
    [
      'does not answer in a fault of something else',
      (at) => (during(at) ? null : well),
      /does not answer during/,
    ],
  ])('finds a server that %s', (_what, said, words) => {
    const { findings } = judgeHealth(samples('one', said), [span]);
    expect(findings.map(({ check }) => check)).toEqual(['health-untrue']);
    expect(findings[0]?.detail).toMatch(words);
  });

  test('names each check that was not green without a fault, with what was told of it last', () => {
    const said = (at: number): HealthSample['said'] => {
      if (at === 70_000 || at === 71_000)
        return { ready: 200, wrong: { canary: `DEGRADED (${at} ms)`, objectives: 'DEGRADED' } };
      if (at === 72_000) return { ready: 503, wrong: { journal: 'UNHEALTHY (full)' } };
      if (at === 74_000) return { ready: 503, wrong: {} };
      if (at === 76_000) return { ready: 200, wrong: { canary: 'DEGRADED (again)' } };
      return at === 80_000 ? null : truthful(at);
    };
    const { findings, figures } = judgeHealth(samples('one', said), [span]);
    expect(findings).toEqual([]);
    expect(figures.falseRed).toBe(6);
    const one = { server: 'one', answers: 1 };
    expect(figures.complaints).toEqual([
      {
        server: 'one',
        check: 'canary',
        said: 'DEGRADED (71000 ms)',
        from: 70_000,
        until: 71_050,
        answers: 2,
      },
      { ...one, check: 'journal', said: 'UNHEALTHY (full)', from: 72_000, until: 72_050 },
      { ...one, check: '/readyz', said: '503', from: 74_000, until: 74_050 },
      { ...one, check: 'canary', said: 'DEGRADED (again)', from: 76_000, until: 76_050 },
      { ...one, check: 'no answer', said: '', from: 80_000, until: 80_050 },
    ]);
    const kept = { ...result, health: figures };
    expect(pageOf(kept)).toContain('not green without one 6:');
    expect(pageOf(kept)).toContain('| 70 | one | canary | DEGRADED (71000 ms) | 2 | 1.1 s |');
    expect(pageOf(result)).toContain('not green without one 0.');
  });

  test('tells of no complaint in a fault, and after one until it must be well', () => {
    const said = (at: number) =>
      during(at) ? { ready: 200, wrong: { models: 'DEGRADED', canary: 'DEGRADED' } } : well;
    expect(judgeHealth(samples('one', said), [span]).figures.complaints).toEqual([]);
  });

  test('wants a server that is not ready to say so', () => {
    const database = { ...span, kind: 'database killed', check: 'database', isUnready: true };
    const said = (ready: number) => (at: number) =>
      during(at) ? { ready, wrong: { database: 'DEGRADED' } } : well;
    expect(judgeHealth(samples('one', said(503)), [database]).findings).toEqual([]);
    expect(judgeHealth(samples('one', said(200)), [database]).findings[0]?.detail).toMatch(
      /says that it is ready/,
    );
  });

  test('lets a server that is struck be silent, and holds the others to the truth', () => {
    const struck = { ...span, kind: 'server killed', server: 'one', check: null };
    const silent = samples('one', (at) => (during(at) ? null : well));
    expect(judgeHealth(silent, [struck]).findings).toEqual([]);
    const other = samples('two', (at) => (at > 60_000 && at < 90_000 ? null : well));
    expect(judgeHealth([...silent, ...other], [struck]).findings).toHaveLength(1);
  });

  test('judges nothing of servers that got no processor, nor soon afterwards', () => {
    const busy = (starved: number) =>
      samples('one', (at) => (at > 70_000 && at < 90_000 ? null : truthful(at))).map((sample) =>
        sample.at > 65_000 && sample.at < 85_000 ? { ...sample, starved } : sample,
      );
    expect(judgeHealth(busy(0.1), [span]).findings).toHaveLength(1);
    const { findings, figures } = judgeHealth(busy(0.9), [span]);
    expect(findings).toEqual([]);
    expect(figures.starved).toBeGreaterThan(50);
  });

  test('forgives what is shorter than its bounds, and an error budget that is used up', () => {
    const slow = (at: number) =>
      at >= span.from + seeMs && at < span.until + clearMs ? wrong('models') : well;
    const late = (at: number) => (at >= 70_000 && at < 70_000 + lastsMs - 2_000 ? null : truthful(at));
    const burnt = (at: number) => (during(at) ? wrong('models') : wrong('objectives'));
    for (const said of [slow, late, burnt])
      expect(judgeHealth(samples('one', said), [span]).findings).toEqual([]);
    expect(judgeHealth(samples('one', late), [span]).figures.falseRed).toBeGreaterThan(0);
  });
});
