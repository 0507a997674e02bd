import type { Principal } from '../../access/principals.ts';
import type { Page } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { makeTask, type TaskServices } from '../tasks/tasks.ts';
import type { BackupDesk } from './desk.ts';
import { BACKUP_ID, type Label, Note } from './format.ts';
import { backup, verifyBackups } from './jobs.ts';

type Services = Pick<TaskServices, 'db' | 'events' | 'tasks'> & { readonly backups: BackupDesk };

/** Makes the task that makes a backup. @throws InvalidInput, Forbidden */
export async function requestBackup(
  services: Services,
  principal: Principal,
  given: { readonly note?: string | null | undefined },
): Promise<TaskRow> {
  requireOperator(principal);
  const note = given.note == null ? null : input.parseInput(Note, given.note, 'note');
  return makeTask(services, backup, { ...whose(principal, backup.name), payload: { note, verify: true } });
}

/** Makes the task that verifies a backup. @throws InvalidInput, NotFound, BackupPlaceUnusable, Forbidden */
export async function requestVerification(
  services: Services,
  principal: Principal,
  backupId: string,
): Promise<TaskRow> {
  requireOperator(principal);
  if (!BACKUP_ID.test(backupId))
    throw new InvalidInput('backupId', 'must be the id of a backup, such as 20261129T022000Z-0a1b2c3d');
  await services.backups.catalog.find(backupId);
  return makeTask(services, verifyBackups, {
    ...whose(principal, verifyBackups.name),
    payload: { backupId },
  });
}

/** Backups in their order, newest first. @throws BackupPlaceUnusable, Forbidden */
export async function backupPage(
  { backups }: Services,
  principal: Principal,
  { after, before, limit, inverted }: Page<string>,
): Promise<Label[]> {
  requireOperator(principal);
  const labels = (await backups.catalog.all()).filter(
    ({ backupId }) => (after === null || backupId < after) && (before === null || backupId > before),
  );
  return (inverted ? labels.reverse() : labels).slice(0, limit);
}

function whose({ tenantId, userId }: Principal, type: string) {
  return { type, owner: { tenantId, userId }, createdBy: userId };
}
