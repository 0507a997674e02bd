import { z } from 'zod';
import { pairOf } from './values.ts';

/** From when on background work makes room for everything else: the values for ELEVATED and HIGH. */
export const settings = {
  PRESSURE_EVENT_LOOP_MS: pairOf(1, 600_000, 'rising').prefault('200/1000'),
  PRESSURE_MEMORY_PERCENT: pairOf(1, 100, 'rising').prefault('85/95'),
  PRESSURE_DISK_FREE_MB: pairOf(0, 1_000_000_000, 'falling').prefault('2048/512'),
};
const Values = z.object(settings);

const MEBIBYTE = 1_048_576;

export function pressureOf(values: z.output<typeof Values>) {
  const { elevated, high } = values.PRESSURE_DISK_FREE_MB;
  return {
    pressure: {
      eventLoopMs: values.PRESSURE_EVENT_LOOP_MS,
      /** Of the heap's limit, and of the memory that the process may have. */
      memoryPercent: values.PRESSURE_MEMORY_PERCENT,
      diskFreeBytes: { elevated: elevated * MEBIBYTE, high: high * MEBIBYTE },
    },
  } as const;
}
