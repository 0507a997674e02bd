import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { InvalidInput, NotConfigured } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { FOLLOW } from './job-names.ts';
import { MAX_TENANT } from './limits.ts';
import { enqueuePayment, type PaymentServices, wake } from './services.ts';
import type { StripeAccess } from './stripe.ts';
import { OWN } from './working.ts';

export type EventServices = PaymentServices & { readonly stripe: StripeAccess | null };

/** The end of the year 9999. */
const MAX_SECONDS = 253_402_300_799;

/** Of what is told, all that changes something here. */
export const EVENT_TYPES = [
  ...['invoice.finalized', 'invoice.paid', 'invoice.payment_failed', 'invoice.voided', 'invoice.updated'],
  ...['invoice.marked_uncollectible', 'refund.created', 'refund.updated', 'refund.failed'],
  ...['charge.dispute.created', 'charge.dispute.updated', 'charge.dispute.closed'],
  ...['charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated'],
];

/** What is read of an event. */
const Shape = z.object({
  id: input.text(255),
  type: input.text(255),
  created: z.int().min(0).max(MAX_SECONDS),
  livemode: z.boolean(),
  data: z.object({ object: z.looseObject({}) }),
});

/**
 * Takes what Stripe tells, once each. What it is of is looked up by a task, so that neither its order nor its age matters.
 *
 * @param raw the body, byte by byte as it came
 * @returns whether it was new
 * @throws InvalidInput (not signed by Stripe, too old, of another account or mode), NotConfigured
 */
export async function takeEvent(services: EventServices, raw: string, signature: string): Promise<boolean> {
  const { stripe, db } = services;
  if (stripe === null) throw new NotConfigured('STRIPE_API_KEY', 'no payments are configured');
  const event = stripe.event(raw, signature);
  if (event === null) throw new InvalidInput('stripe-signature', 'is not that of this body, or is too old');
  const problem = Shape.safeParse(event).error?.issues[0];
  if (problem)
    throw new InvalidInput(
      problem.path.join('.') || 'body',
      'is not as in an event of Stripe that carries its object',
    );
  if (event.livemode !== stripe.isLive)
    throw new InvalidInput('livemode', `must be ${stripe.isLive}, as that of the key`);
  if (event.account && event.account !== stripe.account)
    throw new InvalidInput('account', 'must be the one of STRIPE_ACCOUNT');
  const isNew = await db.transaction(async (client) => {
    const objectId = objectOf(event);
    if (!(await noteEvent(client, event, { objectId, caughtUp: false }))) return false;
    if (objectId !== null && EVENT_TYPES.includes(event.type))
      await enqueuePayment(client, services, {
        ...{ job: FOLLOW, title: 'Look up what Stripe told of' },
        payload: { stripeId: objectId, ...tenantOf(event) },
      });
    return true;
  });
  if (isNew) wake(services);
  return isNew;
}

/** @returns whether nobody had told it yet */
export async function noteEvent(
  client: PoolClient,
  { id, type, created }: Pick<Stripe.Event, 'id' | 'type' | 'created'>,
  { objectId, caughtUp }: { readonly objectId: string | null; readonly caughtUp: boolean },
): Promise<boolean> {
  const { rowCount } = await client.query<object>({
    name: 'note_payment_event',
    text: `insert into payment_events (event_id, type, object_id, created_at, caught_up) values ($1, $2, $3, to_timestamp($4), $5)
           on conflict (event_id) do nothing`,
    values: [id, type, objectId, created, caughtUp],
  });
  return rowCount === 1;
}

/** Whose it says that it is: nobody else sees the task. */
function tenantOf({ data }: Pick<Stripe.Event, 'data'>): { tenantId?: string } {
  const { metadata } = data.object as { readonly metadata?: Readonly<Record<string, string>> | null };
  const { success, data: tenantId } = input.text(MAX_TENANT).safeParse(metadata?.[OWN.tenant]);
  return success ? { tenantId } : {};
}

/** What an event is of; null: nothing that has an id. */
export function objectOf({ data }: Pick<Stripe.Event, 'data'>): string | null {
  const { id } = data.object as { readonly id?: unknown };
  return typeof id === 'string' && /^[a-z]+_[A-Za-z0-9]{1,250}$/.test(id) ? id : null;
}

export function isInvoiceId(stripeId: string): boolean {
  return stripeId.startsWith('in_');
}

/** `re_…`, or `pyr_…` of what was not paid by a card. */
export function isRefundId(stripeId: string): boolean {
  return /^(?:re|pyr)_/.test(stripeId);
}

/** `du_…`, or `dp_…` of older ones. */
export function isDisputeId(stripeId: string): boolean {
  return /^(?:du|dp)_/.test(stripeId);
}
