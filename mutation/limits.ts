import { type Mutation, one } from './mutation.ts';

/** How much one caller may send, ask and do. */
export const LIMITS: readonly Mutation[] = [
  one(
    'longer-queries',
    'ground/input.ts',
    ['MAX_QUERY_LENGTH = 32_000', 'MAX_QUERY_LENGTH = 64_000'],
    ['query-input', 'interactions'],
    'too long',
  ),
  one(
    'larger-metadata',
    'ground/input.ts',
    ['MAX_JSON_BYTES = 65_536', 'MAX_JSON_BYTES = 131_072'],
    ['security-inputs'],
    'of metadata and context',
  ),
  one(
    'longer-names',
    'ground/input.ts',
    ['export const conversationId = text(100);', 'export const conversationId = text(200);'],
    ['security-inputs'],
    'Mutation.recordTurns(input.conversationId): 100',
  ),
  one(
    'more-turns-in-a-call',
    'domains/interactions/interactions.ts',
    ['MAX_TURNS_PER_CALL = 500', 'MAX_TURNS_PER_CALL = 5_000'],
    ['interactions'],
    'refuses 501 turns',
  ),
  one(
    'larger-pages',
    'graphql/builder.ts',
    ['MAX_PAGE_SIZE = 100', 'MAX_PAGE_SIZE = 1_000'],
    ['interaction-lists'],
    'of 101 objects is refused',
  ),
  one(
    'no-limit-of-complexity',
    'graphql/builder.ts',
    ['MAX_COMPLEXITY = 5_000', 'MAX_COMPLEXITY = 500_000'],
    ['security-graphql'],
    'QUERY_TOO_COMPLEX for cost',
  ),
  one(
    'deeper-operations',
    'graphql/builder.ts',
    ['MAX_DEPTH = 15', 'MAX_DEPTH = 150'],
    ['security-graphql'],
    '15 fields deep',
  ),
  one(
    'larger-bodies',
    'http/body.ts',
    ['MAX_BODY_BYTES = 1_048_576', 'MAX_BODY_BYTES = 16_777_216'],
    ['http', 'rest'],
    'more than 1 MiB',
  ),
  one(
    'no-rate-limits',
    'access/limits.ts',
    ['if (principal.credential === null || points === 0) return;', 'return;'],
    ['security-limits'],
    'a burst of heavy operations',
  ),
  one(
    'rate-limits-of-each-key',
    'access/limits.ts',
    [
      '      limiter,\n      nameless(JSON.stringify([principal.tenantId, principal.userId]))',
      '      limiter,\n      nameless(JSON.stringify([principal.credential]))',
    ],
    ['security-limits'],
    'another key of the same user',
  ),
];
