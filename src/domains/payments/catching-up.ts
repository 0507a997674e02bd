import type { RunningTask } from '../../jobs/job.ts';
import { followDispute } from './disputes.ts';
import { EVENT_TYPES, isDisputeId, isInvoiceId, isRefundId, noteEvent, objectOf } from './events.ts';
import { followInvoice, followRefund } from './following.ts';
import { clientOf, type WorkParts } from './working.ts';

/** Seconds of an hour. */
const HOUR_S = 3_600;
/** Customers that are forgotten, and bookings that are looked for, in one run. */
const MOST = 500;

/** What catching up found. */
export interface CaughtUp {
  /** Events that nobody had told. */
  readonly events: number;
  /** Events of what the key has no right to read: they are looked up once it has. */
  readonly unread: number;
  /** Payments and refunds that were booked late. */
  readonly booked: number;
  /** Customers whose name was erased here, and is now at Stripe, too. */
  readonly forgotten: number;
}

/** Looks up an invoice, a refund or a dispute by its id at Stripe. @returns false where it is none of ours */
export async function follow(parts: WorkParts, stripeId: string, task: RunningTask): Promise<boolean> {
  if (isInvoiceId(stripeId)) return followInvoice(parts, stripeId, task);
  if (isRefundId(stripeId)) return followRefund(parts, stripeId, task);
  return isDisputeId(stripeId) && followDispute(parts, stripeId, task);
}

/**
 * Looks for what Stripe tried to tell and nobody heard, for money that was booked after all, and has Stripe forget who was erased.
 *
 * @param hours so far back
 */
export async function catchUp(parts: WorkParts, hours: number, task: RunningTask): Promise<CaughtUp> {
  const stripe = clientOf(parts, task);
  const since = Math.floor(Date.now() / 1_000) - hours * HOUR_S;
  const known = await knownSince(parts, since);
  const followed = new Set<string>();
  let [events, unread, readsDisputes] = [0, 0, true];
  try {
    for await (const event of stripe.events.list({
      types: EVENT_TYPES,
      created: { gte: since },
      limit: 100,
    })) {
      if (known.has(event.id)) continue;
      const objectId = objectOf(event);
      // As it is now, whatever was told of it: once is enough.
      if (objectId !== null && !followed.has(objectId)) {
        // A key that may not read one dispute may read none; of an invoice or a refund it says nothing of others.
        const isDispute = isDisputeId(objectId);
        if ((isDispute && !readsDisputes) || !(await isRead(parts, objectId, task))) {
          if (isDispute) readsDisputes = false;
          unread++;
          continue;
        }
        followed.add(objectId);
      }
      await task.write((client) => noteEvent(client, event, { objectId, caughtUp: true }));
      events++;
    }
    return { events, unread, booked: await bookLate(parts, task), forgotten: await forget(parts, task) };
  } catch (error) {
    throw parts.stripe.asTrouble(error);
  }
}

/** @returns false where the key has no right to read it, which stops nothing else */
async function isRead(parts: WorkParts, stripeId: string, task: RunningTask): Promise<boolean> {
  try {
    await follow(parts, stripeId, task);
    return true;
  } catch (error) {
    if (parts.stripe.isForbidden(error)) return false;
    throw error;
  }
}

/** Ids of events that were told or caught up with, in one look. @param since seconds */
async function knownSince({ db }: WorkParts, since: number): Promise<ReadonlySet<string>> {
  const { rows } = await db.pool.query<{ id: string }>({
    name: 'payment_events_known',
    text: 'select event_id as id from payment_events where created_at >= to_timestamp($1)',
    values: [since],
  });
  return new Set(rows.map(({ id }) => id));
}

/** Some ways of payment are booked days after they were made. */
async function bookLate(parts: WorkParts, task: RunningTask): Promise<number> {
  const { rows } = await parts.db.pool.query<{ stripeId: string }>({
    name: 'payments_not_booked',
    text: `select i.stripe_id as "stripeId" from payment_invoices i
             where i.state = 'PAID' and i.payment_intent is not null and i.stripe_id is not null
               and i.paid_at > now() - interval '40 days'
               and not exists (select from payment_ledger l where l.invoice = i.id and l.kind = 'PAYMENT')
           union all
           select r.stripe_id from payment_refunds r
             where r.state in ('SENT', 'SUCCEEDED') and r.stripe_id is not null and r.created_at > now() - interval '40 days'
               and (r.state = 'SENT' or not exists (select from payment_ledger l where l.refund = r.id and l.kind = 'REFUND'))
           limit ${MOST}`,
  });
  let booked = 0;
  for (const { stripeId } of rows) if (await isRead(parts, stripeId, task)) booked++;
  return booked;
}

/** Who was erased here, and owes nothing any more, is forgotten there. */
async function forget(parts: WorkParts, task: RunningTask): Promise<number> {
  const stripe = clientOf(parts, task);
  const { rows } = await parts.db.pool.query<{ id: number; tenantId: string; stripeId: string | null }>({
    name: 'payment_customers_to_forget',
    text: `select c.id, c.tenant_id as "tenantId", c.stripe_id as "stripeId" from payment_customers c
           where c.state <> 'FORGOTTEN' and not exists (select from payment_people p where p.customer = c.id)
             and not exists (select from payment_invoices i where i.customer = c.id and i.state in ('WAITING', 'REQUESTED', 'OPEN'))
             and not exists (select from payment_refunds r join payment_invoices i on i.id = r.invoice
               where i.customer = c.id and r.state in ('WAITING', 'REQUESTED', 'SENT'))
           order by c.id limit ${MOST}`,
  });
  for (const { id, tenantId, stripeId } of rows) {
    try {
      if (stripeId !== null) await stripe.customers.del(stripeId);
    } catch (error) {
      if (!parts.stripe.isMissing(error)) throw error;
    }
    await task.write((client) =>
      client.query<object>({
        name: 'forget_payment_customer',
        text: `update payment_customers set state = 'FORGOTTEN', stripe_id = null where id = $1 and tenant_id = $2`,
        values: [id, tenantId],
      }),
    );
  }
  return rows.length;
}
