import { expect, test } from 'vitest';
import { sessionState } from './support/session-state.ts';

test.each([
  ['set statement_timeout = 0', 'a setting of the session'],
  ["begin; set lock_timeout = '1s'", 'a setting of the session'],
  ["select set_config('echo.actor', $1, false)", 'a setting of the session'],
  ['LISTEN events', 'a channel that is listened to'],
  ['select pg_advisory_lock($1)', 'a lock of the session'],
  ['select pg_try_advisory_lock(1), 2', 'a lock of the session'],
  ['create temporary table t (a int)', 'a temporary table'],
  ['select 1 into temp t', 'a temporary table'],
  ['declare c cursor with hold for select 1', 'a cursor beyond the transaction'],
  ['prepare p as select 1', 'a statement prepared by name in SQL'],
])('%s is seen', (text, what) => {
  expect(sessionState('it', text)).toBe(`it leaves ${what} on a pooled connection`);
});

test.each([
  'set local statement_timeout = 0; set local lock_timeout = 1',
  'set transaction isolation level repeatable read',
  "select set_config('echo.actor', $1, true)",
  'select pg_advisory_xact_lock($1)',
  "update t set listen = 'set x; listen y' where a = 1",
  '-- set x = 1\nselect 1',
  'notify events',
])('%s is not', (text) => {
  expect(sessionState('it', text)).toBeNull();
});
