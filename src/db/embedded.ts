import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { chooseAccount, explainRefusal } from './embedded/account.ts';
import { locateBinaries } from './embedded/binaries.ts';
import { type ClusterPlace, prepareCluster, SUPERUSER } from './embedded/cluster.ts';
import { EmbeddedPostgresError, hasCode } from './embedded/error.ts';
import { clearLeftovers } from './embedded/leftovers.ts';
import { type ServerProcess, SOCKET_PORT, spawnPostgres } from './embedded/process.ts';
import { type Connection, untilReady } from './embedded/readiness.ts';
import { openSocketPath } from './embedded/socket.ts';
import { stopProcess } from './embedded/stop.ts';

export { EmbeddedPostgresError };

export interface EmbeddedPostgres {
  /** What `pg` needs: `host` is a directory with the unix socket. Constant for the life of this object. */
  readonly connection: Connection;
  /** Of the postmaster; null while it is down. */
  readonly pid: number | null;
  /** Stops it fast but cleanly (10 s, then immediately) and cancels restarts. May be called repeatedly. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The data directory, absolute. The caller holds the lock that makes this process its only server. */
  readonly directory: string;
  readonly log: Logger;
  /** Called when it died by itself; a restart follows. */
  readonly onDown?: (reason: string) => void;
  /** Called when a restart succeeded. */
  readonly onUp?: () => void;
}

const DATABASE = 'echo_brain';
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
/** Sessions of a killed PostgreSQL may hold its memory for a while. */
const ORPHANS_LIMIT_MS = 15_000;
const ORPHANS_MESSAGE = /still in use|already exists/;

/**
 * Runs PostgreSQL as a child process on `directory`, which is initialized at the first start; restarts it when it
 * dies. Only this user can reach it, through a unix socket.
 *
 * @returns once it accepts connections
 * @throws EmbeddedPostgresError with a message for the operator
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const directory = await resolveLinks(options.directory);
  const account = await chooseAccount(directory);
  const binaries = await locateBinaries(account, log);
  const place: ClusterPlace = { directory, account, binaries, log };
  await prepareCluster(place);
  const socket = await openSocketPath(directory, log);
  const connection = { host: socket.host, port: SOCKET_PORT, user: SUPERUSER, database: DATABASE };
  const stopping = new AbortController();
  const launch = () => launchServer(place, connection, stopping.signal);

  let running: ServerProcess | null;
  try {
    running = await launchDespiteOrphans(launch, log);
  } catch (error) {
    await socket.close();
    throw error;
  }
  const supervision = supervise(running, launch, stopping.signal, options, (server) => {
    running = server;
  });

  let stopped: Promise<void> | null = null;
  const stop = async () => {
    stopping.abort();
    if (running) await stopProcess(running);
    await supervision;
    await socket.close();
  };
  return {
    connection,
    get pid() {
      return running?.pid ?? null;
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Starts PostgreSQL and waits until it is ready; leaves no process behind when that fails. */
async function launchServer(
  place: ClusterPlace,
  connection: Connection,
  signal: AbortSignal,
): Promise<ServerProcess> {
  const start = performance.now();
  await clearLeftovers(place.directory, place.log);
  const server = await spawnPostgres(place);
  try {
    await untilReady(server, connection, place.log, signal);
  } catch (error) {
    await stopProcess(server);
    throw error;
  }
  place.log.info(
    { pid: server.pid, ms: Math.round(performance.now() - start) },
    'the embedded database is ready',
  );
  return server;
}

async function launchDespiteOrphans(
  launch: () => Promise<ServerProcess>,
  log: Logger,
): Promise<ServerProcess> {
  const start = Date.now();
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, LAST_BACKOFF_MS)) {
    try {
      return await launch();
    } catch (error) {
      const passing = error instanceof EmbeddedPostgresError && ORPHANS_MESSAGE.test(error.message);
      if (!passing || Date.now() - start > ORPHANS_LIMIT_MS) throw error;
      log.warn({ err: error }, 'PostgreSQL did not start because of an earlier one; trying again');
      await delay(backoff);
    }
  }
}

/** Keeps PostgreSQL running until the signal is aborted; rejects only if it then cannot be stopped. */
async function supervise(
  first: ServerProcess,
  launch: () => Promise<ServerProcess>,
  signal: AbortSignal,
  { log, onDown, onUp }: EmbeddedPostgresOptions,
  setRunning: (server: ServerProcess | null) => void,
): Promise<void> {
  let server = first;
  for (;;) {
    const reason = await server.exited;
    setRunning(null);
    if (signal.aborted) return;
    log.error({ reason }, 'the embedded database died; restarting it');
    notify(log, () => onDown?.(reason));
    let restarted = false;
    for (let backoff = FIRST_BACKOFF_MS; !restarted; backoff = Math.min(backoff * 2, LAST_BACKOFF_MS)) {
      try {
        await delay(backoff, undefined, { signal });
        server = await launch();
        restarted = true;
      } catch (error) {
        if (signal.aborted) return;
        log.error({ err: error }, 'the embedded database could not be restarted; trying again');
      }
    }
    setRunning(server);
    // Stopped in the moment between being ready and being known to stop().
    if (signal.aborted) await stopProcess(server);
    else notify(log, () => onUp?.());
  }
}

/** An error in a listener must not end the supervision. */
function notify(log: Logger, call: () => void): void {
  try {
    call();
  } catch (error) {
    log.error({ err: error }, 'a listener of the embedded database failed');
  }
}

/** PostgreSQL's real place: a link there may lead to another disk, and is kept. */
async function resolveLinks(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return directory;
    throw await explainRefusal(directory, error);
  }
}
