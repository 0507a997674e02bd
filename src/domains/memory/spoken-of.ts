import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { onlyRow } from '../../db/statements.ts';
import { fitOf, type SpokenTimes } from '../spoken-times/spoken-times.ts';

/**
 * Whether the owner said anything at one of the times that a question names. Where not, no search finds it, so that one that would be
 * done in vain ("What do we cook tonight?") is left out.
 *
 * @param waiting turns that the database has not taken, read before this
 */
export async function isAnythingOf(
  db: Database,
  owner: Owner,
  times: SpokenTimes,
  waiting: readonly { readonly timestamp: Date }[],
): Promise<boolean> {
  if (waiting.some(({ timestamp }) => fitOf(times, timestamp) > 0)) return true;
  const ends = [times.spans.map(({ since }) => since), times.spans.map(({ until }) => until)];
  const found = await db.pool.query<{ any: boolean }>({
    name: replicable('any_turn_within'),
    // One span at a time and in order, so that the index gives its latest turn: without an order, the whole table looked as cheap as that.
    text: `select exists (
             select from unnest($3::timestamptz[], $4::timestamptz[]) as s(since, until) cross join lateral (
               select from echo_unified_interactions i
               where i.user_id = $1 and i.tenant_id = $2 and i.timestamp >= s.since and i.timestamp < s.until
               order by i.timestamp desc, i.id desc limit 1
             ) t
           ) as any`,
    values: [owner.userId, owner.tenantId, ...ends],
  });
  return onlyRow(found).any;
}
