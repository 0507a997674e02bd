import { z } from 'zod';
import { oneOf, wholeNumber } from './values.ts';

/** What the compliance report goes by. */
export const settings = {
  COMPLIANCE_REGION: oneOf('eu', 'uk', 'california', 'canada', 'brazil').prefault('eu'),
  ACCESS_REVIEW_DAYS: wholeNumber(1, 3_650).prefault('90'),
  UNUSED_KEY_DAYS: wholeNumber(1, 3_650).prefault('90'),
};
const Values = z.object(settings);

type Region = Uppercase<z.output<typeof Values>['COMPLIANCE_REGION']>;

export function complianceOf(values: z.output<typeof Values>) {
  return {
    complianceReport: {
      /** By whose law requests are to be answered that do not say. */
      region: values.COMPLIANCE_REGION.toUpperCase() as Region,
      /** Days after which somebody is to look at a key again. */
      reviewDays: values.ACCESS_REVIEW_DAYS,
      /** Days after which a key counts as one that nobody uses. */
      unusedDays: values.UNUSED_KEY_DAYS,
    },
  } as const;
}
