import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { StoredPoint, VectorHit, VectorModel } from './vector-store.ts';

/** A point as it travels to the thread. */
export interface PointRow {
  id: string;
  owner: string;
  tenantId: string;
  userId: string;
  conversationId: string;
  contentHash: string;
  timestampMs: number;
  vector: Float32Array;
}

export interface NearestQuery {
  owner: string;
  vector: Float32Array;
  limit: number;
  ids: readonly string[] | null;
  conversationId: string | null;
  sinceMs: number | null;
  untilMs: number | null;
}

/** A model's row of `models`: its tables, and the key `database:model@dimensions`; an earlier version left the database out. */
export interface ModelRow {
  number: TableNumber;
  key: string;
}

/** A model's two tables: `vectors_N` (sqlite-vec's vec0) and `points_N` (what it cannot page by id). */
export type TableNumber = number;

/**
 * Each user's vectors fill whole chunks: at 32 a user costs at least 49 kB of 384 dimensions. vec0 sorts the whole of a chunk where more are
 * wanted than it holds, so searches for 200 are a fifth faster than with chunks of 128 (19.0 and 14.7 ms of CPU over 20,000 vectors).
 */
const CHUNK_SIZE = 32;
/** A database's id, a colon, and the model. */
const MARKED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:/;
const OF_DATABASE = `substr(key, 1, 37) = ? || ':'`;

/** The tables of a model, made if they are not there. @returns its number and the length its vectors really have */
export function openModel(
  db: DatabaseSync,
  key: string,
  model: VectorModel,
): { table: TableNumber; dimensions: number } {
  db.exec(`create table if not exists models (
    number integer primary key, key text not null unique, name text not null, dimensions integer not null) strict`);
  inTransaction(db, () => {
    const known = db.prepare('select number from models where key = ?').get(key);
    if (known) return;
    db.prepare('insert into models (key, name, dimensions) values (?, ?, ?)').run(
      key,
      model.name,
      model.dimensions,
    );
    const { number } = db.prepare('select number from models where key = ?').get(key) as { number: number };
    createTables(db, number, model.dimensions);
  });
  const { number } = db.prepare('select number from models where key = ?').get(key) as { number: number };
  const declared = db.prepare('select sql from sqlite_master where name = ?').get(`vectors_${number}`);
  return {
    table: number,
    dimensions: Number(/float\[(\d+)\]/.exec(String(declared?.sql))?.[1] ?? Number.NaN),
  };
}

function createTables(db: DatabaseSync, table: TableNumber, dimensions: number): void {
  db.exec(`create table points_${table} (
      id text primary key, tenant_id text not null, user_id text not null, content_hash text not null
    ) strict, without rowid;
    create virtual table vectors_${table} using vec0(
      id text primary key, owner text partition key, embedding float[${dimensions}] distance_metric=cosine,
      conversation_id text, timestamp integer, chunk_size=${CHUNK_SIZE})`);
}

/** Tables of an earlier version, of which nobody knows whose they are. */
export function unmarkedModels(db: DatabaseSync): ModelRow[] {
  const exists = db.prepare(`select 1 from sqlite_master where name = 'models'`).get();
  if (!exists) return [];
  return db
    .prepare('select number, key from models order by number')
    .all()
    .map((row) => ({ number: Number(row.number), key: String(row.key) }))
    .filter(({ key }) => !MARKED.test(key));
}

/** Says whose the tables are, unless this database has such tables already. */
export function markModel(db: DatabaseSync, table: TableNumber, key: string): void {
  db.prepare('update or ignore models set key = ? where number = ?').run(key, table);
}

/** Ids of points after an id, in their order. */
export function idsOf(db: DatabaseSync, table: TableNumber, after: string, limit: number): string[] {
  return db
    .prepare(`select id from points_${table} where id > ? order by id limit ?`)
    .all(after, limit)
    .map((row) => String(row.id));
}

/** The database's models other than the one of `key`. */
export function otherModels(db: DatabaseSync, database: string, key: string): VectorModel[] {
  return db
    .prepare(`select name, dimensions from models where key <> ? and ${OF_DATABASE} order by number`)
    .all(key, database)
    .map((row) => ({ name: String(row.name), dimensions: Number(row.dimensions) }));
}

/** Drops a model's tables; an unknown one is ignored. */
export function dropModel(db: DatabaseSync, key: string): void {
  inTransaction(db, () => {
    const known = db.prepare('select number from models where key = ?').get(key);
    if (!known) return;
    db.exec(`drop table vectors_${known.number}; drop table points_${known.number}`);
    db.prepare('delete from models where key = ?').run(key);
  });
}

const statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** A statement that is made once: what SQLite keeps of each comes back only when its thread collects garbage, which is seldom. */
function prepared(db: DatabaseSync, text: string): StatementSync {
  const known = statements.get(db) ?? new Map<string, StatementSync>();
  statements.set(db, known);
  const statement = known.get(text) ?? db.prepare(text);
  known.set(text, statement);
  return statement;
}

/** The number of a model's tables. @throws if there is none */
export function tableOf(db: DatabaseSync, key: string): TableNumber {
  const known = prepared(db, 'select number from models where key = ?').get(key);
  if (!known) throw new Error(`there are no vectors of ${key}`);
  return Number(known.number);
}

/** Writes points in one transaction. vec0 knows no upsert, so each is deleted first. */
export function upsertPoints(db: DatabaseSync, table: TableNumber, points: readonly PointRow[]): void {
  const forget = prepared(db, `delete from vectors_${table} where id = ?`);
  const point = prepared(db, `insert or replace into points_${table} values (?, ?, ?, ?)`);
  const vector = prepared(
    db,
    `insert into vectors_${table} (id, owner, embedding, conversation_id, timestamp) values (?, ?, ?, ?, ?)`,
  );
  inTransaction(db, () => {
    for (const row of points) {
      forget.run(row.id);
      point.run(row.id, row.tenantId, row.userId, row.contentHash);
      vector.run(row.id, row.owner, bytesOf(row.vector), row.conversationId, BigInt(row.timestampMs));
    }
  });
}

/** Removes points from the tables of every model of a database. */
export function removePoints(db: DatabaseSync, database: string, ids: readonly string[]): void {
  inTransaction(db, () => {
    for (const { number } of prepared(db, `select number from models where ${OF_DATABASE}`).all(database)) {
      const point = prepared(db, `delete from points_${number} where id = ?`);
      const vector = prepared(db, `delete from vectors_${number} where id = ?`);
      for (const id of ids) {
        point.run(id);
        vector.run(id);
      }
    }
  });
}

/** What was removed is zeroed where it lay (secure_delete); this empties the log, which holds earlier pages. */
export function purge(db: DatabaseSync): void {
  db.exec('pragma wal_checkpoint(truncate)');
}

/** Points by id. One whose vector is gone, or has no length, does not count. */
export function fetchPoints(
  db: DatabaseSync,
  table: TableNumber,
  model: string,
  ids: readonly string[],
): StoredPoint[] {
  return prepared(
    db,
    `select * from points_${table} p where id in (select value from json_each(?)) and ${hasUsableVector(table)}`,
  )
    .all(JSON.stringify(ids))
    .map((row) => pointOf(row, model));
}

/** Points after an id, in the order of ids. */
export function scanPoints(
  db: DatabaseSync,
  table: TableNumber,
  model: string,
  after: string,
  limit: number,
): StoredPoint[] {
  return prepared(db, `select * from points_${table} p where id > ? order by id limit ?`)
    .all(after, limit)
    .map((row) => pointOf(row, model));
}

/** The nearest vectors of one owner, by exact search in the owner's partition. */
export function nearest(db: DatabaseSync, table: TableNumber, query: NearestQuery): VectorHit[] {
  if (query.ids) return nearestAmong(db, table, query, query.ids);
  const conditions = ['embedding match ?', 'k = ?', 'owner = ?'];
  const values: (string | bigint | number | Uint8Array)[] = [bytesOf(query.vector), query.limit, query.owner];
  const require = (condition: string, value: string | bigint | null) => {
    if (value === null) return;
    conditions.push(condition);
    values.push(value);
  };
  require('conversation_id = ?', query.conversationId);
  require('timestamp >= ?', query.sinceMs === null ? null : BigInt(query.sinceMs));
  require('timestamp <= ?', query.untilMs === null ? null : BigInt(query.untilMs));
  // Materialized, because vec0 refuses any order but its own.
  return prepared(
    db,
    `with v as materialized (select id, distance from vectors_${table} where ${conditions.join(' and ')})
       select v.id, v.distance from v
       where exists (select 1 from points_${table} p where p.id = v.id) order by v.distance, v.id`,
  )
    .all(...values)
    .map((row) => ({ id: String(row.id), score: 1 - Number(row.distance) }));
}

/** The same among few: each is looked up by itself. Other conditions are not asked for together with ids. */
function nearestAmong(
  db: DatabaseSync,
  table: TableNumber,
  { vector, owner, limit }: NearestQuery,
  ids: readonly string[],
): VectorHit[] {
  const find = prepared(
    db,
    `select v.owner, vec_distance_cosine(v.embedding, ?) as distance from vectors_${table} v where v.id = ?`,
  );
  const bytes = bytesOf(vector);
  return ids
    .flatMap((id) => {
      const row = find.get(bytes, id);
      return row?.owner === owner && row.distance !== null ? [{ id, score: 1 - Number(row.distance) }] : [];
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

export function countPoints(db: DatabaseSync, table: TableNumber): number {
  return Number(prepared(db, `select count(*) as count from points_${table}`).get()?.count);
}

/** A vector without length, or with what is no number, has no distance to itself. */
function hasUsableVector(table: TableNumber): string {
  return `exists (select 1 from vectors_${table} v
    where v.id = p.id and vec_distance_cosine(v.embedding, v.embedding) is not null)`;
}

function pointOf(row: Record<string, SQLOutputValue>, model: string): StoredPoint {
  return {
    id: String(row.id),
    tenantId: String(row.tenant_id),
    userId: String(row.user_id),
    model,
    contentHash: String(row.content_hash),
    isOwn: true,
  };
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('begin immediate');
  try {
    work();
    db.exec('commit');
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}
