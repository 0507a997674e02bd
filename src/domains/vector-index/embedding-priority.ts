import { setTimeout as delay } from 'node:timers/promises';

/** Lets searches go before the turns that wait for their vectors: small servers answer one request at a time. */
export interface EmbeddingPriority {
  /** Embeds a query. */
  asking<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when no query is being embedded, or after a while: queries without end must not keep turns waiting. */
  giveWay(): Promise<void>;
  /** Whether somebody has searched just now, and may again. */
  isBusy(): boolean;
}

const LONGEST_WAIT_MS = 2_000;
const LOOK_MS = 10;
const BUSY_MS = 10_000;

export function createEmbeddingPriority(): EmbeddingPriority {
  let asking = 0;
  let lastAsked = Number.NEGATIVE_INFINITY;
  return {
    asking: async (work) => {
      asking++;
      try {
        return await work();
      } finally {
        asking--;
        lastAsked = performance.now();
      }
    },
    giveWay: async () => {
      const end = performance.now() + LONGEST_WAIT_MS;
      while (asking > 0 && performance.now() < end) await delay(LOOK_MS);
    },
    isBusy: () => asking > 0 || performance.now() - lastAsked < BUSY_MS,
  };
}
