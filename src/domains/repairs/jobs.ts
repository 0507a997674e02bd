import { z } from 'zod';
import type { RepairList } from '../../config/repairs.ts';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { diskCleanup } from './disk-cleanup.ts';
import { logRotation } from './log-rotation.ts';
import { performRepair, type RepairParts } from './perform.ts';
import { processKill } from './process-kill.ts';
import type { Repair } from './repair.ts';
import { serviceRestart } from './service-restart.ts';

const MAX_TARGET_LENGTH = 4_000;

const Payload = z.strictObject({
  target: input
    .text(MAX_TARGET_LENGTH)
    .refine((text) => !/\p{Cc}/u.test(text), { error: 'must not hold control characters' })
    .describe(
      'As it stands in the setting REPAIR: a unit, the path of a folder or of a log file, or a process name.',
    ),
  dryRun: z
    .boolean({ error: 'must be true or false' })
    .default(true)
    .describe(
      'Only says what would be done. What is to be done needs such a dry run of the same target shortly before.',
    ),
});

/** The kinds of tasks that repair something; a kind of which nothing is on the list there is not. */
export function repairJobs(parts: RepairParts, list: RepairList, dataDirectory: string): Job[] {
  const { services, folders, logs, processes } = list;
  const repairs: Repair[] = [
    ...(services.length > 0 ? [serviceRestart(list)] : []),
    ...(folders.length > 0 ? [diskCleanup(list, dataDirectory)] : []),
    ...(logs.length > 0 ? [logRotation(list, dataDirectory)] : []),
    ...(processes.length > 0 ? [processKill(list, dataDirectory)] : []),
  ];
  return repairs.map((repair) => jobOf(parts, repair));
}

function jobOf(parts: RepairParts, repair: Repair): Job {
  return defineJob({
    name: `repair_${repair.type}`,
    description: `${repair.description} Only what the operator has listed, and only for admins.`,
    payload: Payload,
    mayCreate: 'OPERATOR',
    // What was done to the machine is not done again by itself.
    retry: { limit: 0, delaySeconds: 1, maxDelaySeconds: 1 },
    timeoutSeconds: repair.timeoutSeconds,
    run: (_services: unknown, order, task) => performRepair(parts, repair, order, task),
  });
}
