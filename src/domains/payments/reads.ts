import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { type DisputeRow, disputes, UNANSWERED } from './dispute-tables.ts';
import { type InvoiceRow, type InvoiceState, invoices, type RefundRow, refunds } from './invoice-tables.ts';
import { type DifferenceRow, differences, type LedgerRow, ledger } from './ledger-tables.ts';
import { type CustomerRow, customers } from './tables.ts';

export type Reader = Pick<Database, 'pool'> | { readonly pool: Pick<PoolClient, 'query'> };

const LARGEST = 2_147_483_647;

/** A customer with who it is; all null: that was erased. */
export type SeenCustomer = CustomerRow & {
  readonly name: string | null;
  readonly email: string | null;
  readonly userId: string | null;
};

const SEEN = `c.*, p.name as person_name, p.email as person_email, p.user_id as person_user
  from payment_customers c left join payment_people p on p.customer = c.id and p.tenant_id = c.tenant_id`;

/** A customer of a tenant; null: there is none. */
export async function customerById(
  { pool }: Reader,
  tenantId: string,
  customerId: string,
): Promise<SeenCustomer | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_customer_by_id',
    text: `select ${SEEN} where c.tenant_id = $1 and c.customer_id = $2`,
    values: [tenantId, customerId],
  });
  return rows[0] ? seenCustomer(rows[0]) : null;
}

/** Customers by the numbers of their rows. */
export async function customersOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<(SeenCustomer | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_customers_of',
    text: `select ${SEEN} where c.tenant_id = $1 and c.id = any($2::int[])`,
    values: [tenantId, numbers],
  });
  const found = new Map(rows.map((row) => [row.id, seenCustomer(row)]));
  return numbers.map((number) => found.get(number) ?? null);
}

/** A tenant's customers, the latest first. */
export async function customerPage(
  { pool }: Reader,
  tenantId: string,
  { after, before, limit, inverted }: Page<number>,
): Promise<SeenCustomer[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `payment_customer_page_${order}`,
    text: `select ${SEEN} where c.tenant_id = $1 and c.id < $2 and c.id > $3 order by c.id ${order} limit $4`,
    values: [tenantId, after ?? LARGEST, before ?? 0, limit],
  });
  return rows.map(seenCustomer);
}

/** An invoice of a tenant; null: there is none. */
export async function invoiceById(
  { pool }: Reader,
  tenantId: string,
  invoiceId: string,
): Promise<InvoiceRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_invoice_by_id',
    text: 'select * from payment_invoices where tenant_id = $1 and invoice_id = $2',
    values: [tenantId, invoiceId],
  });
  return rows[0] ? mapRow(invoices, rows[0]) : null;
}

/** A tenant's invoices, the latest first. @param state absent: of any */
export async function invoicePage(
  { pool }: Reader,
  tenantId: string,
  { state, customer }: { readonly state: InvoiceState | null; readonly customer: number | null },
  { after, before, limit, inverted }: Page<number>,
): Promise<InvoiceRow[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `payment_invoice_page_${order}`,
    text: `select * from payment_invoices where tenant_id = $1 and id < $2 and id > $3 and ($4::text is null or state = $4)
             and ($5::int is null or customer = $5) order by id ${order} limit $6`,
    values: [tenantId, after ?? LARGEST, before ?? 0, state, customer, limit],
  });
  return rows.map((row) => mapRow(invoices, row));
}

/** Invoices by the numbers of their rows. */
export async function invoicesOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<(InvoiceRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_invoices_of',
    text: 'select * from payment_invoices where tenant_id = $1 and id = any($2::int[])',
    values: [tenantId, numbers],
  });
  const found = new Map(rows.map((row) => [row.id, mapRow(invoices, row)]));
  return numbers.map((number) => found.get(number) ?? null);
}

/** A refund of a tenant; null: there is none. */
export async function refundById(
  { pool }: Reader,
  tenantId: string,
  refundId: string,
): Promise<RefundRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_refund_by_id',
    text: 'select * from payment_refunds where tenant_id = $1 and refund_id = $2',
    values: [tenantId, refundId],
  });
  return rows[0] ? mapRow(refunds, rows[0]) : null;
}

/** Refunds by the numbers of their invoices' rows, the first first. */
export async function refundsOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<RefundRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_refunds_of',
    text: 'select * from payment_refunds where tenant_id = $1 and invoice = any($2::int[]) order by invoice, id',
    values: [tenantId, numbers],
  });
  const byInvoice = Map.groupBy(
    rows.map((row) => mapRow(refunds, row)),
    ({ invoice }) => invoice,
  );
  return numbers.map((number) => byInvoice.get(number) ?? []);
}

/** Disputes by the numbers of their invoices' rows, the first first. */
export async function disputesOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<DisputeRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'payment_disputes_of',
    text: 'select * from payment_disputes where tenant_id = $1 and invoice = any($2::int[]) order by invoice, id',
    values: [tenantId, numbers],
  });
  const byInvoice = Map.groupBy(
    rows.map((row) => mapRow(disputes, row)),
    ({ invoice }) => invoice,
  );
  return numbers.map((number) => byInvoice.get(number) ?? []);
}

/** A tenant's disputes, the latest first. @param isOpen only those that wait for evidence */
export async function disputePage(
  { pool }: Reader,
  tenantId: string,
  isOpen: boolean,
  { after, before, limit, inverted }: Page<number>,
): Promise<DisputeRow[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `payment_dispute_page_${order}`,
    text: `select * from payment_disputes where tenant_id = $1 and id < $2 and id > $3
             and (not $4::boolean or state = any($5::text[])) order by id ${order} limit $6`,
    values: [tenantId, after ?? LARGEST, before ?? 0, isOpen, UNANSWERED, limit],
  });
  return rows.map((row) => mapRow(disputes, row));
}

/** What was booked, the latest first. */
export async function ledgerPage(
  { pool }: Reader,
  tenantId: string,
  { after, before, limit, inverted }: Page<number>,
): Promise<LedgerRow[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `payment_ledger_page_${order}`,
    text: `select * from payment_ledger where tenant_id = $1 and id < $2 and id > $3 order by id ${order} limit $4`,
    values: [tenantId, after ?? LARGEST, before ?? 0, limit],
  });
  return rows.map((row) => mapRow(ledger, row));
}

/** Where our books and those of Stripe differ, the latest first. @param isOpen only those that nobody has resolved */
export async function differencePage(
  { pool }: Reader,
  tenantId: string,
  isOpen: boolean,
  { after, before, limit, inverted }: Page<number>,
): Promise<DifferenceRow[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `payment_difference_page_${order}`,
    text: `select * from payment_differences where tenant_id = $1 and id < $2 and id > $3
             and (not $4::boolean or resolved_at is null) order by id ${order} limit $5`,
    values: [tenantId, after ?? LARGEST, before ?? 0, isOpen, limit],
  });
  return rows.map((row) => mapRow(differences, row));
}

function seenCustomer(row: RawRow): SeenCustomer {
  return {
    ...mapRow(customers, row),
    name: row.person_name as string | null,
    email: row.person_email as string | null,
    userId: row.person_user as string | null,
  };
}
