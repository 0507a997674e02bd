import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { schedulesByName } from '../schedules/reads.ts';
import type { ScheduleRow } from '../schedules/tables.ts';
import { LEARN } from './jobs.ts';
import { type Waiting, waitingOf } from './queue.ts';
import { latestRun } from './reads.ts';
import type { LearningRunRow } from './tables.ts';

export interface LearningStatusServices {
  readonly db: Database;
  readonly schedules: { nextSlot(row: ScheduleRow): Date | null };
}

/** How far learning from the turns of a user, or of all of a tenant, is. */
export interface LearningStatus {
  readonly waiting: Waiting;
  /** Null: nothing was learned from their turns yet. */
  readonly lastRun: LearningRunRow | null;
  /** Null: none is planned. */
  readonly nextRunAt: Date | null;
}

export async function learningStatus(
  { db, schedules }: LearningStatusServices,
  scope: Scope,
): Promise<LearningStatus> {
  const [waiting, lastRun, [schedule]] = await Promise.all([
    waitingOf(db, scope),
    latestRun(db, scope),
    schedulesByName(db, [LEARN]),
  ]);
  return { waiting, lastRun, nextRunAt: schedule ? schedules.nextSlot(schedule) : null };
}
