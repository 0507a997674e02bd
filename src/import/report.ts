import type { Refusal } from './delivery.ts';
import type { BadRecord } from './records.ts';

/** Bad records that a report lists; the others are counted. */
export const MAX_LISTED_BAD_RECORDS = 100;

/** What an import did; on a dry run, what it would do. */
export type ImportReport = {
  outcome: 'finished' | 'interrupted' | 'invalid';
  dryRun: boolean;
  format: string;
  /** What `line` of the bad records counts. */
  unit: string;
  /** Records that an earlier run had stored. */
  resumedAfter: number;
  /** Turns that passed the checks; those that were sent, unless this was a dry run. */
  turnsFound: number;
  turnsSent: number;
  storedNew: number;
  /** Turns that the server's journal has and its database not yet. */
  waiting: number;
  /** Turns that are stored, and may have been before: the database was away when they were sent. */
  uncertain: number;
  /** Turns that the server took and that are not there: deleted meanwhile, or refused by its database. */
  missing: number;
  /** Turns that the server had already. */
  replayed: number;
  /** Of the new ones: turns whose text changed since they were imported. */
  renewed: number;
  /** Of the replayed ones: stored with another time, model or metadata. */
  kept: number;
  /** Turns that their user deleted after an earlier import. */
  deleted: number;
  characters: number;
  /** What was left out, shortened or changed, for people. */
  notes: readonly string[];
  /** Different conversations, counted up to a million. */
  conversations: number;
  badCount: number;
  /** The first {@link MAX_LISTED_BAD_RECORDS}. */
  bad: readonly BadRecord[];
  /** Nothing could be read behind some place in the file; the last bad record tells which. */
  isCutOff: boolean;
  /** It was written while it was imported, so that the counts may be of another content than what was sent. */
  hasChanged: boolean;
  /** What the reader passed over and is no record, and how often. */
  leftOut: ReadonlyMap<string, number>;
  /** Turns and characters that the server did not take. */
  refusedCount: number;
  /** The first {@link MAX_LISTED_BAD_RECORDS}. */
  refused: readonly Refusal[];
  seconds: number;
  turnsPerSecond: number;
};

/** The report as lines for people. */
export function formatReport(report: ImportReport, file: string): string {
  const lines = [...describeBad(report), ...describeRefused(report), ...report.notes, headline(report, file)];
  if (report.outcome === 'invalid') return lines.join('\n');
  const sent: Row[] = [
    ['turns sent', report.turnsSent],
    ['stored new', report.storedNew],
    ['replayed', report.replayed],
    ...UNSETTLED.flatMap((name) => (report[name] > 0 ? [[name, report[name]] as const] : [])),
  ];
  const rows: Row[] = [
    ...(report.dryRun ? [['turns found', report.turnsFound] as const] : sent),
    ['skipped', report.badCount],
    ...(report.refusedCount > 0 ? [['refused', report.refusedCount] as const] : []),
    ['conversations', report.conversations],
    ['characters', report.characters],
    ['seconds', report.seconds.toFixed(1)],
    ...(report.dryRun ? [] : [['turns/s', Math.round(report.turnsPerSecond)] as const]),
  ];
  const table = rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`);
  return [...lines, ...table, ...describeLeftOut(report), ...describeChanged(report)].join('\n');
}

/** What several files came to, as lines for people. @param passedOver files of a folder or archive that are of no format */
export function formatTotal(reports: readonly ImportReport[], passedOver: number): string {
  const sum = (count: (report: ImportReport) => number) =>
    reports.reduce((total, report) => total + count(report), 0);
  const isDryRun = reports.some(({ dryRun }) => dryRun);
  const unsettled = UNSETTLED.map((name) => [name, sum((report) => report[name])] as const);
  const rows: Row[] = [
    ...(isDryRun
      ? [['turns found', sum((report) => report.turnsFound)] as const]
      : ([
          ['turns sent', sum((report) => report.turnsSent)],
          ['stored new', sum((report) => report.storedNew)],
          ['replayed', sum((report) => report.replayed)],
          ...unsettled.filter(([, count]) => count > 0),
        ] as const)),
    ['skipped', sum((report) => report.badCount)],
    ['refused', sum((report) => report.refusedCount)],
    ['characters', sum((report) => report.characters)],
  ];
  const leftOut = new Map<string, number>();
  for (const report of reports)
    for (const [what, count] of report.leftOut) leftOut.set(what, (leftOut.get(what) ?? 0) + count);
  const over = passedOver > 0 ? `, ${passedOver} passed over` : '';
  return [
    `in all: ${reports.length} files${over}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`),
    ...describeLeftOut({ leftOut }),
  ].join('\n');
}

type Row = readonly [name: string, value: string | number];

/** Counts of a server whose database is slow or away; all others do without these rows. */
const UNSETTLED = ['waiting', 'uncertain', 'missing'] as const;

function headline(
  { outcome, dryRun, format, resumedAfter, badCount, isCutOff }: ImportReport,
  file: string,
): string {
  const after = resumedAfter > 0 ? `, after the ${resumedAfter} records that an earlier run had stored` : '';
  if (outcome === 'invalid') {
    const records = badCount === 1 ? '1 bad record' : `${badCount} bad records`;
    return `${file}: nothing was sent because of ${records}; without --strict they are left out`;
  }
  if (outcome === 'interrupted') return `${file}: stopped${after}; run the same command again to go on`;
  const until = isCutOff ? ', as far as it goes' : '';
  return dryRun
    ? `${file}: checked as ${format}${until}, nothing was sent`
    : `${file}: imported as ${format}${until}${after}`;
}

function describeBad({ bad, badCount, unit }: ImportReport): string[] {
  const lines = bad.map(
    ({ line, field, message }) => `${unit} ${line}: ${field === null ? '' : `${field} `}${message}`,
  );
  return badCount > bad.length ? [...lines, `and ${badCount - bad.length} more bad records`] : lines;
}

function describeRefused({ refused, refusedCount, unit }: ImportReport): string[] {
  const lines = refused.map(({ line, conversationId, code, problem }) => {
    const whose = conversationId === null ? '' : ` (conversation ${conversationId})`;
    return `${unit} ${line}${whose}: the server refused it, ${code}: ${problem}`;
  });
  return refusedCount > refused.length
    ? [...lines, `and ${refusedCount - refused.length} more refusals`]
    : lines;
}

/** What is in the file and nobody said, or nobody saw in the end. */
function describeLeftOut({ leftOut }: Pick<ImportReport, 'leftOut'>): string[] {
  const parts = [...leftOut].map(([what, count]) => `${what} ${count}`);
  return parts.length > 0 ? [`left out: ${parts.join(', ')}`] : [];
}

/** What became of turns that a later export shows otherwise. */
function describeChanged(report: ImportReport): string[] {
  const { renewed, kept, deleted, hasChanged } = report;
  return [
    ...describeUnsettled(report),
    ...(renewed > 0
      ? [`${turns(renewed)} changed since the last import: the new text is stored beside the earlier one`]
      : []),
    ...(kept > 0
      ? [`${turns(kept)} would be stored with another time, model or metadata today: left as stored`]
      : []),
    ...(deleted > 0 ? [`${turns(deleted)} had been deleted: left out`] : []),
    ...(hasChanged
      ? ['the file changed while it was imported, so that some of it may be missing: import it again']
      : []),
  ];
}

function turns(count: number): string {
  return count === 1 ? '1 turn' : `${count} turns`;
}

/** What the database has not taken, or not told of. */
function describeUnsettled({ waiting, uncertain, missing }: ImportReport): string[] {
  return [
    ...(waiting > 0
      ? [
          `waiting: the server's journal has ${turns(waiting)} safe on disk, and its database takes them later, by itself, while the server runs; its health says what keeps it. The same command again tells whether they are stored`,
        ]
      : []),
    ...(uncertain > 0
      ? [
          `uncertain: ${turns(uncertain)} stored, new or before: the database was slow or away when they were sent`,
        ]
      : []),
    ...(missing > 0
      ? [
          `missing: the server took ${turns(missing)} that are not there now: deleted meanwhile, or refused by its database (persistence tells which)`,
        ]
      : []),
  ];
}
