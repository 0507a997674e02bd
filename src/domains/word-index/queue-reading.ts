import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type QueueStanding, queueStanding } from './set-aside.ts';

/** How the queue of the index stands, as far as it is known. */
export interface QueueReading {
  /** Null: the database did not say, or not in time. */
  readonly standing: QueueStanding | null;
  /** For how long, in seconds, nobody has known it although the database is there; 0 while it is away. */
  readonly unknownSeconds: number;
}

export interface QueueReader {
  read(): Promise<QueueReading>;
}

/** @param clock milliseconds of a clock that nobody sets */
export function createQueueReader(
  {
    db,
    availability,
  }: { readonly db: Database; readonly availability: Pick<Availability, 'tolerate' | 'isUp'> },
  clock: () => number = () => performance.now(),
): QueueReader {
  let unknownSince: number | null = null;
  return {
    read: async () => {
      const began = clock();
      const standing = await availability.tolerate(() => queueStanding(db), null);
      const isUnknown = standing === null && availability.isUp;
      unknownSince = isUnknown ? (unknownSince ?? began) : null;
      return { standing, unknownSeconds: unknownSince === null ? 0 : (clock() - unknownSince) / 1_000 };
    },
  };
}
