import { InvalidInput, NotConfigured, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import {
  type Credential,
  deleteCredential,
  listCredentials,
  revealCredential,
  storeCredential,
} from './credentials.ts';

const CredentialRef = builder.objectRef<Credential>('Credential').implement({
  description:
    'A secret for another service, kept encrypted. Its value is read with `revealCredential` only.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    lastFour: t.exposeString('lastFour', {
      nullable: true,
      description: 'The end of its value; null: the value has fewer than 16 characters.',
    }),
    version: t.exposeInt('version', { description: 'Grows with each new value.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When this value was stored.' }),
    updatedBy: t.exposeString('updatedBy', { description: 'The user who stored it.' }),
    isReadable: t.exposeBoolean('isReadable', {
      description: 'Whether the master key of this server opens it.',
    }),
  }),
});

builder.queryFields((t) => ({
  credentials: t.field({
    type: [CredentialRef],
    description: 'Stored credentials of the tenant by name, without their values. For admins.',
    authScopes: { permission: 'ADMIN' },
    resolve: (_root, _args, { services, principal }) => listCredentials(services, principal),
  }),
}));

const StoreCredentialInput = builder.inputType('StoreCredentialInput', {
  description: 'A secret for another service.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description:
        'What it is called: 1 to 100 letters, digits, `_`, `.` or `-`. The server itself uses those of the tenant `default` that are called LLM_API_KEY, EMBEDDINGS_API_KEY, QDRANT_API_KEY and RERANK_API_KEY, where its configuration has none.',
    }),
    value: t.string({ required: true, description: 'The secret, 1 to 8,192 characters.' }),
  }),
});

const RevealCredentialInput = builder.inputType('RevealCredentialInput', {
  description: 'Which secret, and the proof that an admin asks in person.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is called.' }),
    code: t.string({
      required: true,
      description: "The 6 digits of the caller's authenticator (TOTP); each code is taken once.",
    }),
  }),
});

const StoreCredentialSuccess = builder.objectRef<Credential>('StoreCredentialSuccess').implement({
  description: 'The secret is kept.',
  fields: (t) => ({
    credential: t.field({
      type: CredentialRef,
      description: 'What is shown of it.',
      resolve: (credential) => credential,
    }),
  }),
});

const DeleteCredentialSuccess = builder.objectRef<Credential>('DeleteCredentialSuccess').implement({
  description: 'The secret is gone.',
  fields: (t) => ({
    credential: t.field({
      type: CredentialRef,
      description: 'What was shown of it.',
      resolve: (credential) => credential,
    }),
  }),
});

const RevealCredentialSuccess = builder
  .objectRef<{ credential: Credential; value: string }>('RevealCredentialSuccess')
  .implement({
    description: 'The secret in clear.',
    fields: (t) => ({
      credential: t.field({
        type: CredentialRef,
        description: 'What else is known of it.',
        resolve: ({ credential }) => credential,
      }),
      value: t.exposeString('value', { description: 'The secret.' }),
    }),
  });

builder.mutationFields((t) => ({
  storeCredential: t.field({
    type: StoreCredentialSuccess,
    description: 'Keeps a secret, encrypted; replaces an earlier one of that name. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotConfigured] },
    args: { input: t.arg({ type: StoreCredentialInput, required: true, description: 'The secret.' }) },
    resolve: (_root, { input }, { services, principal }) => storeCredential(services, principal, input),
  }),
  deleteCredential: t.field({
    type: DeleteCredentialSuccess,
    description: 'Deletes a stored secret. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { name: t.arg.string({ required: true, description: 'What it is called.' }) },
    resolve: (_root, { name }, { services, principal }) => deleteCredential(services, principal, name),
  }),
  revealCredential: t.field({
    type: RevealCredentialSuccess,
    description:
      'Reads a stored secret in clear. For admins with an authenticator, which the operator makes (`npm run secrets`); five wrong codes lock it for 15 minutes.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotConfigured, NotFound] },
    args: { input: t.arg({ type: RevealCredentialInput, required: true, description: 'Which.' }) },
    resolve: (_root, { input }, { services, principal }) => revealCredential(services, principal, input),
  }),
}));
