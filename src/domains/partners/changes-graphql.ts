import { IdempotencyKeyReused, InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { createReferralCode, revokeReferralCode } from './codes.ts';
import { ClientRef, CodeRef, PartnerRef, PartyKeyRef, PartyKindEnum } from './graphql.ts';
import { createPartyKey, type MadeKey, revokePartyKey, rotatePartyKey } from './keys.ts';
import * as limits from './limits.ts';
import { changeParty, createClientAccount, createPartner, forgetParty } from './parties.ts';
import type { SeenParty } from './reads.ts';
import { type NotedReferral, noteReferral } from './referrals.ts';
import type { PartyKeyRow, ReferralCodeRow } from './tables.ts';

const idForm = '1 to 100 letters, digits, or one of . _ : -';
const codeForm = '3 to 50 letters, digits or -; case does not matter.';
const who = {
  name: `What they are called, 1 to ${limits.MAX_NAME} characters.`,
  email: 'Their e-mail address, at most 254 characters.',
  userId: 'The user of this server that they are: with an erasure of that user goes who they are.',
};

const PartnerInput = builder.inputType('CreatePartnerInput', {
  description: 'Somebody who brings clients.',
  fields: (t) => ({
    partnerId: t.id({ description: `What the operator calls them, ${idForm}; absent: a UUID.` }),
    name: t.string({ required: true, description: who.name }),
    email: t.string({ description: who.email }),
    userId: t.string({ description: who.userId }),
    rate: t.int({
      required: true,
      description: `Their share of what their clients pay, in basis points (hundredths of a per cent), 0 to ${limits.WHOLE}.`,
    }),
  }),
});

const ClientInput = builder.inputType('CreateClientAccountInput', {
  description: 'Somebody who pays the operator.',
  fields: (t) => ({
    clientId: t.id({ required: true, description: `What the operator calls them, ${idForm}.` }),
    name: t.string({ required: true, description: who.name }),
    email: t.string({ description: who.email }),
    userId: t.string({ description: who.userId }),
    code: t.string({ description: `The code by which they come now, ${codeForm}` }),
  }),
});

const ReferralInput = builder.inputType('NoteReferralInput', {
  description: 'That somebody who may become a client came by a code.',
  fields: (t) => ({
    clientId: t.id({ required: true, description: `What they will be called as a client, ${idForm}.` }),
    code: t.string({ required: true, description: codeForm }),
    at: t.field({
      type: 'DateTime',
      description: 'When, at most REFERRAL_WINDOW_DAYS ago; absent: now. The same again changes nothing.',
    }),
  }),
});

const CodeInput = builder.inputType('CreateReferralCodeInput', {
  description: 'A code of a partner.',
  fields: (t) => ({
    partnerId: t.id({ required: true, description: 'Whose.' }),
    code: t.string({ description: `${codeForm} Absent: one is made up.` }),
    expiresAt: t.field({ type: 'DateTime', description: 'From when on nobody comes by it; absent: never.' }),
  }),
});

const PartnerSuccess = builder.objectRef<{ partner: SeenParty }>('PartnerSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ partner: t.expose('partner', { type: PartnerRef, description: 'As they are now.' }) }),
});
const ClientSuccess = builder.objectRef<{ client: SeenParty }>('ClientAccountSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ client: t.expose('client', { type: ClientRef, description: 'As they are now.' }) }),
});
const CodeSuccess = builder.objectRef<{ referralCode: ReferralCodeRow }>('ReferralCodeSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({
    referralCode: t.expose('referralCode', { type: CodeRef, description: 'As it is now.' }),
  }),
});
const ReferralSuccess = builder.objectRef<NotedReferral>('NoteReferralSuccess').implement({
  description: 'It is noted.',
  fields: (t) => ({
    clientId: t.exposeID('clientId', { description: 'Who came.' }),
    code: t.exposeString('code', { description: 'By which code.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
});
const KeySuccess = builder.objectRef<MadeKey>('BusinessKeySuccess').implement({
  description: 'The key was made.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'The key itself. It is shown this once; only a hash of it is kept.',
    }),
    kept: t.field({ type: PartyKeyRef, description: 'What is kept.', resolve: ({ row }) => row }),
  }),
});
const RevokeKeySuccess = builder.objectRef<PartyKeyRow>('RevokeBusinessKeySuccess').implement({
  description: 'The key opens nothing any more.',
  fields: (t) => ({
    kept: t.field({ type: PartyKeyRef, description: 'What is kept.', resolve: (row) => row }),
  }),
});

builder.mutationFields((t) => ({
  createPartner: t.field({
    type: PartnerSuccess,
    description: 'Makes a partner. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: PartnerInput, required: true, description: 'Who.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      partner: await createPartner(services, principal, {
        ...input,
        partnerId: input.partnerId == null ? null : String(input.partnerId),
      }),
    }),
  }),
  updatePartner: t.field({
    type: PartnerSuccess,
    description:
      'Changes the rate of a partner for reports to come, or suspends them: their keys and codes open nothing then. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: {
      partnerId: t.arg.id({ required: true, description: 'Which.' }),
      rate: t.arg.int({
        description: `In basis points (hundredths of a per cent), 0 to ${limits.WHOLE}; absent: as it is.`,
      }),
      suspended: t.arg.boolean({ description: 'Whether they are suspended; absent: as it is.' }),
    },
    resolve: async (_root, { partnerId, rate, suspended }, { services, principal }) => ({
      partner: await changeParty(services, principal, 'PARTNER', {
        ...{ partyId: String(partnerId), rate, suspended },
      }),
    }),
  }),
  forgetPartner: t.field({
    type: PartnerSuccess,
    description: 'Takes away name and e-mail address of a partner; what hangs on them stays. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { partnerId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { partnerId }, { services, principal }) => ({
      partner: await forgetParty(services, principal, 'PARTNER', String(partnerId)),
    }),
  }),
  createClientAccount: t.field({
    type: ClientSuccess,
    description:
      'Makes a client, and says for good which partner brought them, by REFERRAL_RULE. The same again gives the client that is there. For services and admins.',
    errors: { types: [InvalidInput, IdempotencyKeyReused] },
    args: { input: t.arg({ type: ClientInput, required: true, description: 'Who.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      client: await createClientAccount(services, principal, { ...input, clientId: String(input.clientId) }),
    }),
  }),
  suspendClientAccount: t.field({
    type: ClientSuccess,
    description: 'Suspends a client, whose keys open nothing then, or lets them go on. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: {
      clientId: t.arg.id({ required: true, description: 'Which.' }),
      suspended: t.arg.boolean({ required: true, description: 'False: they go on.' }),
    },
    resolve: async (_root, { clientId, suspended }, { services, principal }) => ({
      client: await changeParty(services, principal, 'CLIENT', { partyId: String(clientId), suspended }),
    }),
  }),
  forgetClientAccount: t.field({
    type: ClientSuccess,
    description: 'Takes away name and e-mail address of a client; what hangs on them stays. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { clientId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { clientId }, { services, principal }) => ({
      client: await forgetParty(services, principal, 'CLIENT', String(clientId)),
    }),
  }),
  noteReferral: t.field({
    type: ReferralSuccess,
    description:
      'Notes that somebody who may become a client came by a partner’s code. For services and admins.',
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: ReferralInput, required: true, description: 'Who, and by which.' }) },
    resolve: (_root, { input }, { services, principal }) =>
      noteReferral(services, principal, { ...input, clientId: String(input.clientId) }),
  }),
}));

builder.mutationFields((t) => ({
  createReferralCode: t.field({
    type: CodeSuccess,
    description: `Makes a code of a partner, who may have ${limits.MAX_CODES}. For admins.`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: CodeInput, required: true, description: 'The code.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      referralCode: await createReferralCode(services, principal, {
        ...input,
        partnerId: String(input.partnerId),
      }),
    }),
  }),
  revokeReferralCode: t.field({
    type: CodeSuccess,
    description:
      'Ends a code: nobody comes by it any more, and it brings no client from now on. Clients who are there stay their partner’s. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { code: t.arg.string({ required: true, description: 'Which.' }) },
    resolve: async (_root, { code }, { services, principal }) => ({
      referralCode: await revokeReferralCode(services, principal, code),
    }),
  }),
  createBusinessKey: t.field({
    type: KeySuccess,
    description: `Makes a key of a client or a partner, who may have ${limits.MAX_KEYS}. It opens nothing here: \`businessPartyOfKey\` says whose it is. For admins.`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: {
      kind: t.arg({ type: PartyKindEnum, required: true, description: 'What they are.' }),
      partyId: t.arg.id({ required: true, description: 'Whose.' }),
      expiresAt: t.arg({ type: 'DateTime', description: 'When it stops to be valid; absent: never.' }),
    },
    resolve: (_root, { kind, partyId, expiresAt }, { services, principal }) =>
      createPartyKey(services, principal, kind, { partyId: String(partyId), expiresAt }),
  }),
  rotateBusinessKey: t.field({
    type: KeySuccess,
    description: 'Puts a new key in the place of one, which is revoked. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { keyId: t.arg.string({ required: true, description: 'The public part of the old one.' }) },
    resolve: (_root, { keyId }, { services, principal }) => rotatePartyKey(services, principal, keyId),
  }),
  revokeBusinessKey: t.field({
    type: RevokeKeySuccess,
    description: 'Makes a key of a client or a partner worthless. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { keyId: t.arg.string({ required: true, description: 'Its public part.' }) },
    resolve: (_root, { keyId }, { services, principal }) => revokePartyKey(services, principal, keyId),
  }),
}));
