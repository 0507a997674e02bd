import type { PoolClient } from 'pg';
import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { type WebhookRow, webhooks } from './tables.ts';

type Reader = { readonly pool: Pick<Database['pool'] | PoolClient, 'query'> };

/** SQL: what the maker of a webhook `w` showed is worth nothing any more. */
export const IS_REVOKED = `(exists (select from echo_api_keys k where w.credential = 'KEY:' || k.key_id and k.tenant_id = w.tenant_id
    and (k.revoked_at is not null or k.expires_at <= now()))
  or exists (select from echo_revoked_tokens r where w.credential = 'TOKEN:' || r.token_id and r.tenant_id = w.tenant_id))`;

/** Webhooks within a scope, the one that was made last first. */
export async function webhookPage(
  { pool }: Pick<Database, 'pool'>,
  { tenantId, userId }: Scope,
  page: Page<number>,
): Promise<WebhookRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `webhook_page_${direction}`,
    text: `select * from echo_webhooks where tenant_id = $1 and ($2::text is null or user_id = $2) and id < $3 and id > $4
           order by id ${direction} limit $5`,
    values: [tenantId, userId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((row) => mapRow(webhooks, row));
}

/** One webhook; null: there is none within the scope. @param lock in a transaction: nobody else changes it meanwhile */
export async function webhookById(
  { pool }: Reader,
  { tenantId, userId }: Scope,
  webhookId: string,
  lock = false,
): Promise<WebhookRow | null> {
  const { rows } = await (pool as Database['pool']).query<RawRow>({
    name: lock ? 'lock_webhook' : 'webhook_by_id',
    text: `select * from echo_webhooks where webhook_id = $1 and tenant_id = $2 and ($3::text is null or user_id = $3)
           order by id limit 1 ${lock ? 'for update' : ''}`,
    values: [webhookId, tenantId, userId],
  });
  return rows[0] ? mapRow(webhooks, rows[0]) : null;
}

/** A webhook that something is to be sent to, by the number of its row; and whether its maker may still have it. */
export async function webhookToTell(
  { pool }: Pick<Database, 'pool'>,
  id: number,
): Promise<{ readonly webhook: WebhookRow; readonly isRevoked: boolean } | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'webhook_to_tell',
    text: `select w.*, ${IS_REVOKED} as is_revoked from echo_webhooks w where w.id = $1 and w.tenant_id is not null`,
    values: [id],
  });
  const [row] = rows;
  return row ? { webhook: mapRow(webhooks, row), isRevoked: row.is_revoked === true } : null;
}
