import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { type DocumentNode, type ExecutionArgs, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AuditLog } from '../access/audit.ts';
import { type Actor, actingFor, actorOf } from '../access/caller.ts';
import type { Principal } from '../access/principals.ts';
import { HttpProblem, MAX_BODY_BYTES } from '../http/body.ts';
import type { Logger } from '../log.ts';
import { maskError } from './errors.ts';
import { type Authenticate, admitted, keepChecking } from './long-lived.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';

export interface WebSocketOptions {
  readonly server: Server;
  readonly yoga: Yoga;
  readonly log: Logger;
  readonly authenticate: Authenticate;
  /** @throws HttpProblem for a request that may not open a socket */
  readonly checkUpgrade: (request: IncomingMessage) => void;
  readonly audit: AuditLog;
  readonly addressOf: (request: IncomingMessage) => string;
}

/** Milliseconds that a client has for its `connection_init`. */
const INIT_TIMEOUT_MS = 5_000;
/** Close code for a subscriber that fell behind; the reason is the cursor to resume after. */
const OVERFLOW_CODE = 4413;
const FORBIDDEN_CODE = 4403;
const MAX_SUBSCRIPTIONS = 100;
const MAX_FRAGMENTS = 1_024;

/**
 * Serves the graphql-transport-ws protocol on the server's `/graphql`, through the same pipeline as HTTP.
 *
 * @returns a function that closes all sockets with 1001
 */
export function attachWebSocket(options: WebSocketOptions): () => Promise<void> {
  const { server, yoga, log } = options;
  const sockets = new WebSocketServer({
    server,
    path: GRAPHQL_PATH,
    maxPayload: MAX_BODY_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
    verifyClient: ({ req }, answer) => {
      try {
        options.checkUpgrade(req);
        answer(true);
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        answer(false, error.status, error.message);
      }
    },
  });
  sockets.on('error', (error) => log.warn({ err: error }, 'WebSocket server error'));
  const disposable = useServer<Readonly<Record<string, unknown>>, Connection>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: async (context) => {
        const { request, socket } = context.extra;
        const authenticate = () => options.authenticate(request, context.connectionParams);
        const principal = await admitted(authenticate);
        if (!principal) {
          const address = options.addressOf(request);
          options.audit.refused({
            actor: null,
            address,
            action: GRAPHQL_PATH,
            code: 'UNAUTHENTICATED',
            correlationId: null,
          });
          return false;
        }
        context.extra.principal = principal;
        context.extra.recheck = keepChecking(authenticate, principal, () =>
          socket.close(FORBIDDEN_CODE, 'Forbidden'),
        );
        return true;
      },
      onDisconnect: ({ extra }) => clearInterval(extra.recheck),
      execute: (args) => {
        const { actor, execute } = (args as EnvelopedArgs).rootValue;
        return actingFor(actor, () => execute(args));
      },
      subscribe: (args) => {
        const { actor, subscribe } = (args as EnvelopedArgs).rootValue;
        return actingFor(actor, () => subscribe(args));
      },
      onSubscribe: async (context, _id, params) => {
        const { request, principal } = context.extra;
        // Set before the connection was acknowledged, and nobody subscribes before.
        if (!principal) throw new Error('a subscription without a principal');
        if (Object.keys(context.subscriptions).length > MAX_SUBSCRIPTIONS) return [tooManySubscriptions()];
        const actor = actorOf(principal, options.addressOf(request), randomUUID());
        const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
          req: request,
          principal,
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
          contextValue: await actingFor(actor, async () => contextFactory()),
          rootValue: { actor, execute, subscribe },
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

/** What is kept of an open connection. */
type Connection = {
  principal?: Principal;
  recheck?: NodeJS.Timeout | undefined;
};

function tooManySubscriptions(): GraphQLError {
  return new GraphQLError(`at most ${MAX_SUBSCRIPTIONS} operations may run on one connection`, {
    extensions: { code: 'SUBSCRIPTION_LIMIT', retryable: true },
  });
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
    actor: Actor;
    execute: (args: ExecutionArgs) => ReturnType<typeof import('graphql').execute>;
    subscribe: (args: ExecutionArgs) => ReturnType<typeof import('graphql').subscribe>;
  };
};
