import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { type PayoutRow, payoutReports } from './tables.ts';

type Reader = { readonly pool: Pick<Database['pool'] | PoolClient, 'query'> };

/** A report, and whose it is by their id. */
export type SeenPayout = PayoutRow & { readonly partnerId: string };

/** What a client brought in a report. */
export interface PayoutLine {
  readonly clientId: string;
  readonly bookings: number;
  readonly base: number;
  readonly amount: number;
}

const SEEN = `select r.*, p.party_id as seen_partner from payout_reports r
  join business_parties p on p.id = r.partner and p.tenant_id = r.tenant_id`;

function seen(row: RawRow): SeenPayout {
  return { ...mapRow(payoutReports, row), partnerId: String(row.seen_partner) };
}

/** All reports of a month. */
export async function payoutsOf({ pool }: Reader, tenantId: string, month: string): Promise<SeenPayout[]> {
  const { rows } = await (pool as Database['pool']).query<RawRow>({
    name: 'payouts_of_month',
    text: `${SEEN} where r.tenant_id = $1 and r.month = $2 order by r.id`,
    values: [tenantId, month],
  });
  return rows.map(seen);
}

/** One report, which nobody else changes before the end of the transaction. */
export async function lockedPayout(
  client: PoolClient,
  tenantId: string,
  payoutId: string,
): Promise<SeenPayout | null> {
  const { rows } = await client.query<RawRow>({
    name: 'payout_to_decide',
    text: `${SEEN} where r.payout_id = $1 and r.tenant_id = $2 for update of r`,
    values: [payoutId, tenantId],
  });
  return rows[0] ? seen(rows[0]) : null;
}

/** Reports of a tenant, the one that was made first last. */
export async function payoutPage(
  { pool }: Reader,
  { tenantId, partner, month }: { tenantId: string; partner: string | null; month: string | null },
  page: Page<number>,
): Promise<SeenPayout[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await (pool as Database['pool']).query<RawRow>({
    name: `payout_page_${direction}`,
    text: `${SEEN} where r.tenant_id = $1 and ($2::text is null or p.party_id = $2) and ($3::text is null or r.month = $3)
             and r.id < $4 and r.id > $5 order by r.id ${direction} limit $6`,
    values: [tenantId, partner, month, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map(seen);
}

/** What clients brought, for reports in their order. */
export async function linesOf(
  { pool }: Reader,
  tenantId: string,
  reports: readonly number[],
): Promise<PayoutLine[][]> {
  const { rows } = await (pool as Database['pool']).query<PayoutLine & { report: number }>({
    name: 'payout_lines',
    text: `select report, client_id as "clientId", count(*)::int as bookings, sum(amount)::float8 as base, sum(share)::float8 as amount
           from payout_entries where tenant_id = $1 and report = any($2) group by report, client_id order by client_id`,
    values: [tenantId, reports],
  });
  return reports.map((id) => rows.filter(({ report }) => report === id));
}
