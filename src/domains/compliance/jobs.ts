import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import { type ComplianceServices, checkCompliance } from './compliance.ts';
import { COMPLIANCE_CHECK } from './desk.ts';
import { makeReports, type ReportServices } from './report.ts';

const MOST = 1_000_000;

type Services = ComplianceServices &
  ReportServices & {
    readonly config: {
      readonly audit: { readonly retentionDays: number };
      readonly tasksRetentionDays: number;
    };
  };

/** Looks every week whether what the server owes is done. */
export const complianceCheck = defineJob({
  name: COMPLIANCE_CHECK,
  description:
    'Looks whether the audit log fits its hash chain and is told of all it should be, whether turns fit their chains, and whether erasures, expired keys and what is beyond its retention are dealt with. Its findings are also in health, and an alert. What the server asked for itself also makes the report of each tenant for this week.',
  payload: z.strictObject({
    conversations: z
      .int({ error: `must be a whole number from 0 to ${MOST}` })
      .min(0, { error: `must be from 0 to ${MOST}` })
      .max(MOST, { error: `must be from 0 to ${MOST}` })
      .default(10_000)
      .describe('Chains of how many conversations are looked at; the next check goes on behind them.'),
  }),
  timeoutSeconds: 3_600,
  retry: { limit: 2, delaySeconds: 60, maxDelaySeconds: 600 },
  mayCreate: 'OPERATOR',
  schedule: { cron: '40 4 * * SUN', timeZone: 'UTC', missed: 'RUN_ONCE' },
  run: async (services: Services, { conversations }, task) => {
    const { config, compliance } = services;
    const days = {
      AUDIT_RETENTION_DAYS: config.audit.retentionDays,
      TASKS_RETENTION_DAYS: config.tasksRetentionDays,
    };
    const report = await checkCompliance(services, days, conversations, task);
    // What an admin asked for may have looked at less.
    if (task.owner.userId !== null) return report;
    compliance.note({ at: new Date(), report });
    return { ...report, reports: await makeReports(services, report, days, task) };
  },
});
