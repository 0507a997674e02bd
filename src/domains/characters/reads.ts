import { and, asc, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import { nameOfShape, type Page, prepareByShape, prepareOnce, shapeOf } from '../../db/statements.ts';
import { characters as c } from './tables.ts';

export interface CharacterConditions {
  /** Part of a name, an alias or a description, any case. */
  readonly search?: string | null | undefined;
  readonly creator?: string | null | undefined;
  readonly sourceFranchise?: string | null | undefined;
  readonly activeOnly: boolean;
}

const statements = prepareOnce((orm) => ({
  byNames: orm
    .select()
    .from(c)
    .where(
      and(
        sql`${c.characterName} = any(${sql.placeholder('names')}::text[])`,
        eq(c.tenantId, sql.placeholder('tenantId')),
      ),
    )
    .prepare('characters_by_names'),
  byIds: orm
    .select()
    .from(c)
    .where(
      and(sql`${c.id} = any(${sql.placeholder('ids')}::int[])`, eq(c.tenantId, sql.placeholder('tenantId'))),
    )
    .prepare('characters_by_ids'),
  matchable: orm
    .select({ id: c.id, name: c.characterName, aliases: c.aliases })
    .from(c)
    .where(and(eq(c.tenantId, sql.placeholder('tenantId')), eq(c.isActive, true)))
    .orderBy(asc(c.id))
    .prepare('characters_matchable'),
  stats: orm
    .select({
      total: sql<number>`count(*)::int`,
      averageConsistency: sql<number>`coalesce(avg(${c.consistencyScore}), 0)::float8`,
      totalGenerations: sql<number>`coalesce(sum(${c.generationCount}), 0)::int`,
    })
    .from(c)
    .where(and(eq(c.tenantId, sql.placeholder('tenantId')), eq(c.isActive, true)))
    .prepare('character_stats'),
}));

/** Characters by their exact names, in the order of the names; null where there is none. */
export async function charactersByName(db: Database, tenantId: string, names: readonly string[]) {
  // PostgreSQL would refuse the whole statement for a NUL; nobody has such a name.
  const possible = names.filter((name) => !name.includes('\0'));
  const rows = await statements(db).byNames.execute({ tenantId, names: possible });
  const byName = new Map(rows.map((row) => [row.characterName, row]));
  return names.map((name) => byName.get(name) ?? null);
}

/** Characters by id, in the order of the ids; null where there is none. */
export async function charactersById(db: Database, tenantId: string, ids: readonly number[]) {
  const rows = await statements(db).byIds.execute({ tenantId, ids });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Names and aliases of all active characters of a tenant. */
export async function matchableCharacters(db: Database, tenantId: string) {
  return statements(db).matchable.execute({ tenantId });
}

/** Figures over a tenant's active characters. */
export async function characterStats(db: Database, tenantId: string) {
  const [row] = await statements(db).stats.execute({ tenantId });
  return row ?? { total: 0, averageConsistency: 0, totalGenerations: 0 };
}

/** Characters by name, in the order of the alphabet. */
export async function characterPage(
  db: Database,
  tenantId: string,
  conditions: CharacterConditions,
  page: Page<string>,
) {
  const search = conditions.search ? `%${conditions.search.replace(/[\\%_]/g, '\\$&')}%` : undefined;
  const values = {
    creator: conditions.creator,
    sourceFranchise: conditions.sourceFranchise,
    search,
    activeOnly: conditions.activeOnly || undefined,
    after: page.after,
    before: page.before,
    inverted: page.inverted || undefined,
  };
  return pageStatement(db, shapeOf(values)).execute({ tenantId, ...values, limit: page.limit });
}

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
        eq(c.tenantId, p('tenantId')),
        optional('activeOnly', eq(c.isActive, true)),
        optional('creator', eq(c.creator, p('creator'))),
        optional('sourceFranchise', eq(c.sourceFranchise, p('sourceFranchise'))),
        optional(
          'search',
          sql`(${c.characterName} ilike ${p('search')} or ${c.physicalDescription} ilike ${p('search')}
               or ${c.backgroundStory} ilike ${p('search')} or array_to_string(${c.aliases}, ' ') ilike ${p('search')})`,
        ),
        optional('after', sql`${c.characterName} > ${p('after')}`),
        optional('before', sql`${c.characterName} < ${p('before')}`),
      ),
    )
    .orderBy(order(c.characterName))
    .limit(p('limit'))
    .prepare(nameOfShape('character_page', shape));
});
