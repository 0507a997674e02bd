/** Events that an objective is about, and how many of them failed it. */
export interface Counts {
  readonly total: number;
  readonly bad: number;
}

export type Severity = 'fast' | 'slow';

/** Two stretches of time over which the budget must burn for an alert: the long one proves it, the short one that it goes on. */
export interface BurnWindow {
  readonly severity: Severity;
  readonly longMinutes: number;
  readonly shortMinutes: number;
  /** The share of the budget that is gone after the long one, at the threshold. */
  readonly budgetShare: number;
}

/**
 * Windows of multi-window, multi-burn-rate alerts (Google's SRE Workbook, chapter 5): the first two wake somebody, the
 * others can wait for the morning.
 */
export const BURN_WINDOWS: readonly BurnWindow[] = [
  { severity: 'fast', longMinutes: 60, shortMinutes: 5, budgetShare: 0.02 },
  { severity: 'fast', longMinutes: 360, shortMinutes: 30, budgetShare: 0.05 },
  { severity: 'slow', longMinutes: 1_440, shortMinutes: 120, budgetShare: 0.1 },
  { severity: 'slow', longMinutes: 4_320, shortMinutes: 360, budgetShare: 0.1 },
];

/** Of fewer failures nobody is told: with little traffic each would be a large share. */
const FEWEST_BAD = 3;
const DAY_MINUTES = 1_440;

/** Burn rates cannot be higher than all failing: so near to it a window tells, where its own threshold would be beyond. */
const NEARLY_ALL = 0.9;

/**
 * How many times as fast as allowed the budget burns, at which a window tells.
 *
 * @param share that has to keep the objective, 0 to 1
 */
export function thresholdOf(
  { budgetShare, longMinutes }: BurnWindow,
  share: number,
  windowDays: number,
): number {
  return Math.min((budgetShare * windowDays * DAY_MINUTES) / longMinutes, NEARLY_ALL / (1 - share));
}

/** How fast the budget burns: at 1 it lasts for exactly the objective's window. Null: nothing happened. */
export function burnRate({ total, bad }: Counts, share: number): number | null {
  return total === 0 ? null : bad / total / (1 - share);
}

/**
 * Which alerts are due.
 *
 * @param share that has to keep the objective, 0 to 1
 * @param within what happened within so many minutes up to now
 */
export function burning(
  share: number,
  windowDays: number,
  within: (minutes: number) => Counts,
): ReadonlySet<Severity> {
  const due = new Set<Severity>();
  for (const window of BURN_WINDOWS) {
    // A window as long as the objective's own says no more than its budget.
    if (window.longMinutes > windowDays * DAY_MINUTES) continue;
    const threshold = thresholdOf(window, share, windowDays);
    const [long, short] = [within(window.longMinutes), within(window.shortMinutes)];
    const isBurning = (counts: Counts) => (burnRate(counts, share) ?? 0) > threshold;
    if (long.bad >= FEWEST_BAD && isBurning(long) && isBurning(short)) due.add(window.severity);
  }
  return due;
}

/** What is left of the budget, 1 (all) to 0 and below (more is gone than there was). Null: nothing happened. */
export function budgetLeft(counts: Counts, share: number): number | null {
  return counts.total === 0 ? null : 1 - counts.bad / (counts.total * (1 - share));
}
