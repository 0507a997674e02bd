import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';

/** Counts a picture of a character that its user knows. */
export async function noteDrawn(client: PoolClient, { tenantId, userId }: Owner, id: number): Promise<void> {
  await client.query({
    name: 'note_drawn',
    text: `update character_profiles set generation_count = generation_count + 1, last_generated = now()
           where id = $1 and tenant_id = $2 and (user_id is null or user_id = $3)`,
    values: [id, tenantId, userId],
  });
}

/** Lets one transaction at a time decide how alike pictures of a character are; held to its end. */
export async function lockConsistency(client: PoolClient, id: number): Promise<void> {
  await client.query({
    name: 'lock_consistency',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['consistency', id])],
  });
}

/** @param score 0 to 1 */
export async function setConsistency(
  client: PoolClient,
  { tenantId, userId }: Owner,
  id: number,
  score: number,
): Promise<void> {
  await client.query({
    name: 'set_consistency',
    text: `update character_profiles set consistency_score = $4
           where id = $1 and tenant_id = $2 and (user_id is null or user_id = $3)`,
    values: [id, tenantId, userId, score],
  });
}
