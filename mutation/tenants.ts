import { type Mutation, one } from './mutation.ts';

/** What tenants may do and have, and what they cost. */
export const TENANTS: readonly Mutation[] = [
  one(
    'suspended-tenants-write-through-the-hall',
    'http/hall.ts',
    ['if (writes(errand)) await', 'if (!errand) await'],
    ['tenants'],
    'writes nothing through the other doors',
  ),
  one(
    'suspended-tenants-stream',
    'graphql/suspended.ts',
    ['extensions.writes === true', 'extensions.writes === 1'],
    ['tenants'],
    'over a WebSocket that was open before',
  ),
  one(
    'suspended-tenants-keep-their-users',
    'graphql/suspended.ts',
    ['extensions.whileSuspended !== true', 'extensions.whileSuspended !== 1'],
    ['tenants'],
    'reads, exports, and has its users erased',
  ),
  one(
    'suspended-tenants-go-on-working',
    'domains/tasks/runner.ts',
    ['if (paused.includes(claim.tenantId))', 'if (paused.length > 1_000)'],
    ['tenants'],
    'has its tasks wait',
  ),
  one(
    'any-admin-runs-the-server',
    'ground/ownership.ts',
    ['if (!isOperators(principal))', "if (principal.tenantId === '')"],
    ['tenants'],
    'the operator’s',
  ),
  one(
    'a-batch-may-go-beyond-its-quota',
    'domains/tenants/quotas.ts',
    ['day.turns + ids.length <= turnsPerDay', 'day.turns < turnsPerDay + 0 * ids.length'],
    ['tenants'],
    'takes a batch whole',
  ),
  one(
    'turns-on-their-way-count-for-nothing',
    'domains/tenants/day-count.ts',
    ['return this.#stored + this.#open.size;', 'return this.#stored;'],
    ['tenants'],
    'where many come at once',
  ),
  one(
    'repeats-are-refused',
    'domains/interactions/interactions.ts',
    ['known && !known.has(turnId) && ', 'known && '],
    ['tenants'],
    'refuses no repeat of what was accepted',
  ),
  one(
    'bounds-of-forecasts-do-not-widen',
    'domains/finance/smoothing.ts',
    ['(alpha + beta * damped + season)', '(0 * season)'],
    ['finance'],
    'what another implementation does',
  ),
  one(
    'backtests-know-what-comes',
    'domains/finance/backtest.ts',
    ['fitted(values.slice(0, end), period)', 'fitted(values, period)'],
    ['finance'],
    'sees nothing of what comes',
  ),
  one(
    'unknown-costs-are-nothing',
    'domains/finance/forecasting.ts',
    ['cost === null && unknownCosts > 0', 'cost === null && unknownCosts > 1_000'],
    ['finance'],
    'never 0 where nobody knows it',
  ),
];
