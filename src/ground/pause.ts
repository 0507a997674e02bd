/** A wait that can be ended; one that is ended before it begins does not wait. */
export function createPause() {
  let ended = false;
  let finish: (() => void) | null = null;
  return {
    end: () => {
      ended = true;
      finish?.();
    },
    wait: async (ms: number) => {
      if (!ended) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          finish = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      ended = false;
      finish = null;
    },
  };
}
