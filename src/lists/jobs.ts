import { archiveInteractions, archiveTenant, restoreArchived } from '../domains/archive/jobs.ts';
import { backup, verifyBackups } from '../domains/backups/jobs.ts';
import { complianceCheck } from '../domains/compliance/jobs.ts';
import { evaluateMemory } from '../domains/evaluation/jobs.ts';
import { selfCheck } from '../domains/health/jobs.ts';
import { learn } from '../domains/learning/jobs.ts';
import { partnerPayouts } from '../domains/payouts/jobs.ts';
import { retention } from '../domains/retention/jobs.ts';
import { heartbeat } from '../domains/tasks/jobs.ts';
import type { Services } from '../graphql/context.ts';
import type { Job } from '../jobs/job.ts';

/** Every kind of background work. */
export const JOBS: readonly Job<Services>[] = [
  heartbeat,
  selfCheck,
  archiveInteractions,
  archiveTenant,
  restoreArchived,
  retention,
  complianceCheck,
  learn,
  evaluateMemory,
  backup,
  verifyBackups,
  partnerPayouts,
];
