import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { addressedClient, addressOfClient } from './addressed-client.ts';
import { Addresses, placeOfUrl } from './addresses.ts';
import { within } from './deadline.ts';
import { deadlinedClient } from './deadlined-client.ts';
import { checkIdentity, type KnownDatabase } from './identity.ts';
import { type ObservedOptions, observedClient } from './observed-client.ts';
import {
  ALIKE,
  type Connections,
  connectionsOf,
  DEADLINES,
  noteLosses,
  poolFor,
  type ReadElsewhere,
  SILENCE_MS,
} from './pools.ts';
import { timelineOf } from './primary.ts';
import { inPipelinedTransaction, inTransaction, type PipelinedWork, pipelinedClient } from './transaction.ts';
import { valuesClient } from './values-client.ts';

/** What to connect to: a URL, several of which one leads to the primary, or host (a socket directory), port, user and database. */
export type Connection =
  | { connectionString: string }
  | Addresses
  | { host: string; port: number; user: string; database: string };

export interface DatabaseOptions extends ObservedOptions {
  readonly connection: Connection;
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
  /** Who may read in its place; absent: nobody. */
  readonly elsewhere?: () => ReadElsewhere | null;
}

/** One pool of connections to PostgreSQL, and drizzle over it. */
export interface Database {
  /** It is on a PostgreSQL server that is this program's own, with nobody else's data. */
  readonly isEmbedded: boolean;
  readonly orm: NodePgDatabase;
  readonly pool: pg.Pool;
  /** How many connections there are for work, those of `pipelined` too. */
  readonly connections: Connections;
  /**
   * Runs `work` in one transaction on one connection; rolls back if it throws.
   *
   * @param options.ownName true: what is written is the server's own work, whoever set it going
   */
  transaction<T>(
    work: (client: pg.PoolClient) => Promise<T>,
    options?: { readonly ownName: boolean },
  ): Promise<T>;
  /**
   * The same as the server's own work, over connections that only turns are stored on: statements go out before those in front of them
   * are answered, since each answer that is waited for is waited for behind all that the thread has to do.
   */
  pipelined<T>(work: PipelinedWork<T>): Promise<T>;
  /** The same with drizzle over the connection. */
  ormTransaction<T>(work: (orm: NodePgDatabase) => Promise<T>): Promise<T>;
  /** A connection beside the pool, without deadlines; the caller ends it. */
  dedicated(): Promise<pg.Client>;
  /** Another database of the same server, over a pool of its own with at most two connections; the caller closes it. */
  beside(name: string): Database;
  /** Asks on a connection that no work waits for. @throws if the database does not answer within its deadline */
  look<T extends pg.QueryResultRow>(statement: { name: string; text: string }): Promise<pg.QueryResult<T>>;
  /** Milliseconds of one round trip. @throws if the database does not answer within its deadline */
  ping(): Promise<number>;
  /** Fails if no connection for work can be had. */
  checkUsable(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CONNECTIONS = 12;
/** As many transactions store turns at once (`journal/drain.ts`). */
const PIPELINES = 3;
const PING_TIMEOUT_MS = 1_500;

/** Opens a pool; connects on first use. */
export function createDatabase(options: DatabaseOptions): Database {
  const addresses = addressesOf(options.connection);
  const connection = {
    // Fixed, so that PGSSLMODE and PGOPTIONS of the environment do not leak into the embedded database.
    ...('host' in options.connection && { ...options.connection, ssl: false, options: '' }),
    ...ALIKE,
  };
  const forWork = {
    ...connection,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...DEADLINES,
    idle_in_transaction_session_timeout: 30_000,
    onConnect: (client: pg.ClientBase) => checkDatabase(client, options, addresses, CONNECT_TIMEOUT_MS),
  };
  const Client = addressedClient(addresses, pg.Client);
  const pool = new (poolFor(options))({
    ...forWork,
    max: options.maxConnections ?? CONNECTIONS,
    Client: observedClient(options, deadlinedClient(valuesClient(Client), SILENCE_MS)),
  });
  // Beside the pool, so that turns wait for no read. Opened by the first of them.
  const pipelines = new (poolFor(options))({
    ...forWork,
    max: PIPELINES,
    pipeline: true,
    Client: observedClient(options, deadlinedClient(pipelinedClient(Client), SILENCE_MS)),
  });
  // A connection of its own, so that a busy pool does not look like an absent database.
  const pingTimeoutMs = Math.max(PING_TIMEOUT_MS, options.patienceMs ?? 0);
  const probe = new pg.Pool({
    ...connection,
    max: 1,
    connectionTimeoutMillis: pingTimeoutMs,
    query_timeout: pingTimeoutMs,
    Client,
    onConnect: (client) => checkDatabase(client, options, addresses, pingTimeoutMs),
  });
  for (const each of [pool, pipelines, probe]) noteLosses(each, options.log);
  return {
    isEmbedded: 'host' in options.connection,
    orm: drizzle({ client: pool }),
    pool,
    connections: connectionsOf([pool, pipelines]),
    pipelined: (work) => inPipelinedTransaction(pipelines, work),
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
      const { expected: _own, onStatement: _told, elsewhere: _here, ...rest } = options;
      return createDatabase({ ...rest, connection: besideOf(options.connection, name), maxConnections: 2 });
    },
    look: (statement) => probe.query(statement),
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
      await Promise.all([pool.end(), pipelines.end(), probe.end()]);
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
