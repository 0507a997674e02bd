import type { Measured } from './measured.ts';
import { type AlertRule, holds } from './rules.ts';

export type RuleState = 'OK' | 'PENDING' | 'FIRING' | 'NO_DATA';

/** How a rule stands. */
export interface Judgement {
  readonly state: RuleState;
  /** Of the latest step that is known; null: none is, or nothing happened in it. */
  readonly value: number | null;
  /** When that step began; null: none is known. */
  readonly at: Date | null;
  /** Since when the condition holds; null: it does not. */
  readonly since: Date | null;
}

const UNKNOWN: Judgement = { state: 'NO_DATA', value: null, at: null, since: null };
/** Of the steps since the condition holds: of fewer nobody knows that it held all the time. */
const SHARE_KNOWN = 0.5;

/**
 * How far back a rule has to look from the end of the latest step, in milliseconds: as long as its condition must hold, and
 * some steps, of which the latest may be missing.
 */
export function lookBackMs({ forMs, condition }: AlertRule): number {
  return forMs + 4 * condition.stepMs;
}

/**
 * Whether a condition has held for long enough. It is so when it holds in the latest step and no step says otherwise since long
 * enough; steps of which nothing is known say nothing, as long as they are not most. Without a latest step nothing is known: an
 * alert stays as it is.
 *
 * @param steps those that are over, the oldest first
 */
export function judge(rule: AlertRule, steps: readonly Measured[]): Judgement {
  const { condition, forMs } = rule;
  const latest = steps.slice(-2).findLast(({ isKnown }) => isKnown);
  if (!latest) return UNKNOWN;
  const shown = { value: latest.value, at: new Date(latest.at) };
  const isMet = ({ value }: Measured) => value !== null && holds(condition, value);
  if (!isMet(latest)) return { ...shown, state: 'OK', since: null };
  const upTo = steps.slice(0, steps.indexOf(latest) + 1);
  const lastOther = upTo.findLastIndex((step) => step.isKnown && !isMet(step));
  const run = upTo.slice(lastOther + 1);
  const known = run.filter(({ isKnown }) => isKnown);
  const since = known[0]?.at ?? latest.at;
  const steady = run.filter(({ at }) => at >= since);
  const isDue = latest.at - since >= forMs && known.length >= steady.length * SHARE_KNOWN;
  return { ...shown, state: isDue ? 'FIRING' : 'PENDING', since: new Date(since) };
}
