import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { deleteOutdated, type RetentionDays } from '../../db/retention.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';

const DAY_MS = 86_400_000;
/** After a round that failed, or that found no database. */
const RETRY_MS = 60_000;

interface RetentionParts {
  readonly db: Pick<Database, 'pool'>;
  readonly availability: Pick<Availability, 'isUp'>;
  readonly keepers: Pick<Keepers, 'create'>;
  readonly duties: readonly Duty[];
  readonly days: RetentionDays;
  /** What goes of the log is sealed before: the seals stay, and say how many rows there were. */
  readonly audit: { flush(): Promise<void> };
}

/** Deletes rows of all tables that are beyond their retention, once a day. A round that did not get to its end comes again soon. */
export function createRetention(parts: RetentionParts): Keeper {
  const { db, availability, keepers, duties, days, audit } = parts;
  let isDone = false;
  const round = async () => {
    isDone = false;
    if (!availability.isUp) return;
    await audit.flush();
    await deleteOutdated(db.pool, duties, days);
    isDone = true;
  };
  const everyMs = () => (isDone ? DAY_MS : RETRY_MS);
  return keepers.create({ name: 'retention', everyMs, retryMs: RETRY_MS, round });
}
