import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { shownInHeaders, shownInPayload } from './access/authenticator.ts';
import { actingFor, actorOf } from './access/caller.ts';
import { LOCAL_PRINCIPAL } from './access/principals.ts';
import type { Tenancy } from './access/tenancy.ts';
import { type Config, ConfigError } from './config.ts';
import type { Database } from './db/client.ts';
import { ruleProblems } from './domains/alert-rules/rules.ts';
import { unhandledError } from './domains/health/promises.ts';
import type { TurnStore } from './domains/interactions/store.ts';
import type { Services } from './graphql/context.ts';
import { attachWebSocket } from './graphql/websocket.ts';
import { createGraphqlYoga } from './graphql/yoga.ts';
import { WebGuard } from './http/guard.ts';
import { type Authenticate, Hall } from './http/hall.ts';
import { createHttpServer, listen } from './http/server.ts';
import { ClosingStack, endAll } from './jobs/ending.ts';
import { type Lists, PRODUCT } from './lists/product.ts';
import { createLogger, type Logger } from './log.ts';
import { MCP_PATH } from './mcp/door.ts';
import { socketOf } from './operator/socket.ts';
import { openParts, startParts } from './parts.ts';
import {
  openPorts,
  openRestorePorts,
  openUpgradePorts,
  type RestorePorts,
  type UpgradePorts,
} from './ports.ts';
import type { Vault } from './secrets/vault.ts';
import { asStartupError, loadConfig, StartupError } from './startup.ts';

export interface AppOptions {
  /** False: refuse to start on an older schema instead of changing it. */
  readonly migrate: boolean;
  /** Gives secrets that the configuration does not hold. */
  readonly vault?: Vault | null;
  /** What the server is made of; absent: the product. */
  readonly lists?: Lists;
}

/** What tests put in place of the real thing. */
export interface Overrides {
  readonly authenticate?: Authenticate;
  readonly onStatement?: (name: string, text: string) => void;
  /** A busy machine is no outage: nothing that a caller can do without is done without sooner. */
  readonly patienceMs?: number;
  /** Schedules go by this clock. */
  readonly now?: () => Date;
}

export interface App {
  readonly services: Services;
  /** Listens. @returns its URL @throws StartupError if the port is taken */
  listen(): Promise<string>;
  /** An error that nobody handled is in the log under this id. */
  readonly tellUnhandled: (correlationId: string) => void;
  /** Stops: no new requests, sockets closed, database closed. */
  close(): Promise<void>;
}

/** Milliseconds that running requests get when the server stops. */
const FINISH_MS = 20_000;

/**
 * Builds the whole server: the ports, the domains on it, and the doors before them.
 *
 * @throws StartupError; ConfigError for settings that name what the server does not have
 */
export async function createApp(
  config: Config,
  log: Logger,
  { lists = PRODUCT, ...options }: AppOptions,
  overrides: Overrides = {},
): Promise<App> {
  // Before anything is opened.
  const problems = ruleProblems(config.alertRules, lists.promises);
  if (problems.length > 0) throw new ConfigError(problems);
  const closing = new ClosingStack(log);
  try {
    const { onStatement, patienceMs = 0, now } = overrides;
    const ports = await openPorts(
      config,
      log,
      { ...options, onStatement, patienceMs, ...(now && { now }) },
      closing,
    );
    const services = await openParts(ports, lists, closing);
    await startParts(services);
    return assemble(services, lists, overrides, () => closing.close());
  } catch (error) {
    await closing.close();
    throw asStartupError(error, config);
  }
}

/** @throws StartupError where nobody could get in */
async function checkAccess({ access, availability, config }: Services): Promise<void> {
  // Of keys in a database that is away nobody knows.
  if (config.access.required && availability.isUp && (await access.isShut()))
    throw new StartupError(
      `AUTH: access control is on (HOST is ${config.host}), but nothing opens the door; set API_KEY, or JWT_SECRET or JWT_JWKS_URL, or make a key: npm run keys -- create --name NAME`,
    );
}

/** Runs an operator's work with the parts of a server, without its doors; logs go to standard error. @throws StartupError */
export async function withServices<T>(
  { config, vault }: Awaited<ReturnType<typeof loadConfig>>,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const app = await createApp(config, createLogger(config.logLevel, 2), { migrate: true, vault });
  try {
    return await forOperator(() => work(app.services));
  } finally {
    await app.close();
  }
}

/** The operator needs no key: who may do this could read the files. */
function forOperator<T>(work: () => T): T {
  const actor = { ...actorOf(LOCAL_PRINCIPAL, 'local', randomUUID()), credential: 'command line' };
  return actingFor(actor, work);
}

/** Lets operators' commands run beside the doors. @returns how that ends */
async function hearOperator(services: Services): Promise<() => Promise<void>> {
  const { config, log } = services;
  const path = socketOf(config.dataDirectory);
  if (path === null) {
    log.warn(
      { dataDirectory: config.dataDirectory },
      "operators' commands need the server stopped: the path of DATA_DIR is too long for a socket, or the system has none",
    );
    return async () => undefined;
  }
  const { OperatorDoor } = await import('./operator/door.ts');
  try {
    const door = await OperatorDoor.open(path, (work) => forOperator(() => work(services)), log);
    return () => door.close();
  } catch (error) {
    // Some file systems have no sockets. Turns are served all the same.
    log.warn(
      { err: error, path },
      "operators' commands need the server stopped: it cannot listen on its socket",
    );
    return async () => undefined;
  }
}

/** Restores a backup: nothing runs beside it, and the database may be empty. @throws StartupError */
export async function withRestorePorts<T>(
  work: (parts: RestorePorts & Pick<Lists, 'duties'>) => Promise<T>,
): Promise<T> {
  return withUnprepared(openRestorePorts, work);
}

/** Takes the embedded database to another version of PostgreSQL: nothing runs beside it. @throws StartupError */
export async function withUpgradePorts<T>(
  work: (parts: UpgradePorts & Pick<Lists, 'duties'>) => Promise<T>,
): Promise<T> {
  return withUnprepared(openUpgradePorts, work);
}

async function withUnprepared<Opened, T>(
  open: (config: Config, log: Logger, closing: ClosingStack) => Promise<Opened>,
  work: (parts: Opened & Pick<Lists, 'duties'>) => Promise<T>,
): Promise<T> {
  const { config } = await loadConfig();
  const log = createLogger(config.logLevel, 2);
  const closing = new ClosingStack(log);
  try {
    return await work({ ...(await open(config, log, closing)), duties: PRODUCT.duties });
  } catch (error) {
    throw asStartupError(error, config);
  } finally {
    await closing.close();
  }
}

function assemble(
  services: Services,
  { schema, doors }: Lists,
  overrides: Overrides,
  release: () => Promise<number>,
): App {
  const { config, log, metrics } = services;
  const guard = new WebGuard(
    {
      localOnly: !config.access.required,
      origins: config.access.corsOrigins,
      trustedProxies: config.access.trustedProxies,
    },
    log,
  );
  const { access, audit } = services;
  const shown = overrides.authenticate ?? authenticatorOf(services, guard);
  const authenticate = config.access.onlyCreatedTenants ? admitted(shown, services.tenants) : shown;
  const hall = new Hall({ guard, authenticate, limits: access.limits, audit, tenancy: services.tenants });
  let stopping = false;
  const ready = async () => !stopping && services.availability.isUp && (await isAnswering(services.db));
  let server: Server | null = null;
  let closeSockets: () => Promise<void> = async () => undefined;
  let dismissOperator: () => Promise<void> = async () => undefined;
  return {
    services,
    tellUnhandled: (correlationId) => services.alerts.raise(unhandledError, { correlationId }),
    listen: async () => {
      try {
        await checkAccess(services);
        const yoga = createGraphqlYoga({
          ...{ schema: schema(), services, log },
          ...{ limits: access.limits, audit, tenancy: services.tenants },
        });
        server = createHttpServer({
          ...{ routes: doors({ services, hall, yoga, ready }), log, hall },
          tracing: services.tracing,
          observe: (door, status, seconds) => metrics.countRequest(door, status, seconds),
        });
        const url = await listen(server, config.port, config.host);
        dismissOperator = await hearOperator(services);
        closeSockets = attachWebSocket({ server, yoga, log, hall });
        services.tasks.start(services);
        services.schedules.start();
        return url;
      } catch (error) {
        await release();
        throw asStartupError(error, config);
      }
    },
    close: async () => {
      stopping = true;
      // Subscriptions end first: over server-sent events they are requests that would never finish.
      const failed = await endAll(
        [
          () => services.tracing.holdMetrics(),
          () => metrics.stop(),
          () => services.events.stop(),
          () =>
            Promise.all([
              finishRequests(server, services.store),
              closeSockets(),
              dismissOperator(),
              stopWork(services),
            ]),
        ],
        log,
        FINISH_MS + 1_000,
      );
      const steps = failed + (await release());
      if (steps > 0) throw new Error(`${steps} steps of the stop failed; what failed is in the log`);
    },
  };
}

/** Who makes tasks stops before who runs them. */
async function stopWork({ schedules, tasks }: Services): Promise<void> {
  await schedules.stop();
  await tasks.stop();
}

function authenticatorOf({ access }: Services, guard: WebGuard): Authenticate {
  return async (request, payload) => {
    const inPayload = payload && shownInPayload(payload);
    const isInPayload = inPayload && (inPayload.apiKey !== null || inPayload.authorization !== null);
    const shown = isInPayload ? inPayload : shownInHeaders(request.headers);
    const isAtMcp = request.url?.split('?', 1)[0] === MCP_PATH;
    return access.authenticator.principalOf(shown, guard.addressOf(request), isAtMcp);
  };
}

/** Only callers of tenants that were created. */
function admitted(authenticate: Authenticate, tenancy: Pick<Tenancy, 'admit'>): Authenticate {
  return async (request, payload) => {
    const principal = await authenticate(request, payload);
    await tenancy.admit(principal.tenantId);
    return principal;
  };
}

/** Takes no new connections, and waits for requests and answers that are under way, within a bound. */
async function finishRequests(server: Server | null, store: TurnStore): Promise<void> {
  const deadline = Date.now() + FINISH_MS;
  const closed = server?.listening
    ? new Promise<void>((resolve) => server.close(() => resolve()))
    : Promise.resolve();
  const cut = setTimeout(() => server?.closeAllConnections(), FINISH_MS);
  server?.closeIdleConnections();
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
