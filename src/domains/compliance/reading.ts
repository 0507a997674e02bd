import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { uuid } from './requests.ts';
import { type ComplianceReportRow, complianceReports, type DataRequestRow, dataRequests } from './tables.ts';

interface ReadServices {
  readonly db: Database;
}

/** Reports of the caller's tenant, the latest week first. @throws Forbidden */
export async function reportPage(
  { db }: ReadServices,
  principal: Principal,
  page: Page<number>,
): Promise<ComplianceReportRow[]> {
  requireAdmin(principal);
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await db.pool.query<RawRow>({
    name: `compliance_report_page_${direction}`,
    text: `select * from compliance_reports where tenant_id = $1 and id < $2 and id > $3 order by id ${direction} limit $4`,
    values: [principal.tenantId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((row) => mapRow(complianceReports, row));
}

/** Noted requests of the caller's tenant, the one that was noted last first. @throws Forbidden */
export async function requestPage(
  { db }: ReadServices,
  principal: Principal,
  open: boolean | null,
  page: Page<number>,
): Promise<DataRequestRow[]> {
  requireAdmin(principal);
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await db.pool.query<RawRow>({
    name: `data_request_page_${direction}`,
    text: `select * from data_subject_requests where tenant_id = $1 and ($2::boolean is null or (closed_at is null) = $2)
             and id < $3 and id > $4 order by id ${direction} limit $5`,
    values: [principal.tenantId, open, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((row) => mapRow(dataRequests, row));
}

/** A report of the caller's tenant by its id. @throws Forbidden, InvalidInput, NotFound */
export async function reportById(
  { db }: ReadServices,
  principal: Principal,
  reportId: string,
): Promise<ComplianceReportRow> {
  requireAdmin(principal);
  const { rows } = await db.pool.query<RawRow>({
    name: 'compliance_report_by_id',
    text: 'select * from compliance_reports where report_id = $1 and tenant_id = $2',
    values: [input.parseInput(uuid, reportId, 'reportId'), principal.tenantId],
  });
  if (!rows[0]) throw new NotFound('reportId', `there is no report "${reportId.slice(0, 100)}"`);
  return mapRow(complianceReports, rows[0]);
}

/** Who holds keys now, by their public parts, in their order: a report itself names nobody. Null: nobody any more. */
export async function holdersOf(
  { db }: ReadServices,
  tenantId: string,
  keyIds: readonly string[],
): Promise<(string | null)[]> {
  const { rows } = await db.pool.query<{ keyId: string; userId: string }>({
    name: 'holders_of_keys',
    text: 'select key_id as "keyId", user_id as "userId" from echo_api_keys where tenant_id = $1 and key_id = any($2)',
    values: [tenantId, keyIds],
  });
  const byKey = new Map(rows.map(({ keyId, userId }) => [keyId, userId]));
  return keyIds.map((keyId) => byKey.get(keyId) ?? null);
}
