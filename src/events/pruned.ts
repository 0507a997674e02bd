import type { Pool, PoolClient } from 'pg';
import type { Database } from '../db/client.ts';
import type { EventKind, Place } from './event.ts';

/** Rows that one transaction deletes. */
const BATCH = 5_000;

/** The last place up to which events of some kinds were pruned; null: none ever were. */
export async function prunedUpTo(
  { pool }: { readonly pool: Pick<Pool, 'query'> },
  kinds: readonly EventKind[],
): Promise<Place | null> {
  const { rows } = await pool.query<{ xid: string; id: string }>({
    name: 'events_pruned_up_to',
    text: 'select xid, id from echo_events_pruned where kind = any($1) order by xid desc, id desc limit 1',
    values: [kinds],
  });
  return rows[0] ? { transaction: BigInt(rows[0].xid), id: BigInt(rows[0].id) } : null;
}

/**
 * Deletes the oldest events of a kind, in transactions of some rows each: all but the newest `rows`, and whatever is older
 * than `before`. Where they were is marked first, so that nobody resumes into a gap without being told.
 *
 * @returns how many were deleted
 */
export async function pruneEvents(
  db: Pick<Database, 'pool' | 'transaction'>,
  kind: EventKind,
  keep: { readonly rows: number; readonly before: Date },
): Promise<number> {
  const { rows } = await db.pool.query<{ xid: string; id: string }>({
    name: `prune_events_${kind}_to`,
    text: `(select xid, id from echo_events where kind = '${kind}' order by xid desc, id desc offset $1 limit 1)
           union all (select xid, id from echo_events where kind = '${kind}' and at < $2 order by xid desc, id desc limit 1)
           order by xid desc, id desc limit 1`,
    values: [keep.rows, keep.before],
  });
  const [last] = rows;
  if (!last) return 0;
  let gone = 0;
  for (let batch = BATCH; batch === BATCH; gone += batch)
    batch = await db.transaction((client) => pruneBatch(client, kind, last), { ownName: true });
  return gone;
}

async function pruneBatch(client: PoolClient, kind: EventKind, last: { xid: string; id: string }) {
  await client.query({
    name: 'mark_events_pruned',
    text: `insert into echo_events_pruned as p (kind, xid, id) values ($1, $2, $3)
           on conflict (kind) do update set xid = excluded.xid, id = excluded.id
           where (p.xid, p.id) < (excluded.xid, excluded.id)`,
    values: [kind, last.xid, last.id],
  });
  const { rowCount } = await client.query({
    name: `prune_events_${kind}`,
    text: `delete from echo_events where ctid = any(array(
             select ctid from echo_events where kind = '${kind}' and (xid, id) <= ($1::xid8, $2::bigint) limit ${BATCH}))`,
    values: [last.xid, last.id],
  });
  return rowCount ?? 0;
}

/**
 * Deletes the oldest events of all kinds that are older than `before`, some in the transaction of `client`: up to the first one
 * that is not. By the order that they are read in, so that this needs no index by age and looks at no event that stays.
 *
 * @returns how many; 0: none are left
 */
export async function pruneOldestEvents(client: PoolClient, before: Date): Promise<number> {
  const { rowCount } = await client.query({
    name: 'prune_oldest_events',
    text: `with oldest as materialized (
             select xid, id, kind, at, row_number() over (order by xid, id) as place from (
               select * from echo_events where xid < echo_horizon() order by xid, id limit ${BATCH}
             ) e
           ), gone as materialized (
             select xid, id, kind from oldest
             where place < coalesce((select min(place) from oldest where at >= $1), ${BATCH + 1})
           ), marked as (
             insert into echo_events_pruned as p (kind, xid, id)
             select distinct on (kind) kind, xid, id from gone order by kind, xid desc, id desc
             on conflict (kind) do update set xid = excluded.xid, id = excluded.id
             where (p.xid, p.id) < (excluded.xid, excluded.id)
           )
           delete from echo_events e using gone where e.id = gone.id`,
    values: [before],
  });
  return rowCount ?? 0;
}

/** Number of events that are older. */
export async function countOldEvents({ pool }: Pick<Database, 'pool'>, before: Date): Promise<number> {
  const { rows } = await pool.query<{ count: number }>({
    name: 'old_events',
    text: 'select count(*)::int as count from echo_events where at < $1',
    values: [before],
  });
  return rows[0]?.count ?? 0;
}
