import type { Patch } from './source-copy.ts';

/** A table apart from the server's, without any key that would hide a second effect. */
export const EFFECTS_TABLE = `create schema torture; create table torture.effects
  (task text not null, step int not null, attempt int not null, at timestamptz not null default clock_timestamp())`;

/** Milliseconds that a job rests behind each step, so that kills find it there. */
export interface EffectPayload {
  readonly steps: number;
  readonly pauseMs: number;
}

export const EFFECTS_JOB = 'torture_effects';
/** Of the copy that is tortured; the product waits longer. */
export const LEASE_MS = 5_000;

/**
 * What the copy of the server has more than the product: a job that leaves one row for each step. Its tasks return which
 * attempt came to the end. Leases are shorter, so that a stopped worker loses its tasks within seconds.
 */
export function effectPatches(): readonly Patch[] {
  return [
    {
      file: 'src/lists/jobs.ts',
      find: /^([\s\S]*)export const JOBS: readonly Job<Services>\[\] = \[/,
      replace: `import { z } from 'zod';
import { defineJob } from '../jobs/job.ts';
$1
const tortureEffects = defineJob({
  name: '${EFFECTS_JOB}',
  description: 'Leaves a row for each step.',
  payload: z.strictObject({ steps: z.int(), pauseMs: z.int() }),
  retry: { limit: 20, delaySeconds: 0.2, maxDelaySeconds: 2 },
  run: async (_services: unknown, { steps, pauseMs }, { taskId, attempt, once }) => {
    for (let step = 1; step <= steps; step++) {
      await once('step ' + step, (client) =>
        client.query('insert into torture.effects values ($$1, $$2, $$3)', [taskId, step, attempt]).then(() => null),
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { attempt };
  },
});

export const JOBS: readonly Job<Services>[] = [tortureEffects, `,
    },
    {
      file: 'src/domains/tasks/claims.ts',
      find: /LEASE_MS = 20_000/,
      replace: `LEASE_MS = ${LEASE_MS.toLocaleString('en').replace(',', '_')}`,
    },
  ];
}
