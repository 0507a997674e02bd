import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { recordOfLine, type TurnLine } from './rows.ts';
import { columnOf, STORED_COLUMNS } from './shape.ts';

/** Ids of characters are those of their names in this database. */
const BY_NAME: readonly string[] = [columnOf('characterId'), columnOf('characterIds')];
const COLUMNS = STORED_COLUMNS.filter((column) => !BY_NAME.includes(column));
/** SQL: the character that a name stands for, to the owner of a turn `t`. */
const idOf = (name: string) => `select c.id from character_profiles c
  where c.character_name = ${name} and c.tenant_id = t.tenant_id and (c.user_id is null or c.user_id = t.user_id)
  order by c.user_id is null limit 1`;

/** Stores turns of lines, which were checked, at the places that the lines say. */
export async function restoreTurns(
  client: PoolClient,
  owner: Owner,
  turns: readonly TurnLine[],
): Promise<void> {
  if (turns.length === 0) return;
  await client.query({
    name: 'restore_turns',
    text: `insert into echo_unified_interactions (${COLUMNS.join(', ')}, character_id, character_ids)
           select ${COLUMNS.map((column) => `t.${column}`).join(', ')}, (${idOf('n.character')}),
             (select array_agg(found.id order by named.place)
              from json_array_elements_text(n.characters) with ordinality as named(name, place)
              cross join lateral (${idOf('named.name')}) found)
           from json_array_elements($1::json) with ordinality as line(value, place)
           cross join lateral json_populate_record(null::echo_unified_interactions, line.value) t
           cross join lateral (
             select line.value ->> 'character' as character,
               case when json_typeof(line.value -> 'characters') = 'array' then line.value -> 'characters' end as characters
           ) n
           order by line.place`,
    values: [JSON.stringify(turns.map((turn) => recordOfLine(owner, turn)))],
  });
}
