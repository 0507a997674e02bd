import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../log.ts';
import { EmbeddedPostgresError } from './error.ts';
import { recoveryProgress } from './hang.ts';
import type { ServerProcess } from './process.ts';

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** How long nothing may be seen of a start. */
const READY_LIMIT_MS = 30_000;
/** The same while it says that it recovers, where its recovery can be watched, and where it cannot. */
const STILL_RECOVERY_LIMIT_MS = 60_000;
const UNSEEN_RECOVERY_LIMIT_MS = 600_000;
const CLOSE_LIMIT_MS = 1_000;
const PROBE_LIMIT_MS = 5_000;

/** SQLSTATE `invalid_catalog_name`. */
const NO_SUCH_DATABASE = '3D000';
/** SQLSTATE `cannot_connect_now`: it starts, stops or recovers. */
const NOT_NOW = '57P03';

/**
 * Waits until the server answers a query on our database, which is created when it is missing.
 *
 * @throws EmbeddedPostgresError when it exits meanwhile or takes too long; the signal's reason when that is aborted
 */
export async function untilReady(
  server: ServerProcess,
  connection: Connection,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let since = Date.now();
  let answered = false;
  let done: string | null = null;
  for (;;) {
    const failure = await probe(server, connection, log);
    if (!(await server.isRunning())) throw await describeFailure(server);
    if (failure === null) return;
    if (sqlStateOf(failure) === NO_SUCH_DATABASE) await createDatabase(connection, log);
    answered ||= sqlStateOf(failure) !== null;
    const waited = Date.now() - since;
    const before: string | null = done;
    if (waited > 1_000) done = await recoveryProgress(server.pid);
    // A recovery that goes on may take its time: ended, it would begin again.
    if (done !== before && before !== null && done !== null) since = Date.now();
    else if (waited > limitOf(answered)) {
      throw new EmbeddedPostgresError(
        `The embedded database was not ready after ${Math.round(waited / 1000)} s: ${failure.message}. Look at its messages with LOG_LEVEL=debug.`,
        failure,
      );
    }
    await delay(waited < 1_000 ? 20 : 200, undefined, { signal });
  }
}

function limitOf(answered: boolean): number {
  if (!answered) return READY_LIMIT_MS;
  return process.platform === 'linux' ? STILL_RECOVERY_LIMIT_MS : UNSEEN_RECOVERY_LIMIT_MS;
}

/**
 * Why a running server does not answer, or says that it cannot now; null if it answers, even with a refusal.
 *
 * @param limitMs after so long an answer is no longer waited for, and sooner where that is usual
 */
export async function findSilence(
  server: ServerProcess,
  connection: Connection,
  log: Logger,
  limitMs: number,
): Promise<Error | null> {
  const failure = await probe(server, connection, log, Math.min(PROBE_LIMIT_MS, limitMs));
  const state = failure && sqlStateOf(failure);
  return state === null || state === NOT_NOW ? failure : null;
}

/** Returns null when this server, and not another on the same directory, answered a query; else why not. */
async function probe(
  server: ServerProcess,
  connection: Connection,
  log: Logger,
  limitMs = PROBE_LIMIT_MS,
): Promise<Error | null> {
  const question = `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::integer AS pid`;
  try {
    const ask = (client: pg.Client) => client.query<{ pid: number }>(question);
    const { rows } = await withClient(connection, log, ask, limitMs);
    return rows[0]?.pid === server.pid
      ? null
      : new Error(`another PostgreSQL (pid ${rows[0]?.pid}) answered`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function createDatabase(connection: Connection, log: Logger): Promise<void> {
  const name = pg.escapeIdentifier(connection.database);
  await withClient({ ...connection, database: 'postgres' }, log, (client) =>
    client.query(`CREATE DATABASE ${name}`),
  );
}

async function withClient<T>(
  connection: Connection,
  log: Logger,
  use: (client: pg.Client) => Promise<T>,
  limitMs = PROBE_LIMIT_MS,
): Promise<T> {
  // Said explicitly, because `pg` would otherwise follow PGSSLMODE and PGOPTIONS, which are meant for other servers.
  const client = new pg.Client({
    ...connection,
    ssl: false,
    options: '',
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  });
  client.on('error', (error) =>
    log.debug({ err: error }, 'a connection that waited for PostgreSQL was lost'),
  );
  try {
    await client.connect();
    return await use(client);
  } finally {
    // A frozen server never confirms the end.
    await Promise.race([client.end(), delay(CLOSE_LIMIT_MS)]);
  }
}

function sqlStateOf(error: Error): string | null {
  return error instanceof pg.DatabaseError && error.code !== undefined ? error.code : null;
}

async function describeFailure(server: ServerProcess): Promise<EmbeddedPostgresError> {
  const reason = await server.exited;
  const said = server.recentLines.join('; ') || 'it said nothing';
  return new EmbeddedPostgresError(
    `The embedded database did not start: ${reason} (${said}). If its files are damaged, restore DATA_DIR from a backup or set DATA_DIR to a new directory.`,
  );
}
