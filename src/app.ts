import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { join } from 'node:path';
import { LOCAL_PRINCIPAL, type Principal } from './access/principals.ts';
import { type Config, type ModelLevel, readConfig } from './config.ts';
import { type Connection, createDatabase, type Database } from './db/client.ts';
import { claimDataDirectory, DataDirectoryError } from './db/data-directory.ts';
import { EmbeddedPostgresError, startEmbeddedPostgres } from './db/embedded.ts';
import { pendingMigrations, runMigrations } from './db/migrate.ts';
import { upsertCharacters } from './domains/characters/characters.ts';
import { CharacterDirectory } from './domains/characters/directory.ts';
import { characterStats } from './domains/characters/reads.ts';
import { SEED_CHARACTERS } from './domains/characters/seed.ts';
import { Metrics } from './domains/health/metrics.ts';
import { createDatabaseStore } from './domains/interactions/store.ts';
import { EventFeed } from './events/feed.ts';
import type { Services } from './graphql/context.ts';
import { handleJsonOperation, isJsonOperation } from './graphql/json-lane.ts';
import { schema } from './graphql/schema.ts';
import { attachWebSocket } from './graphql/websocket.ts';
import { createGraphqlYoga, GRAPHQL_PATH } from './graphql/yoga.ts';
import { probes } from './http/probes.ts';
import { createHttpServer, listen, type Route } from './http/server.ts';
import { createLogger, type Logger } from './log.ts';
import type { LanguageModel } from './models/language-model.ts';
import { createOpenAiCompatibleModel } from './models/openai-compatible.ts';
import { createModelRouter } from './models/router.ts';
import { restRoutes } from './rest/routes.ts';

/** The server cannot start; the message is for the operator and names the setting. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** What tests put in place of the real thing. */
export interface Overrides {
  readonly authenticate?: (request: IncomingMessage) => Principal;
  readonly onStatement?: (name: string) => void;
}

export interface App {
  readonly services: Services;
  /** Listens. @returns its URL @throws StartupError if the port is taken */
  listen(): Promise<string>;
  /** Stops: no new requests, sockets closed, database closed. */
  close(): Promise<void>;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const MINIMUM_POSTGRES = 150_000;

/**
 * Builds the whole server: the one place that knows every part.
 *
 * @param options.migrate false: refuse to start on an older schema instead of changing it
 * @throws StartupError
 */
export async function createApp(
  config: Config,
  log: Logger,
  options: { migrate: boolean },
  overrides: Overrides = {},
): Promise<App> {
  const releases: (() => unknown)[] = [];
  const release = async () => {
    for (const step of releases.splice(0).reverse()) await step();
  };
  try {
    const db = await openDatabase(config, log, overrides, releases);
    await prepareSchema(db, config, log, options.migrate);
    const services = buildServices(config, log, db, releases);
    if (config.seed) await seedCharacters(services);
    return assemble(services, overrides, release);
  } catch (error) {
    await release();
    throw asStartupError(error, config);
  }
}

/** The parts of a server without its doors, for commands; logs go to standard error. */
export async function openStandalone(): Promise<App> {
  const config = readConfig();
  return createApp(config, createLogger(config.logLevel, 2), { migrate: true });
}

async function openDatabase(
  config: Config,
  log: Logger,
  overrides: Overrides,
  releases: (() => unknown)[],
): Promise<Database> {
  releases.push(claimDataDirectory(config.dataDirectory));
  let connection: Connection;
  if (config.databaseUrl) {
    connection = { connectionString: config.databaseUrl };
  } else {
    const embedded = await startEmbeddedPostgres({ directory: join(config.dataDirectory, 'postgres'), log });
    releases.push(() => embedded.stop());
    connection = embedded.connection;
  }
  const { onStatement } = overrides;
  const db = createDatabase({
    connection,
    log,
    slowQueryMs: config.slowQueryMs,
    echo: config.sqlEcho,
    ...(onStatement && { onStatement }),
  });
  releases.push(() => db.close());
  return db;
}

async function prepareSchema(db: Database, config: Config, log: Logger, migrate: boolean): Promise<void> {
  const { rows } = await db.pool.query(`select current_setting('server_version_num')::int as version`);
  if (rows[0].version < MINIMUM_POSTGRES)
    throw new StartupError(`DATABASE_URL: PostgreSQL 15 or newer is needed, this is ${rows[0].version}`);
  if (migrate) {
    const applied = await runMigrations(db);
    if (applied > 0) log.info({ applied, embedded: config.databaseUrl === null }, 'database migrated');
    return;
  }
  const pending = await pendingMigrations(db);
  if (pending > 0)
    throw new StartupError(
      `The database lacks ${pending} migration(s) and --no-migrate forbids to apply them; run: npm run migrate`,
    );
}

function buildServices(config: Config, log: Logger, db: Database, releases: (() => unknown)[]): Services {
  const events = new EventFeed(db, log);
  releases.push(() => events.stop());
  const metrics = new Metrics();
  metrics.start();
  releases.push(() => metrics.stop());
  const store = createDatabaseStore(db, (turns) => {
    metrics.countTurns(turns);
    events.wake();
  });
  const models = createModelRouter({ models: configuredModels(config), log });
  return {
    config,
    log,
    db,
    events,
    metrics,
    store,
    models,
    characters: new CharacterDirectory(db, log),
    inFlight: new Map(),
    version,
  };
}

function configuredModels({ languageModels }: Config): Partial<Record<ModelLevel, LanguageModel>> {
  if (!languageModels) return {};
  const { levels, ...connection } = languageModels;
  const models: Partial<Record<ModelLevel, LanguageModel>> = {};
  for (const [level, model] of Object.entries(levels))
    models[level as ModelLevel] = createOpenAiCompatibleModel({ ...connection, model });
  return models;
}

/** An empty database gets the seed characters, so that a first query has something to answer from. */
async function seedCharacters(services: Services): Promise<void> {
  const tenantId = LOCAL_PRINCIPAL.tenantId;
  if (services.config.databaseUrl || (await characterStats(services.db, tenantId)).total > 0) return;
  await upsertCharacters(services, tenantId, SEED_CHARACTERS);
}

function assemble(services: Services, overrides: Overrides, release: () => Promise<void>): App {
  const { config, log, metrics } = services;
  const authenticate = overrides.authenticate ?? (() => LOCAL_PRINCIPAL);
  const yoga = createGraphqlYoga({ schema, services, log, authenticate, graphiql: config.graphiql });
  let stopping = false;
  const routes: Route[] = [
    {
      door: 'graphql',
      prefix: GRAPHQL_PATH,
      handle: async (req, res) =>
        isJsonOperation(req) ? handleJsonOperation(yoga, req, res) : void (await yoga.handle(req, res)),
    },
    ...restRoutes({ services, authenticate }),
    ...probes({
      ready: async () => !stopping && (await isAnswering(services.db)),
      metrics: () => metrics.registry.metrics(),
    }),
  ];
  const server = createHttpServer({
    routes,
    log,
    observe: (door, status, seconds) => metrics.countRequest(door, status, seconds),
  });
  const closeSockets = attachWebSocket(server, yoga, log);
  return {
    services,
    listen: async () => {
      try {
        return await listen(server, config.port, config.host);
      } catch (error) {
        throw asStartupError(error, config);
      }
    },
    close: async () => {
      stopping = true;
      await closeSockets();
      await services.events.stop();
      await closeServer(server);
      await release();
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}

async function isAnswering(db: Database): Promise<boolean> {
  return db.ping().then(
    () => true,
    () => false,
  );
}

function asStartupError(error: unknown, config: Config): unknown {
  if (error instanceof EmbeddedPostgresError || error instanceof DataDirectoryError)
    return new StartupError(error.message);
  const { code, message } = error as { code?: string; message: string };
  if (code === 'EADDRINUSE')
    return new StartupError(
      `PORT: ${config.port} on ${config.host} is already in use; stop the other program, or set PORT to another port`,
    );
  if (code === 'EACCES')
    return new StartupError(`PORT: this user may not listen on ${config.port}; set PORT to one above 1023`);
  if (config.databaseUrl && (code !== undefined || message.includes('timeout'))) {
    const { host, pathname } = new URL(config.databaseUrl);
    return new StartupError(
      `DATABASE_URL: the database "${pathname.slice(1)}" at ${host || 'the local socket'} cannot be used (${code ?? message})`,
    );
  }
  return error;
}
