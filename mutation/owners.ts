import { type Mutation, one } from './mutation.ts';

/** Whose rows an operation may touch. */
export const OWNERS: readonly Mutation[] = [
  one(
    'owner-for-lets-everybody',
    'ground/ownership.ts',
    ['if (named !== principal.userId && !mayActForOthers(principal)) {', 'if (false) {'],
    ['isolation'],
    'Query.conversations(userId)',
  ),
  one(
    'scope-is-the-tenant',
    'ground/ownership.ts',
    ['userId: mayActForOthers(principal) ? null : principal.userId', 'userId: null'],
    ['isolation'],
    'is told the same',
  ),
  one(
    'turn-lookup-ignores-the-user',
    'domains/interactions/reads.ts',
    [
      'where i.tenant_id = $2 and ($3::text is null or i.user_id = $3)',
      'where coalesce($2, $3::text) is not null',
    ],
    ['isolation'],
    'is told the same',
  ),
  one(
    'latest-turns-of-all-users',
    'domains/interactions/reads.ts',
    [
      'i.tenant_id = $2 and i.user_id = $3 order by i.sequence desc',
      'i.tenant_id = $2 and $3::text is not null order by i.sequence desc',
    ],
    ['prompts'],
    'nothing of somebody else’s of the same name',
  ),
  one(
    'statistics-of-all-users',
    'domains/interactions/statistics.ts',
    [
      "const owned = 'tenant_id = $1 and ($2::text is null or user_id = $2)'",
      "const owned = 'tenant_id = $1 and ($2::text is null or true)'",
    ],
    ['rest'],
    'counts turns by model',
  ),
  one(
    'rating-of-others',
    'domains/interactions/interactions.ts',
    ['and ($5::text is null or user_id = $5) returning', 'and ($5::text is null or true) returning'],
    ['isolation'],
    'is told the same',
  ),
  one(
    'conversations-of-all-users',
    'domains/conversations/reads.ts',
    [
      `        eq(c.userId, p('userId')),
        eq(c.tenantId, p('tenantId')),
        optional(`,
      `        eq(c.tenantId, p('tenantId')),
        optional(`,
    ],
    ['isolation'],
    'Query.conversations(after)',
  ),
  one(
    'turns-of-others-with-conversations',
    'domains/interactions/threads.ts',
    ['and i.tenant_id = c.tenant_id and i.user_id = c.user_id', 'and i.tenant_id = c.tenant_id'],
    ['threads'],
    'are of one user',
  ),
  one(
    'memories-of-all-users',
    'domains/memory/shown-turns.ts',
    ["'int[]')}) and user_id = $1 and tenant_id = $2", "'int[]')}) and ($1 || $2) is not null"],
    ['isolation'],
  ),
  one(
    'pending-turns-of-all-users',
    'domains/interactions/pending.ts',
    ['&& (scope.userId === null || turn.userId === scope.userId)', ''],
    ['durability'],
    'is shown to its owner',
  ),
  one(
    'tools-forget-facts-of-others',
    'mcp/forget-tool.ts',
    ['const { factId: id } = await findFact(services, owner, factId);', 'const id = factId;'],
    ['mcp-door'],
    'is named only by those who may act for others',
  ),
  one(
    'tools-correct-facts-of-others',
    'domains/facts/views.ts',
    [
      'await factsById(db, owner, [parseFactId(factId)])',
      'await factsById(db, { ...owner, userId: null }, [parseFactId(factId)])',
    ],
    ['mcp-door'],
    'reaches nothing by ids',
  ),
];
