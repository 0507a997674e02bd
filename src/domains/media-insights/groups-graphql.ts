import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { MAX_DISTANCE } from './bands.ts';
import { InsightRef } from './graphql.ts';
import { type DuplicateGroup, type GroupMember, type GroupPosition, groupPage } from './groups.ts';
import { checkDistance } from './media.ts';
import { insightsByNumber, USUAL_DISTANCE } from './reads.ts';
import type { MediaInsightRow } from './tables.ts';

/** Members that are shown of one group. */
const MAX_SHOWN = 50;
const LARGEST = 2_147_483_647;

interface ShownMember extends Omit<GroupMember, 'id'> {
  readonly insight: MediaInsightRow;
}

const MemberRef = builder.objectRef<ShownMember>('DuplicateGroupMember').implement({
  description: 'A picture of a group.',
  fields: (t) => ({
    insight: t.expose('insight', { type: InsightRef, description: 'The picture.' }),
    distance: t.exposeInt('distance', {
      description: 'Bits of 64 in which its perceptual hash differs from that of the best; 0 for the best.',
    }),
    copies: t.exposeInt('copies', {
      description: 'Files that hold exactly its bytes; `insight.filePaths` names them.',
    }),
  }),
});

/** Null: forgotten meanwhile. */
function load({ loader, services, principal }: Context, number: number) {
  return loader({
    name: 'media by number',
    load: (numbers: readonly number[]) => insightsByNumber(services.db, scopeOf(principal), numbers),
    key: number,
  });
}

const GroupRef = builder.objectRef<DuplicateGroup>('DuplicateGroup').implement({
  description: 'Pictures that look the same, or files that are the same to the byte.',
  fields: (t) => ({
    best: t.field({
      type: InsightRef,
      nullable: true,
      description:
        'The one to keep: the largest (pixels), then the sharpest, then one with a date, then the oldest. Null if it was forgotten while this was read.',
      resolve: ({ position }, _args, context) => load(context, position.best),
    }),
    members: t.field({
      type: [MemberRef],
      description: `All of them, the best first; the first ${MAX_SHOWN}. None differs from the best by more than maxDistance.`,
      complexity: { field: 1, multiplier: 3 },
      resolve: async ({ members }, _args, context) => {
        const shown = await Promise.all(
          members.slice(0, MAX_SHOWN).map(async ({ id, ...member }) => {
            const insight = await load(context, id);
            return insight && { ...member, insight };
          }),
        );
        return shown.filter((member) => member !== null);
      },
    }),
    size: t.int({
      description: 'How many pictures; 1 where only copies of one content make the group.',
      resolve: ({ members }) => members.length,
    }),
    files: t.exposeInt('files', { description: 'How many files hold them.' }),
    spareBytes: t.exposeFloat('spareBytes', { description: 'Bytes of all these files but one of the best.' }),
  }),
});

const latestCell: CursorFormat<DuplicateGroup, GroupPosition> = {
  encode: ({ position: { centre, best } }) => `${centre}.${best}`,
  decode: (cursor) => {
    const [, centre, best] = /^(\d{1,10})\.(\d{1,10})$/.exec(cursor) ?? [];
    const position = { centre: Number(centre), best: Number(best) };
    return position.centre <= LARGEST && position.best <= LARGEST ? position : null;
  },
};

builder.queryField('duplicateGroups', (t) =>
  t.connection(
    {
      type: GroupRef,
      description:
        'Pictures of one user that are there more than once, in groups; each picture is in one at most. Videos are compared by their first frame.',
      args: {
        maxDistance: t.arg.int({
          defaultValue: USUAL_DISTANCE,
          description: `Bits in which perceptual hashes may differ from that of the best, 0 to ${MAX_DISTANCE}.`,
        }),
        userId: t.arg.string({
          description: 'Whose, for those who may act for others; absent: the caller’s own.',
        }),
      },
      resolve: (_root, args, { services, principal }) => {
        const owner = ownerFor(principal, args.userId);
        const maxDistance = checkDistance(args.maxDistance ?? USUAL_DISTANCE);
        return connect(args, latestCell, (page) => groupPage(services.db, owner, maxDistance, page));
      },
    },
    { name: 'DuplicateGroupConnection' },
    { name: 'DuplicateGroupEdge' },
  ),
);
