import { mayActForOthers, type Principal } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import { parseInput, text } from '../../ground/input.ts';
import { noteChanges } from './changes.ts';
import { type CharacterServices, lockCharacters, ownerOf } from './characters.ts';
import { nameKeyOf } from './name-key.ts';
import { isMatchedAnew } from './reference-images.ts';
import { type CharacterRow, characters } from './tables.ts';

/**
 * Hides a character from queries and lists; its row stays. One's own goes before a shared one of the same name.
 *
 * @param shared only the shared one, or only one's own; null: whichever the caller may change
 * @throws NotFound if the caller may change no active character of that name; Forbidden
 */
export async function deactivateCharacter(
  services: CharacterServices,
  by: Principal,
  name: string,
  shared: boolean | null = null,
): Promise<CharacterRow> {
  const wanted = parseInput(text(100), name, 'name');
  if (shared) ownerOf(by, shared, 'shared');
  const mayChangeOwn = shared !== true;
  const mayChangeShared = shared !== false && mayActForOthers(by);
  const row = await services.db.transaction(async (client) => {
    if (mayChangeShared) await lockCharacters(client, by.tenantId, null);
    if (mayChangeOwn) await lockCharacters(client, by.tenantId, by.userId);
    const { rows } = await client.query<RawRow>({
      name: 'deactivate_character',
      text: `update character_profiles set is_active = false, updated_at = now() where id = (
               select id from character_profiles
               where tenant_id = $1 and is_active and (character_name = $2 or name_key = $3)
                 and ((user_id = $4 and $5) or (user_id is null and $6))
               order by user_id is null, character_name <> $2, id limit 1
             ) returning *`,
      values: [by.tenantId, wanted, nameKeyOf(wanted), by.userId, mayChangeOwn, mayChangeShared],
    });
    if (!rows[0])
      throw new NotFound(
        'name',
        `there is no active character "${wanted}"${mayChangeShared ? '' : ' of yours; those that all users share are changed by an admin or a service'}`,
      );
    const hidden = mapRow(characters, rows[0]);
    const { tenantId, userId } = hidden;
    const before = { ...hidden, isActive: true };
    await noteChanges(client, by, [{ kind: 'DEACTIVATED', before, after: hidden }]);
    if (isMatchedAnew(before, hidden))
      await services.characters.pictures?.order(client, { tenantId, userId }, by.userId);
    return hidden;
  });
  services.characters.pictures?.wake();
  services.characters.changed(by.tenantId, row.userId);
  return row;
}
