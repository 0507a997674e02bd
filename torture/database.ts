import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { type CommitProxy, startCommitProxy } from './commit-proxy.ts';
import { postgresProcesses, postmasterOf, signalAll } from './processes.ts';

/** A database that can be looked into. */
export interface Looked {
  /** How to look into it, beside the server. */
  readonly connection: pg.ClientConfig;
}

/** The database that the server uses: its own child, or one of the harness. */
export interface DatabaseUnderTest extends Looked {
  /** What the server is told; empty when it brings its own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of PostgreSQL. */
  readonly directory: string;
  /** Only where the harness stands between. */
  readonly proxy: CommitProxy | null;
  /** SIGKILL of the postmaster; whoever runs it starts it again. */
  kill(): Promise<void>;
  /** Nothing of it moves for a while. */
  freeze(milliseconds: number): Promise<void>;
  /** Stopped in order, and started again after a while; null where it is the server's own. */
  readonly restart: ((milliseconds: number) => Promise<void>) | null;
  close(): Promise<void>;
}

const NAME = 'echo_brain';

/** PostgreSQL as the server's own child in its data directory. */
export function embeddedDatabase(dataDirectory: string): DatabaseUnderTest {
  const directory = join(dataDirectory, 'postgres');
  return {
    environment: {},
    connection: { host: directory, port: 5432, user: NAME, database: NAME },
    directory,
    proxy: null,
    kill: async () => {
      const pid = await postmasterOf(directory);
      if (pid !== null) signalAll([pid], 'SIGKILL');
    },
    freeze: (milliseconds) => freeze(directory, milliseconds),
    restart: null,
    close: async () => undefined,
  };
}

/** A PostgreSQL of the harness, which the server reaches only through a proxy. */
export async function externalDatabase(directory: string, logFile: string): Promise<DatabaseUnderTest> {
  const log = pino({ level: 'warn' }, pino.destination({ dest: openSync(logFile, 'a'), sync: true }));
  const start = () => startEmbeddedPostgres({ directory, log });
  let running = await start();
  const { host, port } = running.connection;
  const proxy = await startCommitProxy(join(host, `.s.PGSQL.${port}`));
  return {
    environment: { DATABASE_URL: `postgresql://${NAME}@127.0.0.1:${proxy.port}/${NAME}` },
    connection: running.connection,
    directory,
    proxy,
    kill: async () => {
      if (running.pid !== null) signalAll([running.pid], 'SIGKILL');
    },
    freeze: (milliseconds) => freeze(directory, milliseconds),
    restart: async (milliseconds) => {
      await running.stop();
      await delay(milliseconds);
      running = await start();
    },
    close: async () => {
      await proxy.close();
      await running.stop();
    },
  };
}

async function freeze(directory: string, milliseconds: number): Promise<void> {
  const pids = await postgresProcesses(directory);
  signalAll(pids, 'SIGSTOP');
  try {
    await delay(milliseconds);
  } finally {
    signalAll(pids, 'SIGCONT');
  }
}

/** Runs one statement beside the server. @throws if the database does not answer */
export async function look<T extends pg.QueryResultRow>(
  connection: pg.ClientConfig,
  text: string,
  values: unknown[] = [],
): Promise<T[]> {
  const client = new pg.Client({
    ...connection,
    ssl: false,
    options: '-c default_transaction_read_only=on',
    connectionTimeoutMillis: 5_000,
    query_timeout: 60_000,
  });
  // The failed query says it, too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
