import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { chooseAccount, explainRefusal } from './embedded/account.ts';
import { type Binaries, locateBinaries } from './embedded/binaries.ts';
import { type ClusterPlace, prepareCluster, SUPERUSER } from './embedded/cluster.ts';
import { findEarlierBinaries } from './embedded/earlier.ts';
import { EmbeddedPostgresError, hasCode } from './embedded/error.ts';
import { HANG_LIMIT_MS, recoveryProgress, untilHung } from './embedded/hang.ts';
import { clearLeftovers } from './embedded/leftovers.ts';
import { type ServerProcess, SOCKET_PORT, spawnPostgres } from './embedded/process.ts';
import { type Connection, findSilence, untilReady } from './embedded/readiness.ts';
import { isShortEnough, openSocketPath } from './embedded/socket.ts';
import { endHung, stopProcess } from './embedded/stop.ts';

export { packagedMajor } from './embedded/binaries.ts';
export { beginMove, type ClusterMove, majorOf } from './embedded/moving.ts';
export { type Binaries, EmbeddedPostgresError };

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
  /** Programs of another version, for files that it made; absent: those of the package. */
  readonly binaries?: Binaries | undefined;
  /** Connections that it takes; absent: those of one server, with room for whoever looks at it. */
  readonly maxConnections?: number;
  /** How long it may neither answer nor go on with a recovery before it is restarted. */
  readonly hangLimitMs?: number;
  /** Called when it died by itself, or hung; a restart follows. */
  readonly onDown?: (reason: string) => void;
  /** Called when a restart succeeded. */
  readonly onUp?: () => void;
}

const DATABASE = 'echo_brain';
const MAX_CONNECTIONS = 40;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;
/** One that hangs again soon after is given so many times longer, doubling: the machine may be overloaded. */
const MOST_PATIENCE = 8;
const CALM_MS = 600_000;
/** Sessions of a killed PostgreSQL may hold its memory for a while. */
const ORPHANS_LIMIT_MS = 15_000;
const ORPHANS_MESSAGE = /still in use|already exists/;

/**
 * The way to the database of a server that runs, for whoever looks at it as the same user, or as root.
 *
 * @returns null where none runs, or its path is too long for a socket
 */
export function runningDatabase(dataDirectory: string): Connection | null {
  const host = resolve(dataDirectory, 'postgres');
  if (!isShortEnough(host) || !existsSync(join(host, `.s.PGSQL.${SOCKET_PORT}`))) return null;
  return { host, port: SOCKET_PORT, user: SUPERUSER, database: DATABASE };
}

/**
 * Runs PostgreSQL as a child process on `directory`, which is initialized at the first start; restarts it when it
 * dies or hangs. Only this user can reach it, through a unix socket.
 *
 * @returns once it accepts connections
 * @throws EmbeddedPostgresError with a message for the operator
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const directory = await resolveLinks(options.directory);
  const account = await chooseAccount(directory);
  const binaries = options.binaries ?? (await locateBinaries(account, log));
  const { maxConnections = MAX_CONNECTIONS } = options;
  const place: ClusterPlace = { directory, account, binaries, log, maxConnections };
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
  const watch = (server: ServerProcess, limitMs: number) =>
    untilDown(server, connection, limitMs, stopping.signal, log);
  const supervision = supervise(running, { launch, watch }, stopping.signal, options, (server) => {
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

/** Waits until a server has died, or hung and been ended. @returns the reason */
async function untilDown(
  server: ServerProcess,
  connection: Connection,
  limitMs: number,
  signal: AbortSignal,
  log: Logger,
): Promise<{ reason: string; isHung: boolean }> {
  const died = new AbortController();
  const exit = server.exited.then((reason) => ({ reason, isHung: false }));
  const hang = untilHung({
    // Of the time in which it shows nothing, one look takes half at most.
    probe: () => findSilence(server, connection, log, limitMs / 2),
    progress: () => recoveryProgress(server.pid),
    limitMs,
    signal: AbortSignal.any([signal, died.signal]),
  }).then((reason) => (reason === null ? exit : { reason, isHung: true }));
  try {
    return await Promise.race([exit, hang]);
  } finally {
    died.abort();
  }
}

interface Supervised {
  readonly launch: () => Promise<ServerProcess>;
  readonly watch: (server: ServerProcess, limitMs: number) => Promise<{ reason: string; isHung: boolean }>;
}

/** Keeps PostgreSQL running until the signal is aborted; rejects only if it then cannot be stopped. */
async function supervise(
  first: ServerProcess,
  { launch, watch }: Supervised,
  signal: AbortSignal,
  { log, onDown, onUp, hangLimitMs = HANG_LIMIT_MS }: EmbeddedPostgresOptions,
  setRunning: (server: ServerProcess | null) => void,
): Promise<void> {
  let server = first;
  let patience = 1;
  for (;;) {
    const start = performance.now();
    const { reason, isHung } = await watch(server, hangLimitMs * patience);
    setRunning(null);
    if (signal.aborted && !isHung) return;
    log.error({ reason }, `the embedded database ${isHung ? 'hangs' : 'died'}; restarting it`);
    notify(log, () => onDown?.(reason));
    if (isHung) {
      const isCalm = performance.now() - start > CALM_MS;
      patience = isCalm ? 1 : Math.min(patience * 2, MOST_PATIENCE);
      // What cannot be ended here is met again, and said, at the launch.
      await endHung(server).catch((error: unknown) => log.error({ err: error }, 'it cannot be ended'));
    }
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

/**
 * Programs for a cluster that another major version of PostgreSQL made.
 *
 * @param given where the operator says that they are; null: look for them
 * @throws EmbeddedPostgresError that says where they can be had
 */
export async function earlierBinaries(
  { directory, major }: { readonly directory: string; readonly major: string },
  given: string | null,
  log: Logger,
): Promise<Binaries> {
  const account = await chooseAccount(directory);
  const own = await locateBinaries(account, log);
  if (given === null && own.version.split('.')[0] === major) return own;
  return findEarlierBinaries(major, given, account, log);
}

/** Major version of the PostgreSQL that comes with this product. */
export async function embeddedMajor(directory: string, log: Logger): Promise<string> {
  const { version } = await locateBinaries(await chooseAccount(directory), log);
  return version.split('.')[0] ?? version;
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
