import { InvalidInput, NotFound, StatusMoveRefused } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { PRIORITIES } from '../../jobs/job.ts';
import { AutonomousTaskConnection, AutonomousTaskRef, TaskPriorityEnum } from '../tasks/graphql.ts';
import { createGoal, MAX_DESCRIPTION, parseGoalId, updateGoal } from './goals.ts';
import { MAX_GOALS, MAX_LEVELS, MAX_PARTS } from './limits.ts';
import { progressOf } from './progress.ts';
import {
  type GoalMove,
  goalPage,
  goalsById,
  goalsByNumber,
  MOVES_SHOWN,
  movesOf,
  partsOf,
  tasksOfGoals,
} from './reads.ts';
import { type GoalStatus, MOVES } from './status.ts';
import type { GoalRow } from './tables.ts';

const next = (status: GoalStatus) => `From here to ${MOVES[status].join(', ')}.`;

const GoalStatusEnum = builder.enumType('GoalStatus', {
  description: 'How a goal stands.',
  values: {
    PROPOSED: { description: `Nobody works on it yet. ${next('PROPOSED')}` },
    ACTIVE: { description: `It is worked on. ${next('ACTIVE')}` },
    BLOCKED: { description: `Something is in its way. ${next('BLOCKED')}` },
    ACHIEVED: { description: `It was reached; its progress is 1. ${next('ACHIEVED')}` },
    ABANDONED: { description: `It was given up; it counts in no progress. ${next('ABANDONED')}` },
  } satisfies Record<GoalStatus, { description: string }>,
});

const GoalMoveRef = builder.objectRef<GoalMove>('GoalMove').implement({
  description: 'A change of a goal’s status.',
  fields: (t) => ({
    from: t.expose('from', {
      type: GoalStatusEnum,
      nullable: true,
      description: 'The status before; null: the goal was made.',
    }),
    to: t.expose('to', { type: GoalStatusEnum, description: 'The status after.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    by: t.exposeString('by', { description: 'Who changed it; “(erased)” if they were erased since.' }),
  }),
});

const loadGoal = ({ loader, services, principal }: Context, number: number) =>
  loader({
    name: 'goal by number',
    load: (numbers: readonly number[]) => goalsByNumber(services.db, principal.tenantId, numbers),
    key: number,
  });
const loadById = ({ loader, services, principal }: Context, goalId: string) =>
  loader({
    name: 'goal by id',
    load: (ids: readonly string[]) => goalsById(services.db, scopeOf(principal), ids),
    key: goalId,
  });

export const GoalRef = builder.objectRef<GoalRow>('Goal');

const newestTask = numberCursor<typeof AutonomousTaskRef.$inferType>((task) => task.id);

builder.node(GoalRef, {
  description: 'Something that a user wants to reach; it may be a part of another goal, and have parts.',
  id: { resolve: ({ goalId }) => goalId },
  loadMany: (ids, { services, principal }) => goalsById(services.db, scopeOf(principal), ids),
  fields: (t) => ({
    goalId: t.exposeID('goalId', { description: 'Its id.' }),
    userId: t.exposeString('userId', { description: 'Whose goal it is.' }),
    description: t.exposeString('description', { description: 'What is to be reached.' }),
    priority: t.field({
      type: TaskPriorityEnum,
      description: 'Before which others it goes.',
      resolve: ({ priority }) => PRIORITIES[priority] ?? 'NORMAL',
    }),
    status: t.expose('status', { type: GoalStatusEnum, description: 'How it stands.' }),
    deadline: t.expose('deadline', {
      type: 'DateTime',
      nullable: true,
      description: 'By when; null: at any time. Nothing happens by itself when it passes.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
    progress: t.float({
      description:
        'How far it is, 0 to 1: 1 when it is achieved, else the mean over its parts, each with its own progress, and its tasks, 1 of a completed one and 0 of others. Parts that were abandoned and tasks that were cancelled do not count. 0 without any.',
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'progress of a goal',
          load: (numbers: readonly number[]) => progressOf(services.db, principal.tenantId, numbers),
          key: id,
        }),
    }),
    parent: t.field({
      type: GoalRef,
      nullable: true,
      description: 'The goal that it is a part of; null: of none.',
      resolve: ({ parent }, _args, context) => (parent === null ? null : loadGoal(context, parent)),
    }),
    children: t.field({
      type: [GoalRef],
      description: `Its parts, oldest first; at most ${MAX_PARTS}.`,
      // A goal may lead up to its parent and down again: each way down costs what it may bring.
      complexity: { field: 1, multiplier: 8 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'parts of a goal',
          load: (numbers: readonly number[]) => partsOf(services.db, principal.tenantId, numbers),
          key: id,
        }),
    }),
    tasks: t.connection(
      {
        type: AutonomousTaskRef,
        description: 'Tasks that are done for it, newest first.',
        resolve: ({ id }, args, { loader, services, principal }) =>
          connect(args, newestTask, (page) =>
            loader({
              name: `tasks of goals ${JSON.stringify(page)}`,
              load: (numbers: readonly number[]) =>
                tasksOfGoals(services.db, principal.tenantId, numbers, page),
              key: id,
            }),
          ),
      },
      AutonomousTaskConnection,
    ),
    history: t.field({
      type: [GoalMoveRef],
      description: `How its status changed, oldest first; the latest ${MOVES_SHOWN} changes.`,
      complexity: { field: 1, multiplier: 2 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'moves of a goal',
          load: (numbers: readonly number[]) => movesOf(services.db, principal.tenantId, numbers),
          key: id,
        }),
    }),
  }),
});

builder.objectField(AutonomousTaskRef, 'goal', (t) =>
  t.field({
    type: GoalRef,
    nullable: true,
    description: 'The goal that it is done for; null: for none.',
    resolve: ({ goal }, _args, context) => (goal === null ? null : loadGoal(context, goal)),
  }),
);

const GoalFilter = builder.inputType('GoalFilter', {
  description: 'Which goals; all conditions must hold.',
  fields: (t) => ({
    status: t.field({ type: GoalStatusEnum, description: 'Only those that stand so.' }),
    priority: t.field({ type: TaskPriorityEnum, description: 'Only of this priority.' }),
    parentId: t.id({ description: 'Only parts of this goal.' }),
    topLevel: t.boolean({ description: 'True: only those that are no part of another.' }),
    userId: t.string({ description: 'Whose, for those who may act for others; absent: the caller’s own.' }),
  }),
});

const newestFirst = numberCursor<GoalRow>((goal) => goal.id);

builder.queryFields((t) => ({
  goals: t.connection(
    {
      type: GoalRef,
      description: 'Goals of one user, the one that was made last first.',
      args: { filter: t.arg({ type: GoalFilter, description: 'Which goals.' }) },
      resolve: async (_root, args, context) => {
        const { services, principal } = context;
        const { status, priority, parentId, topLevel, userId } = args.filter ?? {};
        const owner = ownerFor(principal, userId, 'filter.userId');
        const parent =
          parentId == null ? null : await loadById(context, parseGoalId(String(parentId), 'filter.parentId'));
        const conditions = {
          ...{ status, parent: parent?.id },
          priority: priority && PRIORITIES.indexOf(priority),
          ...(topLevel && { isTop: true as const }),
        };
        const isNowhere = parentId != null && !parent;
        return connect(args, newestFirst, (page) =>
          isNowhere ? Promise.resolve([]) : goalPage(services.db, owner, conditions, page),
        );
      },
    },
    { name: 'GoalConnection' },
    { name: 'GoalEdge' },
  ),
  goal: t.field({
    type: GoalRef,
    nullable: true,
    description: 'One goal; null if it does not exist for this caller.',
    args: { goalId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { goalId }, context) => loadById(context, parseGoalId(String(goalId))),
  }),
}));

const GoalInput = builder.inputType('GoalInput', {
  description: `A new goal. A user has at most ${MAX_GOALS.toLocaleString('en-US')}.`,
  fields: (t) => ({
    description: t.string({
      required: true,
      description: `What is to be reached, 1 to ${MAX_DESCRIPTION.toLocaleString('en-US')} characters, not only white space.`,
    }),
    priority: t.field({ type: TaskPriorityEnum, description: 'Absent: NORMAL.' }),
    deadline: t.field({ type: 'DateTime', description: 'By when, ahead of now; absent: at any time.' }),
    parentId: t.id({
      description: `The goal of the same user that it is a part of; at most ${MAX_PARTS} parts, ${MAX_LEVELS} levels.`,
    }),
    status: t.field({ type: GoalStatusEnum, description: 'PROPOSED (if absent) or ACTIVE.' }),
    userId: t.string({ description: 'Whose, for those who may act for others; absent: the caller’s own.' }),
  }),
});

const GoalChanges = builder.inputType('GoalChanges', {
  description: 'What to change of a goal; what is absent stays as it is.',
  fields: (t) => ({
    description: t.string({ description: 'What is to be reached.' }),
    priority: t.field({ type: TaskPriorityEnum, description: 'Before which others it goes.' }),
    deadline: t.field({ type: 'DateTime', description: 'By when, ahead of now; null: at any time.' }),
    parentId: t.id({
      description:
        'The goal that it is a part of, which may be neither itself nor one of its own parts; null: of none.',
    }),
    status: t.field({
      type: GoalStatusEnum,
      description: 'Where it goes, if it may go there; see the values of GoalStatus.',
    }),
  }),
});

const GoalSuccess = builder.objectRef<{ goal: GoalRow }>('GoalSuccess').implement({
  description: 'The goal is stored.',
  fields: (t) => ({ goal: t.expose('goal', { type: GoalRef, description: 'As it is now.' }) }),
});

const GoalResult = builder.errorUnion('GoalResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [GoalSuccess, InvalidInput, NotFound, StatusMoveRefused],
  resolveType: () => 'GoalSuccess',
});

builder.mutationFields((t) => ({
  createGoal: t.field({
    type: GoalResult,
    description: 'Makes a goal.',
    args: { input: t.arg({ type: GoalInput, required: true, description: 'The goal.' }) },
    resolve: async (_root, { input: { userId, ...input } }, { services, principal }) => ({
      goal: await createGoal(services, principal, ownerFor(principal, userId), input as never),
    }),
  }),
  updateGoal: t.field({
    type: GoalResult,
    description: 'Changes a goal; those who may act for others, one of any user of the tenant.',
    args: {
      goalId: t.arg.id({ required: true, description: 'Its id.' }),
      input: t.arg({ type: GoalChanges, required: true, description: 'The changes.' }),
    },
    resolve: async (_root, { goalId, input }, { services, principal }) => ({
      goal: await updateGoal(services, principal, parseGoalId(String(goalId)), input as never),
    }),
  }),
}));
