import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { countOutdated, deleteOutdatedBatch, outdatings, type RetentionDays } from '../../db/retention.ts';
import { countOldEvents, pruneOldestEvents } from '../../events/pruned.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { type Archived, archiveTurns } from '../archive/archive.ts';
import { type DeadServices, pruneDeadEntries } from '../persistence/dead-entries.ts';

export interface RetentionServices {
  readonly db: Database;
  readonly duties: readonly Duty[];
  readonly config: {
    readonly archive: { readonly afterMonths: number; readonly nightly: boolean };
    readonly audit: { readonly retentionDays: number };
    readonly eventsRetentionDays: number;
    readonly tasksRetentionDays: number;
  };
  /** What goes of the log is sealed before: the seals stay, and say how many rows there were. */
  readonly audit: { flush(): Promise<void> };
  readonly journal: DeadServices['journal'];
}

/** What went, or would go. */
export interface Retained {
  readonly dryRun: boolean;
  readonly events: number;
  /** Rows by table; of a task with its attempts and steps. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of the journal of the server that ran the task: what was set apart there, and discarded long enough ago. */
  readonly deadEntries: number;
  /** Null: the operator has not set ARCHIVE_AFTER_MONTHS. */
  readonly archived: Archived | null;
}

const EVERYBODY = { tenantId: null, userId: null };
const DAY_MS = 86_400_000;

/**
 * Deletes what has been kept for long enough, and archives turns if the operator said after how many months. Each transaction
 * is a step of the task and takes some rows: an attempt that takes over goes on behind the last one, and the numbers stay right.
 *
 * @throws the reason of the task's signal
 */
export async function retain(
  services: RetentionServices,
  dryRun: boolean,
  task: RunningTask,
): Promise<Retained> {
  const { config } = services;
  const events = await pruneEvents(services, dryRun, task);
  const rows = await deleteRows(services, dryRun, task);
  const archived = config.archive.nightly
    ? await archiveTurns(services, EVERYBODY, { dryRun, olderThanMonths: config.archive.afterMonths }, task)
    : null;
  const deadEntries = await pruneJournal(services, dryRun, task);
  return { dryRun, events, rows, deadEntries, archived };
}

async function pruneEvents(
  { db, config }: RetentionServices,
  dryRun: boolean,
  task: RunningTask,
): Promise<number> {
  const days = config.eventsRetentionDays * DAY_MS;
  // The same for all attempts.
  const before = new Date(await task.once('events before', async () => Date.now() - days));
  if (dryRun) return countOldEvents(db, before);
  return inBatches(task, 'events', async (client) => {
    const rows = await pruneOldestEvents(client, before);
    return { rows, isLast: rows === 0 };
  });
}

async function deleteRows(
  { db, config, duties, audit }: RetentionServices,
  dryRun: boolean,
  task: RunningTask,
): Promise<Record<string, number>> {
  const days: RetentionDays = {
    AUDIT_RETENTION_DAYS: config.audit.retentionDays,
    TASKS_RETENTION_DAYS: config.tasksRetentionDays,
  };
  await audit.flush();
  const rows: Record<string, number> = {};
  for (const outdating of outdatings(duties, days))
    rows[outdating.table] = dryRun
      ? await countOutdated(db.pool, outdating)
      : await inBatches(task, outdating.table, (client) => deleteOutdatedBatch(client, outdating));
  return rows;
}

async function pruneJournal(
  services: RetentionServices,
  dryRun: boolean,
  task: RunningTask,
): Promise<number> {
  if (dryRun) return (await pruneDeadEntries(services, dryRun)).rows;
  return inBatches(task, 'dead journal entries', () => pruneDeadEntries(services, dryRun));
}

type Batch = (
  client: Parameters<Parameters<RunningTask['once']>[1]>[0],
) => Promise<{ rows: number; isLast: boolean }>;

/** Does the same until there is nothing left, each time as a step of the task. @returns how many rows it was */
async function inBatches(task: RunningTask, name: string, batch: Batch): Promise<number> {
  let total = 0;
  for (let number = 1; ; number++) {
    task.signal.throwIfAborted();
    const { rows, isLast } = await task.once(`${name} ${number}`, batch);
    total += rows;
    if (rows > 0) task.progress(total, null, name);
    if (isLast) return total;
  }
}
