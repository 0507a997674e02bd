import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import * as limits from './limits.ts';
import { noParty } from './parties.ts';
import { type ReferralCodeRow, referralCodes } from './tables.ts';

type Services = { readonly db: Database };

/** Letters that nobody takes for others. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const MADE_LENGTH = 10;

const NewCode = z.object({
  partnerId: limits.partyId,
  code: limits.code.nullish(),
  expiresAt: limits.inFuture.nullish(),
});

/**
 * Makes a code of a partner, by which those come whom they bring.
 *
 * @throws Forbidden, InvalidInput (it is another one's; too many), NotFound
 */
export async function createReferralCode(
  { db }: Services,
  principal: Principal,
  given: z.input<typeof NewCode>,
): Promise<ReferralCodeRow> {
  requireAdmin(principal);
  const asked = input.parseInput(NewCode, given);
  const { tenantId } = principal;
  return db.transaction(async (client) => {
    const { rows } = await client.query<{ id: number; codes: number }>({
      name: 'lock_partner_for_code',
      text: `select id, (select count(*)::int from referral_codes c where c.partner = p.id and c.tenant_id = p.tenant_id
               and c.revoked_at is null) as codes
             from business_parties p where tenant_id = $1 and kind = 'PARTNER' and party_id = $2 for update`,
      values: [tenantId, asked.partnerId],
    });
    const [partner] = rows;
    if (!partner) throw noParty('PARTNER', asked.partnerId);
    if (partner.codes >= limits.MAX_CODES)
      throw new InvalidInput('code', `there may be at most ${limits.MAX_CODES} that are not revoked`);
    const made = await client.query<RawRow>({
      name: 'insert_referral_code',
      text: `insert into referral_codes (tenant_id, partner, code, created_by, expires_at) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, code) do nothing returning *`,
      values: [tenantId, partner.id, asked.code ?? madeUp(), principal.userId, asked.expiresAt],
    });
    if (!made.rows[0]) throw new InvalidInput('code', 'there is such a code already');
    return mapRow(referralCodes, onlyRow(made));
  });
}

/** Ends a code: nobody comes by it any more, and referrals by it no longer count for those who are no clients yet. @throws Forbidden, InvalidInput, NotFound */
export async function revokeReferralCode(
  { db }: Services,
  principal: Principal,
  given: string,
): Promise<ReferralCodeRow> {
  requireAdmin(principal);
  const code = input.parseInput(limits.code, given, 'code');
  return db.transaction(async (client) => {
    const { rows } = await client.query<RawRow>({
      name: 'revoke_referral_code',
      text: `update referral_codes set revoked_at = coalesce(revoked_at, now()) where tenant_id = $1 and code = $2 returning *`,
      values: [principal.tenantId, code],
    });
    if (!rows[0]) throw new NotFound('code', 'there is no such code');
    return mapRow(referralCodes, rows[0]);
  });
}

function madeUp(): string {
  return Array.from({ length: MADE_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
