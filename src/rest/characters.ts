import { z } from 'zod';
import { type CharacterProfile, upsertCharacter } from '../domains/characters/characters.ts';
import {
  activeCharacter,
  type CharacterRow,
  charactersOf,
  figuresOfCharacters,
} from '../domains/characters/views.ts';
import { ownerFor } from '../ground/ownership.ts';
import {
  body,
  decimal,
  decimalOf,
  now,
  optionalText,
  optionalWhole,
  second,
  secondOf,
  text,
} from './formats.ts';
import { defineRow, READING, type Row, WRITING } from './row.ts';

/** Characters that are listed at most, the first by name. */
const MAX_LISTED = 1_000;
const FIRST = { after: null, before: null, limit: MAX_LISTED, inverted: false };

const known = z.string().nullable();
const Character = z
  .object({
    character_name: z.string(),
    creator: z.string(),
    source_franchise: z.string(),
    character_type: z.string(),
    age: z.int().nullable(),
    gender: known,
    physical_description: known,
    personality_traits: known,
    background_story: known,
    occupation: known,
    skills_abilities: known,
    visual_style: known,
    art_style: known,
    style_elements: z.array(z.unknown()),
    generation_count: z.int(),
    consistency_score: decimal,
    notes: known,
    created_at: second,
    updated_at: second,
  })
  .meta({ id: 'Character', description: 'The profile of a character; null where nothing is known.' });

const list = z.array(z.unknown(), { error: 'must be a list' }).nullish();
const Profile = body({
  character_name: text.describe('The full name; case, accents and punctuation do not count.'),
  aliases: z.array(z.string({ error: 'must be text' }), { error: 'must be a list of texts' }).nullish(),
  creator: optionalText,
  source_franchise: optionalText,
  character_type: optionalText,
  age: optionalWhole,
  gender: optionalText,
  physical_description: optionalText,
  height: optionalText,
  build: optionalText,
  hair_color: optionalText,
  hair_style: optionalText,
  eye_color: optionalText,
  distinctive_features: optionalText,
  personality_traits: optionalText,
  background_story: optionalText,
  occupation: optionalText,
  skills_abilities: optionalText,
  relationships: optionalText,
  visual_style: optionalText,
  art_style: optionalText,
  reference_images: list,
  style_elements: list,
  generation_prompts: optionalText,
  notes: optionalText,
});

/** Profiles of characters that queries may mention. */
export const characterRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/characters'],
    group: 'Characters',
    summary: 'The active characters by name, or one of them',
    toll: READING,
    query: z.object({ name: z.string().optional().describe('The full name of one.') }),
    gives: z.union([
      Character,
      z
        .object({ characters: z.array(Character).max(MAX_LISTED), timestamp: second })
        .meta({ id: 'Characters', description: 'The first active characters by name.' }),
    ]),
    run: async ({ services, principal, query: { name } }) => {
      const owner = ownerFor(principal, null);
      if (name !== undefined) return shown(await activeCharacter(services, owner, name));
      const found = await charactersOf(services, owner, FIRST);
      return { characters: found.map(shown), timestamp: now() };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/api/echo/characters'],
    group: 'Characters',
    summary: 'Creates a character, or changes the given fields of the one of this name',
    toll: WRITING,
    body: Profile,
    gives: z
      .object({ character_name: z.string(), updated_at: second })
      .meta({ id: 'StoredCharacter', description: 'It is stored.' }),
    run: async ({ services, principal, body: profile }) => {
      const { row } = await upsertCharacter(services, principal, inCamelCase(profile));
      const { characterName, updatedAt } = row;
      return { character_name: characterName, updated_at: secondOf(updatedAt) };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/characters/profiles'],
    group: 'Characters',
    summary: 'Figures over the active characters',
    toll: READING,
    gives: z
      .object({ total_characters: z.int(), avg_consistency: decimal, total_generations: z.int() })
      .meta({ id: 'CharacterFigures', description: 'Figures over the active characters.' }),
    run: async ({ services, principal }) => {
      const figures = await figuresOfCharacters(services, ownerFor(principal, null));
      return {
        total_characters: figures.total,
        avg_consistency: decimalOf(figures.averageConsistency),
        total_generations: figures.totalGenerations,
      };
    },
  }),
];

function inCamelCase(profile: z.output<typeof Profile>): CharacterProfile {
  const renamed = Object.entries(profile).map(([name, value]) => [
    name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed) as CharacterProfile;
}

function shown(row: CharacterRow): z.output<typeof Character> {
  return {
    character_name: row.characterName,
    creator: row.creator,
    source_franchise: row.sourceFranchise,
    character_type: row.characterType,
    age: row.age,
    gender: row.gender,
    physical_description: row.physicalDescription,
    personality_traits: row.personalityTraits,
    background_story: row.backgroundStory,
    occupation: row.occupation,
    skills_abilities: row.skillsAbilities,
    visual_style: row.visualStyle,
    art_style: row.artStyle,
    style_elements: row.styleElements,
    generation_count: row.generationCount,
    consistency_score: decimalOf(row.consistencyScore),
    notes: row.notes,
    created_at: secondOf(row.createdAt),
    updated_at: secondOf(row.updatedAt),
  };
}
