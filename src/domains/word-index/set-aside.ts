import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';

/**
 * SQL: of a turn in the queue, whether a search reads it as it is: it waits, or the database took no postings of it (the reason ends with
 * its code). What the code itself stumbles over would end each search.
 */
export const READ_AS_IT_IS = `(set_aside is null or set_aside ~ '\\([0-9A-Z]{5}\\)$')`;
/** Milliseconds after which a turn that was set aside is tried again. */
const AGAIN_MS = 3_600_000;

/** Turns whose words cannot be indexed, for one reason. */
export interface TurnsSetAside {
  readonly reason: string;
  readonly count: number;
  /** The first few of them. */
  readonly examples: readonly { readonly tenantId: string; readonly userId: string; readonly id: string }[];
}

const EXAMPLES = 10;
/** Reasons that are told of, those of most turns. */
const MAX_REASONS = 100;

/** Of all users: nothing is lost of these turns, but they are in no postings. */
export async function turnsSetAside({
  pool,
}: Pick<Database, 'pool'>): Promise<{ total: number; reasons: readonly TurnsSetAside[] }> {
  const { rows } = await pool.query<TurnsSetAside & { total: number }>({
    name: 'turns_set_aside',
    text: `select q.set_aside as reason, count(*)::int as count, (sum(count(*)) over ())::int as total,
             to_json((array_agg(json_build_object('tenantId', i.tenant_id, 'userId', i.user_id, 'id', i.turn_id)
               order by i.id))[1:${EXAMPLES}]) as examples
           from echo_index_queue q join echo_unified_interactions i on i.id = q.interaction_id
           where q.set_aside is not null group by 1 order by 2 desc, 1 limit ${MAX_REASONS}`,
  });
  return { total: rows[0]?.total ?? 0, reasons: rows.map(({ total, ...reason }) => reason) };
}

/** A turn that was set aside, and whose it is. */
export interface TurnSetAside {
  readonly id: number;
  readonly owner: Owner;
}

/** The one that has waited longest for another attempt, once that is due. */
export async function nextSetAside({ pool }: Pick<Database, 'pool'>): Promise<TurnSetAside | null> {
  const { rows } = await pool.query<Owner & { id: number }>({
    name: 'next_set_aside',
    text: `select interaction_id as id, user_id as "userId", tenant_id as "tenantId" from echo_index_queue
           where set_aside is not null and queued_at < now() - $1 * interval '1 millisecond' order by queued_at limit 1`,
    values: [AGAIN_MS],
  });
  const [found] = rows;
  return found ? { id: found.id, owner: { userId: found.userId, tenantId: found.tenantId } } : null;
}

/** How the queue of the index stands, of all users. */
export interface QueueStanding {
  readonly setAside: number;
  /** Seconds that the oldest turn which is to be indexed has waited; 0 if none does. */
  readonly oldestSeconds: number;
}

export async function queueStanding({ pool }: Pick<Database, 'pool'>): Promise<QueueStanding> {
  const found = await pool.query<QueueStanding>({
    name: 'index_queue_standing',
    text: `select count(set_aside)::int as "setAside", greatest(0, coalesce(extract(epoch from
             now() - min(queued_at) filter (where set_aside is null)), 0))::float8 as "oldestSeconds"
           from echo_index_queue`,
  });
  return onlyRow(found);
}

/** Lets them be tried again, by a version that may know better. */
export async function tryAgain({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await pool.query({
    name: 'try_turns_set_aside',
    text: 'update echo_index_queue set set_aside = null where set_aside is not null',
  });
}
