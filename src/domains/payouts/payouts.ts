import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { partyId } from '../partners/limits.ts';
import { payoutsOf, type SeenPayout } from './reads.ts';
import { sharesOf } from './shares.ts';

export interface PayoutServices {
  readonly db: Database;
  readonly config: { readonly payouts: { readonly holdDays: number; readonly approvalAbove: number } };
}

const DAY_MS = 86_400_000;

/** What a partner is called. */
export const partnerId = partyId;
export const month = z.string({ error: 'must be text' }).regex(/^20\d\d-(?:0[1-9]|1[0-2])$/, {
  error: 'must be a month, such as 2026-11',
});

/**
 * Makes the drafts of a month anew, one for each partner and currency; what is approved, or waits for a second admin, stays.
 *
 * @throws Forbidden, InvalidInput (the month is not over)
 */
export async function makePayoutReports(
  services: PayoutServices,
  principal: Principal,
  given: string,
): Promise<SeenPayout[]> {
  requireAdmin(principal);
  const wanted = input.parseInput(month, given, 'month');
  if (endOf(wanted) > new Date())
    throw new InvalidInput(
      'month',
      `must be over; ${wanted} is on ${endOf(wanted).toISOString().slice(0, 10)}`,
    );
  const { tenantId } = principal;
  return services.db.transaction(async (client) => {
    await makeDrafts(client, services.config.payouts.holdDays, tenantId, wanted);
    return payoutsOf({ pool: client }, tenantId, wanted);
  });
}

/** Reports of a tenant are made and decided one after the other; whoever locks one of them has locked this before. */
export async function lockPayouts(client: PoolClient, tenantId: string): Promise<void> {
  await client.query<object>({
    name: 'lock_payouts',
    text: `select pg_advisory_xact_lock(hashtextextended('payouts ' || $1, 0))`,
    values: [tenantId],
  });
}

/** The drafts of all partners of a tenant, in the transaction of `client`. @param of null: of all partners */
export async function makeDrafts(
  client: PoolClient,
  holdDays: number,
  tenantId: string,
  wanted: string,
  of: { readonly partner: number; readonly currency: string } | null = null,
): Promise<void> {
  await lockPayouts(client, tenantId);
  const { rows: partners } = await client.query<{ partner: number; rate: number; currency: string }>({
    name: 'partners_to_pay',
    // Also those whose draft holds what went back meanwhile.
    text: `select distinct p.id as partner, p.rate, l.currency
           from business_parties c join business_parties p on p.id = c.partner and p.tenant_id = c.tenant_id
           join payment_ledger l on l.client_id = c.party_id and l.tenant_id = c.tenant_id
           where c.tenant_id = $1 and c.kind = 'CLIENT' and ($2::int is null or p.id = $2 and l.currency = $3)
           order by 1, 3`,
    values: [tenantId, of?.partner ?? null, of?.currency ?? null],
  });
  const heldFrom = new Date(Date.now() - holdDays * DAY_MS);
  for (const { partner, rate, currency } of partners)
    await makeDraft(client, { tenantId, partner, month: wanted, currency, rate, heldFrom });
}

interface Draft {
  readonly tenantId: string;
  readonly partner: number;
  readonly month: string;
  readonly currency: string;
  readonly rate: number;
  /** What was paid from then on is held. */
  readonly heldFrom: Date;
}

async function makeDraft(client: PoolClient, draft: Draft): Promise<void> {
  const { tenantId, partner, currency, rate } = draft;
  const { rows: known } = await client.query<{ id: number; state: string }>({
    name: 'lock_payout',
    text: `select id, state from payout_reports where tenant_id = $1 and partner = $2 and month = $3 and currency = $4 for update`,
    values: [tenantId, partner, draft.month, currency],
  });
  const [before] = known;
  if (before && !['DRAFT', 'REJECTED'].includes(before.state)) return;
  if (before)
    await client.query({
      name: 'clear_payout',
      text: 'delete from payout_entries where report = $1 and tenant_id = $2',
      values: [before.id, tenantId],
    });
  const bookings = await bookingsOf(client, draft);
  const held = await heldOf(client, draft);
  // A month of which there is nothing to say has no report.
  if (!before && bookings.length === 0 && held === 0) return;
  const shares = sharesOf(
    bookings.map(({ amount }) => amount),
    rate,
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
  const { rows } = await client.query<{ id: number }>({
    name: 'store_payout',
    text: `insert into payout_reports (payout_id, tenant_id, partner, month, currency, rate, base, held, amount)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (tenant_id, partner, month, currency) do update set rate = excluded.rate, base = excluded.base,
             held = excluded.held, amount = excluded.amount, state = 'DRAFT', made_at = now()
           returning id`,
    values: [
      ...[randomUUID(), tenantId, partner, draft.month, currency, rate],
      ...[sum(bookings.map(({ amount }) => amount)), held, sum(shares)],
    ],
  });
  await client.query({
    name: 'insert_payout_entries',
    text: `insert into payout_entries (tenant_id, report, ledger, client_id, amount, share)
           select $1, $2, e.id, e."clientId", e.amount, e.share
           from json_to_recordset($3) as e(id int, "clientId" text, amount bigint, share bigint)`,
    values: [
      tenantId,
      rows[0]?.id,
      JSON.stringify(bookings.map((booking, at) => ({ ...booking, share: shares[at] }))),
    ],
  });
}

interface Booking {
  readonly id: number;
  readonly clientId: string;
  readonly amount: number;
}

/** SQL: bookings of a partner's clients in a currency that no report counts; what clients paid before they were brought is not the partner's. */
const OPEN = `payment_ledger l join business_parties c on c.party_id = l.client_id and c.tenant_id = l.tenant_id
  and c.kind = 'CLIENT' and c.partner = $2
  where l.tenant_id = $1 and l.currency = $3 and (l.kind <> 'PAYMENT' or l.occurred_at >= c.referred_at)
    and not exists (select from payout_entries e where e.ledger = l.id and e.tenant_id = l.tenant_id)`;

/**
 * What was paid until the end of the month, and not too lately; and what went back of that, or of what an earlier report counts,
 * whenever it did.
 */
async function bookingsOf(client: PoolClient, draft: Draft): Promise<Booking[]> {
  const { rows } = await client.query<Booking>({
    name: 'bookings_to_pay',
    text: `with paid as (
             select l.id, l.client_id as "clientId", l.amount::float8 as amount, l.invoice, l.occurred_at from ${OPEN}
               and l.kind = 'PAYMENT' and l.occurred_at < $4 and l.occurred_at < $5)
           select id, "clientId", amount from (
             select id, "clientId", amount, occurred_at from paid
             union all
             select l.id, l.client_id, l.amount::float8, l.occurred_at from ${OPEN}
               and l.kind <> 'PAYMENT' and (l.invoice in (select invoice from paid) or exists (
                 select from payout_entries e join payment_ledger b on b.id = e.ledger and b.tenant_id = e.tenant_id
                 where b.invoice = l.invoice and b.kind = 'PAYMENT' and e.tenant_id = l.tenant_id))) all_of_it
           order by "clientId", occurred_at, id`,
    values: [draft.tenantId, draft.partner, draft.currency, endOf(draft.month), draft.heldFrom],
  });
  return rows;
}

async function heldOf(client: PoolClient, draft: Draft): Promise<number> {
  const { rows } = await client.query<{ held: number }>({
    name: 'bookings_held',
    text: `select coalesce(sum(l.amount), 0)::float8 as held from ${OPEN}
             and l.kind = 'PAYMENT' and l.occurred_at < $4 and l.occurred_at >= $5`,
    values: [draft.tenantId, draft.partner, draft.currency, endOf(draft.month), draft.heldFrom],
  });
  return rows[0]?.held ?? 0;
}

/** The instant at which a month is over, in UTC. */
export function endOf(wanted: string): Date {
  const [year, number] = wanted.split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, number ?? 0, 1));
}
