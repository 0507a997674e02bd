import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type TenantRow, tenants } from './tables.ts';

/** All tenants of which something is said, by id. */
export async function allTenants({ pool }: Pick<Database, 'pool'>): Promise<TenantRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'all_tenants',
    text: 'select * from echo_tenants order by tenant_id',
  });
  return rows.map((raw) => mapRow(tenants, raw));
}
