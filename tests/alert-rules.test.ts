import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { judge } from '../src/domains/alert-rules/judge.ts';
import { measured, PULSE } from '../src/domains/alert-rules/measured.ts';
import { ruleProblems, rulesOf } from '../src/domains/alert-rules/rules.ts';
import { RuleWatch } from '../src/domains/alert-rules/watch.ts';
import { RECORDED } from '../src/domains/metrics/recorded.ts';
import { MINUTE_MS } from '../src/domains/metrics/recorder.ts';
import type { Rollups, Stretch } from '../src/domains/metrics/rollup.ts';
import { matcherOf, parseSelector } from '../src/domains/metrics/selector.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { promises } from '../src/lists/promises.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

const eventually = { interval: 150 };
const log = createLogger('silent');
const settingsOf = (...rules: object[]) =>
  readConfig({ ALERT_RULES: JSON.stringify(rules) }, '/tmp').alertRules;
/** One rule, with what is not said as for the others. */
const ruleOf = (rule: object) => {
  const settings = settingsOf({ name: 'too_many', comparison: '>', threshold: 10, ...rule });
  const [read] = rulesOf(settings);
  if (!read) throw new Error('there is no rule');
  return read;
};
const gauge = (value: number) => ({ n: 1, s: value, lo: value, hi: value, l: value });
const whole = (rollups: Rollups, seconds = 60): Rollups => ({
  ...rollups,
  [PULSE]: { ...gauge(4), n: seconds, s: 4 * seconds },
});
const START = Date.UTC(2030, 0, 1);
/** Minutes one after the other; null: no server was there. */
const minutesOf = (all: readonly (Rollups | null)[], server = 'one') =>
  all.flatMap((rollups, place) => (rollups ? [{ at: START + place * MINUTE_MS, server, rollups }] : []));

describe('a rule', () => {
  const judged = (
    rule: ReturnType<typeof ruleOf>,
    stretches: ReturnType<typeof minutesOf>,
    minutes: number,
  ) =>
    judge(
      rule,
      measured(rule.condition, matcherOf(rule.condition.selector), stretches, {
        from: START,
        to: START + minutes * MINUTE_MS,
      }),
    );
  const depth = (value: number) => whole({ echo_journal_depth: gauge(value) });

  test('tells when its condition has held for so long, and that it is over at the first step where it does not', () => {
    const rule = ruleOf({ metric: 'echo_journal_depth', forSeconds: 120 });
    const stretches = minutesOf([5, 11, 12, 13, 14, 10].map(depth));
    const states = [1, 2, 3, 4, 5, 6].map((minutes) => judged(rule, stretches, minutes).state);
    expect(states).toEqual(['OK', 'PENDING', 'PENDING', 'FIRING', 'FIRING', 'OK']);
    expect(judged(rule, stretches, 4)).toMatchObject({ value: 13, since: new Date(START + MINUTE_MS) });
    expect(rule.alert.message(13)).toBe(
      'echo_journal_depth (mean of 1 min) is 13, more than 10, for at least 2 min',
    );
  });

  test('takes what is missing neither for zero nor for anything else', () => {
    const rule = ruleOf({ metric: 'echo_journal_depth', forSeconds: 240 });
    // One that is missing says nothing; where most are, nobody knows what was between.
    expect(
      judged(
        rule,
        minutesOf([11, 12, null, 13, 14].map((value) => (value === null ? null : depth(value)))),
        5,
      ).state,
    ).toBe('FIRING');
    expect(
      judged(
        rule,
        minutesOf([11, null, null, null, 14].map((value) => (value === null ? null : depth(value)))),
        5,
      ).state,
    ).toBe('PENDING');
    expect(judged(rule, minutesOf([11, 12, 13, 14, 15].map(depth)), 8).state).toBe('NO_DATA');
    const few = ruleOf({ metric: 'echo_turns_stored_total', figure: 'count', comparison: '<', threshold: 1 });
    const turns = (count: number, seconds = 60) =>
      whole(count > 0 ? { echo_turns_stored_total: { s: count } } : {}, seconds);
    expect(judged(few, minutesOf([turns(3), turns(0)]), 2)).toMatchObject({ state: 'FIRING', value: 0 });
    expect(judged(few, minutesOf([turns(3), null]), 2)).toMatchObject({ state: 'OK', value: 3 });
    // A server that has just begun did not count nothing: it did not count.
    expect(judged(few, minutesOf([null, turns(0, 20)]), 2)).toMatchObject({ state: 'NO_DATA', value: null });
    // The other server stored what this one did not.
    const both = [...minutesOf([turns(0)]), ...minutesOf([turns(2)], 'two')];
    expect(judged(few, both, 1)).toMatchObject({ state: 'OK', value: 2 });
  });

  test('of a distribution in which nothing happened does not hold, and is known', () => {
    const rule = ruleOf({ metric: 'echo_answer_seconds', figure: 'p95' });
    const slow = whole({ 'echo_answer_seconds{model="m"}': { n: 2, s: 40, b: { '30': 2 } } });
    expect(judged(rule, minutesOf([slow]), 1).state).toBe('FIRING');
    expect(judged(rule, minutesOf([slow, whole({})]), 2)).toMatchObject({ state: 'OK', value: null });
  });

  test('counts what came twice once: the clock was set back', () => {
    const rule = ruleOf({ metric: 'echo_turns_stored_total', figure: 'count' });
    const twice = minutesOf([whole({ echo_turns_stored_total: { s: 20 } }, 120)]);
    expect(judged(rule, twice, 1)).toMatchObject({ value: 10, state: 'OK' });
  });

  test('takes the series that have its labels together', () => {
    const rollups = whole({
      'echo_http_requests_total{door="graphql",status="500"}': { s: 7 },
      'echo_http_requests_total{door="rest",status="500"}': { s: 8 },
      'echo_http_requests_total{door="rest",status="200"}': { s: 90 },
    });
    const rule = ruleOf({ metric: 'echo_http_requests_total{status="500"}', figure: 'count' });
    expect(judged(rule, minutesOf([rollups]), 1)).toMatchObject({ value: 15, state: 'FIRING' });
    expect(parseSelector('x{a="b"')).toBeNull();
    expect(parseSelector('x{a="\\"}"}')).toEqual({ name: 'x', labels: { a: '"}' } });
  });

  test('begins anew when the clock is set, and ends no alert by it', async () => {
    let [now, steady] = [START, 0];
    const unwritten: Stretch[] = [];
    const active: { name: string }[] = [];
    const told: string[] = [];
    const watch = new RuleWatch({
      rules: [ruleOf({ metric: 'echo_journal_depth', forSeconds: 60 })],
      db: {} as never,
      availability: { isUp: false },
      recorder: { seconds: [], unwritten, server: 'one' },
      keepers: new Keepers(log, () => new Date()),
      alerts: {
        active,
        raise: ({ name }) => {
          active.push({ name });
          told.push('raised');
        },
        clear: ({ name }) => {
          active.splice(0);
          told.push(`cleared ${name}`);
        },
      },
      clock: { now: () => now, steady: () => steady },
    });
    const minute = async (value: number) => {
      unwritten.push({ at: Math.floor(now / MINUTE_MS) * MINUTE_MS, rollups: depth(value) });
      now += MINUTE_MS;
      steady += MINUTE_MS;
      now += 10_000;
      steady += 10_000;
      await watch.look();
      now -= 10_000;
      steady -= 10_000;
      return told.length;
    };
    await watch.look();
    expect([await minute(11), await minute(12)]).toEqual([0, 1]);
    const jump = async (minutes: number) => {
      now += minutes * MINUTE_MS + 20_000;
      steady += 20_000;
      await watch.look();
    };
    // Back into minutes in which it was not so: they were then.
    for (const back of [21, 22, 23, 24]) unwritten.push({ at: START - back * MINUTE_MS, rollups: depth(1) });
    await jump(-22);
    expect(told).toEqual(['raised']);
    // And far ahead.
    await jump(1_000);
    expect(told).toEqual(['raised']);
    await minute(3);
    await minute(3);
    expect(told.at(-1)).toBe('cleared too_many');
  });

  test('passes over no step where a round comes late', async () => {
    let now = START;
    const seconds: Stretch[] = [];
    const active: { name: string }[] = [];
    const told: string[] = [];
    const watch = new RuleWatch({
      rules: [ruleOf({ metric: 'echo_journal_depth', stepSeconds: 1, forSeconds: 0 })],
      db: {} as never,
      availability: { isUp: false },
      recorder: { seconds, unwritten: [], server: 'one' },
      keepers: new Keepers(log, () => new Date()),
      alerts: {
        active,
        raise: ({ name }, value) => {
          active.push({ name });
          told.push(`raised at ${value}`);
        },
        clear: () => {
          if (active.pop()) told.push('cleared');
        },
      },
      clock: { now: () => now, steady: () => now },
    });
    const pass = (...values: number[]) => {
      for (const value of values) {
        seconds.push({ at: now, rollups: depth(value) });
        now += 1_000;
      }
      return watch.look();
    };
    await pass(1);
    await pass(1, 1, 20, 1, 1, 1, 1, 1);
    expect(told).toEqual(['raised at 20', 'cleared']);
    await pass(1);
    expect(told).toHaveLength(2);
  });
});

describe('rules that cannot be', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'echo-rules-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const good = { name: 'good_one', metric: 'echo_cpu_ratio', comparison: '>', threshold: 0.9 };
  const refusal = (value: string) => {
    try {
      readConfig({ ALERT_RULES: value }, directory);
    } catch (error) {
      return (error as Error).message;
    }
    return null;
  };

  test.each([
    [{ comparison: '==' }, /0\.comparison: must be one of >, >=, <, <=, not "=="/],
    [{ forSeconds: -5 }, /0\.forSeconds: must be a whole number of seconds from 0 to 86400, not -5/],
    [{ stepSeconds: 90 }, /0\.stepSeconds: must be at most 60, or a multiple of 60, not 90/],
    [{ stepSeconds: 7 }, /0\.stepSeconds: must be a part of 60/],
    [{ stepSeconds: 5, forSeconds: 3_600 }, /0\.forSeconds: must be at most 840/],
    [{ threshold: '9' }, /0\.threshold: must be a number, not "9"/],
    [{ threshold: undefined }, /0\.threshold: is missing; it must be a number/],
    [{ severity: 'FATAL' }, /0\.severity: must be one of WARNING, CRITICAL, not "FATAL"/],
    [{ figure: 'p42' }, /0\.figure: must be one of value, count/],
    [{ name: 'Bad Name' }, /0\.name: must have 3 to 60 small letters.*"Bad Name"/],
    [{ runbook: 'javascript:alert(1)' }, /0\.runbook: must be a URL/],
    [{ words: 'two\nlines' }, /0\.words: must be a text of 1 to 300 characters without line breaks/],
    [{ event: 'job_failed' }, /0\.metric: must be there, or event instead of it/],
    [{ metric: undefined }, /0\.metric: must be there, or event/],
    [{ colour: 'red' }, /0: .*colour/],
  ])('%j', (change, message) => {
    expect(refusal(JSON.stringify([{ ...good, ...change }]))).toMatch(message);
  });

  test('as a whole: what is no list, is there twice, or is in no file', async () => {
    expect(refusal('[{')).toMatch(/ALERT_RULES: must be a JSON array, .* no JSON/);
    expect(refusal(JSON.stringify([good, good]))).toMatch(/1\.name: "good_one" is there twice/);
    expect(refusal('rules.json')).toMatch(/"rules.json" cannot be read \(ENOENT\)/);
    await writeFile(join(directory, 'rules.json'), JSON.stringify([good]));
    expect(refusal('rules.json')).toBeNull();
    await rm(join(directory, 'rules.json'));
  });

  test('are not those of the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/alerts.md'), 'utf8');
    const [, example = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
    const settings = readConfig({ ALERT_RULES: example }, directory).alertRules;
    expect(settings).toHaveLength(2);
    expect(ruleProblems(settings, promises)).toEqual([]);
  });

  test('start nothing, and say what there is', async () => {
    const refused = async (rule: object) => {
      const env = { DATA_DIR: join(directory, 'data'), ALERT_RULES: JSON.stringify([{ ...good, ...rule }]) };
      const starting = createApp(readConfig(env, directory), log, { migrate: true });
      const problem = await starting.then(() => 'it started', String);
      expect(await readdir(directory)).toEqual([]);
      return problem;
    };
    expect(await refused({ metric: 'echo_nothing' })).toMatch(
      /ALERT_RULES: 0\.metric: there is no metric "echo_nothing"; there are .*echo_journal_depth/,
    );
    expect(await refused({ metric: 'echo_refusals_total{kode="X"}' })).toMatch(
      /0\.metric: echo_refusals_total has no label "kode"; it has code/,
    );
    expect(await refused({ metric: undefined, event: 'rain' })).toMatch(
      /0\.event: there is no event "rain"; there are .*job_failed/,
    );
    expect(await refused({ figure: 'p95' })).toMatch(/0\.figure: must be one of value, low, high of/);
    expect(await refused({ metric: 'echo_table_bytes' })).toMatch(
      /0\.stepSeconds: .* a multiple of 3600, not 60/,
    );
    expect(await refused({ name: 'database_down' })).toMatch(
      /0\.name: "database_down" is an alert of the server/,
    );
  });
});

describe('servers with rules', () => {
  const RULES = `{ alertRules { name description severity runbook forSeconds state value since
    condition { metric figure comparison threshold unit stepSeconds } alert { name message status } } }`;
  const rules = [
    {
      ...{ name: 'turns_come', event: 'job_started', comparison: '>=', threshold: 1, stepSeconds: 1 },
      ...{ severity: 'CRITICAL', runbook: 'https://wiki.example/turns', words: 'Jobs begin' },
    },
    { name: 'much_waits', metric: 'echo_learning_waiting_turns', comparison: '>', threshold: 500 },
    { name: 'never', metric: 'echo_journal_bytes', figure: 'high', comparison: '<', threshold: 0 },
  ];
  let receiver: Receiver;
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    receiver = await startReceiver();
    const env = {
      ALERT_WEBHOOK_URL: receiver.url,
      OUTBOUND_ALLOW: '127.0.0.1',
      ALERT_RULES: JSON.stringify(rules),
      ALERT_COOLDOWN_MINUTES: '0',
    };
    app = await startTestApp({ env });
    other = await startTestApp({ env, route: async () => app.databaseUrl });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
    await receiver.close();
  });
  const rule = async (name: string, of = app) =>
    (await of.graphql(RULES)).data.alertRules.find((each: { name: string }) => each.name === name);
  const heard = (name: string) =>
    receiver.taken.filter(({ body }) => body.data?.name === name).map(({ body }) => body.type);
  const state = async (name: string, of = app) => (await rule(name, of)).state;

  test('list them with how they stand, and those of the server itself', async () => {
    const { data } = await app.graphql(RULES);
    expect(data.alertRules.slice(0, 3).map(({ name }: { name: string }) => name)).toEqual(
      rules.map(({ name }) => name),
    );
    expect(data.alertRules.slice(3).map(({ name }: { name: string }) => name)).toContain('vectors_degraded');
    expect(await rule('turns_come')).toMatchObject({
      ...{ description: 'Jobs begin', severity: 'CRITICAL', runbook: 'https://wiki.example/turns' },
      condition: {
        ...{ metric: 'echo_activity_total{kind="job_started"}', figure: 'COUNT' },
        ...{ comparison: 'GREATER_OR_EQUAL', threshold: 1, unit: 'COUNT', stepSeconds: 1 },
      },
    });
    expect(await rule('database_down')).toMatchObject({
      ...{ state: 'OK', condition: null, value: null, alert: null },
      runbook: 'docs/runbook.md#database_down',
    });
    const plain = await app.graphql(RULES, {}, 'ada');
    expect(plain.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('raise and clear the alert of an event', async () => {
    await app.graphql('mutation { createTask(input: { type: "heartbeat" }) { __typename } }');
    await expect.poll(() => heard('turns_come'), eventually).toEqual(['alert.raised', 'alert.cleared']);
    const [message] = receiver.taken.filter(({ body }) => body.data?.name === 'turns_come');
    expect(message?.body.data).toMatchObject({
      ...{ severity: 'CRITICAL', runbook: 'https://wiki.example/turns' },
      message: 'Jobs begin: echo_activity_total{kind="job_started"} (count in 1 s) is 1, at least 1',
    });
    expect(await state('turns_come')).toBe('OK');
  });

  test('see what a third one stored, raise one alert for all of them, and clear it once', async () => {
    const store = (value: number) =>
      app.sql(
        `insert into echo_metric_minutes (at, server, rollups)
         select date_trunc('minute', now()) - n * interval '1 minute', 'third', $1::jsonb from generate_series(0, 3) n
         on conflict (at, server) do update set rollups = excluded.rollups`,
        [JSON.stringify(whole({ echo_learning_waiting_turns: gauge(value) }))],
      );
    await store(900);
    for (const each of [app, other])
      await expect.poll(() => state('much_waits', each), eventually).toBe('FIRING');
    await expect
      .poll(() => rule('much_waits', other), eventually)
      .toMatchObject({
        value: 900,
        alert: { status: 'OPEN', message: expect.stringContaining('is 900, more than 500') },
      });
    await store(100);
    for (const each of [app, other])
      await expect.poll(() => state('much_waits', each), eventually).toBe('OK');
    await expect.poll(() => heard('much_waits'), eventually).toEqual(['alert.raised', 'alert.cleared']);
    expect((await rule('much_waits')).alert).toBeNull();
    expect(await app.sql(`select status from echo_alerts where name = 'much_waits'`)).toEqual([
      { status: 'RESOLVED' },
    ]);
    expect(heard('never')).toEqual([]);
  });

  test('know the labels that metrics have', async () => {
    await app.record('c', ['one']);
    for (const { name, labels } of RECORDED) {
      const metric = app.app.services.metrics.registry.getSingleMetric(name);
      expect((metric as unknown as { labelNames: string[] }).labelNames.toSorted(), name).toEqual(
        labels.toSorted(),
      );
    }
  });
});
