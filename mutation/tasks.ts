import { type Mutation, one } from './mutation.ts';

/** A task is one attempt's at a time, does each step once, and is its user's. */
export const TASKS: readonly Mutation[] = [
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
    ['  if (!may)\n', '  if (!may && taskId === null)\n'],
    ['task-retries', 'repairs'],
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
