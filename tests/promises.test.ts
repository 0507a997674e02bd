import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHealth } from '../src/domains/health/health.ts';
import { createWatch } from '../src/domains/health/watch.ts';
import {
  type AlertKind,
  alertsOf,
  defineAlert,
  definePromise,
  lookAt,
  type ServerPromise,
  type Standing,
} from '../src/ground/promise.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { promises } from '../src/lists/promises.ts';
import { startTestApp } from './support/harness.ts';
import { differences, forgotten } from './support/promises.ts';

const root = resolve(import.meta.dirname, '..');
const runbook = readFileSync(join(root, 'docs/runbook.md'), 'utf8');

const alert: AlertKind<string> = defineAlert({
  name: 'goals_late',
  severity: 'WARNING',
  words: 'A goal is late.',
  message: (detail) => detail,
});
const goals = definePromise<{ readonly late: string | null }>({
  name: 'goals',
  words: 'Goals are reached.',
  bounds: [{ of: 'lateness', limit: 60, unit: 'seconds' }],
  looks: [lookAt(alert, ({ late }) => late)],
});

describe('the list of promises', () => {
  test('is what the runbook says, word for word', () => {
    expect(differences(promises, runbook)).toEqual([]);
    expect(promises.length).toBeGreaterThan(5);
  });

  test('has everything that a domain declares', async () => {
    const paths = globSync('src/domains/*/promises.ts', { cwd: root });
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect(forgotten(promises, await import(join(root, path)))).toEqual([]);
  });

  test('names each promise and each alert once', () => {
    for (const names of [
      promises.map(({ name }) => name),
      promises.flatMap(alertsOf).map(({ name }) => name),
    ])
      expect(new Set(names).size).toBe(names.length);
  });
});

describe('a planted domain', () => {
  test('that is not in the list is seen', () => {
    expect(forgotten(promises, { goals, alert })).toEqual(['goals', 'alert']);
    expect(forgotten([goals], { goals, alert })).toEqual([]);
  });

  test('that is not in the runbook is seen, and so is each word that differs', () => {
    const page = (text: string) => `## Promises\n\n| \`goals\` | Goals are reached. | ${text}`;
    const right = page(
      'lateness: 60 seconds |\n\n## Alerts\n\n### goals_late\n\nWARNING: A goal is late.\n\nDo.',
    );
    expect(differences([goals], right)).toEqual([]);
    expect(differences([goals], '')).toHaveLength(2);
    for (const [from, to] of [
      ['60', '61'],
      ['### goals_late', '### goals'],
      ['WARNING', 'CRITICAL'],
      ['reached', 'kept'],
      ['\n\nDo.', ''],
    ] as const)
      expect(differences([goals], right.replace(from, to))).not.toEqual([]);
  });
});

describe('what becomes of promises', () => {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0)) await end();
  });
  const log = { info: vi.fn(), error: vi.fn(), warn: vi.fn() } as never;
  const standing = (status: Standing['status']): Standing => ({ status, latencyMs: null, detail: status });

  test('health is as bad as the worst, and a check that fails is one that is not kept', async () => {
    const check = (name: string, said: () => Standing) => definePromise({ name, words: name, check: said });
    const broken = check('b', () => {
      throw new Error('no');
    });
    const of = (...listed: ServerPromise<unknown>[]) => createHealth(listed, {}, '1').check();
    expect((await of(check('a', () => standing('HEALTHY')))).status).toBe('HEALTHY');
    expect(
      (
        await of(
          check('a', () => standing('DEGRADED')),
          check('b', () => standing('UNKNOWN')),
        )
      ).status,
    ).toBe('DEGRADED');
    const { status, checks } = await of(
      broken,
      check('c', () => standing('HEALTHY')),
    );
    expect(status).toBe('UNHEALTHY');
    expect(checks).toEqual([
      {
        name: 'b',
        status: 'UNHEALTHY',
        latencyMs: null,
        detail: 'could not be checked: no',
        plainDetail: 'could not be checked',
      },
      { name: 'c', ...standing('HEALTHY') },
    ]);
  });

  test('the watch raises and clears what is looked at and what is checked', async () => {
    const parts = { late: 'by a day' as string | null };
    const degraded = defineAlert<string>({ ...alert, name: 'goals_degraded' });
    const listed = [
      { ...goals, check: () => standing(parts.late ? 'UNHEALTHY' : 'HEALTHY'), alert: degraded },
    ];
    const told: Record<string, unknown> = {};
    const set = (kind: { name: string }, facts: unknown) => Object.assign(told, { [kind.name]: facts });
    const watch = createWatch({
      ...{ promises: listed, parts, alerts: { set }, keepers: new Keepers(log, () => new Date()) },
      health: createHealth(listed, parts, '1'),
    });
    ending.push(() => watch.stop());
    watch.start();
    watch.wake();
    await expect.poll(() => told).toEqual({ goals_late: 'by a day', goals_degraded: 'UNHEALTHY' });
    parts.late = null;
    watch.wake();
    await expect.poll(() => told).toEqual({ goals_late: null, goals_degraded: null });
  });

  test('an alert comes and goes when the check has said the same for so long, and what is unknown is neither', async () => {
    const degraded = defineAlert<string>({ ...alert, name: 'goals_degraded' });
    let [now, rounds, status] = [0, 0, 'HEALTHY' as Standing['status']];
    const check = () => {
      rounds++;
      return standing(status);
    };
    const listed = [{ ...goals, looks: [], check, alert: degraded, steadySeconds: 10 }];
    const told: unknown[] = [];
    const set = (_kind: unknown, facts: unknown) => {
      if (facts !== (told.at(-1) ?? null)) told.push(facts);
    };
    const keepers = new Keepers(log, () => new Date());
    const parts = { late: null };
    const health = createHealth(listed, parts, '1');
    const watch = createWatch({
      ...{ promises: listed, parts, alerts: { set }, keepers, health, clock: () => now },
    });
    ending.push(() => watch.stop());
    watch.start();
    const looked = async (seconds: number, said: Standing['status']) => {
      now = seconds * 1_000;
      status = said;
      // The round after the one that may be under way.
      const wanted = rounds + 2;
      watch.wake();
      const goesOn = () => {
        watch.wake();
        return rounds;
      };
      await expect.poll(goesOn, { interval: 1 }).toBeGreaterThanOrEqual(wanted);
      return told;
    };
    // One bad reading among good ones, however long ago the one before was.
    await looked(0, 'HEALTHY');
    await looked(100, 'DEGRADED');
    await looked(109, 'HEALTHY');
    await looked(118, 'DEGRADED');
    expect(await looked(127, 'DEGRADED')).toEqual([]);
    await looked(127.5, 'UNKNOWN');
    expect(await looked(128, 'UNHEALTHY')).toEqual(['UNHEALTHY']);
    // One good one among bad ones.
    await looked(130, 'HEALTHY');
    await looked(139, 'DEGRADED');
    expect(await looked(500, 'UNKNOWN')).toEqual(['UNHEALTHY']);
    await looked(501, 'HEALTHY');
    expect(await looked(510, 'HEALTHY')).toEqual(['UNHEALTHY']);
    expect(await looked(511, 'HEALTHY')).toEqual(['UNHEALTHY', null]);
  });

  test('clients see the checks and alerts that they have always seen', async () => {
    const app = await startTestApp({ env: { CANARY_INTERVAL_MS: '3600000' } });
    ending.push(() => app.close());
    const { data } = await app.graphql('{ health { checks { name } } }');
    const names = [
      'database',
      'journal',
      'vectors',
      'words',
      'learning',
      'canary',
      'models',
      'keepers',
      'tasks',
      'deliveries',
    ];
    expect(data.health.checks.map(({ name }: { name: string }) => name)).toEqual(names);
    const rest = (await (await fetch(`${app.url}/api/echo/health`)).json()) as { modules: object };
    expect(Object.keys(rest.modules)).toEqual(names);
    expect(
      promises
        .flatMap(alertsOf)
        .map(({ name, severity }) => `${name} ${severity}`)
        .sort(),
    ).toEqual([
      'acknowledgement_budget_burns WARNING',
      'acknowledgement_budget_burns_fast CRITICAL',
      'availability_budget_burns WARNING',
      'availability_budget_burns_fast CRITICAL',
      'backup_age_budget_burns WARNING',
      'backup_age_budget_burns_fast CRITICAL',
      'backups_missing CRITICAL',
      'canary_degraded WARNING',
      'compliance_findings CRITICAL',
      'database_down CRITICAL',
      'database_not_durable CRITICAL',
      'database_restarted WARNING',
      'database_takes_nothing CRITICAL',
      'deliveries_late WARNING',
      'journal_abandoned CRITICAL',
      'journal_damaged CRITICAL',
      'journal_degraded CRITICAL',
      'journal_filling WARNING',
      'journal_set_apart CRITICAL',
      'journal_unwritable CRITICAL',
      'journal_volatile WARNING',
      'keeper_failing WARNING',
      'learning_lag_budget_burns WARNING',
      'learning_lag_budget_burns_fast CRITICAL',
      'learning_late WARNING',
      'media_thumbnails_missing WARNING',
      'models_degraded WARNING',
      'notion_behind WARNING',
      'payment_differences CRITICAL',
      'payment_disputes WARNING',
      'provider_keys_unreadable WARNING',
      'replica_behind WARNING',
      'search_budget_burns WARNING',
      'search_budget_burns_fast CRITICAL',
      'secrets_stale WARNING',
      'secrets_unreadable WARNING',
      'task_wait_budget_burns WARNING',
      'task_wait_budget_burns_fast CRITICAL',
      'tasks_waiting WARNING',
      'unhandled_error CRITICAL',
      'vector_lag_budget_burns WARNING',
      'vector_lag_budget_burns_fast CRITICAL',
      'vectors_degraded WARNING',
      'vectors_lost WARNING',
      'vectors_rebuilt CRITICAL',
      'watch_failing CRITICAL',
      'words_degraded WARNING',
    ]);
  });
});
