import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { isPassing, judgeDatabaseError, wordsOf } from '../../db/meaning.ts';
import type { Journal } from '../../journal/journal.ts';
import { writeHead } from '../audit/chain.ts';
import { noteMoved, takeKeptFile } from '../media-insights/kept-files.ts';
import { ownersOf } from '../media-insights/orphans.ts';
import { eraseAgain, isErasedBy } from '../privacy/again.ts';
import type { ErasureMark } from '../privacy/marks.ts';
import type { BackupKeys } from './encryption.ts';
import { BackupRefused } from './errors.ts';
import type { JournalLine, Manifest } from './format.ts';
import { finishLoading, loadBackup } from './loading.ts';

export interface RestoreParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly duties: readonly Duty[];
  readonly config: { readonly dataDirectory: string; readonly backups: { readonly keys: BackupKeys } };
  remember(): Promise<void>;
}

export interface Restored {
  readonly backupId: string;
  /** What was acknowledged before is there. */
  readonly point: string;
  readonly rows: number;
  /** Entries that the journal got: turns that come into the database with the next start. */
  readonly waiting: number;
  /** Whether the key that signs receipts came with it: else the data directory has one of its own, or makes one. */
  readonly hasReceiptsKey: boolean;
  /** Pictures and videos that the server kept, and that are in the data directory now. */
  readonly media: number;
  /** Erasures that came after the backup, and were done again. */
  readonly erasures: number;
  /** Tables of others that stood beside ours, and that were left out. */
  readonly strange: readonly string[];
}

const PAGE = 500;

/**
 * Restores a backup into an empty database and this data directory: all of it, or nothing.
 *
 * @throws BackupRefused, BackupDamaged, or what the database says
 */
export async function restoreBackup(
  parts: RestoreParts,
  file: Readable,
  options: {
    readonly signal: AbortSignal;
    readonly progress: (bytes: number, note: string) => void;
    /** Of all erasures that are known. */
    readonly marks: readonly ErasureMark[];
  },
): Promise<Restored> {
  const { db, journal, config } = parts;
  const { dataDirectory } = config;
  let lines: readonly JournalLine[] = [];
  let key: Buffer | null = null;
  const counts = { waiting: 0, hasReceiptsKey: false, erasures: 0, media: 0 };
  const { header, manifest, strange } = await loadBackup(file, db, {
    ...{ keys: config.backups.keys, ...options },
    journal: async (found) => {
      lines = found;
    },
    file: async (_name, content) => {
      key = content;
    },
    // One whose bytes are not what its name says was not whole when it was backed up.
    media: async (path, content) => {
      if (await takeKeptFile(dataDirectory, path, content)) counts.media++;
    },
    // Before the commit: what is cut off in between is done again, into a database that is as empty as before.
    loaded: async (client) => {
      const again = await eraseAgain(client, options.marks, { duties: parts.duties, dataDirectory });
      counts.erasures = again.length;
      for (const owner of await ownersOf({ pool: client }))
        await noteMoved(client as unknown as PoolClient, dataDirectory, owner);
      counts.waiting = await takeUp(journal, withoutErased(lines, again));
      counts.hasReceiptsKey = await keepKey(join(dataDirectory, 'receipts.key'), key);
    },
  }).catch((error: unknown) => {
    // A PostgreSQL whose disk is full may end, and then says nothing more.
    if (!isPassing(judgeDatabaseError(error))) throw error;
    throw new BackupRefused(
      `the database went away while it was loaded: ${wordsOf(error)}; nothing of the backup is in it. Look whether its disk is full, and run the command again`,
    );
  });
  await finishLoading(db);
  await rememberSeal(join(dataDirectory, 'audit.seal'), manifest.chains.audit);
  await parts.remember();
  const loaded = manifest.tables.filter(({ name }) => !strange.includes(name));
  const rows = loaded.reduce((sum, table) => sum + table.rows, 0);
  return { backupId: header.backupId, point: header.point, rows, ...counts, strange };
}

/** What was said by who was erased does not come back by this way either. */
function withoutErased(lines: readonly JournalLine[], marks: readonly ErasureMark[]): JournalLine[] {
  return lines.filter(({ body, acceptedAt }) => {
    const value = JSON.parse(body) as Partial<Owner> | readonly Partial<Owner>[];
    const { tenantId, userId } = (Array.isArray(value) ? value[0] : value) ?? {};
    return !tenantId || !userId || !isErasedBy(marks, { tenantId, userId }, new Date(acceptedAt));
  });
}

/** Puts entries into the journal that it has not yet. @returns how many */
async function takeUp(journal: Journal, lines: readonly JournalLine[]): Promise<number> {
  const there = new Set<string>();
  for (let after = 0; ; ) {
    const page = await journal.waiting(after, PAGE);
    for (const entry of page) there.add(nameOf(entry));
    if (page.length < PAGE) break;
    after = page.at(-1)?.seq ?? after;
  }
  const missing = lines.filter((line) => !there.has(nameOf(line)));
  for (let at = 0; at < missing.length; at += PAGE)
    await journal.write({
      add: missing.slice(at, at + PAGE).map(({ kind, stream, body }) => ({ kind, stream, body })),
    });
  return missing.length;
}

function nameOf({ kind, stream, body }: Pick<JournalLine, 'kind' | 'stream' | 'body'>): string {
  return JSON.stringify([kind, stream, body]);
}

/** A key that is there has signed receipts already, and stays. @returns whether this one is there now */
async function keepKey(path: string, key: Buffer | null): Promise<boolean> {
  if (!key) return false;
  return writeFile(path, key, { mode: 0o600, flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

/** The log goes on behind the last seal of the backup: what this directory remembers of another database is over. */
async function rememberSeal(path: string, last: Manifest['chains']['audit']): Promise<void> {
  if (last) await writeHead(path, { id: last.seal, hash: Buffer.from(last.hash, 'hex') });
  else await rm(path, { force: true });
}
