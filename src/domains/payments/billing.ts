import type Stripe from 'stripe';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { ServiceUnavailable } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { followInvoice } from './following.ts';
import { type InvoiceRow, invoices } from './invoice-tables.ts';
import { noInvoice } from './invoices.ts';
import { customersOf, invoiceById } from './reads.ts';
import type { Refusal } from './stripe.ts';
import { clientOf, customerAtStripe, guardAgain, keyOf, OWN, type WorkParts } from './working.ts';

/** What came of it, kept as the task's result. */
export interface Done {
  readonly id: string;
  readonly status: string;
}

/**
 * Makes an invoice at Stripe, finalizes it, and charges or sends it. What Stripe said is stored after each step, and each has a
 * key of its own, so that an attempt that takes over does nothing twice.
 *
 * @throws NotFound, InvalidInput, ServiceUnavailable, the reason of the task's signal
 */
export async function bill(
  parts: WorkParts,
  { tenantId, invoiceId }: { readonly tenantId: string; readonly invoiceId: string },
  task: RunningTask,
): Promise<Done> {
  let row = await invoiceOf(parts, tenantId, invoiceId);
  if (row.state !== 'REQUESTED' && row.state !== 'OPEN') return { id: invoiceId, status: row.state };
  guardAgain(parts, row);
  const [customer] = await customersOf(parts.db, tenantId, [row.customer]);
  const customerStripeId = await customerAtStripe(parts, tenantId, customer?.customerId ?? '', task);
  try {
    if (row.stripeId === null) row = await makeDraft(parts, row, customerStripeId, task);
    if (row.state === 'REQUESTED') row = await finalize(parts, row, task);
  } catch (error) {
    return refused(parts, row, error, task);
  }
  if (row.state === 'OPEN')
    await (row.collection === 'SEND' ? send(parts, row, task) : charge(parts, row, 1, task));
  const { state } = await invoiceOf(parts, tenantId, invoiceId);
  return { id: invoiceId, status: state };
}

/**
 * Charges an invoice, under a number of its own: what came of a charge is the same for ever, so that one after a decline needs
 * another number. @throws as bill
 */
export async function chargeAgain(
  parts: WorkParts,
  given: { readonly tenantId: string; readonly invoiceId: string; readonly charge: number },
  task: RunningTask,
): Promise<Done> {
  const row = await invoiceOf(parts, given.tenantId, given.invoiceId);
  guardAgain(parts, row);
  if (row.state === 'OPEN') await charge(parts, row, given.charge, task);
  const { state } = await invoiceOf(parts, given.tenantId, given.invoiceId);
  return { id: given.invoiceId, status: state };
}

/** Makes an open invoice void. @throws as bill */
export async function makeVoid(
  parts: WorkParts,
  { tenantId, invoiceId }: { readonly tenantId: string; readonly invoiceId: string },
  task: RunningTask,
): Promise<Done> {
  const row = await invoiceOf(parts, tenantId, invoiceId);
  const { stripeId } = row;
  if (stripeId !== null && (row.state === 'OPEN' || row.state === 'UNCOLLECTIBLE')) {
    try {
      await clientOf(parts, task).invoices.voidInvoice(stripeId, {}, keyOf('invoice', invoiceId, 'void'));
    } catch (error) {
      // It was paid, or made void, meanwhile: what it is now is looked up.
      if (!parts.stripe.refusalOf(error)) throw parts.stripe.asTrouble(error);
    }
    await followInvoice(parts, stripeId, task);
  }
  const { state } = await invoiceOf(parts, tenantId, invoiceId);
  return { id: invoiceId, status: state };
}

async function invoiceOf({ db }: WorkParts, tenantId: string, invoiceId: string): Promise<InvoiceRow> {
  const row = await invoiceById(db, tenantId, invoiceId);
  if (!row) throw noInvoice(invoiceId, 'payload.invoiceId');
  return row;
}

async function makeDraft(
  parts: WorkParts,
  row: InvoiceRow,
  customer: string,
  task: RunningTask,
): Promise<InvoiceRow> {
  const stripe = clientOf(parts, task);
  const found = task.attempt > 1 ? await draftOf(stripe, row, customer) : null;
  const made =
    found ??
    (await stripe.invoices.create(
      {
        customer,
        currency: row.currency.toLowerCase(),
        // It comes further when this server says so, never by itself.
        auto_advance: false,
        pending_invoice_items_behavior: 'exclude',
        ...(row.collection === 'SEND'
          ? { collection_method: 'send_invoice', days_until_due: row.daysUntilDue ?? 30 }
          : { collection_method: 'charge_automatically' }),
        ...(row.description !== null && { description: row.description }),
        metadata: { [OWN.invoice]: row.invoiceId, [OWN.tenant]: row.tenantId },
      },
      keyOf('invoice', row.invoiceId, 'create'),
    ));
  return task.write(async (client) => {
    const updated = await client.query<RawRow>({
      name: 'payment_invoice_drafted',
      text: 'update payment_invoices set stripe_id = $3 where id = $1 and tenant_id = $2 returning *',
      values: [row.id, row.tenantId, made.id],
    });
    return mapRow(invoices, onlyRow(updated));
  });
}

/** What an earlier attempt made, long ago enough for its key to be forgotten. */
async function draftOf(stripe: Stripe, row: InvoiceRow, customer: string): Promise<Stripe.Invoice | null> {
  for await (const found of stripe.invoices.list({ customer, limit: 100 }))
    if (found.metadata?.[OWN.invoice] === row.invoiceId) return found;
  return null;
}

/** @returns the row, `OPEN` then */
async function finalize(parts: WorkParts, row: InvoiceRow, task: RunningTask): Promise<InvoiceRow> {
  const stripe = clientOf(parts, task);
  const stripeId = row.stripeId ?? '';
  let invoice: Stripe.Invoice = await stripe.invoices.retrieve(stripeId);
  if (invoice.status === 'draft') {
    if (invoice.lines.data.length === 0)
      invoice = await stripe.invoices.addLines(
        stripeId,
        { lines: row.items.map(({ description, amount }) => ({ description, amount })) },
        keyOf('invoice', row.invoiceId, 'lines'),
      );
    checkSum(row, invoice);
    invoice = await stripe.invoices.finalizeInvoice(
      stripeId,
      { auto_advance: false },
      keyOf('invoice', row.invoiceId, 'finalize'),
    );
  }
  const updated = await task.write((client) =>
    client.query<RawRow>({
      name: 'payment_invoice_finalized',
      text: `update payment_invoices set state = 'OPEN', number = $3, finalized_at = coalesce(finalized_at, now())
             where id = $1 and tenant_id = $2 and state = 'REQUESTED' returning *`,
      values: [row.id, row.tenantId, invoice.number ?? null],
    }),
  );
  // An event may have brought it further meanwhile.
  return updated.rows[0] ? mapRow(invoices, updated.rows[0]) : invoiceOf(parts, row.tenantId, row.invoiceId);
}

/** Nothing is finalized that is not what was asked for. @throws Error */
function checkSum(row: InvoiceRow, { total, currency }: Stripe.Invoice): void {
  if (total !== row.amount || currency.toUpperCase() !== row.currency)
    throw new SumDiffers(
      `the draft at Stripe comes to ${total} ${currency.toUpperCase()}, and ${row.amount} ${row.currency} were asked for`,
    );
}

class SumDiffers extends Error {}

async function send(parts: WorkParts, row: InvoiceRow, task: RunningTask): Promise<void> {
  const stripeId = row.stripeId ?? '';
  try {
    await clientOf(parts, task).invoices.sendInvoice(stripeId, {}, keyOf('invoice', row.invoiceId, 'send'));
  } catch (error) {
    const refusal = parts.stripe.refusalOf(error);
    if (!refusal) throw parts.stripe.asTrouble(error);
    await noteFailure(row, refusal, task);
  }
  await followInvoice(parts, stripeId, task);
}

async function charge(parts: WorkParts, row: InvoiceRow, number: number, task: RunningTask): Promise<void> {
  const stripeId = row.stripeId ?? '';
  if (row.charges < number)
    await task.write((client) =>
      client.query<object>({
        name: 'payment_invoice_charged',
        text: 'update payment_invoices set charges = greatest(charges, $3) where id = $1 and tenant_id = $2',
        values: [row.id, row.tenantId, number],
      }),
    );
  try {
    await clientOf(parts, task).invoices.pay(
      stripeId,
      { off_session: true },
      keyOf('invoice', row.invoiceId, `pay:${number}`),
    );
  } catch (error) {
    const refusal = parts.stripe.refusalOf(error);
    if (!refusal) throw parts.stripe.asTrouble(error);
    await noteFailure(row, refusal, task);
  }
  await followInvoice(parts, stripeId, task);
}

/** Stays open: the customer may have paid all the same, which is looked up behind this. */
async function noteFailure(row: InvoiceRow, { code, message }: Refusal, task: RunningTask): Promise<void> {
  await task.write((client) =>
    client.query<object>({
      name: 'payment_invoice_declined',
      text: `update payment_invoices set failure_code = $3, failure = $4 where id = $1 and tenant_id = $2 and state = 'OPEN'`,
      values: [row.id, row.tenantId, code, message],
    }),
  );
}

/** Nothing is owed: it was never finalized. @throws what is no refusal */
async function refused(parts: WorkParts, row: InvoiceRow, error: unknown, task: RunningTask): Promise<Done> {
  const refusal =
    error instanceof SumDiffers
      ? { code: 'sum_differs', message: error.message }
      : parts.stripe.refusalOf(error);
  if (!refusal) throw parts.stripe.asTrouble(error);
  const { rowCount } = await task.write((client) =>
    client.query<object>({
      name: 'payment_invoice_refused',
      text: `update payment_invoices set state = 'FAILED', failure_code = $3, failure = $4
             where id = $1 and tenant_id = $2 and state = 'REQUESTED'`,
      values: [row.id, row.tenantId, refusal.code, refusal.message],
    }),
  );
  if (rowCount === 0) throw new ServiceUnavailable('the invoice was changed meanwhile');
  return { id: row.invoiceId, status: 'FAILED' };
}
