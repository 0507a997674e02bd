import { z } from 'zod';
import { wholeNumber } from './values.ts';

/** How long things are kept. */
export const settings = {
  ARCHIVE_AFTER_MONTHS: wholeNumber(1, 1_200).optional(),
  EVENTS_RETENTION_DAYS: wholeNumber(1, 36_500).prefault('30'),
  TASKS_RETENTION_DAYS: wholeNumber(1, 36_500).prefault('90'),
  CLEANUP_DAYS_OLD: wholeNumber(1, 36_500).prefault('30'),
};
const Values = z.object(settings);

/** After how many months turns are archived where nobody says. */
const USUAL_MONTHS = 6;

export function retentionOf(values: z.output<typeof Values>) {
  return {
    archive: {
      afterMonths: values.ARCHIVE_AFTER_MONTHS ?? USUAL_MONTHS,
      /** Only an operator who says after how many months takes turns out of lists and searches: nobody else does. */
      nightly: values.ARCHIVE_AFTER_MONTHS !== undefined,
    },
    eventsRetentionDays: values.EVENTS_RETENTION_DAYS,
    tasksRetentionDays: values.TASKS_RETENTION_DAYS,
    cleanupDaysOld: values.CLEANUP_DAYS_OLD,
  } as const;
}
