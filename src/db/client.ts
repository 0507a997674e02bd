import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import type { Logger } from '../log.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { addressedClient, addressOfClient } from './addressed-client.ts';
import { Addresses, placeOfUrl } from './addresses.ts';
import { isConnectionError, NotPrepared, within } from './deadline.ts';
import { checkIdentity, type KnownDatabase } from './identity.ts';
import { timelineOf } from './primary.ts';

/** What to connect to: a URL, several of which one leads to the primary, or host (a socket directory), port, user and database. */
export type Connection =
  | { connectionString: string }
  | Addresses
  | { host: string; port: number; user: string; database: string };

export interface DatabaseOptions {
  readonly connection: Connection;
  readonly log: Logger;
  /** Statements slower than this (milliseconds) are logged with their name. */
  readonly slowQueryMs: number;
  /** Logs every statement's name and time. Values are never logged. */
  readonly echo: boolean;
  readonly maxConnections?: number;
  /**
   * The database that connections must lead to. Null: not prepared yet, and no connection is made for work, because the
   * schema may be another version's. Absent: any database will do.
   */
  readonly expected?: () => KnownDatabase | null;
  /** It was promoted since it was looked at last. @param timeline the one that it began */
  readonly onPromoted?: (timeline: number) => void;
  /** For whom the running work is done, as JSON for the triggers of the audit log; null: for nobody. */
  readonly actor?: () => string | null;
  /** No look at the database is given up sooner. */
  readonly patienceMs?: number;
  /** Absent: nobody follows statements. */
  readonly tracing?: Pick<Tracing, 'child' | 'bound'>;
  /** Told of each statement that is sent, for tests that count them. */
  readonly onStatement?: (name: string, text: string) => void;
}

/** One pool of connections to PostgreSQL, and drizzle over it. */
export interface Database {
  /** It is on a PostgreSQL server that is this program's own, with nobody else's data. */
  readonly isEmbedded: boolean;
  readonly orm: NodePgDatabase;
  readonly pool: pg.Pool;
  /**
   * Runs `work` in one transaction on one connection; rolls back if it throws.
   *
   * @param options.ownName true: what is written is the server's own work, whoever set it going
   */
  transaction<T>(
    work: (client: pg.PoolClient) => Promise<T>,
    options?: { readonly ownName: boolean },
  ): Promise<T>;
  /** The same with drizzle over the connection. */
  ormTransaction<T>(work: (orm: NodePgDatabase) => Promise<T>): Promise<T>;
  /** A connection beside the pool, without deadlines; the caller ends it. */
  dedicated(): Promise<pg.Client>;
  /** Another database of the same server, over a pool of its own with at most two connections; the caller closes it. */
  beside(name: string): Database;
  /** Milliseconds of one round trip. @throws if the database does not answer within its deadline */
  ping(): Promise<number>;
  /** Fails if no connection for work can be had. */
  checkUsable(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** The client's own deadline lies above the server's, so that it only fires when the server is silent. */
const QUERY_TIMEOUT_MS = 20_000;

/** A transaction that takes longer gives up its connection; whether it committed is then unknown. */
const TRANSACTION_TIMEOUT_MS = 10_000;
const PING_TIMEOUT_MS = 1_500;

/** Opens a pool; connects on first use. */
export function createDatabase(options: DatabaseOptions): Database {
  const addresses = addressesOf(options.connection);
  const connection = {
    // Fixed, so that PGSSLMODE and PGOPTIONS of the environment do not leak into the embedded database.
    ...('host' in options.connection && { ...options.connection, ssl: false, options: '' }),
    application_name: 'echo-brain',
    keepAlive: true,
  };
  const pool = new (poolFor(options.tracing))({
    ...connection,
    max: options.maxConnections ?? 12,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 30_000,
    Client: observedClient(options, addressedClient(addresses, pg.Client)),
    onConnect: (client) => checkDatabase(client, options, addresses, CONNECT_TIMEOUT_MS),
  });
  // A connection of its own, so that a busy pool does not look like an absent database.
  const pingTimeoutMs = Math.max(PING_TIMEOUT_MS, options.patienceMs ?? 0);
  const probe = new pg.Pool({
    ...connection,
    max: 1,
    connectionTimeoutMillis: pingTimeoutMs,
    query_timeout: pingTimeoutMs,
    Client: addressedClient(addresses, pg.Client),
    onConnect: (client) => checkDatabase(client, options, addresses, pingTimeoutMs),
  });
  for (const each of [pool, probe]) noteLosses(each, options.log);
  return {
    isEmbedded: 'host' in options.connection,
    orm: drizzle({ client: pool }),
    pool,
    transaction: (work, own) => inTransaction(pool, work, own?.ownName ? null : (options.actor?.() ?? null)),
    ormTransaction: (work) =>
      inTransaction(pool, (client) => work(drizzle({ client })), options.actor?.() ?? null),
    dedicated: async () => {
      const Client = addressedClient(addresses, pg.Client);
      const client = new Client({ ...connection, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
      // Without a listener, a lost connection would end the process.
      client.on('error', (error) =>
        options.log.warn({ reason: error.message }, 'a database connection was lost'),
      );
      await client.connect();
      try {
        await checkDatabase(client, options, addresses, CONNECT_TIMEOUT_MS);
      } catch (error) {
        await client.end();
        throw error;
      }
      return client;
    },
    beside: (name) => {
      const { expected: _own, onStatement: _told, ...rest } = options;
      return createDatabase({ ...rest, connection: besideOf(options.connection, name), maxConnections: 2 });
    },
    ping: async () => {
      const started = performance.now();
      await probe.query({ name: 'ping', text: 'select 1' });
      return performance.now() - started;
    },
    checkUsable: async () => {
      // All at work is no absence.
      if (pool.idleCount === 0 && pool.totalCount >= pool.options.max) return;
      (await pool.connect()).release();
    },
    close: async () => {
      await Promise.all([pool.end(), probe.end()]);
    },
  };
}

function besideOf(connection: Connection, database: string): Connection {
  if ('host' in connection) return { ...connection, database };
  return addressesOf(connection)?.beside(database) ?? connection;
}

/** Null: the embedded database, which is where it is. */
function addressesOf(connection: Connection): Addresses | null {
  if (connection instanceof Addresses) return connection;
  return 'host' in connection ? null : new Addresses([connection.connectionString]);
}

/**
 * Both listeners are needed: an error of an idle client reaches the pool, one of a checked-out client only the
 * client. The error carries the client with all it holds, so only its words are logged; while closing, losses are
 * expected.
 */
function noteLosses(pool: pg.Pool, log: Logger): void {
  const note = (error: Error & { code?: string }) => {
    if (!pool.ending) log.warn({ reason: error.message, code: error.code }, 'a database connection was lost');
  };
  pool.on('error', note);
  pool.on('connect', (client) => void client.on('error', note));
}

/** A connection that leads elsewhere, or to a standby, is given up before anybody has it. @throws OtherDatabase */
async function checkDatabase(
  client: pg.ClientBase,
  { expected, onPromoted }: DatabaseOptions,
  addresses: Addresses | null,
  ms: number,
): Promise<void> {
  const known = expected?.();
  // Nobody takes the place of the embedded one.
  if (!known && !addresses) return;
  // Not observed: it is no statement of anybody's work.
  const query = pg.Client.prototype.query.bind(client) as pg.ClientBase['query'];
  const address = addressOfClient(client);
  const name = address ? placeOfUrl(address) : 'it';
  const look = known ? checkIdentity({ query }, known, name) : timelineOf({ query }, name);
  try {
    const timeline = await within(look, ms, 'the database does not say which one it is');
    if (known && timeline > (known.timeline ?? 0)) onPromoted?.(timeline);
  } catch (error) {
    if (address) addresses?.passOver(address);
    throw error;
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  actor: string | null,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await within(
      runTransaction(client, work, actor),
      TRANSACTION_TIMEOUT_MS,
      'the transaction took too long',
    );
  } catch (error) {
    // After a silence nobody knows what the connection still carries: it must not return to the pool.
    if (isConnectionError(error)) broken = error as Error;
    else
      await client.query('rollback').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function runTransaction<T>(
  client: pg.PoolClient,
  work: (client: pg.PoolClient) => Promise<T>,
  actor: string | null,
): Promise<T> {
  await client.query('begin');
  if (actor !== null)
    await client.query({
      name: 'set_actor',
      text: "select set_config('echo.actor', $1, true)",
      values: [actor],
    });
  const result = await work(client);
  await client.query('commit');
  return result;
}

/** A pg client that times each statement. Only names and times are logged, because values hold what users said. */
function observedClient(options: DatabaseOptions, base: typeof pg.Client): typeof pg.Client {
  const { log, slowQueryMs, echo, onStatement, expected, tracing } = options;
  return class ObservedClient extends base {
    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on unchanged
    override connect(...args: any[]): any {
      if (expected?.() !== null) return super.connect(...(args as []));
      const error = new NotPrepared();
      const [done] = args as [((error: Error) => void)?];
      if (!done) return Promise.reject(error);
      process.nextTick(done, error);
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg's query has a dozen overloads, all passed on unchanged
    override query(...args: any[]): any {
      const name = statementName(args[0]);
      const started = performance.now();
      onStatement?.(
        name,
        typeof args[0] === 'string' ? args[0] : ((args[0] as { text?: string }).text ?? ''),
      );
      const span = tracing?.child({
        name: spanName(args[0]),
        kind: 'client',
        attributes: { 'db.system.name': 'postgresql', 'db.query.summary': spanName(args[0]) },
      });
      const result = super.query(...(args as Parameters<pg.Client['query']>)) as unknown;
      if (result instanceof Promise) {
        const done = () => {
          const ms = performance.now() - started;
          if (ms > slowQueryMs) log.warn({ statement: name, ms: Math.round(ms) }, 'slow query');
          else if (echo) log.info({ statement: name, ms: Number(ms.toFixed(2)) }, 'sql');
        };
        result.then(done, done);
        if (span)
          result.then(
            () => span.end(null),
            (error: { code?: unknown }) => span.end(String(error.code ?? 'lost')),
          );
      }
      return result;
    }
  };
}

/** Of a statement without a name only what it does: its text may hold values. */
function spanName(query: unknown): string {
  const { name, text = '' } =
    typeof query === 'string' ? { text: query } : (query as { name?: string; text?: string });
  return name ?? /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? 'statement';
}

/** Whoever waited for a connection goes on in their own trace, not in that of who gave it back. */
function poolFor(tracing: DatabaseOptions['tracing']): typeof pg.Pool {
  if (!tracing) return pg.Pool;
  return class TracedPool extends pg.Pool {
    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on unchanged
    override connect(...args: any[]): any {
      const [done] = args;
      return super.connect(...((done ? [tracing.bound(done)] : []) as []));
    }
  };
}

function statementName(query: unknown): string {
  if (typeof query === 'string') return query.slice(0, 60);
  const { name, text } = query as { name?: string; text?: string };
  return name ?? text?.replace(/\s+/g, ' ').slice(0, 60) ?? 'unnamed';
}
