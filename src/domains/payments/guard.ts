import type { PoolClient } from 'pg';
import { onlyRow } from '../../db/statements.ts';
import { AmountExceeded, InvalidInput, QuotaExceeded } from '../../errors.ts';
import { written } from './minor-units.ts';
import { amountProblem, inMinor } from './money.ts';

/** What may move, in whole units of each currency. */
export interface PaymentLimits {
  readonly perTransaction: number;
  /** Beyond, a second admin has to say yes. */
  readonly approvalAbove: number;
  /** Of a tenant, in UTC. */
  readonly perDay: number;
}

/** Money that is to move. */
export interface Movement {
  /** The input field that asks for it. */
  readonly field: string;
  readonly currency: string;
  /** In the smallest unit. */
  readonly amount: number;
}

/** What moves money for a tenant takes turns: two that are allowed alone may be too much together. */
export async function lockPayments(client: PoolClient, tenantId: string): Promise<void> {
  await client.query<object>({
    name: 'lock_payments',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['payments', tenantId])],
  });
}

/**
 * Looks whether money may move, under the lock of the tenant.
 *
 * @param except the row of it, if there is one already: it is not counted twice
 * @throws InvalidInput, AmountExceeded (of one transaction), QuotaExceeded (of the day)
 */
export async function checkMovement(
  client: PoolClient,
  tenantId: string,
  movement: Movement,
  limits: PaymentLimits,
  except: { readonly invoice?: number; readonly refund?: number } = {},
): Promise<void> {
  const { field, currency, amount } = movement;
  const problem = amountProblem(amount, currency);
  if (problem) throw new InvalidInput(field, problem);
  const limit = inMinor(limits.perTransaction, currency);
  if (amount > limit)
    throw new AmountExceeded(
      field,
      `one transaction may move ${written(limit, currency)} at the most (PAYMENTS_MAX_AMOUNT), not ${written(amount, currency)}`,
      { currency, amount, limit },
    );
  const { rows } = await client.query<{ sum: number; resets: Date }>({
    name: 'payments_of_day',
    text: `select (coalesce((select sum(amount) from payment_invoices where tenant_id = $1 and currency = $2 and id <> $3
               and state not in ('REJECTED', 'FAILED', 'VOID')
               and greatest(created_at, decided_at) >= date_trunc('day', now(), 'UTC')), 0)
             + coalesce((select sum(amount) from payment_refunds where tenant_id = $1 and currency = $2 and id <> $4
               and state not in ('REJECTED', 'FAILED', 'CANCELLED')
               and greatest(created_at, decided_at) >= date_trunc('day', now(), 'UTC')), 0))::float8 as sum,
             date_trunc('day', now(), 'UTC') + interval '1 day' as resets`,
    values: [tenantId, currency, except.invoice ?? 0, except.refund ?? 0],
  });
  const { sum, resets } = onlyRow({ rows });
  const ofDay = inMinor(limits.perDay, currency);
  if (sum + amount > ofDay)
    throw new QuotaExceeded(
      field,
      `a day may move ${written(ofDay, currency)} (PAYMENTS_PER_DAY); ${written(sum, currency)} of it are taken, and this is ${written(amount, currency)}`,
      resets,
    );
}

/** Whether a second admin has to say yes. */
export function needsApproval(
  { currency, amount }: Pick<Movement, 'currency' | 'amount'>,
  { approvalAbove }: PaymentLimits,
): boolean {
  return amount > inMinor(approvalAbove, currency);
}
