import { getTableColumns } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { mayActForOthers, type Principal } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { parseInput } from '../../ground/input.ts';
import { CARD, CHANGED_FIELDS, type FormerCard, noteChanges } from './changes.ts';
import { type CharacterServices, lockCharacters, type WrittenCharacter } from './characters.ts';
import { checkLimits, extentOf } from './limits.ts';
import { isMatchedAnew } from './reference-images.ts';
import { type CharacterChangeRow, type CharacterRow, characterChanges, characters } from './tables.ts';

/**
 * Takes a change of a character back: its fields are as they were before. A character that was created is hidden; a card that
 * came is replaced by the one before, while the files that came with it stay. It is a change itself, and can be taken back. One
 * that is undone already stays so.
 *
 * @throws NotFound for a change that the caller may not undo; InvalidInput naming the fields that a later change touched, or a
 * limit
 */
export async function undoCharacterChange(
  services: CharacterServices,
  by: Principal,
  changeId: string,
): Promise<WrittenCharacter> {
  const wanted = parseInput(z.guid({ error: 'must be a UUID' }), changeId, 'changeId');
  const written = await services.db.transaction(async (client) => {
    const { userId } = await changeToUndo(client, by, wanted);
    await lockCharacters(client, by.tenantId, userId);
    // As it stands under the lock.
    const change = await changeToUndo(client, by, wanted);
    const before = await characterOf(client, change);
    if (change.undone) return { row: before, outcome: 'UNCHANGED' as const };
    await refuseTouched(client, change);
    const owner = { tenantId: by.tenantId, userId };
    const extent = await extentOf(client, owner);
    const row = await setBack(client, change);
    const card = change.fields.includes(CARD) ? { before: await setCardBack(client, change) } : undefined;
    await noteChanges(client, by, [{ kind: 'UNDONE', before, after: row, card, undoes: change.changeId }]);
    await client.query({
      name: 'mark_character_change_undone',
      text: `update character_changes set undone = (change_id = $1) where change_id in ($1, $2) and tenant_id = $3
               and user_id is not distinct from $4`,
      values: [change.changeId, change.undoes, by.tenantId, userId],
    });
    await checkLimits(client, owner, extent, 'changeId');
    if (isMatchedAnew(before, row)) await services.characters.pictures?.order(client, owner, by.userId);
    return { row, outcome: 'CHANGED' as const };
  });
  services.characters.pictures?.wake();
  services.characters.changed(by.tenantId, written.row.userId);
  return written;
}

/** @throws NotFound */
async function changeToUndo(
  client: PoolClient,
  by: Principal,
  changeId: string,
): Promise<CharacterChangeRow> {
  const { rows } = await client.query<RawRow>({
    name: 'character_change_to_undo',
    text: `select * from character_changes where change_id = $1 and tenant_id = $2
             and (user_id = $3 or (user_id is null and $4)) order by user_id is null limit 1`,
    values: [changeId, by.tenantId, by.userId, mayActForOthers(by)],
  });
  if (!rows[0]) throw new NotFound('changeId', `there is no change "${changeId}" that you may undo`);
  return mapRow(characterChanges, rows[0]);
}

async function characterOf(client: PoolClient, change: CharacterChangeRow): Promise<CharacterRow> {
  const found = await client.query<RawRow>({
    name: 'character_of_change',
    text: 'select * from character_profiles where id = $1 and tenant_id = $2',
    values: [change.characterId, change.tenantId],
  });
  return mapRow(characters, onlyRow(found));
}

/** What taking the change back sets. */
function valuesBefore({ before }: CharacterChangeRow): Record<string, unknown> {
  return before ?? { isActive: false };
}

/** @throws InvalidInput where a later change that stands touched what this one is to set back */
async function refuseTouched(client: PoolClient, change: CharacterChangeRow): Promise<void> {
  const touched = [...Object.keys(valuesBefore(change)), ...(change.fields.includes(CARD) ? [CARD] : [])];
  // A later change and what took it back are as if neither had been.
  const { rows } = await client.query<{ change_id: string; fields: string[] }>({
    name: 'later_character_changes',
    text: `select l.change_id, l.fields from character_changes l
           where l.character_id = $1 and l.tenant_id = $2 and (l.changed_at, l.id) > ($3, $4) and not l.undone
             and l.fields && $5::text[]
             and not exists (select from character_changes u where u.change_id = l.undoes and u.character_id = $1
               and u.tenant_id = $2 and (u.changed_at, u.id) > ($3, $4))
           order by l.changed_at desc, l.id desc`,
    values: [change.characterId, change.tenantId, change.changedAt, change.id, touched],
  });
  const [latest] = rows;
  if (!latest) return;
  const again = touched.filter((field) => rows.some(({ fields }) => fields.includes(field)));
  throw new InvalidInput(
    'changeId',
    `${again.join(', ')} ${again.length === 1 ? 'was' : 'were'} changed again later; undo that first, the latest being ${latest.change_id}`,
  );
}

async function setBack(client: PoolClient, change: CharacterChangeRow): Promise<CharacterRow> {
  const columns = getTableColumns(characters);
  const names = CHANGED_FIELDS.map((field) => columns[field].name);
  const values = Object.entries(valuesBefore(change)).map(([field, value]) => [
    columns[field as keyof CharacterRow].name,
    value,
  ]);
  const written = await client.query<RawRow>({
    name: 'set_character_back',
    text: `update character_profiles c set ${names.map((name) => `${name} = n.${name}`).join(', ')}, updated_at = now()
           from character_profiles o, json_populate_record(o, $3) as n
           where o.id = $1 and o.tenant_id = $2 and c.id = o.id and c.tenant_id = $2 returning c.*`,
    values: [change.characterId, change.tenantId, JSON.stringify(Object.fromEntries(values))],
  });
  return mapRow(characters, onlyRow(written));
}

/** @returns the card that stood there; null: none */
async function setCardBack(client: PoolClient, change: CharacterChangeRow): Promise<FormerCard | null> {
  const { characterId, tenantId, userId, cardBefore } = change;
  const { rows } = await client.query<{ card: string; profile: unknown }>({
    name: 'take_card_back',
    text: 'delete from character_cards where character_id = $1 and tenant_id = $2 returning card, profile',
    values: [characterId, tenantId],
  });
  if (cardBefore !== null) {
    const { card, profile } = JSON.parse(cardBefore) as FormerCard;
    await client.query({
      name: 'set_card_back',
      text: `insert into character_cards (character_id, tenant_id, user_id, card, profile) values ($1, $2, $3, $4, $5)`,
      values: [characterId, tenantId, userId, card, JSON.stringify(profile)],
    });
  }
  return rows[0] ?? null;
}
