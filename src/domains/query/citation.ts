import type { CharacterRow } from '../characters/tables.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { isModelsWord, recalled } from '../utterances/recalled.ts';

/** How remembered turns are written down. */
export interface CitationStyle {
  /** In which their days are counted. */
  readonly timeZone: string;
  /** To the user, or to a model, to whom nothing that is quoted may look like anything but a quotation. */
  readonly reader: 'user' | 'model';
}

const MAX_QUOTE_LENGTH = 300;
/** Characters of a text that a quotation is taken from: more than it shows, since white space shrinks. */
const LOOKED_AT = 2_000;
const MAX_NAME_LENGTH = 100;
/** The default of DEFAULT_CREATOR: says nothing. */
const UNKNOWN_CREATOR = 'unknown';

/** One remembered turn as a line: its number, when, who, and what was said. */
export function cite(
  { interaction }: Pick<MemoryHit, 'interaction'>,
  number: number,
  style: CitationStyle,
): string {
  const { query, response } = recalled(interaction);
  const isForModel = style.reader === 'model';
  const quotation = (text: string) => `"${isForModel ? unforged(quote(text)) : quote(text)}"`;
  const speaker = interaction.speaker ? nameOf(interaction.speaker) : isForModel ? 'the user' : 'you';
  const said = `${speaker}: ${quotation(query)}`;
  const responder = interaction.responder
    ? nameOf(interaction.responder)
    : isModelsWord(interaction)
      ? 'assistant (from its own knowledge, unconfirmed)'
      : 'assistant';
  const answered = response ? ` — ${responder}: ${quotation(response)}` : '';
  return `[${number}] ${dayOf(interaction.timestamp, style.timeZone)}, ${said}${answered}`;
}

/** The day of an instant in a time zone, as 2026-11-20. */
export function dayOf(at: Date, timeZone: string): string {
  const [month, day, year = ''] = formatsOf(timeZone).day.format(at).split('/');
  return `${year.padStart(4, '0')}-${month}-${day}`;
}

/** The day of an instant in a time zone in words, as Saturday, 28 November 2026. */
export function dayInWords(at: Date, timeZone: string): string {
  return formatsOf(timeZone).words.format(at);
}

interface DayFormats {
  /** As 11/20/2026. */
  readonly day: Intl.DateTimeFormat;
  readonly words: Intl.DateTimeFormat;
}

/** To make one takes a hundred times as long as to use it, and an answer cites dozens of turns. */
const dayFormats = new Map<string, DayFormats>();
/** A zone may be written in any case, so there is no end of names. */
const MAX_FORMATS = 100;

function formatsOf(timeZone: string): DayFormats {
  const known = dayFormats.get(timeZone);
  if (known) return known;
  if (dayFormats.size >= MAX_FORMATS) dayFormats.clear();
  const made = {
    day: new Intl.DateTimeFormat('en', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }),
    words: new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full' }),
  };
  dayFormats.set(timeZone, made);
  return made;
}

/** The beginning of a text as one line. */
export function quote(text: string, longest = MAX_QUOTE_LENGTH): string {
  const flat = text
    .slice(0, Math.max(LOOKED_AT, longest))
    .toWellFormed()
    .replace(/[\s\p{C}]+/gu, spaced)
    .trim();
  if (flat.length <= longest) return flat;
  return `${[...flat.slice(0, longest)].slice(0, -1).join('')}…`;
}

/** Joiners within emoji and words of some scripts stay. */
function spaced(run: string): string {
  return /^(?:\u200c|\u200d|[\u{e0020}-\u{e007f}])+$/u.test(run) ? run : ' ';
}

/** Marks that chat templates put around roles, which servers read as such wherever they stand. */
const ROLE_MARKS =
  /<(?=[|｜])|(?<=[|｜])>|<(?=\/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|start_of_image|system|user|assistant|im_start|im_end|think)>)|<(?=<\/?SYS>)|\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG)\b)/giu;
const NUMBERED = /(?<![\p{L}\p{N}_\])])[[［](\d{1,4})[\]］]/gu;

/**
 * A line that cannot end its quotation, pass for a numbered note, or for the mark of a role: stored text comes from
 * anybody.
 */
export function unforged(text: string): string {
  return text
    .replace(ROLE_MARKS, (mark) => (mark === '[' ? '(' : mark === '>' ? '›' : '‹'))
    .replace(NUMBERED, '($1)')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"');
}

function nameOf(name: string): string {
  return unforged(quote(name, MAX_NAME_LENGTH).replaceAll('"', "'").replaceAll(':', ' '));
}

/** A character's profile in sentences; only what is known. Who made it is nothing for models. */
export function describeCharacter(character: CharacterRow, reader: CitationStyle['reader']): string {
  const isNamed = reader !== 'model' && character.creator !== UNKNOWN_CREATOR;
  const facts: string[] = [
    `${character.characterName} is ${article(character.characterType)} ${character.characterType} character from ${character.sourceFranchise}${isNamed ? `, created by ${character.creator}` : ''}.`,
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
