import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type Client, createClient } from 'graphql-ws';
import pg from 'pg';
import { inject } from 'vitest';
import { WebSocket } from 'ws';
import { LOCAL_PRINCIPAL, type Principal, permissionsOf } from '../../src/access/principals.ts';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { upsertCharacters } from '../../src/domains/characters/characters.ts';
import { SEED_CHARACTERS } from '../../src/domains/characters/seed.ts';
import type { Services } from '../../src/graphql/context.ts';
import type { Job } from '../../src/jobs/job.ts';
import { type Lists, PRODUCT } from '../../src/lists/product.ts';
import { createLogger } from '../../src/log.ts';
import { temporaryFolder } from './folders.ts';
import { sessionState } from './session-state.ts';
import { SqlWrites, sourcesOfPlanted, sourcesOfServer } from './sql-writes.ts';
import { turnCalls } from './turns.ts';

// biome-ignore-start lint/suspicious/noExplicitAny: results have the shape that each test asks for
export type Result = {
  data?: any;
  errors?: { message: string; path?: string[]; extensions: Record<string, any> }[];
};
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/**
 * What tests give the server where they are not about its limits: on a busy machine anything may take as long as these
 * usually are, and then a turn is acknowledged before it is stored, a search goes without a part, a model is given up.
 */
const PATIENCE_MS = 20_000;
const UNHURRIED = {
  ACK_DEADLINE_MS: String(PATIENCE_MS),
  LLM_TIMEOUT_MS: '300000',
  LLM_STALL_MS: '300000',
  LLM_FIRST_TOKEN_MS: '300000',
};

/** Copies the migrated database as files: through the buffers and the log each copy costs three times as much. */
export const FROM_TEMPLATE = 'template echo_template strategy file_copy';

const writes = new SqlWrites([...sourcesOfServer(), ...sourcesOfPlanted()]);

export type TestApp = Awaited<ReturnType<typeof startTestApp>>;

/**
 * A whole server on a real database of its own, reached through its real port. Closing it fails if a statement wrote
 * tables of another domain than its own, or left something behind on a connection of the pool.
 *
 * @param options.env settings, as an operator would give them
 * @param options.seed load the seed characters
 * @param options.realAccess callers show keys and tokens, as they do to a real server
 * @param options.patienceMs how long the server waits at the least for what it can do without; 0: as long as it usually
 *   does, for tests of outages
 * @param options.onSql told of each statement that is sent
 * @param options.lists what the server is made of, where that is more than the product
 * @param options.migration SQL that makes the tables of these lists
 * @param options.jobs kinds of tasks beside those of the house
 * @param options.schedules true: the product's jobs run by themselves, too; those of `jobs` always do
 * @param options.now the clock by which schedules go
 * @param options.route gives another way to the database at this URL, for example through a proxy
 * @param options.before fills a database that is empty, and a data directory, before the server starts
 */
export async function startTestApp(
  options: {
    env?: Record<string, string>;
    seed?: boolean;
    realAccess?: boolean;
    patienceMs?: number;
    onSql?: (name: string, text: string) => void;
    lists?: Lists;
    migration?: string;
    route?: (databaseUrl: string) => Promise<string>;
    jobs?: readonly Job<Services>[];
    schedules?: boolean;
    now?: () => Date;
    before?: (databaseUrl: string, directory: string) => Promise<void>;
  } = {},
) {
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name} ${options.before ? '' : FROM_TEMPLATE}`);
  const databaseUrl = inject('databaseUrl').replace('NAME', name);
  const own = poolOf(databaseUrl);
  if (options.migration) await own.query(options.migration);
  const directory = temporaryFolder('app');
  await options.before?.(databaseUrl, directory);
  const statements: string[] = [];
  const problems = new Set<string>();
  const env = {
    PORT: '0',
    DATA_DIR: directory,
    DATABASE_URL: (await options.route?.(databaseUrl)) ?? databaseUrl,
    LOG_LEVEL: 'silent',
    SEED: 'off',
    ...UNHURRIED,
    // A turn of the server's own comes where a test asks for it.
    CANARY_INTERVAL_MS: '0',
    // What goes on beside the tests is no pressure of theirs.
    PRESSURE_EVENT_LOOP_MS: '500000/600000',
    ...options.env,
  };
  const { lists = PRODUCT } = options;
  const config = readConfig(env, directory);
  const removeData = async () => {
    await own.end();
    await onServer(`drop database if exists ${name} with (force)`);
    await rm(directory, { recursive: true, force: true });
  };
  const app = await createApp(
    config,
    createLogger(config.logLevel),
    {
      migrate: true,
      lists: {
        ...lists,
        jobs: [...(options.schedules ? lists.jobs : lists.jobs.map(unscheduled)), ...(options.jobs ?? [])],
      },
    },
    {
      ...(!options.realAccess && { authenticate: authenticateTest }),
      patienceMs: options.patienceMs ?? PATIENCE_MS,
      ...(options.now && { now: options.now }),
      onStatement: (statement, text) => {
        statements.push(statement);
        for (const problem of [writes.judge(statement, text), sessionState(statement, text)])
          if (problem) problems.add(problem);
        options.onSql?.(statement, text);
      },
    },
  ).catch(async (error: unknown) => {
    // It refused to start: nobody can close it.
    await removeData();
    throw error;
  });
  if (options.seed) await upsertCharacters(app.services, LOCAL_PRINCIPAL, SEED_CHARACTERS);
  const url = await app.listen();
  const clients: Client[] = [];
  /** Runs an operation over HTTP as the local admin, or as a plain user. */
  async function graphql(
    query: string,
    variables: Record<string, unknown> = {},
    user?: string,
  ): Promise<Result> {
    const response = await post(`${url}/graphql`, { query, variables }, user);
    return (await response.json()) as Result;
  }
  return {
    app,
    url,
    databaseUrl,
    directory,
    /** Names of the statements sent since the last `statements.length = 0`. */
    statements,
    graphql,
    ...turnCalls(graphql),
    /** Posts JSON to a path. */
    post: (path: string, body: unknown, user?: string) => post(`${url}${path}`, body, user),
    /** Opens a WebSocket client; closed with the app. */
    connect(user?: string): Client {
      class UserSocket extends WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols, { headers: user ? { 'x-test-user': user } : {} });
        }
      }
      const client = createClient({
        url: `${url.replace('http', 'ws')}/graphql`,
        webSocketImpl: UserSocket,
        retryAttempts: 0,
        lazy: true,
      });
      clients.push(client);
      return client;
    },
    /** Runs SQL on the app's database, beside the app. */
    async sql<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
      return (await own.query<T>(text, values)).rows;
    },
    async close() {
      for (const client of clients) await client.dispose();
      await app.close();
      await removeData();
      if (problems.size > 0) throw new Error(`SQL that must not be: ${[...problems].join('; ')}`);
    },
  };
}

/** What the server does by itself at full hours would come between what a test counts. */
function unscheduled({ schedule: _, ...job }: Job<Services>): Job<Services> {
  return job;
}

/** A principal by header (`user`, or `@tenant:user` for an admin of a tenant); without it the local admin. */
async function authenticateTest(request: { headers: NodeJS.Dict<string | string[]> }): Promise<Principal> {
  const user = request.headers['x-test-user'];
  const [, tenantId, admin] = /^@(.*):(.*)$/.exec(typeof user === 'string' ? user : '') ?? [];
  if (tenantId && admin) return { ...LOCAL_PRINCIPAL, tenantId, userId: admin };
  return typeof user === 'string'
    ? {
        tenantId: 'default',
        userId: user,
        roles: ['USER'],
        permissions: permissionsOf(['USER'], null),
        credential: null,
      }
    : LOCAL_PRINCIPAL;
}

function post(url: string, body: unknown, user?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(user && { 'x-test-user': user }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function onServer(text: string) {
  server ??= poolOf(inject('databaseUrl').replace('NAME', 'postgres'));
  return server.query(text);
}

let server: pg.Pool | undefined;

/** Connections that stay open for what comes next: to make one costs PostgreSQL more than most statements of tests. */
function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 10, idleTimeoutMillis: 5_000, allowExitOnIdle: true });
  // A test ended it, or the database itself: the next statement gets another one.
  pool.on('error', () => undefined);
  return pool;
}
