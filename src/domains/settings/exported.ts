import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import { writtenInstant } from '../../ground/input.ts';
import { timeZone } from './settings.ts';
import { userSettings } from './tables.ts';

/** What a user chose, as a line of their export. */
export const SettingsLine = z.object({
  kind: z.literal('settings'),
  tenantId: z.string(),
  userId: z.string(),
  timeZone: timeZone.nullable(),
  updatedAt: writtenInstant,
});
export type SettingsLine = z.output<typeof SettingsLine>;

/** One line, or none for a user who chose nothing. */
export async function exportedSettings(db: Database, { tenantId, userId }: Owner): Promise<string[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_settings',
    text: 'select * from echo_user_settings where user_id = $1 and tenant_id = $2',
    values: [userId, tenantId],
  });
  return rows.map((raw) => {
    const { timeZone: zone, updatedAt } = mapRow(userSettings, raw);
    return JSON.stringify({ kind: 'settings', tenantId, userId, timeZone: zone, updatedAt });
  });
}

/** Refuses what another user chose. @throws InvalidInput */
export function checkSettingsOwner(owner: Owner, settings: SettingsLine, line: number): void {
  if (settings.userId !== owner.userId || settings.tenantId !== owner.tenantId)
    throw new InvalidInput(
      `lines.${line}.userId`,
      'an export goes back to the user and tenant that it came from',
    );
}

/** Puts back what a user chose, unless they have chosen again since. */
export async function restoreSettings(
  client: PoolClient,
  owner: Owner,
  lines: readonly SettingsLine[],
): Promise<void> {
  for (const settings of lines)
    await client.query({
      name: 'restore_settings',
      text: `insert into echo_user_settings as s (user_id, tenant_id, time_zone, updated_at) values ($1, $2, $3, $4)
             on conflict (user_id, tenant_id) do update set time_zone = $3, updated_at = $4 where s.updated_at < $4`,
      values: [owner.userId, owner.tenantId, settings.timeZone, settings.updatedAt],
    });
}
