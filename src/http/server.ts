import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import { readTraceparent } from '../tracing/current.ts';
import type { SpanStart, Tracing } from '../tracing/tracing.ts';
import { HttpProblem, MethodNotAllowed } from './body.ts';
import type { Hall } from './hall.ts';
import { type Problem, problemOf } from './problem.ts';

/** @param correlationId names the request in logs and in errors */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  correlationId: string,
) => Promise<void>;

/** A part of the address space: every path that is `prefix` or lies below it; of the bare address nothing below it. */
export interface Route {
  /** Names the door in metrics. */
  readonly door: string;
  readonly prefix: string;
  readonly handle: Handler;
  /** How its callers are told of a failure; a list of errors as in GraphQL unless said otherwise. */
  readonly present?: (problem: Problem) => unknown;
  /** Headers of a failure beside `retry-after`; to who was not let in, `www-authenticate` asks for a key or token unless said here. */
  readonly headersOf?: (
    problem: Problem,
    request: IncomingHttpHeaders,
  ) => Readonly<Record<string, string>> | undefined;
}

export interface HttpOptions {
  readonly routes: readonly Route[];
  readonly log: Logger;
  readonly hall: Hall;
  readonly tracing: Pick<Tracing, 'isOn' | 'run'>;
  /** Told of each finished request. */
  readonly observe: (door: string, status: number, seconds: number) => void;
}

/** One node:http server for all doors. Slow headers and bodies are cut. */
export function createHttpServer({ routes, log, hall, tracing, observe }: HttpOptions): Server {
  const places = routes.map((route) => ({ route, below: route.prefix === '/' ? null : `${route.prefix}/` }));
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      // How often it is looked who takes too long; half a minute unless told otherwise.
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
    },
    (request, response) => {
      const started = performance.now();
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      const route = routeOf(path, places);
      response.once('close', () => {
        observe(route?.door ?? 'none', response.statusCode, (performance.now() - started) / 1000);
        // Of a server that stops, a connection that falls idle would stay until its keep-alive timeout.
        if (!server.listening) setImmediate(() => server.closeIdleConnections());
      });
      const correlationId = randomUUID();
      const answer = async () => {
        try {
          const action = route?.prefix ?? 'another path';
          if (hall.guarded(request, action, (guard) => guard.admit(request, response))) return;
          if (!route) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
          await route.handle(request, response, correlationId);
        } catch (error) {
          // Node says that a request is whole when what called us has returned.
          await Promise.resolve();
          if (response.headersSent) return void response.destroy();
          const problem = problemOf(error, correlationId, log, { door: route?.door });
          const told = route?.headersOf?.(problem, request.headers);
          for (const [name, value] of Object.entries(told ?? {})) response.setHeader(name, value);
          // RFC 9110, 15.5.6: whoever is told so is told what is allowed.
          if (error instanceof MethodNotAllowed) response.setHeader('allow', error.allowed.join(', '));
          sendProblem(request, response, problem, (route?.present ?? presentAsErrors)(problem));
        }
      };
      if (!route || !tracing.isOn || UNTRACED.has(route.door)) return void answer();
      void tracing.run(spanOf(request, route), async (span) => {
        await answer();
        const { statusCode } = response;
        span?.set({
          'http.response.status_code': statusCode,
          ...(statusCode >= 500 && { 'error.type': String(statusCode) }),
        });
      });
    },
  );
  return server;
}

/** The first that a path is, or lies below. */
function routeOf(path: string, places: readonly { route: Route; below: string | null }[]): Route | undefined {
  for (const { route, below } of places)
    if (path === route.prefix || (below !== null && path.startsWith(below))) return route;
}

/** What supervisors ask every few seconds. */
const UNTRACED: ReadonlySet<string> = new Set(['livez', 'readyz', 'metrics']);

/** Of a path only what the server calls it: what else stands in it may be a person's. */
function spanOf({ method = '', headers }: IncomingMessage, { prefix }: Route): SpanStart {
  const name = `${method} ${prefix}`;
  return {
    name,
    kind: 'server',
    attributes: { 'http.request.method': method, 'http.route': prefix, 'url.scheme': 'http' },
    parent: readTraceparent(headers.traceparent),
  };
}

/**
 * Listens.
 *
 * @returns the address as a URL
 * @throws the system's error, for example EADDRINUSE
 */
export function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { address, family, port: bound } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
    });
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = 'application/json',
): void {
  if (status === 401 && !response.hasHeader('www-authenticate'))
    response.setHeader('www-authenticate', 'Bearer');
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': `${contentType}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function presentAsErrors({ message, code, retryable, details, correlationId }: Problem): unknown {
  const extensions = { code, retryable, ...details, ...(code === 'INTERNAL' && { correlationId }) };
  return { errors: [{ message, extensions }] };
}

function sendProblem(
  { complete }: IncomingMessage,
  response: ServerResponse,
  { status, retryAfterSeconds }: Problem,
  body: unknown,
): void {
  // The rest of a refused body is not read, so the connection can't be used again.
  if (!complete) response.setHeader('connection', 'close');
  if (retryAfterSeconds !== null) response.setHeader('retry-after', retryAfterSeconds);
  sendJson(response, status, body);
}
