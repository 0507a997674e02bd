import { z } from 'zod';
import { wholeNumber } from './values.ts';

/** What is promised of most events, and how many of them may fail it. */
export interface ObjectiveTarget {
  /** Share of the events that keep it, 0 to 1. */
  readonly share: number;
  /** What an event may take, in seconds; null: an event keeps it or does not. */
  readonly limitSeconds: number | null;
}

/** Percent of events, and where they take something, within how many seconds; null: it is off. */
const targetOf = (hasLimit: boolean) =>
  z.string().transform((text, context): ObjectiveTarget | null => {
    if (text.toLowerCase() === 'off') return null;
    const [, percent, seconds] = /^(\d{1,2}(?:\.\d{1,4})?)(?:\/(\d{1,7}(?:\.\d{1,3})?))?$/.exec(text) ?? [];
    const isWhole = hasLimit ? Number(seconds) > 0 : seconds === undefined;
    if (percent !== undefined && Number(percent) >= 50 && isWhole)
      return {
        share: Number((Number(percent) / 100).toFixed(6)),
        limitSeconds: hasLimit ? Number(seconds) : null,
      };
    const form = hasLimit ? 'PERCENT/SECONDS, such as 99/0.5' : 'a percentage, such as 99.9';
    context.addIssue({
      code: 'custom',
      message: `must be ${form} (at least 50, less than 100), or off, not "${text}"`,
    });
    return z.NEVER;
  });

/** Objectives of the server. */
export const settings = {
  SLO_WINDOW_DAYS: wholeNumber(1, 90).prefault('30'),
  SLO_AVAILABILITY: targetOf(false).prefault('99.9'),
  SLO_ACKNOWLEDGEMENT: targetOf(true).prefault('99/1'),
  SLO_SEARCH: targetOf(true).prefault('99/0.5'),
  SLO_VECTOR_LAG: targetOf(true).prefault('99/60'),
  SLO_LEARNING_LAG: targetOf(true).prefault('99/10800'),
  SLO_TASK_WAIT: targetOf(true).prefault('99/300'),
  SLO_BACKUP_AGE: targetOf(true).prefault('99/180000'),
};
const Values = z.object(settings);

export function objectivesOf(values: z.output<typeof Values>) {
  return {
    objectives: {
      windowDays: values.SLO_WINDOW_DAYS,
      targets: {
        availability: values.SLO_AVAILABILITY,
        acknowledgement: values.SLO_ACKNOWLEDGEMENT,
        search: values.SLO_SEARCH,
        vector_lag: values.SLO_VECTOR_LAG,
        learning_lag: values.SLO_LEARNING_LAG,
        task_wait: values.SLO_TASK_WAIT,
        backup_age: values.SLO_BACKUP_AGE,
      },
    },
  } as const;
}
