import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import { RegionEnum } from './graphql.ts';
import { requestPage } from './reading.ts';
import type { DataRequestRow, RequestKind, RequestOutcome } from './tables.ts';

export const KindEnum = builder.enumType('DataRequestKind', {
  description: 'What somebody asks for who is remembered.',
  values: {
    ACCESS: { description: 'What is kept of them (`exportUser`).' },
    ERASURE: { description: 'That it goes (`eraseUser`).' },
    RECTIFICATION: { description: 'That something wrong is put right.' },
    OBJECTION: { description: 'That something is no longer done with it.' },
  } satisfies Record<RequestKind, { description: string }>,
});

export const OutcomeEnum = builder.enumType('DataRequestOutcome', {
  description: 'What became of a request.',
  values: {
    DONE: { description: 'It was done.' },
    REFUSED: { description: 'It was refused, and whoever asked was told why.' },
    WITHDRAWN: { description: 'Whoever asked took it back.' },
  } satisfies Record<RequestOutcome, { description: string }>,
});

const at = (description: string) => ({ type: 'DateTime', complexity: 0, description }) as const;

export const DataRequestRef = builder.objectRef<DataRequestRow>('DataRequest').implement({
  description: 'What somebody asked for who is remembered. Who it was is kept as a hash only.',
  fields: (t) => ({
    requestId: t.exposeID('requestId', { complexity: 0, description: 'Its id.' }),
    kind: t.field({
      type: KindEnum,
      complexity: 0,
      description: 'What they ask for.',
      resolve: ({ kind }) => kind,
    }),
    region: t.field({
      type: RegionEnum,
      complexity: 0,
      description: 'By whose law.',
      resolve: ({ region }) => region,
    }),
    subject: t.string({
      complexity: 0,
      description:
        'SHA-256 of tenant and user, hexadecimal, as receipts of erasures have it: by it requests of one person are known.',
      resolve: ({ subject }) => subject.toString('hex'),
    }),
    askedAt: t.expose('askedAt', at('When it came in.')),
    dueAt: t.expose('dueAt', at('Until when it is to be answered.')),
    notedAt: t.expose('notedAt', at('When it was noted here.')),
    closedAt: t.expose('closedAt', { ...at('When it was closed; null: it is open.'), nullable: true }),
    outcome: t.field({
      type: OutcomeEnum,
      complexity: 0,
      nullable: true,
      description: 'What became of it; null: it is open.',
      resolve: ({ outcome }) => outcome,
    }),
  }),
});

const byNumber = numberCursor<DataRequestRow>(({ id }) => id);

builder.queryFields((t) => ({
  dataRequests: t.connection(
    {
      type: DataRequestRef,
      description:
        'Requests of persons that were noted, of the caller’s tenant, the latest first. For admins.',
      authScopes: { permission: 'ADMIN' },
      args: { open: t.arg.boolean({ description: 'True: those that are open; false: those that are not.' }) },
      resolve: (_root, args, { services, principal }) =>
        connect(args, byNumber, (page) => requestPage(services, principal, args.open ?? null, page)),
    },
    { name: 'DataRequestConnection' },
    { name: 'DataRequestEdge' },
  ),
}));
