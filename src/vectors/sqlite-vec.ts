import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import {
  type Calls,
  createSqliteVecClient,
  type SqliteVecClient,
  VectorFileCorrupt,
} from './sqlite-vec-client.ts';
import type { PointRow } from './sqlite-vec-tables.ts';
import {
  checkSize,
  modelKey,
  ownerKey,
  type TurnDatabase,
  type VectorModel,
  type VectorPoint,
  type VectorQuery,
  VectorSizeMismatch,
  type VectorStore,
  VectorStoreUnavailable,
} from './vector-store.ts';

export interface SqliteVecOptions {
  /** Where `vectors.db` is. */
  readonly directory: string;
  /** Whose vectors they are; the file may hold those of others, too. */
  readonly database: TurnDatabase;
  readonly model: VectorModel;
  readonly log: Logger;
  /** Told when a damaged file was moved aside; its vectors have to be made again. */
  readonly onRebuild?: (event: { movedTo: string; reason: string }) => void;
  readonly busyTimeoutMs?: number;
  readonly callTimeoutMs?: number;
}

/**
 * Vectors in a file of their own: exact search by sqlite-vec, one partition for each user, one pair of tables for
 * each embedding model. Writes and searches have a thread each, so neither waits for the other; where nobody searches
 * (no model of meaning), the one that writes reads, too, for a thread takes memory.
 *
 * Tables say whose they are, so that a data directory that served another database before keeps that one's vectors.
 * A damaged file is moved aside and begun anew; the reconciler fills it from the turns.
 */
export function createSqliteVecStore(options: SqliteVecOptions): VectorStore {
  const { name, dimensions } = options.model;
  const model = { name, dimensions };
  const database = options.database.id;
  const keyOf = (of: VectorModel) => `${database}:${modelKey(of)}`;
  const key = keyOf(model);
  const file = openFile({ ...options, model });
  const read = file.calls('reader');
  const write = file.calls('writer');
  return {
    model,
    ensure: file.ensure,
    upsert: async (points) => {
      checkSize(
        model,
        points.map((point) => point.vector),
      );
      if (points.length > 0) await write('upsert', key, points.map(rowOf));
    },
    remove: async (ids) => {
      if (ids.length > 0) await write('remove', database, ids);
    },
    purge: () => write('purge'),
    fetch: async (ids) => {
      if (ids.length === 0) return new Map();
      return new Map((await read('fetch', key, modelKey(model), ids)).map((point) => [point.id, point]));
    },
    scan: ({ after, limit }) => read('scan', key, modelKey(model), after ?? '', limit),
    search: async (query) => {
      const searched = query.model ?? model;
      checkSize(searched, [query.vector]);
      return read('nearest', keyOf(searched), nearestOf(query));
    },
    count: () => read('count', key),
    ping: async () => {
      const started = performance.now();
      await read('ping');
      return performance.now() - started;
    },
    earlierModels: () => read('otherModels', database, key),
    dropModel: async (dropped) => {
      if (keyOf(dropped) !== key) await write('dropModel', keyOf(dropped));
    },
    close: file.close,
  };
}

const ADOPTED_AT_ONCE = 1_000;

/** A read that no search needs waits so long for a write, before it gets a thread of its own. */
const READ_PATIENCE_MS = 250;

type Connection = 'reader' | 'writer';

/** The two connections, opened and checked on first use, and replaced when the file is damaged. */
function openFile(options: SqliteVecOptions) {
  const file = join(options.directory, 'vectors.db');
  const shared = {
    file,
    busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
    callTimeoutMs: options.callTimeoutMs ?? 30_000,
  };
  const clients: Record<Connection, SqliteVecClient> = {
    reader: createSqliteVecClient({ ...shared, readOnly: true }),
    writer: createSqliteVecClient({ ...shared, readOnly: false }),
  };
  const close = async () => {
    await clients.reader.close();
    await clients.writer.close();
  };
  let ready: Promise<void> | null = null;
  let rebuilding: Promise<void> | null = null;
  let closings = 0;

  const rebuild = (reason: string) => {
    rebuilding ??= moveAside(options, file, reason, close).finally(() => {
      ready = null;
      rebuilding = null;
    });
    return rebuilding;
  };
  const prepare = async () => {
    try {
      await openTables(options, clients.writer);
    } catch (error) {
      if (!(error instanceof VectorFileCorrupt)) throw error;
      await moveAside(options, file, error.message, close);
      await openTables(options, clients.writer);
    }
  };
  const ensure = () => {
    ready ??= prepare().catch((error) => {
      ready = null;
      throw error;
    });
    return ready;
  };
  /** Calls in the same turn of the event loop in which it found the client: what waits in between is looked at again. */
  const send = async <Name extends keyof Calls>(
    connection: Connection,
    name: Name,
    args: Parameters<Calls[Name]>,
  ) => {
    const { reader, writer } = clients;
    const before = closings;
    let since: number | null = null;
    for (;;) {
      await rebuilding;
      if (closings !== before) throw new VectorStoreUnavailable('vectors.db is closed');
      await ensure();
      if (connection === 'writer') return writer.call(name, ...args);
      if (name === 'nearest' || reader.isStarted) return reader.call(name, ...args);
      if (writer.isResting) return writer.call(name, ...args);
      since ??= performance.now();
      const leftMs = since + READ_PATIENCE_MS - performance.now();
      if (leftMs <= 0) return reader.call(name, ...args);
      await writer.rests(leftMs);
    }
  };
  const calls =
    (connection: Connection) =>
    async <Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>) => {
      try {
        return await send(connection, name, args);
      } catch (error) {
        if (!(error instanceof VectorFileCorrupt)) throw error;
        await rebuild(error.message);
        throw new VectorStoreUnavailable(`vectors.db was damaged and is begun anew (${error.message})`);
      }
    };
  return {
    ensure,
    calls,
    close: () => {
      closings++;
      return close();
    },
  };
}

async function openTables(options: SqliteVecOptions, writer: SqliteVecClient): Promise<void> {
  const { directory, database, model } = options;
  await mkdir(directory, { recursive: true }).catch((error: Error) => {
    throw new VectorStoreUnavailable(`vectors.db: ${error.message}`);
  });
  await adoptUnmarked(options, writer);
  const { dimensions } = await writer.call('openModel', `${database.id}:${modelKey(model)}`, model);
  if (dimensions !== model.dimensions)
    throw new VectorSizeMismatch(`vectors.db, model ${model.name}`, model.dimensions, dimensions);
}

/** Tables of an earlier version are this database's if all that they hold are vectors of its turns. */
async function adoptUnmarked({ database, log }: SqliteVecOptions, writer: SqliteVecClient): Promise<void> {
  for (const { number, key } of await writer.call('unmarkedModels')) {
    if (await holdsOnlyTurnsOf(database, writer, number))
      await writer.call('markModel', number, `${database.id}:${key}`);
    else
      log.warn(
        { model: key },
        'vectors.db holds vectors of turns that this database does not have; they are left alone, and made anew for its own turns',
      );
  }
}

async function holdsOnlyTurnsOf(
  database: TurnDatabase,
  writer: SqliteVecClient,
  table: number,
): Promise<boolean> {
  for (let after = ''; ; ) {
    const ids = await writer.call('idsOf', table, after, ADOPTED_AT_ONCE);
    const last = ids.at(-1);
    if (last === undefined) return true;
    if ((await database.turnsAmong(ids)).size < ids.length) return false;
    after = last;
  }
}

/** Kept, not deleted, so that somebody can find out what happened. */
async function moveAside(
  options: SqliteVecOptions,
  file: string,
  reason: string,
  close: () => Promise<void>,
): Promise<void> {
  await close();
  const movedTo = `${file}.damaged-${new Date().toISOString().replaceAll(':', '')}`;
  for (const suffix of ['', '-wal', '-shm']) {
    await rename(file + suffix, movedTo + suffix).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw new VectorStoreUnavailable(`vectors.db: ${error.message}`);
    });
  }
  options.log.error({ movedTo, reason }, 'vectors.db was damaged; it is made again from the turns');
  options.onRebuild?.({ movedTo, reason });
}

function rowOf(point: VectorPoint): PointRow {
  const { timestamp, ...rest } = point;
  return { ...rest, owner: ownerKey(point), timestampMs: timestamp.getTime() };
}

function nearestOf(query: VectorQuery) {
  const { filter } = query;
  return {
    owner: ownerKey(query),
    vector: query.vector,
    limit: query.limit,
    ids: query.ids ?? null,
    conversationId: filter?.conversationId ?? null,
    sinceMs: filter?.since?.getTime() ?? null,
    untilMs: filter?.until?.getTime() ?? null,
  };
}
