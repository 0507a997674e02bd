import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { isWithinLimits } from './complexity.ts';
import type { Context } from './context.ts';
import type { Stage } from './stages.ts';

/** Sizes, as variables give them, that are remembered for each operation. */
const MAX_REMEMBERED = 32;

/** Arguments on which the complexity of fields depends; a test compares them with the schema. */
export const SIZE_ARGUMENTS: ReadonlySet<string> = new Set(['first', 'last', 'limit', 'days']);

interface Known {
  /** Variables that give a size. */
  readonly variables: readonly string[];
  /** Sizes with which it is within the limits. */
  readonly sizes: Set<string>;
}

/**
 * Remembers of operations that come again that they are within the limits of complexity, for the sizes of pages that their variables
 * give. Operations are found by their parsed document, which ends with the text that Yoga keeps; whatever is not within the limits is
 * measured each time.
 */
export function limitsKnown(): Stage {
  const operations = new WeakMap<OperationDefinitionNode, Known>();
  const isKnown = (args: ExecutionArgs): boolean => {
    const operation = getOperationAST(args.document, args.operationName);
    if (!operation) return false;
    let known = operations.get(operation);
    if (!known) {
      known = { variables: sizesIn(args.document), sizes: new Set() };
      operations.set(operation, known);
    }
    const given = args.variableValues ?? {};
    const sizes = known.variables.map((name) => given[name]);
    // Another kind of value is an error, which the execution tells.
    if (!sizes.every((size) => size === undefined || size === null || Number.isInteger(size))) return false;
    // Null is another size than none, which may have a default.
    const key = sizes.map(String).join();
    if (known.sizes.has(key)) return true;
    if (known.sizes.size >= MAX_REMEMBERED || !isWithinLimits(args)) return false;
    known.sizes.add(key);
    return true;
  };
  return {
    around: (execute) => (args, usual) => {
      (args.contextValue as Context).isWithinLimits = isKnown(args);
      return execute(args, usual);
    },
  };
}

/** Variables that arguments of sizes name, anywhere in a document. */
function sizesIn(document: DocumentNode): string[] {
  const found = new Set<string>();
  visit(document, {
    Argument: ({ name, value }) => {
      if (SIZE_ARGUMENTS.has(name.value) && value.kind === Kind.VARIABLE) found.add(value.name.value);
    },
  });
  return [...found];
}
