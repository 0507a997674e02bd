import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { recordOfLine, type TurnLine } from './rows.ts';
import { columnOf, STORED_COLUMNS } from './shape.ts';

/** A character's id is that of its name in this database. */
const COLUMNS = STORED_COLUMNS.filter((column) => column !== columnOf('characterId'));

/** Stores turns of lines, which were checked, at the places that the lines say. */
export async function restoreTurns(
  client: PoolClient,
  owner: Owner,
  turns: readonly TurnLine[],
): Promise<void> {
  if (turns.length === 0) return;
  await client.query({
    name: 'restore_turns',
    text: `insert into echo_unified_interactions (${COLUMNS.join(', ')}, character_id)
           select ${COLUMNS.map((column) => `t.${column}`).join(', ')},
             (select c.id from character_profiles c where c.character_name = n.character and c.tenant_id = t.tenant_id
                and (c.user_id is null or c.user_id = t.user_id) order by c.user_id is null limit 1)
           from json_array_elements($1::json) with ordinality as line(value, place)
           cross join lateral json_populate_record(null::echo_unified_interactions, line.value) t
           cross join lateral (select line.value ->> 'character' as character) n
           order by line.place`,
    values: [JSON.stringify(turns.map((turn) => recordOfLine(owner, turn)))],
  });
}
