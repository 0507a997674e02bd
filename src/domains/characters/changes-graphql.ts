import { z } from 'zod';
import { mayActForOthers } from '../../access/principals.ts';
import { builder } from '../../graphql/builder.ts';
import * as input from '../../ground/input.ts';
import { CARD, changesOf, MAX_CHANGES } from './changes.ts';
import { CharacterRef } from './graphql.ts';
import type { CharacterChangeKind, CharacterChangeRow } from './tables.ts';
import { undoCharacterChange } from './undo.ts';
import { UpsertCharacterResult } from './writing-graphql.ts';

const SHOWN = 20;

const CharacterChangeKindEnum = builder.enumType('CharacterChangeKind', {
  description: 'What a change of a character did.',
  values: {
    CREATED: { description: 'There was none of this name.' },
    CHANGED: {
      description: 'Fields of the profile, or its card, became others; a hidden one is shown again by it.',
    },
    DEACTIVATED: { description: 'It was hidden from queries and lists.' },
    REACTIVATED: { description: 'It is mentioned again.' },
    UNDONE: { description: 'An earlier change was taken back.' },
  } satisfies Record<CharacterChangeKind, { description: string }>,
});

const CharacterChangeRef = builder.objectRef<CharacterChangeRow>('CharacterChange').implement({
  // Its fields cost nothing: the change has been read by then.
  description: 'A change of a character’s profile.',
  fields: (t) => ({
    changeId: t.exposeID('changeId', { complexity: 0, description: 'By which it is undone.' }),
    at: t.expose('changedAt', { complexity: 0, type: 'DateTime', description: 'When.' }),
    kind: t.expose('kind', { complexity: 0, type: CharacterChangeKindEnum, description: 'What it did.' }),
    by: t.string({
      complexity: 0,
      nullable: true,
      description:
        'Who changed it; “(erased)” if they were erased since. Null: somebody else, whose name only admins and services see.',
      resolve: ({ changedBy }, _args, { principal }) =>
        changedBy === principal.userId || mayActForOthers(principal) ? changedBy : null,
    }),
    fields: t.stringList({
      complexity: 0,
      description: `Names of the fields that it touched, as this type has them; \`${CARD}\`: it brought another card.`,
      resolve: ({ fields }) => [...fields],
    }),
    before: t.expose('before', {
      complexity: 0,
      type: 'JSON',
      nullable: true,
      description: 'What these fields said before, by their names; null: there was no character.',
    }),
    after: t.expose('after', {
      complexity: 0,
      type: 'JSON',
      description: 'What they said after it; of a new character what is not empty.',
    }),
    undoes: t.exposeID('undoes', {
      complexity: 0,
      nullable: true,
      description: 'Id of the change that it took back; null: of none.',
    }),
    undone: t.exposeBoolean('undone', { complexity: 0, description: 'Whether it was taken back.' }),
  }),
});

builder.objectFields(CharacterRef, (t) => ({
  changes: t.field({
    type: [CharacterChangeRef],
    description: `What was changed in the profile, newest first; the latest ${MAX_CHANGES} are kept. Counts, such as of mentions, are no changes.`,
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? SHOWN }),
    args: {
      first: t.arg.int({
        defaultValue: SHOWN,
        description: `How many at most, 1 to ${MAX_CHANGES}.`,
      }),
    },
    resolve: ({ id }, { first }, { loader, services, principal }) => {
      const most = input.parseInput(count, first ?? SHOWN, 'first');
      return loader({
        name: `${most} changes of character`,
        load: (ids: readonly number[]) => changesOf(services.db, principal, ids, most),
        key: id,
      });
    },
  }),
}));

const count = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: `must be from 1 to ${MAX_CHANGES}` })
  .max(MAX_CHANGES, { error: `must be from 1 to ${MAX_CHANGES}` });

builder.mutationFields((t) => ({
  undoCharacterChange: t.field({
    type: UpsertCharacterResult,
    description:
      'Takes a change of a character back: its fields say what they said before, and a character that was created is hidden. That is a change, too, and can be undone. Refused where a later change that stands touched the same fields. One that is undone already stays so. Where a card came, the one before takes its place; the files and the picture that came with it stay.',
    args: {
      changeId: t.arg.id({ required: true, description: 'Of `Character.changes`.' }),
    },
    resolve: async (_root, { changeId }, { services, principal }) => {
      const { row, outcome } = await undoCharacterChange(services, principal, String(changeId));
      return { character: row, outcome };
    },
  }),
}));
