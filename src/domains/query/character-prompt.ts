import { hash } from 'node:crypto';
import type { Json } from '../../cards/container.ts';
import { expandMacros } from '../../cards/macros.ts';
import { dataOf, textOf, textsOf } from '../../cards/versions.ts';
import { beginningOf } from '../../texts.ts';
import { greetingsOf } from '../characters/cards.ts';
import type { UsedLore } from '../characters/lore-use.ts';
import type { CharacterRow } from '../characters/tables.ts';
import { describeCharacter } from './citation.ts';

/** Characters of one text of a card that go into a prompt. */
const MAX_TEXT = 8_000;
const MAIN =
  "Write {{char}}'s next reply in a conversation between {{char}} and {{user}}. Write as {{char}} only, never as {{user}} or anybody else.";

/** A character, and the card as it is now; null: they came in by none. */
export interface Player {
  readonly character: CharacterRow;
  readonly card: Json | null;
}

/** Who answers in a conversation with characters. */
export interface Cast {
  readonly answering: Player;
  readonly others: readonly CharacterRow[];
  /** Who began the conversation, and with which greeting. */
  readonly opening: Opening;
}

export interface Opening extends Player {
  readonly conversationId: string;
  readonly greeting: number;
  /** Whether others answer, too: cards have greetings for that. */
  readonly isGroup: boolean;
}

/** What a model is told to answer as a character. */
export interface CharacterPrompt {
  readonly system: string;
  /** What the conversation began with; empty: nothing. */
  readonly greeting: string;
  /** What stands behind everything that was said; empty: nothing. */
  readonly instructions: string;
}

/**
 * The prompt of a character, from their card: its own system prompt, or ours, where `{{original}}` stands for ours; who they are;
 * how they speak; the first message; the instructions behind the conversation. What a card says of its creator, its tags and its
 * notes never goes into a prompt.
 *
 * @param user what the user is called
 * @param turnId by which chance in macros is the turn's own
 */
export function characterPrompt(
  { answering, opening, others }: Cast,
  { lore, user, turnId }: { lore: readonly UsedLore[]; user: string; turnId: string },
): CharacterPrompt {
  const { character, card } = answering;
  const data = card ? dataOf(card) : {};
  const char = nameOf(answering);
  const expand = expander({ char, user }, turnId);
  const said = (field: string, original = '') => expand(field, textOf(data[field]), original);
  const main = expand('main', MAIN);
  const about = card
    ? [said('description'), said('personality'), said('scenario')]
    : [describeCharacter(character, 'model')];
  const told = lore.map(({ characterId, entry }) =>
    characterId === character.id ? expand(`lore ${entry.index}`, entry.content) : entry.content,
  );
  const examples = said('mes_example').replaceAll(/^<START>$/gim, '---');
  const names = others.map(({ characterName }) => characterName).join(', ');
  const system = [
    said('system_prompt', main) || main,
    ...about,
    told.length > 0 && told.join('\n'),
    examples && `This is how ${char} speaks:\n${examples}`,
    names && `Also there, and answering for themselves when they are named: ${names}.`,
  ];
  const greeting = openingWords(opening, user);
  const isOwn = opening.character.id === character.id;
  return {
    system: system.filter(Boolean).join('\n\n'),
    greeting: greeting && !isOwn ? `${nameOf(opening)}: ${greeting}` : greeting,
    instructions: said('post_history_instructions', ''),
  };
}

/** What a conversation began with, macros replaced by the chance of the conversation, so that it stays the same; empty: nothing. */
export function openingWords(opening: Opening, user = 'User'): string {
  const greetings = greetingsFor(opening, opening.isGroup);
  const text = greetings[opening.greeting] ?? greetings[0] ?? '';
  const expand = expander({ char: nameOf(opening), user }, opening.conversationId);
  return expand(`greeting ${opening.greeting}`, text);
}

/** The greetings of a character; where others answer, too, with those that the card has for that behind them. */
export function greetingsFor({ card }: Player, isGroup: boolean): string[] {
  if (!card) return [];
  const forGroups = isGroup ? textsOf(dataOf(card).group_only_greetings) : [];
  return [...greetingsOf(card), ...forGroups.filter((text) => text.trim() !== '')];
}

/** What the character is called where they speak. */
function nameOf({ character, card }: Player): string {
  return (card && textOf(dataOf(card).nickname)) || character.characterName;
}

/** Replaces macros in texts of a card. @param seed whose chance they have */
function expander(names: { char: string; user: string }, seed: string) {
  return (field: string, text: string, original = ''): string => {
    const chance = (place: number) =>
      hash('sha256', `${seed} ${field} ${place}`, 'buffer').readUInt32BE(0) / 2 ** 32;
    return expandMacros(beginningOf(text, MAX_TEXT), { ...names, original, chance }).trim();
  };
}
