import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';

export interface AuditVerification {
  readonly seals: number;
  readonly rows: number;
  /** Seals that do not fit the rows they cover, by number; rows were altered, removed or put in. */
  readonly broken: readonly number[];
  /** Names that do not fit their pseudonym: they were changed. */
  readonly wrongNames: number;
}

/** Rows of one seal. */
export const SEAL_ROWS = 5_000;
const SEAL_LOCK = 0x6175_6474;

/**
 * Seals the next rows that no transaction under way can still come before.
 *
 * @param headPath a file outside the database that remembers the last seal; null: none does
 * @returns how many
 */
export async function sealNext(db: Database, headPath: string | null): Promise<number> {
  if (!(await isAnyUnsealed(db))) return 0;
  const sealed = await db.transaction(async (client) => {
    const { rows: locks } = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_xact_lock($1) as locked',
      [SEAL_LOCK],
    );
    if (!locks[0]?.locked) return null;
    const last = await lastSeal(client);
    const rows = await rowsAfter(client, last, 'and a.xid < echo_horizon()');
    const end = rows.at(-1);
    if (!end) return null;
    const head = { id: last.id + 1, hash: hashOver(last.hash, rows) };
    await client.query({
      name: 'audit_seal',
      text: 'insert into echo_audit_seals (id, last_xid, last_id, rows, hash) values ($1, $2::text::xid8, $3, $4, $5)',
      values: [head.id, end.xid, end.id, rows.length, head.hash],
    });
    return { count: rows.length, head };
  });
  if (sealed && headPath) await writeHead(headPath, sealed.head);
  return sealed?.count ?? 0;
}

/**
 * Compares every seal with the rows that it covers, and every name with its pseudonym. Seals older than the retention
 * are passed over: their rows may have been trimmed.
 */
export async function verifyChain(
  db: Database,
  { retentionDays, headPath }: { readonly retentionDays: number; readonly headPath: string | null },
): Promise<AuditVerification> {
  // Before the seals are read: a seal that is made meanwhile would seem to be missing.
  const head = headPath === null ? null : await readHead(headPath);
  const { rows: seals } = await db.pool.query<Seal>({
    name: 'audit_seals',
    text: `select id, last_xid::text as xid, last_id as "lastId", hash,
               at < now() - $1 * interval '1 day' as "mayBeTrimmed" from echo_audit_seals order by id`,
    values: [retentionDays],
  });
  const broken: number[] = [];
  const stream = sealedRows(db.pool);
  let next = await stream.next();
  let count = 0;
  let previous: Buffer = NO_SEAL.hash;
  for (const seal of seals) {
    const covered: SealedRow[] = [];
    for (; !next.done && isWithin(next.value, seal); next = await stream.next()) covered.push(next.value);
    if (!seal.mayBeTrimmed && !hashOver(previous, covered).equals(seal.hash)) broken.push(seal.id);
    count += covered.length;
    previous = seal.hash;
  }
  if (head && !seals.some(({ id, hash }) => id === head.id && hash.equals(head.hash))) broken.push(head.id);
  const { rows: names } = await db.pool.query<{ wrong: number }>({
    name: 'audit_names_verified',
    text: `select count(*)::int as wrong from echo_audit_names where pseudonym <> left(encode(sha256(convert_to(
               tenant_id || chr(31) || coalesce(user_id, '') || chr(31) || name, 'UTF8')), 'hex'), 32)`,
  });
  return { seals: seals.length, rows: count, broken, wrongNames: names[0]?.wrong ?? 0 };
}

/** The last seal that this server made. */
export interface Head {
  readonly id: number;
  readonly hash: Buffer;
}

/** As one line, put in place at once: a file that was cut off would look like a broken chain. */
export async function writeHead(path: string, { id, hash }: Head): Promise<void> {
  await writeFile(`${path}.new`, `${id} ${hash.toString('hex')}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function readHead(path: string): Promise<Head | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const [, id, hash] = /^(\d+) ([0-9a-f]+)\n$/.exec(text ?? '') ?? [];
  return id && hash ? { id: Number(id), hash: Buffer.from(hash, 'hex') } : null;
}

/** Asked each second, and mostly there is none: one statement instead of a transaction of five. */
async function isAnyUnsealed({ pool }: Database): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'audit_first_unsealed',
    // In its order, along the index: asked whether one exists, PostgreSQL would rather read the whole log.
    text: `select from echo_audit_log a where a.xid < echo_horizon() and (a.xid, a.id) >
             (coalesce((select last_xid from echo_audit_seals order by id desc limit 1), '0'),
              coalesce((select last_id from echo_audit_seals order by id desc limit 1), '0')::bigint)
           order by a.xid, a.id limit 1`,
  });
  return rowCount !== 0;
}

interface Place {
  readonly id: number;
  readonly xid: string;
  readonly lastId: string;
  readonly hash: Buffer;
}
const NO_SEAL: Place = { id: 0, xid: '0', lastId: '0', hash: Buffer.alloc(0) };

interface Seal extends Place {
  readonly mayBeTrimmed: boolean;
}

/** All rows in the order in which they were sealed. */
async function* sealedRows(client: Pick<PoolClient, 'query'>): AsyncGenerator<SealedRow, undefined> {
  for (let place: Place = NO_SEAL; ; ) {
    const rows = await rowsAfter(client, place, '');
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < SEAL_ROWS) return;
    place = { ...place, xid: last.xid, lastId: last.id };
  }
}

function isWithin(row: SealedRow, seal: Seal): boolean {
  const [a, b] = [BigInt(row.xid), BigInt(seal.xid)];
  return a < b || (a === b && BigInt(row.id) <= BigInt(seal.lastId));
}

interface SealedRow {
  readonly id: string;
  readonly xid: string;
  readonly at: Date;
  readonly content: string;
}

async function lastSeal(client: PoolClient): Promise<Place> {
  const { rows } = await client.query<Place>({
    name: 'audit_last_seal',
    text: 'select id, last_xid::text as xid, last_id as "lastId", hash from echo_audit_seals order by id desc limit 1',
  });
  return rows[0] ?? NO_SEAL;
}

async function rowsAfter(
  client: Pick<PoolClient, 'query'>,
  place: Place,
  condition: string,
  values: unknown[] = [],
): Promise<SealedRow[]> {
  const { rows } = await client.query<SealedRow>({
    // Ordered by the columns: names alone would mean the texts that they are given out as.
    text: `select id::text as id, xid::text as xid, at,
             concat_ws(chr(31), id, xid, extract(epoch from at), tenant_id, coalesce(actor, '-'), coalesce(credential, '-'),
               coalesce(on_behalf_of, '-'), coalesce(address, '-'), action, coalesce(target, '-'), result,
               coalesce(correlation_id, '-'), coalesce(detail::text, '-')) as content
           from echo_audit_log a where (a.xid, a.id) > ($1::text::xid8, $2::bigint) ${condition} order by a.xid, a.id limit $3`,
    values: [place.xid, place.lastId, SEAL_ROWS, ...values],
  });
  return rows;
}

function hashOver(previous: Buffer, rows: readonly SealedRow[]): Buffer {
  const hash = createHash('sha256').update(previous);
  for (const { content } of rows) hash.update(content).update('\n');
  return hash.digest();
}
