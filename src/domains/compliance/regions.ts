import type { Region } from './tables.ts';

/** Source of each time: docs/compliance.md. None is extended here, though most laws allow it once, if the person is told. */
export const DEADLINES: Readonly<
  Record<Region, { readonly months: number; readonly days: number; readonly law: string }>
> = {
  EU: { months: 1, days: 0, law: 'GDPR, article 12 (3): one month' },
  UK: { months: 1, days: 0, law: 'UK GDPR, article 12 (3): one month' },
  CALIFORNIA: { months: 0, days: 45, law: 'CCPA, section 1798.130 (a)(2): 45 days' },
  CANADA: { months: 0, days: 30, law: 'PIPEDA, section 8 (3): 30 days' },
  BRAZIL: { months: 0, days: 15, law: 'LGPD, article 19 (II): 15 days' },
};

const DAY_MS = 86_400_000;

/**
 * Until when a request is to be answered. A month ends on the day of the same number, or on the last one where there is none
 * (as Regulation 1182/71 counts); that an end on a day off would move it is not used.
 */
export function dueAt(region: Region, askedAt: Date): Date {
  const { months, days } = DEADLINES[region];
  const [year, month] = [askedAt.getUTCFullYear(), askedAt.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const due = new Date(askedAt);
  due.setUTCMonth(month, Math.min(askedAt.getUTCDate(), lastDay));
  return new Date(due.getTime() + days * DAY_MS);
}
