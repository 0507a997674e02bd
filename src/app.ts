import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { join } from 'node:path';
import { createAccess } from './access/access.ts';
import { shownInHeaders, shownInPayload } from './access/authenticator.ts';
import { currentActor } from './access/caller.ts';
import { LOCAL_PRINCIPAL } from './access/principals.ts';
import { fetchPublicKeys } from './access/public-keys.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { Availability } from './db/availability.ts';
import type { Database } from './db/client.ts';
import { DataDirectoryError, inUse, makeDataDirectory, unusable } from './db/data-directory.ts';
import { EmbeddedPostgresError } from './db/embedded.ts';
import { DatabaseSetupError, openDatabase } from './db/open.ts';
import { AlertBoard } from './domains/alerts/alerts.ts';
import { upsertCharacters } from './domains/characters/characters.ts';
import { CharacterDirectory } from './domains/characters/directory.ts';
import { characterStats } from './domains/characters/reads.ts';
import { SEED_CHARACTERS } from './domains/characters/seed.ts';
import { Canary } from './domains/health/canary.ts';
import { Metrics } from './domains/health/metrics.ts';
import { startWatch } from './domains/health/watch.ts';
import { TurnStore } from './domains/interactions/store.ts';
import { createMeaningSearch } from './domains/memory/meaning.ts';
import { createReconciler } from './domains/memory/reconciler.ts';
import { createVectorSearch } from './domains/memory/vector-search.ts';
import { createVectorWorker } from './domains/memory/vector-worker.ts';
import { requirePermission } from './domains/ownership.ts';
import { Persistence } from './domains/persistence/persistence.ts';
import { ReceiptSigner } from './domains/privacy/signing.ts';
import { Tombstones } from './domains/privacy/tombstones.ts';
import { TextAnalyses } from './domains/word-index/turns.ts';
import { createIndexWorker } from './domains/word-index/worker.ts';
import { EventFeed } from './events/feed.ts';
import { EventOutbox } from './events/outbox.ts';
import type { Services } from './graphql/context.ts';
import { admit, graphqlRoute } from './graphql/door.ts';
import type { Authenticate } from './graphql/long-lived.ts';
import { schema } from './graphql/schema.ts';
import { attachWebSocket } from './graphql/websocket.ts';
import { createGraphqlYoga } from './graphql/yoga.ts';
import { WebGuard } from './http/guard.ts';
import { probes } from './http/probes.ts';
import { createHttpServer, listen, type Route } from './http/server.ts';
import { Journal, JournalBroken, JournalLocked } from './journal/journal.ts';
import { createLogger, type Logger } from './log.ts';
import { configuredEmbedder, configuredModels, DimensionsUnknown, embedderOf } from './models/configured.ts';
import type { Embedder } from './models/embedder.ts';
import { createModelRouter } from './models/router.ts';
import { restRoutes } from './rest/routes.ts';
import { createQdrantStore } from './vectors/qdrant.ts';
import { createSqliteVecStore } from './vectors/sqlite-vec.ts';
import type { VectorModel } from './vectors/vector-store.ts';

/** The server cannot start; the message is for the operator and names the setting. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** What tests put in place of the real thing. */
export interface Overrides {
  readonly authenticate?: Authenticate;
  readonly onStatement?: (name: string, text: string) => void;
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
/** Milliseconds that running requests get when the server stops, and then the drain of the journal. */
const FINISH_MS = 20_000;
const DRAIN_MS = 5_000;
/** Turns whose server was killed while it embedded them wait so long for another. */
const VECTOR_LEASE_MS = 15_000;

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
    const fileSystem = makeDataDirectory(config.dataDirectory);
    // The journal comes first: its lock makes this process the only server on the directory.
    const journal = await Journal.open(join(config.dataDirectory, 'journal.db'), config.journalMaxBytes);
    releases.push(() => journal.close());
    const { onStatement } = overrides;
    let onDown: (reason: string) => void = () => undefined;
    const opened = await openDatabase({
      url: config.databaseUrl,
      directory: join(config.dataDirectory, 'postgres'),
      migrate: options.migrate,
      log,
      slowQueryMs: config.slowQueryMs,
      echo: config.sqlEcho,
      onEmbeddedDown: (reason) => onDown(reason),
      actor: () => JSON.stringify(currentActor() ?? undefined) ?? null,
      ...(onStatement && { onStatement }),
    });
    releases.push(() => opened.close());
    const embedder = await configuredEmbedder(config);
    const services = buildServices({ config, log, db: opened.db, journal, embedder }, releases);
    onDown = (reason) => services.availability.reportDown(reason);
    await services.access.start();
    await services.tombstones.start();
    noteDangers(services, journal, { fileSystem, durabilityProblems: opened.durabilityProblems });
    await services.store.recover((owner, at) => services.tombstones.forbids(owner, at));
    if (config.seed) await seedCharacters(services);
    return assemble(services, overrides, release);
  } catch (error) {
    await release();
    throw asStartupError(error, config);
  }
}

/** @throws StartupError where nobody could get in */
async function checkAccess({ access, config }: Services): Promise<void> {
  if (config.access.required && (await access.isShut()))
    throw new StartupError(
      `AUTH: access control is on (HOST is ${config.host}), but nothing opens the door; set API_KEY, or JWT_SECRET or JWT_JWKS_URL, or make a key: npm run keys -- create --name NAME`,
    );
}

/** Runs a command with the parts of a server, without its doors; logs go to standard error. Sets the exit code. */
export async function runStandalone(work: (services: Services) => Promise<void>): Promise<void> {
  try {
    const config = readConfig();
    const app = await createApp(config, createLogger(config.logLevel, 2), { migrate: true });
    try {
      await work(app.services);
    } finally {
      await app.close();
    }
  } catch (error) {
    reportStartupError(error);
  }
}

/** Tells the operator why nothing was started: one readable block, or the whole error if it was not expected. */
export function reportStartupError(error: unknown): void {
  const isExpected = error instanceof ConfigError || error instanceof StartupError;
  process.stderr.write(`${isExpected ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}

interface Ground {
  readonly config: Config;
  readonly log: Logger;
  readonly db: Database;
  readonly journal: Journal;
  readonly embedder: Embedder;
}

function buildServices(ground: Ground, releases: (() => unknown)[]): Services {
  const { config, log, db, journal, embedder } = ground;
  const availability = new Availability(() => db.ping(), log);
  const events = new EventFeed(db, log);
  const outbox = new EventOutbox({ db, journal, feed: events, log, isUp: () => availability.isUp });
  const alerts = new AlertBoard(outbox, log);
  const metrics = new Metrics();
  let wakeMemory: (turns: number) => void = () => undefined;
  const persistence = new Persistence({
    journal,
    outbox,
    onCommitted: (turns) => {
      metrics.countTurns(turns);
      events.wake();
      wakeMemory(turns.length);
    },
  });
  const store = new TurnStore({
    db,
    journal,
    log,
    ackPolicy: config.ackPolicy,
    ackDeadlineMs: config.ackDeadlineMs,
    isUp: () => availability.isUp,
    reportDown: (reason) => availability.reportDown(reason),
    suspect: () => availability.suspect(),
    observe: persistence,
  });
  availability.onChange(({ up, reason }) => {
    alerts.set(
      'database_down',
      !up,
      'CRITICAL',
      `the database does not answer (${reason}); turns are kept in the journal`,
    );
    if (up) store.resume();
    if (up) void outbox.flush();
  });
  metrics.start();
  availability.start();
  releases.push(async () => {
    availability.stop();
    metrics.stop();
    await events.stop();
    await store.stop(DRAIN_MS);
    await persistence.flush();
  });
  const models = createModelRouter({ models: configuredModels(config), log });
  const characters = new CharacterDirectory(db, log);
  const memory = buildMemory({ config, log, db, persistence, alerts, embedder }, releases);
  wakeMemory = (turns) => {
    memory.vectorWorker.wake();
    memory.indexWorker.wake(turns);
  };
  const guards = buildGuards({ config, log, db, availability }, releases);
  const canary = new Canary({ db, store, availability, log, ...memory, ...guards }, config.canaryIntervalMs);
  const inFlight = new Map();
  const own = {
    availability,
    events,
    alerts,
    metrics,
    persistence,
    store,
    models,
    characters,
    canary,
    ...guards,
    journal,
    inFlight,
  };
  const services = { config, log, db, version, ...own, ...memory };
  canary.start();
  const endWatch = startWatch(services);
  releases.push(async () => {
    endWatch();
    await canary.stop();
  });
  return services;
}

/** Who may come in, and whose turns may not come back. */
function buildGuards(
  { config, log, db, availability }: Pick<Services, 'config' | 'log' | 'db' | 'availability'>,
  releases: (() => unknown)[],
) {
  const access = createAccess(config.access, { db, availability, log, load: fetchPublicKeys });
  const tombstones = new Tombstones(db, availability, log);
  const signer = new ReceiptSigner(config.dataDirectory);
  releases.push(async () => {
    tombstones.stop();
    await access.stop();
  });
  return { access, tombstones, signer };
}

/** What an operator must know of the ground that the promises stand on. */
function noteDangers(
  { alerts }: Services,
  journal: Journal,
  found: { fileSystem: string | null; durabilityProblems: readonly string[] },
): void {
  const { fileSystem, durabilityProblems } = found;
  if (fileSystem)
    alerts.raise(
      'journal_volatile',
      'WARNING',
      `the data directory lies on ${fileSystem}, where an fsync may not survive a power cut`,
    );
  if (durabilityProblems.length > 0)
    alerts.raise(
      'database_not_durable',
      'CRITICAL',
      `the database may lose what it committed: ${durabilityProblems.join(', ')}`,
    );
  for (const damage of journal.recovered.damage) alerts.raise('journal_damaged', 'CRITICAL', damage);
}

/** Memory: the word index and who keeps it; where vectors are kept, who makes them, who repairs them. */
function buildMemory(
  {
    config,
    log,
    db,
    persistence,
    alerts,
    embedder,
  }: Pick<Services, 'config' | 'log' | 'db' | 'persistence' | 'alerts' | 'embedder'>,
  releases: (() => unknown)[],
) {
  const texts = new TextAnalyses();
  const indexWorker = createIndexWorker({ db, texts, log });
  const model = { name: embedder.name, dimensions: embedder.dimensions };
  const onRebuild = ({ movedTo, reason }: { movedTo: string; reason: string }) =>
    alerts.raise(
      'vectors_rebuilt',
      'CRITICAL',
      `the vector file was damaged (${reason}) and put aside as "${movedTo}"; vectors are made again`,
    );
  const store = config.qdrant
    ? createQdrantStore({ ...config.qdrant, model })
    : createSqliteVecStore({ directory: config.dataDirectory, model, log, onRebuild });
  const vectorWorker = createVectorWorker({
    db,
    store,
    embedder,
    log,
    leaseMs: VECTOR_LEASE_MS,
    onProgress: (batch) => persistence.vectorsDone(batch),
  });
  const reconciler = createReconciler({ db, store, log, onFinding: () => vectorWorker.wake() });
  const earlierEmbedder = (earlier: VectorModel) => embedderOf(config, earlier);
  const meaning = embedder.knowsMeaning
    ? createMeaningSearch(createVectorSearch({ store, embedder, log, earlierEmbedder }), log)
    : null;
  indexWorker.start();
  vectorWorker.start();
  reconciler.start();
  releases.push(async () => {
    await indexWorker.stop();
    await reconciler.stop();
    await vectorWorker.stop();
    await store.close();
  });
  return { embedder, vectors: store, vectorWorker, reconciler, texts, indexWorker, meaning };
}

/** An empty database gets the seed characters, so that a first query has something to answer from. */
async function seedCharacters(services: Services): Promise<void> {
  const tenantId = LOCAL_PRINCIPAL.tenantId;
  if (services.config.databaseUrl || (await characterStats(services.db, tenantId)).total > 0) return;
  await upsertCharacters(services, tenantId, SEED_CHARACTERS);
}

function assemble(services: Services, overrides: Overrides, release: () => Promise<void>): App {
  const { config, log, metrics } = services;
  const yoga = createGraphqlYoga({ schema, services, log, ...services.access });
  const guard = new WebGuard({
    localOnly: !config.access.required,
    origins: config.access.corsOrigins,
    trustedProxies: config.access.trustedProxies,
  });
  const authenticate = overrides.authenticate ?? authenticatorOf(services, guard);
  const { limits, audit } = services.access;
  const doors = { limits, audit, addressOf: (request: IncomingMessage) => guard.addressOf(request) };
  let stopping = false;
  const routes: Route[] = [
    graphqlRoute({ yoga, authenticate, graphiql: config.graphiql, ...doors }),
    ...restRoutes({ services, authenticate, ...doors }),
    ...probes({
      ready: async () => !stopping && (await isAnswering(services.db)),
      mayReadMetrics: (request) =>
        admit(async () => requirePermission(await authenticate(request), 'METRICS'), request, doors),
      metrics: () => metrics.registry.metrics(),
    }),
  ];
  const server = createHttpServer({
    routes,
    log,
    guard,
    observe: (door, status, seconds) => metrics.countRequest(door, status, seconds),
  });
  let closeSockets: () => Promise<void> = async () => undefined;
  return {
    services,
    listen: async () => {
      try {
        await checkAccess(services);
        const url = await listen(server, config.port, config.host);
        closeSockets = attachWebSocket({
          server,
          yoga,
          log,
          authenticate,
          checkUpgrade: (request) => guard.checkUpgrade(request),
          ...doors,
        });
        return url;
      } catch (error) {
        await release();
        throw asStartupError(error, config);
      }
    },
    close: async () => {
      stopping = true;
      // Subscriptions end first: over server-sent events they are requests that would never finish.
      metrics.stop();
      await services.events.stop();
      const finished = finishRequests(server, services.store);
      await closeSockets();
      await finished;
      await release();
    },
  };
}

function authenticatorOf({ access }: Services, guard: WebGuard): Authenticate {
  return async (request, payload) => {
    const inPayload = shownInPayload(payload);
    const isInPayload = inPayload.apiKey !== null || inPayload.authorization !== null;
    const shown = isInPayload ? inPayload : shownInHeaders(request.headers);
    return access.authenticator.principalOf(shown, guard.addressOf(request));
  };
}

/** Takes no new connections, and waits for requests and answers that are under way, within a bound. */
async function finishRequests(server: Server, store: TurnStore): Promise<void> {
  const deadline = Date.now() + FINISH_MS;
  const closed = server.listening
    ? new Promise<void>((resolve) => server.close(() => resolve()))
    : Promise.resolve();
  const cut = setTimeout(() => server.closeAllConnections(), FINISH_MS);
  server.closeIdleConnections();
  await closed;
  clearTimeout(cut);
  while (store.unanswered > 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

async function isAnswering(db: Database): Promise<boolean> {
  return db.ping().then(
    () => true,
    () => false,
  );
}

function asStartupError(error: unknown, config: Config): unknown {
  if (error instanceof JournalLocked) return new StartupError(inUse(config.dataDirectory).message);
  if (error instanceof JournalBroken)
    return new StartupError(unusable(config.dataDirectory, error.message).message);
  if (
    error instanceof EmbeddedPostgresError ||
    error instanceof DataDirectoryError ||
    error instanceof DatabaseSetupError ||
    error instanceof DimensionsUnknown
  )
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
