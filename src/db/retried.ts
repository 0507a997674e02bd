import { type DatabaseMeaning, isPassing, judgeDatabaseError } from './meaning.ts';

const ATTEMPTS = 5;
/** Milliseconds before the second attempt; more before each further one. */
const PAUSE_MS = 50;

/** Tries again what met another transaction, or a database that could not answer. @throws what the last attempt threw */
export function retried<T>(work: () => Promise<T>): Promise<T> {
  return retriedAfter(isPassing, work);
}

/** Tries again only what met another transaction, and so did not happen. @throws what the last attempt threw */
export function retriedIfMet<T>(work: () => Promise<T>): Promise<T> {
  return retriedAfter((meaning) => meaning === 'retry', work);
}

async function retriedAfter<T>(
  isWorthIt: (meaning: DatabaseMeaning) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isWorthIt(judgeDatabaseError(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }
}
