import { z } from 'zod';
import { defineJob, type Job } from '../../jobs/job.ts';
import { type ReportServices, sendReport } from './report.ts';

/** When, and in whose time it is written. */
export interface ReportTimes {
  readonly hour: number;
  readonly minute: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** What the server did in a day, told to whoever looks after it. */
export function dailyReportJob({ hour, minute, timeZone }: ReportTimes): Job {
  return defineJob({
    name: 'daily_report',
    description:
      'Tells whoever looks after the server by mail or Telegram what it did in the last 24 hours: counts, objectives, errors, growth, alerts.',
    payload: z.strictObject({}),
    priority: 'LOW',
    mayCreate: 'OPERATOR',
    schedule: { cron: `${minute} ${hour} * * *`, timeZone, missed: 'RUN_ONCE' },
    run: (services: ReportServices, _payload, task) => sendReport(services, timeZone, task),
  });
}
