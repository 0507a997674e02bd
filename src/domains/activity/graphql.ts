import { parseCursor } from '../../events/cursor.ts';
import type { Place } from '../../events/event.ts';
import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { ACTIVITY_KINDS, type ActivityLevel } from '../../ground/activity.ts';
import { endable, follow, RESUME_AFTER } from '../../ground/subscriptions.ts';
import type { ActivityLine } from './activity.ts';
import { activityPage, type StoredActivity, seesServer, type ToldActivity } from './reads.ts';

const ActivityLevelEnum = builder.enumType('ActivityLevel', {
  description: 'How much somebody should care.',
  values: {
    INFO: { description: 'As it should be.' },
    WARNING: { description: 'Goes on, but not as it should.' },
    ERROR: { description: 'Did not succeed.' },
  } satisfies Record<ActivityLevel, { description: string }>,
});

const KINDS = Object.entries(ACTIVITY_KINDS).map(([kind, words]) => `${kind} (${words})`);

const ActivityRef = builder.objectRef<ToldActivity>('Activity').implement({
  description:
    'Something that the server did or met, in its own words: never a text of a user or of a model. The last month is kept, 50,000 lines at most.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', {
      description: 'The subscription `activity` goes on right after this one with its argument `after`.',
    }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    kind: t.exposeString('kind', {
      description: `What happened; there may come more kinds: ${KINDS.join(', ')}.`,
    }),
    subject: t.exposeString('subject', {
      nullable: true,
      description:
        'What it is about: the id of a task, or the name of what goes round, of an alert; null where one line stands for several, or there is nothing to name.',
    }),
    message: t.exposeString('message', {
      description: 'More, for people. Where the line stands for several, that of the latest.',
    }),
    level: t.field({
      type: ActivityLevelEnum,
      description: 'How much somebody should care.',
      resolve: ({ level }) => level,
    }),
    count: t.exposeInt('count', {
      description: 'How many alike it stands for, which came within some seconds.',
    }),
  }),
});

const newestFirst: CursorFormat<StoredActivity, Place> = {
  encode: ({ cursor }) => cursor,
  decode: (cursor) => {
    const position = parseCursor(cursor);
    return position && position.told.length === 0 ? position : null;
  },
};

const WHO =
  'A caller sees what is done for them; who may act for others, all of the tenant; admins, also what the server does of itself.';

builder.queryField('activity', (t) =>
  t.connection(
    {
      type: ActivityRef,
      description: `What the server did and met, newest first. ${WHO} What came within the last moments may be missing here while a transaction is open; the subscription tells it. A page beside a line that is no longer kept is refused with CURSOR_EXPIRED, whose extension \`cursor\` is the oldest one that works.`,
      resolve: (_root, args, { services, principal }) =>
        connect(args, newestFirst, (page) => activityPage(services.db, principal, page)),
    },
    { name: 'ActivityConnection' },
    { name: 'ActivityEdge' },
  ),
);

const ActivityAdded = builder
  .objectRef<{ cursor: string; at: Date; activity: ToldActivity }>('ActivityAdded')
  .implement({
    description: 'The server did or met something.',
    fields: (t) => ({
      cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
      at: t.expose('at', { type: 'DateTime', description: 'When.' }),
      activity: t.expose('activity', { type: ActivityRef, description: 'What.' }),
    }),
  });

builder.subscriptionField('activity', (t) =>
  t.field({
    type: ActivityAdded,
    description: `What the server does and meets, told at once, even while the database is away. ${WHO}`,
    args: {
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, args, context) => endable((signal) => told(context, args, signal)),
    resolve: (added) => added,
  }),
);

async function* told(
  { services, principal, onOverflow }: Context,
  args: { readonly after?: string | null | undefined },
  signal: AbortSignal,
) {
  const watch = { signal, onOverflow, ofServer: seesServer(principal) };
  for await (const { cursor, at, payload } of follow(services.events, principal, 'activity', args, watch)) {
    const line = payload as unknown as ActivityLine;
    yield { cursor, at, activity: { ...line, cursor, at } };
  }
}
