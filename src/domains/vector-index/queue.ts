import type { Database } from '../../db/client.ts';
import { retriedIfMet } from '../../db/retried.ts';
import { contentHash, EMBEDDED_LENGTH, EMBEDDED_TEXT } from './embedded-text.ts';

/** A turn that one worker may embed until its lease ends. */
export interface LeasedTurn {
  readonly turnId: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly conversationId: string;
  readonly timestamp: Date;
  /** Failures so far. */
  readonly attempts: number;
  readonly text: string;
  readonly contentHash: string;
  /** Whether it had one before, of this or another model or of another text. */
  readonly hadVector: boolean;
}

const TABLE = 'echo_unified_interactions';

/** Turns that failed before are taken a few at a time: each goes alone, and may take long. */
const FAILED_AT_ONCE = 4;

/**
 * Whether a turn waits, or a lease is over that nobody ended. Asked each second by every server, and mostly there is none: one
 * statement instead of a transaction of four.
 */
export async function isAnyWaiting(db: Database): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'any_vector_waiting',
    // In its order, along the index: asked whether one exists, PostgreSQL would rather read the whole table.
    text: `(select from ${TABLE} where vector_state <> 'EMBEDDED' and (vector_state = 'PENDING' or vector_lease_until <= now())
            order by id limit 1)
           union all (select from echo_vector_leases where until <= now() limit 1)`,
  });
  return rowCount !== 0;
}

/**
 * Leases turns that wait for a vector: pending ones, those whose worker let its lease run out, and a few failed ones
 * whose delay is over. As many as make up the wanted characters, one at least. One worker at a time takes turns, of all
 * servers; those that a server of an earlier version has are known by their own rows.
 * `vector_lease_until` of a failed turn is when it is tried again.
 *
 * @param lease.newestFirst whether to begin with the latest turns, so that they don't wait behind a backlog
 */
export async function leaseTurns(
  db: Database,
  lease: {
    token: string;
    leaseMs: number;
    limit: number;
    characters: number;
    newestFirst: boolean;
    model: string;
  },
): Promise<LeasedTurn[]> {
  const direction = lease.newestFirst ? 'desc' : 'asc';
  return db.transaction(async (client) => {
    // Of two workers that look at once, the second one sees what the first one has taken. While turns come in faster than
    // PostgreSQL counts them, it takes all for waiting, and would rather read and sort the whole table than go along the index.
    await client.query({
      name: 'lock_vector_leases',
      text: `select pg_advisory_xact_lock(hashtextextended('vector leases', 0)),
               set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
    });
    const { rows } = await client.query<LeasedTurn>({
      name: `lease_vectors_${direction}`,
      text: `with over as (
               delete from echo_vector_leases where until <= now()
             ), held as (
               select unnest(interaction_ids) as id from echo_vector_leases where until > now()
             ), waiting as (
               select id, ${EMBEDDED_LENGTH} as length from ${TABLE} t
               where vector_state <> 'EMBEDDED' and vector_state <> 'FAILED'
                 and (vector_state = 'PENDING' or vector_lease_until <= now()) and id not in (select id from held)
               order by id ${direction} limit $3
             ), failed as (
               select id from ${TABLE} where vector_state <> 'EMBEDDED' and vector_state = 'FAILED' and vector_lease_until <= now()
                 and id not in (select id from held)
               order by vector_lease_until limit ${FAILED_AT_ONCE}
             ), due as (
               select id from (select id, sum(length) over (order by id ${direction}) - length as before from waiting) w
               where before < $5::float8
               union all select id from failed
             ), taken as (
               insert into echo_vector_leases (token, until, interaction_ids)
               select $1, now() + $2 * interval '1 millisecond', array_agg(id) from due having count(*) > 0
             )
             select t.turn_id as "turnId", t.tenant_id as "tenantId", t.user_id as "userId",
               t.conversation_id as "conversationId", t.timestamp, t.vector_attempts as attempts,
               t.vector_model is not null as "hadVector", ${EMBEDDED_TEXT} as text, ${contentHash('$4')} as "contentHash"
             from ${TABLE} t where t.id = any(array(select id from due))`,
      values: [lease.token, lease.leaseMs, lease.limit, lease.model, lease.characters],
    });
    return rows;
  });
}

/** Holds a lease for longer. @returns whether it is still ours */
export async function extendLease(db: Database, lease: { token: string; leaseMs: number }): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'extend_vector_lease',
    text: `update echo_vector_leases set until = now() + $2 * interval '1 millisecond' where token = $1`,
    values: [lease.token, lease.leaseMs],
  });
  return rowCount === 1;
}

/** Gives back what is left of a lease: turns that were neither finished nor failed are as if they had not been taken. */
export async function endLease(db: Database, token: string): Promise<void> {
  await db.pool.query({
    name: 'end_vector_lease',
    text: 'delete from echo_vector_leases where token = $1',
    values: [token],
  });
}

/** SQL: the lease `$1` is there. Whoever takes turns deletes those that are over. */
const IS_OURS = 'exists (select from echo_vector_leases where token = $1)';

/**
 * Marks turns as embedded where the lease is still ours, nobody else was faster, and the turn is what was embedded: the
 * answer of an interrupted one may have come meanwhile.
 *
 * @returns the ids that it was for
 */
export async function finishTurns(
  db: Database,
  token: string,
  model: string,
  turns: readonly Pick<LeasedTurn, 'turnId' | 'contentHash'>[],
): Promise<Set<string>> {
  const finish = {
    name: 'finish_vectors',
    text: `update ${TABLE} t set vector_state = 'EMBEDDED', vector_model = $2, vector_updated_at = now(),
             vector_attempts = 0, vector_error = null, vector_lease_token = null, vector_lease_until = null
           from unnest($3::uuid[], $4::text[]) as done(turn_id, hash)
           -- Named once more as a list: without it, PostgreSQL would rather read the whole table.
           where t.turn_id = any($3::uuid[]) and t.turn_id = done.turn_id and t.vector_state <> 'EMBEDDED' and ${IS_OURS}
             and ${contentHash('$2')} = done.hash
           returning t.turn_id`,
    values: [token, model, turns.map(({ turnId }) => turnId), turns.map((turn) => turn.contentHash)],
  };
  // A deletion locks the turns behind a deleted one, which are in this list perhaps, in another order.
  const { rows } = await retriedIfMet(() => db.pool.query<{ turn_id: string }>(finish));
  return new Set(rows.map((row) => row.turn_id));
}

/** Marks turns as failed, to be tried again after a delay (milliseconds). */
export async function failTurns(
  db: Database,
  token: string,
  failures: readonly { turnId: string; delayMs: number; reason: string }[],
): Promise<void> {
  await db.pool.query({
    name: 'fail_vectors',
    text: `update ${TABLE} t set vector_state = 'FAILED', vector_attempts = vector_attempts + 1,
             vector_error = f.reason, vector_lease_token = null,
             vector_lease_until = now() + f."delayMs" * interval '1 millisecond'
           from json_to_recordset($2) as f("turnId" uuid, "delayMs" float8, reason text)
           where t.turn_id = f."turnId" and t.vector_state <> 'EMBEDDED' and ${IS_OURS}`,
    values: [token, JSON.stringify(failures)],
  });
}

/** Puts embedded turns back into the queue. `vector_model` stays: there it may still be searched. */
export async function requeueTurns(db: Database, turnIds: readonly string[]): Promise<number> {
  const { rowCount } = await db.pool.query({
    name: 'requeue_vectors',
    text: `update ${TABLE} set vector_state = 'PENDING', vector_updated_at = now()
           where turn_id = any($1::uuid[]) and vector_state = 'EMBEDDED'`,
    values: [turnIds],
  });
  return rowCount ?? 0;
}

/** Which of these turns exist, with their owners. */
export async function ownersOfTurns(
  db: Database,
  turnIds: readonly string[],
): Promise<Map<string, { tenantId: string; userId: string }>> {
  const { rows } = await db.pool.query<{ turnId: string; tenantId: string; userId: string }>({
    name: 'owners_of_turns',
    text: `select turn_id as "turnId", tenant_id as "tenantId", user_id as "userId" from ${TABLE} where turn_id = any($1::uuid[])`,
    values: [turnIds],
  });
  return new Map(rows.map((row) => [row.turnId, row]));
}

/** Which of these are ids of turns. */
export async function turnsAmong(db: Database, turnIds: readonly string[]): Promise<Set<string>> {
  return new Set((await ownersOfTurns(db, turnIds)).keys());
}
