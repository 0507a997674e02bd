import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import {
  type ExportedLine,
  keyOfParts,
  type Place,
  partsOfKey,
  sectionOfRows,
} from '../../ground/section.ts';
import { CARD, CHANGED_FIELDS, MAX_CHANGES } from './changes.ts';
import { CardJson, CharacterLine } from './line-forms.ts';
import { characterChanges } from './tables.ts';

/** Names that a change may have touched: all fields of a profile, and its card. */
const FIELD_NAMES = [...CHANGED_FIELDS, CARD] as const;
const KINDS = ['CREATED', 'CHANGED', 'DEACTIVATED', 'REACTIVATED', 'UNDONE'] as const;

const values = z.strictObject(
  Object.fromEntries(
    Object.entries(CharacterLine.shape)
      .filter(([name]) => (CHANGED_FIELDS as readonly string[]).includes(name))
      .map(([name, form]) => [name, (form as z.ZodType).optional()]),
  ),
);

/** A change of a user's own character as a line of an export. */
const ChangeLine = z.object({
  kind: z.literal('character_change'),
  characterName: input.text(100),
  changeId: z.guid({ error: 'must be a UUID' }),
  change: z.enum(KINDS),
  at: input.writtenInstant,
  by: input.text(100),
  fields: z.array(z.enum(FIELD_NAMES)).max(FIELD_NAMES.length),
  before: values.nullable(),
  after: values,
  formerCard: z.object({ card: CardJson, profile: input.jsonObject }).nullable(),
  undoes: z.guid({ error: 'must be a UUID' }).nullable(),
  undone: z.boolean(),
});
type ChangeLine = z.output<typeof ChangeLine>;

interface Parts {
  readonly db: Database;
}

/** What was changed in a user's own characters; a change that is there stays as it is. */
export const ownCharacterChanges = sectionOfRows<Parts, ChangeLine>({
  kind: 'character_change',
  schema: ChangeLine,
  dated: 'at',
  read: exportedChanges,
  restore: restoreChanges,
});

/** When a change was made, which a number of JavaScript cannot hold. */
const MICROS = '(extract(epoch from c.changed_at) * 1000000)::bigint';

/** Behind a change, whose key has its character and its time; cursors of an earlier version say how many came before. */
async function exportedChanges(
  { db }: Parts,
  owner: Owner,
  { key, number }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const [before = '', micros = ''] = partsOfKey(key, 2) ?? ['', ''];
  const { rows } = await db.pool.query<RawRow & { character_name: string; micros: string }>({
    name: 'export_character_changes',
    text: `select c.*, p.character_name, ${MICROS} as micros from character_changes c join character_profiles p on p.id = c.character_id
           where c.user_id = $1 and c.tenant_id = $2
             and (p.character_name collate "C", ${MICROS}, c.id) > ($5, $6::bigint, $7)
           order by p.character_name collate "C", c.changed_at, c.id offset $3 limit $4`,
    values: [
      ...[owner.userId, owner.tenantId, key === '' ? number : 0, limit],
      ...[before, /^\d{1,17}$/.test(micros) ? micros : 0, key === '' ? -1 : number],
    ],
  });
  return rows.map((raw) => {
    const row = mapRow(characterChanges, raw);
    const former = row.cardBefore === null ? null : JSON.parse(row.cardBefore);
    const line = {
      ...{ kind: 'character_change', characterName: raw.character_name, changeId: row.changeId },
      ...{ change: row.kind, at: row.changedAt, by: row.changedBy, fields: row.fields },
      ...{ before: row.before, after: row.after },
      formerCard: former && { card: JSON.parse(former.card), profile: former.profile },
      ...{ undoes: row.undoes, undone: row.undone },
    };
    return {
      line: JSON.stringify(line),
      after: { key: keyOfParts([raw.character_name, raw.micros]), number: row.id },
    };
  });
}

async function restoreChanges(
  client: PoolClient,
  owner: Owner,
  lines: readonly ChangeLine[],
): Promise<number> {
  const rows = lines.map(({ formerCard, ...line }, number) => ({
    ...line,
    number,
    card: formerCard && JSON.stringify({ ...formerCard, card: JSON.stringify(formerCard.card) }),
  }));
  const { rowCount } = await client.query({
    name: 'restore_character_changes',
    text: `insert into character_changes (character_id, tenant_id, user_id, change_id, kind, changed_at, changed_by,
             fields, before, after, card_before, undoes, undone)
           select p.id, $1, $2, l."changeId", l.change, least(l.at, now()), l.by, l.fields, l.before, l.after, l.card, l.undoes, l.undone
           from json_to_recordset($3) as l(number int, "characterName" text, "changeId" uuid, change text, at timestamptz, by text,
             fields text[], before jsonb, after jsonb, card text, undoes uuid, undone boolean)
           join character_profiles p on p.character_name = l."characterName" and p.tenant_id = $1 and p.user_id = $2
           where (select count(*) from character_changes k where k.character_id = p.id and k.tenant_id = $1) < ${MAX_CHANGES}
           order by l.number
           on conflict (change_id, tenant_id, user_id) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(rows)],
  });
  return rowCount ?? 0;
}
