/** What one request may hold, so that it takes about as long as wanted. */
export interface EmbeddingPace {
  /** Characters that the model embeds in so many milliseconds. */
  charactersIn(ms: number): number;
  /** A request with so many characters took so long. */
  observe(characters: number, tookMs: number): void;
}

/** Of the first request, when nothing is known of the model; any takes that within some seconds. */
const FIRST_CHARACTERS = 4_000;
/** How much the latest request counts. */
const WEIGHT = 0.3;

/** Learns the speed of a model from the requests that it answered. */
export function createEmbeddingPace(): EmbeddingPace {
  let perMs: number | null = null;
  return {
    charactersIn: (ms) => (perMs === null ? FIRST_CHARACTERS : perMs * ms),
    observe: (characters, tookMs) => {
      const speed = characters / Math.max(tookMs, 1);
      perMs = perMs === null ? speed : perMs * (1 - WEIGHT) + speed * WEIGHT;
    },
  };
}
