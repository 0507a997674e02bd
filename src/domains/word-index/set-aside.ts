import type { Database } from '../../db/client.ts';

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

/** Of all users: nothing is lost of these turns, but no search for their words finds them. */
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

/** Lets them be tried again, by a version that may know better. */
export async function tryAgain({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await pool.query({
    name: 'try_turns_set_aside',
    text: 'update echo_index_queue set set_aside = null where set_aside is not null',
  });
}
