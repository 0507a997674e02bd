import { isPassing, judgeDatabaseError } from './meaning.ts';

const ATTEMPTS = 5;
/** Milliseconds before the second attempt; more before each further one. */
const PAUSE_MS = 50;

/** Tries again what met another transaction. @throws what the last attempt threw */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(judgeDatabaseError(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }
}
