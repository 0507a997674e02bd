import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import * as input from '../../ground/input.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { CharacterRef } from '../characters/graphql.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { DEFAULT_SIDE, generateImage, MAX_ASKED, MAX_SIDE, MIN_SIDE } from './generations.ts';
import { HALF_LIFE, MAX_COMMENT, rateGeneration } from './rating.ts';
import { generationPage, numberOfCharacter, ratingsOf } from './reads.ts';
import type { GenerationRow, RatingRow } from './tables.ts';
import { DEFAULT_WORKFLOW } from './workflows.ts';

const RatingRef = builder.objectRef<RatingRow>('GenerationRating').implement({
  description: 'What a user said of a picture.',
  fields: (t) => {
    const score = (name: 'identity' | 'style' | 'quality', of: string) =>
      t.exposeFloat(name, { complexity: 0, nullable: true, description: `${of}, 0 to 1; null: not said.` });
    return {
      identity: score('identity', 'How much it is the character'),
      style: score('style', 'How well the style is met'),
      quality: score('quality', 'How good the picture is'),
      comment: t.exposeString('comment', {
        complexity: 0,
        nullable: true,
        description: 'In words; null: none.',
      }),
      ratedAt: t.expose('ratedAt', {
        complexity: 0,
        type: 'DateTime',
        description: 'When it was said last.',
      }),
    };
  },
});

export const GenerationRef = builder.objectRef<GenerationRow>('Generation').implement({
  description: 'A picture that was asked for, how it was made, and what became of it.',
  fields: (t) => ({
    generationId: t.exposeID('generationId', { complexity: 0, description: 'By which it is rated.' }),
    taskId: t.exposeID('taskId', { complexity: 0, description: 'The task that draws it.' }),
    characterName: t.exposeString('characterName', {
      complexity: 0,
      nullable: true,
      description: 'Whom it shows; null: nobody of the characters.',
    }),
    asked: t.exposeString('asked', { complexity: 0, description: 'As it was asked for.' }),
    prompt: t.exposeString('prompt', {
      complexity: 0,
      description: 'As the workflow got it, with how the character looks.',
    }),
    negativePrompt: t.exposeString('negativePrompt', {
      complexity: 0,
      description: 'What it must not have.',
    }),
    workflow: t.exposeString('workflow', { complexity: 0, description: 'Name of the template.' }),
    seed: t.exposeFloat('seed', { complexity: 0, description: 'A whole number: the same draws the same.' }),
    width: t.exposeInt('width', { complexity: 0, description: 'Pixels.' }),
    height: t.exposeInt('height', { complexity: 0, description: 'Pixels.' }),
    files: t.stringList({
      complexity: 0,
      description:
        'SHA-256 of the picture, or of the video of a workflow that makes one, as `mediaInsight` takes it; empty until it is there.',
      resolve: ({ files }) => [...files],
    }),
    error: t.exposeString('error', {
      complexity: 0,
      nullable: true,
      description:
        'Why the last attempt came to nothing; it begins with COMFYUI_AWAY, WORKFLOW_REFUSED, RUN_FAILED, RUN_INTERRUPTED, RUN_LOST, RUN_STALLED, PICTURE_MISSING or CANCELLED where that is why. Null: it has not failed.',
    }),
    createdAt: t.expose('createdAt', {
      complexity: 0,
      type: 'DateTime',
      description: 'When it was asked for.',
    }),
    startedAt: t.expose('startedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When its first attempt began; null: it waits.',
    }),
    completedAt: t.expose('completedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When the picture was kept; null: it is not.',
    }),
    rating: t.field({
      type: RatingRef,
      nullable: true,
      description: 'What its user said of it; null: nothing yet.',
      resolve: ({ id, tenantId, userId }, _args, { loader, services }) =>
        loader({
          name: `rating of generation ${tenantId} ${userId}`,
          load: (ids: readonly number[]) => ratingsOf(services.db, { tenantId, userId }, ids),
          key: id,
        }),
    }),
  }),
});

const GenerationFilter = builder.inputType('GenerationFilter', {
  description: 'Which pictures; all conditions must hold.',
  fields: (t) => ({
    character: t.string({ description: 'Only of this character, by the full name.' }),
    taskId: t.id({ description: 'Only the one of this task.' }),
    workflow: t.string({ description: 'Only by this template.' }),
  }),
});

const byAge = numberCursor<GenerationRow>((row) => row.id);

builder.queryFields((t) => ({
  generations: t.connection(
    {
      type: GenerationRef,
      description: 'Pictures that a user asked for, the latest first.',
      args: {
        filter: t.arg({ type: GenerationFilter, description: 'Which.' }),
        userId: t.arg.string({
          description: 'Whose, for those who may act for others; absent: the caller’s own.',
        }),
      },
      resolve: async (_root, args, { services, principal }) => {
        const owner = ownerFor(principal, args.userId);
        const name = input.parseInput(input.text(100).nullish(), args.filter?.character, 'filter.character');
        const taskId = input.parseInput(input.text(100).nullish(), args.filter?.taskId, 'filter.taskId');
        const workflow = input.parseInput(input.text(50).nullish(), args.filter?.workflow, 'filter.workflow');
        const characterId = name == null ? null : await numberOfCharacter(services, owner, name);
        return connect(args, byAge, (page) =>
          generationPage(services.db, owner, { characterId, taskId, workflow }, page),
        );
      },
    },
    { name: 'GenerationConnection' },
    { name: 'GenerationEdge' },
  ),
}));

builder.objectFields(CharacterRef, (t) => ({
  generations: t.connection(
    {
      type: GenerationRef,
      description: 'The caller’s pictures of the character, the latest first.',
      resolve: ({ id }, args, { services, principal }) =>
        connect(args, byAge, (page) => generationPage(services.db, principal, { characterId: id }, page)),
    },
    { name: 'CharacterGenerationsConnection' },
    { name: 'CharacterGenerationsEdge' },
  ),
}));

const GenerateImageInput = builder.inputType('GenerateImageInput', {
  description: 'A picture that is asked for.',
  fields: (t) => ({
    character: t.string({
      description: 'Full name of whom it shows: how they look and their style go into the prompt.',
    }),
    prompt: t.string({ required: true, description: `What it shows, 1 to ${MAX_ASKED} characters.` }),
    negativePrompt: t.string({
      description: `What it must not have, at most ${MAX_ASKED} characters; absent: usual faults.`,
    }),
    workflow: t.string({ description: `Name of a template; absent: ${DEFAULT_WORKFLOW}.` }),
    seed: t.float({ description: 'A whole number from 0 to 2^53 - 1; absent: by chance.' }),
    width: t.int({
      description: `Pixels, ${MIN_SIDE} to ${MAX_SIDE}, a multiple of 8; absent: ${DEFAULT_SIDE}.`,
    }),
    height: t.int({ description: `Pixels, as the width; absent: ${DEFAULT_SIDE}.` }),
    useStyle: t.boolean({
      description:
        'True: what rated pictures of the character have in common goes into the picture, as `Character.styleInsights` says; what is given here goes before it. Absent or false: only the profile.',
    }),
    userId: t.string({ description: 'Whose, for those who may act for others; absent: the caller’s own.' }),
  }),
});

const RateGenerationInput = builder.inputType('RateGenerationInput', {
  description: 'What a user says of a picture; at least one score.',
  fields: (t) => ({
    generationId: t.id({ required: true, description: 'Which.' }),
    identity: t.float({ description: 'How much it is the character, 0 to 1.' }),
    style: t.float({ description: 'How well the style is met, 0 to 1.' }),
    quality: t.float({ description: 'How good the picture is, 0 to 1.' }),
    comment: t.string({ description: `In words, at most ${MAX_COMMENT} characters.` }),
  }),
});

const RateGenerationSuccess = builder
  .objectRef<{ generation: GenerationRow }>('RateGenerationSuccess')
  .implement({
    description: 'It is kept.',
    fields: (t) => ({
      generation: t.expose('generation', {
        type: GenerationRef,
        description: 'The picture, with its rating.',
      }),
    }),
  });

builder.mutationFields((t) => ({
  generateImage: t.field({
    type: CreateTaskResult,
    description:
      'Draws a picture through ComfyUI, in the background: its task shows the progress, and `generations` what came of it. The picture is kept and indexed like any medium. NOT_CONFIGURED without COMFYUI_URL. Cancelling the task interrupts the run.',
    args: { input: t.arg({ type: GenerateImageInput, required: true, description: 'The picture.' }) },
    resolve: async (_root, { input: { userId, ...asked } }, { services, principal }) => ({
      task: await generateImage(services, ownerFor(principal, userId), asked),
    }),
  }),
  rateGeneration: t.field({
    type: RateGenerationSuccess,
    description: `Says how good a picture of one’s own is; said again, it takes the place of what was said before. The consistency score of the character is the mean of all ratings, in which one counts half as much as one that came ${HALF_LIFE} later.`,
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: RateGenerationInput, required: true, description: 'What is said.' }) },
    resolve: async (_root, { input: said }, { services, principal }) => ({
      generation: await rateGeneration(services, ownerFor(principal, null), {
        ...said,
        generationId: String(said.generationId),
      }),
    }),
  }),
}));
