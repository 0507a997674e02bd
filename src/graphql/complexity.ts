import { complexityFromQuery } from '@pothos/plugin-complexity';
import { type ExecutionArgs, GraphQLError, getOperationAST, Kind } from 'graphql';
import { MAX_BREADTH, MAX_COMPLEXITY, MAX_DEPTH } from './builder.ts';
import { QueryTooComplex } from './errors.ts';

/**
 * Why an operation costs too much, by the limits of the builder; null if it does not.
 *
 * The builder checks resolvers of root fields, and a subscription's first resolver runs with its first event: too
 * late for one that does something when it starts.
 */
export function complexityProblem(args: ExecutionArgs): QueryTooComplex | null {
  return problemOf(measure(args));
}

/** The same, and its points of complexity; null if they can't be told, because a variable has a wrong type. */
export function complexityOf(args: ExecutionArgs): {
  points: number | null;
  problem: QueryTooComplex | null;
} {
  const result = measure(args);
  return { points: result?.complexity ?? null, problem: problemOf(result) };
}

/** Whether an operation costs no more than it may; false also where that can't be told. */
export function isWithinLimits(args: ExecutionArgs): boolean {
  const { points, problem } = complexityOf(args);
  return points !== null && problem === null;
}

function problemOf(result: ReturnType<typeof measure>): QueryTooComplex | null {
  const limits = { maxComplexity: MAX_COMPLEXITY, maxDepth: MAX_DEPTH, maxBreadth: MAX_BREADTH };
  if (!result) return null;
  if (result.depth > MAX_DEPTH) return new QueryTooComplex('Depth', { ...result, ...limits });
  if (result.breadth > MAX_BREADTH) return new QueryTooComplex('Breadth', { ...result, ...limits });
  if (result.complexity > MAX_COMPLEXITY) return new QueryTooComplex('Complexity', { ...result, ...limits });
  return null;
}

function measure(args: ExecutionArgs) {
  const operation = getOperationAST(args.document, args.operationName);
  if (!operation) return null;
  const definitions = args.document.definitions.filter(
    (definition) => definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  try {
    return complexityFromQuery(
      { kind: Kind.DOCUMENT, definitions },
      {
        schema: args.schema,
        variables: args.variableValues ?? {},
        ctx: args.contextValue as object,
      },
    );
  } catch (error) {
    // A variable of a wrong type: the execution names it.
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}
