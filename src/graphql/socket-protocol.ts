import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CloseCode, makeServer, type ServerOptions } from 'graphql-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../log.ts';

/** The connection under the protocol. */
export interface Wire {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** Milliseconds between pings, and that a client has to answer one. */
const PING_MS = 12_000;
/** Milliseconds that clients get to leave when the server stops. */
const LEAVE_MS = 2_000;
/** Bytes of a reason for closing (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123;

/** As much of a reason for closing as may be sent. */
export function closeReason(text: string): string {
  return Buffer.from(text)
    .subarray(0, MAX_REASON_BYTES)
    .toString()
    .replace(/\ufffd+$/u, '');
}

/**
 * Runs graphql-transport-ws over the sockets of a server. The library's own adapter for `ws` is not used, because it
 * prints errors to the console and tells them to the client; here they go to the log, whole, and the client gets an id.
 *
 * @returns a function that closes all sockets with 1001
 */
export function serveProtocol<P extends Readonly<Record<string, unknown>>, E>(
  options: ServerOptions<P, E & Wire>,
  sockets: WebSocketServer,
  log: Logger,
): () => Promise<void> {
  const protocol = makeServer(options);
  sockets.on('connection', (socket, request) => {
    // What breaks the rules of WebSockets is closed by `ws`, which also says with which code.
    socket.on('error', (error) => log.info({ reason: error.message }, 'a WebSocket was closed for an error'));
    const fail = (error: unknown) => {
      const correlationId = randomUUID();
      const isOpen = socket.readyState === socket.OPEN;
      // Who has left can't be told anything; that something could not be sent any more is no news.
      log[isOpen ? 'error' : 'debug'](
        { err: error, correlationId },
        'a WebSocket message could not be handled',
      );
      if (!isOpen) return;
      socket.close(CloseCode.InternalServerError, `Unexpected error; correlation id ${correlationId}`);
    };
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // Resolves when it has left, which is how a slow client is noticed.
        send: (data) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) return resolve();
            socket.send(data, (error) => (error ? reject(error) : resolve()));
          }),
        close: (code, reason) => socket.close(code, closeReason(reason ?? '')),
        onMessage: (handle) => {
          socket.on('message', (data) => void handle(String(data)).catch(fail));
        },
      },
      { socket, request } as E & Wire,
    );
    const stopPinging = keepAlive(socket);
    socket.once('close', (code, reason) => {
      stopPinging();
      closed(code, String(reason)).catch(fail);
    });
  });
  return async () => {
    for (const socket of sockets.clients) socket.close(1001, 'going away');
    // Who does not answer is not waited for.
    const late = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, LEAVE_MS);
    await new Promise<void>((resolve) => sockets.close(() => resolve()));
    clearTimeout(late);
  };
}

/** Ends a connection whose other end is gone. */
function keepAlive(socket: WebSocket): () => void {
  let isAnswered = true;
  socket.on('pong', () => {
    isAnswered = true;
  });
  const timer = setInterval(() => {
    if (!isAnswered) return socket.terminate();
    isAnswered = false;
    socket.ping();
  }, PING_MS);
  return () => clearInterval(timer);
}
