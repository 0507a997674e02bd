import type {
  DocumentNode,
  ExecutionArgs,
  FragmentDefinitionNode,
  GraphQLError,
  SelectionSetNode,
} from 'graphql';
import { getOperationAST, Kind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { RATE_CLASSES, type RateClass, type RateLimits } from '../access/limits.ts';
import { EchoError } from '../errors.ts';
import { complexityOf } from './complexity.ts';
import type { Context } from './context.ts';
import type { MaybePromise, Stage } from './stages.ts';

/** Beyond any limit. */
const MOST = 1e9;
const USUAL = { query: 'READ', mutation: 'WRITE', subscription: 'READ' } as const;

/** Takes what an operation costs from its caller's limits before it is executed, on every transport. */
export function rateLimited(
  limits: RateLimits,
  mask: (error: unknown) => GraphQLError,
): { readonly plugin: Plugin<Context>; readonly stage: Stage } {
  // Whoever has no limits waits for nothing, either.
  const refusal = (args: ExecutionArgs): MaybePromise<GraphQLError | null> =>
    (args.contextValue as Context).principal.credential === null ? null : refusalOf(args);
  const refusalOf = async (args: ExecutionArgs): Promise<GraphQLError | null> => {
    const { principal } = args.contextValue as Context;
    // What is too complex anyway is refused for that, and costs nothing.
    const { points, problem } = complexityOf(args);
    if (problem) return mask(problem);
    const costs = costsOf(args, points);
    try {
      for (const kind of RATE_CLASSES) await limits.take(principal, kind, costs[kind]);
      return null;
    } catch (error) {
      if (error instanceof EchoError) return mask(error);
      throw error;
    }
  };
  const plugin: Plugin<Context> = {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const error = await refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
  };
  return { plugin, stage: { refusal } };
}

/**
 * All operations cost their complexity as reading, for what they give back; writes and heavy operations one more for
 * each field, however it is called.
 */
function costsOf(args: ExecutionArgs, points: number | null): Record<RateClass, number> {
  const costs = { READ: points ?? 1, WRITE: 0, HEAVY: 0 };
  const operation = getOperationAST(args.document, args.operationName);
  const root = operation && args.schema.getRootType(operation.operation);
  if (!operation || !root) return costs;
  const fields = root.getFields();
  for (const [name, count] of rootFieldsOf(operation.selectionSet, args.document, new Map())) {
    const rate = (fields[name]?.extensions.rate ?? USUAL[operation.operation]) as RateClass;
    if (rate !== 'READ') costs[rate] += count;
  }
  return costs;
}

type Counts = ReadonlyMap<string, number>;

/** How often an operation asks for each field. Each fragment is counted once, however often and deep it is spread. */
function rootFieldsOf(
  { selections }: SelectionSetNode,
  document: DocumentNode,
  known: Map<string, Counts>,
): Counts {
  const counts = new Map<string, number>();
  const add = (name: string, count: number) =>
    counts.set(name, Math.min((counts.get(name) ?? 0) + count, MOST));
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      add(selection.name.value, 1);
      continue;
    }
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT
        ? rootFieldsOf(selection.selectionSet, document, known)
        : fragmentFieldsOf(selection.name.value, document, known);
    for (const [name, count] of inner) add(name, count);
  }
  return counts;
}

function fragmentFieldsOf(name: string, document: DocumentNode, known: Map<string, Counts>): Counts {
  const counted = known.get(name);
  if (counted) return counted;
  const fragment = document.definitions.find(
    (each): each is FragmentDefinitionNode =>
      each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name,
  );
  const counts = fragment ? rootFieldsOf(fragment.selectionSet, document, known) : new Map<string, number>();
  known.set(name, counts);
  return counts;
}
