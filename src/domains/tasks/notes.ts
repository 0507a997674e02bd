import type { ActivityKind, ActivityLevel, ActivityNotes } from '../../ground/activity.ts';
import type { TaskRow } from './tables.ts';

/** What is told of a task: in our own words only, since its name and its errors may be a user's. */
function noteOf(
  activity: ActivityNotes,
  { tenantId, userId, taskId }: TaskRow,
  kind: ActivityKind,
  message: string,
  level: ActivityLevel = 'INFO',
): void {
  const owner = userId === null ? undefined : { tenantId, userId };
  activity.note({ kind, subject: taskId, message, level, owner });
}

export function noteStart(activity: ActivityNotes, row: TaskRow): void {
  noteOf(activity, row, 'job_started', `${row.taskType}: attempt ${row.attempt} began`);
}

/** How an attempt ended, by what became of its task. */
export function noteEnd(activity: ActivityNotes, row: TaskRow): void {
  const attempt = `${row.taskType}: attempt ${row.attempt}`;
  if (row.status === 'COMPLETED') noteOf(activity, row, 'job_finished', `${row.taskType}: done`);
  else if (row.status === 'CANCELLED') noteOf(activity, row, 'job_finished', `${row.taskType}: cancelled`);
  else if (row.status === 'FAILED')
    noteOf(activity, row, 'job_failed', `${attempt} failed, and it is given up`, 'ERROR');
  else noteOf(activity, row, 'job_failed', `${attempt} did not come to its end; another follows`, 'WARNING');
}

/** An attempt came to its end when its task was another's already. */
export function noteLost(activity: ActivityNotes, row: TaskRow): void {
  const message = `${row.taskType}: attempt ${row.attempt} had lost its task, and what it wrote late was refused`;
  noteOf(activity, row, 'job_refused', message, 'WARNING');
}

/** Fewer workers than there could be. */
export function noteSlowed(activity: ActivityNotes, workers: number): void {
  const message = `the server has little to spare: ${workers} tasks at once for now`;
  activity.note({ kind: 'job_slowed', subject: 'tasks', message, level: 'INFO' });
}
