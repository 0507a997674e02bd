import type { GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { connect, nameCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { selectsOnly } from '../../graphql/selection.ts';
import * as input from '../../ground/input.ts';
import { COMPLETE_FIELDS, completenessOf } from './completeness.ts';
import {
  type CharacterColumns,
  characterPage,
  characterStats,
  charactersById,
  charactersByName,
} from './reads.ts';
import type { CharacterRow } from './tables.ts';

export const CharacterRef = builder.objectRef<CharacterRow>('Character');

builder.node(CharacterRef, {
  description: 'The profile of a fictional character, used when a query mentions them.',
  id: { resolve: (character) => String(character.id) },
  loadMany: (ids, { services, principal }) =>
    charactersById(services.db, principal, ids.map(parseCharacterId)),
  fields: (t) => {
    // They cost nothing: the profile has been read by then.
    const text = (name: TextField, description: string) =>
      t.exposeString(name, { complexity: 0, nullable: true, description: `${description} Null if unknown.` });
    return {
      characterName: t.exposeString('characterName', {
        description: 'Full name; unique among the shared characters, and among those of one user.',
      }),
      shared: t.boolean({
        description:
          'Whether all users of the tenant share the character; else it is the caller’s own, known to nobody else.',
        resolve: (character) => character.userId === null,
      }),
      aliases: t.exposeStringList('aliases', { description: 'Other names that queries may use.' }),
      creator: t.exposeString('creator', { description: 'Who made the character.' }),
      sourceFranchise: t.exposeString('sourceFranchise', { description: 'The work that they come from.' }),
      characterType: t.exposeString('characterType', { description: 'Such as original or canon.' }),
      age: t.exposeInt('age', { nullable: true, description: 'Years. Null if unknown.' }),
      gender: text('gender', 'Gender.'),
      physicalDescription: text('physicalDescription', 'What they look like.'),
      height: text('height', 'Height, with its unit.'),
      build: text('build', 'Build of the body.'),
      hairColor: text('hairColor', 'Colour of the hair.'),
      hairStyle: text('hairStyle', 'Style of the hair.'),
      eyeColor: text('eyeColor', 'Colour of the eyes.'),
      distinctiveFeatures: text('distinctiveFeatures', 'What one recognises them by.'),
      personalityTraits: text('personalityTraits', 'How they are.'),
      backgroundStory: text('backgroundStory', 'What happened to them.'),
      occupation: text('occupation', 'What they do.'),
      skillsAbilities: text('skillsAbilities', 'What they can do.'),
      relationships: text('relationships', 'Whom they know.'),
      visualStyle: text('visualStyle', 'How they are drawn.'),
      artStyle: text('artStyle', 'In which style of art.'),
      referenceImages: t.expose('referenceImages', {
        type: 'JSON',
        description:
          'References to images (a list of JSON values). One that is, or has as fileHash, perceptualHash or path, what names a picture that was indexed, is compared with the pictures of `mediaInsights`.',
      }),
      styleElements: t.expose('styleElements', {
        type: 'JSON',
        description: 'Elements of their style (a list).',
      }),
      generationPrompts: text('generationPrompts', 'Prompts that draw them well.'),
      generationCount: t.exposeInt('generationCount', { description: 'How often they were drawn.' }),
      consistencyScore: t.exposeFloat('consistencyScore', {
        description: 'How alike the drawings are, 0 to 1.',
      }),
      lastGenerated: t.expose('lastGenerated', {
        type: 'DateTime',
        nullable: true,
        description: 'When they were last drawn. Null if never.',
      }),
      conversationMentions: t.exposeInt('conversationMentions', {
        description: 'How many turns mentioned them.',
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the profile was made.' }),
      updatedAt: t.expose('updatedAt', {
        type: 'DateTime',
        description: 'When the profile was last changed.',
      }),
      notes: text('notes', 'Anything else.'),
      completeness: t.float({
        complexity: 0,
        description: `Share of the profile that says something, 0 to 1: of ${COMPLETE_FIELDS.length} fields (${COMPLETE_FIELDS.join(', ')}), those that are not empty.`,
        resolve: completenessOf,
      }),
      isActive: t.exposeBoolean('isActive', { description: 'Whether queries can mention them.' }),
    };
  },
});

type TextField = {
  [K in keyof CharacterRow]: CharacterRow[K] extends string | null
    ? null extends CharacterRow[K]
      ? K
      : never
    : never;
}[keyof CharacterRow];

/** Fields for which who they are is enough; for any other, whole rows are read. */
const TOLD: ReadonlySet<string> = new Set([
  ...[
    '__typename',
    'id',
    'characterName',
    'shared',
    'aliases',
    'creator',
    'sourceFranchise',
    'characterType',
  ],
  ...[
    'age',
    'gender',
    'personalityTraits',
    'backgroundStory',
    'occupation',
    'createdAt',
    'updatedAt',
    'isActive',
  ],
]);

const columnsFor = (info: GraphQLResolveInfo): CharacterColumns =>
  selectsOnly(info, 'Character', TOLD) ? 'told' : 'all';

const CharacterFilter = builder.inputType('CharacterFilter', {
  description: 'Which characters; all conditions must hold.',
  fields: (t) => ({
    search: t.string({
      description: 'Part of the name, of an alias or of any other text of the profile; any case.',
    }),
    creator: t.string({ description: 'Only by this creator.' }),
    sourceFranchise: t.string({ description: 'Only from this work.' }),
    characterType: t.string({ description: 'Only of this type, such as original or canon.' }),
    shared: t.boolean({
      description: 'True: only those that all users share; false: only the caller’s own; absent: both.',
    }),
    activeOnly: t.boolean({ defaultValue: true, description: 'Leave deactivated ones out.' }),
  }),
});

const CharacterStats = builder
  .objectRef<{ total: number; averageConsistency: number; totalGenerations: number }>('CharacterStats')
  .implement({
    description: 'Figures over the active characters that the caller knows: the shared ones and their own.',
    fields: (t) => ({
      total: t.exposeInt('total', { description: 'Number of active characters.' }),
      averageConsistency: t.exposeFloat('averageConsistency', {
        description: 'Mean consistency score, 0 to 1; 0 without characters.',
      }),
      totalGenerations: t.exposeInt('totalGenerations', {
        description: 'How often they were drawn, all together.',
      }),
    }),
  });

const Conditions = z.object({
  search: input.text(20_000, 0).nullish(),
  creator: input.text(100, 0).nullish(),
  sourceFranchise: input.text(200, 0).nullish(),
  characterType: input.text(50, 0).nullish(),
});

const byName = nameCursor<CharacterRow>(({ characterName, id }) => ({ name: characterName, id }));

builder.queryFields((t) => ({
  character: t.field({
    type: CharacterRef,
    nullable: true,
    description:
      'One character by the full name; null if there is none. The caller’s own goes before a shared one of the same name.',
    args: {
      name: t.arg.string({
        required: true,
        description: 'The full name; case, accents and punctuation do not count.',
      }),
    },
    resolve: (_root, { name }, { loader, services, principal }, info) => {
      const columns = columnsFor(info);
      return loader({
        name: `character by name ${columns}`,
        load: (names: readonly string[]) => charactersByName(services.db, principal, names, columns),
        key: name,
      });
    },
  }),
  characters: t.connection(
    {
      type: CharacterRef,
      description: 'The characters that the caller knows, shared ones and their own, by name.',
      args: { filter: t.arg({ type: CharacterFilter, description: 'Which characters.' }) },
      resolve: (_root, args, { services, principal }) => {
        const conditions = input.parseInput(Conditions, args.filter ?? {}, 'filter');
        return connect(args, byName, (page) =>
          characterPage(
            services.db,
            principal,
            { ...conditions, activeOnly: args.filter?.activeOnly ?? true, shared: args.filter?.shared },
            page,
          ),
        );
      },
    },
    { name: 'CharacterConnection' },
    { name: 'CharacterEdge' },
  ),
  characterStats: t.field({
    type: CharacterStats,
    description: 'Figures over the active characters.',
    resolve: (_root, _args, { services, principal }) => characterStats(services.db, principal),
  }),
}));

/** A character by id through the operation's batch. */
export function loadCharacter({ loader, services, principal }: Context, id: number) {
  const load = (ids: readonly number[]) => charactersById(services.db, principal, ids);
  return loader({ name: 'character', load, key: id });
}

function parseCharacterId(id: string): number {
  const value = /^\d{1,10}$/.test(id) ? Number(id) : 0;
  return value <= 2_147_483_647 ? value : 0;
}
