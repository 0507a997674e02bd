import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { CursorExpired } from '../../errors.ts';
import { formatCursor, isAfter } from '../../events/cursor.ts';
import { type Place, SERVER_TENANT } from '../../events/event.ts';
import { prunedUpTo } from '../../events/pruned.ts';
import { scopeOf } from '../../ground/ownership.ts';
import type { ActivityLine } from './activity.ts';

/** A line with its place, which is also where a subscription goes on. */
export interface ToldActivity extends ActivityLine {
  readonly cursor: string;
  readonly at: Date;
}

export interface StoredActivity extends ToldActivity {
  readonly place: Place;
}

const FIRST = { transaction: '0', id: '0' };
const LAST = { transaction: '18446744073709551615', id: '9223372036854775807' };

/** Whether a caller sees what the server does of itself, and not only the work of users. */
export function seesServer({ roles, permissions }: Principal): boolean {
  return roles.includes('ADMIN') && permissions.includes('ADMIN');
}

/**
 * The lines that a caller may see, newest first: of their own work; of all of the tenant for those who act for others;
 * of the server for admins. Below the horizon of the events, so that a subscription after any of them misses nothing.
 *
 * @throws CursorExpired for a page beside a line that is no longer kept: what was next to it may be gone, too
 */
export async function activityPage(
  { pool }: Pick<Database, 'pool'>,
  principal: Principal,
  page: Page<Place>,
): Promise<StoredActivity[]> {
  const { tenantId, userId } = scopeOf(principal);
  const direction = page.inverted ? 'asc' : 'desc';
  const [older, newer] = [page.after ?? LAST, page.before ?? FIRST];
  const { rows } = await pool.query<{ xid: string; id: string; at: Date; payload: ActivityLine }>({
    name: `activity_page_${direction}`,
    text: `select xid, id, at, payload from echo_events
           where kind = 'activity' and xid < echo_horizon() and (xid, id) < ($4::xid8, $5::bigint) and (xid, id) > ($6::xid8, $7::bigint)
             and (tenant_id = $1 and ($2::text is null or user_id = $2) or $3 and tenant_id = '${SERVER_TENANT}')
           order by xid ${direction}, id ${direction} limit $8`,
    values: [
      ...[tenantId, userId, seesServer(principal)],
      ...[older.transaction, older.id, newer.transaction, newer.id].map(String),
      page.limit,
    ],
  });
  await refusePruned(pool, page);
  return rows.map(({ xid, id, at, payload }) => {
    const place = { transaction: BigInt(xid), id: BigInt(id) };
    return { ...payload, place, at, cursor: formatCursor({ ...place, told: [] }) };
  });
}

/** Asked after the page was read: what was pruned before is known by then. */
async function refusePruned(pool: Database['pool'], { after, before }: Page<Place>): Promise<void> {
  if (!after && !before) return;
  const pruned = await prunedUpTo({ pool }, ['activity']);
  const isGone = (place: Place | null) => place !== null && pruned !== null && isAfter(pruned, place);
  if (pruned && (isGone(after) || isGone(before)))
    throw new CursorExpired(formatCursor({ ...pruned, told: [] }));
}
