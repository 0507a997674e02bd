import { type Mutation, one } from './mutation.ts';

/** Each turn is learned from once, and what is gone is not learned. */
export const LEARNING: readonly Mutation[] = [
  one(
    'turns-of-other-tasks-are-learned',
    'domains/learning/queue.ts',
    ['and not exists (select from waiting where is_others)', ''],
    ['learning'],
    'that another task has',
  ),
  one(
    'turns-that-were-lost-are-learned',
    'domains/learning/queue.ts',
    [
      "`id = any($4::int[]) and learning_lease_token = $3 and learning_state = 'LEASED' and $".concat(
        '{OF_OWNER}`',
      ),
      '`id = any($4::int[]) and $3::uuid is not null and tenant_id = $1 and user_id = $2`',
    ],
    ['learning'],
    'that has lost its turns',
  ),
  one(
    'turns-that-others-change-are-passed-over',
    'domains/learning/queue.ts',
    ['bool_and(f.id is not null) over said as is_next', 'f.id is not null as is_next'],
    ['learning'],
    'somebody is changing',
  ),
  one(
    'leases-of-learning-do-not-end',
    'domains/learning/queue.ts',
    ['and learning_lease_until > now() as is_others', 'and learning_lease_until is not null as is_others'],
    ['learning'],
    'that another task has',
  ),
  one(
    'everybody-learns-from-all-turns',
    'domains/learning/requests.ts',
    ['isAdmin(principal) ? SERVER_OWNER', "isAdmin(principal) || userId !== '' ? SERVER_OWNER"],
    ['learning'],
    'is the caller’s own',
  ),
  one(
    'words-of-deleted-turns-stay-learned',
    'domains/interactions/deletions.ts',
    ['forgetFactsOfTurns(client, owner, [turnId, ...behind])', 'forgetFactsOfTurns(client, owner, [turnId])'],
    ['learning'],
    'without it when that turn goes',
  ),
  one(
    'late-learning-is-healthy',
    'domains/learning/promises.ts',
    ["isLate ? 'DEGRADED' : 'HEALTHY',\n    latencyMs", "'HEALTHY',\n    latencyMs"],
    ['learning'],
    'wait too long',
  ),
  {
    name: 'invented-quotes-are-learned',
    changes: [
      {
        file: 'src/domains/learning/model-answer.ts',
        text: "if (at < 0) return 'the quote is not in the turn';",
        replacement: '',
      },
      {
        file: 'src/domains/learning/extraction.ts',
        text: "return said !== '' && said === source.quote ? null : 'the quote is not in the turn';",
        replacement: 'return said === null ? said : null;',
      },
    ],
    tests: ['tests/learning-model.test.ts'],
    named: 'quotes that nobody said',
  },
  one(
    'words-that-nobody-said-are-learned',
    'domains/learning/model-answer.ts',
    ["? null : 'its object was not said there'", '? null : null'],
    ['learning-model'],
    'what was not said',
  ),
  one(
    'secrets-are-sent-to-models',
    'domains/learning/model.ts',
    ['withoutSecrets(turn[field], secrets, HIDDEN)', 'turn[field]'],
    ['learning-model'],
    'a model adds',
  ),
  one(
    'failures-of-models-are-not-told',
    'domains/learning/model.ts',
    ['{ ...use(1), judged:', '{ ...use(0), judged:'],
    ['learning-model'],
    'answers prose',
  ),
];
