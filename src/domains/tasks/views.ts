import type { Principal } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { onceAvailable } from '../interactions/views.ts';
import { taskStats, tasksByTaskId } from './reads.ts';
import type { TaskRunner } from './runner.ts';
import { parseTaskId, taskScopeOf } from './scope.ts';
import type { TaskRow } from './tables.ts';

export { TASK_STATUSES, type TaskRow } from './tables.ts';

/** A task that an event told of, as soon as the database answers. @returns null: there is none for this caller */
export function taskOnceAvailable(
  services: { readonly availability: Availability },
  load: () => Promise<TaskRow | null>,
  signal: AbortSignal,
): Promise<TaskRow | null> {
  return onceAvailable(services, load, signal);
}

/** One task that the caller may see. @throws InvalidInput, NotFound */
export async function findTask(
  { db }: { readonly db: Database },
  principal: Principal,
  taskId: string,
): Promise<TaskRow> {
  const id = parseTaskId(taskId);
  const [task] = await tasksByTaskId(db, taskScopeOf(principal), [id]);
  if (!task) throw new NotFound('taskId', 'there is no such task');
  return task;
}

/** Figures of the tasks that the caller may see, and what this server does of them. */
export async function queueFigures(
  { db, tasks }: { readonly db: Database; readonly tasks: Pick<TaskRunner, 'state'> },
  principal: Principal,
) {
  return { stats: await taskStats(db, taskScopeOf(principal)), ...tasks.state };
}
