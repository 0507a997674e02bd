import type { Label } from './format.ts';

/** How many of the newest backups stay, and of how many days, weeks, months and years the newest of each. */
export interface KeepRule {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

const PERIODS: Readonly<Record<Exclude<keyof KeepRule, 'last'>, (at: Date) => string>> = {
  daily: (at) => at.toISOString().slice(0, 10),
  weekly: (at) => weekOf(at),
  monthly: (at) => at.toISOString().slice(0, 7),
  yearly: (at) => at.toISOString().slice(0, 4),
};

/**
 * Which backups may go (grandfather, father, son): those that no part of the rule keeps. Periods are those of UTC that have
 * a backup; a damaged one is no backup of any. The newest that was verified stays, whatever the rule says.
 *
 * @param labels newest first
 */
export function outdated(labels: readonly Label[], rule: KeepRule): Label[] {
  const whole = labels.filter(({ verification }) => !verification?.problem);
  const kept = new Set(whole.slice(0, rule.last));
  for (const [name, periodOf] of Object.entries(PERIODS)) {
    const newest = new Map<string, Label>();
    for (const label of whole) {
      const period = periodOf(new Date(label.createdAt));
      if (!newest.has(period)) newest.set(period, label);
    }
    for (const label of [...newest.values()].slice(0, rule[name as keyof KeepRule])) kept.add(label);
  }
  const verified = whole.find(({ verification }) => verification !== null);
  if (verified) kept.add(verified);
  // What is damaged is for somebody to look at, until a newer one was verified.
  return labels.filter(
    (label) => !kept.has(label) && (!label.verification?.problem || isBehind(label, verified)),
  );
}

function isBehind(label: Label, verified: Label | undefined): boolean {
  return verified !== undefined && label.createdAt < verified.createdAt;
}

/** Year and number of the week, as ISO 8601 counts them. */
function weekOf(at: Date): string {
  const day = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
  const thursday = new Date(day);
  thursday.setUTCDate(day.getUTCDate() + 3 - ((day.getUTCDay() + 6) % 7));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return `${thursday.getUTCFullYear()}-${Math.floor((thursday.getTime() - first) / 604_800_000)}`;
}
