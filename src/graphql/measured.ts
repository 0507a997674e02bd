import { type ExecutionArgs, type GraphQLError, getOperationAST, Kind } from 'graphql';
import type { Stage } from './stages.ts';

/** An operation that was executed, as it is counted. */
interface DoneOperation {
  readonly operation: string;
  readonly type: 'query' | 'mutation';
  readonly seconds: number;
  readonly codes: readonly string[];
}

/**
 * Tells how long each query and mutation took and how its errors are called, on every transport.
 *
 * @param mask what callers are told of an error, of which only the code is counted
 */
export function measured(
  metrics: { countOperation(operation: DoneOperation): void },
  mask: (error: unknown) => GraphQLError,
): Stage {
  return {
    after: (args, result, began) => {
      const named = nameOf(args);
      if (!named) return result;
      const codes = result.errors?.map((error) => String(mask(error).extensions.code)) ?? NONE;
      metrics.countOperation({ ...named, seconds: (performance.now() - began) / 1_000, codes });
      return result;
    },
  };
}

const NONE: readonly string[] = [];

/** The first field's name in the schema, since callers may call operations as they like. */
export function nameOf({
  document,
  operationName,
}: ExecutionArgs): Pick<DoneOperation, 'operation' | 'type'> | null {
  const node = getOperationAST(document, operationName);
  if (!node || node.operation === 'subscription') return null;
  const first = node.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return { operation: first?.name.value ?? 'fragment', type: node.operation };
}
