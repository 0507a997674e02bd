import { existsSync, readFileSync, renameSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { makePrivate } from '../db/data-directory.ts';
import { buryDamaged, DEAD_SCHEMA, DeadEntries } from './dead.ts';
import { checksum, type EntryRow, isIntact, namedLoss } from './entry.ts';
import { findBrokenLog, PAGE_BYTES } from './log-salvage.ts';
import type { JournalFailureInfo, JournalWrite, Recovered, StoredEntry } from './protocol.ts';
import { keepUnreadLog, salvage } from './salvage.ts';

export interface Commit {
  /** Seqs of the added entries, for each write. */
  readonly seqs: readonly (readonly number[])[];
  readonly failure: JournalFailureInfo | null;
  readonly size: number;
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * The journal's one file: SQLite in WAL mode with an fsync at each commit, opened exclusively, so that it is the
 * lock of the data directory too.
 *
 * @throws the error of SQLite if another process has it
 */
export class JournalFile {
  readonly recovered: Recovered;
  /** What was set apart. */
  readonly dead: DeadEntries;
  readonly #maxBytes: number;
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  #broken: string | null = null;

  constructor({ path, maxBytes }: { path: string; maxBytes: number }) {
    this.#maxBytes = maxBytes;
    const damage: string[] = [];
    const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0);
    // Read now if at all: closing the main file later would give up the lock on it.
    const broken = findBrokenLog(log);
    const main = broken && existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    this.#db = openOrReplace(path, damage);
    // Of a file that was replaced, the log lies beside it.
    if (damage.length === 0 && broken) keepUnreadLog(this.#db, { path, log, main, broken }, damage);
    const entries = this.#readEntries(damage);
    this.#statements = prepare(this.#db);
    this.dead = new DeadEntries(this.#db);
    for (const { seq } of entries.bad) this.#statements.remove.run(seq);
    this.recovered = {
      ...{ entries: entries.good, counters: this.#readCounters(), damage, size: this.#size() },
      setApart: this.dead.count,
    };
  }

  /** Whether it has reached its limit: additions are refused, all else is not. */
  get isFull(): boolean {
    return this.#size() > this.#maxBytes;
  }

  /** Writes all of it in one transaction: on disk when it returns without a failure. */
  commit(writes: readonly JournalWrite[]): Commit {
    if (this.#broken)
      return { seqs: [], failure: { reason: 'BROKEN', message: this.#broken }, size: this.#size() };
    const adds = writes.some((write) => write.add.length > 0);
    if (adds && this.isFull) {
      return {
        seqs: [],
        failure: { reason: 'FULL', message: `the journal has reached its limit of ${this.#maxBytes} bytes` },
        size: this.#size(),
      };
    }
    try {
      this.#db.exec('begin immediate');
      const seqs = writes.map((write) => this.#write(write));
      this.#db.exec('commit');
      return { seqs, failure: null, size: this.#size() };
    } catch (error) {
      return { seqs: [], failure: this.#fail(error as Error & { errcode?: number }), size: 0 };
    }
  }

  /**
   * Removes buried entries in which an object has all these fields (none: nothing), and leaves no byte of what was
   * removed. Of a damaged entry it is enough that it has the words.
   */
  purge(fields: Readonly<Record<string, string>>): { removed: number; failure: { message: string } | null } {
    try {
      const removed = this.dead.forgetWith(fields);
      this.#db.exec('vacuum; pragma wal_checkpoint(truncate)');
      return { removed, failure: null };
    } catch (error) {
      // Nothing that was acknowledged depends on it.
      if (this.#db.isTransaction) this.#db.exec('rollback');
      return { removed: 0, failure: { message: (error as Error).message } };
    }
  }

  /** Deletes what was discarded long ago, or counts it; all of it or nothing. @throws the error of SQLite */
  prune({ before, limit, dryRun }: { before: number; limit: number; dryRun: boolean }): number {
    this.#db.exec('begin immediate');
    try {
      const pruned = this.dead.prune(before, { limit, dryRun });
      this.#db.exec('commit');
      return pruned;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback');
      throw error;
    }
  }

  /** Entries behind a seq that wait, in their order. @throws the error of SQLite */
  waiting(after: number, limit: number): StoredEntry[] {
    const rows = this.#db
      .prepare('select * from entries where seq > ? order by seq limit ?')
      .all(after, limit) as unknown as EntryRow[];
    return rows.map(({ seq, kind, stream, body, accepted_at: acceptedAt }) => ({
      ...{ seq, kind, stream, body, acceptedAt },
    }));
  }

  close(): void {
    this.#db.close();
  }

  #write({ add, remove, bury, revive, discard, forget, count }: JournalWrite): number[] {
    const s = this.#statements;
    for (const seq of remove) s.remove.run(seq);
    for (const { seq, reason } of bury) {
      this.dead.bury(seq, reason);
      s.remove.run(seq);
    }
    for (const seq of discard) this.dead.discard(seq);
    for (const seq of forget) this.dead.forget(seq);
    for (const [name, by] of Object.entries(count)) s.count.run(name, by);
    const added = add.map(({ kind, stream, body }) =>
      Number(s.add.run(kind, stream, body, checksum(kind, stream, body), Date.now()).lastInsertRowid),
    );
    return [...added, ...revive.map((seq) => this.dead.revive(seq))];
  }

  /**
   * A full disk leaves the file as it was, and it may be used again when there is space. After any other error
   * (a failed fsync above all) nobody knows what is on disk: nothing is acknowledged any more.
   */
  #fail(error: Error & { errcode?: number }): JournalFailureInfo {
    try {
      if (this.#db.isTransaction) this.#db.exec('rollback');
    } catch (rollbackError) {
      this.#broken = `rollback failed: ${(rollbackError as Error).message}`;
    }
    const code = (error.errcode ?? 0) & 0xff;
    if (code === SQLITE_FULL && !this.#broken)
      return { reason: 'FULL', message: 'there is no space left on the disk of the journal' };
    this.#broken ??= `${error.message} (SQLite ${error.errcode ?? 'error'})`;
    return { reason: 'BROKEN', message: this.#broken };
  }

  #readEntries(damage: string[]): { good: StoredEntry[]; bad: { seq: number }[] } {
    const good: StoredEntry[] = [];
    const bad: { seq: number }[] = [];
    for (const row of this.#db
      .prepare('select * from entries order by seq')
      .iterate() as Iterable<EntryRow>) {
      const { seq, kind, stream, body, accepted_at: acceptedAt } = row;
      if (isIntact(row)) good.push({ seq, kind, stream, body, acceptedAt });
      else {
        bad.push({ seq });
        damage.push(`${namedLoss(row)}; it was moved to the table "dead"`);
        buryDamaged(this.#db, row);
      }
    }
    return { good, bad };
  }

  #readCounters(): Record<string, number> {
    const rows = this.#db.prepare('select name, value from counters').all() as {
      name: string;
      value: number;
    }[];
    return Object.fromEntries(rows.map((row) => [row.name, row.value]));
  }

  #size(): number {
    const free = this.#statements.free.get() as { freelist_count: number };
    const pages = this.#statements.pages.get() as { page_count: number };
    return (pages.page_count - free.freelist_count) * PAGE_BYTES;
  }
}

/** Prepared once: of a commit, without the disk, a third went into preparing those of the size, at which it looks up to three times. */
type Statements = Record<'add' | 'remove' | 'count' | 'free' | 'pages', StatementSync>;

const SCHEMA = `
  create table if not exists entries (
    seq integer primary key autoincrement, kind text not null, stream text not null, body text not null,
    checksum text not null, accepted_at integer not null
  );
  ${DEAD_SCHEMA}
  create table if not exists counters (name text primary key, value integer not null) without rowid;`;

function open(path: string): DatabaseSync {
  makePrivate(path);
  const db = new DatabaseSync(path);
  try {
    db.exec(
      `pragma page_size = ${PAGE_BYTES}; pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full`,
    );
    db.exec('begin immediate');
    db.exec(SCHEMA);
    db.exec('commit');
    requireSetting(db, 'journal_mode', 'wal');
    requireSetting(db, 'synchronous', 2);
    requireSetting(db, 'locking_mode', 'exclusive');
    const check = db.prepare('pragma quick_check(1)').get() as { quick_check: string };
    if (check.quick_check !== 'ok')
      throw Object.assign(new Error(check.quick_check), { errcode: SQLITE_CORRUPT });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function requireSetting(db: DatabaseSync, name: string, expected: string | number): void {
  const row = db.prepare(`pragma ${name}`).get() as Record<string, unknown>;
  if (row[name] !== expected)
    throw new Error(`the journal needs ${name} = ${expected}, SQLite says ${String(row[name])}`);
}

/** Opens the file; a corrupt one is put aside, and what can be read of it goes into a new one. */
function openOrReplace(path: string, damage: string[]): DatabaseSync {
  try {
    return open(path);
  } catch (error) {
    const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) throw error;
    const aside = `${path}.corrupt-${Date.now()}`;
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    const db = open(path);
    const saved = salvage(aside, db);
    damage.push(
      `the journal was corrupt (${(error as Error).message}); it was put aside as "${aside}", ${saved} entries were saved from it`,
    );
    return db;
  }
}

function prepare(db: DatabaseSync): Statements {
  return {
    free: db.prepare('pragma freelist_count'),
    pages: db.prepare('pragma page_count'),
    add: db.prepare('insert into entries (kind, stream, body, checksum, accepted_at) values (?, ?, ?, ?, ?)'),
    remove: db.prepare('delete from entries where seq = ?'),
    count: db.prepare(
      'insert into counters (name, value) values (?, ?) on conflict (name) do update set value = value + excluded.value',
    ),
  };
}
