import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type GraphQLSchema, Kind } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { currentActor } from '../access/caller.ts';
import type { RateLimits } from '../access/limits.ts';
import type { Principal } from '../access/principals.ts';
import type { RefusalLog } from '../access/refusal.ts';
import type { Tenancy } from '../access/tenancy.ts';
import { isPreflighted } from '../http/guard.ts';
import type { Logger } from '../log.ts';
import { complexityProblem } from './complexity.ts';
import { type Context, createLoader, type Services } from './context.ts';
import { parseBounded } from './document-bounds.ts';
import { Documents } from './documents.ts';
import { maskError } from './errors.ts';
import { hiddenSchema } from './hidden-schema.ts';
import { limitsKnown } from './limits-known.ts';
import { measured } from './measured.ts';
import { pacedEvents } from './paced-events.ts';
import { explainedNotAcceptable, strictRequests } from './params.ts';
import { rateLimited } from './rate.ts';
import { readingQueries } from './reading.ts';
import { planned } from './recurring.ts';
import { suspended } from './suspended.ts';
import { traced } from './traced.ts';

export const GRAPHQL_PATH = '/graphql';

/** Refusals that are told in the audit log. */
const AUDITED = new Set(['FORBIDDEN', 'RATE_LIMITED', 'QUERY_TOO_COMPLEX', 'TENANT_SUSPENDED']);

/** What a transport knows of a request before it is executed. */
export interface Carrier {
  readonly req: IncomingMessage;
  readonly res?: ServerResponse;
  readonly principal: Principal;
  readonly onOverflow?: (cursor: string) => void;
}

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly log: Logger;
  readonly limits: RateLimits;
  readonly audit: RefusalLog;
  readonly tenancy: Pick<Tenancy, 'checkWriting'>;
}

export type Yoga = ReturnType<typeof createGraphqlYoga>;

/**
 * The pipeline that every transport runs: parse, validate, context, execute, mask. The limits that live here hold
 * for all of them.
 */
export function createGraphqlYoga(options: GraphqlOptions) {
  const { schema, services, log, limits, audit, tenancy } = options;
  /** What was made of an error, by the error and by itself: it is judged, logged and audited once. */
  const masked = new WeakMap<object, GraphQLError>();
  const loaderUse = { hits: 0, misses: 0 };
  services.metrics.usage.watchCache('loaders', loaderUse);
  const planUse = { hits: 0, misses: 0 };
  services.metrics.usage.watchCache('plans', planUse);
  const documents = new Documents();
  services.metrics.usage.watchCache('documents', documents.use);
  const yoga = createYoga<Carrier, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    context: (initial) => createContext(initial),
    graphiql: false,
    landingPage: false,
    logging: false,
    cors: false,
    multipart: false,
    batching: false,
    // The body is limited where it is read, before it gets here.
    maxRequestBodySize: false,
    // A refusal is told anew each time: it names the request.
    parserAndValidationCache: {
      documentCache: documents,
      errorCache: { get: () => undefined, set: () => undefined },
    },
    maskedErrors: { maskError: (error) => mask(error) },
    plugins: [
      strictRequests(),
      explainedNotAcceptable(),
      boundedParser((error) => mask(error)),
      hiddenSchema({ hideGuesses: services.config.access.required, mask: (error) => mask(error) }),
      maskedDocumentErrors((error) => mask(error)),
      boundedSubscriptions((error) => mask(error)),
      preflightedSubscriptions((error) => mask(error)),
      rateLimited(limits, (error) => mask(error)),
      suspended(tenancy, (error) => mask(error)),
      pacedEvents(limits),
      planned(planUse),
      limitsKnown(),
      ...(services.replica ? [readingQueries()] : []),
      measured(services.metrics, (error) => mask(error)),
      ...(services.tracing.isOn ? [traced(services.tracing, (error) => mask(error))] : []),
    ],
  });
  return Object.assign(yoga, { documents });

  function createContext(carrier: Carrier): Context {
    return {
      principal: carrier.principal,
      services,
      correlationId: currentActor()?.correlationId ?? randomUUID(),
      loader: createLoader(true, loaderUse),
      ...(carrier.onOverflow && { onOverflow: carrier.onOverflow }),
    };
  }

  function mask(error: unknown): GraphQLError {
    const told = typeof error === 'object' && error !== null && masked.get(error);
    if (told) return told;
    const actor = currentActor();
    const correlationId = actor?.correlationId ?? randomUUID();
    const shown = maskError(error, correlationId, log);
    const code = String(shown.extensions.code);
    if (AUDITED.has(code))
      audit.refused({ actor, address: null, action: fieldOf(shown), code, correlationId });
    masked.set(shown, shown);
    if (error instanceof GraphQLError) masked.set(error, shown);
    return shown;
  }
}

/** The field that was refused, by its own name and not what the caller called it. */
function fieldOf({ nodes, path }: GraphQLError): string {
  const [node] = nodes ?? [];
  return path && node?.kind === Kind.FIELD ? node.name.value : 'operation';
}

/** A document that is too large, or too much work, is refused while it is read. */
function boundedParser(mask: (error: unknown) => GraphQLError): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, parserOptions) => parseBounded(String(source), parserOptions));
      return ({ result, replaceParseResult }) => {
        if (result instanceof GraphQLError && result.extensions.code !== undefined)
          replaceParseResult(mask(result));
      };
    },
  };
}

/** A subscription that costs too much is refused before it starts. */
function boundedSubscriptions(mask: (error: unknown) => GraphQLError): Plugin {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const problem = complexityProblem(args);
      if (problem) setResultAndStopExecution({ errors: [mask(problem)] });
    },
  };
}

/** A subscription may do something, so an address alone does not run it, whoever asks. */
function preflightedSubscriptions(mask: (error: unknown) => GraphQLError): Plugin<Carrier> {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const { req } = args.contextValue as unknown as Carrier;
      if (req.method !== 'GET' || req.headers.upgrade !== undefined || isPreflighted(req)) return;
      const problem = new GraphQLError(
        'a subscription by GET needs the header graphql-require-preflight (any value)',
        { extensions: { code: 'FORBIDDEN', retryable: false, http: { status: 403 } } },
      );
      setResultAndStopExecution({ errors: [mask(problem)] });
    },
  };
}

/** Gives errors of the document the same form as all others, on every transport. */
function maskedDocumentErrors(mask: (error: unknown) => GraphQLError): Plugin {
  return {
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (!valid) setResult((result as GraphQLError[]).map(mask));
      };
    },
  };
}
