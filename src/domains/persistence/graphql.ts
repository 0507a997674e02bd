import type { Scope } from '../../access/principals.ts';
import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { ownerFor, scopeOf, seesInternals } from '../../ground/ownership.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { type FailureKind, type PersistenceCounters, UNWRITABLE } from './persistence.ts';

const Counters = builder.objectRef<PersistenceCounters>('PersistenceCounters').implement({
  description:
    'What became of the turns, those of the health check among them, counted since the data directory was made; survives restarts.',
  fields: (t) => ({
    attempted: t.exposeInt('attempted', { description: 'Turns that were accepted.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Turns that the database has taken.' }),
    failed: t.exposeInt('failed', {
      description:
        'Turns that are set apart, or were until they were discarded, because the database always refuses them.',
    }),
    replayed: t.exposeInt('replayed', { description: 'Turns that were sent again and had been stored.' }),
    journaled: t.exposeInt('journaled', {
      description: 'Turns that were acknowledged before the database had them.',
    }),
    recovered: t.exposeInt('recovered', {
      description: 'Of those, turns that the database has taken since.',
    }),
    vectorUpdates: t.exposeInt('vectorUpdates', { description: 'Vectors that were stored.' }),
  }),
});

interface JournalState {
  readonly depth: number;
  readonly oldestAgeMs: number | null;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly failure: string | null;
  readonly setApart: number;
}

const JournalStatus = builder.objectRef<JournalState>('JournalStatus').implement({
  description:
    "What waits on this server's local disk for the database. Where several servers share the database, each counts its own journal only; `persistence { journals }` has all of them, also those of servers that do not come back.",
  fields: (t) => ({
    depth: t.exposeInt('depth', { description: 'Entries that wait.' }),
    oldestAgeMs: t.exposeFloat('oldestAgeMs', {
      nullable: true,
      description: 'Age of the oldest one in milliseconds; null if none waits.',
    }),
    bytes: t.exposeFloat('bytes', { description: 'Bytes in use.' }),
    maxBytes: t.exposeFloat('maxBytes', {
      description: 'Bytes that may be in use; beyond, nothing is accepted.',
    }),
    setApart: t.exposeInt('setApart', {
      description:
        'Entries that are set apart because the database refuses them for good, and that nobody has discarded.',
    }),
    failure: t.exposeString('failure', {
      nullable: true,
      description:
        'Why the last write failed; null if it succeeded. Callers without METRICS are told only that it did.',
    }),
  }),
});

const PersistenceStatus = builder.objectRef<{ scope: Scope }>('PersistenceStatus').implement({
  description: 'How the promise to keep every turn stands.',
  fields: (t) => ({
    counters: t.field({
      type: Counters,
      description: 'Of the whole server that answers: all users, but no other server.',
      resolve: (_status, _args, { services }) => services.persistence.counters,
    }),
    journal: t.field({
      type: JournalStatus,
      description:
        'What waits for the database in the journal of the server that answers; of no other server.',
      resolve: (_status, _args, { services, principal }) => {
        const { oldestAt, failure, ...backlog } = services.store.backlog;
        return {
          ...backlog,
          failure: failure === null || seesInternals(principal) ? failure : UNWRITABLE,
          oldestAgeMs: oldestAt === null ? null : Date.now() - oldestAt,
        };
      },
    }),
  }),
});

export { PersistenceStatus as PersistenceStatusRef };

builder.queryField('persistence', (t) =>
  t.field({
    type: PersistenceStatus,
    description: 'How the promise to keep every turn stands.',
    args: {
      userId: t.arg.string({ description: 'Coverage of one user only, for those who may act for others.' }),
    },
    resolve: (_root, { userId }, { principal }) => ({
      scope: userId == null ? scopeOf(principal) : ownerFor(principal, userId),
    }),
  }),
);

interface Failure {
  readonly cursor: string;
  readonly at: Date;
  readonly turnId: string | null;
  readonly kind: FailureKind;
  readonly message: string;
  readonly turns: number;
  readonly attempts: number;
  readonly resolvedAt: string | null;
}

const FailureKindEnum = builder.enumType('PersistenceFailureKind', {
  description: 'What did not succeed at once.',
  values: {
    SAVE_DEFERRED: { description: 'The database did not take it in time; the journal keeps it.' },
    SAVE_REFUSED: { description: 'The database refuses it for good; it is set apart in the journal.' },
    VECTOR_DEFERRED: { description: 'Its vector could not be stored; it is tried again.' },
  } satisfies Record<FailureKind, { description: string }>,
});

const PersistenceFailure = builder.objectRef<Failure>('PersistenceFailure').implement({
  description: 'An attempt to store or vectorise that did not succeed at once, or the end of one.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    kind: t.field({
      type: FailureKindEnum,
      description: 'What did not succeed.',
      resolve: (failure) => failure.kind,
    }),
    turnId: t.exposeID('turnId', { nullable: true, description: 'The turn, or the first of several.' }),
    turns: t.exposeInt('turns', {
      description: 'How many turns of this user it was; failures within 100 ms are told together.',
    }),
    attempts: t.exposeInt('attempts', { description: 'Attempts so far.' }),
    message: t.exposeString('message', { description: 'More, for people.' }),
    resolvedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it succeeded after all; null while it has not.',
      resolve: (failure) => (failure.resolvedAt === null ? null : new Date(failure.resolvedAt)),
    }),
  }),
});

builder.subscriptionField('persistenceFailures', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: PersistenceFailure,
    description:
      'Failures to store or vectorise as they happen and as they end; told at once, even while the database is away.',
    args: {
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, args, ctx) => endable((signal) => failures(ctx, args, signal)),
    resolve: (failure) => failure,
  }),
);

async function* failures(
  { services, principal, onOverflow }: Context,
  args: SubscriptionArguments,
  signal: AbortSignal,
) {
  for await (const { cursor, at, turnId, payload } of follow(
    services.events,
    principal,
    'persistence_failure',
    args,
    { signal, onOverflow },
  )) {
    yield { ...(payload as unknown as Omit<Failure, 'cursor' | 'at' | 'turnId'>), cursor, at, turnId };
  }
}
