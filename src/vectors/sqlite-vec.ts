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
  readonly model: VectorModel;
  readonly log: Logger;
  /** Told when a damaged file was moved aside; its vectors have to be made again. */
  readonly onRebuild?: (event: { movedTo: string; reason: string }) => void;
  readonly busyTimeoutMs?: number;
  readonly callTimeoutMs?: number;
}

/**
 * Vectors in a file of their own: exact search by sqlite-vec, one partition for each user, one pair of tables for
 * each embedding model. Writes and searches have a thread each, so neither waits for the other.
 *
 * A damaged file is moved aside and begun anew; the reconciler fills it from the turns.
 */
export function createSqliteVecStore(options: SqliteVecOptions): VectorStore {
  const { name, dimensions } = options.model;
  const model = { name, dimensions };
  const key = modelKey(model);
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
      if (ids.length > 0) await write('remove', ids);
    },
    purge: () => write('purge'),
    fetch: async (ids) => {
      if (ids.length === 0) return new Map();
      return new Map((await read('fetch', key, ids)).map((point) => [point.id, point]));
    },
    scan: ({ after, limit }) => read('scan', key, after ?? '', limit),
    search: async (query) => {
      const searched = query.model ?? model;
      checkSize(searched, [query.vector]);
      return read('nearest', modelKey(searched), nearestOf(query));
    },
    count: () => read('count', key),
    ping: async () => {
      const started = performance.now();
      await read('ping');
      return performance.now() - started;
    },
    earlierModels: () => read('otherModels', key),
    dropModel: async (dropped) => {
      if (modelKey(dropped) !== key) await write('dropModel', modelKey(dropped));
    },
    close: file.close,
  };
}

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
  const calls =
    (connection: Connection) =>
    async <Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>) => {
      await rebuilding;
      await ensure();
      try {
        return await clients[connection].call(name, ...args);
      } catch (error) {
        if (!(error instanceof VectorFileCorrupt)) throw error;
        await rebuild(error.message);
        throw new VectorStoreUnavailable(`vectors.db was damaged and is begun anew (${error.message})`);
      }
    };
  return { ensure, calls, close };
}

async function openTables({ directory, model }: SqliteVecOptions, writer: SqliteVecClient): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((error: Error) => {
    throw new VectorStoreUnavailable(`vectors.db: ${error.message}`);
  });
  const { dimensions } = await writer.call('openModel', modelKey(model), model);
  if (dimensions !== model.dimensions)
    throw new VectorSizeMismatch(`vectors.db, model ${model.name}`, model.dimensions, dimensions);
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
    conversationId: filter?.conversationId ?? null,
    sinceMs: filter?.since?.getTime() ?? null,
    untilMs: filter?.until?.getTime() ?? null,
  };
}
