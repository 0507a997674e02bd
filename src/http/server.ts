import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../log.ts';
import { HttpProblem } from './body.ts';
import type { WebGuard } from './guard.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A part of the address space: every path that is `prefix` or lies below it; of the bare address nothing below it. */
export interface Route {
  /** Names the door in metrics. */
  readonly door: string;
  readonly prefix: string;
  readonly handle: Handler;
}

export interface HttpOptions {
  readonly routes: readonly Route[];
  readonly log: Logger;
  readonly guard: WebGuard;
  /** Told of each finished request. */
  readonly observe: (door: string, status: number, seconds: number) => void;
  /** Told of each request that the guard did not let in. */
  readonly onRefused: (request: IncomingMessage, code: string) => void;
}

/** One node:http server for all doors. Slow headers and bodies are cut. */
export function createHttpServer({ routes, log, guard, observe, onRefused }: HttpOptions): Server {
  const isAnswered = (request: IncomingMessage, response: ServerResponse) => {
    try {
      return guard.admit(request, response);
    } catch (error) {
      if (error instanceof HttpProblem) onRefused(request, error.code);
      throw error;
    }
  };
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
      const route = routes.find(
        ({ prefix }) => path === prefix || (prefix !== '/' && path.startsWith(`${prefix}/`)),
      );
      response.once('close', () => {
        observe(route?.door ?? 'none', response.statusCode, (performance.now() - started) / 1000);
        // Of a server that stops, a connection that falls idle would stay until its keep-alive timeout.
        if (!server.listening) setImmediate(() => server.closeIdleConnections());
      });
      const handle = async () => {
        if (isAnswered(request, response)) return;
        if (!route) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
        await route.handle(request, response);
      };
      handle().catch((error: unknown) => {
        if (response.headersSent) return response.destroy();
        if (error instanceof HttpProblem) return sendProblem(response, error);
        const correlationId = randomUUID();
        log.error({ err: error, door: route?.door, correlationId }, 'a request failed');
        const extensions = { code: 'INTERNAL', retryable: true, correlationId };
        sendJson(response, 500, { errors: [{ message: 'Unexpected error', extensions }] });
      });
    },
  );
  return server;
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
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': `${contentType}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function sendProblem(response: ServerResponse, problem: HttpProblem): void {
  // The rest of a refused body is not read, so the connection can't be used again.
  response.setHeader('connection', 'close');
  const { message, code, retryAfterMs } = problem;
  if (retryAfterMs !== null) response.setHeader('retry-after', Math.ceil(retryAfterMs / 1_000));
  const wait = retryAfterMs === null ? { retryable: false } : { retryable: true, retryAfterMs };
  sendJson(response, problem.status, { errors: [{ message, extensions: { code, ...wait } }] });
}
