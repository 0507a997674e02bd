import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { conversationByName } from '../conversations/reads.ts';
import { isAdmin } from '../tasks/scope.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { makeTask, type TaskServices } from '../tasks/tasks.ts';
import { Months } from './archive.ts';
import { archiveInteractions, archiveTenant, restoreArchived } from './jobs.ts';

type Services = Pick<TaskServices, 'events' | 'tasks'> & { readonly db: Database };

/**
 * Makes the task that archives turns: those of the user who is named; else, for an admin, those of all users of the tenant;
 * else the caller's own.
 *
 * @throws InvalidInput, Forbidden (to act for another)
 */
export async function requestArchive(
  services: Services,
  principal: Principal,
  given: { olderThanMonths: number; dryRun: boolean; userId?: string | null | undefined },
): Promise<TaskRow> {
  const olderThanMonths = input.parseInput(Months, given.olderThanMonths, 'olderThanMonths');
  const owner = ownerFor(principal, given.userId);
  const ofTenant = given.userId == null && isAdmin(principal);
  const job = ofTenant ? archiveTenant : archiveInteractions;
  return makeTask(services, job, {
    ...{ type: job.name, owner, createdBy: principal.userId },
    payload: { olderThanMonths, dryRun: given.dryRun },
  });
}

/**
 * Makes the task that brings a conversation back from the archive.
 *
 * @throws InvalidInput, NotFound, Forbidden (to act for another)
 */
export async function requestRestore(
  services: Services,
  principal: Principal,
  given: { conversationId: string; userId?: string | null | undefined },
): Promise<TaskRow> {
  const conversationId = input.parseInput(input.conversationId, given.conversationId, 'conversationId');
  const owner = ownerFor(principal, given.userId);
  if (!(await conversationByName(services.db, owner, conversationId)))
    throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
  return makeTask(services, restoreArchived, {
    ...{ type: restoreArchived.name, owner, createdBy: principal.userId },
    payload: { conversationId },
  });
}
