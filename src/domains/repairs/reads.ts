import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { type RepairRow, repairActions } from './tables.ts';

/** What was repaired, tried out or refused for a tenant, newest first. */
export async function repairPage(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  page: Page<number>,
): Promise<RepairRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `repair_page_${direction}`,
    text: `select * from repair_actions where tenant_id = $1 and id < $2 and id > $3 order by id ${direction} limit $4`,
    values: [tenantId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((raw) => mapRow(repairActions, raw));
}
