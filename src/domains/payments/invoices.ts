import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { IdempotencyKeyReused, InvalidInput, NotFound, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { keyedId } from '../../ground/keyed-id.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { checkKnown, noCustomer } from './customers.ts';
import { checkMovement, lockPayments, needsApproval } from './guard.ts';
import { COLLECTIONS, type InvoiceRow, type InvoiceState, invoices } from './invoice-tables.ts';
import { CHARGE_INVOICE, SEND_INVOICE, VOID_INVOICE } from './job-names.ts';
import * as limits from './limits.ts';
import { amount, currency, MAX_MINOR } from './money.ts';
import { customerById, invoiceById } from './reads.ts';
import { configured, enqueuePayment, type PaymentServices, wake } from './services.ts';

const NewInvoice = z.object({
  customerId: limits.id,
  currency,
  items: z
    .array(z.object({ description: limits.description, amount }))
    .min(1, { error: `must be 1 to ${limits.MAX_ITEMS}` })
    .max(limits.MAX_ITEMS, { error: `must be 1 to ${limits.MAX_ITEMS}` }),
  description: limits.description.nullish(),
  collection: z.enum(COLLECTIONS),
  daysUntilDue: z
    .int()
    .min(1, { error: `must be 1 to ${limits.MAX_DAYS_UNTIL_DUE}` })
    .max(limits.MAX_DAYS_UNTIL_DUE, { error: `must be 1 to ${limits.MAX_DAYS_UNTIL_DUE}` })
    .nullish(),
  idempotencyKey: input.idempotencyKey.nullish(),
});
type Wanted = z.output<typeof NewInvoice>;

/**
 * Asks for money: has an invoice made at Stripe, and charged or sent; where it is beyond the threshold, when a second admin
 * has said yes. The same key with the same content gives the invoice that was made first.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, NotFound (the customer), StatusMoveRefused (who that was is erased),
 *   IdempotencyKeyReused, AmountExceeded, QuotaExceeded
 */
export async function createInvoice(
  services: PaymentServices,
  principal: Principal,
  given: z.input<typeof NewInvoice>,
): Promise<InvoiceRow> {
  requireAdmin(principal);
  const { tenantId } = principal;
  const asked = input.parseInput(NewInvoice, given);
  const { limits: allowed } = configured(services);
  if (asked.collection === 'CHARGE' && asked.daysUntilDue != null)
    throw new InvalidInput('daysUntilDue', 'must be absent where the customer is charged at once');
  const sum = asked.items.reduce((total, item) => total + item.amount, 0);
  if (sum > MAX_MINOR) throw new InvalidInput('items', `must come to at most ${MAX_MINOR}`);
  const { idempotencyKey: key } = asked;
  const invoiceId = key == null ? randomUUID() : keyedId('payment_invoice', tenantId, key);
  const invoice = await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const customer = await customerById({ pool: client }, tenantId, asked.customerId);
    if (!customer) throw noCustomer(asked.customerId, 'customerId');
    const known = await invoiceById({ pool: client }, tenantId, invoiceId);
    if (known) {
      if (!isSame(known, asked, customer.id)) throw new IdempotencyKeyReused('idempotencyKey');
      return known;
    }
    checkKnown(customer, 'customerId');
    if (asked.collection === 'SEND' && customer.email === null)
      throw new InvalidInput('collection', 'SEND needs an address of mail, and the customer has none');
    const movement = { field: 'items', currency: asked.currency, amount: sum };
    await checkMovement(client, tenantId, movement, allowed);
    const waits = needsApproval(movement, allowed);
    const payload = { tenantId, invoiceId };
    const taskId = waits
      ? null
      : await enqueuePayment(client, services, { job: SEND_INVOICE, title: 'Make an invoice', payload });
    const { rows } = await client.query<RawRow>({
      name: 'insert_payment_invoice',
      text: `with made as (insert into payment_invoices (tenant_id, invoice_id, customer, client_id, currency, amount, items, description,
               collection, days_until_due, state, task_id, requested_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning *)
             select made.*, echo_audit($1, null, 'invoice.create', $2, 'OK', jsonb_build_object('currency', $5::text, 'amount', $6::int,
               'state', $11::text), echo_audit_teller()) from made`,
      values: [
        ...[tenantId, invoiceId, customer.id, customer.clientId, asked.currency, sum],
        ...[JSON.stringify(asked.items), asked.description ?? null, asked.collection],
        ...[daysOf(asked), waits ? 'WAITING' : 'REQUESTED', taskId, principal.userId],
      ],
    });
    return mapRow(invoices, rows[0] ?? {});
  });
  wake(services);
  return invoice;
}

/**
 * Charges an open invoice once more, after the charge before it was declined.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, NotFound, StatusMoveRefused (it is not open, is sent by mail, or is being charged)
 */
export async function chargeInvoice(
  services: PaymentServices,
  principal: Principal,
  given: string,
): Promise<InvoiceRow> {
  const invoice = await inTurn(services, principal, given, async (client, row) => {
    const { tenantId, invoiceId, state, collection, charges, failureCode } = row;
    // Without a failure the last charge is still under way, or nobody was charged yet.
    if (state !== 'OPEN' || collection !== 'CHARGE' || failureCode === null)
      throw new StatusMoveRefused('invoiceId', { from: state, to: 'PAID', allowed: movesOf(state) });
    if (charges >= limits.MAX_CHARGES)
      throw new InvalidInput('invoiceId', `it was charged ${charges} times, and may be no more; void it`);
    const charge = charges + 1;
    const payload = { tenantId, invoiceId, charge };
    const taskId = await enqueuePayment(client, services, {
      ...{ job: CHARGE_INVOICE, title: 'Charge an invoice', payload },
    });
    await client.query<object>({
      name: 'charge_payment_invoice',
      text: `with changed as (update payment_invoices set charges = $3, failure_code = null, failure = null, task_id = $4
               where id = $1 and tenant_id = $2 returning invoice_id)
             select echo_audit($2, null, 'invoice.charge', invoice_id, 'OK', null, echo_audit_teller()) from changed`,
      values: [row.id, tenantId, charge, taskId],
    });
  });
  wake(services);
  return invoice;
}

/**
 * Has an open invoice made void at Stripe: nobody owes it any more. It is `VOID` when Stripe says so.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, NotFound, StatusMoveRefused
 */
export async function voidInvoice(
  services: PaymentServices,
  principal: Principal,
  given: string,
): Promise<InvoiceRow> {
  const invoice = await inTurn(services, principal, given, async (client, row) => {
    const { tenantId, invoiceId, state } = row;
    if (state !== 'OPEN' && state !== 'UNCOLLECTIBLE')
      throw new StatusMoveRefused('invoiceId', { from: state, to: 'VOID', allowed: movesOf(state) });
    const taskId = await enqueuePayment(client, services, {
      ...{ job: VOID_INVOICE, title: 'Make an invoice void', payload: { tenantId, invoiceId } },
    });
    await client.query<object>({
      name: 'void_payment_invoice',
      text: `with changed as (update payment_invoices set task_id = $3 where id = $1 and tenant_id = $2 returning invoice_id)
             select echo_audit($2, null, 'invoice.void', invoice_id, 'OK', null, echo_audit_teller()) from changed`,
      values: [row.id, tenantId, taskId],
    });
  });
  wake(services);
  return invoice;
}

export function noInvoice(id: string, field: string): NotFound {
  return new NotFound(field, `there is no invoice "${id.slice(0, 100)}"`);
}

/** An invoice of the caller's tenant, locked against what else would be done to it. @throws NotFound */
export async function lockedInvoice(
  client: PoolClient,
  tenantId: string,
  invoiceId: string,
  field: string,
): Promise<InvoiceRow> {
  const { rows } = await client.query<RawRow>({
    name: 'locked_payment_invoice',
    text: 'select * from payment_invoices where tenant_id = $1 and invoice_id = $2 for update',
    values: [tenantId, invoiceId],
  });
  if (!rows[0]) throw noInvoice(invoiceId, field);
  return mapRow(invoices, rows[0]);
}

/** Does something to an invoice that nobody else does something to. @returns it as it is then */
async function inTurn(
  services: PaymentServices,
  principal: Principal,
  given: string,
  work: (client: PoolClient, row: InvoiceRow) => Promise<void>,
): Promise<InvoiceRow> {
  requireAdmin(principal);
  const { tenantId } = principal;
  const invoiceId = input.parseInput(limits.id, given, 'invoiceId');
  configured(services);
  return services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    await work(client, await lockedInvoice(client, tenantId, invoiceId, 'invoiceId'));
    return lockedInvoice(client, tenantId, invoiceId, 'invoiceId');
  });
}

/** Where a caller may take an invoice from a state. */
function movesOf(state: InvoiceState): readonly InvoiceState[] {
  if (state === 'WAITING') return ['REQUESTED', 'REJECTED'];
  return state === 'OPEN' || state === 'UNCOLLECTIBLE' ? ['VOID'] : [];
}

const DEFAULT_DAYS = 30;

function daysOf({ collection, daysUntilDue }: Wanted): number | null {
  return collection === 'SEND' ? (daysUntilDue ?? DEFAULT_DAYS) : null;
}

function isSame(known: InvoiceRow, asked: Wanted, customer: number): boolean {
  const items = (list: InvoiceRow['items']) =>
    JSON.stringify(list.map(({ description, amount: part }) => [description, part]));
  return (
    known.customer === customer &&
    known.currency === asked.currency &&
    known.collection === asked.collection &&
    known.daysUntilDue === daysOf(asked) &&
    known.description === (asked.description ?? null) &&
    items(known.items) === items(asked.items)
  );
}
