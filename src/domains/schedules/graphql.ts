import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect, timePosition } from '../../graphql/connections.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { AutonomousTaskRef, loadTask } from '../tasks/graphql.ts';
import { MAX_AT_ONCE } from './outcomes.ts';
import { lastSlots, type ShownSlot, schedulesByName, slotPage, slotsOfTasks } from './reads.ts';
import { listSchedules, setSchedulePaused, triggerSchedule } from './schedules.ts';
import type { MissedPolicy, ScheduleRow, SlotState } from './tables.ts';

const MissedPolicyEnum = builder.enumType('MissedPolicy', {
  description:
    'What becomes of slots at which no server was there: none ran, or it had no database, or came more than five minutes late.',
  values: {
    SKIP: { description: 'They make no task.' },
    RUN_ONCE: { description: 'The latest of them makes one task, for all of them.' },
    RUN_ALL: {
      description: `Each makes its task, one after the other, the oldest first; of more than ${MAX_AT_ONCE} the latest ${MAX_AT_ONCE}. Slots that come meanwhile join them.`,
    },
  } satisfies Record<MissedPolicy, { description: string }>,
});

const SlotStateEnum = builder.enumType('SlotState', {
  description: 'What became of a slot.',
  values: {
    PLANNED: { description: 'It comes, or was missed and waits for those before it.' },
    RUN: { description: 'It made its task.' },
    MISSED: { description: 'No server was there, and it makes no task.' },
    SKIPPED: { description: 'It made no task: the schedule was paused, or an earlier task was unfinished.' },
  } satisfies Record<SlotState, { description: string }>,
});

const ScheduleSlotRef = builder.objectRef<ShownSlot>('ScheduleSlot').implement({
  description: 'A moment at which a schedule makes a task; each is decided once, on whichever server.',
  fields: (t) => ({
    slotAt: t.expose('slotAt', { type: 'DateTime', description: 'When.' }),
    state: t.field({ type: SlotStateEnum, description: 'What became of it.', resolve: ({ state }) => state }),
    note: t.exposeString('note', {
      nullable: true,
      description: 'Why it made no task; null: it did, or may.',
    }),
    task: t.field({
      type: AutonomousTaskRef,
      nullable: true,
      description: 'Its task; null: it made none, or that is no longer kept.',
      resolve: ({ taskId }, _args, context) => (taskId === null ? null : loadTask(context, taskId)),
    }),
  }),
});

const latestFirst: CursorFormat<ShownSlot, Date> = {
  encode: ({ slotAt }) => String(slotAt.getTime()),
  decode: (cursor) => (/^-?\d{1,15}$/.test(cursor) ? (timePosition(Number(cursor), 0)?.at ?? null) : null),
};

const ScheduleRef = builder.objectRef<ScheduleRow>('Schedule').implement({
  description:
    'When a kind of task is made by the server itself; its tasks are created by its name. Seen by admins only.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    taskType: t.exposeString('taskType', { description: 'Of which type its tasks are.' }),
    cron: t.exposeString('cron', {
      description:
        'Minute, hour, day of the month, month and day of the week of its slots. Hours and minutes that it names come once a day: what summer time leaves out comes at the end of the gap, what comes twice counts the first time. With `*` or a step slots follow real time.',
    }),
    timeZone: t.exposeString('timeZone', { description: 'Whose time that is (IANA).' }),
    missedPolicy: t.field({
      type: MissedPolicyEnum,
      description: 'What becomes of slots at which no server was there.',
      resolve: ({ missed }) => missed,
    }),
    paused: t.exposeBoolean('paused', { description: 'Whether its slots make no tasks until it goes on.' }),
    declared: t.boolean({
      description: 'Whether the version that answers has a job for it; else it only shows what was.',
      resolve: ({ name }, _args, { services }) => services.schedules.declared.has(name),
    }),
    lastSlot: t.field({
      type: ScheduleSlotRef,
      nullable: true,
      description: 'Its latest slot that is decided; null: none is.',
      resolve: ({ name }, _args, { loader, services }) =>
        loader({ name: 'last slots', load: (names) => lastSlots(services.db, names), key: name }),
    }),
    nextSlotAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its next task is made; null: none is, because it is paused or no longer declared.',
      resolve: (row, _args, { services }) => services.schedules.nextSlot(row),
    }),
    slots: t.connection(
      {
        type: ScheduleSlotRef,
        description: 'Its slots, latest first: the next one, and the last thousand.',
        resolve: (row, args, { services }) => {
          const planned = services.schedules.nextSlot(row);
          return connect(args, latestFirst, (page) => slotPage(services.db, row.name, planned, page));
        },
      },
      { name: 'ScheduleSlotConnection' },
      { name: 'ScheduleSlotEdge' },
    ),
  }),
});

builder.objectField(AutonomousTaskRef, 'schedule', (t) =>
  t.field({
    type: ScheduleRef,
    nullable: true,
    description: 'The schedule that made it; null: none did.',
    resolve: ({ userId, createdBy }, _args, { loader, services }) =>
      userId !== null
        ? null
        : loader({
            name: 'schedules',
            load: (names) => schedulesByName(services.db, names),
            key: createdBy,
          }),
  }),
);

builder.objectField(AutonomousTaskRef, 'slotAt', (t) =>
  t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'The slot of its schedule that made it. Null: no schedule made it, somebody triggered the schedule, or the slot is no longer kept (the latest 1,000 are).',
    resolve: ({ id, userId }, _args, { loader, services }) =>
      userId !== null
        ? null
        : loader({ name: 'slots of tasks', load: (ids) => slotsOfTasks(services.db, ids), key: id }),
  }),
);

builder.queryField('schedules', (t) =>
  t.field({
    type: [ScheduleRef],
    description: 'When the server does something by itself; only for admins.',
    resolve: (_root, _args, { services, principal }) => listSchedules(services, principal),
  }),
);

const ScheduleSuccess = builder.objectRef<{ schedule: ScheduleRow }>('ScheduleSuccess').implement({
  description: 'The schedule is set.',
  fields: (t) => ({ schedule: t.expose('schedule', { type: ScheduleRef, description: 'As it is now.' }) }),
});

const NAME = 'Its name.';

builder.mutationFields((t) => ({
  triggerSchedule: t.field({
    type: CreateTaskResult,
    description:
      'Makes a task of a schedule now, beside its slots, also while it is paused; not while one of its tasks is unfinished. Only for admins of the tenant that runs the server.',
    args: { name: t.arg.string({ required: true, description: NAME }) },
    resolve: async (_root, { name }, { services, principal }) => ({
      task: await triggerSchedule(services, principal, name),
    }),
  }),
  setSchedulePaused: t.field({
    type: ScheduleSuccess,
    description:
      'Pauses a schedule, or lets it go on. Slots that come while it is paused are skipped, and are not made up. Only for admins of the tenant that runs the server.',
    errors: {
      types: [InvalidInput, NotFound],
      union: {
        name: 'ScheduleResult',
        description: 'The success of setting a schedule, or one of the failures that a caller may expect.',
      },
    },
    args: {
      name: t.arg.string({ required: true, description: NAME }),
      paused: t.arg.boolean({ required: true, description: 'False: it goes on.' }),
    },
    resolve: async (_root, { name, paused }, { services, principal }) => ({
      schedule: await setSchedulePaused(services, principal, { name, paused }),
    }),
  }),
}));
