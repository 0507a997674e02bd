import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { parseInput } from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { partyOfKey } from './keys.ts';
import * as limits from './limits.ts';
import { codesOf, keysOf, partnersByIds, partyById, partyPage, type SeenParty } from './reads.ts';
import type { PartyKeyRow, PartyKind, ReferralCodeRow, ReferralRule } from './tables.ts';

export const PartyKindEnum = builder.enumType('BusinessPartyKind', {
  description: 'What somebody is to the operator.',
  values: {
    CLIENT: { description: 'They pay.' },
    PARTNER: { description: 'They bring clients.' },
  } satisfies Record<PartyKind, { description: string }>,
});

const RuleEnum = builder.enumType('ReferralRule', {
  description: 'Which of several referrals counts, within the window before somebody became a client.',
  values: {
    FIRST: { description: 'The first one.' },
    LAST: { description: 'The last one.' },
  } satisfies Record<ReferralRule, { description: string }>,
});

export const PartyKeyRef = builder.objectRef<PartyKeyRow>('BusinessKey').implement({
  description: 'A key by which a client or a partner is known; the secret itself is nowhere.',
  fields: (t) => ({
    keyId: t.exposeString('keyId', { complexity: 0, description: 'Its public part.' }),
    lastFour: t.exposeString('lastFour', {
      complexity: 0,
      description: 'The end of the secret, to tell keys apart.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', complexity: 0, description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When it stops to be valid; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When it was revoked, or another one took its place; null: it was not.',
    }),
  }),
});

export const CodeRef = builder.objectRef<ReferralCodeRow>('ReferralCode').implement({
  description: 'By which those come whom a partner brings.',
  fields: (t) => ({
    code: t.exposeString('code', {
      complexity: 0,
      description: 'In capitals; small letters are taken for them.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', complexity: 0, description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'From when on nobody comes by it; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When it was ended; null: it was not.',
    }),
  }),
});

const erased = 'null: it is not known, or was erased.';

/** What clients and partners have in common. */
const PartyInterface = builder.interfaceRef<SeenParty>('BusinessParty').implement({
  description: 'A client or a partner of the operator.',
  resolveType: ({ kind }) => (kind === 'CLIENT' ? 'ClientAccount' : 'Partner'),
  fields: (t) => ({
    name: t.exposeString('name', { nullable: true, description: `What they are called; ${erased}` }),
    email: t.exposeString('email', { nullable: true, description: `Their e-mail address; ${erased}` }),
    userId: t.exposeString('userId', {
      nullable: true,
      description: `The user of this server that they are; null: none, or it was erased.`,
    }),
    suspendedAt: t.expose('suspendedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'Since when they are suspended, so that their keys and codes open nothing; null: they are not.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they became one.' }),
    keys: t.field({
      type: [PartyKeyRef],
      description: 'Their keys, oldest first, revoked ones included.',
      resolve: ({ id, tenantId }, _args, { loader, services }) =>
        loader({
          name: `business keys of ${tenantId}`,
          load: (ids) => keysOf(services.db, tenantId, ids),
          key: id,
        }),
    }),
  }),
});

export const PartnerRef = builder.objectRef<SeenParty>('Partner').implement({
  description: 'Who brings clients.',
  interfaces: [PartyInterface],
  fields: (t) => ({
    partnerId: t.exposeID('partyId', { description: 'What the operator calls them.' }),
    rate: t.int({
      description:
        'Their share of what their clients pay, in basis points (hundredths of a per cent), for reports to come.',
      resolve: ({ rate }) => rate ?? 0,
    }),
    codes: t.field({
      type: [CodeRef],
      description: 'Their codes, oldest first, ended ones included.',
      resolve: ({ id, tenantId }, _args, { loader, services }) =>
        loader({
          name: `referral codes of ${tenantId}`,
          load: (ids) => codesOf(services.db, tenantId, ids),
          key: id,
        }),
    }),
  }),
});

export const ClientRef = builder.objectRef<SeenParty>('ClientAccount').implement({
  description: 'Who pays the operator; programs that call this server are something else.',
  interfaces: [PartyInterface],
  fields: (t) => ({
    clientId: t.exposeID('partyId', {
      description: 'What the operator calls them, as in the books of payments.',
    }),
    partner: t.field({
      type: PartnerRef,
      nullable: true,
      description: 'Who brought them; null: nobody. It never changes.',
      resolve: ({ partnerId, tenantId }, _args, { loader, services }) =>
        partnerId === null
          ? null
          : loader({
              name: `partners of ${tenantId}`,
              load: (ids) => partnersByIds(services.db, tenantId, ids),
              key: partnerId,
            }),
    }),
    referralCode: t.exposeString('code', {
      nullable: true,
      description: 'By which code; null: nobody brought them.',
    }),
    referralRule: t.field({
      type: RuleEnum,
      nullable: true,
      description: 'By which rule that was said; null: nobody brought them.',
      resolve: ({ rule }) => rule,
    }),
    referredAt: t.expose('referredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When they came by that code; null: nobody brought them.',
    }),
  }),
});

const byNumber = numberCursor<SeenParty>(({ id }) => id);

function one(kind: PartyKind, field: string, given: string | number, { services, principal }: Context) {
  requireAdmin(principal);
  const partyId = parseInput(limits.partyId, String(given), field);
  return partyById(services.db, { tenantId: principal.tenantId, kind, partyId });
}

builder.queryFields((t) => ({
  partners: t.connection(
    {
      type: PartnerRef,
      description: 'Partners of the caller’s tenant, the one that was made last first. For admins.',
      authScopes: { permission: 'ADMIN' },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        const { tenantId } = principal;
        return connect(args, byNumber, (page) =>
          partyPage(services.db, { tenantId, kind: 'PARTNER', partner: null }, page),
        );
      },
    },
    { name: 'PartnerConnection' },
    { name: 'PartnerEdge' },
  ),
  partner: t.field({
    type: PartnerRef,
    nullable: true,
    description: 'One partner; null if there is none. For admins.',
    authScopes: { permission: 'ADMIN' },
    args: { partnerId: t.arg.id({ required: true, description: 'Their id.' }) },
    resolve: (_root, { partnerId }, context) => one('PARTNER', 'partnerId', partnerId, context),
  }),
  clientAccounts: t.connection(
    {
      type: ClientRef,
      description:
        'Clients of the operator, of the caller’s tenant, the one that was made last first. For admins.',
      authScopes: { permission: 'ADMIN' },
      args: { partnerId: t.arg.id({ description: 'Only those whom this partner brought.' }) },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        const { tenantId } = principal;
        const partner =
          args.partnerId == null ? null : parseInput(limits.partyId, String(args.partnerId), 'partnerId');
        return connect(args, byNumber, (page) =>
          partyPage(services.db, { tenantId, kind: 'CLIENT', partner }, page),
        );
      },
    },
    { name: 'ClientAccountConnection' },
    { name: 'ClientAccountEdge' },
  ),
  clientAccount: t.field({
    type: ClientRef,
    nullable: true,
    description: 'One client of the operator; null if there is none. For admins.',
    authScopes: { permission: 'ADMIN' },
    args: { clientId: t.arg.id({ required: true, description: 'Their id.' }) },
    resolve: (_root, { clientId }, context) => one('CLIENT', 'clientId', clientId, context),
  }),
  businessPartyOfKey: t.field({
    type: PartyInterface,
    nullable: true,
    description:
      'Who shows a key (`echobiz_…`), for programs of the operator to whom clients and partners show theirs. Null: it is none, it is over, or they are suspended. For services and admins.',
    args: { key: t.arg.string({ required: true, description: 'The key.' }) },
    resolve: (_root, { key }, { services, principal }) => partyOfKey(services, principal, key),
  }),
}));
