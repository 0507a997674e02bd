import { readFile } from 'node:fs/promises';
import { findCard } from './card-container.ts';
import { asUtf8, fileSize, type Position } from './files.ts';
import { PNG_SIGNATURE } from './png.ts';
import { bad, ImportFileError, type ImportRecord, isObject, toCharacterRecord } from './records.ts';
import { storable } from './storable.ts';

/** Bytes of a character card, which is read whole. */
const MAX_CARD_BYTES = 64 * 1024 * 1024;
const UNKNOWN_FRANCHISE = 'SillyTavern card';

/**
 * Reads a SillyTavern character card (see `card-container.ts`). `{{char}}` in its texts becomes the character's name.
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
  const record = toRecord(findCard(asUtf8(bytes)));
  const isPicture = bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE);
  const picture = 'left out: the picture, of which only the card in it is read';
  yield record.kind === 'character' && isPicture
    ? { ...record, told: [...(record.told ?? []), picture] }
    : record;
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

const [MAX_NAME, MAX_SHORT, MAX_TAG, MAX_LONG] = [100, 100, 200, 20_000];
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
  const name = typeof card.name === 'string' ? storable(card.name).trim() : card.name;
  // Looked at first: a long name in place of each {{char}} would fill the memory.
  if (typeof name !== 'string' || name === '' || Array.from(name).length > MAX_NAME)
    return bad(1, 'name', `must be text of 1 to ${MAX_NAME} characters`);
  const told: string[] = [];
  const shortened = (field: string, value: unknown, maximum: number): string | undefined => {
    const given = typeof value === 'number' ? String(value) : value;
    if (given === undefined || given === null) return undefined;
    if (typeof given !== 'string') {
      told.push(`left out: ${field}, which is no text`);
      return undefined;
    }
    // Cut before as well as after: what is put in place of {{char}} may be longer, a hundred times over.
    const text = storable(given.slice(0, maximum * 20).replace(/\{\{char\}\}|<BOT>/gi, () => name)).trim();
    const characters = Array.from(text);
    if (characters.length > maximum) told.push(`shortened: ${field}, to ${maximum} characters`);
    return characters.slice(0, maximum).join('').trim() || undefined;
  };
  const background = [
    shortened('description', card.description, MAX_LONG),
    shortened('scenario', card.scenario, MAX_LONG),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
  const tags = (Array.isArray(card.tags) ? card.tags : [card.tags]).flatMap(
    (tag) => shortened('a tag', tag, MAX_TAG) ?? [],
  );
  const nickname = shortened('nickname', card.nickname, MAX_SHORT);
  const creator = shortened('creator', card.creator, MAX_SHORT);
  const personalityTraits = shortened('personality', card.personality, MAX_LONG);
  const backgroundStory = shortened('description and scenario', background, MAX_LONG);
  // Version 1 cards of SillyTavern keep the creator's notes under another name.
  const notes = shortened('creator_notes', card.creator_notes ?? card.creatorcomment, MAX_LONG);
  const value = {
    characterName: name,
    ...(nickname && nickname !== name ? { aliases: [nickname] } : {}),
    ...(creator ? { creator } : {}),
    sourceFranchise: UNKNOWN_FRANCHISE,
    ...(personalityTraits ? { personalityTraits } : {}),
    ...(backgroundStory ? { backgroundStory } : {}),
    ...(tags.length > 0 ? { styleElements: tags } : {}),
    ...(notes ? { notes } : {}),
  };
  const left = NO_PLACE.flatMap(([field, what]) => leftOut(card[field], what));
  // SillyTavern writes them twice.
  if (card.creator_notes != null && card.creatorcomment !== card.creator_notes)
    left.push(...leftOut(card.creatorcomment, 'other notes of the creator'));
  left.push(...otherFields(card));
  if (left.length > 0) told.push(`left out, as a profile has no place for it: ${left.join(', ')}`);
  const record = toCharacterRecord(1, value, NAMES);
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
