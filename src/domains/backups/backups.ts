import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import type { ActivityNotes } from '../../ground/activity.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Logger } from '../../log.ts';
import type { BackupDesk } from './desk.ts';
import { type BackupKeys, encryptionOf } from './encryption.ts';
import { BackupDamaged } from './errors.ts';
import { backupIdOf, type Header, type Label, SUFFIX } from './format.ts';
import { type KeepRule, outdated } from './keeping.ts';
import { type Verified, verifyRestored } from './verifying.ts';
import { writeBackup } from './writing.ts';

export interface BackupServices {
  readonly db: Database;
  readonly journal: Journal;
  readonly log: Logger;
  readonly activity: ActivityNotes;
  readonly config: {
    readonly dataDirectory: string;
    readonly audit: { readonly retentionDays: number };
    readonly backups: BackupSettings;
  };
  readonly backups: BackupDesk;
}

export interface BackupSettings {
  readonly keep: KeepRule;
  readonly wordIndex: Header['wordIndex'];
  readonly media: 'included' | 'left';
  readonly keys: BackupKeys;
}

/** What a task that makes a backup comes to. */
export interface Backed extends Omit<Label, 'verification'> {
  readonly removed: readonly string[];
  readonly verification: Label['verification'] | null;
}

/**
 * Makes a backup, verifies it by restoring it, and removes those that the rule no longer keeps. An attempt that comes after
 * one that was cut off goes on with the same backup.
 *
 * @throws BackupPlaceUnusable, the reason of the task's signal, or what the database says
 */
export async function makeBackup(
  services: BackupServices,
  { note, verify }: { readonly note: string | null; readonly verify: boolean },
  task: RunningTask,
): Promise<Backed> {
  const { backups: desk, log } = services;
  // Behind a night whose backup could not be verified, nothing was removed. Not to be able to is no reason to make none.
  const before = await removeOutdated(services).catch((error: unknown) => {
    log.warn({ err: error }, 'backups that are no longer kept cannot be removed');
    return [];
  });
  const backupId = await task.once('backup id', async () => backupIdOf(new Date(), task.taskId));
  const known = await desk.catalog.find(backupId).catch((error: unknown) => {
    if (error instanceof NotFound) return null;
    throw error;
  });
  const label = known ?? (await write(services, backupId, note, task));
  const verified = verify ? await verifyBackup(services, backupId, task) : null;
  const removed = [...before, ...(await removeOutdated(services))];
  return { ...label, verification: verified?.verification ?? null, removed };
}

async function write(
  { db, journal, activity, config, backups: desk }: BackupServices,
  backupId: string,
  note: string | null,
  task: RunningTask,
): Promise<Label> {
  const { keys, wordIndex, media } = config.backups;
  const written = await writeBackup(
    { db, journal, dataDirectory: config.dataDirectory },
    {
      ...{ backupId, keys, wordIndex, media, signal: task.signal },
      progress: (done, total, name) => task.progress(done, total, `reading ${name}`),
      sink: (file) => desk.catalog.place.put(backupId + SUFFIX, file, task.signal),
    },
  );
  const { point, ...rest } = written;
  const label: Label = {
    ...{ backupId, createdAt: point, note, encryption: encryptionOf(keys), verification: null },
    ...rest,
  };
  await desk.catalog.label(label);
  desk.changed();
  const message = 'a backup was made';
  activity.note({ kind: 'backup_made', subject: backupId, message, level: 'INFO', owner: task.owner });
  return label;
}

/**
 * Restores a backup into a database of its own and notes on its label what came of it.
 *
 * @throws NotFound, BackupRefused (its key is not here), BackupPlaceUnusable, or the reason of the task's signal; that it is
 *   damaged is a result
 */
export async function verifyBackup(
  services: BackupServices,
  backupId: string,
  task: Pick<RunningTask, 'signal' | 'progress' | 'owner'>,
): Promise<{
  readonly verification: NonNullable<Label['verification']>;
  readonly verified: Verified | null;
}> {
  const { db, log, activity, config, backups: desk } = services;
  const label = await desk.catalog.find(backupId);
  const started = performance.now();
  let [problem, verified]: [string | null, Verified | null] = [null, null];
  try {
    verified = await verifyRestored(
      { db, log, dataDirectory: config.dataDirectory },
      () => desk.catalog.open(backupId),
      {
        ...{ keys: config.backups.keys, signal: task.signal, bytes: label.bytes },
        auditRetentionDays: config.audit.retentionDays,
        progress: (done, total, note) => task.progress(done, total, note),
        sha256: label.sha256,
      },
    );
  } catch (error) {
    if (!(error instanceof BackupDamaged)) throw error;
    problem = error.message;
  }
  const seconds = Math.round(performance.now() - started) / 1_000;
  const verification = { at: new Date().toISOString(), problem, seconds };
  // What was noted meanwhile stays, and a backup that was removed meanwhile does not come back.
  await desk.catalog.label({ ...(await desk.catalog.find(backupId)), verification });
  desk.changed();
  const message = problem ? 'a backup cannot be restored' : 'a backup was restored to try it, and is whole';
  const level = problem ? 'ERROR' : 'INFO';
  activity.note({ kind: 'backup_verified', subject: backupId, message, level, owner: task.owner });
  return { verification, verified };
}

async function removeOutdated({ config, backups: desk, log }: BackupServices): Promise<string[]> {
  const labels = outdated(await desk.catalog.all(), config.backups.keep);
  for (const { backupId } of labels) {
    await desk.catalog.remove(backupId);
    log.info({ backupId }, 'a backup was removed, as BACKUP_KEEP says');
  }
  // Not every storage tells of uploads that were cut off; the backup is there all the same.
  await desk.catalog
    .tidy(desk.now())
    .catch((error: unknown) =>
      log.warn({ err: error }, 'what backups that were cut off left cannot be removed'),
    );
  desk.changed();
  return labels.map(({ backupId }) => backupId);
}
