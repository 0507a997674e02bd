import { FactChangeBuiltOn, InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import {
  addFact,
  type ByHand,
  correctFact,
  MAX_PART,
  MAX_STATEMENT,
  retractFact,
  undoLearningChange,
} from './by-hand.ts';
import { FactCategoryEnum, FactChangeRef, FactRef } from './graphql.ts';
import { changeOf } from './history.ts';
import type { FactChangeRow } from './tables.ts';

const FactInput = builder.inputType('FactInput', {
  description: 'A fact that a person enters.',
  fields: (t) => ({
    subject: t.string({ description: `Of whom, 1 to ${MAX_PART} characters; absent: \`user\`.` }),
    predicate: t.string({
      required: true,
      description:
        'What is said: 1 to 50 letters from a to z, digits and _, such as `lives_in`, `works_at`, `favourite_cheese`. Of those that one can have only one of at a time, the new one supersedes the old one.',
    }),
    object: t.string({ required: true, description: `Of what, 1 to ${MAX_PART} characters.` }),
    statement: t.string({
      description: `In words, 1 to ${MAX_STATEMENT} characters; absent: made of the other fields.`,
    }),
    category: t.field({ type: FactCategoryEnum, description: 'Absent: as the predicate says.' }),
    negated: t.boolean({ description: 'True: it is not so.' }),
    validFrom: t.field({ type: 'DateTime', description: 'Since when it is true.' }),
    validUntil: t.field({ type: 'DateTime', description: 'Until when it was true; after `validFrom`.' }),
  }),
});

const FactSuccess = builder.objectRef<ByHand>('FactSuccess').implement({
  description: 'The fact is stored.',
  fields: (t) => ({
    fact: t.expose('fact', { type: FactRef, description: 'As it is now.' }),
    change: t.field({
      type: FactChangeRef,
      nullable: true,
      description: 'What changed, by whose id it can be undone; null: nothing of this fact.',
      complexity: 4,
      resolve: (done, _args, { services }) => changeOf(services.db, done),
    }),
  }),
});

const FactResult = builder.errorUnion('FactResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [FactSuccess, InvalidInput, NotFound],
  resolveType: () => 'FactSuccess',
});

const UndoSuccess = builder.objectRef<{ undone: readonly FactChangeRow[] }>('UndoSuccess').implement({
  description: 'The change is undone.',
  fields: (t) => ({
    undone: t.field({
      type: [FactChangeRef],
      description: 'What was undone, the latest first: the change, and all that was changed with it.',
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ undone }) => [...undone],
    }),
    changes: t.field({
      type: [FactChangeRef],
      description: 'The same as `undone`.',
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ undone }) => [...undone],
    }),
  }),
});

const UndoResult = builder.errorUnion('UndoResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [UndoSuccess, InvalidInput, NotFound, FactChangeBuiltOn],
  resolveType: () => 'UndoSuccess',
});

const factId = 'Its id.';

builder.mutationFields((t) => ({
  addFact: t.field({
    type: FactResult,
    description: 'Enters a fact by hand. It stands above what is extracted: no run supersedes it.',
    args: {
      input: t.arg({ type: FactInput, required: true, description: 'The fact.' }),
      userId: t.arg.string({
        description: 'Whose memory, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: (_root, { input, userId }, { services, principal }) =>
      addFact(services, principal, ownerFor(principal, userId), input as never),
  }),
  correctFact: t.field({
    type: FactResult,
    description: 'Puts another fact in the place of one, which is kept as history.',
    args: {
      factId: t.arg.id({ required: true, description: factId }),
      input: t.arg({ type: FactInput, required: true, description: 'What is right.' }),
    },
    resolve: (_root, { factId: id, input }, { services, principal }) =>
      correctFact(services, principal, String(id), input as never),
  }),
  retractFact: t.field({
    type: FactResult,
    description:
      'Takes a fact back. It is not learned again from what was said before; what it had superseded holds again.',
    args: { factId: t.arg.id({ required: true, description: factId }) },
    resolve: (_root, { factId: id }, { services, principal }) => retractFact(services, principal, String(id)),
  }),
  undoLearningChange: t.field({
    type: UndoResult,
    description:
      'Undoes a change of a fact with all that was changed by the same statement: what it touched is as it was before, and a fact that it added is retracted.',
    args: {
      changeId: t.arg.id({ required: true, description: 'The id of the change.' }),
      cascade: t.arg.boolean({
        defaultValue: false,
        description: 'True: together with later changes that build on it; else these refuse it.',
      }),
    },
    resolve: async (_root, { changeId, cascade }, { services, principal }) => ({
      undone: await undoLearningChange(services, principal, String(changeId), cascade ?? false),
    }),
  }),
}));
