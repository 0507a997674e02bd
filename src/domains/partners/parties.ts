import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { IdempotencyKeyReused, InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import * as limits from './limits.ts';
import { partyById, type SeenParty } from './reads.ts';
import {
  attributionOf,
  insertReferral,
  type Joining,
  lockClientId,
  type ReferralServices,
  requireProgram,
  usableCode,
} from './referrals.ts';
import type { PartyKind } from './tables.ts';

const person = {
  name: limits.name,
  email: limits.email.nullish(),
  userId: input.userId.nullish(),
};
const NewPartner = z.object({ ...person, partnerId: limits.partyId.nullish(), rate: limits.rate });
const NewClient = z.object({ ...person, clientId: limits.partyId, code: limits.code.nullish() });
const Change = z.object({
  rate: limits.rate.nullish(),
  suspended: z.boolean().nullish(),
});

/**
 * Makes a partner.
 *
 * @throws Forbidden, InvalidInput (there is one of that id)
 */
export async function createPartner(
  { db }: { readonly db: Database },
  principal: Principal,
  given: z.input<typeof NewPartner>,
): Promise<SeenParty> {
  requireAdmin(principal);
  const asked = input.parseInput(NewPartner, given);
  const { tenantId } = principal;
  const partyId = asked.partnerId ?? randomUUID();
  return db.transaction(async (client) => {
    const { rows } = await client.query<{ id: number }>({
      name: 'insert_partner',
      text: `insert into business_parties (tenant_id, kind, party_id, rate, created_by) values ($1, 'PARTNER', $2, $3, $4)
             on conflict (tenant_id, kind, party_id) do nothing returning id`,
      values: [tenantId, partyId, asked.rate, principal.userId],
    });
    if (!rows[0]) throw new InvalidInput('partnerId', 'there is a partner of this id already');
    await insertPerson(client, tenantId, { id: rows[0].id, kind: 'PARTNER', partyId }, asked);
    return seen(client, tenantId, 'PARTNER', partyId);
  });
}

/**
 * Makes a client, and says for good which partner brought them. The same again gives the client that is there.
 *
 * @throws Forbidden, InvalidInput (the code: none, over, or of the client themselves), IdempotencyKeyReused (the id is another client's)
 */
export async function createClientAccount(
  { db, config }: ReferralServices,
  principal: Principal,
  given: z.input<typeof NewClient>,
): Promise<SeenParty> {
  requireProgram(principal);
  const asked = input.parseInput(NewClient, given);
  const { tenantId } = principal;
  const { clientId } = asked;
  const [userId, email] = [asked.userId ?? null, asked.email ?? null];
  return db.transaction(async (client) => {
    await lockClientId(client, tenantId, clientId);
    const known = await partyById({ pool: client }, { tenantId, kind: 'CLIENT', partyId: clientId });
    if (known) {
      if (known.name !== asked.name || known.email !== email || known.userId !== userId)
        throw new IdempotencyKeyReused('clientId');
      return known;
    }
    const joining = { tenantId, clientId, userId, email, at: new Date() };
    if (asked.code) await noteTold(client, joining, asked.code);
    const attribution = await attributionOf(client, config.referrals, joining);
    const { rows } = await client.query<{ id: number }>({
      name: 'insert_client',
      text: `insert into business_parties (tenant_id, kind, party_id, partner, code, rule, referred_at, created_by, created_at)
             values ($1, 'CLIENT', $2, $3, $4, $5, $6, $7, $8) returning id`,
      values: [
        ...[tenantId, clientId, attribution?.partner, attribution?.code],
        ...[attribution && config.referrals.rule, attribution?.at, principal.userId, joining.at],
      ],
    });
    await insertPerson(
      client,
      tenantId,
      { id: rows[0]?.id ?? 0, kind: 'CLIENT', partyId: clientId },
      { name: asked.name, email, userId },
    );
    return seen(client, tenantId, 'CLIENT', clientId);
  });
}

/** A code that is told with the client is a referral of this moment, which counts by the rule among those before. @throws InvalidInput */
async function noteTold(client: PoolClient, joining: Joining, code: string): Promise<void> {
  const { tenantId, userId, email, at } = joining;
  const { id, partner } = await usableCode(client, tenantId, code, at, 'code');
  const { rows } = await client.query<{ own: boolean }>({
    name: 'own_referral',
    text: `select coalesce(user_id = $3, false) or coalesce(lower(email) = lower($4), false) as own
           from business_people where party = $1 and tenant_id = $2`,
    values: [partner, tenantId, userId, email],
  });
  if (rows[0]?.own) throw new InvalidInput('code', 'is the client’s own: nobody can bring themselves');
  await insertReferral(client, joining, id, 'clientId');
}

/** Changes the rate of a partner, for reports to come, or suspends them. @throws Forbidden, InvalidInput, NotFound */
export async function changeParty(
  { db }: { readonly db: Database },
  principal: Principal,
  kind: PartyKind,
  given: { readonly partyId: string } & z.input<typeof Change>,
): Promise<SeenParty> {
  requireAdmin(principal);
  const field = kind === 'PARTNER' ? 'partnerId' : 'clientId';
  const partyId = input.parseInput(limits.partyId, given.partyId, field);
  const { rate, suspended } = input.parseInput(Change, given);
  const { tenantId } = principal;
  return db.transaction(async (client) => {
    const { rowCount } = await client.query({
      name: 'change_party',
      text: `update business_parties set rate = coalesce($4, rate), updated_at = now(),
               suspended_at = case when $5::boolean is null then suspended_at when $5 then coalesce(suspended_at, now()) end
             where tenant_id = $1 and kind = $2 and party_id = $3`,
      values: [tenantId, kind, partyId, rate ?? null, suspended ?? null],
    });
    if (rowCount === 0) throw noParty(kind, partyId);
    return seen(client, tenantId, kind, partyId);
  });
}

/** Takes away who a client or a partner is; books that hang on them stay, and name nobody. @throws Forbidden, InvalidInput, NotFound */
export async function forgetParty(
  { db }: { readonly db: Database },
  principal: Principal,
  kind: PartyKind,
  given: string,
): Promise<SeenParty> {
  requireAdmin(principal);
  const partyId = input.parseInput(limits.partyId, given, kind === 'PARTNER' ? 'partnerId' : 'clientId');
  const { tenantId } = principal;
  return db.transaction(async (client) => {
    const party = await partyById({ pool: client }, { tenantId, kind, partyId });
    if (!party) throw noParty(kind, partyId);
    await client.query({
      name: 'forget_person',
      text: 'delete from business_people where party = $1 and tenant_id = $2',
      values: [party.id, tenantId],
    });
    await client.query({
      name: 'note_forgotten',
      text: 'update business_parties set updated_at = now() where id = $1 and tenant_id = $2',
      values: [party.id, tenantId],
    });
    return seen(client, tenantId, kind, partyId);
  });
}

export function noParty(kind: PartyKind, partyId: string): NotFound {
  return kind === 'PARTNER'
    ? new NotFound('partnerId', `there is no partner "${partyId}"`)
    : new NotFound('clientId', `there is no client "${partyId}"`);
}

async function insertPerson(
  client: PoolClient,
  tenantId: string,
  party: { id: number; kind: PartyKind; partyId: string },
  who: { name: string; email?: string | null | undefined; userId?: string | null | undefined },
): Promise<void> {
  // What an export of another server said of one of this name is theirs now.
  await client.query({
    name: 'insert_person',
    text: `insert into business_people (tenant_id, party, user_id, kind, party_id, name, email) values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (user_id, tenant_id, kind, party_id) do update set party = excluded.party, name = excluded.name, email = excluded.email`,
    values: [tenantId, party.id, who.userId, party.kind, party.partyId, who.name, who.email],
  });
}

async function seen(
  client: PoolClient,
  tenantId: string,
  kind: PartyKind,
  partyId: string,
): Promise<SeenParty> {
  const party = await partyById({ pool: client }, { tenantId, kind, partyId });
  if (!party) throw noParty(kind, partyId);
  return party;
}
