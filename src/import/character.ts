import { readFile } from 'node:fs/promises';
import { fileSize, type Position } from './files.ts';
import { PNG_SIGNATURE, readPngText } from './png.ts';
import { ImportFileError, type ImportRecord, isObject, toCharacterRecord } from './records.ts';

/** Bytes of a character card, which is read whole. */
const MAX_CARD_BYTES = 64 * 1024 * 1024;
const UNKNOWN_FRANCHISE = 'SillyTavern card';

/**
 * Reads a SillyTavern character card: JSON of version 1 (flat), 2 or 3, or a PNG image that carries one in a `tEXt`
 * chunk named `ccv3` (preferred) or `chara`. `{{char}}` in its texts becomes the character's name.
 *
 * @throws ImportFileError where the file is larger than 64 MiB, damaged, or holds no card
 */
export async function* readCharacter(file: string, position: Position): AsyncGenerator<ImportRecord> {
  const size = await fileSize(file);
  if (size > MAX_CARD_BYTES) {
    throw new ImportFileError(
      `"${file}" has ${size} bytes; a character card may have ${MAX_CARD_BYTES} (64 MiB)`,
    );
  }
  const bytes = await readFile(file);
  position.bytes = bytes.length;
  yield toRecord(findCard(bytes));
}

function findCard(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return parseCard(bytes, 'the file');
  const texts = readPngText(bytes);
  const keyword = ['ccv3', 'chara'].find((name) => texts.has(name));
  if (keyword === undefined) {
    throw new ImportFileError(
      'the PNG image holds no character: it has no tEXt chunk named "ccv3" or "chara"',
    );
  }
  const encoded = (texts.get(keyword) ?? '').trim();
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded))
    throw new ImportFileError(`the "${keyword}" chunk is not Base64`);
  return parseCard(Buffer.from(encoded, 'base64'), `the "${keyword}" chunk`);
}

function parseCard(bytes: Buffer, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ImportFileError(`${where} is not JSON in UTF-8`, { cause: error });
  }
  if (!isObject(value))
    throw new ImportFileError(`${where} is not a character card: it must be a JSON object`);
  if (value.spec === undefined) return value;
  if (value.spec !== 'chara_card_v2' && value.spec !== 'chara_card_v3') {
    throw new ImportFileError(
      `${where} is a card of the unknown kind ${JSON.stringify(value.spec)}; known are chara_card_v2 and chara_card_v3`,
    );
  }
  if (!isObject(value.data)) throw new ImportFileError(`${where} is a ${value.spec} card without "data"`);
  return value.data;
}

/** What a card calls a field of a character. */
const NAMES = {
  characterName: 'name',
  aliases: 'nickname',
  personalityTraits: 'personality',
  backgroundStory: 'description and scenario',
  styleElements: 'tags',
  notes: 'creator_notes',
};

function toRecord(card: Record<string, unknown>): ImportRecord {
  const name = typeof card.name === 'string' ? card.name.trim() : card.name;
  const text = (value: unknown) =>
    typeof value === 'string'
      ? value.replace(/\{\{char\}\}/gi, () => String(name)).trim() || undefined
      : (value ?? undefined);
  const background = [text(card.description), text(card.scenario)].filter((part) => part !== undefined);
  const value = {
    characterName: name,
    aliases: list([text(card.nickname)]),
    creator: text(card.creator),
    sourceFranchise: UNKNOWN_FRANCHISE,
    personalityTraits: text(card.personality),
    backgroundStory: background.every((part) => typeof part === 'string')
      ? background.join('\n\n') || undefined
      : background,
    styleElements: list(Array.isArray(card.tags) ? card.tags.map(text) : [text(card.tags)]),
    // Version 1 cards of SillyTavern keep the creator's notes under another name.
    notes: text(card.creator_notes) ?? text(card.creatorcomment),
  };
  return toCharacterRecord(1, value, NAMES);
}

function list(values: readonly unknown[]): unknown[] | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length > 0 ? present : undefined;
}
