import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { elementKey } from './recipe.ts';
import {
  type GenerationRow,
  type LearnedStyle,
  type StyleKind,
  type StyleRow,
  styleLearning,
} from './tables.ts';

/** The score of what nobody has rated. */
export const PRIOR = 0.5;
/** Ratings that the prior counts as. */
export const PRIOR_RATINGS = 3;
/** From this score on, something is used: two ratings of 1 reach it, one does not. */
export const GOOD = 0.65;
/** Up to this score, an element is left out: two ratings of 0 reach it, one does not. */
export const BAD = 0.35;
/** Of each kind, the best that are shown. */
export const SHOWN = 20;
/** Elements that ratings put into a prompt. */
const MAX_ADDED = 10;
/** UTF-16 units; longer elements are descriptions, not style. */
const MAX_ELEMENT = 200;

/** What a rating of a picture was, as the database writes it exactly; null: there was none. */
export interface RatedAnew {
  readonly before: string | null;
  readonly now: string;
}

/**
 * The mean of ratings, drawn towards the prior: (sum + 3 × 0.5) / (count + 3), the mean of a Bayesian with a prior worth three
 * ratings. One rating of 1 is 0.625, ten of 1 are 0.885.
 *
 * @param total sum of `ratings` scores, each 0 to 1
 */
export function shrunkMean(total: number, ratings: number): number {
  return Math.min(1, Math.max(0, (total + PRIOR_RATINGS * PRIOR) / (ratings + PRIOR_RATINGS)));
}

/**
 * Counts a rating for all that the picture has in common with others: once for each picture, by its last rating. In the
 * transaction that stores the rating, under the lock of the picture.
 */
export async function learnStyle(
  client: PoolClient,
  owner: Owner,
  row: GenerationRow,
  { before, now }: RatedAnew,
): Promise<void> {
  if (row.characterId === null) return;
  const traits = traitsOf(row);
  await client.query({
    name: 'learn_style',
    text: `insert into anime_echo_style_learning as s (tenant_id, user_id, character_id, kind, value, ratings, total)
           select $1, $2, $3, t.kind, t.value, 1, $6::numeric from unnest($4::text[], $5::text[]) as t(kind, value)
           order by t.kind, t.value
           on conflict (character_id, tenant_id, user_id, kind, value) do update set
             ratings = s.ratings + case when $7::numeric is null then 1 else 0 end,
             total = s.total + excluded.total - coalesce($7::numeric, 0), updated_at = now()`,
    values: [
      ...[owner.tenantId, owner.userId, row.characterId],
      ...[traits.map(([kind]) => kind), traits.map(([, value]) => value), now, before],
    ],
  });
}

/** What a user's ratings say of the style of characters, the best first, in the order of the ids. */
export async function styleOf(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  ids: readonly number[],
): Promise<StyleRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'style_of_characters',
    text: `select * from (
             select s.*, row_number() over (partition by character_id, kind order by ${SCORE} desc, ratings desc, value) as place
             from anime_echo_style_learning s where character_id = any($1::int[]) and tenant_id = $2 and user_id = $3) as placed
           where place <= ${SHOWN} order by character_id, kind, place`,
    values: [ids, owner.tenantId, owner.userId],
  });
  const found = Map.groupBy(
    rows.map((raw) => mapRow(styleLearning, raw)),
    (row) => row.characterId,
  );
  return ids.map((id) => found.get(id) ?? []);
}

/**
 * What ratings decide of the next picture of a character: elements that did well come first, those of the profile that did badly
 * are left out; seed, workflow and size are the best ones, if any is good.
 *
 * @param elements of the profile
 */
export async function learnedStyle(
  db: Pick<Database, 'pool'>,
  owner: Owner,
  characterId: number,
  elements: readonly string[],
): Promise<LearnedStyle> {
  const [rows = []] = await styleOf(db, owner, [characterId]);
  const good = (kind: StyleKind) =>
    rows
      .filter((row) => row.kind === kind && shrunkMean(row.total, row.ratings) >= GOOD)
      .map(({ value }) => value);
  const [seed] = good('SEED');
  const [workflow] = good('WORKFLOW');
  const [size] = good('SIZE');
  return {
    added: good('ELEMENT').slice(0, MAX_ADDED),
    leftOut: await badOnes(db, owner, characterId, elements.map(elementKey)),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(size === undefined ? {} : { size }),
  };
}

async function badOnes(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  characterId: number,
  elements: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query<{ value: string }>({
    name: 'bad_style_elements',
    text: `select value from anime_echo_style_learning where character_id = $1 and tenant_id = $2 and user_id = $3
             and kind = 'ELEMENT' and value = any($4::text[]) and ${SCORE} <= ${BAD} order by value`,
    values: [characterId, owner.tenantId, owner.userId, elements],
  });
  return rows.map(({ value }) => value);
}

/** As `shrunkMean`. */
const SCORE = `(total + ${PRIOR_RATINGS * PRIOR}) / (ratings + ${PRIOR_RATINGS})`;

/** What a picture has in common with others. */
function traitsOf({ elements, seed, workflow, width, height }: GenerationRow): [StyleKind, string][] {
  const keys = [...new Set(elements.map(elementKey))].filter((key) => key.length <= MAX_ELEMENT);
  return [
    ...keys.map((key): [StyleKind, string] => ['ELEMENT', key]),
    ['SEED', String(seed)],
    ['WORKFLOW', workflow],
    ['SIZE', `${width}x${height}`],
  ];
}
