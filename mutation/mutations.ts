/** One text of one file, and what stands there instead. */
interface Change {
  readonly file: string;
  /** Stands there exactly once, or the run ends. */
  readonly text: string;
  readonly replacement: string;
}

/** A fault that somebody could make, and the tests that should see it. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly tests: readonly string[];
  /** Only tests with this in their names, where a file has many others. */
  readonly named?: string;
}

const one = (
  name: string,
  file: string,
  [text, replacement]: readonly [string, string],
  tests: readonly string[],
  named?: string,
): Mutation => ({
  name,
  changes: [{ file: `src/${file}`, text, replacement }],
  tests: tests.map((test) => `tests/${test}.test.ts`),
  ...(named !== undefined && { named }),
});

/** Whose rows an operation may touch. */
const OWNERS: readonly Mutation[] = [
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
    [`:uuid[])\`, inScope()))`, ':uuid[])`))'],
    ['isolation'],
    'is told the same',
  ),
  one(
    'latest-turns-of-all-users',
    'domains/interactions/reads.ts',
    [
      `        eq(i.tenantId, sql.placeholder('tenantId')),
        eq(i.userId, sql.placeholder('userId')),
      ),
    )
    .orderBy(desc(i.sequence))`,
      `        eq(i.tenantId, sql.placeholder('tenantId')),
      ),
    )
    .orderBy(desc(i.sequence))`,
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
    'memories-of-all-users',
    'domains/memory/pool.ts',
    [
      'where id = any($3::int[]) and user_id = $1 and tenant_id = $2',
      'where id = any($3::int[]) and ($1 || $2) is not null',
    ],
    ['isolation'],
  ),
  one(
    'pending-turns-of-all-users',
    'domains/interactions/pending.ts',
    ['&& (scope.userId === null || turn.userId === scope.userId)', ''],
    ['durability'],
    'is shown to its owner',
  ),
];

/** What a commit waits for, and that a turn is there once. */
const DURABILITY: readonly Mutation[] = [
  {
    name: 'journal-does-not-wait-for-the-disk',
    changes: [
      {
        file: 'src/journal/file.ts',
        text: 'pragma journal_mode = wal; pragma synchronous = full`',
        replacement: 'pragma journal_mode = wal; pragma synchronous = normal`',
      },
      {
        file: 'src/journal/file.ts',
        text: "requireSetting(db, 'synchronous', 2)",
        replacement: "requireSetting(db, 'synchronous', 1)",
      },
    ],
    tests: ['tests/journal.test.ts'],
    named: 'is told by SQLite itself',
  },
  one(
    'embedded-database-does-not-wait-for-the-disk',
    'db/embedded/process.ts',
    ["fsync: 'on'", "fsync: 'off'"],
    ['embedded-postgres'],
    'durable',
  ),
  one(
    'embedded-database-commits-later',
    'db/embedded/process.ts',
    ["synchronous_commit: 'on'", "synchronous_commit: 'off'"],
    ['embedded-postgres'],
    'durable',
  ),
  one(
    'another-database-gets-the-turns',
    'db/identity.ts',
    ['if (id !== known.id) throw otherThan(known, id);', ''],
    ['other-database'],
    'somebody else',
  ),
  one(
    'a-copy-gets-the-turns',
    'db/identity.ts',
    ['if (known.place !== null && place !== known.place)', 'if (false)'],
    ['other-database'],
    'a copy, at the address',
  ),
  one(
    'a-restart-stores-in-another-database',
    'db/open.ts',
    ['refuseForeign(found, isOwed ? known : null)', 'refuseForeign(found, null)'],
    ['other-database'],
    'what the journal holds for one',
  ),
  one(
    'look-ups-use-up-the-deadline',
    'domains/interactions/store.ts',
    ['const LOOK_UP_SHARE = 0.8;', 'const LOOK_UP_SHARE = 1;'],
    ['patience'],
    'leaves time',
  ),
  {
    name: 'turn-ids-are-not-unique',
    changes: [
      {
        file: 'drizzle/0000_initial.sql',
        text: 'CREATE UNIQUE INDEX "echo_interactions_turn_id_key"',
        replacement: 'CREATE INDEX "echo_interactions_turn_id_key"',
      },
    ],
    tests: ['tests/interactions.test.ts'],
    named: 'the database itself refuses a second turn',
  },
  one(
    'erased-bytes-stay-in-tables',
    'domains/privacy/files.ts',
    ['vacuum (full, verbose)', 'vacuum (verbose)'],
    ['privacy'],
    'an erasure',
  ),
  one(
    'erased-bytes-stay-in-the-log',
    'domains/privacy/files.ts',
    ["await client.query('checkpoint');", ''],
    ['privacy'],
    'an erasure',
  ),
];

const LIMITS: readonly Mutation[] = [
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
    'QUERY_TOO_COMPLEX for new nesting',
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

const HEALTH: readonly Mutation[] = [
  one(
    'canary-always-says-ok',
    'domains/health/canary.ts',
    ['ok: problem === null,', 'ok: true,'],
    ['canary'],
    'is not found by its word',
  ),
  one(
    'canary-does-not-look',
    'domains/health/canary.ts',
    ["if (hits[0]?.interaction.turnId !== turnId) throw new Error('it was not found by its word');", ''],
    ['canary'],
    'is not found by its word',
  ),
  one(
    'canary-is-not-told',
    'domains/health/promises.ts',
    ["status: last.ok ? 'HEALTHY' : 'DEGRADED'", "status: 'HEALTHY'"],
    ['canary'],
    'is not found by its word',
  ),
];

/** What was deleted stays deleted, and who may do what. */
const REFUSALS: readonly Mutation[] = [
  one(
    'erased-users-come-back',
    'domains/privacy/tombstones.ts',
    ['return erased !== null && at <= erased.at;', 'return false;'],
    ['deletions'],
    'after an erasure',
  ),
  one(
    'erased-time-is-not-checked',
    'domains/privacy/tombstones.ts',
    ['if (!erased || at > (named ? erased.unmarkedAt : erased.at)) return;', 'return;'],
    ['deletions'],
    'after an erasure',
  ),
  one(
    'deleted-turns-are-stored-again',
    'domains/interactions/apply.ts',
    ['where turn_id not in (select turn_id from deleted)', ''],
    ['deletions'],
    'is not undone by',
  ),
  one(
    'everybody-has-every-permission',
    'access/principals.ts',
    ['if (!principal.permissions.includes(permission))', 'if (false)'],
    ['security-access'],
    'a key without the permission',
  ),
  one(
    'everybody-is-an-admin',
    'ground/ownership.ts',
    ["if (!principal.roles.includes('ADMIN')) throw", 'if (false) throw'],
    ['security-access'],
    'is still no admin',
  ),
  one(
    'users-act-for-others',
    'access/principals.ts',
    ["return principal.roles.includes('ADMIN') || principal.roles.includes('SERVICE');", 'return true;'],
    ['isolation'],
    'Query.conversations(userId)',
  ),
];

/** A task is one attempt's at a time, does each step once, and is its user's. */
const TASKS: readonly Mutation[] = [
  one(
    'late-ends-are-taken',
    'domains/tasks/claims.ts',
    [
      "where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $11 returning",
      "where id = $1 and ($2::int, $3::text) is not null and status = 'RUNNING' and tenant_id = $11 returning",
    ],
    ['task-queue'],
    'has lost its task',
  ),
  one(
    'late-steps-are-taken',
    'domains/tasks/steps.ts',
    [
      "where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $6 for share",
      'where id = $1 and ($2::int, $3::text) is not null and tenant_id = $6 for share',
    ],
    ['task-queue'],
    'has lost its task',
  ),
  one(
    'late-progress-is-taken',
    'domains/tasks/progress.ts',
    [
      "where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $7 returning *",
      'where id = $1 and ($2::int, $3::text) is not null and tenant_id = $7 returning *',
    ],
    ['task-queue'],
    'has lost its task',
  ),
  one(
    'leases-do-not-end',
    'domains/tasks/claims.ts',
    ['and (lease_until < now() or', 'and (false or'],
    ['task-queue'],
    'again and again',
  ),
  one(
    'leases-of-others-are-ended',
    'domains/tasks/claims.ts',
    ["or split_part(worker, ':', 1) = $1)", 'or $1::text is not null)'],
    ['task-queue'],
    'earlier server',
  ),
  one(
    'leases-are-not-prolonged',
    'domains/tasks/claims.ts',
    [
      'update autonomous_tasks t set lease_until = now() +',
      'update autonomous_tasks t set lease_until = lease_until + 0 *',
    ],
    ['task-queue'],
    'prolonged',
  ),
  {
    name: 'steps-are-done-again',
    changes: [
      { file: 'src/domains/tasks/steps.ts', text: 'if (known) return known.result;', replacement: '' },
      {
        file: 'src/domains/tasks/steps.ts',
        text: 'if (rowCount === 0) throw new NotNoted();',
        replacement: '',
      },
    ],
    tests: ['tests/task-queue.test.ts'],
    named: 'repeats none',
  },
  one(
    'tasks-of-all-users',
    'domains/tasks/scope.ts',
    ['and ($2::text is null or t.user_id = $2)', 'and ($2::text is null or true)'],
    ['tasks', 'isolation'],
    'nobody else’s',
  ),
  one(
    'lists-of-tasks-of-all-users',
    'domains/tasks/reads.ts',
    [
      "'t.tenant_id = $1 and t.user_id is not null and ($2::text is null or t.user_id = $2)'",
      "'t.tenant_id = $1 and t.user_id is not null and ($2::text is null or true)'",
    ],
    ['tasks'],
    'nobody else’s',
  ),
  one(
    'tasks-of-the-server-for-all',
    'domains/tasks/scope.ts',
    ['{ tenantId, userId, system: false }', '{ tenantId, userId, system: true }'],
    ['tasks'],
    'of the server itself',
  ),
  one(
    'everybody-tries-tasks-of-admins-again',
    'domains/tasks/changes.ts',
    ['  if (isAdmin(principal)) return;\n  const [known]', '  if (principal) return;\n  const [known]'],
    ['repairs'],
    'from an export',
  ),
  one(
    'away-is-believed',
    'domains/tasks/attempt.ts',
    [' && (await availability.wasAway(beganAt))', ' && availability !== null && beganAt !== null'],
    ['task-queue'],
    'is a failure while ours is there',
  ),
];

/** What is repaired, and how often. */
const REPAIRS: readonly Mutation[] = [
  one(
    'repairs-need-no-dry-run',
    'domains/repairs/ledger.ts',
    ['if (dryRuns === 0)', 'if (dryRuns === null)'],
    ['repairs'],
    'needs a dry run',
  ),
  one(
    'repairs-need-no-pause',
    'domains/repairs/ledger.ts',
    ['if (taken === 0)', 'if (taken === null)'],
    ['repairs'],
    'needs a dry run',
  ),
  one(
    'everything-is-on-the-list',
    'domains/repairs/service-restart.ts',
    [
      'services.find((unit) => unit === target) ?? null',
      'services.find((unit) => unit === target) ?? target',
    ],
    ['repairs'],
    'however it is written',
  ),
  one(
    'killed-repairs-are-repeated',
    'domains/repairs/perform.ts',
    ['if (earlier) return', 'if (earlier && earlier.outcome === null) return'],
    ['repairs'],
    'is killed',
  ),
  one(
    'restarts-get-the-environment',
    'domains/repairs/service-restart.ts',
    ['env: { PATH:', 'env: { ...globalThis.process.env, PATH:'],
    ['repairs'],
    'fixed arguments',
  ),
  one(
    'folders-behind-links-are-cleaned',
    'domains/repairs/folder.ts',
    ['place !== path', 'place === null'],
    ['repair-files'],
    'is a link',
  ),
  one(
    'linked-folders-are-cleaned',
    'domains/repairs/folder.ts',
    ['constants.O_DIRECTORY | constants.O_NOFOLLOW', 'constants.O_DIRECTORY'],
    ['repair-files'],
  ),
  one(
    'young-files-are-cleaned',
    'domains/repairs/disk-cleanup.ts',
    ['stats.mtimeMs <= look.before && ', ''],
    ['repair-files'],
    'what is old',
  ),
  one(
    'processes-of-all-users-are-ended',
    'domains/repairs/process-kill.ts',
    ['each.uids.every((uid) => uid === owner.uid)', 'owner !== null'],
    ['repair-processes'],
    'another user',
  ),
  one(
    'own-processes-are-ended',
    'domains/repairs/process-kill.ts',
    ['!own.has(pid) && ', 'own.size > 0 && '],
    ['repair-processes'],
    'is spared',
  ),
];

export const MUTATIONS: readonly Mutation[] = [
  ...OWNERS,
  ...DURABILITY,
  ...LIMITS,
  ...HEALTH,
  ...REFUSALS,
  ...TASKS,
  ...REPAIRS,
];
