import type { CharacterRow } from '../characters/tables.ts';
import type { LearnedStyle } from './tables.ts';

/** UTF-16 units of a prompt. */
export const MAX_PROMPT = 4_000;

const NEGATIVE = 'lowres, bad anatomy, bad hands, extra digits, cropped, jpeg artifacts, watermark, text';

/** What a workflow gets. */
export interface Recipe {
  readonly prompt: string;
  /** Elements of style that are in it. */
  readonly elements: readonly string[];
}

/**
 * The prompt of a picture of a character: what was asked for, prompts that draw them well, how they look, from head to what one
 * recognises them by, then the style. Parts that say nothing are left out, and what is said twice is said once.
 *
 * @param learned what ratings decided: elements that go before the others of the style, and those that are left out
 */
export function recipeOf(
  asked: string,
  character: CharacterRow | null,
  learned: LearnedStyle | null,
): Recipe {
  const style = character ? styledBy(elementsOf(character), learned) : [];
  const parts = character ? [asked, ...looksOf(character), ...style] : [asked];
  const first = parts.length - style.length;
  const seen = new Set<string>();
  const kept: string[] = [];
  const elements: string[] = [];
  let length = 0;
  for (const [index, each] of parts.entries()) {
    const part = inOneLine(each);
    const key = part.toLowerCase();
    if (part === '' || seen.has(key)) continue;
    seen.add(key);
    if (length + part.length + 2 > MAX_PROMPT) break;
    kept.push(part);
    if (index >= first) elements.push(part);
    length += part.length + 2;
  }
  return { prompt: kept.join(', '), elements };
}

/** Elements of a character's style as the profile has them. */
export function elementsOf(character: CharacterRow): string[] {
  const { visualStyle, artStyle, styleElements } = character;
  const others = styleElements.filter((each): each is string => typeof each === 'string');
  return [visualStyle ?? '', artStyle ?? '', ...others].filter((each) => each.trim() !== '');
}

/** By which elements are the same that differ in case or white space. */
export const elementKey = (element: string): string => inOneLine(element).toLowerCase();

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function styledBy(elements: readonly string[], learned: LearnedStyle | null): readonly string[] {
  if (learned === null) return elements;
  // As the profile writes them.
  const written = new Map(elements.map((each) => [elementKey(each), each]));
  const moved = new Set([...learned.added, ...learned.leftOut]);
  const rest = elements.filter((each) => !moved.has(elementKey(each)));
  return [...learned.added.map((key) => written.get(key) ?? key), ...rest];
}

/** What a picture must not have, where nobody says otherwise. */
export function negativeOf(given: string | null | undefined): string {
  return given ?? NEGATIVE;
}

function looksOf(character: CharacterRow): string[] {
  const { age, gender, build, height, hairColor, hairStyle, eyeColor } = character;
  const hair = [hairStyle, hairColor].filter(Boolean).join(' ');
  return [
    character.generationPrompts ?? '',
    [age !== null && `${age} years old`, gender].filter(Boolean).join(' '),
    build ? `${build} build` : '',
    height ? `${height} tall` : '',
    hair && `${hair} hair`,
    eyeColor ? `${eyeColor} eyes` : '',
    character.physicalDescription ?? '',
    character.distinctiveFeatures ?? '',
  ];
}
