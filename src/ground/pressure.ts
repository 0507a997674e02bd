import { createPause } from './pause.ts';

/** How little the server has to spare, from the least pressure to the most. */
export const PRESSURE_LEVELS = ['LOW', 'ELEVATED', 'HIGH'] as const;
export type PressureLevel = (typeof PRESSURE_LEVELS)[number];

/** What background work asks before it goes on. Requests never do. */
export interface Pressure {
  level(): PressureLevel;
  /** Milliseconds to rest between two pieces of work; 0 under none. */
  pauseMs(): number;
  /** How many of so many workers may work now; at least one. */
  workers(most: number): number;
}

/** Rests of one worker. */
export interface Rest {
  /** Waits as long as the pressure asks for, where a piece of work is done. */
  take(): Promise<void>;
  /** Ends the rest under way, for a worker that stops. */
  end(): void;
}

/**
 * @param pressure absent: there is never a rest
 * @param pieceMs work that takes less is no piece, and earns no rest: a worker of many small things would do nothing but
 *   rest; 0: whatever is done between two calls is one
 */
export function createRest(pressure: Pick<Pressure, 'pauseMs'> | undefined, pieceMs = 0): Rest {
  const pause = createPause();
  let beganAt = Number.NEGATIVE_INFINITY;
  return {
    end: pause.end,
    take: async () => {
      const ms = pressure?.pauseMs() ?? 0;
      if (ms === 0 || performance.now() - beganAt < pieceMs) return;
      await pause.wait(ms);
      beganAt = performance.now();
    },
  };
}
