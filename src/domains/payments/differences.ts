import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { isInvoiceId, isRefundId } from './events.ts';
import { FOLLOW } from './job-names.ts';
import { type DifferenceRow, differences } from './ledger-tables.ts';
import * as limits from './limits.ts';
import { configured, enqueuePayment, type PaymentServices, wake } from './services.ts';

const Resolution = z.object({
  differenceId: limits.id,
  note: input
    .text(limits.MAX_NOTE)
    .refine((text) => text.trim() !== '', { error: 'must say what was done about it' }),
});

/**
 * Says what was done about a difference of our books and those of Stripe; an invoice or a refund is looked up there once more. The
 * same is not told again; what differs in another way later is a new one.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, NotFound (or it is resolved)
 */
export async function resolveDifference(
  services: PaymentServices,
  principal: Principal,
  given: z.input<typeof Resolution>,
): Promise<DifferenceRow> {
  requireAdmin(principal);
  const { differenceId, note } = input.parseInput(Resolution, given);
  configured(services);
  const { rows } = await services.db.transaction(async (client) => {
    const resolved = await client.query<RawRow>({
      name: 'resolve_payment_difference',
      text: `with changed as (update payment_differences set resolved_at = now(), resolved_by = $3, note = $4
               where difference_id = $1 and tenant_id = $2 and resolved_at is null returning *)
             select changed.*, echo_audit($2, null, 'difference.resolve', difference_id, 'OK', null, echo_audit_teller()) from changed`,
      values: [differenceId, principal.tenantId, principal.userId, note],
    });
    const stripeId = resolved.rows[0]?.stripe_id;
    if (typeof stripeId === 'string' && (isInvoiceId(stripeId) || isRefundId(stripeId)))
      await enqueuePayment(client, services, {
        ...{ job: FOLLOW, title: 'Look up what differed' },
        payload: { stripeId, tenantId: principal.tenantId },
      });
    return resolved;
  });
  wake(services);
  if (!rows[0])
    throw new NotFound('differenceId', `there is no open difference "${differenceId.slice(0, 100)}"`);
  return mapRow(differences, rows[0]);
}
