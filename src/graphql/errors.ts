import { GraphQLError } from 'graphql';
import { RateLimited } from '../errors.ts';
import { type Problem, problemOf } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import { fieldOfVariable } from './variable-field.ts';

/** An operation that would cost too much; refused before any resolver runs. */
export class QueryTooComplex extends GraphQLError {
  constructor(kind: string, result: { complexity: number; depth: number; breadth: number }) {
    const { complexity, depth, breadth, ...limits } = result as typeof result & Record<string, number>;
    const maxima = Object.entries(limits).map(([name, value]) => `${name} ${value}`);
    super(
      `The operation is too complex (${kind.toLowerCase()}): complexity ${complexity}, depth ${depth}, breadth ${breadth}; limits: ${maxima.join(', ')}`,
      {
        extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
      },
    );
  }
}

/**
 * What a caller gets to see of an error: expected failures and errors of the document as they are; anything else
 * as "Unexpected error" with a correlation id, under which the whole error is in the log.
 */
export function maskError(error: unknown, correlationId: string, log: Logger): GraphQLError {
  const located = error instanceof GraphQLError ? error : undefined;
  const original = located?.originalError;
  // Without a path no resolver threw: the outer error names the variable, the inner one only what is wrong with it.
  const cause = original && (located.path || !(original instanceof GraphQLError)) ? original : error;
  const place = { nodes: located?.nodes ?? null, path: located?.path ?? null };
  if (cause instanceof GraphQLError) {
    const { http, ...given } = cause.extensions;
    const code = given.code ?? (located?.path ? 'BAD_USER_INPUT' : documentErrorCode(cause));
    const field = isVariableError(cause) ? fieldOfVariable(cause) : null;
    return new GraphQLError(cause.message, {
      nodes: cause.nodes ?? null,
      source: cause.source ?? null,
      positions: cause.positions ?? null,
      path: located?.path ?? cause.path ?? null,
      extensions: withStatus(
        { retryable: false, ...(field && { field }), ...given, code, correlationId },
        isVariableError(cause) ? BAD_REQUEST : (http ?? (located?.path ? null : BAD_REQUEST)),
      ),
    });
  }
  const problem = problemOf(cause, correlationId, log, { path: located?.path?.join('.') });
  const { code, message, retryable, details } = problem;
  return new GraphQLError(message, {
    ...place,
    extensions: withStatus(
      { code, retryable, ...details, correlationId },
      cause instanceof RateLimited ? tooMany(problem) : null,
    ),
  });
}

/** `spec`: the status is for those who accept `application/graphql-response+json`; others get 200. */
const BAD_REQUEST = { spec: true, status: 400 };

function tooMany({ status, retryAfterSeconds }: Problem): HttpStatus {
  return { status, headers: { 'retry-after': String(retryAfterSeconds) } };
}

/** What an error says of the HTTP response that carries it. */
export interface HttpStatus {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Says the HTTP status to Yoga, out of sight of every serializer: no client sees it, on no transport. */
function withStatus(extensions: Record<string, unknown>, http: unknown): Record<string, unknown> {
  return http ? Object.defineProperty(extensions, 'http', { value: http }) : extensions;
}

function documentErrorCode(error: GraphQLError): string {
  if (error.message.startsWith('Syntax Error')) return 'GRAPHQL_PARSE_FAILED';
  return isVariableError(error) ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}

function isVariableError(error: GraphQLError): boolean {
  return error.path === undefined && error.message.startsWith('Variable "$');
}
