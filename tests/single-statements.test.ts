import pg from 'pg';
import { afterAll, expect, inject, test } from 'vitest';
import { createDatabase } from '../src/db/client.ts';
import { isConnectionError } from '../src/db/deadline.ts';
import { deadlinedClient } from '../src/db/deadlined-client.ts';
import { valuesOf } from '../src/db/slices.ts';
import { ValuesStatement, valuesClient } from '../src/db/values-client.ts';
import { createLogger } from '../src/log.ts';

/** Statements that are sent by themselves, through a pool of one connection. */
const connection = { connectionString: inject('databaseUrl').replace('NAME', 'postgres') };
const log = createLogger('warn');
const told: unknown[] = [];
log.warn = ((fields: unknown) => told.push(fields)) as typeof log.warn;
const db = createDatabase({ connection, log, slowQueryMs: 40, echo: false, maxConnections: 1 });
/** The driver alone. */
const plain = new pg.Pool({ ...connection, max: 1 });
afterAll(() => Promise.all([db.close(), plain.end()]));

const KINDS = {
  name: 'kinds',
  text: `select $1::int as n, $2::text as t, null::text as nothing, array['a', null, 'b,"c']::text[] as list, 1.5::numeric as exact,
           '{"a": [1]}'::jsonb as document, true as yes, 2 as n from generate_series(1, $1::int)`,
};

test('values are those that the driver reads, each time and whatever was asked for between', async () => {
  const other = { name: 'other', text: 'select $1::text, $2::boolean', values: ['x', false] };
  for (const values of [
    [1, 'one'],
    [3, ''],
    [0, 'none'],
    [2, null],
  ]) {
    const { rows } = await plain.query<unknown[]>({ ...KINDS, values, rowMode: 'array' });
    expect(await valuesOf(db, { ...KINDS, values })).toEqual(rows);
    expect(await valuesOf(db, other)).toEqual([['x', false]]);
  }
  const at = { name: 'at', text: 'select $1::timestamptz' };
  for (const text of ['2026-03-01T10:20:30.123Z', '0044-03-15T00:00:00Z', '2026-03-01T10:20:30.123456Z']) {
    const { rows } = await plain.query<unknown[]>({ ...at, values: [text], rowMode: 'array' });
    expect(await valuesOf(db, { ...at, values: [text] })).toEqual(rows);
  }
});

test('a statement that fails fails alone: at its first execution, at a later one, before it is sent, by its text', async () => {
  // A pool gives up a connection on which something failed.
  const client = await db.pool.connect();
  const ask = async (name: string, text: string, ...values: unknown[]) =>
    (await client.query(new ValuesStatement({ name, text, values }, pg.types))).rows;
  const half = (value: unknown) => ask('half', 'select 10 / $1::int', value);
  try {
    await expect(half('x')).rejects.toMatchObject({ code: '22P02' });
    await expect(half(0)).rejects.toMatchObject({ code: '22012' });
    expect(await half(2)).toEqual([[5]]);
    await expect(half(0)).rejects.toMatchObject({ code: '22012' });
    await expect(half({ toJSON: () => 1n })).rejects.toThrow(TypeError);
    expect(await half(5)).toEqual([[2]]);
    await expect(ask('wrong', 'selekt')).rejects.toMatchObject({ code: '42601' });
    await expect(ask('half', 'select 1')).rejects.toThrow('must be unique');
    expect(await half(1)).toEqual([[10]]);
  } finally {
    client.release();
  }
});

test('a connection that is lost meanwhile is another one the next time', async () => {
  const pid = { name: 'pid', text: 'select pg_backend_pid()', values: [] };
  const [[before]] = (await valuesOf(db, pid)) as [[number]];
  const sleeping = valuesOf(db, { name: 'sleep', text: 'select 1 from pg_sleep(60)', values: [] });
  const lost = expect(sleeping).rejects.toMatchObject({ code: '57P01' });
  await plain.query('select pg_terminate_backend($1)', [before]);
  await lost;
  const [[after]] = (await valuesOf(db, pid)) as [[number]];
  expect(after).not.toBe(before);
});

test('a slow one is told in the log by its name, with values or without', async () => {
  told.length = 0;
  await valuesOf(db, { name: 'slow values', text: 'select 1 from pg_sleep(0.05)', values: [] });
  await db.pool.query({ name: 'slow', text: 'select 1 from pg_sleep(0.05)' });
  const names = told.map((fields) => (fields as { statement?: string }).statement);
  expect(names).toEqual(expect.arrayContaining(['slow values', 'slow']));
});

test('one to which nobody answers is given up with its connection, however it was sent', async () => {
  const Client = deadlinedClient(valuesClient(pg.Client), 300);
  const pool = new pg.Pool({ ...connection, max: 1, Client });
  const silent = new ValuesStatement(
    { name: 'silent', text: 'select 1 from pg_sleep(60)', values: [] },
    pg.types,
  );
  const pid = async () => (await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
  try {
    const before = await pid();
    await expect(pool.query(silent)).rejects.toThrow('Query read timeout');
    const second = await pid();
    await expect(pool.query('select pg_sleep(60)')).rejects.toThrow('Query read timeout');
    const third = await pid();
    const client = await pool.connect();
    const error = await client.query(silent).catch((each: Error) => each);
    expect(isConnectionError(error)).toBe(true);
    client.release(error as Error);
    expect(new Set([before, second, third, await pid()]).size).toBe(4);
  } finally {
    await pool.end();
  }
});
