import type { Database } from '../../db/client.ts';
import { wordsOf } from '../../db/meaning.ts';
import type { ActivityLevel, ActivityNotes } from '../../ground/activity.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Logger } from '../../log.ts';
import { beginningOf } from '../../texts.ts';
import { RepairFailed, RepairRefused } from './errors.ts';
import { beginAction, earlierAction, endAction, noteAction, type Order } from './ledger.ts';
import type { Repair, Repaired } from './repair.ts';
import type { Figures, RepairRow } from './tables.ts';

export interface RepairParts {
  readonly db: Database;
  readonly log: Logger;
  readonly activity: ActivityNotes;
}

/** What a task of a repair comes to. */
export interface RepairResult {
  readonly actionId: string;
  readonly dryRun: boolean;
  readonly before: Figures | null;
  readonly after: Figures | null;
}

/**
 * One repair, or a dry run of it, as a task. That it begins is committed before it begins: an attempt that finds one which
 * an earlier attempt has begun does not begin another, but says what became of it, or that nobody knows.
 *
 * @throws RepairRefused, RepairFailed: neither is tried again
 */
export async function performRepair(
  parts: RepairParts,
  repair: Repair,
  { target, dryRun }: Pick<Order, 'target' | 'dryRun'>,
  task: RunningTask,
): Promise<RepairResult> {
  const order: Order = { type: repair.type, target, dryRun, task };
  const entry = repair.entryOf(target);
  const earlier = await earlierAction(parts.db, task);
  if (earlier) return goOn(parts, repair, entry, { order, task, earlier });
  try {
    if (entry === null)
      throw new RepairRefused('target: it is not on the list of the setting REPAIR of this server');
    const before = await repair.look(entry, task.signal);
    if (dryRun) return await tryOut(order, task, before);
    // Nothing may come between this commit and the repair.
    const actionId = await task.once('begin', (client) => beginAction(client, order, before));
    const repaired = await outcomeOf(repair.act(entry, before, task.signal));
    await endAction(parts.db, task.owner, actionId, repaired, task.signal);
    return told(parts, order, { actionId, before, ...repaired });
  } catch (error) {
    if (error instanceof RepairRefused) await noteRefusal(parts, order, entry !== null, error.message);
    throw error;
  }
}

async function tryOut(order: Order, task: RunningTask, before: Figures): Promise<RepairResult> {
  const seen = { outcome: 'SUCCEEDED', problem: null, before } as const;
  const actionId = await task.once('dry run', (client) => noteAction(client, order, seen));
  return { actionId, dryRun: true, before, after: null };
}

/** An attempt before this one has begun it. */
async function goOn(
  parts: RepairParts,
  repair: Repair,
  entry: unknown,
  { order, task, earlier }: { order: Order; task: RunningTask; earlier: RepairRow },
): Promise<RepairResult> {
  const { actionId, beforeMetrics: before } = earlier;
  if (earlier.outcome !== 'STARTED') {
    const repaired = {
      outcome: earlier.outcome as Repaired['outcome'],
      problem: earlier.problem,
      after: earlier.afterMetrics,
    };
    return told(parts, order, { actionId, before, ...repaired });
  }
  const after = entry === null ? null : await repair.look(entry, task.signal).catch(() => null);
  const problem = `the attempt that began it (number ${earlier.attempt}) did not come back: whether it was done is unknown, and it is not repeated; the figures say what is seen now`;
  const repaired: Repaired = { outcome: 'UNKNOWN', problem, after };
  await endAction(parts.db, task.owner, actionId, repaired, task.signal);
  return told(parts, order, { actionId, before, ...repaired });
}

/** A repair may end in the middle by an error of the system: what it has done by then is done. */
async function outcomeOf(repairing: Promise<Repaired>): Promise<Repaired> {
  try {
    return await repairing;
  } catch (error) {
    return { outcome: 'FAILED', problem: beginningOf(wordsOf(error), 1_000), after: null };
  }
}

/** @throws RepairFailed unless it succeeded */
function told(
  { activity }: RepairParts,
  order: Order,
  { actionId, before, outcome, problem, after }: Repaired & { actionId: string; before: Figures | null },
): RepairResult {
  const ends = { SUCCEEDED: 'done', FAILED: 'it failed', UNKNOWN: 'whether it was done is unknown' };
  const level = outcome === 'SUCCEEDED' ? 'INFO' : 'ERROR';
  if (!order.dryRun) tell(activity, order, actionId, `${order.target}: ${ends[outcome]}`, level);
  if (outcome !== 'SUCCEEDED') throw new RepairFailed(problem ?? ends[outcome]);
  return { actionId, dryRun: order.dryRun, before, after };
}

async function noteRefusal(
  parts: RepairParts,
  order: Order,
  isListed: boolean,
  problem: string,
): Promise<void> {
  const refused = { outcome: 'REFUSED', problem, before: null } as const;
  const actionId = await parts.db.transaction((client) => noteAction(client, order, refused));
  parts.log.warn({ actionId, repair: order.type, taskId: order.task.taskId }, 'a repair was refused');
  // What is not on the list is somebody's text.
  tell(
    parts.activity,
    order,
    actionId,
    `${isListed ? order.target : 'a target that is not listed'}: refused`,
    'WARNING',
  );
}

function tell(
  activity: ActivityNotes,
  { type, task }: Order,
  actionId: string,
  message: string,
  level: ActivityLevel,
): void {
  const kind = level === 'INFO' ? 'repair_done' : level === 'WARNING' ? 'repair_refused' : 'repair_failed';
  const { tenantId } = task.owner;
  activity.note({
    kind,
    subject: actionId,
    message: `${type}: ${message}`,
    level,
    owner: { tenantId, userId: null },
  });
}
