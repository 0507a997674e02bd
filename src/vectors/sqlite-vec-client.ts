import { Worker } from 'node:worker_threads';
import type { ModelRow, NearestQuery, PointRow, TableNumber } from './sqlite-vec-tables.ts';
import {
  type StoredPoint,
  type VectorHit,
  type VectorModel,
  VectorStoreUnavailable,
} from './vector-store.ts';

/** What the thread can do, by name. A `key` names a model of a database, a `model` is the model's own key. */
export type Calls = {
  ping: () => number;
  openModel: (key: string, model: VectorModel) => { table: TableNumber; dimensions: number };
  unmarkedModels: () => ModelRow[];
  markModel: (table: TableNumber, key: string) => void;
  idsOf: (table: TableNumber, after: string, limit: number) => string[];
  otherModels: (database: string, key: string) => VectorModel[];
  dropModel: (key: string) => void;
  upsert: (key: string, points: readonly PointRow[]) => void;
  remove: (database: string, ids: readonly string[]) => void;
  purge: () => void;
  fetch: (key: string, model: string, ids: readonly string[]) => StoredPoint[];
  scan: (key: string, model: string, after: string, limit: number) => StoredPoint[];
  nearest: (key: string, query: NearestQuery) => VectorHit[];
  count: (key: string) => number;
  close: () => void;
};

export type Request = { id: number; call: keyof Calls; args: unknown[] };
export type Answer = {
  id: number;
  result?: unknown;
  error?: { message: string; code: number | null };
};

export interface ThreadOptions {
  readonly file: string;
  readonly readOnly: boolean;
  /** How long to wait for another process's write. */
  readonly busyTimeoutMs: number;
}

/** The file is damaged: what it holds has to be made again. */
export class VectorFileCorrupt extends Error {
  override readonly name = 'VectorFileCorrupt';
}

/** One thread with one connection. It starts with the first call, and again after it died. */
export interface SqliteVecClient {
  /** @throws VectorStoreUnavailable, VectorFileCorrupt */
  call<Name extends keyof Calls>(
    name: Name,
    ...args: Parameters<Calls[Name]>
  ): Promise<ReturnType<Calls[Name]>>;
  /** Whether it has a thread. */
  readonly isStarted: boolean;
  /** Whether no call is under way. */
  readonly isResting: boolean;
  /** Waits until none is. @returns false if that takes longer than so many milliseconds */
  rests(withinMs: number): Promise<boolean>;
  /** Closes the file and ends the thread; calls under way are finished first. */
  close(): Promise<void>;
}

interface Waiting {
  /** The thread that is to answer. */
  of: Worker;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/**
 * @param options.callTimeoutMs a call that takes longer fails, and its thread is replaced
 */
export function createSqliteVecClient(options: ThreadOptions & { callTimeoutMs: number }): SqliteVecClient {
  let worker: Worker | null = null;
  let lastId = 0;
  const waiting = new Map<number, Waiting>();
  const resting = new Set<() => void>();

  const settle = (answer: Answer) => {
    const call = waiting.get(answer.id);
    if (!call) return;
    waiting.delete(answer.id);
    clearTimeout(call.timer);
    if (waiting.size === 0) {
      call.of.unref();
      worker?.unref();
      for (const tell of resting) tell();
    }
    if (answer.error) call.reject(errorOf(answer.error));
    else call.resolve(answer.result);
  };
  const abandon = (gone: Worker, message: string) => {
    if (worker === gone) worker = null;
    for (const [id, { of }] of [...waiting]) if (of === gone) settle({ id, error: { message, code: null } });
  };
  const start = () => {
    const started = new Worker(new URL('./sqlite-vec-thread.ts', import.meta.url), { workerData: options });
    started.on('message', settle);
    started.on('error', (error: Error) => abandon(started, `the thread failed: ${error.message}`));
    started.on('exit', () => abandon(started, 'the thread ended'));
    return started;
  };
  const call: SqliteVecClient['call'] = (name, ...args) =>
    new Promise((resolve, reject) => {
      worker ??= start();
      const target = worker;
      const id = ++lastId;
      // First of all, because it throws on what cannot travel; the answer comes in a later turn of the event loop.
      target.postMessage({ id, call: name, args } satisfies Request);
      const timer = setTimeout(() => {
        abandon(target, `${name} took more than ${options.callTimeoutMs} ms`);
        void target.terminate();
      }, options.callTimeoutMs);
      waiting.set(id, { of: target, resolve: resolve as (value: unknown) => void, reject, timer });
      target.ref();
    });
  const rests = (withinMs: number) =>
    new Promise<boolean>((resolve) => {
      if (waiting.size === 0) return resolve(true);
      const end = (isResting: boolean) => {
        clearTimeout(timer);
        resting.delete(tell);
        resolve(isResting);
      };
      const tell = () => end(true);
      const timer = setTimeout(() => end(false), withinMs);
      resting.add(tell);
    });
  return {
    call,
    get isStarted() {
      return worker !== null;
    },
    get isResting() {
      return waiting.size === 0;
    },
    rests,
    async close() {
      const ending = worker;
      if (!ending) return;
      const closed = call('close').catch(() => undefined);
      // What comes from now on is for another thread: this one answers nothing behind its end.
      worker = null;
      await closed;
      await ending.terminate();
    },
  };
}

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function errorOf({ message, code }: { message: string; code: number | null }): Error {
  const primary = code === null ? null : code & 0xff;
  const damaged =
    primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB || /internal sqlite-vec error/i.test(message);
  return damaged ? new VectorFileCorrupt(message) : new VectorStoreUnavailable(`vectors.db: ${message}`);
}
