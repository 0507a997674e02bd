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
  /** Waits as long as the pressure asks for. */
  take(): Promise<void>;
  /** Ends the rest under way, for a worker that stops. */
  end(): void;
}

/** @param pressure absent: there is never a rest */
export function createRest(pressure: Pick<Pressure, 'pauseMs'> | undefined): Rest {
  const pause = createPause();
  return {
    end: pause.end,
    take: async () => {
      const ms = pressure?.pauseMs() ?? 0;
      if (ms > 0) await pause.wait(ms);
    },
  };
}
