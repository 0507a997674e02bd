import { type Mutation, one } from './mutation.ts';

/** Each alert reaches somebody, once, and ends when its danger does. */
export const ALERTS: readonly Mutation[] = [
  one(
    'alerts-of-servers-are-doubled',
    'domains/alerts/record.ts',
    [
      "and not exists (select from echo_alerts o where o.name = g.name and o.status <> 'RESOLVED')",
      'and g.name is not null',
    ],
    ['alerts'],
    'of another server is shown',
  ),
  one(
    'alerts-have-no-cooldown',
    'domains/alerts/record.ts',
    ["and a.resolved_at > now() - $2::float8 * interval '1 ms'", 'and $2::float8 < 0'],
    ['alerts'],
    'comes back within the cooldown',
  ),
  one(
    'alerts-do-not-escalate',
    'domains/alerts/telling.ts',
    ['return chain[chain.findLastIndex((way) => told.includes(way)) + 1] ?? null;', 'return null;'],
    ['alert-channels'],
    'the next channel hears of it',
  ),
  one(
    'alerts-go-back-to-who-was-told',
    'domains/alerts/telling.ts',
    [
      'return chain[chain.findLastIndex((way) => told.includes(way)) + 1] ?? null;',
      'return chain.find((way) => !told.includes(way)) ?? null;',
    ],
    ['alert-faults'],
    'what is down hands on',
  ),
  one(
    'snoozed-alerts-sleep-on',
    'domains/alerts/telling.ts',
    ['if (woken.length > 0) await wake(client, woken);', ''],
    ['alerts'],
    'that is snoozed',
  ),
  one(
    'snoozed-alerts-do-not-escalate-again',
    'domains/alerts/telling.ts',
    ["snoozed_until = null, told = '{}' from", 'snoozed_until = null from'],
    ['alert-faults'],
    'who was snoozed',
  ),
  one(
    'channels-that-are-down-keep-alerts',
    'domains/alerts/channel.ts',
    ['if (!to) return failure;', 'if (to !== null) return failure;'],
    ['alert-channels'],
    'the first channel has an alert once',
  ),
  one(
    'pauses-of-the-bot-are-not-kept',
    'domains/alerts/telegram.ts',
    ['retryAfterMs: (parameters?.retry_after ?? 1) * 1_000 +', 'retryAfterMs: 0 *'],
    ['alert-faults'],
    'a pause that is asked for is kept',
  ),
  one(
    'ends-of-alerts-are-not-told',
    'domains/alerts/desk.ts',
    ['ended.push(...over.filter(({ name }) => !told.has(name)));', ''],
    ['alerts'],
    'and over when the danger is',
  ),
  one(
    'floods-of-alerts-are-told-one-by-one',
    'domains/alerts/telling.ts',
    ['recent + alerts.length > SINGLY_A_MINUTE);', 'false);'],
    ['alerts'],
    // Ten thousand in the database one by one may take so long that they are sent without it, as one message after all.
    'of ten at once',
  ),
  one(
    'alerts-are-told-again-after-a-kill',
    'domains/alerts/desk.ts',
    ["const isKnown = notice.state === 'RAISED' && known.has(notice.name);", 'const isKnown = false;'],
    ['alert-kills'],
  ),
  one(
    'alerts-wait-in-memory-for-the-journal',
    'domains/alerts/desk.ts',
    [
      '    this.#keeping = this.#keeping.then(() => this.#keepFresh());\n    this.wake();',
      '    this.wake();',
    ],
    ['alert-kills'],
  ),
  one(
    'rules-do-not-wait',
    'domains/alert-rules/judge.ts',
    ['latest.at - since >= forMs &&', 'latest.at >= since &&'],
    ['alert-rules'],
    'has held for so long',
  ),
  one(
    'rules-take-what-is-missing-for-zero',
    'domains/alert-rules/measured.ts',
    [
      "const isKnown = metric.kind === 'GAUGE' ? rollup !== null : share >= SHARE_MEASURED;",
      'const isKnown = true;',
    ],
    ['alert-rules'],
    'takes what is missing',
  ),
  one(
    'rules-do-not-clear',
    'domains/alert-rules/watch.ts',
    ["if (state === 'OK')", "if (state === 'OK' && value === null)"],
    ['alert-rules'],
    'clear the alert of an event',
  ),
  one(
    'rules-trust-a-clock-that-was-set',
    'domains/alert-rules/watch.ts',
    ['if (Math.abs(apart) > JUMP_MS) {', 'if (Number.isNaN(apart)) {'],
    ['alert-rules'],
    'begins anew when the clock is set',
  ),
  one(
    'rules-over-nothing-are-taken',
    'app.ts',
    ['if (problems.length > 0) throw new ConfigError(problems);', ''],
    ['alert-rules'],
    'start nothing, and say what there is',
  ),
  one(
    'reports-know-no-day-before',
    'domains/reports/figures.ts',
    ['{ ...span, from: span.from - day }', 'span'],
    ['daily-report'],
    'comes once a day',
  ),
];
