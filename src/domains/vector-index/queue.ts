import type { Database } from '../../db/client.ts';
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
 * Leases turns that wait for a vector: pending ones, those whose worker let its lease run out, and a few failed ones
 * whose delay is over. As many as make up the wanted characters, one at least. Turns that another worker is taking right
 * now are passed over. `vector_lease_until` of a failed turn is when it is tried again.
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
  const { rows } = await db.pool.query<LeasedTurn>({
    name: `lease_vectors_${direction}`,
    text: `with waiting as (
             select id, ${EMBEDDED_LENGTH} as length from ${TABLE} t
             where vector_state <> 'EMBEDDED' and vector_state <> 'FAILED'
               and (vector_state = 'PENDING' or vector_lease_until <= now())
             order by id ${direction} limit $3 for update skip locked
           ), failed as (
             select id from ${TABLE} where vector_state <> 'EMBEDDED' and vector_state = 'FAILED' and vector_lease_until <= now()
             order by vector_lease_until limit ${FAILED_AT_ONCE} for update skip locked
           ), due as (
             select id from (select id, sum(length) over (order by id ${direction}) - length as before from waiting) w
             where before < $5::float8
             union all select id from failed
           )
           update ${TABLE} t set vector_state = 'LEASED', vector_lease_token = $1,
             vector_lease_until = now() + $2 * interval '1 millisecond'
           from due where t.id = due.id
           returning t.turn_id as "turnId", t.tenant_id as "tenantId", t.user_id as "userId",
             t.conversation_id as "conversationId", t.timestamp, t.vector_attempts as attempts,
             t.vector_model is not null as "hadVector", ${EMBEDDED_TEXT} as text, ${contentHash('$4')} as "contentHash"`,
    values: [lease.token, lease.leaseMs, lease.limit, lease.model, lease.characters],
  });
  return rows;
}

/** Holds leases for longer. @returns the ids of the turns that are still ours */
export async function extendLease(
  db: Database,
  lease: { token: string; leaseMs: number; turnIds: readonly string[] },
): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ turn_id: string }>({
    name: 'extend_vector_lease',
    text: `update ${TABLE} set vector_lease_until = now() + $2 * interval '1 millisecond'
           where turn_id = any($3::uuid[]) and vector_state = 'LEASED' and vector_lease_token = $1
           returning turn_id`,
    values: [lease.token, lease.leaseMs, lease.turnIds],
  });
  return new Set(rows.map((row) => row.turn_id));
}

/** Marks turns as embedded where the lease is still ours. @returns the ids that it was for */
export async function finishTurns(
  db: Database,
  token: string,
  model: string,
  turnIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ turn_id: string }>({
    name: 'finish_vectors',
    text: `update ${TABLE} set vector_state = 'EMBEDDED', vector_model = $2, vector_updated_at = now(),
             vector_attempts = 0, vector_error = null, vector_lease_token = null, vector_lease_until = null
           where turn_id = any($3::uuid[]) and vector_state = 'LEASED' and vector_lease_token = $1
           returning turn_id`,
    values: [token, model, turnIds],
  });
  return new Set(rows.map((row) => row.turn_id));
}

/** Gives leased turns back, as if they had not been taken: the fault is not theirs. */
export async function releaseTurns(db: Database, token: string, turnIds: readonly string[]): Promise<void> {
  await db.pool.query({
    name: 'release_vectors',
    text: `update ${TABLE} set vector_state = 'PENDING', vector_lease_token = null, vector_lease_until = null
           where turn_id = any($2::uuid[]) and vector_state = 'LEASED' and vector_lease_token = $1`,
    values: [token, turnIds],
  });
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
           where t.turn_id = f."turnId" and t.vector_state = 'LEASED' and t.vector_lease_token = $1`,
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
