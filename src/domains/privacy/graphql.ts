import { InvalidInput, NotFound } from '../../errors.ts';
import { builder, HEAVY } from '../../graphql/builder.ts';
import {
  conversationId as conversationIdSchema,
  parseInput,
  userId as userIdSchema,
} from '../../ground/input.ts';
import { ownerFor, requireAdmin } from '../../ground/ownership.ts';
import { type Erasure, eraseUser } from './erase.ts';
import { type ExportManifest, exportManifest, exportPage, MAX_LINES } from './export.ts';
import { type Restored, restoreLines } from './restore.ts';

const ManifestRef = builder.objectRef<ExportManifest>('ExportManifest').implement({
  description: 'What a whole export holds. Two memories with the same content have the same one.',
  fields: (t) => ({
    format: t.exposeString('format', { description: 'Name and version of the format.' }),
    userId: t.exposeString('userId', { description: 'Whose memory it is.' }),
    tenantId: t.exposeString('tenantId', { description: 'The tenant of that user.' }),
    characters: t.exposeInt('characters', { description: 'Number of the user’s own characters.' }),
    conversations: t.exposeInt('conversations', { description: 'Number of conversations.' }),
    turns: t.exposeInt('turns', { description: 'Number of turns.' }),
    sha256: t.exposeString('sha256', {
      description: 'SHA-256 over all lines, each followed by a line feed; hexadecimal.',
    }),
  }),
});

/** What a column of type integer holds. */
const LARGEST_INTEGER = 2_147_483_647;

const cursorOf = (position: { conversationId: string; sequence: number }) =>
  Buffer.from(JSON.stringify([position.conversationId, position.sequence])).toString('base64url');

function positionOf(cursor: string) {
  try {
    const [conversationId, sequence] = JSON.parse(
      Buffer.from(cursor, 'base64url').toString('utf8'),
    ) as unknown[];
    if (
      typeof conversationId === 'string' &&
      // Without one it is a place among what comes before all conversations.
      (conversationId === '' || conversationIdSchema.safeParse(conversationId).success) &&
      Number.isInteger(sequence) &&
      Number(sequence) >= 0 &&
      Number(sequence) <= LARGEST_INTEGER
    )
      return { conversationId, sequence: sequence as number };
  } catch {
    // Said below.
  }
  throw new InvalidInput('after', 'must be the `next` of an earlier page');
}

const ExportRef = builder
  .objectRef<{ owner: { tenantId: string; userId: string }; lines: readonly string[]; next: string | null }>(
    'UserExport',
  )
  .implement({
    description: 'A page of everything that is kept of a user, in JSON Lines.',
    fields: (t) => ({
      lines: t.stringList({
        description:
          'JSON, one object each: settings and own characters of the user, then each conversation, followed by its turns in their order.',
        resolve: ({ lines }) => [...lines],
      }),
      next: t.exposeString('next', {
        nullable: true,
        description: 'For `after` of the next page; null: that was all.',
      }),
      manifest: t.field({
        type: ManifestRef,
        description: 'What the whole export holds; reads all of it.',
        complexity: 2_000,
        resolve: ({ owner }, _args, { services }) => exportManifest(services.db, owner),
      }),
    }),
  });

builder.queryField('exportUser', (t) =>
  t.field({
    type: ExportRef,
    description:
      'Everything that is kept of a user: settings, own characters, conversations and turns with all their fields and hashes, page by page. `restoreUser` takes the lines back.',
    complexity: 2_000,
    args: {
      userId: t.arg.string({
        description: 'Another user, for those who may act for others; absent: the caller.',
      }),
      after: t.arg.string({ description: 'The `next` of the page before.' }),
      first: t.arg.int({ defaultValue: MAX_LINES, description: `Lines, 1 to ${MAX_LINES}.` }),
    },
    resolve: async (_root, { userId, after, first }, { services, principal }) => {
      const owner = ownerFor(principal, userId);
      const limit = first ?? MAX_LINES;
      if (limit < 1 || limit > MAX_LINES) throw new InvalidInput('first', `must be from 1 to ${MAX_LINES}`);
      const page = await exportPage(services.db, owner, after == null ? null : positionOf(after), limit);
      return { owner, lines: page.lines, next: page.next && cursorOf(page.next) };
    },
  }),
);

const RestoreSuccess = builder.objectRef<Restored>('RestoreUserSuccess').implement({
  description: 'The lines are stored.',
  fields: (t) => ({
    turns: t.exposeInt('turns', { description: 'Number of turns that were stored.' }),
    replayed: t.exposeInt('replayed', { description: 'Number of turns that were there already.' }),
    characters: t.exposeInt('characters', {
      description: 'Number of own characters that were stored; those whose name was there already are not.',
    }),
  }),
});

const EraseSuccess = builder.objectRef<Erasure>('EraseUserSuccess').implement({
  description: 'Nothing of the user is left.',
  fields: (t) => ({
    receipt: t.field({
      type: 'JSON',
      description:
        'What was erased, what a look afterwards found, and in which files of the database bytes may be left; holds no name.',
      resolve: ({ receipt }) => receipt,
    }),
    signature: t.exposeString('signature', {
      description: 'Ed25519 over the receipt as JSON with sorted keys; base64.',
    }),
    publicKey: t.exposeString('publicKey', { description: 'To check the signature with; PEM.' }),
  }),
});

builder.mutationFields((t) => ({
  restoreUser: t.field({
    type: RestoreSuccess,
    description: `Takes lines of \`exportUser\` back, at most ${MAX_LINES} at once, in their order. All or nothing; sending again is safe.`,
    errors: { types: [InvalidInput, NotFound] },
    args: {
      lines: t.arg.stringList({ required: true, description: 'The lines, as they were exported.' }),
      userId: t.arg.string({
        description: 'Another user, for those who may act for others; absent: the caller.',
      }),
    },
    resolve: (_root, { lines, userId }, { services, principal }) =>
      restoreLines(services, ownerFor(principal, userId), lines),
  }),
  eraseUser: t.field({
    type: EraseSuccess,
    description:
      'Erases everything of a user, for good, and gives a signed receipt. Older turns of the user are not taken again.',
    extensions: HEAVY,
    errors: { types: [InvalidInput] },
    args: {
      userId: t.arg.string({
        description: 'Another user, for those who may act for others; absent: the caller.',
      }),
      confirm: t.arg.string({ required: true, description: 'The id of the user once more.' }),
    },
    resolve: (_root, { userId, confirm }, { services, principal }) => {
      const owner = ownerFor(principal, userId);
      if (owner.userId !== principal.userId) requireAdmin(principal);
      return eraseUser(services, principal, owner, parseInput(userIdSchema, confirm, 'confirm'));
    },
  }),
}));
