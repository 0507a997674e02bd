import { z } from 'zod';
import { wholeNumber } from './values.ts';

/** Work that is done in the background. */
export const settings = {
  TASK_WORKERS: wholeNumber(0, 64).prefault('4'),
};
const Values = z.object(settings);

export function tasksOf(values: z.output<typeof Values>) {
  return { taskWorkers: values.TASK_WORKERS } as const;
}
