import { GraphQLError } from 'graphql';
import { EchoError } from '../domains/errors.ts';
import type { Logger } from '../log.ts';

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
  const cause = located?.originalError ?? error;
  const place = { nodes: located?.nodes ?? null, path: located?.path ?? null };
  if (cause instanceof EchoError) {
    const field = 'field' in cause ? { field: cause.field } : {};
    return new GraphQLError(cause.message, {
      ...place,
      extensions: { code: cause.code, retryable: cause.retryable, ...field, correlationId },
    });
  }
  if (cause instanceof GraphQLError) {
    const code = cause.extensions.code ?? (located?.path ? 'BAD_USER_INPUT' : documentErrorCode(cause));
    return new GraphQLError(cause.message, {
      nodes: cause.nodes ?? null,
      source: cause.source ?? null,
      positions: cause.positions ?? null,
      path: located?.path ?? cause.path ?? null,
      extensions: { ...cause.extensions, code, correlationId },
    });
  }
  log.error({ err: cause, correlationId, path: located?.path?.join('.') }, 'unexpected error');
  return new GraphQLError('Unexpected error', {
    ...place,
    extensions: { code: 'INTERNAL', retryable: true, correlationId },
  });
}

function documentErrorCode(error: GraphQLError): string {
  if (error.message.startsWith('Syntax Error')) return 'GRAPHQL_PARSE_FAILED';
  return error.message.startsWith('Variable ') ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}
