import { mayActForOthers, type Principal } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import { parseInput, text } from '../../ground/input.ts';
import { noteChanges } from './changes.ts';
import { type CharacterServices, lockCharacters, ownerOf, type WrittenCharacter } from './characters.ts';
import { checkLimits, extentOf } from './limits.ts';
import { nameKeyOf } from './name-key.ts';
import { characters } from './tables.ts';

/**
 * Lets queries mention a character again that was deactivated; the profile is as it was. One's own goes before a shared one
 * of the same name; one that is active stays so.
 *
 * @param shared only the shared one, or only one's own; null: whichever the caller may change
 * @throws NotFound if the caller may change no character of that name; InvalidInput where as many are active as may be; Forbidden
 */
export async function reactivateCharacter(
  services: CharacterServices,
  by: Principal,
  name: string,
  shared: boolean | null = null,
): Promise<WrittenCharacter> {
  const wanted = parseInput(text(100), name, 'name');
  if (shared) ownerOf(by, shared, 'shared');
  const owners = [
    ...(shared !== true ? [by.userId] : []),
    ...(shared !== false && mayActForOthers(by) ? [null] : []),
  ];
  const written = await services.db.transaction(async (client) => {
    // The shared ones first, as writers of profiles do.
    for (const userId of owners.toReversed()) await lockCharacters(client, by.tenantId, userId);
    const key = nameKeyOf(wanted);
    for (const userId of owners) {
      const owner = { tenantId: by.tenantId, userId };
      const before = await extentOf(client, owner);
      const { rows } = await client.query<RawRow & { was_active: boolean }>({
        name: 'reactivate_character',
        text: `with found as (
                 select id, is_active from character_profiles
                 where tenant_id = $1 and user_id is not distinct from $2 and (character_name = $3 or name_key = $4)
                 order by is_active desc, character_name <> $3, id limit 1)
               update character_profiles c set is_active = true,
                 updated_at = case when found.is_active then c.updated_at else now() end
               from found where c.id = found.id and c.tenant_id = $1 returning c.*, found.is_active as was_active`,
        values: [by.tenantId, userId, wanted, key],
      });
      if (!rows[0]) continue;
      await checkLimits(client, owner, before, 'name');
      const shown = mapRow(characters, rows[0]);
      const hidden = { ...shown, isActive: rows[0].was_active };
      await noteChanges(client, by, [{ kind: 'REACTIVATED', before: hidden, after: shown }]);
      if (shown.referenceImages.length > 0)
        await services.characters.pictures?.order(client, owner, by.userId);
      const outcome = rows[0].was_active ? ('UNCHANGED' as const) : ('CHANGED' as const);
      return { row: shown, outcome };
    }
    throw new NotFound('name', `there is no character "${wanted}" that you may change`);
  });
  services.characters.pictures?.wake();
  services.characters.changed(by.tenantId, written.row.userId);
  return written;
}
