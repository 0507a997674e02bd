import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import { type DeliveryRow, type DeliveryStatus, deliveries } from './tables.ts';

/** Whose targets a caller may see. */
export interface TargetScope {
  readonly tenantId: string;
  /** Null: those of any user of the tenant. */
  readonly userId: string | null;
  /** Also the server's own, which tell of all tenants. */
  readonly system: boolean;
}

interface DeliveryConditions {
  readonly status?: DeliveryStatus | null | undefined;
  readonly channel?: string | null | undefined;
  readonly target?: string | null | undefined;
}

/** SQL: the target `t` is within the scope, by the values of `scopeValues` from $1 on. */
const IN_SCOPE = `(t.tenant_id = $1 and ($2::text is null or t.user_id = $2)
  or $3::boolean and t.tenant_id = '${SERVER_TENANT}')`;

const scopeValues = ({ tenantId, userId, system }: TargetScope) => [tenantId, userId, system];

/** Deliveries to targets within a scope, newest first. */
export async function deliveryPage(
  { pool }: Pick<Database, 'pool'>,
  scope: TargetScope,
  conditions: DeliveryConditions,
  page: Page<number>,
): Promise<DeliveryRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `delivery_page_${direction}`,
    text: `select d.* from echo_deliveries d join echo_delivery_targets t on t.channel = d.channel and t.target = d.target
           where ${IN_SCOPE} and d.id < $4 and d.id > $5
             and ($7::text is null or d.status = $7) and ($8::text is null or d.channel = $8)
             and ($9::text is null or d.target = $9)
           order by d.id ${direction} limit $6`,
    values: [
      ...[...scopeValues(scope), page.after ?? Number.MAX_SAFE_INTEGER, page.before ?? 0, page.limit],
      ...[conditions.status ?? null, conditions.channel ?? null, conditions.target ?? null],
    ],
  });
  return rows.map((row) => mapRow(deliveries, row));
}

/** One delivery; null: there is none within the scope. */
export async function deliveryById(
  { pool }: Pick<Database, 'pool'>,
  scope: TargetScope,
  deliveryId: string,
): Promise<DeliveryRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'delivery_by_id',
    text: `select d.* from echo_deliveries d join echo_delivery_targets t on t.channel = d.channel and t.target = d.target
           where ${IN_SCOPE} and d.delivery_id = $4`,
    values: [...scopeValues(scope), deliveryId],
  });
  return rows[0] ? mapRow(deliveries, rows[0]) : null;
}

/** The latest attempt of each target of a channel that failed, in order; null: none that is kept did. */
export async function latestFailures(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  channel: string,
  targets: readonly string[],
): Promise<{ readonly at: Date | null; readonly error: string | null }[]> {
  const { rows } = await pool.query<{ at: Date | null; error: string | null }>({
    name: 'latest_delivery_failures',
    text: `select d.last_attempt_at as at, d.last_error as error from unnest($3::text[]) with ordinality n(target, place)
           left join lateral (
             select d.last_attempt_at, d.last_error from echo_deliveries d
             where d.channel = $2 and d.target = n.target and d.tenant_id = $1 and d.last_error is not null
             order by d.last_attempt_at desc nulls last limit 1
           ) d on true
           order by n.place`,
    values: [tenantId, channel, targets],
  });
  return rows;
}
