import { InvalidInput } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { requireOperator } from '../../ground/ownership.ts';
import type { KindStanding, MirrorStanding } from './desk.ts';
import type { FuturePage, Preview } from './preview.ts';
import type { FutureTask } from './requests.ts';
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
    dryRun: t.exposeBoolean('isDryRun', {
      description: 'Whether nothing is written (NOTION_DRY_RUN); `notionPreview` shows what would be.',
    }),
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

const MAX_PREVIEW = 100;

const NotionActionEnum = builder.enumType('NotionPreviewAction', {
  description: 'What would become of a page.',
  values: {
    CREATE: { description: 'It would be made.' },
    UPDATE: { description: 'It is there, and would be changed.' },
  } satisfies Record<FuturePage['action'], { description: string }>,
});

const NotionValueRef = builder.objectRef<FuturePage['values'][number]>('NotionPreviewValue').implement({
  description: 'What a property of a page would say.',
  fields: (t) => ({
    property: t.exposeString('property', { description: 'The property, as it is called in Notion now.' }),
    value: t.exposeString('value', { nullable: true, description: 'What it would say; null: nothing.' }),
  }),
});

const NotionFuturePageRef = builder.objectRef<FuturePage>('NotionPreviewPage').implement({
  description: 'A page that would be written.',
  fields: (t) => ({
    externalId: t.exposeString('externalId', { description: 'By which Notion knows it.' }),
    action: t.expose('action', { type: NotionActionEnum, description: 'What would become of it.' }),
    pageId: t.exposeString('pageId', {
      nullable: true,
      description: 'Its id in Notion; null: it is not there.',
    }),
    values: t.expose('values', { type: [NotionValueRef], description: 'What it would say.' }),
  }),
});

const NotionFutureTaskRef = builder.objectRef<FutureTask>('NotionPreviewTask').implement({
  description: 'A page that people set to be ready.',
  fields: (t) => ({
    pageId: t.exposeString('pageId', { description: 'Its id in Notion.' }),
    type: t.exposeString('type', {
      nullable: true,
      description: 'The type of the task that it would become; null: of none.',
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of that task; null: it would become none.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'What it would be told; null: nothing.',
    }),
  }),
});

const NotionPreviewRef = builder.objectRef<Preview>('NotionPreview').implement({
  description: 'What would be written to Notion now.',
  fields: (t) => ({
    kind: t.expose('kind', { type: NotionKindEnum, description: 'Of what.' }),
    state: t.expose('state', { type: NotionStateEnum, description: 'How its database was found just now.' }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'What is wrong with that; null: nothing is.',
    }),
    properties: t.expose('properties', {
      type: [NotionPropertyRef],
      description: 'Where its fields would go.',
    }),
    pages: t.expose('pages', {
      type: [NotionFuturePageRef],
      description: 'Pages that would be written, the oldest first.',
    }),
    more: t.exposeBoolean('isMore', { description: 'Whether there are more pages than these.' }),
    tasks: t.expose('tasks', {
      type: [NotionFutureTaskRef],
      description: 'Pages that would become tasks, or be told why not.',
    }),
  }),
});

builder.queryField('notionPreview', (t) =>
  t.field({
    authScopes: { permission: 'ADMIN' },
    type: NotionPreviewRef,
    description:
      'A dry run: what would be written to Notion of a kind now. Notion is only asked, within 30 seconds, and nothing is stored. Only for admins of the tenant that runs the server, for it shows rows of all; NOT_CONFIGURED where nothing is mirrored.',
    args: {
      kind: t.arg({ type: NotionKindEnum, required: true, description: 'Of what.' }),
      first: t.arg.int({ defaultValue: 20, description: `How many pages, 1 to ${MAX_PREVIEW}.` }),
    },
    complexity: { field: 10, multiplier: 5 },
    resolve: (_root, { kind, first }, { services, principal }) => {
      requireOperator(principal);
      const count = first ?? 20;
      if (count < 1 || count > MAX_PREVIEW)
        throw new InvalidInput('first', `must be from 1 to ${MAX_PREVIEW}`);
      return services.notion.preview(kind, count);
    },
  }),
);
