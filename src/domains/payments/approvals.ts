import type { PoolClient } from 'pg';
import type { Principal } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { Forbidden, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { checkMovement, lockPayments } from './guard.ts';
import { type InvoiceRow, invoices, type RefundRow, refunds } from './invoice-tables.ts';
import { lockedInvoice } from './invoices.ts';
import { SEND_INVOICE, SEND_REFUND } from './job-names.ts';
import * as limits from './limits.ts';
import { invoicesOf, refundById } from './reads.ts';
import { checkLeft, noRefund } from './refunds.ts';
import { configured, enqueuePayment, type PaymentServices, wake } from './services.ts';

/** What a second admin says, and why. */
export interface Decision {
  readonly isYes: boolean;
  readonly note?: string | null | undefined;
}

/** Where somebody stood who was erased meanwhile. */
const NOBODY = '(erased)';

/**
 * Says yes or no to an invoice that waits for it. Whoever asked for it cannot say yes.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, NotFound, StatusMoveRefused, AmountExceeded, QuotaExceeded
 */
export async function decideInvoice(
  services: PaymentServices,
  principal: Principal,
  given: { readonly invoiceId: string } & Decision,
): Promise<InvoiceRow> {
  requireAdmin(principal);
  const { tenantId, userId } = principal;
  const invoiceId = input.parseInput(limits.id, given.invoiceId, 'invoiceId');
  const note = input.parseInput(limits.note.nullish(), given.note, 'note') || null;
  const { limits: allowed } = configured(services);
  const decided = await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const row = await lockedInvoice(client, tenantId, invoiceId, 'invoiceId');
    const { currency, amount } = row;
    checkDecision(row, principal, given.isYes, 'invoiceId');
    if (given.isYes)
      await checkMovement(client, tenantId, { field: 'invoiceId', currency, amount }, allowed, {
        invoice: row.id,
      });
    const taskId = await begun(client, services, given.isYes && SEND_INVOICE, { tenantId, invoiceId });
    const updated = await client.query<RawRow>({
      name: 'decide_payment_invoice',
      text: `update payment_invoices set state = $3, decided_by = $4, decided_at = now(), note = $5, task_id = $6
             where id = $1 and tenant_id = $2 returning *`,
      values: [row.id, tenantId, given.isYes ? 'REQUESTED' : 'REJECTED', userId, note, taskId],
    });
    await tell(client, given.isYes ? TOLD.invoiceApproved : TOLD.invoiceRejected, tenantId, invoiceId);
    return mapRow(invoices, onlyRow(updated));
  });
  wake(services);
  return decided;
}

/** The same of a refund. @throws as decideInvoice */
export async function decideRefund(
  services: PaymentServices,
  principal: Principal,
  given: { readonly refundId: string } & Decision,
): Promise<RefundRow> {
  requireAdmin(principal);
  const { tenantId, userId } = principal;
  const refundId = input.parseInput(limits.id, given.refundId, 'refundId');
  const note = input.parseInput(limits.note.nullish(), given.note, 'note') || null;
  const { limits: allowed } = configured(services);
  const decided = await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const row = await refundById({ pool: client }, tenantId, refundId);
    if (!row) throw noRefund(refundId, 'refundId');
    const { currency, amount } = row;
    checkDecision(row, principal, given.isYes, 'refundId');
    if (given.isYes) {
      await checkMovement(client, tenantId, { field: 'refundId', currency, amount }, allowed, {
        refund: row.id,
      });
      const [invoice] = await invoicesOf({ pool: client }, tenantId, [row.invoice]);
      if (invoice) await checkLeft(client, invoice, { field: 'refundId', amount, refund: row.id });
    }
    const taskId = await begun(client, services, given.isYes && SEND_REFUND, { tenantId, refundId });
    const updated = await client.query<RawRow>({
      name: 'decide_payment_refund',
      text: `update payment_refunds set state = $3, decided_by = $4, decided_at = now(), note = $5, task_id = $6
             where id = $1 and tenant_id = $2 returning *`,
      values: [row.id, tenantId, given.isYes ? 'REQUESTED' : 'REJECTED', userId, note, taskId],
    });
    await tell(client, given.isYes ? TOLD.refundApproved : TOLD.refundRejected, tenantId, refundId);
    return mapRow(refunds, onlyRow(updated));
  });
  wake(services);
  return decided;
}

const TOLD = {
  invoiceApproved: `select echo_audit($1, null, 'invoice.approve', $2, 'OK', null, echo_audit_teller())`,
  invoiceRejected: `select echo_audit($1, null, 'invoice.reject', $2, 'OK', null, echo_audit_teller())`,
  refundApproved: `select echo_audit($1, null, 'refund.approve', $2, 'OK', null, echo_audit_teller())`,
  refundRejected: `select echo_audit($1, null, 'refund.reject', $2, 'OK', null, echo_audit_teller())`,
};

async function tell(client: PoolClient, told: string, tenantId: string, id: string): Promise<void> {
  await client.query<object>(told, [tenantId, id]);
}

/** @throws StatusMoveRefused, Forbidden */
function checkDecision(
  { state, requestedBy }: Pick<InvoiceRow | RefundRow, 'state' | 'requestedBy'>,
  { userId }: Principal,
  isYes: boolean,
  field: string,
): void {
  if (state !== 'WAITING')
    throw new StatusMoveRefused(field, { from: state, to: isYes ? 'REQUESTED' : 'REJECTED', allowed: [] });
  if (!isYes) return;
  if (requestedBy === userId)
    throw new Forbidden(`${field}: whoever asked for it cannot approve it; another admin has to`);
  // Nobody can say any more that it is another one.
  if (requestedBy === NOBODY)
    throw new Forbidden(`${field}: whoever asked for it was erased; reject it, and ask for it anew`);
}

async function begun(
  client: PoolClient,
  services: PaymentServices,
  job: string | false,
  payload: Record<string, unknown>,
): Promise<string | null> {
  return job ? enqueuePayment(client, services, { job, title: 'Do what was approved', payload }) : null;
}
