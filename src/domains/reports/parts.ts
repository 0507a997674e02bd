import type { Config } from '../../config.ts';
import type { Job } from '../../jobs/job.ts';

/** The report of each day; there is none where nobody would read it. Nothing of it is loaded then. */
export async function openReports({ config }: { readonly config: Config }): Promise<Job[]> {
  const { dailyReport, defaultTimeZone } = config;
  if (!dailyReport) return [];
  const { dailyReportJob } = await import('./jobs.ts');
  return [dailyReportJob({ ...dailyReport, timeZone: dailyReport.timeZone ?? defaultTimeZone })];
}
