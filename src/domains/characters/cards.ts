import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner, Principal } from '../../access/principals.ts';
import { CardError } from '../../cards/card-error.ts';
import { type CardLimits, isObject, type Json, type OpenedCard, openCard } from '../../cards/container.ts';
import {
  MAX_CARD_ARCHIVE_BYTES,
  MAX_CARD_BYTES,
  MAX_CARD_FILE_BYTES,
  MAX_CARD_FILES,
  MAX_UPLOADED_ARCHIVE_BYTES,
  MAX_UPLOADED_CARD_BYTES,
} from '../../cards/limits.ts';
import { NAME_PROBLEM, profileOf } from '../../cards/profile.ts';
import { dataOf, textOf, textsOf } from '../../cards/versions.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import { parseInput } from '../../ground/input.ts';
import type { Quotas } from '../tenants/quotas.ts';
import {
  type Also,
  type CharacterProfile,
  type CharacterServices,
  upsertCharacter,
  type WrittenCharacter,
} from './characters.ts';
import { type CharacterCardRow, type CharacterRow, characterCards } from './tables.ts';

/** Limits that views tell. */
export { MAX_CARD_BYTES, MAX_CARD_FILE_BYTES, MAX_UPLOADED_CARD_BYTES };
/** The name of this program among a card's extensions: what of a profile no field of a card has a place for. */
export const OWN_EXTENSION = 'echo_brain';
/** Under which the picture that a card lay in is kept: no file of an archive is called so. */
export const PICTURE = '';

/** Fields of a profile of which a card says all. */
const CARD_FIELDS = ['creator', 'personalityTraits', 'notes'] as const;
/** Those of which only our own extension says all. */
export const OTHER_FIELDS = [
  ...(['aliases', 'sourceFranchise', 'characterType', 'age', 'gender', 'physicalDescription'] as const),
  ...(['height', 'build', 'hairColor', 'hairStyle', 'eyeColor', 'distinctiveFeatures'] as const),
  ...([
    'backgroundStory',
    'occupation',
    'skillsAbilities',
    'relationships',
    'visualStyle',
    'artStyle',
  ] as const),
  ...(['referenceImages', 'styleElements', 'generationPrompts'] as const),
] as const;

const ImportCharacter = z.object({
  content: z.string({ error: 'must be text' }).regex(/^[A-Za-z0-9+/]+={0,2}$/, { error: 'must be Base64' }),
  shared: z.boolean().nullish(),
  replace: z.boolean().nullish(),
});

export type ImportCharacterInput = z.input<typeof ImportCharacter>;

export interface ImportedCharacter extends WrittenCharacter {
  /** What was shortened or left out, for people. */
  readonly told: readonly string[];
}

/**
 * Takes a character card in: its profile as `upsertCharacters` does, and beside it the card as it is, its picture and the
 * files that came with it. One that has the name of a known character takes its place.
 *
 * @throws InvalidInput naming what is wrong with the file; Forbidden, QuotaExceeded
 */
export async function importCharacter(
  services: CardServices,
  by: Principal,
  given: ImportCharacterInput,
): Promise<ImportedCharacter> {
  const { content, ...how } = parseInput(ImportCharacter, given);
  const bytes = Buffer.from(content, 'base64');
  const limits = { fileBytes: MAX_CARD_FILE_BYTES, archiveBytes: MAX_CARD_ARCHIVE_BYTES };
  return takeCard(services, by, { ...how, bytes }, { field: 'content', limits });
}

/**
 * The same of a larger file, as it is.
 *
 * @throws InvalidInput naming what is wrong with the file; Forbidden, QuotaExceeded
 */
export function importUploadedCard(
  services: CardServices,
  by: Principal,
  card: CardFile,
): Promise<ImportedCharacter> {
  const limits = { fileBytes: MAX_UPLOADED_CARD_BYTES, archiveBytes: MAX_UPLOADED_ARCHIVE_BYTES };
  return takeCard(services, by, card, { field: 'file', limits });
}

/** What taking a card in needs. */
export type CardServices = CharacterServices & { readonly quotas: Pick<Quotas, 'checkStorage'> };

interface CardFile {
  readonly bytes: Buffer;
  readonly shared?: boolean | null | undefined;
  readonly replace?: boolean | null | undefined;
}

/** @param source.field how messages call the file */
async function takeCard(
  services: CardServices,
  by: Principal,
  { bytes, shared, replace }: CardFile,
  { field, limits }: CardSource,
): Promise<ImportedCharacter> {
  if (bytes.length > limits.fileBytes)
    throw new InvalidInput(
      field,
      `the file may have at most ${limits.fileBytes.toLocaleString('en-US')} bytes, has ${bytes.length.toLocaleString('en-US')}`,
    );
  await services.quotas.checkStorage(by.tenantId, field, bytes.length);
  const opened = await openedCard(bytes, { field, limits });
  const read = profileOf(dataOf(opened.card));
  if (!read) throw new InvalidInput(field, `the name of the character ${NAME_PROBLEM}`);
  const profile = { ...read.profile, ...ownExtensionOf(opened.card), shared, replace: replace ?? true };
  let isAnother = false;
  const also: Also = async (client, [one]) => {
    const former = one ? await storeCard(client, one.row, opened) : null;
    isAnother = former !== null;
    return one && former ? new Map([[one.row.id, former]]) : new Map();
  };
  const written = await upsertFromCard(services, by, profile as CharacterProfile, field, also);
  const outcome = written.outcome === 'UNCHANGED' && isAnother ? 'CHANGED' : written.outcome;
  return { ...written, outcome, told: read.told };
}

/** The card of a character; null: it came in by none. */
export async function cardOf({ db }: { readonly db: Database }, { id, tenantId }: CharacterRow) {
  const { rows } = await db.pool.query<RawRow>({
    name: 'card_of_character',
    text: 'select * from character_cards where character_id = $1 and tenant_id = $2',
    values: [id, tenantId],
  });
  return rows[0] ? mapRow(characterCards, rows[0]) : null;
}

/** The cards of characters that a user knows, by their ids. */
export async function cardsOf(
  { db }: { readonly db: Database },
  { tenantId, userId }: Owner,
  ids: readonly number[],
): Promise<ReadonlyMap<number, CharacterCardRow>> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'cards_of_characters',
    text: `select * from character_cards
           where character_id = any($1::int[]) and tenant_id = $2 and (user_id is null or user_id = $3)`,
    values: [ids, tenantId, userId],
  });
  return new Map(rows.map((raw) => mapRow(characterCards, raw)).map((row) => [row.characterId, row]));
}

/** How a character begins by the card: the first message, then the alternate ones. */
export function greetingsOf(card: Json): string[] {
  const { first_mes: first, alternate_greetings: others } = dataOf(card);
  return [textOf(first), ...textsOf(others)].filter((text) => text.trim() !== '');
}

/** What came with the card of a character, by path; the picture that it lay in under `PICTURE`. */
export async function filesOf(
  { db }: { readonly db: Database },
  { id, tenantId }: CharacterRow,
): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await db.pool.query<{ path: string; content: Buffer }>({
    name: 'files_of_card',
    text: `select path, content from character_card_files where character_id = $1 and tenant_id = $2
           order by path collate "C"`,
    values: [id, tenantId],
  });
  return new Map(rows.map(({ path, content }) => [path, content]));
}

interface CardSource {
  readonly field: string;
  readonly limits: Pick<CardLimits, 'fileBytes' | 'archiveBytes'>;
}

async function openedCard(bytes: Buffer, { field, limits }: CardSource): Promise<OpenedCard> {
  try {
    return await openCard(bytes, {
      ...limits,
      ...{ cardBytes: MAX_CARD_BYTES, files: MAX_CARD_FILES },
    });
  } catch (error) {
    if (error instanceof CardError) throw new InvalidInput(field, error.message);
    throw error;
  }
}

/** What an export of this program says of the profile that no field of a card has a place for. */
function ownExtensionOf(card: Json): Json {
  const { extensions } = dataOf(card);
  const own = isObject(extensions) ? extensions[OWN_EXTENSION] : null;
  if (!isObject(own)) return {};
  return Object.fromEntries(
    OTHER_FIELDS.filter((field) => own[field] != null).map((field) => [field, own[field]]),
  );
}

/** As `upsertCharacter`; a problem is the file's, not the input's. */
async function upsertFromCard(
  services: CharacterServices,
  by: Principal,
  profile: CharacterProfile,
  field: string,
  also: Also,
): Promise<WrittenCharacter> {
  try {
    return await upsertCharacter(services, by, profile, also);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(field, error.message.replace(/^input: /, ''));
  }
}

/** @returns what the card said before that it takes the place of; null: it is the same */
async function storeCard(client: PoolClient, row: CharacterRow, opened: OpenedCard) {
  const { id, tenantId, userId } = row;
  const card = JSON.stringify(opened.card);
  const files = [...opened.files, ...(opened.picture ? [[PICTURE, opened.picture] as const] : [])];
  const before = await client.query<{ card: string; profile: unknown; files: Record<string, string> }>({
    name: 'card_before',
    text: `select card, profile, (select coalesce(json_object_agg(path, encode(sha256(content), 'hex')), '{}')
             from character_card_files f where f.character_id = c.character_id and f.tenant_id = $2) as files
           from character_cards c where character_id = $1 and tenant_id = $2`,
    values: [id, tenantId],
  });
  await client.query({
    name: 'store_card',
    text: `insert into character_cards (character_id, tenant_id, user_id, card, profile) values ($1, $2, $3, $4, $5)
           on conflict (character_id) do update set card = excluded.card, profile = excluded.profile, updated_at = now()`,
    values: [id, tenantId, userId, card, JSON.stringify(pickFields(row))],
  });
  await client.query({
    name: 'clear_card_files',
    text: 'delete from character_card_files where character_id = $1 and tenant_id = $2',
    values: [id, tenantId],
  });
  await client.query({
    name: 'store_card_files',
    text: `insert into character_card_files (character_id, tenant_id, user_id, path, content)
           select $1, $2, $3, f.path, f.content from unnest($4::text[], $5::bytea[]) as f(path, content)`,
    values: [id, tenantId, userId, files.map(([path]) => path), files.map(([, content]) => content)],
  });
  const [known] = before.rows;
  const after = Object.fromEntries(files.map(([path, content]) => [path, sha256(content)]));
  if (known?.card === card && isDeepStrictEqual(known.files, after)) return null;
  // So that the log tells of it, and whoever keeps something made of the card makes it anew.
  await client.query({
    name: 'touch_character',
    text: 'update character_profiles set updated_at = now() where id = $1 and tenant_id = $2',
    values: [id, tenantId],
  });
  return { before: known ? { card: known.card, profile: known.profile } : null };
}

/** The fields of a profile that an export goes by. */
export function pickFields(row: CharacterRow): Json {
  return Object.fromEntries([...CARD_FIELDS, ...OTHER_FIELDS].map((field) => [field, row[field]]));
}

const sha256 = (content: Buffer): string => hash('sha256', content, 'hex');
