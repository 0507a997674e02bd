import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { AutonomousTaskRef, loadTask } from '../tasks/graphql.ts';
import { AttemptRef } from './attempts-graphql.ts';
import { parseBriefId } from './briefs.ts';
import * as limits from './limits.ts';
import {
  attemptsOf,
  type BriefStats,
  type BriefStatus,
  briefById,
  briefPage,
  briefStats,
  type SeenBrief,
} from './reads.ts';
import type { ReviewReason } from './tables.ts';

const BriefStatusEnum = builder.enumType('BriefStatus', {
  description: 'How a brief stands.',
  values: {
    QUEUED: { description: 'Its task waits.' },
    RUNNING: { description: 'It is being written or judged.' },
    PASSED: { description: 'The judge found its text good.' },
    NEEDS_REVIEW: { description: 'A person is to look at it; `reviewReason` says why.' },
    APPROVED: { description: 'A person said that its text is to be used.' },
    REJECTED: { description: 'A person said that its text is not to be used.' },
    FAILED: { description: 'Its task ended without a text that was judged; `retryTask` goes on.' },
    CANCELLED: { description: 'Its task was cancelled; `retryTask` goes on.' },
  } satisfies Record<BriefStatus, { description: string }>,
});
const ReviewReasonEnum = builder.enumType('BriefReviewReason', {
  description: 'Why a person is to look at a brief.',
  values: {
    NOT_GOOD_ENOUGH: { description: `None of ${limits.MAX_ATTEMPTS} texts was good enough for the judge.` },
    NOT_JUDGED: {
      description: `The judge gave no verdict that could be used, asked ${limits.MAX_JUDGINGS} times.`,
    },
    COST_LIMIT: { description: 'What a day may cost was spent before a text was good enough.' },
    EDITED: { description: 'A person changed the text, and nobody approved it since.' },
  } satisfies Record<ReviewReason, { description: string }>,
});
const loadAttempts = ({ loader, services }: Context, { id, tenantId, userId }: SeenBrief) =>
  loader({
    name: `attempts of briefs ${tenantId} ${userId}`,
    load: (ids: readonly number[]) => attemptsOf(services.db, { tenantId, userId }, ids),
    key: id,
  });

export const BriefRef = builder.objectRef<SeenBrief>('Brief').implement({
  description: 'A text that a user wants to have written, and what came of it.',
  fields: (t) => ({
    briefId: t.exposeID('briefId', { complexity: 0, description: 'By which it is decided of.' }),
    title: t.exposeString('title', {
      complexity: 0,
      nullable: true,
      description: 'What it is called; null: not said.',
    }),
    text: t.exposeString('text', { complexity: 0, description: 'What is to be written.' }),
    status: t.expose('status', { type: BriefStatusEnum, complexity: 0, description: 'How it stands.' }),
    reviewReason: t.expose('reviewReason', {
      type: ReviewReasonEnum,
      complexity: 0,
      nullable: true,
      description: 'Why a person is to look at it; null: nobody needs to.',
    }),
    error: t.exposeString('error', {
      complexity: 0,
      nullable: true,
      description: 'Why its task came to nothing, or its latest attempt; null: it did not.',
    }),
    output: t.string({
      nullable: true,
      description:
        'Its text: the one that was judged best, or what a person put in its place. Null: there is none yet.',
      resolve: async (brief, _args, context) =>
        (await loadAttempts(context, brief)).find(({ number }) => number === brief.chosen)?.output ?? null,
    }),
    chosenAttempt: t.expose('chosen', {
      type: 'Int',
      complexity: 0,
      nullable: true,
      description: 'Number of the attempt that this text is from; null: there is none yet.',
    }),
    attempts: t.field({
      type: [AttemptRef],
      description: `Its texts in their order: at most ${limits.MAX_ATTEMPTS} of the model, and ${limits.MAX_EDITS} of people.`,
      complexity: { field: 1, multiplier: 4 },
      resolve: (brief, _args, context) => loadAttempts(context, brief),
    }),
    task: t.field({
      type: AutonomousTaskRef,
      nullable: true,
      description: 'What has it written; null: it is not kept any more.',
      resolve: ({ taskId }, _args, context) => loadTask(context, taskId),
    }),
    decidedAt: t.expose('decidedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When it was approved or rejected; null: it was not.',
    }),
    note: t.exposeString('note', {
      complexity: 0,
      nullable: true,
      description: 'What was said of it then; null: nothing.',
    }),
    createdAt: t.expose('createdAt', {
      complexity: 0,
      type: 'DateTime',
      description: 'When it was submitted.',
    }),
    completedAt: t.expose('completedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When the models were done with it; null: they are not.',
    }),
  }),
});

const StatusCountRef = builder.objectRef<BriefStats['byStatus'][number]>('BriefStatusCount').implement({
  description: 'Briefs of one status.',
  fields: (t) => ({
    status: t.expose('status', { type: BriefStatusEnum, complexity: 0, description: 'How they stand.' }),
    count: t.exposeInt('count', { complexity: 0, description: 'How many there are.' }),
  }),
});

const StatsRef = builder.objectRef<BriefStats>('BriefStats').implement({
  description: 'What a user’s briefs came to.',
  fields: (t) => ({
    byStatus: t.field({
      type: [StatusCountRef],
      description: 'How many there are of each status that any has.',
      resolve: ({ byStatus }) => [...byStatus],
    }),
    attempts: t.exposeInt('attempts', { description: 'Texts that the model wrote.' }),
    retries: t.exposeInt('retries', { description: 'Those that were not the first of their brief.' }),
    judgings: t.exposeInt('judgings', { description: 'Times that the judge was asked.' }),
    tokensIn: t.exposeFloat('tokensIn', {
      description: 'Tokens that both models read, as far as they were counted.',
    }),
    tokensOut: t.exposeFloat('tokensOut', {
      description: 'Tokens that both wrote, as far as they were counted.',
    }),
    cost: t.exposeFloat('cost', {
      description: 'What that cost, as far as it is known, in the unit of `LLM_PRICES`.',
    }),
    attemptsWithoutCost: t.exposeInt('withoutCost', {
      description: 'Attempts of which nobody knows what they cost, or not all of it.',
    }),
    meanMs: t.exposeFloat('meanMs', {
      nullable: true,
      description: 'Milliseconds that both models took for an attempt, on the mean; null: there was none.',
    }),
  }),
});

const byAge = numberCursor<SeenBrief>(({ id }) => id);

builder.queryFields((t) => ({
  briefs: t.connection(
    {
      type: BriefRef,
      description: 'The caller’s briefs, the one that was submitted last first.',
      args: { status: t.arg({ type: BriefStatusEnum, description: 'Only those that stand so.' }) },
      resolve: (_root, args, { services, principal }) =>
        connect(args, byAge, (page) => briefPage(services.db, principal, args.status ?? null, page)),
    },
    { name: 'BriefConnection' },
    { name: 'BriefEdge' },
  ),
  brief: t.field({
    type: BriefRef,
    nullable: true,
    description: 'One brief of the caller; null if there is none.',
    args: { briefId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { briefId }, { services, principal }) =>
      briefById(services.db, principal, parseBriefId(String(briefId))),
  }),
  briefStats: t.field({
    type: StatsRef,
    description: 'What the caller’s briefs came to.',
    args: {
      since: t.arg({
        type: 'DateTime',
        description: 'Of those that were submitted from then on; absent: of all.',
      }),
    },
    resolve: (_root, { since }, { services, principal }) => briefStats(services.db, principal, since ?? null),
  }),
}));
