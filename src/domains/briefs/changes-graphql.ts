import {
  IdempotencyKeyReused,
  InvalidInput,
  NotConfigured,
  NotFound,
  QuotaExceeded,
  StatusMoveRefused,
} from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { submitBrief } from './briefs.ts';
import { BriefRef } from './graphql.ts';
import * as limits from './limits.ts';
import type { SeenBrief } from './reads.ts';
import { decideBrief, editBrief } from './reviewing.ts';

const characters = (count: number) => `${count.toLocaleString('en-US')} characters`;

const BriefInput = builder.inputType('SubmitBriefInput', {
  description: 'Something that is to be written.',
  fields: (t) => ({
    title: t.string({ description: `What it is called, 1 to ${characters(limits.MAX_TITLE)}.` }),
    text: t.string({
      required: true,
      description: `What is to be written, for whom and how, 1 to ${characters(limits.MAX_TEXT)}, not only white space.`,
    }),
    idempotencyKey: t.string({
      description:
        '1 to 255 printable ASCII characters: the same key with the same content gives the brief that was submitted first.',
    }),
  }),
});

const EditInput = builder.inputType('EditBriefInput', {
  description: `A person’s text for a brief. One may be edited at most ${limits.MAX_EDITS} times.`,
  fields: (t) => ({
    briefId: t.id({ required: true, description: 'Which.' }),
    output: t.string({
      required: true,
      description: `The text, 1 to ${characters(limits.MAX_OUTPUT)}, not only white space.`,
    }),
  }),
});

const BriefSuccess = builder.objectRef<{ brief: SeenBrief }>('BriefSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ brief: t.expose('brief', { type: BriefRef, description: 'As it is now.' }) }),
});

const BriefResult = builder.errorUnion('BriefResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [
    ...[BriefSuccess, InvalidInput, NotFound, NotConfigured],
    ...[QuotaExceeded, IdempotencyKeyReused, StatusMoveRefused],
  ],
  resolveType: () => 'BriefSuccess',
});

const note = `What there is to say of it, at most ${characters(limits.MAX_NOTE)}.`;

builder.mutationFields((t) => ({
  submitBrief: t.field({
    type: BriefResult,
    description: `Has a text written by the model of \`LLM_BRIEF_MODEL\` and judged by that of \`LLM_JUDGE_MODEL\`, again with its criticism until it is good enough, at most ${limits.MAX_ATTEMPTS} times. Its task shows how far it is.`,
    args: { input: t.arg({ type: BriefInput, required: true, description: 'The brief.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      brief: await submitBrief(services, principal, input),
    }),
  }),
  approveBrief: t.field({
    type: BriefResult,
    description: 'Says that the text of a brief is to be used.',
    args: {
      briefId: t.arg.id({ required: true, description: 'Which.' }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { briefId, note }, { services, principal }) => ({
      brief: await decideBrief(services, principal, { briefId: String(briefId), to: 'APPROVED', note }),
    }),
  }),
  rejectBrief: t.field({
    type: BriefResult,
    description: 'Says that the text of a brief is not to be used.',
    args: {
      briefId: t.arg.id({ required: true, description: 'Which.' }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { briefId, note }, { services, principal }) => ({
      brief: await decideBrief(services, principal, { briefId: String(briefId), to: 'REJECTED', note }),
    }),
  }),
  editBrief: t.field({
    type: BriefResult,
    description: 'Puts a person’s text in the place of a brief’s; the earlier ones stay in its attempts.',
    args: { input: t.arg({ type: EditInput, required: true, description: 'The text.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      brief: await editBrief(services, principal, { ...input, briefId: String(input.briefId) }),
    }),
  }),
}));
