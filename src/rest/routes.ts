import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditLog } from '../access/audit.ts';
import { type Actor, actingFor, actorOf } from '../access/caller.ts';
import type { RateClass, RateLimits } from '../access/limits.ts';
import type { Permission, Principal } from '../access/principals.ts';
import { isPassing, judgeDatabaseError } from '../db/meaning.ts';
import { EchoError, RateLimited } from '../domains/errors.ts';
import { requirePermission } from '../domains/ownership.ts';
import { HttpProblem } from '../http/body.ts';
import { type Route, sendJson } from '../http/server.ts';
import type { Logger } from '../log.ts';
import { getConversation, listConversations } from './conversations.ts';
import { postQuery } from './query.ts';
import type { RestRequest, RestServices } from './request.ts';
import { getHealth, getStats } from './status.ts';

interface Endpoint {
  readonly method: string;
  readonly path: RegExp;
  readonly needs: Permission;
  readonly rate: RateClass;
  readonly points: number;
  readonly run: (request: RestRequest) => Promise<unknown>;
}

/** About what the same costs as a GraphQL operation. */
const READ_POINTS = 200;

const endpoints: Endpoint[] = [
  {
    method: 'POST',
    path: /^\/api\/echo\/(?:query|chat)$/,
    needs: 'WRITE',
    rate: 'HEAVY',
    points: 1,
    run: postQuery,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/conversation\/([^/]+)$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getConversation,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/conversations$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: listConversations,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/health$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getHealth,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/stats$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getStats,
  },
];

/** HTTP statuses of expected failures, as the older service used them. */
const STATUS: Record<string, number> = {
  BAD_USER_INPUT: 422,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  INTERACTION_DELETED: 410,
  FORBIDDEN: 403,
  UNAUTHENTICATED: 401,
  RATE_LIMITED: 429,
};

/** Refusals that are told in the audit log. */
const AUDITED = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED']);

/** The door for programs that were written for the older REST service: the same verbs, its own words. */
export function restRoutes(options: {
  services: RestServices & { log: Logger };
  authenticate: (request: IncomingMessage) => Promise<Principal>;
  limits: RateLimits;
  audit: AuditLog;
  addressOf: (request: IncomingMessage) => string;
}): Route[] {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const found = endpoints.filter(({ path }) => path.test(url.pathname));
    const endpoint = found.find(({ method }) => method === request.method);
    let actor: Actor | null = null;
    try {
      if (!endpoint)
        throw found.length > 0
          ? new HttpProblem(
              405,
              'METHOD_NOT_ALLOWED',
              `use ${found.map(({ method }) => method).join(' or ')}`,
            )
          : new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      const parameter = pathParameter(endpoint.path.exec(url.pathname)?.[1]);
      const principal = await options.authenticate(request);
      actor = actorOf(principal, options.addressOf(request), randomUUID());
      requirePermission(principal, endpoint.needs);
      await options.limits.take(principal, endpoint.rate, endpoint.points);
      sendJson(
        response,
        200,
        await actingFor(actor, () =>
          endpoint.run({
            services: options.services,
            principal,
            request,
            search: url.searchParams,
            parameter,
          }),
        ),
      );
    } catch (error) {
      if (error instanceof EchoError && AUDITED.has(error.code))
        options.audit.refused({
          actor,
          address: options.addressOf(request),
          // Without what the path names, which may be a person's.
          action: endpoint?.path.source.replaceAll(/[\\^$]/g, '') ?? '/api/echo',
          code: error.code,
          correlationId: actor?.correlationId ?? null,
        });
      sendProblem(response, error, actor?.correlationId ?? randomUUID(), options.services.log);
    }
  };
  return [{ door: 'rest', prefix: '/api/echo', handle }];
}

function pathParameter(encoded: string | undefined): string {
  try {
    return decodeURIComponent(encoded ?? '');
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the path is not valid percent-encoding');
  }
}

function sendProblem(response: ServerResponse, error: unknown, correlationId: string, log: Logger): void {
  const reply = (status: number, code: string, detail: string) =>
    sendJson(response, status, { detail, error_code: code, timestamp: new Date().toISOString() });
  if (error instanceof HttpProblem) {
    if (error.status === 413) response.setHeader('connection', 'close');
    reply(error.status, error.code, error.message);
    return;
  }
  const meaning = judgeDatabaseError(error);
  if (isPassing(meaning)) {
    log.warn({ err: error, door: 'rest', correlationId }, 'the database was needed and did not answer');
    response.setHeader('retry-after', 1);
    const why = meaning === 'unavailable' ? 'does not answer' : 'cannot do this';
    reply(503, 'SERVICE_UNAVAILABLE', `the database ${why} now; try again`);
    return;
  }
  if (!(error instanceof EchoError)) {
    log.error({ err: error, door: 'rest', correlationId }, 'a request failed');
    reply(500, 'INTERNAL', `Unexpected error; correlation id ${correlationId}`);
    return;
  }
  if (error instanceof RateLimited) response.setHeader('retry-after', Math.ceil(error.retryAfterMs / 1_000));
  else if (error.retryable) response.setHeader('retry-after', 1);
  reply(
    STATUS[error.code] ?? 503,
    error.code === 'BAD_USER_INPUT' ? 'VALIDATION_ERROR' : error.code,
    error.message,
  );
}
