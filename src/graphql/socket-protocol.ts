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
      // Who has left can't be told anything, and need not.
      if (socket.readyState !== socket.OPEN) return;
      const correlationId = randomUUID();
      log.error({ err: error, correlationId }, 'a WebSocket message could not be handled');
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
        close: (code, reason) => socket.close(code, reason),
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
    await new Promise<void>((resolve) => sockets.close(() => resolve()));
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
