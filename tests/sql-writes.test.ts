import { describe, expect, test } from 'vitest';
import { FOREIGN_WRITES, ormWrites, SqlWrites, sourcesOfServer, writtenIn } from './support/sql-writes.ts';

const sources = sourcesOfServer();
const planted = [
  { path: 'src/domains/goals/tables.ts', source: "export const goals = pgTable('goals', {});" },
  {
    path: 'src/domains/goals/goals.ts',
    source: ['set_goal', 'count_goals', 'goal_$'.concat('{step}')]
      .map((name) => `{ name: \`${name}\` }`)
      .join(' '),
  },
];
const writes = new SqlWrites([...sources, ...planted]);

describe('SQL', () => {
  test.each([
    ['set_goal', 'insert into goals (id) values (1)'],
    ['goal_kept', 'update only goals set kept = true'],
    ['count_goals', 'select count(*) from echo_conversations for update'],
    ['set_goal', "insert into goals select 'delete from echo_events' -- delete from echo_events"],
    ['set_goal', 'insert into goals (id) values (1) on conflict (id) do update set id = 2'],
    ['unnamed', 'insert into elsewhere (id) values (1)'],
  ])('of a domain may write its own tables and read all: %s, %s', (name, text) => {
    expect(writes.judge(name, text)).toBeNull();
  });

  test.each([
    ['set_goal', 'insert into echo_events (kind) values (1)', 'echo_events'],
    ['goal_met', 'UPDATE "echo_conversations" SET title = $1', 'echo_conversations'],
    [
      'set_goal',
      'with gone as (delete from echo_api_keys returning id) insert into goals select id from gone',
      'echo_api_keys',
    ],
    ['count_goals', 'truncate table only public.echo_user_settings', 'echo_user_settings'],
    ['delete from goals', 'delete from goals', 'nobody knows whose it is'],
  ])('that writes what is not its own is seen: %s, %s', (name, text, problem) => {
    expect(writes.judge(name, text)).toContain(problem);
  });

  test('that drizzle makes is of the tables that it is given', () => {
    expect(sources.flatMap(ormWrites)).toEqual([]);
    const path = 'src/domains/goals/goals.ts';
    const source = "import { apiKeys as k } from '../../access/tables.ts';\norm.delete(k).where(x)";
    expect(ormWrites({ path, source })).toEqual([`${path} writes apiKeys as k of src/access`]);
  });

  test('has no exception that nobody uses', () => {
    const all = sources.map(({ source }) => source).join('\n');
    expect(Object.keys(FOREIGN_WRITES).filter((name) => !all.includes(`'${name}'`))).toEqual([]);
  });

  test('is read for what it writes', () => {
    expect(writtenIn('select 1 from a for no key update')).toEqual([]);
    expect(writtenIn('merge into a using b on true')).toEqual(['a']);
  });
});
