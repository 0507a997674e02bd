import type { PoolClient } from 'pg';
import { InvalidInput } from '../../errors.ts';

/** What the active characters of one owner may have, all together: the search for their names grows with it. */
interface Extent {
  readonly characters: number;
  /** Full names and aliases. */
  readonly names: number;
  /** Characters of all names. */
  readonly letters: number;
}

/** Of one user's own. */
export const MAX_OWN: Extent = { characters: 1_000, names: 5_000, letters: 100_000 };
/** Of those that all users of a tenant share. */
export const MAX_SHARED: Extent = { characters: 10_000, names: 20_000, letters: 1_000_000 };

const WORDS: Record<keyof Extent, string> = {
  characters: 'active characters',
  names: 'names (full names and aliases of active characters)',
  letters: 'characters in the names of active characters',
};

/** How much the active characters of an owner are; user null: the shared ones. */
export async function extentOf(
  client: PoolClient,
  { tenantId, userId }: { tenantId: string; userId: string | null },
): Promise<Extent> {
  const { rows } = await client.query<Extent>({
    name: 'characters_extent',
    text: `select count(*)::int as characters, coalesce(sum(1 + cardinality(aliases)), 0)::int as names,
             coalesce(sum(length(character_name) + length(array_to_string(aliases, ''))), 0)::int as letters
           from character_profiles where tenant_id = $1 and user_id is not distinct from $2 and is_active`,
    values: [tenantId, userId],
  });
  return rows[0] as Extent;
}

/**
 * Refuses what grew beyond its limit. What an older version stored may be more, and may become less step by step.
 *
 * @param field what names them, for the message
 * @throws InvalidInput naming the limit
 */
export async function checkLimits(
  client: PoolClient,
  owner: { tenantId: string; userId: string | null },
  before: Extent,
  field: string,
): Promise<void> {
  const now = await extentOf(client, owner);
  const most = owner.userId === null ? MAX_SHARED : MAX_OWN;
  for (const name of ['characters', 'names', 'letters'] as const) {
    if (now[name] <= most[name] || now[name] <= before[name]) continue;
    const whose = owner.userId === null ? 'all that users share' : 'all of your own';
    throw new InvalidInput(
      field,
      `${whose} may have at most ${most[name].toLocaleString('en-US')} ${WORDS[name]}, would have ${now[name].toLocaleString('en-US')}; deactivate some, or leave aliases out`,
    );
  }
}
