import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { writeArchive } from '../../cards/archive.ts';
import { CARD_FILE, isObject, type Json } from '../../cards/container.ts';
import { isPng, plainPng, withPngText } from '../../cards/png.ts';
import { type CardVersion, dataOf, inVersion, withFields } from '../../cards/versions.ts';
import type { Database } from '../../db/client.ts';
import { parseInput, text } from '../../ground/input.ts';
import { cardOf, filesOf, OTHER_FIELDS, OWN_EXTENSION, PICTURE, pickFields } from './cards.ts';
import type { CharacterCardRow, CharacterRow } from './tables.ts';
import { findCharacter } from './views.ts';

/** Kinds of files that a character is exported to. */
export const CARD_FORMATS = ['JSON_V1', 'JSON_V2', 'JSON_V3', 'PNG_V1', 'PNG_V2', 'PNG_V3', 'CHARX'] as const;
export type CardFormat = (typeof CARD_FORMATS)[number];

export interface ExportedCard {
  readonly fileName: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/**
 * A character as a card that other programs read. The card that it came in by goes out again field by field, with what was
 * changed in the profile since; what only profiles have goes into our own extension.
 *
 * @throws InvalidInput, NotFound
 */
export async function exportCharacter(
  services: { readonly db: Database },
  owner: Owner,
  name: string,
  format: CardFormat,
): Promise<ExportedCard> {
  const wanted = parseInput(text(100), name, 'name');
  const kind = parseInput(z.enum(CARD_FORMATS), format, 'format');
  const row = await findCharacter(services, owner, wanted);
  const [stored, files] = await Promise.all([cardOf(services, row), filesOf(services, row)]);
  const version = kind === 'CHARX' ? 3 : (Number(kind.at(-1)) as CardVersion);
  const whole = wholeCard(row, stored);
  const card = inVersion(whole, version);
  const base = row.characterName.replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'character';
  if (kind.startsWith('JSON'))
    return { fileName: `${base}.json`, mediaType: 'application/json', content: asJson(card) };
  if (kind === 'CHARX')
    return { fileName: `${base}.charx`, mediaType: 'application/zip', content: await archiveOf(card, files) };
  const texts: [string, string][] = [['chara', base64(version === 3 ? inVersion(whole, 2) : card)]];
  if (version === 3) texts.push(['ccv3', base64(card)]);
  const content = withPngText(pictureOf(row, card, files), texts);
  return { fileName: `${base}.png`, mediaType: 'image/png', content };
}

const asJson = (card: Json): Buffer => Buffer.from(JSON.stringify(card));
const base64 = (card: Json): string => asJson(card).toString('base64');

/** The card of a character as its profile is now. */
export function wholeCard(row: CharacterRow, stored: CharacterCardRow | null): Json {
  const before: Json = stored?.profile ?? {};
  const isChanged = (field: keyof CharacterRow) =>
    stored === null || !isDeepStrictEqual(row[field] ?? null, before[field] ?? null);
  const fields: Json = {};
  const set = (field: keyof CharacterRow, values: () => Json) => {
    if (isChanged(field)) Object.assign(fields, values());
  };
  set('aliases', () => (row.aliases[0] === undefined ? {} : { nickname: row.aliases[0] }));
  set('creator', () => ({ creator: row.creator }));
  set('personalityTraits', () => ({ personality: row.personalityTraits ?? '' }));
  // The profile has description and scenario in one.
  set('backgroundStory', () => ({ description: row.backgroundStory ?? '', scenario: '' }));
  set('styleElements', () => ({ tags: row.styleElements.filter((each) => typeof each === 'string') }));
  set('notes', () => ({ creator_notes: row.notes ?? '' }));
  const card: Json = stored
    ? JSON.parse(stored.card)
    : inVersion({ name: row.characterName, first_mes: '' }, 3);
  const { extensions } = dataOf(card);
  if (OTHER_FIELDS.some(isChanged)) {
    const own = ownExtension(row);
    if (own || (isObject(extensions) && extensions[OWN_EXTENSION]))
      fields.extensions = { ...(isObject(extensions) ? extensions : {}), [OWN_EXTENSION]: own ?? {} };
  }
  return Object.keys(fields).length === 0 ? card : withFields(card, fields);
}

/** What a profile says that no field of a card has a place for; null: nothing. */
function ownExtension(row: CharacterRow): Json | null {
  const all = pickFields(row);
  const said = OTHER_FIELDS.filter((field) => {
    const value = all[field];
    return value !== null && !(Array.isArray(value) && value.length === 0);
  });
  return said.length === 0 ? null : Object.fromEntries(said.map((field) => [field, all[field]]));
}

/** The picture that the card came in, else its main icon, else one of one colour. */
function pictureOf(row: CharacterRow, card: Json, files: ReadonlyMap<string, Buffer>): Buffer {
  const icons = assetsOf(card).filter(({ type }) => type === 'icon');
  const main = icons.find(({ name }) => name === 'main') ?? icons[0];
  const path = /^embedd?ed:\/\/(.+)$/.exec(String(main?.uri))?.[1];
  const picture = files.get(PICTURE) ?? (path === undefined ? undefined : files.get(path));
  if (picture && isPng(picture)) return picture;
  const [red = 0, green = 0, blue = 0] = Buffer.from(row.characterName);
  return plainPng(400, 600, [red, green, blue]);
}

const ICON_PATH = 'assets/icon/images/main.png';

async function archiveOf(card: Json, files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const others = [...files].filter(([path]) => path !== PICTURE);
  const picture = files.get(PICTURE);
  if (!picture || files.has(ICON_PATH)) return writeArchive([[CARD_FILE, asJson(card)], ...others]);
  // In an archive there is no picture around the card that its icon could be.
  const icon = { type: 'icon', uri: `embeded://${ICON_PATH}`, name: 'main', ext: 'png' };
  const assets = assetsOf(card).filter(({ type, uri }) => !(type === 'icon' && uri === 'ccdefault:'));
  const hasIcon = assets.some(({ type, name }) => type === 'icon' && name === 'main');
  const pictured = hasIcon ? card : withFields(card, { assets: [icon, ...assets] });
  return writeArchive([[CARD_FILE, asJson(pictured)], ...others, [ICON_PATH, picture]]);
}

function assetsOf(card: Json): Json[] {
  const { assets } = dataOf(card);
  return Array.isArray(assets) ? assets.filter(isObject) : [];
}
