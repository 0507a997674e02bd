import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import { prepareOnce } from '../../db/statements.ts';
import { nameKeyOf } from './name-key.ts';
import { characters as c } from './tables.ts';

/** Whose characters: one user's own, or (null) those that all users of the tenant share. */
export interface CharacterOwner {
  readonly tenantId: string;
  readonly userId: string | null;
}

const isActiveOf = (owner: SQL) =>
  and(eq(c.tenantId, sql.placeholder('tenantId')), owner, eq(c.isActive, true));
const SHARED = isNull(c.userId);
const OWN = eq(c.userId, sql.placeholder('userId'));

const statements = prepareOnce((orm) => {
  const names = (owner: SQL) =>
    orm
      .select({ id: c.id, name: c.characterName, aliases: c.aliases })
      .from(c)
      .where(isActiveOf(owner))
      .orderBy(asc(c.id));
  const version = (owner: SQL) =>
    orm
      .select({
        version: sql<string>`count(*) || ' ' || coalesce(sum(hashtextextended(${c.id} || ' ' || ${c.updatedAt}, 0)), 0)`,
      })
      .from(c)
      .where(isActiveOf(owner));
  return {
    shared: {
      names: names(SHARED).prepare('characters_shared_names'),
      version: version(SHARED).prepare('characters_shared_version'),
    },
    own: {
      names: names(OWN).prepare('characters_own_names'),
      version: version(OWN).prepare('characters_own_version'),
    },
  };
});

/** Names and aliases of an owner's active characters. */
export async function namesOf(db: Database, { tenantId, userId }: CharacterOwner) {
  const { shared, own } = statements(db);
  return (userId === null ? shared : own).names.execute({ tenantId, userId });
}

/** Differs where active characters were added, changed or hidden; costs the database little and this process nothing. */
export async function versionOfNames(db: Database, { tenantId, userId }: CharacterOwner): Promise<string> {
  const { shared, own } = statements(db);
  const [row] = await (userId === null ? shared : own).version.execute({ tenantId, userId });
  return row?.version ?? '';
}

const KEYED_AT_ONCE = 1_000;

/** Gives each character the key of its name that the present rules make; those of an older version have none. */
export async function keyNames(db: Database): Promise<number> {
  let keyed = 0;
  for (let after = 0; ; ) {
    const { rows } = await db.pool.query<{ id: number; name: string; key: string | null }>({
      name: 'characters_to_key',
      text: `select id, character_name as name, name_key as key from character_profiles
             where id > $1 order by id limit ${KEYED_AT_ONCE}`,
      values: [after],
    });
    const wrong = rows.filter(({ name, key }) => key !== nameKeyOf(name));
    if (wrong.length > 0)
      await db.pool.query({
        name: 'key_characters',
        text: `update character_profiles c set name_key = t.key
               from unnest($1::int[], $2::text[]) as t(id, key) where c.id = t.id`,
        values: [wrong.map(({ id }) => id), wrong.map(({ name }) => nameKeyOf(name))],
      });
    keyed += wrong.length;
    const last = rows.at(-1);
    if (!last || rows.length < KEYED_AT_ONCE) return keyed;
    after = last.id;
  }
}
