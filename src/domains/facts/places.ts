import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { nameKeyOf } from '../characters/name-key.ts';
import type { CharacterRow } from '../characters/tables.ts';
import { type FactRow, learnedFacts } from './tables.ts';

/** Facts of one turn, and of one conversation, that are shown with it. */
export const FACTS_OF_TURN = 100;
export const FACTS_OF_CONVERSATION = 100;

type Placed = RawRow & { readonly place: string };

/** What each turn said, in the order of its words, whether it still holds or not; not what was taken back. */
export async function factsOfTurns(
  { pool }: Pick<Database, 'pool'>,
  turns: readonly { readonly tenantId: string; readonly userId: string; readonly turnId: string }[],
): Promise<FactRow[][]> {
  const { rows } = await pool.query<Placed>({
    name: replicable('facts_of_turns'),
    text: `select f.*, k.place from unnest($1::text[], $2::text[], $3::uuid[]) with ordinality as k(tenant_id, user_id, turn_id, place)
           cross join lateral (
             select f.id, min(s.field) as side, min(s.starts_at) as starts_at
             from echo_fact_sources s join echo_learned_facts f on f.id = s.fact
             where s.turn_id = k.turn_id and s.tenant_id = k.tenant_id and s.user_id = k.user_id and not s.withdrawn
               and f.status <> 'RETRACTED'
             group by f.id order by min(s.field), min(s.starts_at), f.id limit ${FACTS_OF_TURN}) s
           join echo_learned_facts f on f.id = s.id and f.tenant_id = k.tenant_id and f.user_id = k.user_id
           order by k.place, s.side, s.starts_at, f.id`,
    values: [
      turns.map(({ tenantId }) => tenantId),
      turns.map(({ userId }) => userId),
      turns.map(({ turnId }) => turnId),
    ],
  });
  return inPlaces(rows, turns.length);
}

/** What was said in each conversation, what was said last first, whether it still holds or not; not what was taken back. */
export async function factsOfConversations(
  { pool }: Pick<Database, 'pool'>,
  conversations: readonly (Owner & { readonly conversationId: string })[],
): Promise<FactRow[][]> {
  const { rows } = await pool.query<Placed>({
    name: replicable('facts_of_conversations'),
    text: `select f.*, k.place from unnest($1::text[], $2::text[], $3::text[]) with ordinality
             as k(tenant_id, user_id, conversation_id, place)
           cross join lateral (
             select f.id, max(s.said_at) as said_at
             from echo_unified_interactions t
             join echo_fact_sources s on s.turn_id = t.turn_id and s.tenant_id = t.tenant_id and s.user_id = t.user_id
             join echo_learned_facts f on f.id = s.fact
             where t.conversation_id = k.conversation_id and t.tenant_id = k.tenant_id and t.user_id = k.user_id
               and not s.withdrawn and f.status <> 'RETRACTED'
             group by f.id order by max(s.said_at) desc, f.id desc limit ${FACTS_OF_CONVERSATION}) s
           join echo_learned_facts f on f.id = s.id and f.tenant_id = k.tenant_id and f.user_id = k.user_id
           order by k.place, s.said_at desc, f.id desc`,
    values: [
      conversations.map(({ tenantId }) => tenantId),
      conversations.map(({ userId }) => userId),
      conversations.map(({ conversationId }) => conversationId),
    ],
  });
  return inPlaces(rows, conversations.length);
}

/** By which name facts may call a character. */
type Named = Pick<CharacterRow, 'characterName' | 'aliases'>;

/** What an owner's memory holds of each character now, whatever of its names was used; what was recorded last first. */
export async function factsOfCharacters(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  characters: readonly Named[],
  page: Page<number>,
): Promise<FactRow[][]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const keys = characters.map(({ characterName, aliases }) => ({
    keys: [...new Set([characterName, ...aliases].map(nameKeyOf))].filter((key) => key !== ''),
  }));
  const { rows } = await pool.query<Placed>({
    name: `facts_of_characters_${direction}`,
    text: `select f.*, k.place from json_array_elements($1) with ordinality as k(value, place) cross join lateral (
             select * from echo_learned_facts
             where subject_key = any(array(select json_array_elements_text(k.value->'keys')))
               and subject_key <> '' and tenant_id = $2 and user_id = $3 and status = 'ACTIVE' and id < $4 and id > $5
             order by id ${direction} limit $6) f
           order by k.place, f.id ${direction}`,
    values: [
      JSON.stringify(keys),
      ...[owner.tenantId, owner.userId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
    ],
  });
  return inPlaces(rows, characters.length);
}

function inPlaces(rows: readonly Placed[], count: number): FactRow[][] {
  const lists: FactRow[][] = Array.from({ length: count }, () => []);
  for (const row of rows) lists[Number(row.place) - 1]?.push(mapRow(learnedFacts, row));
  return lists;
}
