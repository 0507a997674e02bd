import type Stripe from 'stripe';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { noCustomer } from './customers.ts';
import type { PaymentLimits } from './guard.ts';
import { written } from './minor-units.ts';
import { inMinor } from './money.ts';
import { customerById, type SeenCustomer } from './reads.ts';
import type { StripeAccess } from './stripe.ts';

export interface WorkParts {
  readonly db: Database;
  readonly stripe: StripeAccess;
  readonly limits: PaymentLimits;
}

/**
 * By which Stripe knows that it was asked before: made of what is stored, never of when it is asked, so that an attempt that
 * takes over asks for the same thing.
 */
export const keyOf = (kind: string, id: string, step: string) => ({
  idempotencyKey: `echo:${kind}:${id}:${step}`,
});

/** What objects of Stripe say of whose they are. */
export const OWN = {
  tenant: 'echo_tenant',
  customer: 'echo_customer',
  invoice: 'echo_invoice',
  refund: 'echo_refund',
};

/** Stripe, while a task runs. */
export function clientOf({ stripe }: WorkParts, task: Pick<RunningTask, 'signal'>): Stripe {
  return stripe.client(task.signal);
}

/** The last look, whatever is stored. @throws InvalidInput */
export function guardAgain(
  { limits }: WorkParts,
  { amount, currency }: { readonly amount: number; readonly currency: string },
): void {
  const limit = inMinor(limits.perTransaction, currency);
  if (amount > limit)
    throw new InvalidInput(
      'amount',
      `one transaction may move ${written(limit, currency)} at the most (PAYMENTS_MAX_AMOUNT), not ${written(amount, currency)}`,
    );
}

/**
 * Lets Stripe know a customer, as they are now. Asked again, it finds them.
 *
 * @returns `cus_…`
 * @throws NotFound, InvalidInput (who they were is erased), ServiceUnavailable
 */
export async function customerAtStripe(
  parts: WorkParts,
  tenantId: string,
  customerId: string,
  task: RunningTask,
): Promise<string> {
  const customer = await customerById(parts.db, tenantId, customerId);
  if (!customer) throw noCustomer(customerId, 'payload.customerId');
  if (customer.stripeId !== null && customer.sentVersion >= customer.version) return customer.stripeId;
  if (customer.name === null) throw new InvalidInput('payload.customerId', 'who the customer was is erased');
  try {
    const stripeId = customer.stripeId ?? (await createAtStripe(parts, customer, task));
    // Before Stripe hears who it is: what nobody knows of here, an erasure would leave there.
    await keep(customer, stripeId, customer.sentVersion, task);
    // What they are called is no part of the first request: asked again, it must be the same.
    await updateAtStripe(parts, customer, stripeId, task);
    await keep(customer, stripeId, customer.version, task);
    return stripeId;
  } catch (error) {
    const refusal = parts.stripe.refusalOf(error);
    // Without its words, which repeat addresses: the errors of tasks stay behind an erasure.
    if (refusal) throw new InvalidInput('payload.customerId', `Stripe: ${refusal.code}${refusal.about}`);
    throw parts.stripe.asTrouble(error);
  }
}

/** @param version that Stripe has @throws InvalidInput where it was forgotten meanwhile */
async function keep(
  { id, tenantId }: SeenCustomer,
  stripeId: string,
  version: number,
  task: RunningTask,
): Promise<void> {
  const { rowCount } = await task.write((client) =>
    client.query<object>({
      name: 'payment_customer_at_stripe',
      text: `update payment_customers set stripe_id = $3, state = 'ACTIVE', sent_version = greatest(sent_version, $4)
             where id = $1 and tenant_id = $2 and state <> 'FORGOTTEN'`,
      values: [id, tenantId, stripeId, version],
    }),
  );
  if (rowCount === 0) throw new InvalidInput('payload.customerId', 'who the customer was is erased');
}

async function createAtStripe(parts: WorkParts, customer: SeenCustomer, task: RunningTask): Promise<string> {
  const stripe = clientOf(parts, task);
  const since = Math.floor(customer.createdAt.getTime() / 1_000) - 300;
  // Beyond a day Stripe has forgotten the key; the attempts before may have come as far as that.
  if (task.attempt > 1)
    for await (const found of stripe.customers.list({ created: { gte: since }, limit: 100 }))
      if (found.metadata[OWN.customer] === customer.customerId) return found.id;
  const { customerId, tenantId } = customer;
  const made = await stripe.customers.create(
    { metadata: { [OWN.customer]: customerId, [OWN.tenant]: tenantId } },
    keyOf('customer', customerId, 'create'),
  );
  return made.id;
}

async function updateAtStripe(
  parts: WorkParts,
  { name, email, customerId, version }: SeenCustomer,
  stripeId: string,
  task: RunningTask,
): Promise<void> {
  await clientOf(parts, task).customers.update(
    stripeId,
    { name: name ?? '', email: email ?? '' },
    keyOf('customer', customerId, `update:${version}`),
  );
}
