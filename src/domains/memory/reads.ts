import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow } from '../../db/statements.ts';
import { type InteractionRow, interactions } from '../interactions/tables.ts';

/** A turn that may be of interest, with the rank of its text (0: found for another reason). */
export interface RecallCandidate {
  readonly row: InteractionRow;
  readonly rank: number;
}

interface Recall {
  readonly query: string;
  readonly conversationId: string | null;
  readonly since: Date | null;
  readonly until: Date | null;
  readonly recentSince: Date;
  readonly limit: number;
}

/**
 * Turns of one user that share a word with the query, best text rank first, and those of the last day.
 *
 * The words are joined by OR: almost no answer holds all the words of its question.
 */
export async function recallCandidates(
  db: Database,
  owner: Owner,
  recall: Recall,
): Promise<RecallCandidate[]> {
  const result = await db.pool.query({
    name: 'recall_candidates',
    text: RECALL,
    values: [
      recall.query,
      owner.userId,
      owner.tenantId,
      recall.conversationId,
      recall.since,
      recall.until,
      recall.limit,
      recall.recentSince,
    ],
  });
  return result.rows.map((raw) => ({ row: mapRow(interactions, raw), rank: Number(raw.rank) }));
}

// The expression of the search document must be that of the index, to the letter.
const DOCUMENT = `to_tsvector('english'::regconfig, coalesce(speaker, '') || ' ' || query || ' ' || left(response, 100000))`;
const OWNED = `user_id = $2 and tenant_id = $3 and ($4::text is null or conversation_id = $4)
  and ($5::timestamptz is null or timestamp >= $5) and ($6::timestamptz is null or timestamp <= $6)`;

const RECALL = `
  with words as (select replace(plainto_tsquery('english', $1)::text, '&', '|')::tsquery as any_of),
  found as (
    select i.id, ts_rank(${DOCUMENT}, any_of) as rank from echo_unified_interactions i, words
    where ${OWNED} and ${DOCUMENT} @@ any_of order by rank desc, id desc limit $7
  ), recent as (
    select id, 0::real as rank from echo_unified_interactions
    where ${OWNED} and timestamp >= $8 order by timestamp desc, id desc limit 20
  )
  select i.*, c.rank from (select id, max(rank) as rank from (select * from found union all select * from recent) b group by id) c
  join echo_unified_interactions i using (id)`;
