import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import { onlyRow } from '../../db/statements.ts';
import { IdempotencyKeyReused, NotFound, StatusMoveRefused } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { keyedId } from '../../ground/keyed-id.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { lockPayments } from './guard.ts';
import { KEEP_CUSTOMER } from './job-names.ts';
import * as limits from './limits.ts';
import { customerById, type SeenCustomer } from './reads.ts';
import { configured, enqueuePayment, type PaymentServices, wake } from './services.ts';

const NewCustomer = z.object({
  name: limits.name,
  email: limits.email.nullish(),
  userId: input.userId.nullish(),
  clientId: limits.clientId.nullish(),
  idempotencyKey: input.idempotencyKey.nullish(),
});
const Change = z.object({
  customerId: limits.id,
  name: limits.name.nullish(),
  email: limits.email.nullish(),
});

/**
 * Takes down who is to be billed, and has Stripe know them. The same key with the same content gives the customer that was
 * made first.
 *
 * @throws Forbidden, NotConfigured, InvalidInput, IdempotencyKeyReused
 */
export async function createCustomer(
  services: PaymentServices,
  principal: Principal,
  given: z.input<typeof NewCustomer>,
): Promise<SeenCustomer> {
  requireAdmin(principal);
  const { tenantId } = principal;
  const asked = input.parseInput(NewCustomer, given);
  configured(services);
  const { idempotencyKey: key } = asked;
  const wanted = {
    name: asked.name,
    email: asked.email ?? null,
    userId: asked.userId ?? null,
    clientId: asked.clientId ?? null,
  };
  const customerId = key == null ? randomUUID() : keyedId('payment_customer', tenantId, key);
  await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const known = await customerById({ pool: client }, tenantId, customerId);
    if (known) {
      if (Object.entries(wanted).some(([field, value]) => known[field as keyof typeof wanted] !== value))
        throw new IdempotencyKeyReused('idempotencyKey');
      return;
    }
    await insertCustomer(client, principal, customerId, wanted);
    await keepAtStripe(client, services, tenantId, customerId);
  });
  wake(services);
  return seenCustomer(services, tenantId, customerId);
}

/** Changes who a customer is; Stripe is told. @throws Forbidden, NotConfigured, InvalidInput, NotFound, StatusMoveRefused (erased) */
export async function updateCustomer(
  services: PaymentServices,
  principal: Principal,
  given: z.input<typeof Change>,
): Promise<SeenCustomer> {
  requireAdmin(principal);
  const { tenantId } = principal;
  const { customerId, name, email } = input.parseInput(Change, given);
  configured(services);
  await services.db.transaction(async (client) => {
    await lockPayments(client, tenantId);
    const known = await customerById({ pool: client }, tenantId, customerId);
    if (!known) throw noCustomer(customerId, 'customerId');
    checkKnown(known, 'customerId');
    await client.query<object>({
      name: 'update_payment_person',
      text: `with changed as (update payment_people set name = coalesce($3, name), email = case when $5::boolean then $4 else email end,
               updated_at = now() where customer = $1 and tenant_id = $2 returning user_id)
             select echo_audit($2, user_id, 'customer.update', $6, 'OK', null, echo_audit_teller()) from changed`,
      values: [known.id, tenantId, name ?? null, email ?? null, email !== undefined, customerId],
    });
    await client.query<object>({
      name: 'update_payment_customer',
      text: 'update payment_customers set version = version + 1 where id = $1 and tenant_id = $2',
      values: [known.id, tenantId],
    });
    await keepAtStripe(client, services, tenantId, customerId);
  });
  wake(services);
  return seenCustomer(services, tenantId, customerId);
}

export function noCustomer(id: string, field: string): NotFound {
  return new NotFound(field, `there is no customer "${id.slice(0, 100)}"`);
}

/** @throws StatusMoveRefused where nobody knows any more who it was */
export function checkKnown({ state, name }: SeenCustomer, field: string): void {
  if (state === 'FORGOTTEN' || name === null)
    throw new StatusMoveRefused(field, { from: 'FORGOTTEN', to: 'ACTIVE', allowed: [] });
}

async function insertCustomer(
  client: PoolClient,
  { tenantId, userId: by }: Principal,
  customerId: string,
  wanted: { name: string; email: string | null; userId: string | null; clientId: string | null },
): Promise<void> {
  const { rows } = await client.query<{ id: number }>({
    name: 'insert_payment_customer',
    text: `insert into payment_customers (tenant_id, customer_id, client_id, created_by) values ($1, $2, $3, $4) returning id`,
    values: [tenantId, customerId, wanted.clientId, by],
  });
  await client.query<object>({
    name: 'insert_payment_person',
    text: `with made as (insert into payment_people (customer, tenant_id, user_id, name, email) values ($1, $2, $3, $4, $5)
             returning user_id)
           select echo_audit($2, user_id, 'customer.create', $6, 'OK', null, echo_audit_teller()) from made`,
    values: [onlyRow({ rows }).id, tenantId, wanted.userId, wanted.name, wanted.email, customerId],
  });
}

async function keepAtStripe(
  client: PoolClient,
  services: PaymentServices,
  tenantId: string,
  customerId: string,
): Promise<void> {
  const title = 'Let Stripe know a customer';
  await enqueuePayment(client, services, { job: KEEP_CUSTOMER, title, payload: { tenantId, customerId } });
}

async function seenCustomer({ db }: PaymentServices, tenantId: string, id: string): Promise<SeenCustomer> {
  const customer = await customerById(db, tenantId, id);
  if (!customer) throw noCustomer(id, 'customerId');
  return customer;
}
