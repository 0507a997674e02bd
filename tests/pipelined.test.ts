import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createDatabase } from '../src/db/client.ts';
import { createLogger } from '../src/log.ts';

/** Transactions whose statements do not wait for each other's answers, on a table of their own. */
const connection = { connectionString: inject('databaseUrl').replace('NAME', 'postgres') };
const db = createDatabase({ connection, log: createLogger('silent'), slowQueryMs: 60_000, echo: false });
beforeAll(() => db.pool.query('create table pipelined (n int primary key)'));
afterAll(async () => {
  await db.pool.query('drop table pipelined');
  await db.close();
});
const add = (n: number) => ({
  name: 'add',
  text: 'insert into pipelined values ($1) returning n',
  values: [n],
});
const there = async () => {
  const { rows } = await db.pool.query<{ n: number }>('select n from pipelined order by n');
  return rows.map(({ n }) => n);
};

test('each statement sees what those in front of it did, and all of it is stored', async () => {
  const seen = await db.pipelined(async (client, commit) => {
    const [, , { rows }] = await Promise.all([
      client.query<{ n: number }>(add(1)),
      client.query<{ n: number }>(add(2)),
      client.query<{ n: number }>('select count(*)::int as n from pipelined'),
      commit(),
    ]);
    return rows;
  });
  expect(seen).toEqual([{ n: 2 }]);
  expect(await there()).toEqual([1, 2]);
});

test('of what stands in front of a statement that fails, or behind it, nothing is stored, although the commit was sent', async () => {
  const work = db.pipelined((client, commit) =>
    Promise.all([
      client.query<{ n: number }>(add(3)),
      client.query<{ n: number }>(add(1)),
      client.query<{ n: number }>(add(4)),
      commit(),
    ]),
  );
  await expect(work).rejects.toMatchObject({ code: '23505' });
  expect(await there()).toEqual([1, 2]);
});

test('a commit that PostgreSQL made a rollback of is a failure, also where nobody asked for the answer of what failed', async () => {
  const work = db.pipelined(async (client, commit) => {
    client.query<{ n: number }>(add(1)).catch(() => undefined);
    await commit();
  });
  await expect(work).rejects.toThrow('ended with ROLLBACK');
  expect(await there()).toEqual([1, 2]);
});

test('the connection of a transaction that fails goes on with the next', async () => {
  const failing = Array.from({ length: 6 }, () =>
    db.pipelined((client) => client.query<{ n: number }>(add(1))),
  );
  expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
  await db.pipelined((client) => client.query<{ n: number }>(add(5)));
  expect(await there()).toEqual([1, 2, 5]);
});

test('a connection that is given up is cut, whatever was sent over it and not answered', async () => {
  let ended: Promise<unknown> | null = null;
  const work = db.pipelined(async (client) => {
    const sleeping = [
      client.query<{ n: number }>('select 1 as n from pg_sleep(60)'),
      client.query<{ n: number }>(add(6)),
    ];
    ended = (client as unknown as { end(): Promise<void> }).end();
    return Promise.all(sleeping);
  });
  await expect(work).rejects.toThrow('Connection terminated');
  await ended;
  expect(await there()).toEqual([1, 2, 5]);
});
