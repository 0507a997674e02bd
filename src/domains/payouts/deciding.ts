import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import { Forbidden, InvalidInput, NotFound, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { written } from '../payments/minor-units.ts';
import { inMinor } from '../payments/money.ts';
import { lockPayouts, makeDrafts, type PayoutServices } from './payouts.ts';
import { lockedPayout, type SeenPayout } from './reads.ts';

const uuid = z.guid({ error: 'must be a UUID' });
/** Where somebody stood who was erased meanwhile. */
const NOBODY = '(erased)';

/**
 * Says yes to a report. A draft is made anew before, so that nothing that went back meanwhile is missed. Above the limit it then waits
 * for a second admin, and changes no more; else it is final.
 *
 * @param given.amount what is approved, in the smallest unit: somebody else's figures are not
 * @throws Forbidden (the second admin is the first), InvalidInput (the amount is another), NotFound, StatusMoveRefused
 */
export async function approvePayout(
  services: PayoutServices,
  principal: Principal,
  given: { readonly payoutId: string; readonly amount: number },
): Promise<SeenPayout> {
  requireAdmin(principal);
  const payoutId = input.parseInput(uuid, given.payoutId, 'payoutId');
  const { tenantId, userId } = principal;
  const { holdDays, approvalAbove } = services.config.payouts;
  return services.db.transaction(async (client) => {
    await lockPayouts(client, tenantId);
    const shown = await found(client, tenantId, payoutId);
    if (shown.state === 'APPROVED' || shown.state === 'REJECTED') throw refused(shown, 'APPROVED');
    if (shown.state === 'DRAFT') await makeDrafts(client, holdDays, tenantId, shown.month, shown);
    const report = await found(client, tenantId, payoutId);
    if (report.amount !== given.amount)
      throw new InvalidInput('amount', `the report comes to ${written(report.amount, report.currency)} now`);
    const isSecond = report.state === 'WAITING';
    if (isSecond && (report.confirmedBy === userId || report.confirmedBy === NOBODY))
      throw new Forbidden('payoutId: a second admin has to approve it, who is not the first');
    const needsTwo = Math.abs(report.amount) > inMinor(approvalAbove, report.currency);
    if (needsTwo && !isSecond)
      await client.query({
        name: 'confirm_payout',
        text: `update payout_reports set state = 'WAITING', confirmed_by = $3, confirmed_at = now() where id = $1 and tenant_id = $2`,
        values: [report.id, tenantId, userId],
      });
    else
      await client.query({
        name: 'approve_payout',
        text: `update payout_reports set state = 'APPROVED', approved_by = $3, approved_at = now() where id = $1 and tenant_id = $2`,
        values: [report.id, tenantId, userId],
      });
    return found(client, tenantId, payoutId);
  });
}

/** Says no to a report that is not final; it may be made anew. @throws Forbidden, InvalidInput, NotFound, StatusMoveRefused */
export async function rejectPayout(
  { db }: Pick<PayoutServices, 'db'>,
  principal: Principal,
  given: string,
): Promise<SeenPayout> {
  requireAdmin(principal);
  const payoutId = input.parseInput(uuid, given, 'payoutId');
  const { tenantId, userId } = principal;
  return db.transaction(async (client) => {
    const report = await found(client, tenantId, payoutId);
    if (report.state === 'APPROVED' || report.state === 'REJECTED') throw refused(report, 'REJECTED');
    await client.query({
      name: 'reject_payout',
      text: `update payout_reports set state = 'REJECTED', rejected_by = $3, rejected_at = now() where id = $1 and tenant_id = $2`,
      values: [report.id, tenantId, userId],
    });
    return found(client, tenantId, payoutId);
  });
}

async function found(client: PoolClient, tenantId: string, payoutId: string): Promise<SeenPayout> {
  const report = await lockedPayout(client, tenantId, payoutId);
  if (!report) throw new NotFound('payoutId', `there is no report "${payoutId}"`);
  return report;
}

function refused({ state }: SeenPayout, to: string): StatusMoveRefused {
  return new StatusMoveRefused('payoutId', { from: state, to, allowed: [] });
}
