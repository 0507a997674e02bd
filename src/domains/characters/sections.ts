import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { checkLimits, extentOf } from './limits.ts';
import { CharacterLine } from './line-forms.ts';
import { nameKeyOf } from './name-key.ts';
import { type CharacterRow, characters } from './tables.ts';

interface Parts {
  readonly db: Database;
  readonly characters: { changed(tenantId: string, userId: string | null): void };
}

/** A user's own characters; one whose name is there already stays as it is. */
export const ownCharacters = sectionOfRows<Parts, CharacterLine>({
  kind: 'character',
  schema: CharacterLine,
  dated: 'updatedAt',
  read: exportedCharacters,
  restore: restoreCharacters,
  stored: (parts, { tenantId, userId }, count) => {
    if (count > 0) parts.characters.changed(tenantId, userId);
  },
});

/** Lines of a user's own characters in the order of their names, behind one; behind so many for cursors of an earlier version. */
async function exportedCharacters(
  { db }: { readonly db: Database },
  owner: Owner,
  { key, number: before }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_characters',
    text: `select * from character_profiles where user_id = $1 and tenant_id = $2 and character_name collate "C" > $5
           order by character_name collate "C" offset $3 limit $4`,
    values: [owner.userId, owner.tenantId, before, limit, key],
  });
  return rows.map((raw) => {
    const row = mapRow(characters, raw);
    const fields = Object.keys(CharacterLine.shape).map((name) => [name, row[name as keyof CharacterRow]]);
    const line = JSON.stringify({ ...Object.fromEntries(fields), kind: 'character' });
    return { line, after: { key: row.characterName, number: 0 } };
  });
}

/**
 * Stores a user's own characters as they were exported; those whose name is there already stay as they are.
 *
 * @returns how many were stored
 * @throws InvalidInput for more than one user may have
 */
async function restoreCharacters(
  client: PoolClient,
  { tenantId, userId }: Owner,
  lines: readonly CharacterLine[],
): Promise<number> {
  const before = await extentOf(client, { tenantId, userId });
  const names = Object.keys(CharacterLine.shape).filter((name) => name !== 'kind');
  const columns = names.map((name) => characters[name as keyof CharacterRow].name);
  const rows = lines.map((line) => {
    const values = names.map((name, index) => [columns[index], line[name as keyof CharacterLine]]);
    return {
      ...Object.fromEntries(values),
      tenant_id: tenantId,
      user_id: userId,
      name_key: nameKeyOf(line.characterName),
    };
  });
  const all = [...columns, 'tenant_id', 'user_id', 'name_key'].join(', ');
  const { rowCount } = await client.query({
    name: 'restore_characters',
    text: `insert into character_profiles (${all})
           select ${all} from json_populate_recordset(null::character_profiles, $1)
           on conflict (character_name, tenant_id, user_id) do nothing`,
    values: [JSON.stringify(rows)],
  });
  await checkLimits(client, { tenantId, userId }, before, 'lines');
  return rowCount ?? 0;
}
