import type pg from 'pg';

type Queried = Pick<pg.ClientBase | pg.Pool, 'query'>;

/**
 * What numbers jump by: more than a cluster gives out in years, so that cursors of clients that saw more than was loaded
 * lie before all that comes.
 */
const JUMP = 2n ** 40n;

/**
 * Lets the numbers of transactions go on after those that are stored. A database that was dumped and loaded into another
 * cluster holds numbers that this one has not given out yet: its events would be told again one day, and new ones would
 * lie behind the cursors of subscribers.
 *
 * @returns whether they had to be moved on
 */
export async function continueTransactionNumbers(client: Queried): Promise<boolean> {
  const { last, own, numbered } = await numbersStored(client);
  if (last < numbered) return false;
  await client.query('begin');
  await setOffset(client, last + JUMP - own);
  await client.query('commit');
  return true;
}

/** Whether there are numbers that this cluster has not given out yet. */
export async function areNumbersAhead(client: Queried): Promise<boolean> {
  const { last, numbered } = await numbersStored(client);
  return last >= numbered;
}

/** The last number that is stored, and what `numbersOf` gives. */
async function numbersStored(client: Queried): Promise<{ last: bigint; own: bigint; numbered: bigint }> {
  const { rows } = await client.query<{ last: string }>({
    name: 'last_transaction_number',
    text: `select greatest(
             (select xid from echo_events order by xid desc, id desc limit 1),
             (select xid from echo_events_pruned order by xid desc limit 1),
             (select xid from echo_audit_log order by xid desc, id desc limit 1)
           )::text as last`,
  });
  // Asked afterwards: whatever was stored by then, whoever runs beside, has a lower number.
  return { last: BigInt(rows[0]?.last ?? 0), ...(await numbersOf(client)) };
}

/** Moves the numbers on in the caller's transaction, beyond all that anybody may have seen of this database. */
export async function moveTransactionNumbers(client: Queried): Promise<void> {
  const { own, numbered } = await numbersOf(client);
  await setOffset(client, numbered + JUMP - own);
}

async function numbersOf(client: Queried): Promise<{ own: bigint; numbered: bigint }> {
  const { rows } = await client.query<{ own: string; numbered: string }>(
    'select pg_current_xact_id()::text as own, echo_transaction_id()::text as numbered',
  );
  const { own = '0', numbered = '0' } = rows[0] ?? {};
  return { own: BigInt(own), numbered: BigInt(numbered) };
}

async function setOffset(client: Queried, offset: bigint): Promise<void> {
  for (const [name, value] of [
    ['echo_transaction_id', 'pg_current_xact_id()'],
    ['echo_horizon', 'pg_snapshot_xmin(pg_current_snapshot())'],
  ])
    await client.query(
      `create or replace function ${name}() returns xid8 language sql stable as $$ select (${value}::text::bigint + ${offset})::text::xid8 $$`,
    );
}
