/** What one request may hold, so that it takes about as long as wanted; by the characters of the turns themselves. */
export interface EmbeddingPace {
  /** Characters that the model embeds in so many milliseconds. */
  charactersIn(ms: number): number;
  /** A request with so many characters took so long. */
  observe(characters: number, tookMs: number): void;
  /** A request with so many characters had no answer for so long, and is not waited for any more. */
  gaveUp(characters: number, waitedMs: number): void;
}

/** Of the first request, when nothing is known of the model; any takes that, with the turns before, within some seconds. */
const FIRST_CHARACTERS = 1_000;
/** How much the latest request counts. */
const WEIGHT = 0.3;

/**
 * Learns the speed of a model from the requests that it answered, and from those that it did not answer in time: servers
 * go on with these, so that more of the same size would keep one for ever from whatever else it is asked.
 */
export function createEmbeddingPace(): EmbeddingPace {
  let perMs: number | null = null;
  return {
    charactersIn: (ms) => (perMs === null ? FIRST_CHARACTERS : perMs * ms),
    observe: (characters, tookMs) => {
      const speed = characters / Math.max(tookMs, 1);
      perMs = perMs === null ? speed : perMs * (1 - WEIGHT) + speed * WEIGHT;
    },
    gaveUp: (characters, waitedMs) => {
      perMs = Math.min(perMs ?? Number.POSITIVE_INFINITY, characters / Math.max(waitedMs, 1));
    },
  };
}
