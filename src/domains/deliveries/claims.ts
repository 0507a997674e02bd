import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { beginningOf, storableText } from '../../texts.ts';
import type { Outcome } from './channel.ts';
import { type DeliveryRow, deliveries, deliveryTargets, type TargetRow } from './tables.ts';

type Reader = Pick<Database, 'pool'>;

/** Milliseconds that a server may deliver to a target without saying that it is still at it. */
export const LEASE_MS = 60_000;
/** Attempts after which a delivery is given up, if its receiver could be reached. */
export const MAX_ATTEMPTS = 24;
/** Days that a receiver may be away before what waits for it is given up. */
export const MAX_AWAY_DAYS = 3;
const FIRST_DELAY_MS = 1_000;
/** Between attempts at one delivery, and at a target that cannot be reached. */
const MAX_DELAY_MS = { DELIVERY: 3 * 3_600_000, TARGET: 600_000 };
const MAX_RETRY_AFTER_MS = 86_400_000;
const MAX_ERROR = 500;

/**
 * SQL: the delivery `d` waits for none of its order. One that does may be due before the one it waits for: somebody had it tried
 * again.
 */
const IS_HEAD = `not exists (select from echo_deliveries e where e.channel = d.channel and e.target = d.target
  and e.order_key = d.order_key and e.status = 'PENDING' and e.id < d.id)`;

/** Takes the target that has waited longest among those to which something is due. @returns null: there is none */
export async function claimTarget(
  { pool }: Reader,
  token: string,
  channels: readonly string[],
): Promise<TargetRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'claim_delivery_target',
    text: `with chosen as (
             select t.channel, t.target, t.tenant_id from echo_delivery_targets t
             where t.channel = any($2) and not t.held and (t.blocked_until is null or t.blocked_until <= now())
               and (t.lease_until is null or t.lease_until <= now())
               and exists (select from echo_deliveries d where d.channel = t.channel and d.target = t.target
                 and d.status = 'PENDING' and d.due_at <= now() and ${IS_HEAD})
             order by t.lease_until nulls first limit 1 for update of t skip locked
           )
           update echo_delivery_targets t set lease_token = $1, lease_until = now() + ${LEASE_MS} * interval '1 ms'
           from chosen c where t.channel = c.channel and t.target = c.target returning t.*`,
    values: [token, channels],
  });
  return rows[0] ? mapRow(deliveryTargets, rows[0]) : null;
}

/** Holds on to a target. @returns false: it is another's by now, or may not be delivered to any more */
export async function prolongTarget({ pool }: Reader, held: TargetRow): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'prolong_delivery_target',
    text: `update echo_delivery_targets set lease_until = now() + ${LEASE_MS} * interval '1 ms'
           where channel = $1 and target = $2 and lease_token = $3 and tenant_id = $4 and not held
             and (blocked_until is null or blocked_until <= now())`,
    values: [held.channel, held.target, held.leaseToken, held.tenantId],
  });
  return rowCount !== 0;
}

/** Gives a target back, and says how it was found. @param failure how often in a row it could not be reached */
export async function releaseTarget(
  { pool }: Reader,
  held: TargetRow,
  found: {
    readonly delivered: boolean;
    readonly failure: { readonly failures: number; readonly delayMs: number } | null;
  },
): Promise<void> {
  const { delivered, failure } = found;
  await pool.query({
    name: 'release_delivery_target',
    text: `update echo_delivery_targets set lease_token = null, lease_until = now(),
             last_delivered_at = case when $5 then now() else last_delivered_at end,
             failures = case when $6::int is not null then $6 when $5 then 0 else failures end,
             blocked_until = case when $7::float8 is not null then now() + $7 * interval '1 ms' end
           where channel = $1 and target = $2 and lease_token = $3 and tenant_id = $4`,
    values: [
      ...[held.channel, held.target, held.leaseToken, held.tenantId, delivered],
      ...[failure?.failures ?? null, failure?.delayMs ?? null],
    ],
  });
}

/** What earlier servers on this data directory held is nobody's: one server at a time has it. */
export async function releaseLost({ pool }: Reader, directory: string): Promise<void> {
  await pool.query({
    name: 'release_lost_targets',
    text: `update echo_delivery_targets set lease_token = null, lease_until = now()
           where split_part(lease_token, ':', 1) = $1 and tenant_id is not null`,
    values: [directory],
  });
}

/** Of each order the first delivery that waits, if it is due; the oldest ones. */
export async function dueHeads({ pool }: Reader, held: TargetRow, limit: number): Promise<DeliveryRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'due_deliveries',
    text: `select d.* from (
             select distinct on (d.order_key) d.* from echo_deliveries d
             where d.channel = $1 and d.target = $2 and d.status = 'PENDING'
               and exists (select from echo_delivery_targets t where t.channel = $1 and t.target = $2 and t.tenant_id = $3
                 and t.lease_token = $4)
             order by d.order_key, d.id
           ) d where d.due_at <= now() order by d.id limit $5`,
    values: [held.channel, held.target, held.tenantId, held.leaseToken, limit],
  });
  return rows.map((row) => mapRow(deliveries, row));
}

/** Notes what became of an attempt. Nothing is noted once somebody else delivers to the target. */
export async function settleDelivery(
  { pool }: Reader,
  held: TargetRow,
  delivery: DeliveryRow,
  outcome: Outcome,
): Promise<void> {
  const isFailure = outcome.kind === 'FAILED';
  const status = statusAfter(delivery, outcome);
  const delayMs = isFailure ? delayOf(delivery.attempts, outcome) : 0;
  await pool.query({
    name: 'settle_delivery',
    text: `with settled as (
             update echo_deliveries d set status = $5, attempts = attempts + 1, last_attempt_at = now(), last_status = $6,
               last_error = $7, settled_at = case when $5 <> 'PENDING' then now() end,
               due_at = now() + $8::float8 * interval '1 ms'
             where d.id = $1 and d.status = 'PENDING' and d.tenant_id = $4
               and exists (select from echo_delivery_targets t where t.channel = d.channel and t.target = d.target
                 and t.lease_token = $2)
             returning d.channel, d.target, d.order_key, d.status, d.due_at
           )
           update echo_deliveries d set due_at = s.due_at from settled s
           where s.status = 'PENDING' and d.channel = s.channel and d.target = s.target and d.order_key = s.order_key
             and d.status = 'PENDING' and d.id > $1 and d.due_at < s.due_at and d.target = $3`,
    values: [
      ...[delivery.id, held.leaseToken, held.target, delivery.tenantId, status],
      'status' in outcome ? outcome.status : null,
      wordsOf(outcome),
      delayMs,
    ],
  });
}

function statusAfter({ attempts, createdAt }: DeliveryRow, outcome: Outcome): DeliveryRow['status'] {
  if (outcome.kind === 'DELIVERED') return 'DELIVERED';
  if (outcome.kind === 'NOTHING_LEFT') return 'DISCARDED';
  if (outcome.kind === 'HELD' || attempts + 1 < MAX_ATTEMPTS) return 'PENDING';
  const isOld = createdAt.getTime() < Date.now() - MAX_AWAY_DAYS * 86_400_000;
  return outcome.reach === 'DELIVERY' || isOld ? 'DEAD' : 'PENDING';
}

function wordsOf(outcome: Outcome): string | null {
  const words =
    outcome.kind === 'DELIVERED'
      ? outcome.note
      : outcome.kind === 'NOTHING_LEFT'
        ? outcome.why
        : outcome.error;
  return words === undefined ? null : beginningOf(storableText(words), MAX_ERROR);
}

/**
 * Milliseconds until the next attempt: doubled with each one, less up to half by chance so that not all come at once, and never
 * before the receiver wants it.
 *
 * @param failures how many there were before
 */
export function delayOf(
  failures: number,
  { reach, retryAfterMs }: { readonly reach: 'DELIVERY' | 'TARGET'; readonly retryAfterMs: number | null },
): number {
  const backoff = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures, 30), MAX_DELAY_MS[reach]);
  const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return Math.round(Math.max(backoff * (0.5 + Math.random() / 2), asked));
}

/** What waits, at one look. */
export interface DeliveryOutlook {
  /** Whether there is anything that could be delivered to. */
  readonly any: boolean;
  /** Seconds that a delivery has waited which is due to a target that nothing keeps from it; 0 if none does. */
  readonly waitedSeconds: number;
}

export async function deliveryOutlook(
  { pool }: Reader,
  channels: readonly string[],
): Promise<DeliveryOutlook> {
  const { rows } = await pool.query<DeliveryOutlook>({
    name: 'delivery_outlook',
    // `greatest` passes over null: what waits for nothing would have waited since it was last delivered to.
    text: `select count(*) > 0 as any, coalesce(max(greatest(0, extract(epoch from now() - greatest(first.due_at, t.blocked_until, t.lease_until))))
             filter (where first.due_at is not null), 0)::float8 as "waitedSeconds"
           from echo_delivery_targets t left join lateral (
             select d.due_at from echo_deliveries d where d.channel = t.channel and d.target = t.target and d.status = 'PENDING'
               and not t.held and (t.blocked_until is null or t.blocked_until <= now())
               and ${IS_HEAD}
             order by d.due_at limit 1
           ) first on true
           where t.channel = any($1) and t.tenant_id is not null`,
    values: [channels],
  });
  return rows[0] ?? { any: false, waitedSeconds: 0 };
}
