import type { CharacterRow } from '../characters/tables.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { MemoryHit } from '../memory/memory.ts';
import type { Classification } from './intents.ts';

/** What `model_used` says of answers that no language model wrote. */
export const BUILT_IN_ANSWERER = 'builtin_answerer';
export const CHARACTER_DATABASE = 'character_database';
export const SECURITY_POLICY = 'security_policy';

const MAX_CITED = 5;
/** The default of DEFAULT_CREATOR: says nothing. */
const UNKNOWN_CREATOR = 'unknown';
const MAX_QUOTE_LENGTH = 300;
/** Characters of a text that a quotation is taken from: more than it shows, since white space shrinks. */
const LOOKED_AT = 2_000;

/** The answer to anything that asks for a command to be run. */
export function refuseCommand(): string {
  return (
    'I do not run commands. Nothing in a message is ever executed here, and nothing was. ' +
    'If the machine needs work, ask its operator; I can keep a note of what you need.'
  );
}

/** An answer from the character database, and from what was said of the character before. */
export function describeCharacters(
  characters: readonly CharacterRow[],
  memories: readonly MemoryHit[],
): string {
  const parts = characters.map(describeCharacter);
  const cited = bestOf(memories, (memory) => memory.tier === 'CHARACTER' || memory.tier === 'PHRASE');
  if (cited.length > 0) parts.push(`From our conversations:\n${cited.join('\n')}`);
  return parts.join('\n\n');
}

/**
 * An answer composed from memory alone. Says what it is, and never pretends to have understood more than it found.
 *
 * @param modelTrouble why no language model answered although some are configured
 */
export function answerFromMemory(
  classification: Classification,
  memories: readonly MemoryHit[],
  modelTrouble: readonly string[] = [],
): string {
  const parts: string[] = [];
  if (modelTrouble.length > 0)
    parts.push(
      `No language model could answer just now (${modelTrouble.join('; ')}). This is what memory alone gives.`,
    );
  const cited = bestOf(memories, (memory) => memory.tier !== 'RECENT');
  if (classification.requiresClarification) {
    parts.push(`I am not sure what you mean. ${classification.clarifyingQuestions.join(' ')}`.trim());
  } else if (classification.intent === 'anime_generation' || classification.intent === 'image_generation') {
    parts.push(
      `I understood this as a request for an image ("${quote(classification.prompt ?? '')}"). No image service is connected, so nothing was generated; the request is kept.`,
    );
  } else if (classification.intent === 'task_request') {
    parts.push('I kept this as you said it. No task runner is connected, so nothing will happen by itself.');
  }
  if (cited.length > 0) parts.push(`This is what I remember about it:\n${cited.join('\n')}`);
  else if (parts.length === 0)
    parts.push(
      'I remember nothing about that yet. What you said is stored and will be found when you ask again.',
    );
  if (modelTrouble.length === 0)
    parts.push('(Answered from memory by the built-in answerer; no language model is configured.)');
  return parts.join('\n\n');
}

/** The best few of the memories as lines, in the order and with the numbers that they have. */
function bestOf(memories: readonly MemoryHit[], isWanted: (memory: MemoryHit) => boolean): string[] {
  const scores = memories.filter(isWanted).map(({ score }) => score);
  const least = scores.sort((a, b) => b - a)[MAX_CITED - 1] ?? 0;
  return memories
    .flatMap((memory, index) => (isWanted(memory) && memory.score >= least ? cite(memory, index + 1) : []))
    .slice(0, MAX_CITED);
}

/** One remembered turn as a line: its number, when, who, and what was said. */
export function cite({ interaction }: MemoryHit, number: number): string {
  const said = `${interaction.speaker ?? 'you'}: "${quote(interaction.query)}"`;
  const answered = interaction.response
    ? ` — ${interaction.responder ?? 'answer'}: "${quote(interaction.response)}"`
    : '';
  return `[${number}] ${day(interaction)}, ${said}${answered}`;
}

/** A character's profile in sentences; only what is known. */
export function describeCharacter(character: CharacterRow): string {
  const facts: string[] = [
    `${character.characterName} is ${article(character.characterType)} ${character.characterType} character from ${character.sourceFranchise}${character.creator === UNKNOWN_CREATOR ? '' : `, created by ${character.creator}`}.`,
  ];
  const looks = [
    character.hairColor &&
      `${character.hairColor}${character.hairStyle ? `, ${character.hairStyle}` : ''} hair`,
    character.eyeColor && `${character.eyeColor} eyes`,
    character.height && `height ${character.height}`,
    character.build && `${character.build} build`,
  ].filter(Boolean);
  const labelled: [string, string | number | null][] = [
    ['Age', character.age],
    ['Gender', character.gender],
    ['Occupation', character.occupation],
    ['Appearance', [character.physicalDescription, looks.join(', ')].filter(Boolean).join(' ') || null],
    ['Distinctive', character.distinctiveFeatures],
    ['Personality', character.personalityTraits],
    ['Background', character.backgroundStory],
    ['Skills', character.skillsAbilities],
    ['Relationships', character.relationships],
    ['Style', [character.visualStyle, character.artStyle].filter(Boolean).join(', ') || null],
  ];
  for (const [label, value] of labelled) if (value !== null && value !== '') facts.push(`${label}: ${value}`);
  return facts.join('\n');
}

function article(word: string): string {
  return /^[aeiou]/i.test(word) ? 'an' : 'a';
}

function day(interaction: InteractionRow): string {
  return interaction.timestamp.toISOString().slice(0, 10);
}

function quote(text: string): string {
  const flat = text.slice(0, LOOKED_AT).toWellFormed().replace(/\s+/g, ' ').trim();
  if (flat.length <= MAX_QUOTE_LENGTH) return flat;
  return `${[...flat.slice(0, MAX_QUOTE_LENGTH)].slice(0, -1).join('')}…`;
}
