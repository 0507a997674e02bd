import { globSync, readFileSync } from 'node:fs';
import { is } from 'drizzle-orm';
import { integer, PgTable, pgTable, text } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instant, tenantId } from '../src/db/columns.ts';
import type { Duty } from '../src/db/duty.ts';
import { countLeft, eraseRows } from '../src/db/erasure.ts';
import { TRIGGERS, type TriggerRow, triggersIn, triggersOf } from '../src/domains/audit/triggers.ts';
import { ERASERS, LAST_ERASERS } from '../src/domains/privacy/erasers.ts';
import { DUTIES } from '../src/lists/duties.ts';
import * as listed from '../src/lists/tables.ts';
import { deleteOutdated, deletesByAge, forgotten, overdue } from './support/duties.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, untilTask } from './support/tasks.ts';

const tables = Object.values(listed).flatMap((table) => (is(table, PgTable) ? [table] : []));

/** Names of all statements. */
const sent = new Set<string>();
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ onSql: (name) => sent.add(name) });
});
afterAll(() => app.close());

/** A table as a new domain would bring it. */
const goals = pgTable('goals', {
  id: integer('id').primaryKey(),
  tenantId: tenantId(),
  userId: text('user_id').notNull(),
  setBy: text('set_by').notNull(),
});
const steps = pgTable('goal_steps', { goalId: integer('goal_id').notNull(), said: text('said') });
const duty: Duty = {
  table: goals,
  owner: { user: goals.userId },
  erasure: { rows: 'delete', counted: 'goals', left: 'goals', names: [goals.setBy] },
  exported: { lines: 'goal' },
  audited: [{ on: 'INSERT', action: 'goal.set', trigger: { target: goals.id, owner: goals.userId } }],
  kept: 'until they are deleted',
};
const stepsDuty: Duty = {
  table: steps,
  owner: { parent: goals.id, through: steps.goalId },
  erasure: { rows: 'delete', left: 'goals' },
  exported: { not: 'they are part of their goal' },
  audited: { not: 'the goal is' },
  kept: 'until they are deleted',
};

describe('every table', () => {
  test('says what its rows owe', () => {
    expect(tables.length).toBeGreaterThan(20);
    expect(forgotten(tables, DUTIES)).toEqual([]);
  });

  test('of a new domain may be a user’s, or a part of what is', () => {
    expect(forgotten([goals, steps], [duty, stepsDuty])).toEqual([]);
  });

  test.each<[string, PgTable[], Duty[], string]>([
    ['has none', [goals], [], 'goals has no duties'],
    ['has them twice', [goals], [duty, { ...duty }], 'goals has its duties twice'],
    ['is not in the list', [], [duty], 'goals is not in the list of tables'],
    [
      'forgets whose it is',
      [goals],
      [{ ...duty, owner: 'tenant' }],
      'goals has user_id, but its rows are not the user’s',
    ],
    [
      'forgets its tenant',
      [goals],
      [{ ...duty, owner: 'system' }],
      'goals has tenant_id, but is the system’s',
    ],
    [
      'outlives its user',
      [goals],
      [{ ...duty, erasure: { rows: 'keep', why: 'it is dear to us', names: [goals.setBy] } }],
      'goals keeps the rows of a user who is erased',
    ],
    [
      'keeps a name',
      [goals],
      [{ ...duty, erasure: { rows: 'delete', left: 'goals' } }],
      'goals keeps the name in set_by of a user who is erased',
    ],
    ['has a parent without duties', [steps], [stepsDuty], 'goal_steps has a parent without duties'],
    [
      'is a part of what a verb erases',
      [goals, steps],
      [{ ...duty, erasure: { rows: { verb: 'eraseGoals' }, left: 'goals' } }, stepsDuty],
      'goal_steps is a part of what a verb erases: that must erase it, too',
    ],
    [
      'names a column of another',
      [goals],
      [{ ...duty, owner: { user: listed.conversations.userId } }],
      'goals names user_id, which is another table’s',
    ],
    [
      'is not audited, and nobody knows why',
      [goals],
      [{ ...duty, audited: { not: '' } }],
      'goals does not say why it is not audited',
    ],
    [
      'is not exported, and nobody knows why',
      [goals],
      [{ ...duty, exported: { not: '' } }],
      'goals does not say why it is not exported',
    ],
    [
      'is kept for nobody knows how long',
      [goals],
      [{ ...duty, kept: { until: '' } }],
      'goals does not say how long it is kept',
    ],
    [
      'is kept for as long as another says',
      [goals],
      [{ ...duty, kept: { days: 3, past: listed.auditLog.at } }],
      'goals names at, which is another table’s',
    ],
  ])('is seen that %s', (_name, some, duties, problem) => {
    expect(forgotten(some, duties)).toContain(problem);
  });
});

describe('an erasure', () => {
  test('takes rows of a new domain, their parts and names, and counts what is left', async () => {
    const { db } = app.app.services;
    const [rin, sam] = [
      { tenantId: 'default', userId: 'rin' },
      { tenantId: 'default', userId: 'sam' },
    ];
    await app.sql('create table goals (id int primary key, tenant_id text, user_id text, set_by text)');
    await app.sql('create table goal_steps (goal_id int references goals (id), said text)');
    await app.sql(
      `insert into goals values (1, 'default', 'rin', 'rin'), (2, 'default', 'sam', 'rin'), (3, 'other', 'rin', 'rin')`,
    );
    await app.sql(
      `insert into goal_steps values (1, 'hers'), (1, 'hers, too'), (2, 'his'), (3, 'of another tenant')`,
    );
    const duties = [duty, stepsDuty];
    const keys = new Map([[goals as PgTable, [1]]]);
    expect(await countLeft(db.pool, rin, keys, duties)).toEqual({ goals: 3 });
    const erased = await db.transaction((client) => eraseRows(client, rin, duties));
    expect(erased).toEqual({ counts: { goals: 1 }, keys });
    expect(await countLeft(db.pool, rin, erased.keys, duties)).toEqual({ goals: 0 });
    expect(await app.sql('select id, set_by from goals order by id')).toEqual([
      { id: 2, set_by: '(erased)' },
      { id: 3, set_by: 'rin' },
    ]);
    expect(await app.sql('select said from goal_steps order by goal_id')).toEqual([
      { said: 'his' },
      { said: 'of another tenant' },
    ]);
    // A part that was left behind is found, though what it belongs to has gone.
    await app.sql('alter table goal_steps drop constraint goal_steps_goal_id_fkey');
    await app.sql(`insert into goal_steps values (1, 'left behind')`);
    expect(await countLeft(db.pool, rin, erased.keys, duties)).toEqual({ goals: 1 });
    expect(await countLeft(db.pool, sam, new Map(), duties)).toEqual({ goals: 1 });
    await app.sql('drop table goal_steps, goals');
  });
});

describe('a retention', () => {
  const past = pgTable('met_goals', { id: integer('id').primaryKey(), metAt: instant('met_at') });
  const kept = (extra: Partial<Extract<Duty['kept'], { days: number }>> = {}): Duty => ({
    ...duty,
    table: past,
    kept: { days: 3, past: past.metAt, ...extra },
  });

  test.each([
    ['found by their age', kept()],
    ['found by their order', kept({ inOrderOf: past.id })],
  ])('deletes what is older, in some batches, and nothing else: %s', async (_name, some) => {
    await app.sql('create table met_goals (id int primary key, met_at timestamptz)');
    await app.sql(
      `insert into met_goals select n, now() - interval '3 days 1 minute' from generate_series(1, 10001) n`,
    );
    await app.sql(
      `insert into met_goals values (10002, now() - interval '2 days 23 hours'), (10003, null), (10004, now() + interval '1 day')`,
    );
    const deleted: number[] = [];
    const { pool } = app.app.services.db;
    const counting = {
      query: async (statement: { name: string; text: string; values: unknown[] }) => {
        // Unnamed: the two forms would be one prepared statement.
        const result = await pool.query(statement.text, statement.values);
        deleted.push(result.rowCount ?? 0);
        return result;
      },
    } as unknown as Pick<typeof pool, 'query'>;
    await deleteOutdated(counting, [duty, some, stepsDuty], {
      AUDIT_RETENTION_DAYS: 1,
      TASKS_RETENTION_DAYS: 1,
    });
    expect(deleted).toEqual([5_000, 5_000, 1]);
    expect(await app.sql('select id from met_goals order by id')).toEqual([
      { id: 10_002 },
      { id: 10_003 },
      { id: 10_004 },
    ]);
    await app.sql('drop table met_goals');
  });

  test('is kept to by a task, for every table that has one', async () => {
    const { taskId } = await runTask(app, { type: 'retention' });
    await untilTask(app, taskId, 'COMPLETED');
    expect(overdue(DUTIES, sent)).toEqual([]);
    expect(overdue([...DUTIES, kept()], sent)).toEqual(['met_goals']);
  });

  test('of revoked tokens ends a day after they have expired', async () => {
    await app.sql(`insert into echo_revoked_tokens (token_id, revoked_by, expires_at) values
      ('forgotten', 'x', now() - interval '25 hours'), ('remembered', 'x', now() - interval '23 hours')`);
    await deleteOutdated(app.app.services.db.pool, DUTIES, {
      AUDIT_RETENTION_DAYS: 400,
      TASKS_RETENTION_DAYS: 400,
    });
    expect(await app.sql('select token_id as id from echo_revoked_tokens')).toEqual([{ id: 'remembered' }]);
  });

  test('is in no other place', () => {
    const paths = globSync('src/**/*.ts').filter((path) => deletesByAge(readFileSync(path, 'utf8')));
    expect(paths).toEqual([]);
    expect(deletesByAge("text: `delete from goals where met_at < now() - interval '1 day'`")).toBe(true);
    expect(deletesByAge('orm.delete(goals).where(lt(goals.metAt, sql`now() - $1`))')).toBe(true);
    expect(deletesByAge("text: 'delete from goals where id = $1'; const at = 'now() - x'")).toBe(false);
  });
});

describe('a verb of an erasure', () => {
  test('is listed where a table names it, and named where it is listed', () => {
    const named = DUTIES.flatMap(({ erasure: { rows } }) => (typeof rows === 'object' ? [rows.verb] : []));
    // Tables that one verb erases together name the same.
    expect([...new Set(named)].sort()).toEqual(Object.keys({ ...ERASERS, ...LAST_ERASERS }).sort());
  });
});

describe('every audited operation', () => {
  const triggers = async () => triggersIn(await app.sql<TriggerRow>(TRIGGERS));

  test('has its trigger in the migrated database, and no trigger is without a duty', async () => {
    expect((await triggers()).sort(), 'a migration makes and drops them').toEqual(triggersOf(DUTIES).sort());
  });

  test('that has none is seen, and so is a trigger that nobody owes', async () => {
    expect(triggersOf([...DUTIES, duty])).toContain('goals INSERT: goal.set id user_id');
    expect(await triggers()).not.toContain('goals INSERT: goal.set id user_id');
    await app.sql('create table goals (id int, tenant_id text, user_id text)');
    await app.sql(
      "create trigger planted after insert on goals for each row execute function echo_audit_row('goal.set', 'id', 'user_id')",
    );
    expect(await triggers()).toContain('goals INSERT: goal.set id user_id');
    await app.sql('alter table goals disable trigger planted');
    expect(await triggers()).not.toContain('goals INSERT: goal.set id user_id');
    await app.sql('drop table goals');
  });

  test('that a statement tells of itself is a duty, and the other way round', () => {
    const sources = globSync('src/**/*.ts').map((path) => readFileSync(path, 'utf8'));
    const told = sources.flatMap((source) =>
      [...source.matchAll(/\becho_audit\([^()]*?'([a-z]+\.[a-z]+)'/g)].map(([, action]) => action),
    );
    const owed = DUTIES.flatMap(({ audited }) =>
      'not' in audited ? [] : audited.flatMap(({ action, trigger }) => (trigger ? [] : [action])),
    );
    expect(told.sort()).toEqual(owed.sort());
  });
});
