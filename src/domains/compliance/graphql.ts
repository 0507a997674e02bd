import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { asMarkdown } from './markdown.ts';
import { holdersOf, reportById, reportPage } from './reading.ts';
import { DEADLINES } from './regions.ts';
import type {
  Citation,
  ComplianceReportRow,
  LINE_STATES,
  REPORT_PARTS,
  Region,
  ReportLine,
  ReportSection,
} from './tables.ts';

export const RegionEnum = builder.enumType('ComplianceRegion', {
  description: 'By whose law a request is to be answered, and so until when.',
  values: {
    EU: { description: `${DEADLINES.EU.law}.` },
    UK: { description: `${DEADLINES.UK.law}.` },
    CALIFORNIA: { description: `${DEADLINES.CALIFORNIA.law}.` },
    CANADA: { description: `${DEADLINES.CANADA.law}.` },
    BRAZIL: { description: `${DEADLINES.BRAZIL.law}.` },
  } satisfies Record<Region, { description: string }>,
});

const PartEnum = builder.enumType('ComplianceReportPart', {
  description: 'A part of a report.',
  values: {
    REQUESTS: { description: 'Requests of persons and their deadlines.' },
    RETENTION: { description: 'How long rows are kept, and which are there for longer.' },
    BACKUPS: { description: 'The newest, and whether they can be restored.' },
    ACCESS: { description: 'What opens the door, and when somebody looked whether it still should.' },
    UNUSED_KEYS: { description: 'Keys that nobody has used for long.' },
    FAILED_LOGINS: { description: 'Refused log-ins by day, door and kind.' },
    INTEGRITY: { description: 'Audit log, triggers, chains of turns, keys.' },
  } satisfies Record<(typeof REPORT_PARTS)[number], { description: string }>,
});

const StateEnum = builder.enumType('ComplianceLineState', {
  description: 'What is to be said of a line.',
  values: {
    OK: { description: 'It is as it should be, or only told.' },
    ATTENTION: { description: 'Somebody is to look at it.' },
    UNKNOWN: { description: 'This server cannot know it.' },
  } satisfies Record<(typeof LINE_STATES)[number], { description: string }>,
});

const CitationRef = builder.objectRef<Citation>('ComplianceCitation').implement({
  description: 'The rows that a line was made of.',
  fields: (t) => ({
    source: t.exposeString('source', {
      complexity: 0,
      description: 'A table; or the query or setting that shows it.',
    }),
    where: t.exposeString('where', {
      complexity: 0,
      nullable: true,
      description: 'SQL: which rows of the table; null: it is in none.',
    }),
    ids: t.stringList({
      complexity: 0,
      description: 'Keys of the first 20 of them.',
      resolve: ({ ids }) => [...ids],
    }),
    rows: t.exposeInt('rows', { complexity: 0, description: 'How many there were.' }),
  }),
});

/** A line, and whose report it is of. */
type ShownLine = ReportLine & { readonly tenantId: string };

const LineRef = builder.objectRef<ShownLine>('ComplianceLine').implement({
  description: 'A statement, and where it comes from.',
  fields: (t) => ({
    state: t.field({
      type: StateEnum,
      complexity: 0,
      description: 'What is to be said of it.',
      resolve: ({ state }) => state,
    }),
    text: t.exposeString('text', { complexity: 0, description: 'What there is; it names no person.' }),
    region: t.field({
      type: RegionEnum,
      complexity: 0,
      nullable: true,
      description: 'By whose law; null: it hangs on none.',
      resolve: ({ region }) => region ?? null,
    }),
    keyId: t.string({
      complexity: 0,
      nullable: true,
      description: 'The public part of the key that it is about; null: about none.',
      resolve: ({ keyId }) => keyId ?? null,
    }),
    holder: t.string({
      nullable: true,
      description: 'Who holds that key, as it is now; null: nobody any more, or it is about none.',
      resolve: ({ keyId, tenantId }, _args, context) =>
        keyId === undefined ? null : holderOf(context, tenantId, keyId),
    }),
    cites: t.field({
      type: [CitationRef],
      description: 'The rows that it was made of; empty: there are none, or nobody knows.',
      resolve: ({ cites }) => [...cites],
    }),
  }),
});

const SectionRef = builder
  .objectRef<ReportSection & { readonly tenantId: string }>('ComplianceReportSection')
  .implement({
    description: 'A part of a report with its lines.',
    fields: (t) => ({
      part: t.field({
        type: PartEnum,
        complexity: 0,
        description: 'Which part.',
        resolve: ({ part }) => part,
      }),
      lines: t.field({
        type: [LineRef],
        description: 'Its lines, at most some 200.',
        resolve: ({ lines, tenantId }) => lines.map((line) => ({ ...line, tenantId })),
      }),
    }),
  });

const at = (description: string) => ({ type: 'DateTime', complexity: 0, description }) as const;

const ReportRef = builder.objectRef<ComplianceReportRow>('ComplianceReport').implement({
  description:
    'What a tenant’s week came to: requests of persons, retention, backups, access, log-ins, integrity; each line says which rows it is made of. It names nobody.',
  fields: (t) => ({
    reportId: t.exposeID('reportId', { complexity: 0, description: 'Its id.' }),
    week: t.exposeString('week', {
      complexity: 0,
      description: 'The Monday of the week (UTC) in which it was made.',
    }),
    since: t.expose('since', at('What happened from then on is told: where the report before ended.')),
    until: t.expose('until', at('What happened from then on is not told.')),
    region: t.field({
      type: RegionEnum,
      complexity: 0,
      description: 'By whose law requests go that do not say.',
      resolve: ({ region }) => region,
    }),
    madeAt: t.expose('madeAt', at('When it was made last.')),
    attention: t.int({
      complexity: 0,
      description: 'Lines that somebody is to look at.',
      resolve: ({ sections }) => countOf(sections, 'ATTENTION'),
    }),
    unknown: t.int({
      complexity: 0,
      description: 'Lines that say what this server cannot know.',
      resolve: ({ sections }) => countOf(sections, 'UNKNOWN'),
    }),
    sections: t.field({
      type: [SectionRef],
      description: 'Its parts, in their order.',
      resolve: ({ sections, tenantId }) => sections.map((section) => ({ ...section, tenantId })),
    }),
    json: t.field({
      type: 'JSON',
      description: 'All of it for programs, without holders of keys.',
      resolve: ({ id: _number, tenantId: _own, ...report }) => report,
    }),
    markdown: t.string({
      description: 'All of it for people, with holders of keys as they are now.',
      resolve: async (report, _args, context) => {
        const keyIds = report.sections.flatMap(({ lines }) => lines.flatMap(({ keyId }) => keyId ?? []));
        const holders = await Promise.all(
          [...new Set(keyIds)].map(
            async (keyId) => [keyId, await holderOf(context, report.tenantId, keyId)] as const,
          ),
        );
        const byKey = new Map(holders);
        return asMarkdown(report, (keyId) => byKey.get(keyId) ?? null);
      },
    }),
  }),
});

function holderOf({ loader, services }: Context, tenantId: string, keyId: string): Promise<string | null> {
  return loader({
    name: `holders of keys of ${tenantId}`,
    load: (keyIds) => holdersOf(services, tenantId, keyIds),
    key: keyId,
  });
}

function countOf(sections: readonly ReportSection[], wanted: ReportLine['state']): number {
  return sections.flatMap(({ lines }) => lines).filter(({ state }) => state === wanted).length;
}

const byNumber = numberCursor<ComplianceReportRow>(({ id }) => id);

builder.queryFields((t) => ({
  complianceReports: t.connection(
    {
      type: ReportRef,
      description: 'Reports of the weeks of the caller’s tenant, the latest first. For admins.',
      authScopes: { permission: 'ADMIN' },
      resolve: (_root, args, { services, principal }) =>
        connect(args, byNumber, (page) => reportPage(services, principal, page)),
    },
    { name: 'ComplianceReportConnection' },
    { name: 'ComplianceReportEdge' },
  ),
  complianceReport: t.field({
    type: ReportRef,
    description: 'One report of the caller’s tenant. For admins.',
    authScopes: { permission: 'ADMIN' },
    args: { reportId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { reportId }, { services, principal }) =>
      reportById(services, principal, String(reportId)),
  }),
}));
