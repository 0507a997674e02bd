import { z } from 'zod';
import { oneOf, wholeNumber } from './values.ts';

/** Which referral counts. */
export const settings = {
  REFERRAL_RULE: oneOf('first', 'last').prefault('last'),
  REFERRAL_WINDOW_DAYS: wholeNumber(1, 365).prefault('30'),
};
const Values = z.object(settings);

export function partnersOf(values: z.output<typeof Values>) {
  return {
    referrals: {
      rule: values.REFERRAL_RULE.toUpperCase() as Uppercase<typeof values.REFERRAL_RULE>,
      windowDays: values.REFERRAL_WINDOW_DAYS,
    },
  } as const;
}
