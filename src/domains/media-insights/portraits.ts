import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { exactTerm } from './terms.ts';

/**
 * Of each character the best of a user's pictures in which they are, by quality, as its content's hash; null where they are in none that is
 * there. One look into the index of terms for each.
 */
export async function portraitsOf(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  names: readonly string[],
): Promise<(string | null)[]> {
  const terms = names.map((name) => exactTerm(owner, 'character', name));
  const { rows } = await pool.query<{ term: string; file_hash: string }>({
    name: 'portraits_of_characters',
    text: `select asked.term, best.file_hash
           from (select distinct unnest($3::text[]) as term) asked cross join lateral (
             select file_hash from echo_media_insights
             where user_id = $1 and tenant_id = $2 and search_terms @> array[asked.term] and state = 'PRESENT'
               and starts_with(media_type, 'image/')
             order by quality_score desc nulls last, id desc limit 1) best`,
    values: [owner.userId, owner.tenantId, terms],
  });
  const byTerm = new Map(rows.map((row) => [row.term, row.file_hash]));
  return terms.map((term) => byTerm.get(term) ?? null);
}
