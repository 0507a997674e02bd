import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect } from '../../graphql/connections.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { BACKUP_ID, type Label, MAX_NOTE } from './format.ts';
import { backupPage, requestBackup, requestVerification } from './requests.ts';

const BackupState = builder.enumType('BackupState', {
  description: 'What is known of a backup.',
  values: {
    UNVERIFIED: { description: 'It was written, and nobody has tried to restore it yet.' },
    VERIFIED: { description: 'It was restored, and what came out was what had been backed up.' },
    DAMAGED: { description: 'It could not be restored, or what came out was something else.' },
  },
});

const BackupEncryption = builder.enumType('BackupEncryption', {
  description: 'What opens a backup.',
  values: {
    NONE: { value: 'none', description: 'Whoever has the file.' },
    KEY: { value: 'key', description: 'MASTER_KEY, or a key of BACKUP_RECIPIENTS.' },
    PASSPHRASE: { value: 'passphrase', description: 'BACKUP_PASSPHRASE.' },
  } satisfies Record<Uppercase<Label['encryption']>, { value: Label['encryption']; description: string }>,
});

function stateOf({ verification }: Label): 'UNVERIFIED' | 'VERIFIED' | 'DAMAGED' {
  if (!verification) return 'UNVERIFIED';
  return verification.problem === null ? 'VERIFIED' : 'DAMAGED';
}

const BackupRef = builder.objectRef<Label>('Backup').implement({
  description: 'A copy of everything that the server keeps, from which a database can be restored.',
  fields: (t) => ({
    backupId: t.exposeID('backupId', { description: 'Names it; its file is called so, too.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'The point that it is of: all that was acknowledged before is in it.',
      resolve: ({ createdAt }) => new Date(createdAt),
    }),
    bytes: t.exposeFloat('bytes', { description: 'Size of its file.' }),
    rows: t.exposeFloat('rows', { description: 'Rows of all tables.' }),
    state: t.field({ type: BackupState, description: 'What is known of it.', resolve: stateOf }),
    verifiedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was last restored to try it, whatever came out; null: never.',
      resolve: ({ verification }) => verification && new Date(verification.at),
    }),
    verificationSeconds: t.float({
      nullable: true,
      description: 'What that took; null: it was never tried.',
      resolve: ({ verification }) => verification?.seconds ?? null,
    }),
    problem: t.string({
      nullable: true,
      description: 'Why it cannot be restored; null: nothing is known to be wrong.',
      resolve: ({ verification }) => verification?.problem ?? null,
    }),
    encryption: t.expose('encryption', { type: BackupEncryption, description: 'What opens it.' }),
    note: t.exposeString('note', { nullable: true, description: 'What somebody noted; null: nothing.' }),
  }),
});

const BackupConnection = builder.connectionObject(
  { type: BackupRef, name: 'BackupConnection' },
  { name: 'BackupEdge' },
);

const byId: CursorFormat<Label, string> = {
  encode: ({ backupId }) => backupId,
  decode: (cursor) => (BACKUP_ID.test(cursor) ? cursor : null),
};

builder.queryField('backups', (t) =>
  t.connection(
    {
      type: BackupRef,
      description: 'Backups that are kept, newest first. For admins of the tenant that runs the server.',
      authScopes: { permission: 'ADMIN' },
      resolve: (_root, args, { services, principal }) =>
        connect(args, byId, (page) => backupPage(services, principal, page)),
    },
    BackupConnection,
  ),
);

builder.mutationFields((t) => ({
  createBackup: t.field({
    type: CreateTaskResult,
    description:
      'Makes a backup in the background, of all tenants, and verifies it by restoring it. For admins of the tenant that runs the server. The result of the task names it.',
    authScopes: { permission: 'ADMIN' },
    args: {
      note: t.arg.string({
        description: `For people, at most ${MAX_NOTE} characters; it can be read beside the backup.`,
      }),
    },
    resolve: async (_root, { note }, { services, principal }) => ({
      task: await requestBackup(services, principal, { note }),
    }),
  }),
  verifyBackup: t.field({
    type: CreateTaskResult,
    description:
      'Restores a backup into a database of its own, in the background, and compares what comes out with what was backed up. For admins of the tenant that runs the server.',
    authScopes: { permission: 'ADMIN' },
    args: { backupId: t.arg.id({ required: true, description: 'The id of the backup.' }) },
    resolve: async (_root, { backupId }, { services, principal }) => ({
      task: await requestVerification(services, principal, String(backupId)),
    }),
  }),
}));
