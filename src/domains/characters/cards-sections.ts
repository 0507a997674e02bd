import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Json } from '../../cards/container.ts';
import { MAX_CARD_FILE_BYTES, MAX_UPLOADED_CARD_BYTES } from '../../cards/limits.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import {
  type ExportedLine,
  keyOfParts,
  type Place,
  partsOfKey,
  sectionOfRows,
} from '../../ground/section.ts';
import { PICTURE } from './cards.ts';
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

/** Bytes of one part of a file that does not go into a line. */
const PIECE_BYTES = 480_000;

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
  /** Of a file that is too large for a line: which part it is, from 1, of how many, and of which whole. */
  piece: z
    .strictObject({
      part: z.int().min(1),
      parts: z.int().min(2),
      bytes: z.int().min(1).max(MAX_UPLOADED_CARD_BYTES),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .refine(({ part, parts, bytes }) => part <= parts && parts === Math.ceil(bytes / PIECE_BYTES), {
      error: `must be a part of a file in parts of ${PIECE_BYTES} bytes`,
    })
    .optional(),
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

/** Behind the card of a name; cursors of an earlier version say how many came before. */
async function exportedCards(
  { db }: Parts,
  owner: Owner,
  { key, number: before }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<{ name: string; card: string; profile: Json; at: Date }>({
    name: 'export_character_cards',
    text: `select p.character_name as name, c.card, c.profile, c.updated_at as at
           from character_cards c join character_profiles p on p.id = c.character_id
           where c.user_id = $1 and c.tenant_id = $2 and p.character_name collate "C" > $5 order by p.character_name collate "C" offset $3 limit $4`,
    values: [owner.userId, owner.tenantId, before, limit, key],
  });
  return rows.map(({ name, card, profile, at }) => ({
    line: JSON.stringify({
      ...{ kind: 'character_card', characterName: name, card: JSON.parse(card), profile, updatedAt: at },
    }),
    after: { key: name, number: 0 },
  }));
}

/** Behind a part of a file, which a key names with its character; cursors of an earlier version say how many came before. */
async function exportedFiles(
  { db }: Parts,
  owner: Owner,
  { key, number }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const [before = '', behind = ''] = partsOfKey(key, 2) ?? ['', ''];
  const { rows } = await db.pool.query<ExportedPiece>({
    name: 'export_character_card_files',
    text: `select p.character_name as name, f.path, f.updated_at as at, n.part,
             case when n.part = 0 then f.content else substring(f.content from (n.part - 1) * ${PIECE_BYTES} + 1 for ${PIECE_BYTES}) end as content,
             case when n.part > 0 then json_build_object('part', n.part, 'parts', ceil(octet_length(f.content) / ${PIECE_BYTES}.0)::int,
               'bytes', octet_length(f.content), 'sha256', encode(sha256(f.content), 'hex')) end as piece
           from character_card_files f join character_profiles p on p.id = f.character_id
           cross join lateral generate_series(case when octet_length(f.content) > ${MAX_CARD_FILE_BYTES} then 1 else 0 end,
             case when octet_length(f.content) > ${MAX_CARD_FILE_BYTES} then ceil(octet_length(f.content) / ${PIECE_BYTES}.0)::int else 0 end) n(part)
           where f.user_id = $1 and f.tenant_id = $2
             and (p.character_name collate "C", f.path collate "C", n.part) > ($5, $6, $7)
           order by p.character_name collate "C", f.path collate "C", n.part offset $3 limit $4`,
    values: [
      ...[owner.userId, owner.tenantId, key === '' ? number : 0, limit],
      ...[before, behind, key === '' ? -1 : number],
    ],
  });
  return rows.map(({ name, path, content, at, piece, part }) => ({
    line: JSON.stringify({
      ...{ kind: 'character_card_file', characterName: name, path },
      ...{ content: content.toString('base64'), updatedAt: at, ...(piece && { piece }) },
    }),
    after: { key: keyOfParts([name, path]), number: part },
  }));
}

interface ExportedPiece {
  readonly name: string;
  readonly path: string;
  readonly at: Date;
  /** From 1; 0: it goes into a line. */
  readonly part: number;
  readonly content: Buffer;
  readonly piece: CardFileLine['piece'] | null;
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
  let pieces = 0;
  for (const line of lines) if (line.piece && (await restorePiece(client, owner, line))) pieces++;
  const whole = lines.filter(({ piece }) => piece === undefined);
  const { rowCount } = await client.query({
    name: 'restore_character_card_files',
    text: `insert into character_card_files (character_id, tenant_id, user_id, path, content, updated_at)
           select p.id, $1, $2, l.path, decode(l.content, 'base64'), least(l."updatedAt", now())
           from json_to_recordset($3) as l("characterName" text, path text, content text, "updatedAt" timestamptz)
           join character_profiles p on p.character_name = l."characterName" and p.tenant_id = $1 and p.user_id = $2
           on conflict (character_id, path) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(whole)],
  });
  return (rowCount ?? 0) + pieces;
}

/**
 * Puts a part behind those that are there. Where a later one was not sent, the file begins anew with its first part.
 *
 * @returns whether it was taken @throws InvalidInput: the whole is not what it was
 */
async function restorePiece(client: PoolClient, owner: Owner, line: CardFileLine): Promise<boolean> {
  const { characterName, path, content, updatedAt, piece } = line;
  if (!piece) return false;
  const bytes = Buffer.from(content, 'base64');
  const isFirst = piece.part === 1;
  const { rows } = await client.query<{ sha256: string }>({
    name: isFirst ? 'restore_first_card_piece' : 'restore_card_piece',
    text: isFirst
      ? `insert into character_card_files as f (character_id, tenant_id, user_id, path, content, updated_at)
         select p.id, $1, $2, $4, $5, least($6, now()) from character_profiles p
         where p.character_name = $3 and p.tenant_id = $1 and p.user_id = $2 and $7::int > 0
         on conflict (character_id, path) do update set content = excluded.content
         where octet_length(f.content) < $7 and octet_length(f.content) % ${PIECE_BYTES} = 0
         returning encode(sha256(f.content), 'hex') as sha256`
      : `update character_card_files f set content = f.content || $5::bytea, updated_at = least($6, now())
         from character_profiles p where p.id = f.character_id and p.character_name = $3 and p.tenant_id = $1 and p.user_id = $2
           and f.tenant_id = $1 and f.user_id = $2 and f.path = $4 and octet_length(f.content) = $7
         returning encode(sha256(f.content), 'hex') as sha256`,
    values: [
      ...[owner.tenantId, owner.userId, characterName, path, bytes, updatedAt],
      isFirst ? piece.bytes : (piece.part - 1) * PIECE_BYTES,
    ],
  });
  if (rows[0] && piece.part === piece.parts && rows[0].sha256 !== piece.sha256)
    throw new InvalidInput(
      'lines',
      `the parts of a file of "${characterName}" are not what they are said to be`,
    );
  return rows.length > 0;
}
