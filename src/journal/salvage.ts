import { writeFileSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { type EntryRow, isIntact, namedLoss } from './entry.ts';
import { type BrokenLog, readImage } from './log-salvage.ts';

/** Copies what can still be read, page by page; returns how many entries. */
export function salvage(aside: string, into: DatabaseSync): number {
  const from = new DatabaseSync(aside);
  try {
    into.exec('begin immediate');
    for (const [table, key] of [
      ['counters', 'name'],
      ['dead', 'seq'],
      ['dead_notes', 'seq'],
      ['entries', 'seq'],
    ] as const) {
      const rows = readableRows(from, table, key);
      const columns = Object.keys(rows[0] ?? {});
      if (columns.length === 0) continue;
      const add = into.prepare(
        `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      );
      for (const row of rows) add.run(...Object.values(row));
    }
    // No later entry gets the number of one that was set apart: it would take its place if it had to be, too.
    into.exec(
      `delete from sqlite_sequence where name = 'entries';
       insert into sqlite_sequence (name, seq)
         select 'entries', coalesce(max(seq), 0) from (select seq from entries union all select seq from dead)`,
    );
    into.exec('commit');
  } finally {
    from.close();
  }
  return (into.prepare('select count(*) as count from entries').get() as { count: number }).count;
}

function readableRows(from: DatabaseSync, table: string, key: string): Record<string, SQLOutputValue>[] {
  const known = new Map<SQLOutputValue | undefined, Record<string, SQLOutputValue>>();
  // From both ends: a damaged page in the middle stops each walk on its own side.
  for (const order of ['asc', 'desc']) {
    try {
      for (const row of from.prepare(`select * from ${table} order by ${key} ${order}`).iterate())
        known.set(row[key], row);
    } catch (error) {
      if (((error as { errcode?: number }).errcode ?? 0) === 0) throw error;
    }
  }
  return [...known.values()].sort((a, b) => Number(a.seq ?? 0) - Number(b.seq ?? 0));
}

/**
 * Puts aside a log that is damaged in its middle, and takes over the entries behind the damage that check out. An entry
 * that is taken over although its work was done is applied again, which changes nothing.
 */
export function keepUnreadLog(
  db: DatabaseSync,
  { path, log, main, broken }: { path: string; log: Buffer; main: Buffer; broken: BrokenLog },
  damage: string[],
): void {
  const aside = `${path}-wal.corrupt-${Date.now()}`;
  writeFileSync(aside, log, { mode: 0o600 });
  const found = new Map<number, EntryRow>();
  const counters = new Map<string, number>();
  for (const image of broken.images(main)) {
    readImage(image, `${aside}.image`, (copy) => {
      for (const row of readableRows(copy, 'entries', 'seq') as unknown as EntryRow[])
        if (isIntact(row) || !found.has(row.seq)) found.set(row.seq, row);
      for (const { name, value } of readableRows(copy, 'counters', 'name'))
        counters.set(String(name), Math.max(Number(value), counters.get(String(name)) ?? 0));
    });
  }
  const saved = takeOver(db, [...found.values()], counters);
  const lost = [...found.values()].filter((row) => !isIntact(row));
  damage.push(
    `the journal's log was damaged in the middle: ${broken.frames - broken.whole} of ${broken.frames} pages could not be read; it was put aside as "${aside}", ${saved} entries behind the damage were saved${lost.map((row) => `; ${namedLoss(row)}`).join('')}`,
  );
}

/** @returns how many entries were not known */
function takeOver(
  db: DatabaseSync,
  rows: readonly EntryRow[],
  counters: ReadonlyMap<string, number>,
): number {
  const add = db.prepare(
    `insert or ignore into entries (seq, kind, stream, body, checksum, accepted_at) select ?, ?, ?, ?, ?, ?
     where not exists (select 1 from dead where seq = ?)`,
  );
  const count = db.prepare(
    'insert into counters (name, value) values (?, ?) on conflict (name) do update set value = max(value, excluded.value)',
  );
  let saved = 0;
  db.exec('begin immediate');
  for (const row of rows) {
    const { seq, kind, stream, body, checksum: sum, accepted_at: acceptedAt } = row;
    if (isIntact(row)) saved += Number(add.run(seq, kind, stream, body, sum, acceptedAt, seq).changes);
  }
  for (const [name, value] of counters) count.run(name, value);
  db.exec('commit');
  return saved;
}
