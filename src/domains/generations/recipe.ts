import type { CharacterRow } from '../characters/tables.ts';

/** UTF-16 units of a prompt. */
export const MAX_PROMPT = 4_000;

const NEGATIVE = 'lowres, bad anatomy, bad hands, extra digits, cropped, jpeg artifacts, watermark, text';

/**
 * The prompt of a picture of a character: what was asked for, prompts that draw them well, how they look, from head to what one
 * recognises them by, then the style. Parts that say nothing are left out, and what is said twice is said once.
 */
export function promptOf(asked: string, character: CharacterRow | null): string {
  const parts = character ? [asked, ...visualsOf(character)] : [asked];
  const seen = new Set<string>();
  const kept: string[] = [];
  let length = 0;
  for (const part of parts.map((each) => each.replace(/\s+/g, ' ').trim())) {
    const key = part.toLowerCase();
    if (part === '' || seen.has(key)) continue;
    seen.add(key);
    if (length + part.length + 2 > MAX_PROMPT) break;
    kept.push(part);
    length += part.length + 2;
  }
  return kept.join(', ');
}

/** What a picture must not have, where nobody says otherwise. */
export function negativeOf(given: string | null | undefined): string {
  return given ?? NEGATIVE;
}

function visualsOf(character: CharacterRow): string[] {
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
    character.visualStyle ?? '',
    character.artStyle ?? '',
    ...character.styleElements.filter((each): each is string => typeof each === 'string'),
  ];
}
