import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Json } from '../../cards/container.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { MAX_CARD_FILE_BYTES, PICTURE } from './cards.ts';
import { CardJson } from './line-forms.ts';

const instant = z.iso
  .datetime({ error: 'must be an instant in ISO 8601' })
  .transform((text) => new Date(text));

/** A card of a user's own character as a line of an export. */
const CardLine = z.object({
  kind: z.literal('character_card'),
  characterName: input.text(100),
  card: CardJson,
  profile: input.jsonObject,
  updatedAt: instant,
});
type CardLine = z.output<typeof CardLine>;

/** A file that came with such a card. */
const CardFileLine = z.object({
  kind: z.literal('character_card_file'),
  characterName: input.text(100),
  /** Empty: the picture that the card lay in. */
  path: input.text(1_000, PICTURE.length),
  content: z
    .base64({ error: 'must be Base64' })
    .max(Math.ceil(MAX_CARD_FILE_BYTES / 3) * 4, { error: `must be at most ${MAX_CARD_FILE_BYTES} bytes` }),
  updatedAt: instant,
});
type CardFileLine = z.output<typeof CardFileLine>;

interface Parts {
  readonly db: Database;
}

/** Cards of a user's own characters; a character that has one keeps it. */
export const ownCards = sectionOfRows<Parts, CardLine>({
  kind: 'character_card',
  schema: CardLine,
  dated: 'updatedAt',
  read: exportedCards,
  restore: restoreCards,
});

/** What came with them; a file that is there stays as it is. */
export const ownCardFiles = sectionOfRows<Parts, CardFileLine>({
  kind: 'character_card_file',
  schema: CardFileLine,
  dated: 'updatedAt',
  read: exportedFiles,
  restore: restoreFiles,
});

const linesOf = (rows: readonly { line: string }[], before: number): ExportedLine[] =>
  rows.map(({ line }, index) => ({ line, after: { key: '', number: before + index + 1 } }));

async function exportedCards({ db }: Parts, owner: Owner, { number: before }: Place, limit: number) {
  const { rows } = await db.pool.query<{ name: string; card: string; profile: Json; at: Date }>({
    name: 'export_character_cards',
    text: `select p.character_name as name, c.card, c.profile, c.updated_at as at
           from character_cards c join character_profiles p on p.id = c.character_id
           where c.user_id = $1 and c.tenant_id = $2 order by p.character_name collate "C" offset $3 limit $4`,
    values: [owner.userId, owner.tenantId, before, limit],
  });
  const lines = rows.map(({ name, card, profile, at }) => ({
    line: JSON.stringify({
      ...{ kind: 'character_card', characterName: name, card: JSON.parse(card), profile, updatedAt: at },
    }),
  }));
  return linesOf(lines, before);
}

async function exportedFiles({ db }: Parts, owner: Owner, { number: before }: Place, limit: number) {
  const { rows } = await db.pool.query<{ name: string; path: string; content: Buffer; at: Date }>({
    name: 'export_character_card_files',
    text: `select p.character_name as name, f.path, f.content, f.updated_at as at
           from character_card_files f join character_profiles p on p.id = f.character_id
           where f.user_id = $1 and f.tenant_id = $2
           order by p.character_name collate "C", f.path collate "C" offset $3 limit $4`,
    values: [owner.userId, owner.tenantId, before, limit],
  });
  const lines = rows.map(({ name, path, content, at }) => ({
    line: JSON.stringify({
      ...{ kind: 'character_card_file', characterName: name, path },
      ...{ content: content.toString('base64'), updatedAt: at },
    }),
  }));
  return linesOf(lines, before);
}

async function restoreCards(client: PoolClient, owner: Owner, lines: readonly CardLine[]): Promise<number> {
  const rows = lines.map(({ characterName, card, profile, updatedAt }) => ({
    ...{ name: characterName, card: JSON.stringify(card), profile, at: updatedAt },
  }));
  const { rowCount } = await client.query({
    name: 'restore_character_cards',
    text: `insert into character_cards (character_id, tenant_id, user_id, card, profile, updated_at)
           select p.id, $1, $2, l.card, l.profile, least(l.at, now())
           from json_to_recordset($3) as l(name text, card text, profile jsonb, at timestamptz)
           join character_profiles p on p.character_name = l.name and p.tenant_id = $1 and p.user_id = $2
           on conflict (character_id) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(rows)],
  });
  return rowCount ?? 0;
}

async function restoreFiles(
  client: PoolClient,
  owner: Owner,
  lines: readonly CardFileLine[],
): Promise<number> {
  const { rowCount } = await client.query({
    name: 'restore_character_card_files',
    text: `insert into character_card_files (character_id, tenant_id, user_id, path, content, updated_at)
           select p.id, $1, $2, l.path, decode(l.content, 'base64'), least(l."updatedAt", now())
           from json_to_recordset($3) as l("characterName" text, path text, content text, "updatedAt" timestamptz)
           join character_profiles p on p.character_name = l."characterName" and p.tenant_id = $1 and p.user_id = $2
           on conflict (character_id, path) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(lines)],
  });
  return rowCount ?? 0;
}
