import type { DocumentNode, ExecutionArgs, GraphQLError, SelectionSetNode } from 'graphql';
import { getOperationAST, Kind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { RATE_CLASSES, type RateClass, type RateLimits } from '../access/limits.ts';
import { EchoError } from '../domains/errors.ts';
import { complexityOf } from './complexity.ts';
import type { Context } from './context.ts';

const USUAL = { query: 'READ', mutation: 'WRITE', subscription: 'READ' } as const;

/** Takes what an operation costs from its caller's limits before it is executed, on every transport. */
export function rateLimited(limits: RateLimits, mask: (error: unknown) => GraphQLError): Plugin<Context> {
  const refusal = async (args: ExecutionArgs): Promise<GraphQLError | null> => {
    const { principal } = args.contextValue as Context;
    if (principal.credential === null) return null;
    const costs = costsOf(args);
    try {
      for (const kind of RATE_CLASSES) await limits.take(principal, kind, costs[kind]);
      return null;
    } catch (error) {
      if (error instanceof EchoError) return mask(error);
      throw error;
    }
  };
  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const error = await refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
    async onSubscribe({ args, setResultAndStopExecution }) {
      const error = await refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
  };
}

/** Reads cost their complexity; writes and heavy operations one for each field, however it is called. */
function costsOf(args: ExecutionArgs): Record<RateClass, number> {
  const costs = { READ: 0, WRITE: 0, HEAVY: 0 };
  const operation = getOperationAST(args.document, args.operationName);
  const root = operation && args.schema.getRootType(operation.operation);
  if (!operation || !root) return costs;
  const fields = root.getFields();
  for (const name of rootFieldsOf(operation.selectionSet, args.document)) {
    const rate = (fields[name]?.extensions.rate ?? USUAL[operation.operation]) as RateClass;
    if (rate !== 'READ') costs[rate]++;
  }
  if (operation.operation !== 'mutation') costs.READ = complexityOf(args) ?? 1;
  return costs;
}

/** Names of the fields that an operation asks for, as often as it does. */
function* rootFieldsOf(selections: SelectionSetNode, document: DocumentNode): Generator<string> {
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FIELD) yield selection.name.value;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* rootFieldsOf(selection.selectionSet, document);
    else {
      const fragment = document.definitions.find(
        (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
      );
      if (fragment?.kind === Kind.FRAGMENT_DEFINITION) yield* rootFieldsOf(fragment.selectionSet, document);
    }
  }
}
