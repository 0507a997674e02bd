import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, type Page, type RawRow, shapeOf } from '../../db/statements.ts';
import { charactersByName } from '../characters/reads.ts';
import { type GenerationRow, generations, type RatingRow, ratings } from './tables.ts';

export interface GenerationConditions {
  readonly characterId?: number | null | undefined;
  readonly taskId?: string | null | undefined;
  readonly workflow?: string | null | undefined;
}

const CONDITIONS: Record<keyof GenerationConditions, (place: string) => string> = {
  characterId: (place) => `character_id = ${place}`,
  taskId: (place) => `task_id = ${place}`,
  workflow: (place) => `workflow = ${place}`,
};

/** A user's pictures, the one that was asked for last first. */
export async function generationPage(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  conditions: GenerationConditions,
  page: Page<number>,
): Promise<GenerationRow[]> {
  const { after, before, limit, inverted } = page;
  const values: unknown[] = [owner.userId, owner.tenantId, after ?? 2_147_483_647, before ?? 0, limit];
  const names = (Object.keys(CONDITIONS) as (keyof GenerationConditions)[]).filter(
    (name) => conditions[name] != null,
  );
  const also = names.map((name) => `and ${CONDITIONS[name](`$${values.push(conditions[name])}`)}`).join(' ');
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(replicable('generation_page'), shapeOf({ ...conditions, direction: inverted || null })),
    text: `select * from anime_generation_history where user_id = $1 and tenant_id = $2 and id < $3 and id > $4 ${also}
           order by id ${inverted ? 'asc' : 'desc'} limit $5`,
    values,
  });
  return rows.map((row) => mapRow(generations, row));
}

/** The number of a character that a user knows, by the full name; of none a number that nobody has. */
export async function numberOfCharacter(
  { db }: { readonly db: Database },
  owner: Owner,
  name: string,
): Promise<number> {
  const [found] = await charactersByName(db, owner, [name]);
  return found?.id ?? 0;
}

/** What was said of pictures, by the numbers of their rows; null: nothing. */
export async function ratingsOf(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  ids: readonly number[],
): Promise<(RatingRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('ratings_of_generations'),
    text: 'select * from anime_qc_feedback where generation = any($1) and tenant_id = $2 and user_id = $3',
    values: [ids, owner.tenantId, owner.userId],
  });
  const byId = new Map(rows.map((raw) => mapRow(ratings, raw)).map((row) => [row.generation, row]));
  return ids.map((id) => byId.get(id) ?? null);
}
