import { z } from 'zod';

/** Name of the format, in the first entry of each backup. */
export const FORMAT = 'echo-brain-backup';
/** Raised when an older server could not read what is written. */
export const FORMAT_VERSION = 2;
/** What is written where nothing is in it that this version's readers do not know. */
export const WITHOUT_MEDIA = 1;
/** What a file of a backup ends with. */
export const SUFFIX = '.backup';
/** Names of entries of the archive. */
export const ENTRY = {
  header: 'header.json',
  journal: 'journal.jsonl',
  file: (name: string) => `files/${name}`,
  table: (name: string, part: number) => `tables/${name}/${String(part).padStart(6, '0')}.copy`,
  /** @param path below `DATA_DIR/media` */
  media: (path: string) => `media/${path}`,
  manifest: 'manifest.json',
} as const;
/** Files of the data directory that a backup holds: small, and made nowhere else. */
export const KEPT_FILES = ['receipts.key'] as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.int().min(0);
const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);

const Table = z.strictObject({ name, columns: z.array(name).min(1) });

/** The first entry: what the backup is of. */
export const Header = z.object({
  format: z.literal(FORMAT),
  version: z.union([z.literal(WITHOUT_MEDIA), z.literal(FORMAT_VERSION)]),
  backupId: z.string(),
  /** What was acknowledged before this instant is in it. */
  point: z.iso.datetime(),
  databaseId: z.string(),
  /** Of PostgreSQL, as a number. */
  serverVersion: whole,
  /** The schema: migrations in their order. */
  migrations: z.array(z.strictObject({ hash: sha256, createdAt: whole })).min(1),
  /** In an order in which they can be loaded. */
  tables: z.array(Table).min(1),
  /** Whether the index of words is in it, or made of the turns after a restore. */
  wordIndex: z.enum(['included', 'rebuilt']),
});
export type Header = z.output<typeof Header>;

/** The last entry: what the others must be. */
export const Manifest = z.object({
  tables: z.array(z.strictObject({ name, rows: whole, bytes: whole, sha256 })),
  sequences: z.array(z.strictObject({ name, last: z.string().regex(/^-?\d+$/), isCalled: z.boolean() })),
  journal: z.strictObject({ entries: whole, sha256 }),
  files: z.array(z.strictObject({ name: z.enum(KEPT_FILES), sha256 })),
  /** Pictures and videos that the server keeps itself; absent in what an older version wrote. */
  media: z.array(z.strictObject({ path: z.string(), bytes: whole, sha256 })).default([]),
  /** Heads of the hash chains. */
  chains: z.strictObject({
    conversations: whole,
    /** Over tenant, user, name, next number and chain hash of each conversation, sorted. */
    sha256,
    /** The last seal of the audit log; null: there is none. */
    audit: z.strictObject({ seal: whole, hash: sha256 }).nullable(),
  }),
});
export type Manifest = z.output<typeof Manifest>;

/** An entry of the journal that no database had at the point of the backup. */
export const JournalLine = z.strictObject({
  kind: z.string(),
  stream: z.string(),
  body: z.string(),
  /** Milliseconds since 1970. */
  acceptedAt: z.number(),
  /** Why it was set apart; null: it waits. */
  reason: z.string().nullable(),
});
export type JournalLine = z.output<typeof JournalLine>;

/** What is known of a backup without opening it; lies beside it. */
export const Label = z.object({
  backupId: z.string(),
  createdAt: z.iso.datetime(),
  bytes: whole,
  /** Of the whole file. */
  sha256,
  note: z.string().nullable(),
  encryption: z.enum(['none', 'key', 'passphrase']),
  migrations: whole,
  rows: whole,
  /** The last verification; null: there was none. */
  verification: z
    .strictObject({
      at: z.iso.datetime(),
      /** Null: all was as it was written. */
      problem: z.string().nullable(),
      seconds: z.number().min(0),
    })
    .nullable(),
});
export type Label = z.output<typeof Label>;

/** Ids begin with the instant, so that names sort by time. */
export const BACKUP_ID = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

/** @param task the task that makes it, or any other UUID */
export function backupIdOf(at: Date, task: string): string {
  return `${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${task.slice(0, 8)}`;
}

/** Characters that somebody may note on a backup. */
export const MAX_NOTE = 200;

export const Note = z
  .string({ error: 'must be a text' })
  .max(MAX_NOTE, { error: `must be at most ${MAX_NOTE} characters` })
  .refine((note) => !/\p{Cc}/u.test(note) && note.isWellFormed(), { error: 'must be one line of text' });
