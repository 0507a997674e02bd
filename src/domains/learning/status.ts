import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { schedulesByName } from '../schedules/reads.ts';
import type { ScheduleRow } from '../schedules/tables.ts';
import { LEARN } from './jobs.ts';
import { type Waiting, waitingOf } from './queue.ts';
import { latestRun, type RunTotals, runPage, totalsOfRuns } from './reads.ts';
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

/** What all runs over the turns of a user, or of all of a tenant, did together. */
export function learningTotals({ db }: { readonly db: Database }, scope: Scope): Promise<RunTotals> {
  return totalsOfRuns(db, scope);
}

/** The latest runs over them, the latest first. */
export function latestRuns(
  { db }: { readonly db: Database },
  scope: Scope,
  limit: number,
): Promise<LearningRunRow[]> {
  return runPage(db, scope, { after: null, before: null, limit, inverted: false });
}
