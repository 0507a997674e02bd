import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import {
  type PartyKeyRow,
  type PartyKind,
  partyKeys,
  type ReferralCodeRow,
  referralCodes,
} from './tables.ts';

type Reader = { readonly pool: Pick<Database['pool'] | PoolClient, 'query'> };

/** A client or a partner, with who they are. */
export interface SeenParty {
  readonly id: number;
  readonly tenantId: string;
  readonly kind: PartyKind;
  readonly partyId: string;
  /** Null: it was erased, or forgotten. */
  readonly name: string | null;
  readonly email: string | null;
  readonly userId: string | null;
  readonly rate: number | null;
  readonly partnerId: string | null;
  readonly code: string | null;
  readonly rule: 'FIRST' | 'LAST' | null;
  readonly referredAt: Date | null;
  readonly suspendedAt: Date | null;
  readonly createdAt: Date;
}

const SEEN = `p.id, p.tenant_id as "tenantId", p.kind, p.party_id as "partyId", w.name, w.email, w.user_id as "userId", p.rate,
  b.party_id as "partnerId", c.code, p.rule, p.referred_at as "referredAt", p.suspended_at as "suspendedAt", p.created_at as "createdAt"`;
const FROM = `business_parties p left join business_people w on w.party = p.id and w.tenant_id = p.tenant_id
  left join business_parties b on b.id = p.partner and b.tenant_id = p.tenant_id
  left join referral_codes c on c.id = p.code and c.tenant_id = p.tenant_id`;

/** Clients or partners of a tenant, the one that was made last first. @param partner only clients whom this one brought */
export async function partyPage(
  { pool }: Reader,
  { tenantId, kind, partner }: { tenantId: string; kind: PartyKind; partner: string | null },
  page: Page<number>,
): Promise<SeenParty[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await (pool as Database['pool']).query<SeenParty>({
    name: `party_page_${direction}`,
    text: `select ${SEEN} from ${FROM}
           where p.tenant_id = $1 and p.kind = $2 and ($3::text is null or b.party_id = $3) and p.id < $4 and p.id > $5
           order by p.id ${direction} limit $6`,
    values: [tenantId, kind, partner, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows;
}

/** Partners in the order of their ids. */
export async function partnersByIds(
  { pool }: Reader,
  tenantId: string,
  ids: readonly string[],
): Promise<(SeenParty | null)[]> {
  const { rows } = await (pool as Database['pool']).query<SeenParty>({
    name: 'partners_by_ids',
    text: `select ${SEEN} from ${FROM} where p.tenant_id = $1 and p.kind = 'PARTNER' and p.party_id = any($2)`,
    values: [tenantId, ids],
  });
  const byId = new Map(rows.map((row) => [row.partyId, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** One client or partner; null: there is none. */
export async function partyById(
  { pool }: Reader,
  { tenantId, kind, partyId }: { tenantId: string; kind: PartyKind; partyId: string },
): Promise<SeenParty | null> {
  const { rows } = await (pool as Database['pool']).query<SeenParty>({
    name: 'party_by_id',
    text: `select ${SEEN} from ${FROM} where p.tenant_id = $1 and p.kind = $2 and p.party_id = $3`,
    values: [tenantId, kind, partyId],
  });
  return rows[0] ?? null;
}

/** Keys of clients and partners in the order of these, oldest first, revoked ones included. */
export async function keysOf(
  { pool }: Reader,
  tenantId: string,
  ids: readonly number[],
): Promise<PartyKeyRow[][]> {
  const { rows } = await (pool as Database['pool']).query<RawRow>({
    name: 'keys_of_parties',
    text: 'select * from business_keys where tenant_id = $1 and party = any($2) order by id',
    values: [tenantId, ids],
  });
  const keys = rows.map((row) => mapRow(partyKeys, row));
  return ids.map((id) => keys.filter(({ party }) => party === id));
}

/** Codes of partners in the order of these, oldest first, revoked ones included. */
export async function codesOf(
  { pool }: Reader,
  tenantId: string,
  ids: readonly number[],
): Promise<ReferralCodeRow[][]> {
  const { rows } = await (pool as Database['pool']).query<RawRow>({
    name: 'codes_of_partners',
    text: 'select * from referral_codes where tenant_id = $1 and partner = any($2) order by id',
    values: [tenantId, ids],
  });
  const codes = rows.map((row) => mapRow(referralCodes, row));
  return ids.map((id) => codes.filter(({ partner }) => partner === id));
}
