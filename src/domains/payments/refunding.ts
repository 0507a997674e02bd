import type Stripe from 'stripe';
import { InvalidInput } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Done } from './billing.ts';
import { followRefund } from './following.ts';
import type { RefundReason, RefundRow } from './invoice-tables.ts';
import { refundById } from './reads.ts';
import { noRefund } from './refunds.ts';
import { clientOf, guardAgain, keyOf, OWN, type WorkParts } from './working.ts';

const REASONS = {
  DUPLICATE: 'duplicate',
  FRAUDULENT: 'fraudulent',
  REQUESTED_BY_CUSTOMER: 'requested_by_customer',
} as const satisfies Record<RefundReason, string>;

/**
 * Has money go back, once, however often it is begun.
 *
 * @throws NotFound, InvalidInput, ServiceUnavailable, the reason of the task's signal
 */
export async function refund(
  parts: WorkParts,
  { tenantId, refundId }: { readonly tenantId: string; readonly refundId: string },
  task: RunningTask,
): Promise<Done> {
  const row = await refundById(parts.db, tenantId, refundId);
  if (!row) throw noRefund(refundId, 'payload.refundId');
  if (row.state !== 'REQUESTED' && row.state !== 'SENT') return { id: refundId, status: row.state };
  guardAgain(parts, row);
  const intent = await intentOf(parts, row);
  try {
    const stripeId = row.stripeId ?? (await send(parts, row, intent, task));
    await followRefund(parts, stripeId, task);
  } catch (error) {
    const refusal = parts.stripe.refusalOf(error);
    if (!refusal) throw parts.stripe.asTrouble(error);
    await task.write((client) =>
      client.query<object>({
        name: 'payment_refund_refused',
        text: `update payment_refunds set state = 'FAILED', failure_code = $3, failure = $4, settled_at = now()
               where id = $1 and tenant_id = $2 and state = 'REQUESTED'`,
        values: [row.id, tenantId, refusal.code, refusal.message],
      }),
    );
  }
  const after = await refundById(parts.db, tenantId, refundId);
  return { id: refundId, status: after?.state ?? 'FAILED' };
}

async function intentOf({ db }: WorkParts, row: RefundRow): Promise<string> {
  const { rows } = await db.pool.query<{ intent: string | null }>({
    name: 'payment_intent_of_refund',
    text: 'select payment_intent as intent from payment_invoices where id = $1 and tenant_id = $2',
    values: [row.invoice, row.tenantId],
  });
  const intent = rows[0]?.intent;
  if (!intent) throw new InvalidInput('payload.refundId', 'its invoice was not paid through Stripe');
  return intent;
}

/** @returns `re_…` */
async function send(parts: WorkParts, row: RefundRow, intent: string, task: RunningTask): Promise<string> {
  const stripe = clientOf(parts, task);
  const made =
    (task.attempt > 1 ? await sentBefore(stripe, row, intent) : null) ??
    (await stripe.refunds.create(
      {
        payment_intent: intent,
        amount: row.amount,
        ...(row.reason && { reason: REASONS[row.reason] }),
        metadata: { [OWN.refund]: row.refundId, [OWN.tenant]: row.tenantId },
      },
      keyOf('refund', row.refundId, 'create'),
    ));
  await task.write((client) =>
    client.query<object>({
      name: 'payment_refund_sent',
      text: `update payment_refunds set stripe_id = $3, state = case when state = 'REQUESTED' then 'SENT' else state end
             where id = $1 and tenant_id = $2`,
      values: [row.id, row.tenantId, made.id],
    }),
  );
  return made.id;
}

/** What an earlier attempt sent, long ago enough for its key to be forgotten. */
async function sentBefore(stripe: Stripe, row: RefundRow, intent: string): Promise<Stripe.Refund | null> {
  for await (const found of stripe.refunds.list({ payment_intent: intent, limit: 100 }))
    if (found.metadata?.[OWN.refund] === row.refundId) return found;
  return null;
}
