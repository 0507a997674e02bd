import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { InteractionRef, loadInteraction } from '../interactions/graphql.ts';
import { parseFactId, parseTextConditions } from './by-hand.ts';
import { CHANGES_SHOWN, changesOf, SOURCES_SHOWN, sourcesOf } from './history.ts';
import { factPage } from './list.ts';
import { factsById, factsByNumber, SUPERSEDED_SHOWN, successorsOf, supersededBy } from './reads.ts';
import type {
  FACT_CATEGORIES,
  FACT_CHANGE_KINDS,
  FACT_ORIGINS,
  FACT_STATUSES,
  FactChangeRow,
  FactRow,
  FactSourceRow,
} from './tables.ts';

const values = <T extends string>(descriptions: Readonly<Record<T, string>>) =>
  Object.fromEntries(
    Object.entries<string>(descriptions).map(([name, description]) => [name, { description }]),
  ) as Record<T, { description: string }>;

export const FactStatusEnum = builder.enumType('FactStatus', {
  description: 'Whether a fact holds.',
  values: values<(typeof FACT_STATUSES)[number]>({
    ACTIVE: 'It holds, as far as is known.',
    SUPERSEDED: 'Something that was said later, or a correction, took its place; kept as history.',
    RETRACTED: 'It was taken back, by a person, by undoing, or with all that it was said in.',
  }),
});

export const FactCategoryEnum = builder.enumType('FactCategory', {
  description: 'What a fact is about.',
  values: values<(typeof FACT_CATEGORIES)[number]>({
    IDENTITY: 'Name, age, birthday, body measures and the like.',
    PLACE: 'Where somebody lives or comes from.',
    WORK: 'Work and education.',
    RELATION: 'Family, partners, friends.',
    PREFERENCE: 'What somebody likes, dislikes or prefers.',
    POSSESSION: 'What somebody has, pets among it.',
    HEALTH: 'Allergies, conditions, medication.',
    PLAN: 'What is intended or due.',
    SKILL: 'What somebody can do, languages among it.',
    EVENT: 'What happened.',
    OTHER: 'Anything else.',
  }),
});

export const FactOriginEnum = builder.enumType('FactOrigin', {
  description: 'Who found a fact.',
  values: values<(typeof FACT_ORIGINS)[number]>({
    RULES: 'Rules, without a model.',
    MODEL: 'A language model.',
    PERSON: 'A person entered it; nothing that is extracted supersedes it.',
  }),
});

export const FactChangeKindEnum = builder.enumType('FactChangeKind', {
  description: 'What happened to a fact.',
  values: values<(typeof FACT_CHANGE_KINDS)[number]>({
    ADDED: 'It was not known before.',
    MERGED: 'It was said once more.',
    SUPERSEDED: 'Something that excludes it was said later, or what did so changed.',
    REINSTATED: 'It holds again: what had superseded it does not stand any more.',
    RETRACTED: 'A person took it back, or all that it was said in was deleted.',
    CORRECTED: 'Something was said, or entered, in its place.',
    UNDONE: 'Changes of it were undone.',
  }),
});

export const FactRef = builder.objectRef<FactRow>('Fact');

export const FactSourceFieldEnum = builder.enumType('FactSourceField', {
  description: 'A side of a turn.',
  values: {
    QUERY: { value: 'query', description: 'What was said first.' },
    RESPONSE: { value: 'response', description: 'What was said to it.' },
  } as const,
});

export const FactSourceRef = builder.objectRef<FactSourceRow>('FactSource').implement({
  description: 'Where a fact was said.',
  fields: (t) => ({
    interaction: t.field({
      type: InteractionRef,
      nullable: true,
      description:
        'The turn that it was said in; null: a picture shows it (`media`), or it was entered by hand.',
      resolve: ({ turnId }, _args, context) => (turnId === null ? null : loadInteraction(context, turnId)),
    }),
    field: t.expose('field', {
      type: FactSourceFieldEnum,
      nullable: true,
      description: 'Which side of the turn said it; null: no turn did.',
    }),
    quote: t.exposeString('quote', {
      description: 'The words, to the letter; of a picture, what is known of it.',
    }),
    start: t.exposeInt('startsAt', {
      description: 'Where the quote begins in its text, in Unicode code points.',
    }),
    end: t.exposeInt('endsAt', { description: 'Where it ends.' }),
    saidAt: t.expose('saidAt', { type: 'DateTime', description: 'When it was said, or the picture taken.' }),
  }),
});

export const FactChangeRef = builder.objectRef<FactChangeRow>('FactChange').implement({
  description: 'A change of a fact.',
  fields: (t) => ({
    changeId: t.exposeID('changeId', { description: 'Its id, by which it can be undone.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    kind: t.expose('kind', { type: FactChangeKindEnum, description: 'What happened.' }),
    by: t.exposeString('by', { description: 'A user, or the name of what learned it.' }),
    runId: t.exposeID('runId', {
      nullable: true,
      description: 'The run that made it; null: it was made by hand.',
    }),
    fact: t.field({
      type: FactRef,
      description: 'The fact, as it is now.',
      complexity: { field: 2, multiplier: 2 },
      resolve: async ({ fact }, _args, context) => (await loadFact(context, fact)) as FactRow,
    }),
    undone: t.exposeBoolean('undone', { description: 'Whether it was undone.' }),
  }),
});

/** A fact by the number of its row through the operation's batch. */
export const loadFact = ({ loader, services, principal }: Context, number: number) =>
  loader({
    name: 'fact by number',
    load: (numbers: readonly number[]) => factsByNumber(services.db, principal.tenantId, numbers),
    key: number,
  });

builder.node(FactRef, {
  description:
    'Something that is known of somebody: said in turns, which it names word for word, or entered by hand.',
  id: { resolve: ({ factId }) => factId },
  loadMany: (ids, { services, principal }) =>
    factsById(
      services.db,
      scopeOf(principal),
      ids.map((factId) => parseFactId(factId)),
    ),
  fields: (t) => ({
    factId: t.exposeID('factId', { description: 'Its id.' }),
    userId: t.exposeString('userId', { description: 'Whose memory it is in.' }),
    statement: t.exposeString('statement', {
      description: 'In words: “user lives in Lisbon”; empty if all that it was said in was deleted.',
    }),
    subject: t.exposeString('subject', {
      description: 'Of whom; the owner of the memory is `user`, others are called by name.',
    }),
    predicate: t.exposeString('predicate', { description: 'What is said, such as `lives_in`.' }),
    object: t.exposeString('object', { description: 'Of what: “Lisbon”.' }),
    category: t.expose('category', { type: FactCategoryEnum, description: 'What it is about.' }),
    negated: t.exposeBoolean('negated', { description: 'It is not so: “user does not live in Lisbon”.' }),
    confidence: t.exposeFloat('confidence', {
      description: 'How sure it is, 0 to 1; more sources make it surer.',
    }),
    status: t.expose('status', { type: FactStatusEnum, description: 'Whether it holds.' }),
    origin: t.expose('origin', { type: FactOriginEnum, description: 'Who found it.' }),
    validFrom: t.expose('validFrom', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is true in the world; null: nobody said.',
    }),
    validUntil: t.expose('validUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it was true in the world; null: nobody said, or it still is.',
    }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime', description: 'When it became known here.' }),
    retiredAt: t.expose('retiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was superseded or retracted; null: it holds.',
    }),
    sources: t.field({
      type: [FactSourceRef],
      description: `Where it was said, the latest first; at most ${SOURCES_SHOWN}.`,
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'sources of a fact',
          load: (facts: readonly number[]) => sourcesOf(services.db, principal.tenantId, facts),
          key: id,
        }),
    }),
    supersedes: t.field({
      type: [FactRef],
      description: `What it took the place of, oldest first; at most ${SUPERSEDED_SHOWN}.`,
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'facts superseded',
          load: (facts: readonly number[]) => supersededBy(services.db, principal.tenantId, facts),
          key: id,
        }),
    }),
    supersededBy: t.field({
      type: FactRef,
      nullable: true,
      description: 'What took its place; null: nothing did.',
      complexity: { field: 1, multiplier: 2 },
      resolve: ({ id, supersededBy: by }, _args, { loader, services, principal }) =>
        by === null
          ? null
          : loader({
              name: 'successor of a fact',
              load: (facts: readonly number[]) => successorsOf(services.db, principal.tenantId, facts),
              key: id,
            }),
    }),
    changes: t.field({
      type: [FactChangeRef],
      description: `How it changed, newest first; the latest ${CHANGES_SHOWN}.`,
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'changes of a fact',
          load: (facts: readonly number[]) => changesOf(services.db, principal.tenantId, facts),
          key: id,
        }),
    }),
  }),
});

const FactFilter = builder.inputType('FactFilter', {
  description: 'Which facts; all conditions must hold.',
  fields: (t) => ({
    text: t.string({ description: 'Words that it must have, in any of their forms.' }),
    category: t.field({ type: FactCategoryEnum, description: 'Only of this category.' }),
    subject: t.string({ description: 'Only of this one; `user` is the owner of the memory.' }),
    status: t.field({
      type: FactStatusEnum,
      description: 'Absent: ACTIVE, unless `asOf` or `recordedAsOf` says at which instant; null: all.',
    }),
    origin: t.field({ type: FactOriginEnum, description: 'Only found by these.' }),
    conversationId: t.string({ description: 'Only those that were said in this conversation.' }),
    asOf: t.field({ type: 'DateTime', description: 'Only what was true in the world at this instant.' }),
    recordedAsOf: t.field({ type: 'DateTime', description: 'Only what was held to be so at this instant.' }),
    userId: t.string({ description: 'Whose, for those who may act for others; absent: the caller’s own.' }),
  }),
});

const newestFirst = numberCursor<FactRow>((fact) => fact.id);

export const FactConnection = builder.connectionObject(
  { type: FactRef, name: 'FactConnection' },
  { name: 'FactEdge' },
);

builder.queryFields((t) => ({
  facts: t.connection(
    {
      type: FactRef,
      description: 'Facts in one user’s memory, what was recorded last first.',
      args: { filter: t.arg({ type: FactFilter, description: 'Which facts.' }) },
      resolve: (_root, args, { services, principal }) => {
        const { userId, status, ...conditions } = args.filter ?? {};
        const owner = ownerFor(principal, userId, 'filter.userId');
        parseTextConditions(conditions);
        const isDated = conditions.asOf != null || conditions.recordedAsOf != null;
        const wanted = status === undefined && !isDated ? 'ACTIVE' : status;
        return connect(args, newestFirst, (page) =>
          factPage(services.db, owner, { ...conditions, status: wanted }, page),
        );
      },
    },
    FactConnection,
  ),
  fact: t.field({
    type: FactRef,
    nullable: true,
    description: 'One fact; null if it does not exist for this caller.',
    args: { factId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { factId }, { loader, services, principal }) =>
      loader({
        name: 'fact by id',
        load: (ids: readonly string[]) => factsById(services.db, scopeOf(principal), ids),
        key: parseFactId(String(factId)),
      }),
  }),
}));
