import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import type { RateClass } from '../access/limits.ts';
import type { Context } from './context.ts';
import { QueryTooComplex } from './errors.ts';
import './permitted.ts';

export interface SchemaShape {
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
}

export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 20;
export const MAX_COMPLEXITY = 5_000;
export const MAX_DEPTH = 15;
export const MAX_BREADTH = 500;
const LIMITS = { complexity: MAX_COMPLEXITY, depth: MAX_DEPTH, breadth: MAX_BREADTH };

/** For fields that ask a model or go through much data: `extensions: HEAVY`. See rate.ts. */
export const HEAVY = { rate: 'HEAVY' satisfies RateClass } as const;

/** For subscriptions that change something. See suspended.ts. */
export const WRITES = { writes: true } as const;
/** For mutations that a suspended tenant may call all the same: somebody has a right to them. */
export const WHILE_SUSPENDED = { whileSuspended: true } as const;

/** The one builder of the schema. Fields are non-null unless they say otherwise. */
export const builder = new SchemaBuilder<SchemaShape>({
  plugins: ['permitted', ComplexityPlugin, ErrorsPlugin, RelayPlugin],
  defaultFieldNullability: false,
  complexity: {
    // Connections multiply by the size of their page; a plain list is short.
    defaultComplexity: 1,
    defaultListMultiplier: 1,
    limit: ({ isWithinLimits }) => (isWithinLimits ? {} : LIMITS),
    complexityError: (kind, result) => new QueryTooComplex(kind, result),
  },
  errors: {
    defaultTypes: [],
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'The success of this operation, or one of the failures that a caller may expect.',
    },
  },
  relay: {
    nodeTypeOptions: { description: 'An object that can be fetched again by its global id.' },
    nodeQueryOptions: {
      description: 'Any object by its global id; null if it does not exist for this caller.',
      args: { id: { description: 'The global id, as a field `id` gave it.' } },
    },
    nodesQueryOptions: false,
    idFieldOptions: { description: 'Global id, unique over all types; opaque.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether more follow after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are any before this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first edge; null or empty on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last edge; null or empty on an empty page.' },
    cursorFieldOptions: { description: 'Position in the list, for `after` and `before`; opaque.' },
    nodeFieldOptions: { description: 'The object at this position.', nullable: false },
    edgesFieldOptions: {
      description: 'The page, with a cursor for each object.',
      nullable: { list: false, items: false },
    },
    nodesFieldOptions: { description: 'The page, without cursors.', nullable: { list: false, items: false } },
    pageInfoFieldOptions: { description: 'Where this page lies in the list.' },
    nodesOnConnection: { description: 'The page, without cursors.' },
    firstArgOptions: {
      description: `Size of the page, from the start of the list: 1 to ${MAX_PAGE_SIZE}, default ${DEFAULT_PAGE_SIZE}.`,
    },
    lastArgOptions: { description: `Size of the page, from the end of the list: 1 to ${MAX_PAGE_SIZE}.` },
    afterArgOptions: { description: 'Only what follows this cursor.' },
    beforeArgOptions: { description: 'Only what precedes this cursor.' },
    defaultConnectionTypeOptions: { description: 'A page of a list.' },
    defaultEdgeTypeOptions: { description: 'One object of a page, with its cursor.' },
    defaultConnectionFieldOptions: {
      complexity: (args: { first?: number | null | undefined; last?: number | null | undefined }) => ({
        field: 1,
        // A page size beyond the maximum reads nothing: its own error says more than this one's.
        multiplier: Math.min(Math.max(args.first ?? args.last ?? DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE),
      }),
    },
  },
});

builder.queryType({
  description: 'Reads. Each sees only what its caller owns.',
  authScopes: { permission: 'READ' },
});
builder.mutationType({
  description: 'Writes. Failures that a caller may expect are part of the result type.',
  authScopes: { permission: 'WRITE' },
});
builder.subscriptionType({
  description: 'Live events, over WebSocket (graphql-transport-ws) or server-sent events.',
  authScopes: { permission: 'READ' },
});
