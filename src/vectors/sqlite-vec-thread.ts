/**
 * The thread that holds one connection to vectors.db, so that a search over many vectors does not stop the server.
 * It answers one request at a time; see `sqlite-vec-client.ts` for the other end.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { getLoadablePath } from 'sqlite-vec';
import { makePrivate } from '../db/data-directory.ts';
import type { Answer, Calls, Request, ThreadOptions } from './sqlite-vec-client.ts';
import * as tables from './sqlite-vec-tables.ts';

const options = workerData as ThreadOptions;
let opened: DatabaseSync | null = null;

const calls: { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => ReturnType<Calls[Name]> } = {
  ping: () => Number(database().prepare('select 1 as one').get()?.one),
  openModel: (key, model) => tables.openModel(database(), key, model),
  unmarkedModels: () => tables.unmarkedModels(database()),
  markModel: (table, key) => tables.markModel(database(), table, key),
  idsOf: (table, after, limit) => tables.idsOf(database(), table, after, limit),
  otherModels: (of, key) => tables.otherModels(database(), of, key),
  dropModel: (key) => tables.dropModel(database(), key),
  upsert: (key, points) => tables.upsertPoints(database(), tables.tableOf(database(), key), points),
  remove: (of, ids) => tables.removePoints(database(), of, ids),
  purge: () => tables.purge(database()),
  fetch: (key, model, ids) => tables.fetchPoints(database(), tables.tableOf(database(), key), model, ids),
  scan: (key, model, after, limit) =>
    tables.scanPoints(database(), tables.tableOf(database(), key), model, after, limit),
  nearest: (key, query) => tables.nearest(database(), tables.tableOf(database(), key), query),
  count: (key) => tables.countPoints(database(), tables.tableOf(database(), key)),
  close: () => {
    opened?.close();
    opened = null;
  },
};

parentPort?.on('message', (request: Request) => {
  parentPort?.postMessage(answer(request));
});

function answer(request: Request): Answer {
  try {
    const call = calls[request.call] as (...args: unknown[]) => unknown;
    return { id: request.id, result: call(...request.args) };
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    return { id: request.id, error: { message, code: errcode ?? null } };
  }
}

function database(): DatabaseSync {
  opened ??= open();
  return opened;
}

function open(): DatabaseSync {
  if (!options.readOnly) makePrivate(options.file);
  const db = new DatabaseSync(options.file, {
    allowExtension: true,
    readOnly: options.readOnly,
    timeout: options.busyTimeoutMs,
  });
  try {
    db.loadExtension(getLoadablePath());
    db.enableLoadExtension(false);
    // Pages come from the file map: searches read every vector of a user, and a copy of each would double the memory.
    // A cache above SQLite's own 2 MB makes neither writes nor searches cheaper (measured with 16), it is only filled.
    db.exec('pragma mmap_size = 8589934592');
    if (!options.readOnly)
      db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
