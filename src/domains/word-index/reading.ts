import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { isNumbered, type NumberedTurn, type PostingRows, placed, postingsOf, rowsOf } from './segments.ts';
import type { TextAnalyses } from './text-analyses.ts';
import { type IndexableTurn, turnsWithEarlier } from './turns.ts';

/** Turns as a segment of their own. */
export interface ReadSegment {
  /** The number of its first turn. */
  readonly first: number;
  /** Those of them that there are, with their numbers. */
  readonly turns: readonly NumberedTurn[];
  /** Turns whose words are in it, too. */
  readonly earlier: readonly IndexableTurn[];
  readonly postings: PostingRows;
}

/** Reads turns as what they are indexed as, by numbers from `first` on. */
export async function readSegment(
  db: Pick<PoolClient, 'query'>,
  texts: TextAnalyses,
  ids: readonly number[],
  first: number,
): Promise<ReadSegment> {
  const wanted = new Set(ids);
  const all = await turnsWithEarlier(db, ids);
  const turns = all
    .filter((turn) => wanted.has(turn.id))
    .map((turn, index) => ({ ...turn, document: first + index }));
  const earlier = all.filter((turn) => !wanted.has(turn.id));
  const numbered = earlier.filter(isNumbered);
  const postings = await postingsOf(await placed(db, texts, turns), await placed(db, texts, numbered));
  return { first, turns, earlier, postings: await rowsOf(postings) };
}

/**
 * Whether the turns are what they were when they were read: none was deleted since, and none that was interrupted has got its
 * answer. Asked when the turns were taken from the queue, since who answers one puts it there and waits.
 */
export async function isUnchanged(
  client: Pick<PoolClient, 'query'>,
  owner: Owner,
  { turns, earlier }: ReadSegment,
): Promise<boolean> {
  const read = [...turns, ...earlier];
  const { rows } = await client.query<{ unchanged: number }>({
    name: 'index_turns_unchanged',
    // By the id and nothing else, as `limit` sees to: of a table without figures, an owner's index cost as much to the planner, and
    // all their turns were looked through for each of these.
    text: `select count(*)::int as unchanged from unnest($1::int[], $2::text[]) as w(id, status)
           cross join lateral (
             select status, user_id, tenant_id from echo_unified_interactions where id = w.id limit 1
           ) i
           where i.status = w.status and i.user_id = $3 and i.tenant_id = $4`,
    values: [read.map(({ id }) => id), read.map(({ status }) => status), owner.userId, owner.tenantId],
  });
  return rows[0]?.unchanged === read.length;
}
