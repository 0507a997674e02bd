import type { PoolClient } from 'pg';
import { z } from 'zod';
import { mayActForOthers, type Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { Forbidden, InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import * as limits from './limits.ts';
import type { ReferralRule } from './tables.ts';

export interface ReferralServices {
  readonly db: Database;
  readonly config: { readonly referrals: { readonly rule: ReferralRule; readonly windowDays: number } };
}

/** That somebody came by a code. */
export interface NotedReferral {
  readonly clientId: string;
  readonly code: string;
  readonly at: Date;
}

const DAY_MS = 86_400_000;
const Referral = z.object({
  clientId: limits.partyId,
  code: limits.code,
  at: input.instant.nullish(),
});

/**
 * Notes that somebody who may become a client came by a partner's code. The same again changes nothing.
 *
 * @throws Forbidden, InvalidInput (no such code, or it is over; they are a client already; too long ago, or not yet)
 */
export async function noteReferral(
  { db, config }: ReferralServices,
  principal: Principal,
  given: z.input<typeof Referral>,
): Promise<NotedReferral> {
  requireProgram(principal);
  const { clientId, code, at } = input.parseInput(Referral, given);
  const { windowDays } = config.referrals;
  const now = new Date();
  const instant = at ?? now;
  if (instant > now || instant.getTime() < now.getTime() - windowDays * DAY_MS)
    throw new InvalidInput('at', `must lie in the past, at most ${windowDays} days`);
  const { tenantId } = principal;
  return db.transaction(async (client) => {
    await lockClientId(client, tenantId, clientId);
    const { rows } = await client.query<{ id: number }>({
      name: 'client_of_referral',
      text: `select id from business_parties where tenant_id = $1 and kind = 'CLIENT' and party_id = $2`,
      values: [tenantId, clientId],
    });
    if (rows.length > 0)
      throw new InvalidInput('clientId', 'is a client already: a referral comes before that');
    const { id } = await usableCode(client, tenantId, code, instant, 'code');
    await insertReferral(client, { tenantId, clientId, at: instant }, id, 'clientId');
    return { clientId, code, at: instant };
  });
}

/** @throws InvalidInput (too many) */
export async function insertReferral(
  client: PoolClient,
  { tenantId, clientId, at }: Pick<Joining, 'tenantId' | 'clientId' | 'at'>,
  code: number,
  field: string,
): Promise<void> {
  const counted = await client.query<{ count: number }>({
    name: 'count_referrals',
    text: 'select count(*)::int as count from referrals where tenant_id = $1 and client_id = $2',
    values: [tenantId, clientId],
  });
  if (onlyRow(counted).count >= limits.MAX_REFERRALS)
    throw new InvalidInput(field, `may come by codes at most ${limits.MAX_REFERRALS} times`);
  await client.query({
    name: 'note_referral',
    text: `insert into referrals (tenant_id, client_id, code, at) values ($1, $2, $3, $4)
           on conflict (tenant_id, client_id, code, at) do nothing`,
    values: [tenantId, clientId, code, at],
  });
}

/** What a referral must be that counts for a client. */
export interface Joining {
  readonly tenantId: string;
  readonly clientId: string;
  readonly userId: string | null;
  readonly email: string | null;
  /** When they became a client. */
  readonly at: Date;
}

/** The referral that counts. */
export interface Attribution {
  readonly partner: number;
  readonly code: number;
  readonly at: Date;
}

/**
 * Which partner brought a client: of all referrals within the window before they became one, the first or the last by the rule.
 * Partners who are suspended, codes that were revoked, and partners who brought themselves do not count. Null: nobody did.
 */
export async function attributionOf(
  client: PoolClient,
  { rule, windowDays }: ReferralServices['config']['referrals'],
  joining: Joining,
): Promise<Attribution | null> {
  const order = rule === 'FIRST' ? 'asc' : 'desc';
  const { rows } = await client.query<Attribution>({
    name: `attribution_by_${rule.toLowerCase()}`,
    text: `select c.partner, r.code, r.at from referrals r
           join referral_codes c on c.id = r.code and c.tenant_id = $1 and c.revoked_at is null
           join business_parties p on p.id = c.partner and p.tenant_id = $1 and p.suspended_at is null
           left join business_people w on w.party = p.id and w.tenant_id = $1
           where r.tenant_id = $1 and r.client_id = $2 and r.at >= $3 and r.at <= $4
             and coalesce(w.user_id <> $5, true) and coalesce(lower(w.email) <> lower($6), true)
           order by r.at ${order}, r.id ${order} limit 1`,
    values: [
      ...[joining.tenantId, joining.clientId, new Date(joining.at.getTime() - windowDays * DAY_MS)],
      ...[joining.at, joining.userId, joining.email],
    ],
  });
  return rows[0] ?? null;
}

/** A code by which somebody may come at an instant. @throws InvalidInput */
export async function usableCode(
  client: PoolClient,
  tenantId: string,
  code: string,
  at: Date,
  field: string,
): Promise<{ readonly id: number; readonly partner: number }> {
  const { rows } = await client.query<{
    id: number;
    partner: number;
    expiresAt: Date | null;
    revokedAt: Date | null;
    suspendedAt: Date | null;
  }>({
    name: 'code_to_use',
    text: `select c.id, c.partner, c.expires_at as "expiresAt", c.revoked_at as "revokedAt", p.suspended_at as "suspendedAt"
           from referral_codes c join business_parties p on p.id = c.partner and p.tenant_id = c.tenant_id
           where c.tenant_id = $1 and c.code = $2 for share of c`,
    values: [tenantId, code],
  });
  const [row] = rows;
  if (!row) throw new InvalidInput(field, 'there is no such code');
  if (row.revokedAt) throw new InvalidInput(field, 'this code was revoked');
  if (row.suspendedAt) throw new InvalidInput(field, 'the partner of this code is suspended');
  if (row.expiresAt && row.expiresAt <= at) throw new InvalidInput(field, 'this code has expired');
  return row;
}

/** Nobody else makes this client, or notes whence they come, before the end of the transaction. */
export async function lockClientId(client: PoolClient, tenantId: string, clientId: string): Promise<void> {
  await client.query({
    name: 'lock_client_id',
    text: `select pg_advisory_xact_lock(hashtextextended('business client ' || $1 || ' ' || $2, 0))`,
    values: [tenantId, clientId],
  });
}

/** @throws Forbidden unless the caller is the operator's program, or an admin */
export function requireProgram(principal: Principal): void {
  if (!mayActForOthers(principal)) throw new Forbidden('only a service or an admin may do this');
}
