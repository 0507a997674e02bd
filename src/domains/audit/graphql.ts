import { InvalidInput } from '../../errors.ts';
import { builder, HEAVY, MAX_PAGE_SIZE } from '../../graphql/builder.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import type { AuditEntry } from './audit.ts';
import type { AuditVerification } from './chain.ts';

const AuditEntryRef = builder.objectRef<AuditEntry>('AuditEntry').implement({
  description: 'One write, or one refusal. Names of erased persons are pseudonyms.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Its number; grows.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    actor: t.exposeString('actor', {
      nullable: true,
      description: 'Who did it; null: the server, or somebody unknown.',
    }),
    credential: t.exposeString('credential', {
      nullable: true,
      description: 'The public part of the key, or the id of the token, that was shown.',
    }),
    onBehalfOf: t.exposeString('onBehalfOf', { nullable: true, description: 'Whose data it was.' }),
    address: t.exposeString('address', { nullable: true, description: 'From where.' }),
    action: t.exposeString('action', { description: 'What was done, or tried.' }),
    target: t.exposeString('target', { nullable: true, description: 'What of theirs.' }),
    result: t.exposeString('result', { description: '`OK`, or the code of the refusal.' }),
    correlationId: t.exposeString('correlationId', {
      nullable: true,
      description: 'The request, as errors and the log name it.',
    }),
    detail: t.expose('detail', {
      type: 'JSON',
      nullable: true,
      description: 'More, for example how many turns.',
    }),
  }),
});

const AuditPageRef = builder
  .objectRef<{ entries: AuditEntry[]; next: string | null }>('AuditPage')
  .implement({
    description: 'A page of the audit log, oldest first.',
    fields: (t) => ({
      entries: t.field({
        type: [AuditEntryRef],
        description: 'The entries.',
        resolve: ({ entries }) => entries,
      }),
      next: t.exposeString('next', {
        nullable: true,
        description: 'For `after` of the next page; null: these are the latest.',
      }),
    }),
  });

const AuditVerificationRef = builder.objectRef<AuditVerification>('AuditVerification').implement({
  description: 'Whether the audit log fits its hash chain.',
  fields: (t) => ({
    seals: t.exposeInt('seals', { description: 'Links of the chain.' }),
    rows: t.exposeInt('rows', { description: 'Entries that they cover.' }),
    broken: t.intList({
      description: 'Links that do not fit: entries were altered, removed or put in.',
      resolve: ({ broken }) => [...broken],
    }),
    wrongNames: t.exposeInt('wrongNames', {
      description: 'Names that do not fit their pseudonym: they were changed.',
    }),
  }),
});

builder.queryFields((t) => ({
  auditLog: t.field({
    type: AuditPageRef,
    description: 'Who did what within the tenant. For admins.',
    authScopes: { permission: 'ADMIN' },
    complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? MAX_PAGE_SIZE, MAX_PAGE_SIZE) }),
    args: {
      after: t.arg.string({ description: 'The `next` of the page before.' }),
      first: t.arg.int({ defaultValue: MAX_PAGE_SIZE, description: `Entries, 1 to ${MAX_PAGE_SIZE}.` }),
    },
    resolve: async (_root, { after, first }, { services, principal }) => {
      requireAdmin(principal);
      const limit = first ?? MAX_PAGE_SIZE;
      if (limit < 1 || limit > MAX_PAGE_SIZE)
        throw new InvalidInput('first', `must be from 1 to ${MAX_PAGE_SIZE}`);
      if (after != null && !/^\d{1,18}$/.test(after))
        throw new InvalidInput('after', 'must be the `next` of an earlier page');
      const entries = await services.audit.entries(principal.tenantId, BigInt(after ?? 0), limit);
      return { entries, next: entries.length === limit ? (entries.at(-1)?.id ?? null) : null };
    },
  }),
  verifyAudit: t.field({
    type: AuditVerificationRef,
    description: 'Compares the whole audit log with its hash chain. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    resolve: (_root, _args, { services, principal }) => {
      requireAdmin(principal);
      return services.audit.verify();
    },
  }),
}));
