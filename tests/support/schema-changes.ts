import { findBreakingChanges, type GraphQLSchema } from 'graphql';

/** A change that breaks clients and was made on purpose, as `schema/accepted.json` has it. */
export interface AcceptedChange {
  /** As the check names it. */
  readonly change: string;
  /** The day on which it was accepted, such as 2026-11-29. */
  readonly date: string;
  readonly why: string;
}

/** What breaks clients of the released schema, and which acceptances are of nothing any more. */
export function breaksOf(
  released: GraphQLSchema,
  current: GraphQLSchema,
  accepted: readonly AcceptedChange[],
): { breaks: string[]; stale: string[] } {
  const found = findBreakingChanges(released, current).map(
    ({ type, description }) => `${type}: ${description}`,
  );
  const known = new Set(accepted.map(({ change }) => change));
  return {
    breaks: found.filter((change) => !known.has(change)),
    stale: [...known].filter((change) => !found.includes(change)),
  };
}
