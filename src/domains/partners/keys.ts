import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import * as limits from './limits.ts';
import { noParty } from './parties.ts';
import { partyById, type SeenParty } from './reads.ts';
import { requireProgram } from './referrals.ts';
import { type PartyKeyRow, type PartyKind, partyKeys } from './tables.ts';

type Services = { readonly db: Database };

/** `echobiz_` tells them from keys that open this server; then the public part, and 256 random bits. */
const FORM = /^echobiz_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const keyId = z.string().regex(/^[0-9a-f]{12}$/, { error: 'must be the public part of a key' });
const hashOf = (key: string) => createHash('sha256').update(key).digest();
const NO_HASH = Buffer.alloc(32);

/** A key, which nobody can ask for again, and what is kept of it. */
export interface MadeKey {
  readonly key: string;
  readonly row: PartyKeyRow;
}

/**
 * Makes a key of a client or a partner.
 *
 * @throws Forbidden, InvalidInput (too many), NotFound
 */
export async function createPartyKey(
  { db }: Services,
  principal: Principal,
  kind: PartyKind,
  given: { readonly partyId: string; readonly expiresAt?: Date | null | undefined },
): Promise<MadeKey> {
  requireAdmin(principal);
  const partyId = input.parseInput(limits.partyId, given.partyId, 'partyId');
  const expiresAt = input.parseInput(limits.inFuture.nullish(), given.expiresAt, 'expiresAt') ?? null;
  return db.transaction(async (client) => {
    const { rows } = await client.query<{ id: number }>({
      name: 'lock_party',
      text: 'select id from business_parties where tenant_id = $1 and kind = $2 and party_id = $3 for update',
      values: [principal.tenantId, kind, partyId],
    });
    if (!rows[0]) throw noParty(kind, partyId);
    return insertKey(client, principal, rows[0].id, expiresAt);
  });
}

/**
 * Puts a new key in the place of one, which opens nothing from then on.
 *
 * @throws Forbidden, InvalidInput, NotFound (there is none, or it is revoked)
 */
export async function rotatePartyKey(
  { db }: Services,
  principal: Principal,
  given: string,
): Promise<MadeKey> {
  requireAdmin(principal);
  const id = input.parseInput(keyId, given, 'keyId');
  return db.transaction(async (client) => {
    const revoked = await revoke(client, principal.tenantId, id, true);
    return insertKey(client, principal, revoked.party, revoked.expiresAt);
  });
}

/** Makes a key worthless; once more it stays so. @throws Forbidden, InvalidInput, NotFound */
export async function revokePartyKey(
  { db }: Services,
  principal: Principal,
  given: string,
): Promise<PartyKeyRow> {
  requireAdmin(principal);
  const id = input.parseInput(keyId, given, 'keyId');
  return db.transaction((client) => revoke(client, principal.tenantId, id, false));
}

/**
 * Who shows a key, for programs of the operator to whom clients and partners show theirs. Null: it is none, it is over, or
 * they are suspended; it is not said which, and takes the same steps.
 *
 * @throws Forbidden, InvalidInput (longer than any key)
 */
export async function partyOfKey(
  { db }: Services,
  principal: Principal,
  key: string,
): Promise<SeenParty | null> {
  requireProgram(principal);
  const shown = FORM.exec(input.parseInput(input.text(100, 0), key, 'key'))?.[1];
  if (!shown) return null;
  const { rows } = await db.pool.query<{ hash: Buffer; kind: PartyKind; partyId: string; usable: boolean }>({
    name: 'party_of_key',
    text: `select k.hash, p.kind, p.party_id as "partyId",
             k.revoked_at is null and coalesce(k.expires_at > now(), true) and p.suspended_at is null as usable
           from business_keys k join business_parties p on p.id = k.party and p.tenant_id = k.tenant_id
           where k.key_id = $1 and k.tenant_id = $2`,
    values: [shown, principal.tenantId],
  });
  const [row] = rows;
  const matches = timingSafeEqual(hashOf(key), row?.hash ?? NO_HASH);
  if (!row || !matches || !row.usable) return null;
  return partyById(db, { tenantId: principal.tenantId, kind: row.kind, partyId: row.partyId });
}

async function insertKey(
  client: PoolClient,
  { tenantId, userId }: Principal,
  party: number,
  expiresAt: Date | null,
): Promise<MadeKey> {
  const counted = await client.query<{ count: number }>({
    name: 'count_party_keys',
    text: `select count(*)::int as count from business_keys where tenant_id = $1 and party = $2 and revoked_at is null`,
    values: [tenantId, party],
  });
  if (onlyRow(counted).count >= limits.MAX_KEYS)
    throw new InvalidInput('partyId', `there may be at most ${limits.MAX_KEYS} keys that are not revoked`);
  const id = randomBytes(6).toString('hex');
  const key = `echobiz_${id}_${randomBytes(32).toString('base64url')}`;
  const made = await client.query<RawRow>({
    name: 'insert_party_key',
    text: `insert into business_keys (tenant_id, party, key_id, hash, last_four, created_by, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7) returning *`,
    values: [tenantId, party, id, hashOf(key), key.slice(-4), userId, expiresAt],
  });
  return { key, row: mapRow(partyKeys, onlyRow(made)) };
}

async function revoke(
  client: PoolClient,
  tenantId: string,
  id: string,
  onlyUsable: boolean,
): Promise<PartyKeyRow> {
  const { rows } = await client.query<RawRow>({
    name: 'revoke_party_key',
    text: `update business_keys set revoked_at = coalesce(revoked_at, now())
           where key_id = $1 and tenant_id = $2 and (not $3 or revoked_at is null and coalesce(expires_at > now(), true)) returning *`,
    values: [id, tenantId, onlyUsable],
  });
  if (!rows[0]) throw new NotFound('keyId', 'there is no such key');
  return mapRow(partyKeys, rows[0]);
}
