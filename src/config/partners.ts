import { z } from 'zod';
import { oneOf, wholeNumber } from './values.ts';

/** Which referral counts, and what becomes of reports of what partners get. */
export const settings = {
  REFERRAL_RULE: oneOf('first', 'last').prefault('last'),
  REFERRAL_WINDOW_DAYS: wholeNumber(1, 365).prefault('30'),
  PAYOUT_HOLD_DAYS: wholeNumber(0, 365).prefault('14'),
  PAYOUT_APPROVAL_ABOVE: wholeNumber(0, 1_000_000).prefault('1000'),
};
const Values = z.object(settings);

export function partnersOf(values: z.output<typeof Values>) {
  return {
    referrals: {
      rule: values.REFERRAL_RULE.toUpperCase() as Uppercase<typeof values.REFERRAL_RULE>,
      windowDays: values.REFERRAL_WINDOW_DAYS,
    },
    payouts: {
      /** Days after which what was paid counts. */
      holdDays: values.PAYOUT_HOLD_DAYS,
      /** Whole units of a currency above which two admins are needed. */
      approvalAbove: values.PAYOUT_APPROVAL_ABOVE,
    },
  } as const;
}
