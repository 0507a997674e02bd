import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { MAX_ASKED, MAX_SEED, MAX_SIDE, MIN_SIDE } from './generations.ts';
import { followRating, MAX_COMMENT, SCORE } from './rating.ts';
import { ratingsOf } from './reads.ts';
import { MAX_PROMPT } from './recipe.ts';
import { learnStyle } from './style.ts';
import { type GenerationRow, generations, type RatingRow } from './tables.ts';

const MAX_ELEMENTS = 500;
const MAX_FILES = 100;
const side = z.int().min(MIN_SIDE).max(MAX_SIDE);
const score = z.number().min(0).max(1).multipleOf(0.001).nullable();
const element = input.text(MAX_PROMPT);
const elements = z.array(element).max(MAX_ELEMENTS);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 of 64 hexadecimal digits' });

/** A picture that was asked for, with what its user said of it; its files are lines of their own. */
const GenerationLine = z.object({
  kind: z.literal('generation'),
  tenantId: z.string(),
  userId: z.string(),
  generationId: input.text(100),
  taskId: input.text(100),
  characterName: input.text(100).nullable(),
  asked: input.text(MAX_ASKED),
  prompt: input.text(MAX_PROMPT, 0),
  negativePrompt: input.text(MAX_ASKED, 0),
  workflow: input.text(50),
  seed: z.int().min(0).max(MAX_SEED),
  width: side,
  height: side,
  elements,
  learned: z
    .strictObject({
      added: elements,
      leftOut: elements,
      seed: z.int().min(0).max(MAX_SEED).optional(),
      workflow: input.text(50).optional(),
      size: z
        .string()
        .regex(/^\d{1,5}x\d{1,5}$/)
        .optional(),
    })
    .nullable(),
  files: z.array(sha256).max(MAX_FILES),
  error: input.text(10_000, 0).nullable(),
  createdAt: input.writtenInstant,
  startedAt: input.writtenInstant.nullable(),
  completedAt: input.writtenInstant.nullable(),
  rating: z
    .strictObject({
      identity: score,
      style: score,
      quality: score,
      comment: input.text(MAX_COMMENT, 0).nullable(),
      ratedAt: input.writtenInstant,
    })
    .nullable(),
});
type GenerationLine = z.output<typeof GenerationLine>;

/**
 * A user's pictures, in the order in which they were asked for; one that is there already stays as it is. What ratings have
 * taught is learned of them again.
 */
export const ownGenerations = sectionOfRows<{ readonly db: Database }, GenerationLine>({
  kind: 'generation',
  schema: GenerationLine,
  dated: 'createdAt',
  read: exportedGenerations,
  restore: restoreGenerations,
});

async function exportedGenerations(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_generations',
    text: `select * from anime_generation_history
           where user_id = $1 and tenant_id = $2 and id > $3 order by id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  const found = rows.map((raw) => mapRow(generations, raw));
  const said = await ratingsOf(
    db,
    owner,
    found.map(({ id }) => id),
  );
  return found.map((row, at) => ({
    line: JSON.stringify(exported(row, said[at] ?? null)),
    after: { key: '', number: row.id },
  }));
}

function exported(row: GenerationRow, rating: RatingRow | null) {
  const line: Record<string, unknown> = { kind: 'generation', tenantId: row.tenantId, userId: row.userId };
  for (const field of Object.keys(GenerationLine.shape))
    if (!(field in line)) line[field] = row[field as keyof GenerationRow];
  if (!rating) return { ...line, rating: null };
  const { identity, style, quality, comment, ratedAt } = rating;
  return { ...line, rating: { identity, style, quality, comment, ratedAt } };
}

async function restoreGenerations(
  client: PoolClient,
  owner: Owner,
  lines: readonly GenerationLine[],
): Promise<number> {
  const rated = new Set<number>();
  let stored = 0;
  for (const line of lines) {
    const row = await restoreGeneration(client, owner, line);
    if (!row) continue;
    stored++;
    if (!line.rating) continue;
    await restoreRating(client, owner, row, line.rating);
    if (row.characterId !== null) rated.add(row.characterId);
  }
  // In one order, so that two of them wait for each other and not both.
  for (const characterId of [...rated].sort((a, b) => a - b)) await followRating(client, owner, characterId);
  return stored;
}

/** @returns null: it is there already */
async function restoreGeneration(
  client: PoolClient,
  owner: Owner,
  line: GenerationLine,
): Promise<GenerationRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'restore_generation',
    text: `insert into anime_generation_history (tenant_id, user_id, generation_id, task_id, character_id, character_name,
             asked, prompt, negative_prompt, workflow, seed, width, height, elements, learned, files, error,
             created_at, started_at, completed_at)
           values ($1, $2, $3, $4, (select id from character_profiles where character_name = $5 and tenant_id = $1
               and (user_id = $2 or user_id is null) order by user_id nulls last limit 1), $5,
             $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
           on conflict (generation_id, tenant_id, user_id) do nothing returning *`,
    values: [
      ...[owner.tenantId, owner.userId, line.generationId, line.taskId, line.characterName],
      ...[line.asked, line.prompt, line.negativePrompt, line.workflow, line.seed, line.width, line.height],
      ...[JSON.stringify(line.elements), line.learned && JSON.stringify(line.learned)],
      ...[JSON.stringify(line.files), line.error, line.createdAt, line.startedAt, line.completedAt],
    ],
  });
  return rows[0] ? mapRow(generations, rows[0]) : null;
}

async function restoreRating(
  client: PoolClient,
  owner: Owner,
  row: GenerationRow,
  { identity, style, quality, comment, ratedAt }: NonNullable<GenerationLine['rating']>,
): Promise<void> {
  if (identity === null && style === null && quality === null)
    throw new InvalidInput('lines', 'a rating must have at least one of identity, style and quality');
  const { rows } = await client.query<{ score: string }>({
    name: 'restore_rating',
    text: `insert into anime_qc_feedback (tenant_id, user_id, generation, character_id, identity, style, quality, comment, rated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, least($9, now())) on conflict (generation) do nothing returning ${SCORE} as score`,
    values: [
      ...[owner.tenantId, owner.userId, row.id, row.characterId],
      ...[identity, style, quality, comment, ratedAt],
    ],
  });
  if (rows[0]) await learnStyle(client, owner, row, { before: null, now: rows[0].score });
}
