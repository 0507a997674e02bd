import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditLog } from '../access/audit.ts';
import { type Actor, actingFor, actorOf } from '../access/caller.ts';
import type { Principal } from '../access/principals.ts';
import { EchoError, RateLimited } from '../domains/errors.ts';
import { HttpProblem, hasJsonBody } from '../http/body.ts';
import type { Route } from '../http/server.ts';
import { createGraphiql, isPageRequest } from './graphiql.ts';
import { handleJsonOperation, isJsonOperation } from './json-lane.ts';
import { type Authenticate, keepChecking } from './long-lived.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';

const STALLED_MS = 60_000;
const STALLED_LOOK_MS = 5_000;
const STATUS: Record<string, number> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, RATE_LIMITED: 429 };

/** The GraphQL door of the server: GraphiQL, single operations, and operations that last (server-sent events). */
export function graphqlRoute(
  options: {
    readonly yoga: Yoga;
    readonly authenticate: Authenticate;
    readonly graphiql: boolean;
    /** @throws HttpProblem for a GET that a page of another site may have sent */
    readonly checkSimpleRequest: (request: IncomingMessage) => void;
  } & Told,
): Route {
  const { yoga } = options;
  const showGraphiql = createGraphiql();
  return {
    door: 'graphql',
    prefix: GRAPHQL_PATH,
    handle: async (req, res) => {
      if (req.url?.split('?', 1)[0] !== GRAPHQL_PATH)
        throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      if (options.graphiql && isPageRequest(req)) return showGraphiql(res);
      if (req.method === 'GET') checkGet(req, options);
      const principal = await admit(() => options.authenticate(req), req, options);
      const actor = actorOf(principal, options.addressOf(req), randomUUID());
      if (isJsonOperation(req))
        return actingFor(actor, () => handleJsonOperation(yoga, { req, res, principal }));
      const recheck = keepChecking(
        () => options.authenticate(req),
        principal,
        () => res.destroy(),
      );
      const stalled = endStalled(res);
      res.once('close', () => {
        clearInterval(recheck);
        clearInterval(stalled);
      });
      await actingFor(actor, () => yoga.handle(req, res, { principal }));
    },
  };
}

/** @throws HttpProblem 403, 415 */
function checkGet(req: IncomingMessage, options: Told & Parameters<typeof graphqlRoute>[0]): void {
  try {
    options.checkSimpleRequest(req);
  } catch (error) {
    tellRefusal(req, 'FORBIDDEN', options);
    throw error;
  }
  if (req.headers['content-type'] !== undefined && !hasJsonBody(req))
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'content-type: a GET has none, or application/json');
}

/** Tells of a request that was refused before anybody asked who sent it. */
export function tellRefusal(request: IncomingMessage, code: string, { audit, addressOf }: Told): void {
  const address = addressOf(request);
  audit.refused({ actor: null, address, action: pathOf(request), code, correlationId: null });
}

/** Which door it was: the rest of a path may name a person, and strangers choose it. */
function pathOf({ url }: IncomingMessage): string {
  return /^\/(?:graphql|metrics|livez|readyz|api\/echo)(?=[/?]|$)/.exec(url ?? '')?.[0] ?? 'another path';
}

/** Where refusals are told, and who is where. */
export interface Told {
  readonly audit: AuditLog;
  readonly addressOf: (request: IncomingMessage) => string;
}

/** Lets go a client that for so long reads nothing of what waits for it. */
function endStalled(res: ServerResponse): NodeJS.Timeout {
  let quiet = 0;
  return setInterval(() => {
    const isBlocked = res.writableNeedDrain || (res.writableEnded && !res.writableFinished);
    quiet = isBlocked ? quiet + STALLED_LOOK_MS : 0;
    if (quiet >= STALLED_MS) res.destroy();
  }, STALLED_LOOK_MS).unref();
}

/**
 * Refusals of who may come in, as HTTP says them.
 *
 * @param check throws for a caller who may not do this
 * @throws HttpProblem
 */
export async function admit(
  authenticate: () => Promise<Principal>,
  request: IncomingMessage,
  { audit, addressOf }: Told,
  check: (principal: Principal) => void = () => undefined,
): Promise<Principal> {
  const address = addressOf(request);
  let actor: Actor | null = null;
  try {
    const principal = await authenticate();
    actor = actorOf(principal, address, randomUUID());
    check(principal);
    return principal;
  } catch (error) {
    if (!(error instanceof EchoError)) throw error;
    if (error.code in STATUS)
      audit.refused({
        actor,
        address,
        action: pathOf(request),
        code: error.code,
        correlationId: actor?.correlationId ?? null,
      });
    const wait = error instanceof RateLimited ? error.retryAfterMs : null;
    throw new HttpProblem(STATUS[error.code] ?? 503, error.code, error.message, wait);
  }
}
