import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { lockConsistency, setConsistency } from '../characters/drawn.ts';
import { learnStyle } from './style.ts';
import { type GenerationRow, generations } from './tables.ts';

/** Ratings after which one counts half as much. */
export const HALF_LIFE = 5;
/** Those that are looked at: beyond them each counts less than a thousandth. */
const LOOKED_AT = 50;
export const MAX_COMMENT = 2_000;

/** The mean of what was said; exact, as the database writes it. */
export const SCORE = `(coalesce(identity, 0) + coalesce(style, 0) + coalesce(quality, 0)) / num_nonnulls(identity, style, quality)`;

const score = z
  .number({ error: 'must be a number' })
  .min(0, { error: 'must be at least 0' })
  .max(1, { error: 'must be at most 1' })
  .nullish();
const RateGeneration = z.object({
  generationId: input.text(100),
  identity: score,
  style: score,
  quality: score,
  comment: input.text(MAX_COMMENT, 0).nullish(),
});

/**
 * Says how good a picture is; a second time, the last word counts. The consistency score of its character becomes the mean of
 * all ratings, each of which is the mean of its scores and counts half as much as one that came five later; what the picture has in common with others
 * learns from it.
 *
 * @throws InvalidInput, NotFound
 */
export async function rateGeneration(
  { db }: { readonly db: Database },
  owner: Owner,
  given: z.input<typeof RateGeneration>,
): Promise<GenerationRow> {
  const { generationId, identity, style, quality, comment } = input.parseInput(RateGeneration, given);
  if (identity == null && style == null && quality == null)
    throw new InvalidInput('input', 'must have at least one of identity, style and quality');
  return db.transaction(async (client) => {
    const { rows } = await client.query<RawRow>({
      name: 'generation_to_rate',
      text: `select * from anime_generation_history where generation_id = $1 and tenant_id = $2 and user_id = $3 for update`,
      values: [generationId, owner.tenantId, owner.userId],
    });
    if (!rows[0]) throw new NotFound('generationId', `there is no generation "${generationId}"`);
    const row = mapRow(generations, rows[0]);
    if (row.completedAt === null)
      throw new InvalidInput('generationId', 'there is no picture of it that could be rated');
    // One at a time for each character: a score counts all ratings.
    if (row.characterId !== null) await lockConsistency(client, row.characterId);
    const before = await client.query<{ score: string }>({
      name: 'rating_before',
      text: `select ${SCORE} as score from anime_qc_feedback where generation = $1 and tenant_id = $2 and user_id = $3`,
      values: [row.id, owner.tenantId, owner.userId],
    });
    const stored = await client.query<{ score: string }>({
      name: 'store_rating',
      text: `insert into anime_qc_feedback (tenant_id, user_id, generation, character_id, identity, style, quality, comment)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (generation) do update set identity = excluded.identity, style = excluded.style,
               quality = excluded.quality, comment = excluded.comment, rated_at = now()
             returning ${SCORE} as score`,
      values: [...[owner.tenantId, owner.userId, row.id, row.characterId], identity, style, quality, comment],
    });
    const now = onlyRow(stored).score;
    await learnStyle(client, owner, row, { before: before.rows[0]?.score ?? null, now });
    if (row.characterId !== null) await followRating(client, owner, row.characterId);
    return row;
  });
}

/** Lets the consistency score of a character be what all ratings say. In the transaction that stores one. */
export async function followRating(client: PoolClient, owner: Owner, characterId: number): Promise<void> {
  await lockConsistency(client, characterId);
  const latest = await client.query<{ score: number }>({
    name: 'ratings_of_character',
    text: `select (${SCORE})::float8 as score
           from anime_qc_feedback where character_id = $1 and tenant_id = $2
           order by rated_at desc, id desc limit ${LOOKED_AT}`,
    values: [characterId, owner.tenantId],
  });
  await setConsistency(client, owner, characterId, weightedMean(latest.rows.map((each) => each.score)));
}

/** @param scores 0 to 1, the latest first; at least one @returns 0 to 1 */
export function weightedMean(scores: readonly number[]): number {
  let [sum, weights] = [0, 0];
  for (const [age, each] of scores.entries()) {
    const weight = 2 ** (-age / HALF_LIFE);
    sum += weight * each;
    weights += weight;
  }
  return Math.min(1, Math.max(0, sum / weights));
}
