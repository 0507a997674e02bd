import type { PoolClient } from 'pg';
import { onlyRow } from '../../db/statements.ts';

/** Turns of users that were stored in a day, and in the one before; those that were deleted since are not counted. */
export async function turnsOfDays(
  { pool }: { readonly pool: Pick<PoolClient, 'query'> },
  { from, to }: { readonly from: number; readonly to: number },
  without: string,
): Promise<{ readonly day: number; readonly before: number }> {
  const found = await pool.query<{ day: number; before: number }>({
    name: 'turns_of_days',
    text: `select count(*) filter (where created_at >= $2)::int as day, count(*) filter (where created_at < $2)::int as before
           from echo_unified_interactions where created_at >= $1 and created_at < $3 and tenant_id <> $4`,
    values: [new Date(from - (to - from)), new Date(from), new Date(to), without],
  });
  return onlyRow(found);
}
