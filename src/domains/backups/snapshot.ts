import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { ownersOf } from '../media-insights/orphans.ts';
import type { Header, Manifest } from './format.ts';

/** A table, and the columns that are stored of it: generated ones are made again. */
export type TableShape = Header['tables'][number];

/** Bytes come out the same on every server. */
const OUTPUT = `set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
  set local lock_timeout = '10s'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local timezone = 'UTC'; set local extra_float_digits = 3; set local bytea_output = 'hex'; set local row_security = off;
  set local synchronize_seqscans = off; set local client_encoding = 'UTF8'`;

/**
 * Looks at the database as it is at one instant, over a connection of its own. Nothing is locked but the shape of the tables.
 *
 * @throws whatever the database says
 */
export async function atOneInstant<T>(db: Database, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = await db.dedicated();
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(OUTPUT);
    return await work(await Snapshot.open(client));
  } finally {
    // Ends the transaction, and a COPY that was not read to its end.
    await client.end().catch(() => undefined);
  }
}

/** Everything in the database, at one instant. */
export class Snapshot {
  readonly tables: readonly TableShape[];
  readonly #client: pg.Client;

  private constructor(client: pg.Client, tables: readonly TableShape[]) {
    this.#client = client;
    this.tables = tables;
  }

  static async open(client: pg.Client): Promise<Snapshot> {
    const tables = await tablesOf(client);
    // No migration may come between the look at the shape and the reading.
    for (const { name } of tables)
      await client.query(`lock table only public."${name}" in access share mode`);
    return new Snapshot(client, tables);
  }

  /** Where it is from, for the head of a backup. */
  async origin(): Promise<Pick<Header, 'databaseId' | 'serverVersion' | 'migrations'>> {
    const found = await this.#client.query<{ databaseId: string; serverVersion: number }>(
      `select id as "databaseId", current_setting('server_version_num')::int as "serverVersion" from echo_database`,
    );
    return { ...onlyRow(found), migrations: await migrationsOf(this.#client) };
  }

  /** The rows of a table as COPY writes them; own rows only, those of tables that inherit are theirs. */
  rows({ name, columns }: TableShape) {
    return this.#client.query(copyTo(`copy public."${name}" (${quoted(columns)}) to stdout`));
  }

  /** Rows of a query, as COPY writes them. */
  result(query: string) {
    return this.#client.query(copyTo(`copy (${query}) to stdout`));
  }

  /** Where counters stand: at least where they stood at the instant, since they know no transactions. */
  async sequences(): Promise<Manifest['sequences']> {
    const { rows } = await this.#client.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind = 'S' order by 1`,
    );
    const states: Manifest['sequences'] = [];
    for (const { name } of rows) {
      const state = await this.#client.query<{ last: string; isCalled: boolean }>(
        `select last_value::text as last, is_called as "isCalled" from public."${name}"`,
      );
      states.push({ name, ...onlyRow(state) });
    }
    return states;
  }

  /** Who has media. */
  mediaOwners(): Promise<Owner[]> {
    return ownersOf({ pool: this.#client });
  }

  async lastSeal(): Promise<Manifest['chains']['audit']> {
    const { rows } = await this.#client.query<{ seal: number; hash: string }>(
      `select id as seal, encode(hash, 'hex') as hash from echo_audit_seals order by id desc limit 1`,
    );
    return rows[0] ?? null;
  }

  /** Rough sizes, to say how far a backup is: bytes of each table. */
  async sizes(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.#client.query<{ name: string; bytes: string }>(
      `select c.relname as name, pg_table_size(c.oid)::text as bytes from pg_class c
       join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind = 'r'`,
    );
    return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
  }
}

/** Heads of all chains of turns, in one order on every server. */
export const CHAIN_HEADS = `select tenant_id, user_id, conversation_id, next_sequence, encode(chain_hash, 'hex')
  from echo_conversations order by tenant_id collate "C", user_id collate "C", conversation_id collate "C"`;

export function quoted(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

/** @returns migrations in their order; none: there never was one */
export async function migrationsOf(client: Pick<pg.ClientBase, 'query'>): Promise<Header['migrations']> {
  const { rows } = await client.query<{ hash: string; createdAt: string }>(
    'select hash, created_at::text as "createdAt" from drizzle.__drizzle_migrations order by created_at',
  );
  return rows.map(({ hash, createdAt }) => ({ hash, createdAt: Number(createdAt) }));
}

/** All tables of the schema, those that others refer to first. */
async function tablesOf(client: pg.Client): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape & { needs: string[] }>(
    `select c.relname as name,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       array(select distinct f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as needs
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' order by c.relname`,
  );
  const ordered: TableShape[] = [];
  const waiting = [...rows];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ needs }) => !waiting.some(({ name }) => needs.includes(name)));
    const [table] = waiting.splice(Math.max(next, 0), 1);
    if (table) ordered.push({ name: table.name, columns: table.columns });
  }
  return ordered;
}
