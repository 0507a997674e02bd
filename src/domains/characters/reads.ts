import { and, asc, desc, eq, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { filled, sliceOf } from '../../db/slices.ts';
import { nameOfShape, type Page, prepareByShape, prepareOnce, shapeOf } from '../../db/statements.ts';
import { nameKeyOf } from './name-key.ts';
import { type CharacterRow, characters as c } from './tables.ts';

export interface CharacterConditions {
  /** Part of any text of the profile, any case. */
  readonly search?: string | null | undefined;
  readonly creator?: string | null | undefined;
  readonly sourceFranchise?: string | null | undefined;
  readonly characterType?: string | null | undefined;
  readonly activeOnly: boolean;
  /** True: only shared ones; false: only the user's own. */
  readonly shared?: boolean | null | undefined;
}

/** A place in the list of characters: a name, made unique by an id, since an own one may be called as a shared one. */
export interface NamePosition {
  readonly name: string;
  readonly id: number;
}

/** Those of the tenant that a user knows: the shared ones and the user's own. */
const isKnownTo = and(
  eq(c.tenantId, sql.placeholder('tenantId')),
  or(isNull(c.userId), eq(c.userId, sql.placeholder('userId'))),
);

/** What a reader needs of a character: every column, or only who they are, without how they are drawn. */
export type CharacterColumns = 'all' | 'told';

const told = sliceOf(c, [
  ...([
    'id',
    'tenantId',
    'userId',
    'characterName',
    'nameKey',
    'aliases',
    'creator',
    'sourceFranchise',
  ] as const),
  ...(['characterType', 'age', 'gender', 'personalityTraits', 'backgroundStory', 'occupation'] as const),
  ...(['createdAt', 'updatedAt', 'isActive'] as const),
]);

const isNamed = and(
  or(
    sql`${c.characterName} = any(${sql.placeholder('names')}::text[])`,
    sql`${c.nameKey} = any(${sql.placeholder('keys')}::text[])`,
  ),
  isKnownTo,
);

const statements = prepareOnce((orm) => ({
  byNames: orm.select().from(c).where(isNamed).prepare(replicable('characters_by_names')),
  toldByNames: filled(
    replicable('characters_told_by_names'),
    orm.select(told.fields).from(c).where(isNamed).toSQL(),
  ),
  byIds: orm
    .select()
    .from(c)
    .where(and(sql`${c.id} = any(${sql.placeholder('ids')}::int[])`, isKnownTo))
    .prepare(replicable('characters_by_ids')),
  stats: orm
    .select({
      total: sql<number>`count(*)::int`,
      averageConsistency: sql<number>`coalesce(avg(${c.consistencyScore}), 0)::float8`,
      totalGenerations: sql<number>`coalesce(sum(${c.generationCount}), 0)::int`,
    })
    .from(c)
    .where(and(isKnownTo, eq(c.isActive, true)))
    .prepare(replicable('character_stats')),
}));

/**
 * Characters that a user knows, by name, in the order of the names; null where there is none. Of several that one
 * name stands for: an active one, then the user's own, then the one that is written exactly so.
 */
export async function charactersByName(
  db: Database,
  { tenantId, userId }: Owner,
  names: readonly string[],
  columns: CharacterColumns = 'all',
): Promise<(CharacterRow | null)[]> {
  // PostgreSQL would refuse the whole statement for a NUL; nobody has such a name.
  const asked = names.map((name) => ({ name, key: name.includes('\0') ? null : nameKeyOf(name) }));
  const possible = asked.filter(({ key }) => key !== null);
  const values = {
    ...{ tenantId, userId },
    names: possible.map(({ name }) => name),
    keys: possible.map(({ key }) => key),
  };
  const { byNames, toldByNames } = statements(db);
  const rows =
    columns === 'all'
      ? await byNames.execute(values)
      : (await told.query(db, toldByNames(values))).map((row) => told.row(row));
  return asked.map(({ name, key }) => {
    const rank = (row: CharacterRow) =>
      (row.isActive ? 4 : 0) + (row.userId === null ? 0 : 2) + (row.characterName === name ? 1 : 0);
    const fitting = rows.filter((row) => row.characterName === name || (key !== null && row.nameKey === key));
    return fitting.sort((a, b) => rank(b) - rank(a) || a.id - b.id)[0] ?? null;
  });
}

/** Characters that a user knows, by id, in the order of the ids; null where there is none. */
export async function charactersById(db: Database, { tenantId, userId }: Owner, ids: readonly number[]) {
  const rows = await statements(db).byIds.execute({ tenantId, userId, ids });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Figures over the active characters that a user knows. */
export async function characterStats(db: Database, { tenantId, userId }: Owner) {
  const [row] = await statements(db).stats.execute({ tenantId, userId });
  return row ?? { total: 0, averageConsistency: 0, totalGenerations: 0 };
}

/** Characters that a user knows by name, in the order of the alphabet. */
export async function characterPage(
  db: Database,
  { tenantId, userId }: Owner,
  conditions: CharacterConditions,
  page: Page<NamePosition>,
) {
  const search = conditions.search ? `%${conditions.search.replace(/[\\%_]/g, '\\$&')}%` : undefined;
  const values = {
    creator: conditions.creator,
    sourceFranchise: conditions.sourceFranchise,
    characterType: conditions.characterType,
    search,
    activeOnly: conditions.activeOnly || undefined,
    onlyShared: conditions.shared === true || undefined,
    onlyOwn: conditions.shared === false || undefined,
    after: page.after?.name,
    afterId: page.after?.id,
    before: page.before?.name,
    beforeId: page.before?.id,
    inverted: page.inverted || undefined,
  };
  return pageStatement(db, shapeOf(values)).execute({ tenantId, userId, ...values, limit: page.limit });
}

/** The texts of a profile. */
const SEARCHED = [
  ...([
    'characterName',
    'creator',
    'sourceFranchise',
    'characterType',
    'gender',
    'physicalDescription',
  ] as const),
  ...(['height', 'build', 'hairColor', 'hairStyle', 'eyeColor', 'distinctiveFeatures'] as const),
  ...(['personalityTraits', 'backgroundStory', 'occupation', 'skillsAbilities', 'relationships'] as const),
  ...(['visualStyle', 'artStyle', 'generationPrompts', 'notes'] as const),
];

const pageStatement = prepareByShape((orm, shape) => {
  const has = new Set(shape.split(','));
  const p = (name: string) => sql.placeholder(name);
  const optional = (name: string, condition: SQL) => (has.has(name) ? condition : undefined);
  const order = has.has('inverted') ? desc : asc;
  return orm
    .select()
    .from(c)
    .where(
      and(
        isKnownTo,
        optional('onlyShared', isNull(c.userId)),
        optional('onlyOwn', isNotNull(c.userId)),
        optional('activeOnly', eq(c.isActive, true)),
        optional('creator', eq(c.creator, p('creator'))),
        optional('sourceFranchise', eq(c.sourceFranchise, p('sourceFranchise'))),
        optional('characterType', eq(c.characterType, p('characterType'))),
        optional(
          'search',
          sql`(${sql.join(
            SEARCHED.map((field) => sql`${c[field]} ilike ${p('search')}`),
            sql` or `,
          )} or array_to_string(${c.aliases}, ' ') ilike ${p('search')}
               or ${c.styleElements}::text ilike ${p('search')})`,
        ),
        optional('after', sql`(${c.characterName}, ${c.id}) > (${p('after')}, ${p('afterId')})`),
        optional('before', sql`(${c.characterName}, ${c.id}) < (${p('before')}, ${p('beforeId')})`),
      ),
    )
    .orderBy(order(c.characterName), order(c.id))
    .limit(p('limit'))
    .prepare(nameOfShape(replicable('character_page'), shape));
});
