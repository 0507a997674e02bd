import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { FlagRow } from './tables.ts';

/** A flag, and for whom it is on by name. */
export interface ShownFlag extends FlagRow {
  readonly users: readonly Owner[];
}

/** All flags, by key. */
export async function allFlags({ pool }: Pick<Database, 'pool'>): Promise<ShownFlag[]> {
  const { rows } = await pool.query<ShownFlag>({
    name: 'all_flags',
    text: `select f.key, f.description, f.enabled, f.share, f.tenants, f.roles, f.expires_at as "expiresAt",
             f.created_at as "createdAt", f.updated_at as "updatedAt",
             coalesce((select json_agg(json_build_object('tenantId', u.tenant_id, 'userId', u.user_id)
               order by u.tenant_id, u.user_id) from feature_flag_users u where u.flag = f.key), '[]') as users
           from feature_flags f order by f.key`,
  });
  return rows;
}
