import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { writtenInstant } from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { timeZone } from './settings.ts';
import { userSettings } from './tables.ts';

const SettingsLine = z.object({
  kind: z.literal('settings'),
  tenantId: z.string(),
  userId: z.string(),
  timeZone: timeZone.nullable(),
  updatedAt: writtenInstant,
});
type SettingsLine = z.output<typeof SettingsLine>;

/** What a user chose: one line, or none of a user who chose nothing. Restored unless they have chosen again since. */
export const settings = sectionOfRows<{ readonly db: Database }, SettingsLine>({
  kind: 'settings',
  schema: SettingsLine,
  dated: 'updatedAt',
  read: exportedSettings,
  restore: restoreSettings,
});

async function exportedSettings(
  { db }: { readonly db: Database },
  { tenantId, userId }: Owner,
  after: Place,
): Promise<ExportedLine[]> {
  if (after.number > 0 || after.key !== '') return [];
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_settings',
    text: 'select * from echo_user_settings where user_id = $1 and tenant_id = $2',
    values: [userId, tenantId],
  });
  return rows.map((raw) => {
    const { timeZone: zone, updatedAt } = mapRow(userSettings, raw);
    const line = JSON.stringify({ kind: 'settings', tenantId, userId, timeZone: zone, updatedAt });
    return { line, after: null };
  });
}

async function restoreSettings(
  client: PoolClient,
  owner: Owner,
  lines: readonly SettingsLine[],
): Promise<number> {
  let stored = 0;
  for (const { timeZone: zone, updatedAt } of lines) {
    const { rowCount } = await client.query({
      name: 'restore_settings',
      text: `insert into echo_user_settings as s (user_id, tenant_id, time_zone, updated_at) values ($1, $2, $3, $4)
             on conflict (user_id, tenant_id) do update set time_zone = $3, updated_at = $4 where s.updated_at < $4`,
      values: [owner.userId, owner.tenantId, zone, updatedAt],
    });
    stored += rowCount ?? 0;
  }
  return stored;
}
