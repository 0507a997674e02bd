import { isDeepStrictEqual } from 'node:util';
import { getTableColumns } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Owner, Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import {
  type CharacterChangeKind,
  type CharacterChangeRow,
  type CharacterRow,
  characterChanges,
  characters,
} from './tables.ts';

/** Changes that are kept of a character; each more lets the oldest go. */
export const MAX_CHANGES = 50;
/** Stands among the fields of a change that brought another card. */
export const CARD = 'card';

/** What of a row is no profile: its name and owner, which no change touches, and what is counted. */
const NO_PROFILE: ReadonlySet<string> = new Set<keyof CharacterRow>([
  ...(['id', 'tenantId', 'userId', 'characterName', 'nameKey', 'createdAt', 'updatedAt'] as const),
  ...(['generationCount', 'consistencyScore', 'lastGenerated', 'conversationMentions'] as const),
]);

/** Fields whose changes are kept. */
export const CHANGED_FIELDS = Object.keys(getTableColumns(characters)).filter(
  (name) => !NO_PROFILE.has(name),
) as readonly (keyof CharacterRow)[];

/** What was done to a character. */
export interface CharacterChange {
  readonly kind: CharacterChangeKind;
  /** Null: there was none. */
  readonly before: CharacterRow | null;
  readonly after: CharacterRow;
  /** It brought another card: the one before, as `characterCards` has it; null within: there was none. */
  readonly card?: { readonly before: FormerCard | null } | undefined;
  /** The change that it takes back. */
  readonly undoes?: string | undefined;
}

/** A card as it was before a change. */
export interface FormerCard {
  readonly card: string;
  readonly profile: unknown;
}

/**
 * Notes changes of characters, which the transaction of `client` makes under the lock of their owners; what changed nothing
 * is left out. One statement for all of them.
 */
export async function noteChanges(
  client: PoolClient,
  by: Principal,
  changes: readonly CharacterChange[],
): Promise<void> {
  const rows = changes.map(rowOf).filter(({ fields }) => fields.length > 0);
  if (rows.length === 0) return;
  await client.query({
    name: 'note_character_changes',
    text: `insert into character_changes (character_id, tenant_id, user_id, kind, changed_by, fields, before, after, card_before, undoes, changed_at)
           select l.character_id, $1, l.user_id, l.kind, $2, l.fields, l.before, l.after, l.card_before, l.undoes, clock_timestamp()
           from json_to_recordset($3) as l(number int, character_id int, user_id text, kind text, fields text[],
             before jsonb, after jsonb, card_before text, undoes uuid) order by l.number`,
    values: [by.tenantId, by.userId, JSON.stringify(rows.map((row, number) => ({ number, ...row })))],
  });
  await client.query({
    name: 'trim_character_changes',
    text: `delete from character_changes where tenant_id = $2 and id in (
             select id from (select id, row_number() over (partition by character_id order by changed_at desc, id desc) as place
               from character_changes where character_id = any($1::int[]) and tenant_id = $2) as placed
             where place > ${MAX_CHANGES})`,
    values: [[...new Set(rows.map((row) => row.character_id))], by.tenantId],
  });
}

/** The latest changes of characters that a user knows, each character's newest first; in the order of the ids. */
export async function changesOf(
  { pool }: Pick<Database, 'pool'>,
  { tenantId, userId }: Owner,
  ids: readonly number[],
  first: number,
): Promise<CharacterChangeRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'changes_of_characters',
    text: `select c.* from unnest($1::int[]) as wanted(id) cross join lateral (
             select * from character_changes where character_id = wanted.id and tenant_id = $2
               and (user_id is null or user_id = $3) order by changed_at desc, id desc limit $4) as c`,
    values: [ids, tenantId, userId, first],
  });
  const found = Map.groupBy(
    rows.map((raw) => mapRow(characterChanges, raw)),
    (row) => row.characterId,
  );
  return ids.map((id) => found.get(id) ?? []);
}

function rowOf({ kind, before, after, card, undoes }: CharacterChange) {
  const fields: string[] = CHANGED_FIELDS.filter((name) =>
    before === null ? isSaid(after[name]) : !isDeepStrictEqual(before[name], after[name]),
  );
  const valuesOf = (row: CharacterRow) =>
    Object.fromEntries(fields.map((name) => [name, row[name as keyof CharacterRow]]));
  return {
    ...{ character_id: after.id, user_id: after.userId, kind, undoes: undoes ?? null },
    ...{ before: before && valuesOf(before), after: valuesOf(after) },
    card_before: card?.before ? JSON.stringify(card.before) : null,
    fields: card ? [...fields, CARD] : fields,
  };
}

const isSaid = (value: unknown): boolean => value !== null && !(Array.isArray(value) && value.length === 0);
