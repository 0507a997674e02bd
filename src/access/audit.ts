import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { PoolClient } from 'pg';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import type { Logger } from '../log.ts';
import type { Actor } from './caller.ts';

/** A refusal as it is told. */
export interface Refusal {
  /** Null: nobody knows who. */
  readonly actor: Actor | null;
  /** Where the caller is, if no actor says it. */
  readonly address: string | null;
  /** What was refused: the field of an operation, or a path. */
  readonly action: string;
  /** The code that the caller got. */
  readonly code: string;
  readonly correlationId: string | null;
}

/** One row of the log, with names for those who may see them. */
export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: string | null;
  readonly credential: string | null;
  readonly onBehalfOf: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly result: string;
  readonly correlationId: string | null;
  readonly detail: Record<string, unknown> | null;
}

export interface AuditVerification {
  readonly seals: number;
  readonly rows: number;
  /** Seals that do not fit the rows they cover, by number; rows were altered, removed or put in. */
  readonly broken: readonly number[];
  /** Names that do not fit their pseudonym: they were changed. */
  readonly wrongNames: number;
}

/** Milliseconds between two looks for what is to be written and sealed. */
const ROUND_MS = 1_000;
/** Refusals that wait for the database; beyond, they are only counted. */
const MAX_WAITING = 10_000;
const SEAL_ROWS = 5_000;
const TRIM_ROWS = 5_000;
const SEAL_LOCK = 0x6175_6474;
const DAY_MS = 86_400_000;

/** The audit log: writes of refusals, the hash chain over all rows, reading, retention. */
export class AuditLog {
  readonly #db: Database;
  readonly #availability: Availability;
  readonly #log: Logger;
  readonly #retentionDays: number;
  readonly #onRefused: (code: string) => void;
  readonly #headPath: string | null;
  readonly #waiting = new Map<string, { refusal: Refusal; times: number }>();
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #trimmedAt = 0;

  /**
   * @param parts.onRefused told of each refusal, for a figure of them
   * @param parts.headPath a file outside the database that remembers the last seal: a chain that was cut off at its end
   *   is whole by itself
   */
  constructor(parts: {
    db: Database;
    availability: Availability;
    log: Logger;
    retentionDays: number;
    onRefused?: (code: string) => void;
    headPath?: string;
  }) {
    this.#db = parts.db;
    this.#availability = parts.availability;
    this.#log = parts.log;
    this.#retentionDays = parts.retentionDays;
    this.#onRefused = parts.onRefused ?? (() => undefined);
    this.#headPath = parts.headPath ?? null;
  }

  /** Notes a refusal; it is written within a second, one row for all that are alike. */
  refused(refusal: Refusal): void {
    const { actor, address, action, code } = refusal;
    this.#onRefused(code);
    const key = JSON.stringify([
      actor?.tenantId,
      actor?.user,
      actor?.credential,
      actor?.address ?? address,
      action,
      code,
    ]);
    const known = this.#waiting.get(key);
    if (known) known.times++;
    else if (this.#waiting.size >= MAX_WAITING) this.#dropped++;
    else this.#waiting.set(key, { refusal, times: 1 });
  }

  start(): void {
    this.#timer = setTimeout(() => {
      void this.#flushOrSay().then(() => (this.#timer ? this.start() : undefined));
    }, ROUND_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#flushOrSay();
  }

  /** Writes what waits, and seals what is written; one call after the other, so that nothing is half written after it. */
  flush(): Promise<void> {
    const flushed = this.#running.then(() => this.#flush());
    // The caller hears of a failure; the next call goes on.
    this.#running = flushed.catch(() => undefined);
    return flushed;
  }

  #flushOrSay(): Promise<void> {
    return this.flush().catch((error: unknown) =>
      this.#log.error({ err: error, refusals: this.#waiting.size }, 'the audit log could not be kept'),
    );
  }

  async #flush(): Promise<void> {
    if (!this.#availability.isUp) return;
    await this.#writeRefusals();
    while ((await this.#seal()) === SEAL_ROWS);
    await this.#trim();
  }

  async #writeRefusals(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const some = [...this.#waiting.entries()];
    const dropped = this.#dropped;
    const rows = some.map(([, { refusal, times }], index) => ({
      tenant: refusal.actor?.tenantId ?? 'default',
      action: refusal.action,
      code: refusal.code,
      teller: refusal.actor ?? { address: refusal.address, correlationId: refusal.correlationId },
      detail: {
        ...(times > 1 && { times }),
        ...(index === 0 && dropped > 0 && { moreRefusals: dropped }),
      },
    }));
    // Taken out first: those that are counted meanwhile are others.
    this.#waiting.clear();
    this.#dropped = 0;
    const written = this.#db.pool.query({
      name: 'audit_refusals',
      text: `select echo_audit(r.tenant, null, r.action, null, r.code, r.detail, r.teller)
             from json_to_recordset($1) as r(tenant text, action text, code text, teller jsonb, detail jsonb)`,
      values: [JSON.stringify(rows)],
    });
    await written.catch((error: unknown) => {
      for (const [key, waiting] of some) if (!this.#waiting.has(key)) this.#waiting.set(key, waiting);
      this.#dropped += dropped;
      throw error;
    });
  }

  /** Seals the next rows that no transaction under way can still come before. @returns how many */
  async #seal(): Promise<number> {
    const sealed = await this.#db.transaction(async (client) => {
      const { rows: locks } = await client.query('select pg_try_advisory_xact_lock($1) as locked', [
        SEAL_LOCK,
      ]);
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
    if (sealed && this.#headPath) await writeHead(this.#headPath, sealed.head);
    return sealed?.count ?? 0;
  }

  /** Rows beyond the retention go, once a day; seals stay, and say how many there were. */
  async #trim(): Promise<void> {
    if (Date.now() - this.#trimmedAt < DAY_MS) return;
    this.#trimmedAt = Date.now();
    // The oldest come first, by their number: nothing else has an index.
    for (let gone = TRIM_ROWS; gone === TRIM_ROWS; ) {
      const { rowCount } = await this.#db.pool.query({
        name: 'audit_trim',
        text: `delete from echo_audit_log where id in (select id from echo_audit_log order by id limit ${TRIM_ROWS})
                 and at < now() - $1 * interval '1 day'`,
        values: [this.#retentionDays],
      });
      gone = rowCount ?? 0;
    }
  }

  /**
   * Compares every seal with the rows that it covers, and every name with its pseudonym. Seals older than the retention
   * are passed over: their rows may have been trimmed.
   */
  async verify(): Promise<AuditVerification> {
    const { rows: seals } = await this.#db.pool.query<Seal>({
      name: 'audit_seals',
      text: `select id, last_xid::text as xid, last_id as "lastId", hash,
               at < now() - $1 * interval '1 day' as "mayBeTrimmed" from echo_audit_seals order by id`,
      values: [this.#retentionDays],
    });
    const broken: number[] = [];
    const stream = sealedRows(this.#db.pool);
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
    const head = this.#headPath === null ? null : await readHead(this.#headPath);
    if (head && !seals.some(({ id, hash }) => id === head.id && hash.equals(head.hash))) broken.push(head.id);
    const { rows: names } = await this.#db.pool.query<{ wrong: number }>({
      name: 'audit_names_verified',
      text: `select count(*)::int as wrong from echo_audit_names where pseudonym <> left(encode(sha256(convert_to(
               tenant_id || chr(31) || coalesce(user_id, '') || chr(31) || name, 'UTF8')), 'hex'), 32)`,
    });
    return { seals: seals.length, rows: count, broken, wrongNames: names[0]?.wrong ?? 0 };
  }

  /** Rows of a tenant after one, oldest first, with the names that have not been erased. */
  async entries(tenantId: string, after: bigint, limit: number): Promise<AuditEntry[]> {
    const { rows } = await this.#db.pool.query<AuditEntry>({
      name: 'audit_entries',
      text: `select a.id::text as id, a.at, coalesce(who.name, a.actor) as actor, a.credential,
               coalesce(whose.name, a.on_behalf_of) as "onBehalfOf", coalesce(place.name, a.address) as address,
               a.action, coalesce(what.name, a.target) as target, a.result, a.correlation_id as "correlationId", a.detail
             from echo_audit_log a
             left join echo_audit_names who on who.pseudonym = a.actor
             left join echo_audit_names whose on whose.pseudonym = a.on_behalf_of
             left join echo_audit_names place on place.pseudonym = a.address
             left join echo_audit_names what on what.pseudonym = a.target
             where a.tenant_id = $1 and a.id > $2 order by a.id limit $3`,
      values: [tenantId, after, limit],
    });
    return rows;
  }
}

/** The last seal that this server made. */
interface Head {
  readonly id: number;
  readonly hash: Buffer;
}

/** As one line, put in place at once: a file that was cut off would look like a broken chain. */
async function writeHead(path: string, { id, hash }: Head): Promise<void> {
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
