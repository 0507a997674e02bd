import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import {
  type ArchiveRun,
  type ArchiveScope,
  archiveBatch,
  conversationsOfRun,
  countArchived,
  DueTurns,
  planArchive,
  restoreBatch,
} from '../interactions/archived.ts';

export interface ArchiveServices {
  readonly db: Database;
  readonly config: { readonly archive: { readonly afterMonths: number } };
}

export const MAX_MONTHS = 1_200;
const monthsError = { error: `must be from 1 to ${MAX_MONTHS}` };
export const Months = z
  .int({ error: `must be a whole number from 1 to ${MAX_MONTHS}` })
  .min(1, monthsError)
  .max(MAX_MONTHS, monthsError);

/** Looks at turns whose conversations somebody else was changing, and the milliseconds between them. */
const PASSES = 5;
const PAUSE_MS = 1_000;

export interface Archived {
  readonly dryRun: boolean;
  /** Turns that were said, stored and last restored before this. */
  readonly before: string;
  readonly turns: number;
  readonly conversations: number;
  /** Turns that are due, but whose conversations others were changing all the time: the next run takes them. */
  readonly left: number;
}

/**
 * Puts turns older than some months into the archive, some in each transaction. Each transaction is a step of the task, so
 * an attempt that takes over goes on behind the last one.
 *
 * @throws the reason of the task's signal
 */
export async function archiveTurns(
  { db, config }: ArchiveServices,
  { tenantId, userId }: ArchiveScope,
  {
    olderThanMonths = config.archive.afterMonths,
    dryRun,
  }: { olderThanMonths?: number | undefined; dryRun: boolean },
  task: RunningTask,
): Promise<Archived> {
  const scope = { tenantId, userId };
  const run = await task.once('plan', (client) => planArchive(client, scope, olderThanMonths));
  const { before, turns, conversations } = run;
  if (dryRun) return { dryRun, before, turns, conversations, left: 0 };
  const moved = await moveAll(scope, run, task);
  return { dryRun, before, ...moved, conversations: await conversationsOfRun(db.pool, scope, run) };
}

async function moveAll(scope: ArchiveScope, run: ArchiveRun, task: RunningTask) {
  let turns = 0;
  for (let pass = 1; ; pass++) {
    let left = 0;
    const due = new DueTurns(scope, run);
    for (let next: number | null = 0, batch = 1; next !== null; batch++) {
      task.signal.throwIfAborted();
      const after: number = next;
      const done = await task.once(`pass ${pass}, batch ${batch}`, async (client) =>
        archiveBatch(client, run, await due.next(client, after)),
      );
      turns += done.turns;
      left += done.passedOver;
      next = done.next;
      task.progress(turns, run.turns);
    }
    if (left === 0 || pass === PASSES) return { turns, left };
    await setTimeout(PAUSE_MS, undefined, { signal: task.signal });
  }
}

/** Brings all turns of a conversation of the task's owner back from the archive; the next archiving does not take them again. */
export async function restoreTurns(
  conversationId: string,
  task: RunningTask,
): Promise<{ conversationId: string; turns: number }> {
  const { tenantId, userId } = task.owner;
  if (userId === null) throw new NotFound('payload.conversationId', 'the server has no conversations');
  const owner = { tenantId, userId };
  const total = await task.once('count', (client) => countArchived(client, owner, conversationId));
  let turns = 0;
  for (let batch = 1; ; batch++) {
    task.signal.throwIfAborted();
    const back = await task.once(`batch ${batch}`, (client) => restoreBatch(client, owner, conversationId));
    if (back === 0) return { conversationId, turns };
    turns += back;
    task.progress(turns, total);
  }
}
