import type { Database } from '../../db/client.ts';
import { type TreeGoal, treesOf } from './reads.ts';

/**
 * How far goals are, 0 to 1, in the order of the numbers of their rows. An achieved one is at 1. Of another it is the mean
 * over its parts and tasks: a part with its own progress, a task with 1 if it is completed, else 0; parts that were abandoned
 * and tasks that were cancelled do not count. Without any it is at 0.
 */
export async function progressOf(
  db: Pick<Database, 'pool'>,
  tenantId: string,
  numbers: readonly number[],
): Promise<number[]> {
  const progress = progressIn(await treesOf(db, tenantId, numbers));
  return numbers.map((number) => progress.get(number) ?? 0);
}

/** @param tree goals with everything that they consist of */
export function progressIn(tree: readonly TreeGoal[]): ReadonlyMap<number, number> {
  const parts = Map.groupBy(tree, ({ parent }) => parent);
  const known = new Map<number, number>();
  const progress = (goal: TreeGoal): number => {
    const counted = (parts.get(goal.id) ?? []).filter(({ status }) => status !== 'ABANDONED');
    const sum = counted.reduce((total, part) => total + (known.get(part.id) ?? progress(part)), 0);
    const all = counted.length + goal.tasks;
    const own = goal.status === 'ACHIEVED' ? 1 : all === 0 ? 0 : (sum + goal.completed) / all;
    known.set(goal.id, own);
    return own;
  };
  for (const goal of tree) if (!known.has(goal.id)) progress(goal);
  return known;
}
