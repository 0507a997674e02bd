/** Whether something that is asked now and then answers. */
export interface Reachability {
  /**
   * What is known, from an answer that is at most so old; asks where it is older, and waits for that, but never long.
   *
   * @param freshMs how old an answer may be
   */
  look(freshMs: number): Promise<Reached>;
}

export interface Reached {
  /** Null: nobody knows yet. */
  readonly isUp: boolean | null;
  /** Why not, or what is still waited for. */
  readonly reason: string | null;
}

/** Nobody waits longer for an answer; what takes longer is told as it is. */
const WAIT_MS = 1_000;

/** @param ask rejects, within a bound of its own, where there is no answer */
export function createReachability(ask: () => Promise<unknown>): Reachability {
  let known: Reached = { isUp: null, reason: 'has not answered yet' };
  let knownAt = Number.NEGATIVE_INFINITY;
  let asking: { done: Promise<void>; since: number } | null = null;
  const start = () => {
    const done = ask()
      .then(
        () => {
          known = { isUp: true, reason: null };
        },
        (error: Error) => {
          known = { isUp: false, reason: error.message };
        },
      )
      .finally(() => {
        knownAt = performance.now();
        asking = null;
      });
    return { done, since: performance.now() };
  };
  return {
    look: async (freshMs) => {
      if (performance.now() - knownAt < freshMs) return known;
      asking ??= start();
      const { done, since } = asking;
      const leftMs = Math.max(0, since + WAIT_MS - performance.now());
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, leftMs);
      });
      await Promise.race([done, late]);
      clearTimeout(timer);
      if (asking === null || known.isUp !== true) return known;
      return { isUp: false, reason: `has not answered for ${Math.round(performance.now() - since)} ms` };
    },
  };
}
