import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { wordsOf } from './analysis.ts';
import type { IndexableTurn } from './turns.ts';

/** Who spoke in a turn. */
type Voices = Pick<IndexableTurn, 'speaker' | 'responder'>;

const MAX_SPEAKERS = 64;

/** The words of the names of those who spoke, in lower case; the first few dozen. */
export function speakersOf(known: readonly string[], turns: readonly Voices[]): Set<string> {
  return new Set([...new Set([...known, ...wordsOfNames(turns)])].slice(0, MAX_SPEAKERS));
}

/**
 * Lets an owner's index know no more of who spoke than the turns that are left say. For whoever holds the row of its owner.
 *
 * All turns are read only where one of the names is gone.
 *
 * @param names of those who spoke in turns that were deleted
 */
export async function forgetSpeakers(
  client: Pick<PoolClient, 'query'>,
  { tenantId, userId }: Owner,
  index: { readonly ownerId: number; readonly speakers: readonly string[] },
  names: readonly string[],
): Promise<void> {
  if (index.speakers.length === 0) return;
  const values = [userId, tenantId, [...new Set(names)]];
  const { rows } = await client.query<{ isGone: boolean }>({
    text: `select exists (
             select from unnest($3::text[]) as name
             where not exists (select from echo_unified_interactions where user_id = $1 and tenant_id = $2 and speaker = name)
               and not exists (select from echo_unified_interactions where user_id = $1 and tenant_id = $2 and responder = name)
           ) as "isGone"`,
    values,
  });
  if (!rows[0]?.isGone) return;
  const left = await client.query<Voices>({
    text: `select distinct speaker, responder from echo_unified_interactions
           where user_id = $1 and tenant_id = $2 and (speaker is not null or responder is not null)`,
    values: [userId, tenantId],
  });
  const words = new Set(wordsOfNames(left.rows));
  const known = index.speakers.filter((word) => words.has(word));
  await client.query({
    text: 'update echo_index_owners set speakers = $2 where owner_id = $1',
    values: [index.ownerId, [...speakersOf(known, left.rows)]],
  });
}

function wordsOfNames(turns: readonly Voices[]): string[] {
  const names = new Set(turns.flatMap(({ speaker, responder }) => [speaker ?? '', responder ?? '']));
  return [...names].flatMap((name) => wordsOf(name).map(({ word }) => word));
}
