import type { Database } from '../../db/client.ts';
import { beatTasks, type Claim, LEASE_MS } from './claims.ts';
import { TaskAborted, TaskLost } from './errors.ts';

/** A task that runs here. */
export interface RunningTask {
  readonly claim: Claim;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
  /** When its lease was prolonged last, by the clock of this process. */
  heldAt: number;
}

/** Prolongs the leases of tasks that run, and stops those that are another's by now, or were cancelled. */
export async function prolongLeases(
  db: Database,
  worker: string,
  running: readonly RunningTask[],
): Promise<void> {
  if (running.length === 0) return;
  try {
    const claims = running.map(({ claim }) => claim);
    const beats = await beatTasks(db, worker, claims);
    const told = new Map(beats.map((beat) => [beat.id, beat]));
    for (const each of running) {
      const beat = told.get(each.claim.id);
      if (!beat?.held) each.controller.abort(new TaskLost());
      else each.heldAt = performance.now();
      if (beat?.cancelled) cancel(each);
    }
  } finally {
    // Without the database nobody knows whether another has taken over: then somebody has.
    for (const { heldAt, controller } of running)
      if (performance.now() - heldAt > LEASE_MS) controller.abort(new TaskLost());
  }
}

/** Tells a task to stop. */
export function cancel({ controller }: RunningTask): void {
  controller.abort(new TaskAborted('CANCELLED', 'it was cancelled'));
}
