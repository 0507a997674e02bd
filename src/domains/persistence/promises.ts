import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Replica } from '../../db/replica.ts';
import { type Bound, defineAlert, definePromise, lookAt, type Standing } from '../../ground/promise.ts';
import type { TurnStore } from '../interactions/store.ts';
import { describeJournal, type Journals, type KnownJournal } from './journals.ts';
import { type Persistence, UNWRITABLE } from './persistence.ts';

interface Parts {
  readonly db: Database;
  /** Null: no replica is read. */
  readonly replica: Pick<Replica, 'state' | 'reason' | 'lagSeconds'> | null;
  readonly availability: Availability;
  readonly store: Pick<TurnStore, 'backlog'>;
  readonly persistence: Pick<Persistence, 'counters'>;
  readonly journals: Pick<Journals, 'abandoned'>;
  readonly config: { readonly ackPolicy: 'journal' | 'strict' };
}

export const databaseDown = defineAlert<{ reason: string }>({
  name: 'database_down',
  severity: 'CRITICAL',
  words: 'PostgreSQL does not answer.',
  message: ({ reason }) => `the database does not answer (${reason}); turns are kept in the journal`,
});
const databaseTakesNothing = defineAlert<{ trouble: string }>({
  name: 'database_takes_nothing',
  severity: 'CRITICAL',
  words: 'PostgreSQL answers, but does not store turns.',
  message: ({ trouble }) =>
    `the database answers but takes no turns (${trouble}); they are kept in the journal`,
});
export const databaseRestarted = defineAlert<{ reason: string }>({
  name: 'database_restarted',
  severity: 'WARNING',
  words: 'The embedded PostgreSQL died or hung, and is started again.',
  message: ({ reason }) => `the embedded database is restarted: ${reason}`,
});
export const databaseNotDurable = defineAlert<{ settings: readonly string[] }>({
  name: 'database_not_durable',
  severity: 'CRITICAL',
  words: 'PostgreSQL runs with settings under which a commit may be lost.',
  message: ({ settings }) => `the database may lose what it committed: ${settings.join(', ')}`,
});

/** Without the database turns are kept in the journal, unless only commits count; reads fail either way. */
export const database = definePromise<Parts>({
  name: 'database',
  words: 'What was said can be read, and what is said is stored for good.',
  check: async ({ availability, db, store, config }) => {
    const latencyMs = await availability.tolerate(() => db.ping(), null);
    const { trouble } = store.backlog;
    if (latencyMs !== null && trouble === null) return { status: 'HEALTHY', latencyMs, detail: null };
    const [status, consequence] =
      config.ackPolicy === 'strict'
        ? (['UNHEALTHY', 'nothing is accepted'] as const)
        : (['DEGRADED', 'turns are kept in the journal'] as const);
    const since = availability.changedAt.toISOString();
    const [problem, reason] = availability.isUp
      ? (['answers, but takes no turns', trouble ?? 'it did not answer the last question'] as const)
      : ([`does not answer since ${since}`, availability.reason] as const);
    return {
      status,
      latencyMs,
      detail: `${problem} (${reason}); ${consequence}`,
      plainDetail: `${problem}; ${consequence}`,
    };
  },
  looks: [
    lookAt(databaseTakesNothing, ({ store }) => {
      const { trouble } = store.backlog;
      return trouble === null ? null : { trouble };
    }),
  ],
  // Its absence is told by whoever runs into it, which is sooner than a look.
  told: [databaseDown, databaseRestarted, databaseNotDurable],
  figures: [
    {
      name: 'echo_database_up',
      words: 'Whether PostgreSQL answers: 1 or 0',
      read: ({ availability }) => (availability.isUp ? 1 : 0),
    },
    {
      name: 'echo_turns_refused',
      words:
        'Turns that PostgreSQL refuses for good, set apart since the data directory was made and not stored since',
      read: ({ persistence }) => persistence.counters.failed,
    },
  ],
});

const LAG: Bound = { of: 'how far the replica is behind the primary', limit: 30, unit: 'seconds' };

const replicaBehind = defineAlert<string>({
  name: 'replica_behind',
  severity: 'WARNING',
  words: 'The replica is away or far behind: everything is read from the primary.',
  message: (detail) => detail,
});

export const replica = definePromise<Parts>({
  name: 'replica',
  words: 'Lists and searches are read from the replica, which is as far as the primary.',
  bounds: [LAG],
  check: ({ replica: read }): Standing | null => {
    if (!read) return null;
    const { state, reason, lagSeconds } = read;
    const isLate = state === 'away' || lagSeconds > LAG.limit;
    const words =
      state === 'lagging' ? `lagging (${Math.round(lagSeconds)} s behind); the primary is read` : state;
    const plain = state === 'away' ? 'away; the primary is read' : words;
    return {
      status: isLate ? 'DEGRADED' : 'HEALTHY',
      latencyMs: null,
      detail: reason === null ? plain : `away (${reason}); the primary is read`,
      plainDetail: plain,
    };
  },
  alert: replicaBehind,
  steadySeconds: 30,
  figures: [
    {
      name: 'echo_replica_serving',
      words: 'Whether the replica is read: 1 or 0; absent where none is named',
      read: ({ replica: read }) => (read ? Number(read.state === 'serving') : null),
    },
    {
      name: 'echo_replica_lag_seconds',
      words: 'How long ago the primary was where the replica is; absent where none is named',
      read: ({ replica: read }) => read?.lagSeconds ?? null,
    },
  ],
});

const OLDEST: Bound = { of: 'age of the oldest entry that waits', limit: 10_000, unit: 'milliseconds' };
const FILLED: Bound = { of: 'JOURNAL_MAX_BYTES in use', limit: 0.8, unit: 'share' };

const journalDegraded = defineAlert<string>({
  name: 'journal_degraded',
  severity: 'CRITICAL',
  words: 'Entries of the journal wait too long for PostgreSQL, it is nearly full, or it cannot be written.',
  message: (detail) => detail,
});
const journalUnwritable = defineAlert<{ failure: string }>({
  name: 'journal_unwritable',
  severity: 'CRITICAL',
  words: 'The journal cannot be written: turns are refused.',
  message: ({ failure }) => failure,
});
const journalFilling = defineAlert<{ bytes: number; maxBytes: number }>({
  name: 'journal_filling',
  severity: 'WARNING',
  words: 'The journal is nearly full; when it is, turns are refused.',
  message: ({ bytes, maxBytes }) => `the journal uses ${bytes} of ${maxBytes} bytes`,
});
const journalSetApart = defineAlert<{ setApart: number }>({
  name: 'journal_set_apart',
  severity: 'CRITICAL',
  words: 'The database refuses turns for good that were acknowledged, and nobody has discarded them.',
  message: ({ setApart }) => `${setApart} entries of the journal are set apart`,
});
const journalAbandoned = defineAlert<{ journals: readonly KnownJournal[] }>({
  name: 'journal_abandoned',
  severity: 'CRITICAL',
  words: 'A server does not come back, and turns that it acknowledged may wait in its journal.',
  message: ({ journals }) => `nobody drains ${journals.map(describeJournal).join('; ')}`,
});
export const journalVolatile = defineAlert<{ fileSystem: string }>({
  name: 'journal_volatile',
  severity: 'WARNING',
  words: 'The data directory lies where a power cut may take what was written.',
  message: ({ fileSystem }) =>
    `the data directory lies on ${fileSystem}, where an fsync may not survive a power cut`,
});
export const journalDamaged = defineAlert<{ damage: readonly string[] }>({
  name: 'journal_damaged',
  severity: 'CRITICAL',
  words: 'A file of the journal was damaged when the server started.',
  message: ({ damage }) => damage.join('; '),
});

export const journal = definePromise<Parts>({
  name: 'journal',
  words: 'A turn that was acknowledged is never lost.',
  bounds: [OLDEST, FILLED],
  figures: [
    {
      name: 'echo_journal_depth',
      words: 'Entries of the journal that wait for PostgreSQL',
      read: ({ store }) => store.backlog.depth,
    },
    {
      name: 'echo_journal_oldest_age_seconds',
      words: 'Age of the oldest entry that waits; 0 if none does',
      read: ({ store: { backlog } }) =>
        backlog.oldestAt === null ? 0 : (Date.now() - backlog.oldestAt) / 1000,
    },
    {
      name: 'echo_journal_bytes',
      words: 'Bytes that the journal uses',
      read: ({ store }) => store.backlog.bytes,
    },
    {
      name: 'echo_journal_max_bytes',
      words: 'Bytes that the journal may use; beyond, nothing is accepted',
      read: ({ store }) => store.backlog.maxBytes,
    },
    {
      name: 'echo_journal_set_apart',
      words: 'Entries that are set apart and that nobody has discarded',
      read: ({ store }) => store.backlog.setApart,
    },
    {
      name: 'echo_journals_abandoned',
      words: 'Journals of other servers in which turns may wait that nobody drains',
      read: ({ journals }) => journals.abandoned.length,
    },
    {
      name: 'echo_journal_writable',
      words: 'Whether the last write of the journal succeeded: 1 or 0',
      read: ({ store }) => (store.backlog.failure === null ? 1 : 0),
    },
  ],
  check: ({ store, journals: { abandoned } }): Standing => {
    const { depth, oldestAt, bytes, maxBytes, failure, setApart } = store.backlog;
    const ageMs = oldestAt === null ? 0 : Date.now() - oldestAt;
    const isLate = ageMs > OLDEST.limit || bytes > maxBytes * FILLED.limit;
    return {
      status: failure ? 'UNHEALTHY' : isLate || setApart > 0 || abandoned.length > 0 ? 'DEGRADED' : 'HEALTHY',
      latencyMs: null,
      detail:
        failure ??
        `${depth} entries wait, the oldest for ${Math.round(ageMs / 1000)} s; ${bytes} of ${maxBytes} bytes in use${setApart > 0 ? `; ${setApart} are set apart, as the database refuses them` : ''}${abandoned.length > 0 ? `; nobody drains ${abandoned.length} journals of other servers` : ''}`,
      ...(failure && { plainDetail: UNWRITABLE }),
    };
  },
  alert: journalDegraded,
  looks: [
    lookAt(journalUnwritable, ({ store }) => {
      const { failure } = store.backlog;
      return failure === null ? null : { failure };
    }),
    lookAt(journalFilling, ({ store }) => {
      const { bytes, maxBytes } = store.backlog;
      return bytes > maxBytes * FILLED.limit ? { bytes, maxBytes } : null;
    }),
    lookAt(journalSetApart, ({ store }) => {
      const { setApart } = store.backlog;
      return setApart > 0 ? { setApart } : null;
    }),
    lookAt(journalAbandoned, ({ journals: { abandoned } }) =>
      abandoned.length > 0 ? { journals: abandoned } : null,
    ),
  ],
  told: [journalVolatile, journalDamaged],
});
