/** What the activity stream tells of, and what each kind means, for people. */
export const ACTIVITY_KINDS = {
  job_started: 'background work on a task began',
  job_step: 'a task has come a step further',
  job_finished: 'a task is done',
  job_failed: 'an attempt at a task failed',
  job_refused: 'a task, or a late write of one, was refused',
  job_slowed: 'background work waits for others',
  slot_missed: 'no server was there when a schedule had to make a task',
  slot_skipped: 'a schedule made no task, since it was paused or an earlier one was unfinished',
  keeper_failed: 'something that goes round in the background fails',
  keeper_recovered: 'it succeeds again',
  database_away: 'the database does not answer',
  database_back: 'it answers again',
  pressure_changed: 'the server has more or less to spare than before',
  alert_raised: 'a danger to a promise began',
  alert_cleared: 'it is over',
  user_erased: 'everything of a user was erased',
  user_exported: 'a user’s export was read to its end',
  user_restored: 'lines of an export were put back',
  backup_made: 'a backup was made',
  backup_verified: 'a backup was restored to try it',
  repair_done: 'something of the machine was repaired',
  repair_failed: 'a repair failed, or nobody knows whether it was done',
  repair_refused: 'a repair was refused',
  left_out: 'more happened at once than is told line by line',
} as const;

export type ActivityKind = keyof typeof ACTIVITY_KINDS;
export type ActivityLevel = 'INFO' | 'WARNING' | 'ERROR';

/** Something that the server did or met. */
export interface ActivityNote {
  readonly kind: ActivityKind;
  /** What it is about: an id or a name of the server's own. Alike are notes of one kind, subject and owner. */
  readonly subject: string | null;
  /** For people, in the server's own words: never what a user, a model or an error of somebody else's said. */
  readonly message: string;
  readonly level: ActivityLevel;
  /** Whose work it is; user null: for those who see all of the tenant. Absent: the server's own, for admins. */
  readonly owner?: { readonly tenantId: string; readonly userId: string | null } | undefined;
}

/** Tells what the server is doing. */
export interface ActivityNotes {
  /** Never throws and never waits. Many alike become one line with a count, and floods are cut. */
  note(note: ActivityNote): void;
}
