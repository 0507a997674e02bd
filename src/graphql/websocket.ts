import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type DocumentNode, type ExecutionArgs, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_BODY_BYTES } from '../http/body.ts';
import type { Logger } from '../log.ts';
import { maskError } from './errors.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';

/** Milliseconds that a client has for its `connection_init`. */
const INIT_TIMEOUT_MS = 5_000;
/** Close code for a subscriber that fell behind; the reason is the cursor to resume after. */
const OVERFLOW_CODE = 4413;

/**
 * Serves the graphql-transport-ws protocol on the server's `/graphql`, through the same pipeline as HTTP.
 *
 * @returns a function that closes all sockets with 1001
 */
export function attachWebSocket(server: Server, yoga: Yoga, log: Logger): () => Promise<void> {
  const sockets = new WebSocketServer({
    server,
    path: GRAPHQL_PATH,
    maxPayload: MAX_BODY_BYTES,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  sockets.on('error', (error) => log.warn({ err: error }, 'WebSocket server error'));
  const disposable = useServer(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      execute: (args) => (args as EnvelopedArgs).rootValue.execute(args),
      subscribe: (args) => (args as EnvelopedArgs).rootValue.subscribe(args),
      onSubscribe: async (context, _id, params) => {
        const { request } = context.extra;
        const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
          req: request,
          longLived: true,
          onOverflow: (cursor: string) => dropSocket(context.extra.socket, cursor),
        });
        const document = parsed(() => parse(params.query) as DocumentNode);
        if (document instanceof GraphQLError) return [maskError(document, randomUUID(), log)];
        const errors = validate(schema, document);
        if (errors.length > 0) return errors;
        return {
          schema,
          operationName: params.operationName,
          document,
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        };
      },
    },
    sockets,
  );
  return async () => {
    for (const socket of sockets.clients) socket.close(1001, 'going away');
    await disposable.dispose();
  };
}

/** The client does not read, so it may not answer the closing handshake either. */
function dropSocket(socket: WebSocket, cursor: string): void {
  socket.close(OVERFLOW_CODE, cursor);
  setTimeout(() => socket.terminate(), 5_000).unref();
}

/** A syntax error is an answer to this subscription, not an end of the socket. */
function parsed(parse: () => DocumentNode): DocumentNode | GraphQLError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

type EnvelopedArgs = ExecutionArgs & {
  rootValue: {
    execute: (args: ExecutionArgs) => ReturnType<typeof import('graphql').execute>;
    subscribe: (args: ExecutionArgs) => ReturnType<typeof import('graphql').subscribe>;
  };
};
