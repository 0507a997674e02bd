import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { checksum, DAMAGED, type EntryRow } from './entry.ts';
import type { DeadEntry } from './protocol.ts';

/** What is noted of dead entries stands in a table of its own, so that a version without it opens the file, too. */
export const DEAD_SCHEMA = `
  create table if not exists dead (
    seq integer primary key, kind text not null, stream text not null, body text not null,
    reason text not null, buried_at integer not null
  );
  create table if not exists dead_notes (seq integer primary key, accepted_at integer, discarded_at integer);`;

interface DeadRow {
  readonly seq: number;
  readonly kind: string;
  readonly stream: string;
  readonly body: unknown;
  readonly reason: string;
  readonly buried_at: number;
  readonly accepted_at: number | null;
  readonly discarded_at: number | null;
}

/** The entries that were set apart, in the journal's file; each change is part of the caller's transaction. */
export class DeadEntries {
  readonly #db: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(db: DatabaseSync) {
    this.#db = db;
    const prepared = Object.entries(STATEMENTS).map(([name, text]) => [name, db.prepare(text)]);
    this.#statements = Object.fromEntries(prepared);
  }

  /** Those that nobody has discarded. */
  get count(): number {
    return (this.#statements.count.get() as { count: number }).count;
  }

  /** Sets an entry apart that waits; the caller removes it there. */
  bury(seq: number, reason: string): void {
    this.#statements.bury.run(reason, Date.now(), seq);
    this.#statements.note.run(seq);
  }

  /** Lets an entry wait again, in its place if that is free. @returns its seq; 0: it is not dead */
  revive(seq: number): number {
    const row = this.#statements.find.get(seq - 1, 1) as DeadRow | undefined;
    if (!row || row.seq !== seq) return 0;
    const { kind, stream, accepted_at: acceptedAt, buried_at: buriedAt } = row;
    const body = String(row.body);
    const values = [kind, stream, body, checksum(kind, stream, body), acceptedAt ?? buriedAt] as const;
    const isFree = this.#statements.waits.get(seq) === undefined;
    const { lastInsertRowid } = this.#statements.wait.run(isFree ? seq : null, ...values);
    this.forget(seq);
    return Number(lastInsertRowid);
  }

  /** Notes that somebody looked at an entry and gave it up. */
  discard(seq: number): void {
    this.#statements.discard.run(seq, Date.now());
  }

  forget(seq: number): void {
    this.#statements.forget.run(seq);
    this.#statements.forgetNote.run(seq);
  }

  /** Dead entries behind a seq, in their order. */
  page(after: number, limit: number): DeadEntry[] {
    const rows = this.#statements.find.all(after, limit) as unknown as DeadRow[];
    return rows.map((row) => ({
      ...{ seq: row.seq, kind: row.kind, stream: row.stream, reason: row.reason },
      ...{ body: String(row.body), isDamaged: row.reason === DAMAGED },
      ...{ buriedAt: row.buried_at, acceptedAt: row.accepted_at ?? row.buried_at },
      discardedAt: row.discarded_at,
    }));
  }

  /** Deletes entries that were discarded before an instant (milliseconds since 1970), or only counts them. */
  prune(before: number, { limit, dryRun }: { limit: number; dryRun: boolean }): number {
    if (dryRun) return (this.#statements.discarded.get(before) as { count: number }).count;
    const rows = this.#statements.outdated.all(before, limit) as { seq: number }[];
    for (const { seq } of rows) this.forget(seq);
    return rows.length;
  }

  /**
   * Deletes entries in which an object has all these fields (none: nothing). Of a damaged entry it is enough that it has
   * the words.
   */
  forgetWith(fields: Readonly<Record<string, string>>): number {
    const given = Object.entries(fields);
    if (given.length === 0) return 0;
    const isMeant = given.map(() => 'j.value ->> ? = ?').join(' and ');
    const hasWords = given.map(() => 'instr(dead.body, ?) > 0').join(' and ');
    const { changes } = this.#db
      .prepare(
        `delete from dead where case when json_valid(dead.body)
           then exists (select 1 from json_tree(dead.body) j where j.type = 'object' and ${isMeant})
           else ${hasWords} end`,
      )
      .run(...given.flat(), ...Object.values(fields));
    this.#db.exec('delete from dead_notes where seq not in (select seq from dead)');
    return Number(changes);
  }
}

/** Sets an entry apart whose bytes are not those that were written, when the file is opened. */
export function buryDamaged(db: DatabaseSync, { seq, kind, stream, body, accepted_at }: EntryRow): void {
  db.prepare(
    'insert or replace into dead (seq, kind, stream, body, reason, buried_at) values (?, ?, ?, ?, ?, ?)',
  ).run(seq, kind, stream, body, DAMAGED, Date.now());
  db.prepare('insert or replace into dead_notes (seq, accepted_at) values (?, ?)').run(seq, accepted_at);
}

const STATEMENTS = {
  count: `select count(*) as count from dead left join dead_notes using (seq) where discarded_at is null`,
  discarded: `select count(*) as count from dead join dead_notes using (seq) where discarded_at < ?`,
  outdated: `select seq from dead join dead_notes using (seq) where discarded_at < ? order by seq limit ?`,
  bury: 'insert or replace into dead select seq, kind, stream, body, ?, ? from entries where seq = ?',
  note: 'insert or replace into dead_notes (seq, accepted_at) select seq, accepted_at from entries where seq = ?',
  find: `select dead.*, accepted_at, discarded_at from dead left join dead_notes using (seq)
         where dead.seq > ? order by dead.seq limit ?`,
  waits: 'select 1 from entries where seq = ?',
  wait: 'insert into entries (seq, kind, stream, body, checksum, accepted_at) values (?, ?, ?, ?, ?, ?)',
  discard: `insert into dead_notes (seq, discarded_at) values (?, ?)
            on conflict (seq) do update set discarded_at = coalesce(discarded_at, excluded.discarded_at)`,
  forget: 'delete from dead where seq = ?',
  forgetNote: 'delete from dead_notes where seq = ?',
};
