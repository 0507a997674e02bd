import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import {
  type CharacterOutcome,
  type CharacterProfile,
  upsertCharacter,
  upsertCharacters,
} from './characters.ts';
import { deactivateCharacter } from './deactivate.ts';
import { CharacterRef } from './graphql.ts';
import { reactivateCharacter } from './reactivate.ts';
import type { CharacterRow } from './tables.ts';

const CharacterInput = builder.inputType('CharacterInput', {
  description:
    'A profile. Of a known character, the fields given are changed and the others stay. Names are the same that differ in case, accents or punctuation only.',
  fields: (t) => {
    const text = (limit: string) => t.string({ description: `At most ${limit} characters.` });
    return {
      characterName: t.string({ required: true, description: 'Full name, 1 to 100 characters.' }),
      aliases: t.stringList({ description: 'Other names, at most 50 of at most 100 characters.' }),
      creator: text('100'),
      sourceFranchise: text('200'),
      characterType: text('50'),
      age: t.int({ description: 'Years, 0 to 1,000,000.' }),
      gender: text('20'),
      physicalDescription: text('20,000'),
      height: text('20'),
      build: text('50'),
      hairColor: text('100'),
      hairStyle: text('100'),
      eyeColor: text('100'),
      distinctiveFeatures: text('20,000'),
      personalityTraits: text('20,000'),
      backgroundStory: text('20,000'),
      occupation: text('100'),
      skillsAbilities: text('20,000'),
      relationships: text('20,000'),
      visualStyle: text('100'),
      artStyle: text('100'),
      referenceImages: t.field({
        type: 'JSON',
        description:
          'A list of JSON values. Pictures are named by `{ "fileHash": … }` (SHA-256 of the content), `{ "perceptualHash": … }` (16 hexadecimal digits) or `{ "path": … }` (of a file that was indexed); other values are kept and not looked at, addresses never fetched.',
      }),
      styleElements: t.field({ type: 'JSON', description: 'A list of JSON values.' }),
      generationPrompts: text('20,000'),
      notes: text('20,000'),
      shared: t.boolean({
        description:
          'Whether all users of the tenant share the character, which only admins and services write; else it is the caller’s own, known to nobody else. Absent: shared for admins and services, own for others.',
      }),
      replace: t.boolean({
        description:
          'True: fields that are not given become empty, as for a card that is the whole profile. Absent or false: they stay.',
      }),
    };
  },
});

const CharacterOutcomeEnum = builder.enumType('CharacterOutcome', {
  description: 'What a write did to a character.',
  values: {
    CREATED: { description: 'There was none of this name.' },
    CHANGED: { description: 'There was one of this name, and it was changed or made active again.' },
    UNCHANGED: { description: 'There was one of this name, which says the same already.' },
  } satisfies Record<CharacterOutcome, { description: string }>,
});

export const UpsertCharacterSuccess = builder
  .objectRef<{ character: CharacterRow; outcome: CharacterOutcome; told?: readonly string[] }>(
    'UpsertCharacterSuccess',
  )
  .implement({
    description: 'The profile is stored.',
    fields: (t) => ({
      outcome: t.expose('outcome', { type: CharacterOutcomeEnum, description: 'What was done.' }),
      character: t.expose('character', { type: CharacterRef, description: 'The profile as it is now.' }),
      told: t.stringList({
        description: 'What of a card the profile could not take as it is, in words; empty otherwise.',
        resolve: ({ told }) => [...(told ?? [])],
      }),
    }),
  });

/** The type of every mutation that changes one character; what it throws of these errors becomes one of its members. */
export const UpsertCharacterResult = builder.errorUnion('UpsertCharacterResult', {
  description: 'The success of changing a character, or one of the failures that a caller may expect.',
  types: [UpsertCharacterSuccess, InvalidInput, NotFound],
  resolveType: () => 'UpsertCharacterSuccess',
});

const UpsertCharactersSuccess = builder
  .objectRef<{ characters: CharacterRow[]; outcomes: CharacterOutcome[] }>('UpsertCharactersSuccess')
  .implement({
    description: 'All profiles are stored.',
    fields: (t) => ({
      characters: t.expose('characters', {
        type: [CharacterRef],
        description: 'The profiles as they are now, in the order given.',
      }),
      outcomes: t.expose('outcomes', {
        type: [CharacterOutcomeEnum],
        description: 'What was done to each, in the same order.',
      }),
    }),
  });

const DeactivateCharacterSuccess = builder
  .objectRef<{ character: CharacterRow }>('DeactivateCharacterSuccess')
  .implement({
    description: 'Queries no longer mention the character.',
    fields: (t) => ({
      character: t.expose('character', { type: CharacterRef, description: 'The profile, which stays.' }),
    }),
  });

builder.mutationFields((t) => ({
  upsertCharacter: t.field({
    type: UpsertCharacterResult,
    description:
      'Creates a character, or changes the given fields of the one with this name. A user’s own is theirs alone, also where a shared one is called the same.',
    args: { input: t.arg({ type: CharacterInput, required: true, description: 'The profile.' }) },
    resolve: async (_root, { input }, { services, principal }) => {
      const { row, outcome } = await upsertCharacter(services, principal, input as CharacterProfile);
      return { character: row, outcome };
    },
  }),
  upsertCharacters: t.field({
    type: UpsertCharactersSuccess,
    description: 'The same for 1 to 500 characters; all or nothing.',
    errors: { types: [InvalidInput] },
    args: { inputs: t.arg({ type: [CharacterInput], required: true, description: 'The profiles.' }) },
    resolve: async (_root, { inputs }, { services, principal }) => {
      const written = await upsertCharacters(services, principal, inputs as CharacterProfile[]);
      return {
        characters: written.map(({ row }) => row),
        outcomes: written.map(({ outcome }) => outcome),
      };
    },
  }),
  reactivateCharacter: t.field({
    type: UpsertCharacterResult,
    description: 'Lets queries mention a deactivated character again; the profile is as it was.',
    args: {
      name: t.arg.string({ required: true, description: 'The full name.' }),
      shared: t.arg.boolean({
        description:
          'True: the one that all users share, which only admins and services change; false: the caller’s own; absent: the own one, else the shared one where the caller may.',
      }),
    },
    resolve: async (_root, { name, shared }, { services, principal }) => {
      const { row, outcome } = await reactivateCharacter(services, principal, name, shared);
      return { character: row, outcome };
    },
  }),
  deactivateCharacter: t.field({
    type: DeactivateCharacterSuccess,
    description:
      'Hides a character from queries and lists; the profile stays and can be activated by an upsert.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      name: t.arg.string({ required: true, description: 'The full name.' }),
      shared: t.arg.boolean({
        description:
          'True: the one that all users share, which only admins and services change; false: the caller’s own; absent: the own one, else the shared one where the caller may.',
      }),
    },
    resolve: async (_root, { name, shared }, { services, principal }) => ({
      character: await deactivateCharacter(services, principal, name, shared),
    }),
  }),
}));
