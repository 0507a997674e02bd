import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../access/principals.ts';
import { EchoError } from '../domains/errors.ts';
import { HttpProblem } from '../http/body.ts';
import { type Route, sendJson } from '../http/server.ts';
import type { Logger } from '../log.ts';
import { getConversation, listConversations } from './conversations.ts';
import { postQuery } from './query.ts';
import type { RestRequest, RestServices } from './request.ts';
import { getHealth, getStats } from './status.ts';

type Endpoint = (request: RestRequest) => Promise<unknown>;

const endpoints: { method: string; path: RegExp; run: Endpoint }[] = [
  { method: 'POST', path: /^\/api\/echo\/(?:query|chat)$/, run: postQuery },
  { method: 'GET', path: /^\/api\/echo\/conversation\/([^/]+)$/, run: getConversation },
  { method: 'GET', path: /^\/api\/echo\/conversations$/, run: listConversations },
  { method: 'GET', path: /^\/api\/echo\/health$/, run: getHealth },
  { method: 'GET', path: /^\/api\/echo\/stats$/, run: getStats },
];

/** HTTP statuses of expected failures, as the older service used them. */
const STATUS: Record<string, number> = {
  BAD_USER_INPUT: 422,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  FORBIDDEN: 403,
};

/** The door for programs that were written for the older REST service: the same verbs, its own words. */
export function restRoutes(options: {
  services: RestServices & { log: Logger };
  authenticate: (request: IncomingMessage) => Principal;
}): Route[] {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const found = endpoints.filter(({ path }) => path.test(url.pathname));
    const endpoint = found.find(({ method }) => method === request.method);
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
      const principal = options.authenticate(request);
      sendJson(
        response,
        200,
        await endpoint.run({
          services: options.services,
          principal,
          request,
          search: url.searchParams,
          parameter,
        }),
      );
    } catch (error) {
      sendProblem(response, error);
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

function sendProblem(response: ServerResponse, error: unknown): void {
  const reply = (status: number, code: string, detail: string) =>
    sendJson(response, status, { detail, error_code: code, timestamp: new Date().toISOString() });
  if (error instanceof HttpProblem) {
    if (error.status === 413) response.setHeader('connection', 'close');
    reply(error.status, error.code, error.message);
    return;
  }
  if (!(error instanceof EchoError)) throw error;
  reply(
    STATUS[error.code] ?? 503,
    error.code === 'BAD_USER_INPUT' ? 'VALIDATION_ERROR' : error.code,
    error.message,
  );
}
