import type { PoolClient } from 'pg';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { TaskOwner } from '../../jobs/job.ts';

/** A turn that one task may learn from until its lease ends. */
export interface LeasedTurn {
  readonly id: number;
  readonly turnId: string;
  readonly conversationId: string;
  readonly sequence: number;
  readonly timestamp: Date;
  readonly query: string;
  readonly response: string;
  readonly speaker: string | null;
  readonly responder: string | null;
}

/** How a task takes turns. Its attempts share them: only one of them is the task's, and only that one can commit. */
export interface Lease {
  readonly taskId: string;
  readonly leaseMs: number;
  /** Turns at most. */
  readonly limit: number;
  /** Bytes of text after which no further turn is taken. */
  readonly bytes: number;
}

const TABLE = 'echo_unified_interactions';
const OF_OWNER = 'tenant_id = $1 and user_id = $2';

/** SQL: a turn is another table's columns under the names that a leased turn has. */
export const TURN_COLUMNS = `t.id, t.turn_id as "turnId", t.conversation_id as "conversationId", t.sequence, t.timestamp,
  t.query, t.response, t.speaker, t.responder`;

/** The first user behind another one who has turns that wait. @param after null: the first of all */
export async function nextWaitingUser(
  { pool }: Pick<Database, 'pool'>,
  { tenantId, userId }: TaskOwner,
  after: Owner | null,
): Promise<Owner | null> {
  if (userId !== null) {
    const owner = { tenantId, userId };
    return after === null && (await isWaiting({ pool }, owner)) ? owner : null;
  }
  const { rows } = await pool.query<Owner>({
    name: 'next_user_to_learn',
    text: `select tenant_id as "tenantId", user_id as "userId" from ${TABLE}
           where learning_state <> 'LEARNED' and (tenant_id, user_id) > ($1, $2) and tenant_id <> '${CANARY_TENANT}'
           order by tenant_id, user_id limit 1`,
    values: [after?.tenantId ?? '', after?.userId ?? ''],
  });
  return rows[0] ?? null;
}

/** Whether a user has turns that nobody has learned from yet. */
export async function isWaiting({ pool }: Pick<Database, 'pool'>, owner: Owner): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'is_learning_waiting',
    text: `select 1 from ${TABLE} where learning_state <> 'LEARNED' and ${OF_OWNER} limit 1`,
    values: [owner.tenantId, owner.userId],
  });
  return rowCount !== 0;
}

/**
 * Takes the first turns of a user that wait, in the order in which they were said. None while another task has some of the
 * user's: what corrects something is learned behind what it corrects. A turn whose row somebody is changing right
 * now, and those behind it, are left: nothing here waits for rows of turns.
 */
export async function takeTurns(
  db: Database,
  owner: Owner,
  { taskId, leaseMs, limit, bytes }: Lease,
): Promise<LeasedTurn[]> {
  return db.transaction(async (client) => {
    // Of two tasks that look at once, the second one sees what the first one has taken.
    await client.query({
      name: 'lock_learning',
      text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [JSON.stringify(['learning', owner.tenantId, owner.userId])],
    });
    const { rows } = await client.query<LeasedTurn>({
      name: 'lease_learning',
      text: `with waiting as (
               select id, timestamp, octet_length(query) + octet_length(response) as bytes,
                 learning_state = 'LEASED' and learning_lease_token <> $3 and learning_lease_until > now() as is_others
               from ${TABLE} where learning_state <> 'LEARNED' and ${OF_OWNER} order by timestamp, id limit $5
             ), free as (
               select id from ${TABLE} where id in (select id from waiting) and learning_state <> 'LEARNED'
               and not exists (select from waiting where is_others) order by id for no key update skip locked
             ), placed as (
               select w.id, bool_and(f.id is not null) over said as is_next, sum(w.bytes) over said - w.bytes as before
               from waiting w left join free f on f.id = w.id window said as (order by w.timestamp, w.id)
             )
             update ${TABLE} t set learning_state = 'LEASED', learning_lease_token = $3,
               learning_lease_until = now() + $4 * interval '1 millisecond'
             from placed p where t.id = p.id and p.is_next and p.before < $6
             returning ${TURN_COLUMNS}`,
      values: [owner.tenantId, owner.userId, taskId, leaseMs, limit, bytes],
    });
    return rows.sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime() || a.id - b.id);
  });
}

/** Gives turns back that a task has taken, as if it had not. */
export async function releaseTurns(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  taskId: string,
  turns: readonly LeasedTurn[],
): Promise<void> {
  await pool.query({
    name: 'release_learning',
    text: `update ${TABLE} set learning_state = 'PENDING', learning_lease_token = null, learning_lease_until = null
           where id in (select id from ${TABLE} where id = any($4::int[]) and learning_lease_token = $3 and learning_state = 'LEASED'
             and ${OF_OWNER} order by id for no key update skip locked)`,
    values: [owner.tenantId, owner.userId, taskId, turns.map(({ id }) => id)],
  });
}

/**
 * Locks the rows of turns that a task still has, without waiting for anybody, in the transaction that learns from them.
 *
 * @param turns in the order in which they were said
 * @returns those up to the first one whose row somebody is changing; turns that were deleted, or that another task has, are
 *   left out
 */
export async function holdTurns<T extends LeasedTurn>(
  client: PoolClient,
  owner: Owner,
  taskId: string,
  turns: readonly T[],
): Promise<T[]> {
  const own = `id = any($4::int[]) and learning_lease_token = $3 and learning_state = 'LEASED' and ${OF_OWNER}`;
  const { rows } = await client.query<{ id: number; isHeld: boolean }>({
    name: 'hold_turns_to_learn',
    text: `with held as (select id from ${TABLE} where ${own} order by id for no key update skip locked)
           select t.id, h.id is not null as "isHeld" from (select id from ${TABLE} where ${own}) t left join held h on h.id = t.id`,
    values: [owner.tenantId, owner.userId, taskId, turns.map(({ id }) => id)],
  });
  const isHeld = new Map(rows.map((row) => [row.id, row.isHeld]));
  const changing = turns.findIndex(({ id }) => isHeld.get(id) === false);
  return (changing < 0 ? turns : turns.slice(0, changing)).filter(({ id }) => isHeld.has(id));
}

/** Says that turns were learned from, in that transaction. */
export async function finishTurns(
  client: PoolClient,
  owner: Owner,
  turns: readonly LeasedTurn[],
): Promise<void> {
  await client.query({
    name: 'finish_learning',
    text: `update ${TABLE} set learning_state = 'LEARNED', learning_lease_token = null, learning_lease_until = null
           where id = any($3::int[]) and ${OF_OWNER}`,
    values: [owner.tenantId, owner.userId, turns.map(({ id }) => id)],
  });
}

/** Turns that wait, and since when the one that has waited longest does. */
export interface Waiting {
  readonly turns: number;
  /** Seconds; 0 if none waits. */
  readonly oldestSeconds: number;
}

/** Of one user, or of all of a tenant. */
export async function waitingOf({ pool }: Pick<Database, 'pool'>, scope: Scope): Promise<Waiting> {
  const found = await pool.query<Waiting>({
    name: 'learning_waiting_scope',
    text: `select count(*)::int as turns,
             greatest(0, coalesce(extract(epoch from now() - min(learning_since)), 0))::float8 as "oldestSeconds"
           from ${TABLE} where learning_state <> 'LEARNED' and tenant_id = $1 and ($2::text is null or user_id = $2)`,
    values: [scope.tenantId, scope.userId],
  });
  return onlyRow(found);
}

/** Number of turns that wait, of all tenants. */
export async function countWaiting({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const found = await pool.query<{ turns: number }>({
    name: 'learning_waiting',
    text: `select count(*)::int as turns from ${TABLE} where learning_state <> 'LEARNED' and tenant_id <> '${CANARY_TENANT}'`,
  });
  return onlyRow(found).turns;
}

/** Seconds that the oldest turn of all tenants has waited; 0 if none waits. Cheap at any size. */
export async function oldestWaiting({ pool }: Pick<Database, 'pool'>): Promise<number> {
  const { rows } = await pool.query<{ seconds: number }>({
    name: 'learning_oldest',
    text: `select greatest(0, extract(epoch from now() - learning_since))::float8 as seconds from ${TABLE}
           where learning_state <> 'LEARNED' and tenant_id <> '${CANARY_TENANT}' order by learning_since limit 1`,
  });
  return rows[0]?.seconds ?? 0;
}
