import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { type DocumentNode, type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import { CloseCode, type Context } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Actor, actingFor } from '../access/caller.ts';
import { keepChecking } from '../access/long-lived.ts';
import type { Principal } from '../access/principals.ts';
import { EchoError } from '../errors.ts';
import { HttpProblem, MAX_BODY_BYTES } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Logger } from '../log.ts';
import { maskError } from './errors.ts';
import { SocketLimits } from './socket-limits.ts';
import { closeReason, serveProtocol, type Wire } from './socket-protocol.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';

export interface WebSocketOptions {
  readonly server: Server;
  readonly yoga: Yoga;
  readonly log: Logger;
  readonly hall: Hall;
}

/** Milliseconds that a client has for its `connection_init`. */
const INIT_TIMEOUT_MS = 5_000;
/** Close code for a subscriber that fell behind; the reason is the cursor to resume after. */
const OVERFLOW_CODE = 4413;
const TOO_MANY_CODE = 4429;
/** RFC 6455's registry: the same may be tried again later. */
const TRY_LATER_CODE = 1013;
/** Milliseconds that a connection may stay without any operation. */
const IDLE_MS = 600_000;
const IDLE_LOOK_MS = 60_000;
const MAX_SUBSCRIPTIONS = 100;
const MAX_FRAGMENTS = 1_024;

/**
 * Serves the graphql-transport-ws protocol on the server's `/graphql`, through the same pipeline as HTTP.
 *
 * @returns a function that closes all sockets with 1001
 */
export function attachWebSocket(options: WebSocketOptions): () => Promise<void> {
  const { yoga, log, hall } = options;
  const limits = new SocketLimits();
  const sockets = openServer(options, limits);
  sockets.on('error', (error) => log.warn({ err: error }, 'WebSocket server error'));
  return serveProtocol<Readonly<Record<string, unknown>>, Connection>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: (context) => connect(options, limits, context),
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
        const actor = hall.actor(principal, request, randomUUID());
        const { schema, parse, validate, contextFactory, execute, subscribe } = yoga.getEnveloped({
          req: request,
          principal,
          onOverflow: (cursor: string) => dropSocket(context.extra.socket, cursor),
        });
        const document = parsed(() => actingFor(actor, () => parse(params.query) as DocumentNode));
        if (document instanceof GraphQLError)
          return [document.extensions.correlationId ? document : maskError(document, randomUUID(), log)];
        const errors = actingFor(actor, () => validate(schema, document));
        if (errors.length > 0) return errors;
        if (!getOperationAST(document, params.operationName))
          return [maskError(noOperation(), randomUUID(), log)];
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
    log,
  );
}

/** The sockets of the server, before anybody has said who they are. */
function openServer(options: WebSocketOptions, limits: SocketLimits): WebSocketServer {
  const { server, hall } = options;
  const openFrom = (request: IncomingMessage) =>
    hall.guarded(request, GRAPHQL_PATH, () => limits.open(hall.addressOf(request)));
  return new WebSocketServer({
    server,
    path: GRAPHQL_PATH,
    maxPayload: MAX_BODY_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
    verifyClient: ({ req }, answer) => {
      try {
        hall.guarded(req, GRAPHQL_PATH, (guard) => guard.checkUpgrade(req));
        req.socket.once('close', openFrom(req));
        answer(true);
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        const headers =
          error.retryAfterMs === null ? {} : { 'retry-after': String(error.retryAfterMs / 1_000) };
        answer(false, error.status, error.message, headers);
      }
    },
  });
}

/** Says who opened a connection, and ends it when they no longer may. @returns whether they may */
async function connect({ hall }: WebSocketOptions, limits: SocketLimits, context: Opened): Promise<boolean> {
  const { request, socket } = context.extra;
  const payload = context.connectionParams;
  const errand = { action: GRAPHQL_PATH, correlationId: randomUUID(), payload };
  const principal = await hall
    .receive(request, errand, async (caller) => caller)
    .catch((error: unknown) => {
      if (!(error instanceof EchoError)) throw error;
      if (error.retryable) socket.close(TRY_LATER_CODE, closeReason(error.message));
      return null;
    });
  if (!principal) return false;
  const leave = limits.admit(principal);
  if (!leave) {
    hall.refused(request, GRAPHQL_PATH, 'RATE_LIMITED');
    socket.close(TOO_MANY_CODE, 'Too many connections are open');
    return false;
  }
  context.extra.principal = principal;
  const recheck = keepChecking(
    () => hall.authenticate(request, payload),
    principal,
    () => socket.close(CloseCode.Forbidden, 'Forbidden'),
  );
  const idle = closeIdle(socket, () => Object.keys(context.subscriptions).length > 0);
  const end = () => {
    clearInterval(recheck);
    clearInterval(idle);
    leave();
  };
  // It may have been closed while its caller was looked up.
  if (socket.readyState === socket.OPEN) socket.once('close', end);
  else end();
  return true;
}

/** What is kept of an open connection. */
type Connection = {
  principal?: Principal;
};
type Opened = Context<Readonly<Record<string, unknown>>, Connection & Wire>;

/** Ends a connection on which nothing has run for long. */
function closeIdle(socket: WebSocket, isBusy: () => boolean): NodeJS.Timeout {
  let quiet = 0;
  return setInterval(() => {
    quiet = isBusy() ? 0 : quiet + IDLE_LOOK_MS;
    if (quiet >= IDLE_MS) socket.close(1000, 'idle');
  }, IDLE_LOOK_MS).unref();
}

function tooManySubscriptions(): GraphQLError {
  return new GraphQLError(`at most ${MAX_SUBSCRIPTIONS} operations may run on one connection`, {
    extensions: { code: 'SUBSCRIPTION_LIMIT', retryable: true },
  });
}

function noOperation(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
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
