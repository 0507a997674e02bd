import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import {
  AmountExceeded,
  IdempotencyKeyReused,
  InvalidInput,
  NotFound,
  StatusMoveRefused,
} from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { keyedId } from '../../ground/keyed-id.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { checkMovement, lockPayments, needsApproval } from './guard.ts';
import { type InvoiceRow, REFUND_REASONS, type RefundRow, refunds } from './invoice-tables.ts';
import { lockedInvoice } from './invoices.ts';
import { SEND_REFUND } from './job-names.ts';
import * as limits from './limits.ts';
import { written } from './minor-units.ts';
import { amount, currency } from './money.ts';
import { refundById } from './reads.ts';
import { configured, enqueuePayment, type PaymentServices, wake } from './services.ts';

const NewRefund = z.object({
  invoiceId: limits.id,
  amount,
  currency,
  reason: z.enum(REFUND_REASONS).nullish(),
  idempotencyKey: input.idempotencyKey.nullish(),
});

/**
 * Has money go back of an invoice that was paid; where it is beyond the threshold, when a second admin has said yes. All
 * refunds of an invoice together come to no more than what was paid, less what a bank took back by disputes. The same key with the same content gives the refund that
 * was made first.
 *
 * @throws Forbidden, NotConfigured, InvalidInput (another currency), NotFound, StatusMoveRefused (it was not paid),
 *   IdempotencyKeyReused, AmountExceeded, QuotaExceeded
 */
export async function createRefund(
  services: PaymentServices,
  principal: Principal,
  given: z.input<typeof NewRefund>,
): Promise<RefundRow> {
  requireAdmin(principal);
  const { tenantId } = principal;
  const asked = input.parseInput(NewRefund, given);
  const { limits: allowed } = configured(services);
  const { idempotencyKey: key } = asked;
  const refundId = key == null ? randomUUID() : keyedId('payment_refund', tenantId, key);
  const reason = asked.reason ?? null;
  const refund = await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const invoice = await lockedInvoice(client, tenantId, asked.invoiceId, 'invoiceId');
    const known = await refundById({ pool: client }, tenantId, refundId);
    if (known) {
      const { invoice: of, amount: sum, currency: unit, reason: why } = known;
      if (of !== invoice.id || sum !== asked.amount || unit !== asked.currency || why !== reason)
        throw new IdempotencyKeyReused('idempotencyKey');
      return known;
    }
    await checkRefundable(client, invoice, asked);
    const movement = { field: 'amount', currency: asked.currency, amount: asked.amount };
    await checkMovement(client, tenantId, movement, allowed);
    const waits = needsApproval(movement, allowed);
    const payload = { tenantId, refundId };
    const taskId = waits
      ? null
      : await enqueuePayment(client, services, { job: SEND_REFUND, title: 'Refund an invoice', payload });
    const { rows } = await client.query<RawRow>({
      name: 'insert_payment_refund',
      text: `with made as (insert into payment_refunds (tenant_id, refund_id, invoice, currency, amount, reason, state, task_id,
               requested_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *)
             select made.*, echo_audit($1, null, 'refund.create', $2, 'OK', jsonb_build_object('currency', $4::text, 'amount', $5::int,
               'state', $7::text), echo_audit_teller()) from made`,
      values: [
        ...[tenantId, refundId, invoice.id, asked.currency, asked.amount, reason],
        ...[waits ? 'WAITING' : 'REQUESTED', taskId, principal.userId],
      ],
    });
    return mapRow(refunds, rows[0] ?? {});
  });
  wake(services);
  return refund;
}

export function noRefund(id: string, field: string): NotFound {
  return new NotFound(field, `there is no refund "${id.slice(0, 100)}"`);
}

/** @throws StatusMoveRefused, InvalidInput, AmountExceeded */
async function checkRefundable(
  client: PoolClient,
  invoice: InvoiceRow,
  asked: { readonly currency: string; readonly amount: number },
): Promise<void> {
  if (asked.currency !== invoice.currency)
    throw new InvalidInput('currency', `must be that of the invoice, ${invoice.currency}`);
  if (invoice.state !== 'PAID' || invoice.paymentIntent === null)
    throw new StatusMoveRefused('invoiceId', { from: invoice.state, to: 'REFUNDED', allowed: [] });
  const { count } = await checkLeft(client, invoice, { field: 'amount', amount: asked.amount });
  if (count >= limits.MAX_REFUNDS)
    throw new InvalidInput('invoiceId', `an invoice may have ${limits.MAX_REFUNDS} refunds, and has them`);
}

/**
 * Looks whether so much of an invoice may go back: neither what does already, nor what a bank took back.
 *
 * @param asked.refund the row of it, if there is one already: it is not counted twice
 * @returns how many refunds it has
 * @throws AmountExceeded
 */
export async function checkLeft(
  client: PoolClient,
  { id, tenantId, currency: unit, amount: paid }: InvoiceRow,
  asked: { readonly field: string; readonly amount: number; readonly refund?: number },
): Promise<{ count: number }> {
  const { rows } = await client.query<{ sum: number; count: number; taken: number }>({
    name: 'refunded_of_invoice',
    text: `select coalesce(sum(amount) filter (where state not in ('REJECTED', 'FAILED', 'CANCELLED') and id <> $3), 0)::float8 as sum,
             count(*)::int as count, (select coalesce(sum(d.taken), 0)::float8 from payment_disputes d
               where d.invoice = $1 and d.tenant_id = $2 and d.currency = $4) as taken
           from payment_refunds where invoice = $1 and tenant_id = $2`,
    values: [id, tenantId, asked.refund ?? 0, unit],
  });
  const { sum, count, taken } = onlyRow({ rows });
  // Who was refunded in part may dispute the whole.
  const limit = Math.max(0, paid - sum - taken);
  if (asked.amount > limit) {
    const disputed = taken > 0 ? ` and ${written(taken, unit)} were taken back by a dispute` : '';
    throw new AmountExceeded(
      asked.field,
      `of the ${written(paid, unit)} that were paid, ${written(sum, unit)} go back already${disputed}, so that ${written(limit, unit)} may, not ${written(asked.amount, unit)}`,
      { currency: unit, amount: asked.amount, limit },
    );
  }
  return { count };
}
