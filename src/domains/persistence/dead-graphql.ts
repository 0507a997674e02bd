import { IdempotencyKeyReused, InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import {
  type DeadTurn,
  type DeadTurns,
  DISCARDED_DAYS,
  deadScopeOf,
  discardDeadEntry,
  findDeadEntry,
  listDeadEntries,
  type RetriedEntry,
  readDeadEntry,
  retryDeadEntry,
} from './dead-entries.ts';

const SEQ = 'Its number in the journal of the server that answers.';

const DeadJournalEntry = builder.objectRef<DeadTurns>('DeadJournalEntry').implement({
  description:
    'Turns that were acknowledged and that the database refuses for good: set apart in the journal of the server that answers. What was said is in `deadJournalEntryTurns`.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: SEQ }),
    reason: t.exposeString('reason', {
      description: 'Why they were refused, the last time that they were tried.',
    }),
    setApartAt: t.expose('setApartAt', {
      type: 'DateTime',
      description: 'When they were set apart, the last time.',
    }),
    acceptedAt: t.expose('acceptedAt', {
      type: 'DateTime',
      description: 'When they were accepted; of entries of an earlier version, when they were set apart.',
    }),
    discardedAt: t.expose('discardedAt', {
      type: 'DateTime',
      nullable: true,
      description: `When somebody gave them up: ${DISCARDED_DAYS} days later they are deleted. Null: nobody has, and they are kept.`,
    }),
    userId: t.string({
      description: 'Whose turns they are.',
      // Entries of which that is not known are the operator's.
      resolve: ({ owner }) => owner?.userId ?? '',
    }),
    conversationId: t.exposeString('conversationId', { nullable: true, description: 'Their conversation.' }),
    turnIds: t.exposeIDList('turnIds', { description: 'Their ids.' }),
    bytes: t.exposeInt('bytes', { description: 'Size of the entry in bytes.' }),
  }),
});

const DeadTurnRef = builder.objectRef<DeadTurn>('DeadTurn').implement({
  description: 'A turn that is set apart.',
  fields: (t) => ({
    turnId: t.exposeID('turnId', { description: 'Its id.' }),
    timestamp: t.field({
      type: 'DateTime',
      description: 'When it was said.',
      resolve: ({ timestamp }) => new Date(timestamp),
    }),
    query: t.exposeString('query', { description: 'What the user said.' }),
    response: t.exposeString('response', { description: 'What was answered.' }),
  }),
});

builder.queryFields((t) => ({
  deadJournalEntries: t.connection(
    {
      type: DeadJournalEntry,
      description:
        "What is set apart of the tenant's turns in the journal of the server that answers, oldest first. Only for admins; entries that are damaged, so that nobody knows whose they are, are shown by `npm run journal` only.",
      resolve: async (_root, args, { services, principal }) => {
        const scope = deadScopeOf(principal);
        return connect(
          args,
          numberCursor<DeadTurns>(({ seq }) => seq),
          async ({ after, before, limit, inverted }) => {
            const all = (await listDeadEntries(services, scope)).filter(
              ({ seq }) => seq > (after ?? 0) && seq < (before ?? Number.POSITIVE_INFINITY),
            );
            return (inverted ? all.reverse() : all).slice(0, limit);
          },
        );
      },
    },
    { name: 'DeadJournalEntryConnection' },
    { name: 'DeadJournalEntryEdge' },
  ),
  deadJournalEntry: t.field({
    type: DeadJournalEntry,
    nullable: true,
    description: 'One entry that is set apart; null: there is none of this number. Only for admins.',
    args: { seq: t.arg.int({ required: true, description: SEQ }) },
    resolve: (_root, { seq }, { services, principal }) =>
      findDeadEntry(services, deadScopeOf(principal), seq).catch((error: unknown) => {
        if (error instanceof NotFound) return null;
        throw error;
      }),
  }),
  deadJournalEntryTurns: t.field({
    type: [DeadTurnRef],
    description:
      'What was said in an entry that is set apart, at most 500 turns. Only for admins, and each reading is in the audit log.',
    args: { seq: t.arg.int({ required: true, description: SEQ }) },
    resolve: async (_root, { seq }, { services, principal }) => [
      ...(await readDeadEntry(services, deadScopeOf(principal), principal, seq)),
    ],
  }),
}));

const RetryOutcome = builder.enumType('DeadJournalEntryOutcome', {
  description: 'What became of turns that were tried again.',
  values: {
    STORED: { description: 'The database has them, each once.' },
    REFUSED: {
      description: 'The database refuses them still; they are set apart as before, with the newer reason.',
    },
    WAITING: {
      description:
        'They wait in the journal: the database is away, or slow. They are stored when it takes them.',
    },
  } satisfies Record<RetriedEntry['outcome'], { description: string }>,
});

const RetrySuccess = builder.objectRef<RetriedEntry>('RetryDeadJournalEntrySuccess').implement({
  description: 'The entry was tried again.',
  fields: (t) => ({
    outcome: t.field({
      type: RetryOutcome,
      description: 'What became of it.',
      resolve: ({ outcome }) => outcome,
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: 'Why it was refused; null: it was not.',
    }),
  }),
});

const DiscardSuccess = builder.objectRef<{ entry: DeadTurns }>('DiscardDeadJournalEntrySuccess').implement({
  description: 'The entry is discarded.',
  fields: (t) => ({ entry: t.expose('entry', { type: DeadJournalEntry, description: 'As it is now.' }) }),
});

builder.mutationFields((t) => ({
  retryDeadJournalEntry: t.field({
    type: RetrySuccess,
    description:
      'Tries turns again that are set apart, when what made the database refuse them is mended. Stored turns are there once, however often they are sent or tried. Only for admins.',
    errors: { types: [InvalidInput, NotFound, IdempotencyKeyReused] },
    args: { seq: t.arg.int({ required: true, description: SEQ }) },
    resolve: (_root, { seq }, { services, principal }) =>
      retryDeadEntry(services, deadScopeOf(principal), seq),
  }),
  discardDeadJournalEntry: t.field({
    type: DiscardSuccess,
    description: `Gives turns up that are set apart: they raise no alert any more, and are deleted ${DISCARDED_DAYS} days later. Until then they can be tried again. Only for admins.`,
    errors: { types: [InvalidInput, NotFound] },
    args: { seq: t.arg.int({ required: true, description: SEQ }) },
    resolve: async (_root, { seq }, { services, principal }) => ({
      entry: await discardDeadEntry(services, deadScopeOf(principal), seq),
    }),
  }),
}));
