import type { GraphQLError } from 'graphql';
import type { Tracing } from '../tracing/tracing.ts';
import { nameOf } from './measured.ts';
import type { Stage } from './stages.ts';

/**
 * Makes each query and mutation a part of its request's trace, by the schema's name of its first field. What callers call it,
 * its variables and its results are told nobody.
 *
 * @param mask what callers are told of an error, of which only the code is told
 */
export function traced(tracing: Pick<Tracing, 'run'>, mask: (error: unknown) => GraphQLError): Stage {
  return {
    around: (execute) => (args, usual) => {
      const named = nameOf(args);
      if (!named) return execute(args, usual);
      const { operation, type } = named;
      const name = `${type} ${operation}`;
      const attributes = { 'graphql.operation.type': type, 'graphql.operation.name': operation };
      return tracing.run({ name, kind: 'internal', attributes }, async (span) => {
        const result = await execute(args, usual);
        const [code] = result.errors?.map((error) => String(mask(error).extensions.code)) ?? [];
        if (code !== undefined) span?.set({ 'error.type': code });
        return result;
      });
    },
  };
}
