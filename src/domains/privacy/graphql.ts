import { InvalidInput, NotFound, QuotaExceeded } from '../../errors.ts';
import { builder, HEAVY, WHILE_SUSPENDED } from '../../graphql/builder.ts';
import { parseInput, userId as userIdSchema } from '../../ground/input.ts';
import { ownerFor, requireAdmin } from '../../ground/ownership.ts';
import type { LineCounts } from '../../ground/section.ts';
import { type Erasure, eraseUser } from './erase.ts';
import { type ExportManifest, exportManifest, MAX_LINES, takeExportPage } from './export.ts';
import { cursorOf, positionOf } from './export-cursor.ts';
import { restoreLines } from './restore.ts';

const LinesOfKind = builder.objectRef<{ kind: string; count: number }>('LinesOfKind').implement({
  description: 'How many lines of an export are of one kind.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'What each of these lines is, such as `turn`.' }),
    count: t.exposeInt('count', { description: 'How many there are.' }),
  }),
});

const linesOf = (counts: LineCounts) => Object.entries(counts).map(([kind, count]) => ({ kind, count }));

const ManifestRef = builder.objectRef<ExportManifest>('ExportManifest').implement({
  description: 'What a whole export holds. Two memories with the same content have the same one.',
  fields: (t) => ({
    format: t.exposeString('format', { description: 'Name and version of the format.' }),
    userId: t.exposeString('userId', { description: 'Whose memory it is.' }),
    tenantId: t.exposeString('tenantId', { description: 'The tenant of that user.' }),
    characters: t.int({
      description: 'Number of the user’s own characters.',
      resolve: ({ counts }) => counts.character ?? 0,
    }),
    conversations: t.int({
      description: 'Number of conversations.',
      resolve: ({ counts }) => counts.conversation ?? 0,
    }),
    turns: t.int({ description: 'Number of turns.', resolve: ({ counts }) => counts.turn ?? 0 }),
    lines: t.field({
      type: [LinesOfKind],
      description: 'Number of lines of each kind that there is, in the order in which they come.',
      resolve: ({ counts }) => linesOf(counts),
    }),
    sha256: t.exposeString('sha256', {
      description: 'SHA-256 over all lines, each followed by a line feed; hexadecimal.',
    }),
  }),
});

const ExportRef = builder
  .objectRef<{ owner: { tenantId: string; userId: string }; lines: readonly string[]; next: string | null }>(
    'UserExport',
  )
  .implement({
    description: 'A page of everything that is kept of a user, in JSON Lines.',
    fields: (t) => ({
      lines: t.stringList({
        description:
          'JSON, one object each: settings and own characters of the user, then each conversation, followed by its turns in their order; at last the background tasks.',
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
        resolve: ({ owner }, _args, { services }) => exportManifest(services, services.sections, owner),
      }),
    }),
  });

builder.queryField('exportUser', (t) =>
  t.field({
    type: ExportRef,
    description:
      'Everything that is kept of a user: settings, own characters, conversations and turns with all their fields and hashes, background tasks, page by page. `restoreUser` takes the lines back.',
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
      const { sections } = services;
      const position = after == null ? null : positionOf(after, sections);
      if (after != null && !position)
        throw new InvalidInput('after', 'must be the `next` of an earlier page');
      const page = await takeExportPage(services, sections, owner, position, limit);
      return { owner, lines: page.lines, next: page.next && cursorOf(page.next) };
    },
  }),
);

const RestoreSuccess = builder.objectRef<LineCounts>('RestoreUserSuccess').implement({
  description: 'The lines are stored.',
  fields: (t) => ({
    turns: t.int({
      description: 'Number of turns that were stored.',
      resolve: ({ turn = 0 }) => turn,
    }),
    replayed: t.int({
      description: 'Number of turns that were there already.',
      resolve: ({ replayed = 0 }) => replayed,
    }),
    characters: t.int({
      description: 'Number of own characters that were stored; those whose name was there already are not.',
      resolve: ({ character = 0 }) => character,
    }),
    lines: t.field({
      type: [LinesOfKind],
      description:
        'Number of lines of each kind that were stored; those of conversations and of deleted turns are not counted.',
      resolve: ({ replayed: _there, ...stored }) => linesOf(stored).filter(({ count }) => count > 0),
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
    errors: { types: [InvalidInput, NotFound, QuotaExceeded] },
    args: {
      lines: t.arg.stringList({ required: true, description: 'The lines, as they were exported.' }),
      userId: t.arg.string({
        description: 'Another user, for those who may act for others; absent: the caller.',
      }),
    },
    resolve: (_root, { lines, userId }, { services, principal }) =>
      restoreLines(services, services.sections, ownerFor(principal, userId), lines),
  }),
  eraseUser: t.field({
    type: EraseSuccess,
    description:
      'Erases everything of a user, for good, and gives a signed receipt. Older turns of the user are not taken again.',
    extensions: { ...HEAVY, ...WHILE_SUSPENDED },
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
