import { sql } from 'drizzle-orm';
import { type AnyPgColumn, check, index, integer, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Whom the operator does business with: who pays, and who brings those that do. */
export const PARTY_KINDS = ['CLIENT', 'PARTNER'] as const;
export type PartyKind = (typeof PARTY_KINDS)[number];

/** Which of several referrals counts: the first within the window before somebody became a client, or the last. */
export const REFERRAL_RULES = ['FIRST', 'LAST'] as const;
export type ReferralRule = (typeof REFERRAL_RULES)[number];

/** Clients and partners. Who they are stands in `business_people`, and goes with an erasure. */
export const parties = pgTable(
  'business_parties',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    kind: text('kind').$type<PartyKind>().notNull(),
    /** What the operator calls them; of a client also in the books of payments. */
    partyId: text('party_id').notNull(),
    /** Of a partner: hundredths of a per cent of what their clients pay; null: a client. */
    rate: integer('rate'),
    /** Of a client: the partner who brought them, by which code, and by which rule; null: nobody did. */
    partner: integer('partner').references((): AnyPgColumn => parties.id),
    code: integer('code').references((): AnyPgColumn => referralCodes.id),
    rule: text('rule').$type<ReferralRule>(),
    /** When the referral was that counted. */
    referredAt: instant('referred_at'),
    suspendedAt: instant('suspended_at'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('business_parties_party_id_key').on(table.tenantId, table.kind, table.partyId),
    index('business_parties_partner_idx').on(table.partner, table.id),
    check('business_parties_kind_check', sql`${table.kind} in ('CLIENT', 'PARTNER')`),
    check(
      'business_parties_rate_check',
      sql`(${table.kind} = 'PARTNER') = (${table.rate} is not null) and ${table.rate} between 0 and 10000`,
    ),
    check(
      'business_parties_referral_check',
      sql`num_nulls(${table.partner}, ${table.code}, ${table.rule}, ${table.referredAt}) in (0, 4)
        and (${table.kind} = 'CLIENT' or ${table.partner} is null) and ${table.partner} <> ${table.id}`,
    ),
  ],
);

/** Who a client or a partner is. */
export const businessPeople = pgTable(
  'business_people',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    /** Null: an export of another server said it, where they are one. */
    party: integer('party').references(() => parties.id),
    /** Null: no user of this server. */
    userId: text('user_id'),
    kind: text('kind').$type<PartyKind>().notNull(),
    partyId: text('party_id').notNull(),
    name: text('name').notNull(),
    email: text('email'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('business_people_party_key').on(table.party),
    unique('business_people_user_key').on(table.userId, table.tenantId, table.kind, table.partyId),
  ],
);

/** Keys by which clients and partners are known. The secret itself is nowhere: it was shown once. */
export const partyKeys = pgTable(
  'business_keys',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    party: integer('party')
      .notNull()
      .references(() => parties.id),
    /** The public part, by which a key is found. */
    keyId: text('key_id').notNull(),
    /** SHA-256 of the whole key; enough, since 256 random bits can't be guessed. */
    hash: bytes('hash').notNull(),
    lastFour: text('last_four').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    unique('business_keys_key_id_key').on(table.keyId),
    index('business_keys_party_idx').on(table.party, table.id),
  ],
);

/** By which a partner's links are known. */
export const referralCodes = pgTable(
  'referral_codes',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    partner: integer('partner')
      .notNull()
      .references(() => parties.id),
    /** In capitals. */
    code: text('code').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    unique('referral_codes_code_key').on(table.tenantId, table.code),
    index('referral_codes_partner_idx').on(table.partner, table.id),
  ],
);

/** That somebody who may become a client came by a code. */
export const referrals = pgTable(
  'referrals',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    clientId: text('client_id').notNull(),
    code: integer('code')
      .notNull()
      .references(() => referralCodes.id),
    at: instant('at').notNull(),
  },
  (table) => [
    unique('referrals_at_key').on(table.tenantId, table.clientId, table.code, table.at),
    index('referrals_age_idx').on(table.at),
  ],
);

export type PartyRow = typeof parties.$inferSelect;
export type PartyKeyRow = typeof partyKeys.$inferSelect;
export type ReferralCodeRow = typeof referralCodes.$inferSelect;

const kept = { kept: 'until they are deleted' } as const;
const BOOKS =
  'books of the operator hang on them, and they name nobody: who they are stands in business_people, and goes';

export const duties: readonly Duty[] = [
  {
    table: businessPeople,
    owner: { user: businessPeople.userId },
    erasure: { rows: 'delete', counted: 'businessDetails', left: 'businessDetails' },
    exported: { lines: 'business_person' },
    audited: { not: 'that the client or the partner is made and changed is told' },
    ...kept,
  },
  {
    table: parties,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [parties.createdBy] },
    exported: { not: 'who they are is in the export of a user; the rest is the operator’s' },
    audited: [
      { on: 'INSERT', action: 'party.create', trigger: { target: parties.partyId } },
      {
        on: 'UPDATE',
        action: 'party.update',
        trigger: { target: parties.partyId, of: [parties.updatedAt] },
      },
    ],
    ...kept,
  },
  {
    table: partyKeys,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they are the client’s or the partner’s', names: [partyKeys.createdBy] },
    exported: { not: 'a key is of this server only' },
    audited: [
      { on: 'INSERT', action: 'partykey.create', trigger: { target: partyKeys.keyId } },
      {
        on: 'UPDATE',
        action: 'partykey.revoke',
        trigger: { target: partyKeys.keyId, of: [partyKeys.revokedAt] },
      },
    ],
    ...kept,
  },
  {
    table: referralCodes,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [referralCodes.createdBy] },
    exported: { not: 'they are the operator’s' },
    audited: [
      { on: 'INSERT', action: 'referral.create', trigger: { target: referralCodes.code } },
      {
        on: 'UPDATE',
        action: 'referral.revoke',
        trigger: { target: referralCodes.code, of: [referralCodes.revokedAt] },
      },
    ],
    ...kept,
  },
  {
    table: referrals,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS },
    exported: { not: 'they are the operator’s' },
    audited: { not: 'programs note them, many; what comes of one is told with its client' },
    kept: { days: 400, past: referrals.at },
  },
];
