import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';

/** The kinds of repairs that the operator allows. Where none is, nothing of them is loaded. */
export async function openRepairs({
  config,
  db,
  log,
  activity,
}: Pick<Ports, 'config' | 'db' | 'log'> & { readonly activity: ActivityNotes }): Promise<Job[]> {
  if (config.repairs === null) return [];
  const { repairJobs } = await import('./jobs.ts');
  return repairJobs({ db, log, activity }, config.repairs, config.dataDirectory);
}
