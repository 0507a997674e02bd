import { setTimeout } from 'node:timers/promises';
import type { Availability } from './availability.ts';
import { isPassing, judgeDatabaseError } from './meaning.ts';

/** Milliseconds between attempts to read what an event told of. */
const RETRY_MS = 250;

/**
 * What a read finds, as soon as the database answers: a subscriber that would be refused instead would miss the event.
 *
 * @returns null if the signal came first
 */
export async function readOnceAvailable<T>(
  availability: Pick<Availability, 'suspect'>,
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await read();
    } catch (error) {
      if (!isPassing(judgeDatabaseError(error))) throw error;
      availability.suspect();
      await setTimeout(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
  return null;
}
