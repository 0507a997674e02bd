import { DEADLINES } from './regions.ts';
import type { Citation, ComplianceReportRow, LineState, ReportPart } from './tables.ts';

const TITLES: Record<ReportPart, string> = {
  REQUESTS: 'Requests of persons',
  RETENTION: 'Retention',
  BACKUPS: 'Backups',
  ACCESS: 'Access reviews',
  UNUSED_KEYS: 'Keys without use',
  FAILED_LOGINS: 'Failed log-ins',
  INTEGRITY: 'Integrity',
};
const MARKS: Record<LineState, string> = { OK: 'ok', ATTENTION: '**attention**', UNKNOWN: '*unknown*' };

/** A report for people. @param holder who holds a key now, by its public part; null: nobody any more */
export function asMarkdown(report: ComplianceReportRow, holder: (keyId: string) => string | null): string {
  const { week, since, until, region, madeAt, tenantId, sections } = report;
  const lines = sections.flatMap(({ lines }) => lines);
  const count = (wanted: LineState) => lines.filter(({ state }) => state === wanted).length;
  return [
    `# Compliance, week of ${week}`,
    '',
    `Tenant ${escaped(tenantId)}, ${since.toISOString()} to ${until.toISOString()}; made ${madeAt.toISOString()}.`,
    `Requests that do not say otherwise go by ${DEADLINES[region].law}.`,
    `${count('ATTENTION')} lines need attention, ${count('UNKNOWN')} say what this server cannot know.`,
    ...sections.flatMap(({ part, lines }) => [
      '',
      `## ${TITLES[part]}`,
      '',
      ...lines.flatMap(({ state, text, region, keyId, cites }) => [
        `- ${MARKS[state]}${region ? ` (${region})` : ''}: ${escaped(text)}${keyId ? `; holder: ${escaped(holder(keyId) ?? 'nobody any more')}` : ''}`,
        ...cites.map((cite) => `  - ${written(cite)}`),
      ]),
    ]),
    '',
  ].join('\n');
}

function written({ source, where, ids, rows }: Citation): string {
  const named = ids.length > 0 ? `: ${ids.join(', ')}${rows > ids.length ? ' …' : ''}` : '';
  if (where === null) return escaped(`${source}${named}`);
  return `${rows} of \`select * from ${source} where ${where.replaceAll('`', '')}\`${escaped(named)}`;
}

/** What people wrote is no markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}
