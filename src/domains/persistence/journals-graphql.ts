import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { seesInternals } from '../../ground/ownership.ts';
import { giveUpJournal } from './give-up.ts';
import { PersistenceStatusRef } from './graphql.ts';
import type { JournalState, KnownJournal } from './journals.ts';

const State = builder.enumType('ServerJournalState', {
  description: 'Whether somebody drains a journal.',
  values: {
    ALIVE: { description: 'Its server was heard of lately, and drains it.' },
    STOPPED: { description: 'Its server ended as it should; what it left waits until it starts again.' },
    GONE: {
      description:
        'Its server was not heard of for as long as SERVER_LEASE_MS says, and did not say that it ended: turns may wait in it that nobody drains.',
    },
    GIVEN_UP: { description: 'Somebody said that nobody will bring it back.' },
  } satisfies Record<JournalState, { description: string }>,
});

const ServerJournal = builder.objectRef<KnownJournal>('ServerJournal').implement({
  description: 'The journal of one data directory, which keeps turns for this database while that is away.',
  fields: (t) => ({
    journalId: t.exposeID('journalId', { description: 'It stays with the data directory.' }),
    state: t.field({
      type: State,
      description: 'Whether somebody drains it.',
      resolve: ({ state }) => state,
    }),
    isOwn: t.exposeBoolean('isOwn', { description: 'It is that of the server that answers.' }),
    host: t.string({
      nullable: true,
      description: 'The machine that it is on. Only for admins.',
      resolve: ({ host }, _args, { principal }) => (seesInternals(principal) ? host : null),
    }),
    directory: t.string({
      nullable: true,
      description: 'The data directory, as that machine names it. Only for admins.',
      resolve: ({ directory }, _args, { principal }) => (seesInternals(principal) ? directory : null),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When its server started last.' }),
    seenAt: t.expose('seenAt', { type: 'DateTime', description: 'When its server was last heard of.' }),
    stoppedAt: t.expose('stoppedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its server ended as it should, or it was given up; null: neither.',
    }),
    depth: t.exposeInt('depth', { description: 'Entries that waited in it then.' }),
    setApart: t.exposeInt('setApart', {
      description: 'Entries that were set apart in it then, and that nobody had discarded.',
    }),
    oldestAgeMs: t.float({
      nullable: true,
      description: 'Age in milliseconds of the oldest entry that waited in it then; null: none did.',
      resolve: ({ oldestAt }) => (oldestAt === null ? null : Date.now() - oldestAt.getTime()),
    }),
  }),
});

builder.objectField(PersistenceStatusRef, 'journals', (t) =>
  t.field({
    type: [ServerJournal],
    nullable: true,
    authScopes: { permission: 'METRICS' },
    description:
      'The journals of all servers that keep turns for this database, the oldest first; one that was stopped with nothing in it for a week. Null: the database does not answer.',
    resolve: async (_status, _args, { services }) => {
      const known = await services.availability.tolerate(() => services.journals.list(), null);
      return known && [...known];
    },
  }),
);

const GiveUpSuccess = builder.objectRef<{ journal: KnownJournal }>('GiveUpJournalSuccess').implement({
  description: 'The journal is given up.',
  fields: (t) => ({ journal: t.expose('journal', { type: ServerJournal, description: 'As it is now.' }) }),
});

builder.mutationField('giveUpJournal', (t) =>
  t.field({
    type: GiveUpSuccess,
    description:
      'Says that nobody will bring back the journal of a server that is gone: it raises no alert any more. Its file is not touched; a server that is started on its data directory brings its turns all the same. Only for admins.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      journalId: t.arg.id({ required: true, description: 'Its id, of `persistence { journals }`.' }),
    },
    resolve: async (_root, { journalId }, { services, principal }) => ({
      journal: await giveUpJournal(services, principal, String(journalId)),
    }),
  }),
);
