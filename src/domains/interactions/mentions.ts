import type { PoolClient } from 'pg';
import type { Turn } from './turn.ts';

/**
 * SQL: `counted`, how often characters are mentioned by what `mentionsIn` gives, as JSON, in `$1`. They are locked in the order of their
 * ids, so that two transactions never wait for each other's.
 */
export const COUNTED = `mentioned as (
             select id, tenant_id, user_id, count(*)::int as count
             from json_to_recordset($1) as m(id int, tenant_id text, user_id text) group by 1, 2, 3
           ), locked as materialized (
             select c.id, c.tenant_id, c.user_id from character_profiles c
             where c.id in (select id from mentioned) order by c.id for no key update
           ), counted as (
             select l.id, sum(m.count)::int as count from locked l join mentioned m on m.id = l.id
               and m.tenant_id = l.tenant_id and (l.user_id is null or l.user_id = m.user_id) group by l.id
           )`;

/** SQL: notes in characters what was `counted`. */
export const NOTED = `update character_profiles c set conversation_mentions = conversation_mentions + counted.count
           from counted where c.id = counted.id`;

/** Counts in characters that turns mention them, in the transaction of `client`. */
export async function countMentions(client: PoolClient, turns: readonly Turn[]): Promise<void> {
  const mentions = mentionsIn(turns);
  if (mentions.length === 0) return;
  await client.query({
    name: 'count_mentions',
    text: `with ${COUNTED} ${NOTED}`,
    values: [JSON.stringify(mentions)],
  });
}

/** Each mention of a character, with whose turn it is in. */
export function mentionsIn(turns: readonly Turn[]): object[] {
  return turns.flatMap(({ characterIds, tenantId, userId }) =>
    characterIds.map((id) => ({ id, tenant_id: tenantId, user_id: userId })),
  );
}
