import { readFile } from 'node:fs/promises';
import { CardError, NoCardError } from '../cards/card-error.ts';
import { findCard } from '../cards/container.ts';
import { isPng } from '../cards/png.ts';
import { FIELD_NAMES, NAME_PROBLEM, profileOf } from '../cards/profile.ts';
import { storable } from '../ground/storable.ts';
import { asUtf8, fileSize, type Position } from './files.ts';
import {
  bad,
  ImportFileError,
  type ImportRecord,
  isObject,
  toCharacterRecord,
  UnknownFormatError,
} from './records.ts';

/** Bytes of a character card, which is read whole. */
const MAX_CARD_BYTES = 64 * 1024 * 1024;

/**
 * Reads a SillyTavern character card (see `cards/container.ts`). `{{char}}` in its texts becomes the character's name.
 * What is only decoration is shortened to the server's limits; that, and what the profile has no place for, is told.
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
  const record = toRecord(cardIn(bytes));
  const isPicture = isPng(bytes);
  const picture = 'left out: the picture, of which only the card in it is read';
  yield record.kind === 'character' && isPicture
    ? { ...record, told: [...(record.told ?? []), picture] }
    : record;
}

function cardIn(bytes: Buffer): Record<string, unknown> {
  try {
    return findCard(asUtf8(bytes));
  } catch (error) {
    if (error instanceof NoCardError) throw new UnknownFormatError(error.message, { cause: error });
    if (error instanceof CardError) throw new ImportFileError(error.message, { cause: error });
    throw error;
  }
}

/** Fields that a profile has no place for, and how they are told. */
const NO_PLACE: readonly [field: string, told: string][] = [
  ['first_mes', 'the first message'],
  ['alternate_greetings', 'greetings'],
  ['group_only_greetings', 'greetings of groups'],
  ['mes_example', 'example messages'],
  ['system_prompt', 'the system prompt'],
  ['post_history_instructions', 'instructions'],
  ['character_book', 'the lorebook'],
  ['assets', 'assets'],
  ['extensions', 'extensions'],
  ['creator_notes_multilingual', 'notes in other languages'],
  ['character_version', 'the version'],
  ['source', 'sources'],
];
/** Fields that are taken over, and what only says how the card is written. */
const KNOWN = new Set([
  ...[
    'spec',
    'spec_version',
    'data',
    'name',
    'nickname',
    'description',
    'scenario',
    'personality',
    'tags',
    'creator',
  ],
  ...['creator_notes', 'creatorcomment'],
  ...NO_PLACE.map(([field]) => field),
]);
/** Of fields that no version of a card has, so many are told by their names. */
const [MAX_OTHERS, MAX_OTHER_NAME] = [20, 40];

function toRecord(card: Record<string, unknown>): ImportRecord {
  const read = profileOf(card);
  if (!read) return bad(1, 'name', NAME_PROBLEM);
  const { profile, told } = read;
  const left = NO_PLACE.flatMap(([field, what]) => leftOut(card[field], what));
  // SillyTavern writes them twice.
  if (card.creator_notes != null && card.creatorcomment !== card.creator_notes)
    left.push(...leftOut(card.creatorcomment, 'other notes of the creator'));
  left.push(...otherFields(card));
  if (left.length > 0) told.push(`left out, as a profile has no place for it: ${left.join(', ')}`);
  const record = toCharacterRecord(1, profile, FIELD_NAMES);
  return record.kind === 'character' && told.length > 0 ? { ...record, told } : record;
}

/** What the card has besides, by its names; what is off or nothing is left out of that. */
function otherFields(card: Record<string, unknown>): string[] {
  const names = Object.keys(card).filter((name) => !KNOWN.has(name) && leftOut(card[name], name).length > 0);
  const shown = names
    .slice(0, MAX_OTHERS)
    .map((name) => storable(name).slice(0, MAX_OTHER_NAME).toWellFormed());
  const more = names.length > MAX_OTHERS ? [`${names.length - MAX_OTHERS} other fields`] : [];
  return [...shown, ...more];
}

function leftOut(value: unknown, what: string): string[] {
  if (typeof value === 'number' || value === true) return value === 0 ? [] : [what];
  if (typeof value === 'string') return value.trim() === '' ? [] : [what];
  if (Array.isArray(value)) return value.length === 0 ? [] : [`${value.length} ${what}`];
  if (!isObject(value)) return [];
  const { entries } = value;
  const count = Array.isArray(entries)
    ? entries.length
    : isObject(entries)
      ? Object.keys(entries).length
      : null;
  if (count === null) return Object.keys(value).length === 0 ? [] : [what];
  return count === 0 ? [] : [`${what} with ${count} ${count === 1 ? 'entry' : 'entries'}`];
}
