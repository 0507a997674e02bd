import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { oldestWithoutVector } from './coverage.ts';

/** How long the oldest turn without a vector has waited, as far as it is known. */
export interface Lag {
  /** Null: the database did not say, or not in time. */
  readonly seconds: number | null;
  /** For how long nobody has known it although the database is there; 0 while it is away. */
  readonly unknownSeconds: number;
}

export interface LagReading {
  read(): Promise<Lag>;
}

/** @param clock milliseconds of a clock that nobody sets */
export function createLagReading(
  {
    db,
    availability,
  }: { readonly db: Database; readonly availability: Pick<Availability, 'tolerate' | 'isUp'> },
  clock: () => number = () => performance.now(),
): LagReading {
  let unknownSince: number | null = null;
  return {
    read: async () => {
      const began = clock();
      const seconds = await availability.tolerate(() => oldestWithoutVector(db), null);
      const isUnknown = seconds === null && availability.isUp;
      unknownSince = isUnknown ? (unknownSince ?? began) : null;
      return { seconds, unknownSeconds: unknownSince === null ? 0 : (clock() - unknownSince) / 1_000 };
    },
  };
}
