import { isZip, readArchive } from './archive.ts';
import { CardError, NoCardError } from './card-error.ts';
import { isPng, readPngText, withoutPngText } from './png.ts';

/** The keywords of a PNG's text chunks that hold a card, the preferred one first. */
export const CARD_KEYWORDS = ['ccv3', 'chara'] as const;
/** Name of the card in a CHARX archive. */
export const CARD_FILE = 'card.json';

/** Said of one that comes without a card. */
export const LOREBOOK_ALONE =
  'is a lorebook without a character, and lore belongs to one: give it to its character in SillyTavern, export that as a card, and import the card';

/** A JSON object. */
export type Json = Record<string, unknown>;

/** A card as its file has it, and what else the file holds. */
export interface OpenedCard {
  /** The object as it was written, of whichever version. */
  readonly card: Json;
  /** The PNG around it, without the card; null: it came in no picture. */
  readonly picture: Buffer | null;
  /** What a CHARX archive holds beside the card, by path. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** How much a card may be. */
export interface CardLimits {
  /** Of the card as JSON, in bytes. */
  readonly cardBytes: number;
  /** Of one file of an archive. */
  readonly fileBytes: number;
  /** Of all files of an archive together, unpacked. */
  readonly archiveBytes: number;
  readonly files: number;
}

/**
 * Opens a card of any kind: JSON, PNG (APNG too) with text chunks, or CHARX, also one that stands behind a picture.
 *
 * @throws CardError where it is damaged, conflicting, too large, or holds no card
 */
export async function openCard(bytes: Buffer, limits: CardLimits): Promise<OpenedCard> {
  if (isZip(bytes)) {
    const files = await readArchive(bytes, limits);
    const card = files.get(CARD_FILE);
    if (!card) throw new NoCardError(`the archive holds no character: it has no file "${CARD_FILE}"`);
    files.delete(CARD_FILE);
    return { card: parseCard(card, CARD_FILE, limits.cardBytes), picture: null, files };
  }
  if (!isPng(bytes))
    return { card: parseCard(bytes, 'the file', limits.cardBytes), picture: null, files: new Map() };
  const card = cardOfPng(bytes, limits.cardBytes);
  return { card, picture: withoutPngText(bytes, CARD_KEYWORDS), files: new Map() };
}

/**
 * The fields of a character card: JSON of version 1 (flat), 2 or 3, or a PNG image that carries one in a text chunk
 * named `ccv3` (preferred) or `chara`, in any case. Of cards that hold the fields twice, those under `data` count.
 *
 * @throws CardError where it holds no card that can be read
 */
export function findCard(bytes: Buffer): Json {
  return withData(isPng(bytes) ? cardOfPng(bytes) : parseCard(bytes, 'the file'));
}

/** The fields of a card: of those that it holds twice, those under `data` count. */
export function withData(card: Json): Json {
  if (!isObject(card.data)) return card;
  return { ...card, ...Object.fromEntries(Object.entries(card.data).filter(([, field]) => field !== null)) };
}

/** @param maxBytes of the card as JSON; absent: that of all texts of an image */
function cardOfPng(bytes: Buffer, maxBytes?: number): Json {
  // Base64 of it, and room for its line breaks; of both keywords.
  const texts = readPngText(bytes, maxBytes && 2 * (2 * maxBytes + 1024), CARD_KEYWORDS);
  const found = CARD_KEYWORDS.filter((name) => texts.has(name));
  if (found.length === 0)
    throw new NoCardError('the PNG image holds no character: it has no text chunk named "ccv3" or "chara"');
  let firstProblem: unknown;
  for (const keyword of found) {
    try {
      return parseCard(decode(onlyText(texts, keyword), keyword), `the "${keyword}" chunk`, maxBytes);
    } catch (error) {
      // The other copy may be whole.
      if (!(error instanceof CardError) || error instanceof ConflictError) throw error;
      firstProblem ??= error;
    }
  }
  throw firstProblem;
}

/** Nobody can say which of two cards is meant. */
class ConflictError extends CardError {}

function onlyText(texts: ReadonlyMap<string, readonly string[]>, keyword: string): string {
  const [first = '', ...others] = texts.get(keyword) ?? [];
  if (others.some((other) => other !== first))
    throw new ConflictError(
      `the PNG image has ${others.length + 1} "${keyword}" chunks that say different things`,
    );
  return first;
}

/** Base64 with line breaks, with or without padding, also in the alphabet for addresses. */
function decode(text: string, keyword: string): Buffer {
  const encoded = text.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) throw new CardError(`the "${keyword}" chunk is not Base64`);
  return Buffer.from(encoded, 'base64');
}

function parseCard(bytes: Buffer, where: string, maxBytes = Number.POSITIVE_INFINITY): Json {
  if (bytes.length > maxBytes)
    throw new CardError(
      `${where} has ${bytes.length.toLocaleString('en-US')} bytes; a card may have at most ${maxBytes.toLocaleString('en-US')}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CardError(`${where} is not JSON in UTF-8`, { cause: error });
  }
  if (!isObject(value)) throw new CardError(`${where} is not a character card: it must be a JSON object`);
  checkCard(value, where);
  return value;
}

/** Whether an object is a card of a known version. @throws CardError */
export function checkCard(value: Json, where: string): void {
  const isWorld = value.spec === undefined && isObject(value.entries);
  if (value.spec === 'lorebook_v3' || (isWorld && !isVersion1(value)))
    throw new NoCardError(`${where} ${LOREBOOK_ALONE}`);
  if (value.spec === undefined) {
    if (isVersion1(value)) return;
    throw new CardError(
      `${where} is not a character card: beside "name" it needs "first_mes", or "personality" and "scenario"`,
    );
  }
  if (value.spec !== 'chara_card_v2' && value.spec !== 'chara_card_v3') {
    throw new CardError(
      `${where} is a card of the unknown kind ${JSON.stringify(value.spec)}; known are chara_card_v2 and chara_card_v3`,
    );
  }
  if (!isObject(value.data)) throw new CardError(`${where} is a ${value.spec} card without "data"`);
}

/** Much has a name and a description; a card also speaks, or has a personality. */
export function isVersion1(value: Json): boolean {
  const has = (field: string) => typeof value[field] === 'string';
  return has('name') && (has('first_mes') || (has('personality') && (has('scenario') || has('description'))));
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
