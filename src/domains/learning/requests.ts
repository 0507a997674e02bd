import type { Principal } from '../../access/principals.ts';
import { unfinishedTasks } from '../tasks/reads.ts';
import { isAdmin, SERVER_OWNER } from '../tasks/scope.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { LEARN } from './jobs.ts';

/** What has made the server's task, of whichever tenant they are. */
const BY_ADMIN = 'runLearning';

/**
 * Makes the task that learns from the caller's turns, of an admin: from everybody's, as it happens every hour. While one waits that one is the answer; one that runs may be past what
 * was said since, so another one is made, which waits.
 */
export async function requestLearning(
  { db, events, tasks }: TaskServices,
  principal: Principal,
): Promise<TaskRow> {
  const job = tasks.jobs.get(LEARN);
  if (!job) throw new Error(`there is no job "${LEARN}"`);
  const { tenantId, userId } = principal;
  const owner = isAdmin(principal) ? SERVER_OWNER : { tenantId, userId };
  const row = await db.transaction(async (client) => {
    // Two requests at once make one task.
    await client.query({
      name: 'lock_requests_to_learn',
      text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [JSON.stringify(['requests to learn', owner.tenantId, owner.userId])],
    });
    const waiting = (await unfinishedTasks(client, owner, LEARN)).find(({ status }) => status === 'PENDING');
    // Admins of all tenants see who made a task of the server, and no erasure in one of them finds a name there.
    const createdBy = owner === SERVER_OWNER ? BY_ADMIN : userId;
    return waiting ?? enqueueTask(client, job, { type: LEARN, owner, createdBy, payload: {} });
  });
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}
