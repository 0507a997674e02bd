import { type Mutation, one } from './mutation.ts';

/** What a commit waits for, and that a turn is there once. */
export const DURABILITY: readonly Mutation[] = [
  {
    name: 'journal-does-not-wait-for-the-disk',
    changes: [
      {
        file: 'src/journal/file.ts',
        text: 'pragma journal_mode = wal; pragma synchronous = full`',
        replacement: 'pragma journal_mode = wal; pragma synchronous = normal`',
      },
      {
        file: 'src/journal/file.ts',
        text: "requireSetting(db, 'synchronous', 2)",
        replacement: "requireSetting(db, 'synchronous', 1)",
      },
    ],
    tests: ['tests/journal.test.ts'],
    named: 'is told by SQLite itself',
  },
  one(
    'a-journal-of-two-contents-ends-the-start',
    'domains/interactions/store.ts',
    ['this.#claims.hold(turns);', 'this.#claims.claim(turns);'],
    ['durability'],
    'that a journal was left with',
  ),
  one(
    'an-event-whose-answer-was-lost-is-told-again',
    'events/outbox.ts',
    ['inserted.rows.length === batch.length', 'inserted.rows.length >= 0'],
    ['durability'],
    'hears the next one',
  ),
  one(
    'an-event-that-was-not-taken-is-not-offered-again',
    'events/outbox.ts',
    ['if (this.#isOwing || this.#keeper.status.failures > 0) this.#keeper.wake(RETRY_MS);', ''],
    ['durability'],
    'is offered again',
  ),
  one(
    'an-event-that-is-refused-holds-up-others',
    'events/outbox.ts',
    ['const half = Math.ceil(batch.length / 2);', 'const half = batch.length;\n      throw error;'],
    ['durability'],
    'is offered again',
  ),
  one(
    'nobody-is-told-that-an-event-is-refused',
    'events/outbox.ts',
    ['for (const error of refused.values()) throw error;', ''],
    ['durability'],
    'is offered again',
  ),
  one(
    'an-alert-that-cannot-be-stored-is-not-stored',
    'events/outbox.ts',
    ['storableJson(payload) as Record<string, unknown>', 'payload'],
    ['durability'],
    'whatever its words hold',
  ),
  one(
    'embedded-database-does-not-wait-for-the-disk',
    'db/embedded/process.ts',
    ["fsync: 'on'", "fsync: 'off'"],
    ['embedded-postgres'],
    'durable',
  ),
  one(
    'embedded-database-commits-later',
    'db/embedded/process.ts',
    ["synchronous_commit: 'on'", "synchronous_commit: 'off'"],
    ['embedded-postgres'],
    'durable',
  ),
  one(
    'another-database-gets-the-turns',
    'db/identity.ts',
    ['if (id !== known.id) throw otherThan(known, id);', ''],
    ['other-database'],
    'somebody else',
  ),
  one(
    'a-copy-gets-the-turns',
    'db/identity.ts',
    ['if (known.place !== null && place !== known.place)', 'if (false)'],
    ['other-database'],
    'a copy, at the address',
  ),
  one(
    'a-restart-stores-in-another-database',
    'db/open.ts',
    ['refuseForeign(found, isOwed ? known : null)', 'refuseForeign(found, null)'],
    ['other-database'],
    'what the journal holds for one',
  ),
  one(
    'look-ups-use-up-the-deadline',
    'domains/interactions/store.ts',
    ['const LOOK_UP_SHARE = 0.8;', 'const LOOK_UP_SHARE = 1;'],
    ['patience'],
    'leaves time',
  ),
  {
    name: 'turn-ids-are-not-unique',
    changes: [
      {
        file: 'drizzle/0000_initial.sql',
        text: 'CREATE UNIQUE INDEX "echo_interactions_turn_id_key"',
        replacement: 'CREATE INDEX "echo_interactions_turn_id_key"',
      },
    ],
    tests: ['tests/interactions.test.ts'],
    named: 'the database itself refuses a second turn',
  },
  one(
    'erased-bytes-stay-in-tables',
    'domains/privacy/files.ts',
    ['vacuum (full, verbose)', 'vacuum (verbose)'],
    ['privacy'],
    'an erasure',
  ),
  one(
    'erased-bytes-stay-in-the-log',
    'domains/privacy/files.ts',
    ["await client.query('checkpoint');", ''],
    ['privacy'],
    'an erasure',
  ),
];
