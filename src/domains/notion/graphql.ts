import { builder } from '../../graphql/builder.ts';
import type { KindStanding, MirrorStanding } from './desk.ts';
import type { MappedProperty, SourceState } from './tables.ts';

export const NotionKindEnum = builder.enumType('NotionKind', {
  description: 'What can be mirrored to Notion; see docs/notion.md.',
  values: {
    TASKS: { value: 'tasks', description: 'The queue of users’ tasks, one page a task.' },
    JOBS: { value: 'jobs', description: 'The job log, one page an attempt at a task.' },
    STATUS: { value: 'status', description: 'How the server stands, one page.' },
    FINANCE: { value: 'finance', description: 'What a day brought and cost, one page a day.' },
    INCIDENTS: { value: 'incidents', description: 'Alerts, one page each.' },
  } satisfies Record<string, { value: KindStanding['kind']; description: string }>,
});

const NotionStateEnum = builder.enumType('NotionMirrorState', {
  description: 'How the mirror of a kind stands.',
  values: {
    WAITING: {
      description: 'Its database in Notion was not looked at yet; `problem` says why, if that was tried.',
    },
    MIRRORING: { description: 'Rows go there.' },
    PARTIAL: {
      description:
        'Rows go there, but for properties that were deleted, or got a type that cannot hold them.',
    },
    BROKEN: {
      description:
        'Nothing goes there: the database is not there or not shared, or has nothing by which a page is found again. It is looked at again every minute.',
    },
  } satisfies Record<SourceState, { description: string }>,
});

const NotionPropertyRef = builder.objectRef<MappedProperty>('NotionMirrorProperty').implement({
  description: 'A property in Notion that a field goes to.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The field, such as status.' }),
    property: t.exposeString('name', {
      description: 'What the property is called there now. It may be renamed: it is known by its id.',
    }),
    propertyId: t.exposeString('id', { description: 'Its id there; empty where there is none.' }),
    type: t.exposeString('type', {
      description: 'Its type there, such as select; empty where there is none.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why nothing goes there; null: it does.',
    }),
  }),
});

const NotionKindRef = builder.objectRef<KindStanding>('NotionMirrorKind').implement({
  description: 'Something that is mirrored to a database in Notion.',
  fields: (t) => ({
    kind: t.expose('kind', { type: NotionKindEnum, description: 'What it is.' }),
    state: t.expose('state', { type: NotionStateEnum, description: 'How it stands.' }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'What is wrong with how it is set up; null: nothing is.',
    }),
    database: t.exposeString('database', {
      nullable: true,
      description: 'The title of its database in Notion; null where nobody saw it yet.',
    }),
    dataSourceId: t.exposeString('dataSourceId', {
      nullable: true,
      description: 'The id of its data source in Notion; null where nobody saw it yet.',
    }),
    properties: t.expose('properties', {
      type: [NotionPropertyRef],
      description: 'Where its fields go; those that are not listed go nowhere.',
    }),
    pages: t.exposeInt('pages', { description: 'Pages that it has there.' }),
    gone: t.exposeInt('gone', {
      description:
        'Pages that people deleted there, and that are not made again ("recreate" in NOTION_MIRROR).',
    }),
    waiting: t.exposeInt('waiting', { description: 'Pages in the outbox that wait to be written.' }),
    dead: t.exposeInt('dead', {
      description: 'Pages that were given up, as `deliveries` shows them; they are tried again after a day.',
    }),
    behindSeconds: t.exposeFloat('behindSeconds', {
      nullable: true,
      description: 'For how long Notion has not had all of it; null: it has.',
    }),
    lastWrittenAt: t.expose('lastWrittenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a page was last written; null: none was yet.',
    }),
    lastFailedAt: t.expose('lastFailedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a write last failed, within the last 30 days; null: none did.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why it failed then; null: none did.',
    }),
  }),
});

const NotionMirrorRef = builder.objectRef<MirrorStanding>('NotionMirror').implement({
  description: 'What is mirrored to Notion, and how that stands.',
  fields: (t) => ({
    kinds: t.expose('kinds', { type: [NotionKindRef], description: 'What the settings mirror.' }),
    removalsWaiting: t.exposeInt('removalsWaiting', {
      description: 'Pages of users who were erased that are still to leave Notion.',
    }),
    removalsDead: t.exposeInt('removalsDead', {
      description: 'Of these, pages that could not be removed and were given up; `deliveries` says why.',
    }),
  }),
});

builder.queryField('notionMirror', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: NotionMirrorRef,
    nullable: true,
    description: 'What is mirrored to Notion, and how that stands; null: nothing is (NOTION_MIRROR).',
    // A few kinds, read together.
    complexity: { field: 5, multiplier: 1 },
    resolve: (_root, _args, { services }) => services.notion.standing('client'),
  }),
);
