import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Logger } from '../../log.ts';
import { launchAs } from './account.ts';
import type { ClusterPlace } from './cluster.ts';
import { EmbeddedPostgresError } from './error.ts';
import type { Stoppable } from './stop.ts';

/** Names the socket file only: there is no network port. */
export const SOCKET_PORT = 5432;

/** A postmaster that we started. */
export interface ServerProcess extends Stoppable {
  readonly pid: number;
  /** Resolves with the reason once it is gone; never rejects. */
  readonly exited: Promise<string>;
  /** What it said last, for messages to the operator. */
  readonly recentLines: readonly string[];
}

const RECENT_LINES = 20;
const LAST_WORDS_LIMIT_MS = 300;

/** Durable, and small; the buffers hold the word index of a large memory, and take memory only as it is used. */
const SETTINGS = {
  listen_addresses: '',
  // Relative to the data directory, where the postmaster works: never longer than a socket path may be.
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  port: SOCKET_PORT,
  cluster_name: 'echo_brain',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_replication_slots: 0,
  max_logical_replication_workers: 0,
  // A segment that is used again keeps the bytes of what it held, and what was erased among them.
  wal_recycle: 'off',
  wal_init_zero: 'on',
  min_wal_size: '48MB',
  max_wal_size: '256MB',
  shared_buffers: '128MB',
  maintenance_work_mem: '32MB',
  max_worker_processes: 2,
  max_parallel_workers_per_gather: 0,
  autovacuum_worker_slots: 4,
  autovacuum_max_workers: 2,
  // Until it knows how many rows a new table has, it may read all of a user's turns for each one that is embedded.
  autovacuum_naptime: '10s',
  // No separate reader processes: the data fits into the page cache.
  io_method: 'sync',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_checkpoints: 'off',
  log_line_prefix: '%b [%p] ',
  // Statements and details quote what users wrote; that must not reach a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** Settings that earlier versions do not know, with the major version that brought them. */
const BROUGHT_BY: Readonly<Record<string, number>> = { autovacuum_worker_slots: 18, io_method: 18 };

/**
 * Starts the postmaster, in a process group of its own so that Ctrl-C leaves the order of stopping to us.
 *
 * @throws EmbeddedPostgresError when the program cannot be executed
 */
export async function spawnPostgres({
  directory,
  account,
  binaries,
  log,
  maxConnections,
}: ClusterPlace): Promise<ServerProcess> {
  const { dataArgument, options } = launchAs(account, directory);
  const major = Number.parseInt(binaries.version, 10);
  const settings = Object.entries({ ...SETTINGS, max_connections: maxConnections }).flatMap(
    ([name, value]) => (major < (BROUGHT_BY[name] ?? 0) ? [] : ['-c', `${name}=${value}`]),
  );
  const child = spawn(binaries.postgres, ['-D', dataArgument, ...settings], {
    ...options,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const recentLines: string[] = [];
  const exited = describeExit(child);
  if (child.stderr) forwardLines(child.stderr, recentLines, log);
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new EmbeddedPostgresError(
      `"${binaries.postgres}" cannot be run as uid ${account.uid}: ${error instanceof Error ? error.message : String(error)}. Set DATABASE_URL to a PostgreSQL server if this system cannot run it.`,
      error,
    );
  }
  if (child.pid === undefined) throw new Error('a process that was spawned has no id');
  return {
    pid: child.pid,
    exited,
    recentLines,
    signal: (name) => void child.kill(name),
    isRunning: async () => child.exitCode === null && child.signalCode === null,
  };
}

function describeExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      const reason = signal ? `it was killed by ${signal}` : `it exited with code ${code}`;
      // Its last words may still be in the pipe; a session that outlives it can hold the pipe open.
      const limit = setTimeout(resolve, LAST_WORDS_LIMIT_MS, reason);
      child.once('close', () => {
        clearTimeout(limit);
        resolve(reason);
      });
    });
  });
}

const LINE = /^(?<backend>.*?) \[\d+\] (?<severity>[A-Z]+\d?): +(?<text>.*)$/;
const ALARMING = /terminated by signal|not properly shut down|could not|corrupt/;

/** Errors of our own statements come back to us with the answer, and may quote a user: they are not logged here. */
function forwardLines(stream: NodeJS.ReadableStream, recentLines: string[], log: Logger): void {
  stream.on('error', (error) =>
    log.warn({ err: error }, 'the messages of PostgreSQL cannot be read any more'),
  );
  createInterface({ input: stream }).on('line', (line) => {
    if (line.startsWith('\t')) return;
    const { backend = '', severity = '', text = line } = LINE.exec(line)?.groups ?? {};
    const ofClient = backend.includes('client backend');
    if (ofClient && severity !== 'FATAL' && severity !== 'PANIC') return;
    if (!ofClient) recentLines.push(text);
    if (recentLines.length > RECENT_LINES) recentLines.shift();
    const quiet = ofClient ? severity !== 'PANIC' : severity === 'LOG' && !ALARMING.test(text);
    log[quiet ? 'debug' : 'warn']({ backend, severity }, `PostgreSQL: ${text}`);
  });
}
