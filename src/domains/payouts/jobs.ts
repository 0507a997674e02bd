import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import { makeDrafts, type PayoutServices } from './payouts.ts';

/** The drafts of the month before, of all partners; nobody is paid by it. */
export const partnerPayouts = defineJob({
  name: 'partner_payouts',
  description:
    'Makes the reports of what partners get for the month before, as drafts that admins approve. No money moves.',
  payload: z.strictObject({}),
  priority: 'LOW',
  mayCreate: 'SERVER',
  schedule: { cron: '30 5 2 * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
  run: async ({ db, config }: PayoutServices, _payload, task) => {
    const month = await task.once('month', async () => monthBefore(new Date()));
    const { rows } = await db.pool.query<{ tenantId: string }>({
      name: 'tenants_with_partners',
      text: `select distinct tenant_id as "tenantId" from business_parties where kind = 'PARTNER' order by 1`,
    });
    for (const { tenantId } of rows)
      await task.once(`drafts of ${tenantId}`, async (client) => {
        await makeDrafts(client, config.payouts.holdDays, tenantId, month);
        return null;
      });
    return { month, tenants: rows.length };
  },
});

/** YYYY-MM, in UTC. */
export function monthBefore(at: Date): string {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
}
