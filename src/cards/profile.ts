import { storableText } from '../texts.ts';
import type { Json } from './container.ts';

/** What a profile calls the fields of a card. */
export const FIELD_NAMES = {
  characterName: 'name',
  aliases: 'nickname',
  personalityTraits: 'personality',
  backgroundStory: 'description and scenario',
  styleElements: 'tags',
  notes: 'creator_notes',
};

/** The fields of a profile that a card can fill. */
export interface CardProfile {
  readonly characterName: string;
  readonly aliases?: string[];
  readonly creator?: string;
  readonly sourceFranchise: string;
  readonly personalityTraits?: string;
  readonly backgroundStory?: string;
  readonly styleElements?: string[];
  readonly notes?: string;
}

const UNKNOWN_FRANCHISE = 'SillyTavern card';
const [MAX_NAME, MAX_SHORT, MAX_TAG, MAX_LONG] = [100, 100, 200, 20_000];

/** A card has no name that can be one. */
export const NAME_PROBLEM = `must be text of 1 to ${MAX_NAME} characters`;

/** What a card hides from everybody, and its names for who speaks in a chat; the other macros are nothing where nobody speaks. */
const HIDDEN = /\{\{\s*(?:\/\/|comment\s*:|hidden_key\s*:)[^{}]*\}\}/gi;
const SPEAKER = /\{\{\s*(?:char|bot)\s*\}\}|<BOT>/gi;
const LISTENER = /\{\{\s*user\s*\}\}|<USER>/gi;

/**
 * The profile that a card gives. `{{char}}` in its texts becomes what the character is called, `{{user}}` "User", and what it hides is left out; what is longer than a profile holds is
 * shortened.
 *
 * @param fields of the card, wherever its version has them
 * @returns null: it has no name that can be one (`NAME_PROBLEM`); told: what was shortened or is no text, for the user
 */
export function profileOf(fields: Json): { profile: CardProfile; told: string[] } | null {
  const name = typeof fields.name === 'string' ? storableText(fields.name).trim() : '';
  // Looked at first: a long name in place of each {{char}} would fill the memory.
  if (name === '' || Array.from(name).length > MAX_NAME) return null;
  const nick = typeof fields.nickname === 'string' ? storableText(fields.nickname).trim() : '';
  // As where they speak.
  const called = nick !== '' && Array.from(nick).length <= MAX_SHORT ? nick : name;
  const told: string[] = [];
  const shortened = (field: string, value: unknown, maximum: number): string | undefined => {
    const given = typeof value === 'number' ? String(value) : value;
    if (given === undefined || given === null) return undefined;
    if (typeof given !== 'string') {
      told.push(`left out: ${field}, which is no text`);
      return undefined;
    }
    // Cut before as well as after: what is put in place of {{char}} may be longer, a hundred times over.
    const text = storableText(
      given
        .slice(0, maximum * 20)
        .replaceAll(HIDDEN, '')
        .replaceAll(SPEAKER, () => called)
        .replaceAll(LISTENER, 'User'),
    ).trim();
    const characters = Array.from(text);
    if (characters.length > maximum) told.push(`shortened: ${field}, to ${maximum} characters`);
    return characters.slice(0, maximum).join('').trim() || undefined;
  };
  const background = [
    shortened('description', fields.description, MAX_LONG),
    shortened('scenario', fields.scenario, MAX_LONG),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
  const tags = (Array.isArray(fields.tags) ? fields.tags : [fields.tags]).flatMap(
    (tag) => shortened('a tag', tag, MAX_TAG) ?? [],
  );
  const nickname = shortened('nickname', fields.nickname, MAX_SHORT);
  const creator = shortened('creator', fields.creator, MAX_SHORT);
  const personalityTraits = shortened('personality', fields.personality, MAX_LONG);
  const backgroundStory = shortened('description and scenario', background, MAX_LONG);
  // Version 1 cards of SillyTavern keep the creator's notes under another name.
  const notes = shortened('creator_notes', fields.creator_notes ?? fields.creatorcomment, MAX_LONG);
  const profile = {
    characterName: name,
    ...(nickname && nickname !== name ? { aliases: [nickname] } : {}),
    ...(creator ? { creator } : {}),
    sourceFranchise: UNKNOWN_FRANCHISE,
    ...(personalityTraits ? { personalityTraits } : {}),
    ...(backgroundStory ? { backgroundStory } : {}),
    ...(tags.length > 0 ? { styleElements: tags } : {}),
    ...(notes ? { notes } : {}),
  };
  return { profile, told };
}
