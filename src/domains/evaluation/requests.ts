import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { makeTask, type TaskServices } from '../tasks/tasks.ts';
import { GoldenSet } from './evaluate.ts';
import { evaluateMemory } from './jobs.ts';

/**
 * Makes the task that asks a user's memory the questions of a set.
 *
 * @throws InvalidInput, NotFound (a turn that is not the user's), Forbidden (to act for another)
 */
export async function requestEvaluation(
  services: Pick<TaskServices, 'events' | 'tasks'> & { readonly db: Database },
  principal: Principal,
  given: { readonly set: unknown; readonly userId?: string | null | undefined },
): Promise<TaskRow> {
  const owner = ownerFor(principal, given.userId);
  const set = input.parseInput(GoldenSet, given.set, 'set');
  const turnIds = [...new Set(set.questions.flatMap((each) => each.turnIds))];
  const found = await interactionsByTurnId(services.db, owner, turnIds);
  const known = new Set(found.flatMap((row) => row?.turnId ?? []));
  for (const [at, each] of set.questions.entries()) {
    const gone = each.turnIds.findIndex((turnId) => !known.has(turnId));
    if (gone >= 0)
      throw new NotFound(`set.questions.${at}.turnIds.${gone}`, `there is no turn "${each.turnIds[gone]}"`);
  }
  const job = evaluateMemory;
  return makeTask(services, job, {
    ...{ type: job.name, owner, createdBy: principal.userId },
    payload: { ...set },
  });
}
