import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { normalizedExecutor } from '@graphql-tools/executor';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind } from 'graphql';
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
import { type Stage, staged, throughStages, type Usual } from './stages.ts';
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

/** An operation of a document that is known to be valid. */
interface Asked {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName: string | null | undefined;
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
  const { schema, services, limits, tenancy } = options;
  const mask = masker(options);
  const documents = new Documents();
  services.metrics.usage.watchCache('documents', documents.use);
  const loaderUse = { hits: 0, misses: 0 };
  services.metrics.usage.watchCache('loaders', loaderUse);
  const createContext = (carrier: Carrier): Context => ({
    principal: carrier.principal,
    services,
    correlationId: currentActor()?.correlationId ?? randomUUID(),
    loader: createLoader(true, loaderUse),
    ...(carrier.onOverflow && { onOverflow: carrier.onOverflow }),
  });
  const hidden = hiddenSchema({ hideGuesses: services.config.access.required, mask });
  const rates = rateLimited(limits, mask);
  const suspensions = suspended(tenancy, mask);
  const execute = throughStages([
    ...[hidden.stage, rates.stage, suspensions.stage],
    ...executionStages(services, mask),
    maskedResults(mask),
  ]);
  const yoga = createYoga<Carrier, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    context: createContext,
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
    maskedErrors: { maskError: mask },
    plugins: [
      strictRequests(),
      explainedNotAcceptable(),
      boundedParser(mask),
      hidden.plugin,
      maskedDocumentErrors(mask),
      boundedSubscriptions(mask),
      preflightedSubscriptions(mask),
      rates.plugin,
      suspensions.plugin,
      pacedEvents(limits),
      staged(execute),
    ],
  });
  /** Executes one query or mutation of a document in which nothing is wrong. */
  const perform = (carrier: Carrier, { document, variables, operationName }: Asked) => {
    const contextValue = createContext(carrier);
    const args = { schema, document, contextValue, variableValues: variables, operationName };
    return execute(args, normalizedExecutor as Usual);
  };
  return Object.assign(yoga, { documents, schema, perform });
}

/** How an operation that nobody refused is executed, and what is counted of it. */
function executionStages({ metrics, replica, tracing }: Services, mask: Mask): Stage[] {
  const planUse = { hits: 0, misses: 0 };
  metrics.usage.watchCache('plans', planUse);
  return [
    planned(planUse),
    limitsKnown(),
    ...(replica ? [readingQueries()] : []),
    measured(metrics, mask),
    ...(tracing.isOn ? [traced(tracing, mask)] : []),
  ];
}

type Mask = (error: unknown) => GraphQLError;

/** Judges what went wrong for callers: each error once, however many are told of it. */
function masker({ log, audit }: GraphqlOptions): Mask {
  /** What was made of an error, by the error and by itself: it is judged, logged and audited once. */
  const masked = new WeakMap<object, GraphQLError>();
  return (error) => {
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
  };
}

/** The field that was refused, by its own name and not what the caller called it. */
function fieldOf({ nodes, path }: GraphQLError): string {
  const [node] = nodes ?? [];
  return path && node?.kind === Kind.FIELD ? node.name.value : 'operation';
}

/** Nothing of an error is told before it is judged. */
function maskedResults(mask: Mask): Stage {
  return {
    after: (_args, result) =>
      result.errors ? { ...result, errors: result.errors.map((error) => mask(error)) } : result,
  };
}

/** A document that is too large, or too much work, is refused while it is read. */
function boundedParser(mask: Mask): Plugin {
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
function boundedSubscriptions(mask: Mask): Plugin {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const problem = complexityProblem(args);
      if (problem) setResultAndStopExecution({ errors: [mask(problem)] });
    },
  };
}

/** A subscription may do something, so an address alone does not run it, whoever asks. */
function preflightedSubscriptions(mask: Mask): Plugin<Carrier> {
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
function maskedDocumentErrors(mask: Mask): Plugin {
  return {
    onValidate() {
      return ({ valid, result, setResult }) => {
        if (!valid) setResult((result as GraphQLError[]).map(mask));
      };
    },
  };
}
