import type { CharacterRow } from './tables.ts';

/** What a profile can say of a character, beyond the name, who made them and where they come from, which have defaults. */
export const COMPLETE_FIELDS = [
  ...(['aliases', 'age', 'gender', 'physicalDescription', 'height', 'build', 'hairColor'] as const),
  ...(['hairStyle', 'eyeColor', 'distinctiveFeatures', 'personalityTraits', 'backgroundStory'] as const),
  ...(['occupation', 'skillsAbilities', 'relationships', 'visualStyle', 'artStyle'] as const),
  ...(['referenceImages', 'styleElements', 'generationPrompts'] as const),
];

/** The share of these fields that say something, from 0 to 1. */
export function completenessOf(character: CharacterRow): number {
  const filled = COMPLETE_FIELDS.filter((field) => {
    const value = character[field];
    return typeof value === 'string' || Array.isArray(value) ? value.length > 0 : value !== null;
  });
  return filled.length / COMPLETE_FIELDS.length;
}
