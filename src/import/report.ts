import type { Batch } from './batches.ts';
import type { Delivery, Refusal } from './delivery.ts';
import type { WaitingTurns } from './operations.ts';
import type { BadRecord, ImportRecord } from './records.ts';
import { countWaiting, type Settlement } from './settling.ts';

/** Bad records that a report lists; the others are counted. */
export const MAX_LISTED_BAD_RECORDS = 100;
/** Different conversations that are counted, so that memory stays bounded. */
const MAX_COUNTED_CONVERSATIONS = 1_000_000;

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

/** What the look at a whole file, before anything is sent, has found. */
export type Checked = {
  records: number;
  badCount: number;
  bad: readonly BadRecord[];
  isCutOff: boolean;
  leftOut: readonly (readonly [what: string, count: number])[];
};

/** Counts what happens during one import. */
export type Tally = ReturnType<typeof createTally>;

export function createTally(format: string, unit: string, dryRun: boolean) {
  let counts = emptyCounts();
  const countConversation = (id: string) => {
    if (counts.conversations.size < MAX_COUNTED_CONVERSATIONS) counts.conversations.add(id);
  };
  const note = (record: ImportRecord) => {
    if (record.kind !== 'character' || !record.told) return;
    const { characterName } = record.character;
    counts.notes.push(...record.told.map((told) => `character "${characterName}": ${told}`));
  };
  return {
    note,
    /** Forgets what was counted, for the pass that sends; bad records stay, also those that an earlier run passed. */
    restart: () => {
      const { bad, badCount, isCutOff, leftOut } = counts;
      counts = { ...emptyCounts(), bad, badCount, isCutOff, leftOut };
    },
    resumeAfter: (records: number) => {
      counts.resumedAfter = records;
    },
    /** What an earlier run found when it checked the same content. */
    recall: ({ records, badCount, bad, isCutOff, leftOut }: Checked) => {
      counts = { ...counts, records, badCount, bad: [...bad], isCutOff, leftOut: new Map(leftOut) };
    },
    checked: (): Checked => {
      const { records, badCount, bad, isCutOff, leftOut } = counts;
      return { records, badCount, bad, isCutOff, leftOut: [...leftOut] };
    },
    read: (record: ImportRecord) => {
      counts.records++;
      if (record.kind === 'turn') {
        counts.turns++;
        countConversation(record.conversationId);
      } else if (record.kind === 'character') {
        counts.characters++;
        if (dryRun) note(record);
      } else {
        if (++counts.badCount <= MAX_LISTED_BAD_RECORDS || record.isEnd) counts.bad.push(record);
        if (record.isEnd) counts.isCutOff = true;
      }
    },
    leftOut: (leftOut: ReadonlyMap<string, number>) => {
      counts.leftOut = leftOut;
    },
    changed: () => {
      counts.hasChanged = true;
    },
    stored: (batch: Batch, delivery: Delivery) => {
      const { sent, replayed, waiting, renewed, kept, deleted, refused, changedCharacters } = delivery;
      counts.notes.push(
        ...changedCharacters.map((name) => `character "${name}": changed one that was there already`),
      );
      counts.refusedCount += refused.length;
      counts.refused.push(...refused.slice(0, MAX_LISTED_BAD_RECORDS - counts.refused.length));
      counts.renewed += renewed;
      counts.kept += kept;
      counts.deleted += deleted;
      if (batch.kind === 'characters') {
        counts.characters += sent;
        return;
      }
      counts.turns += sent;
      counts.replayed += replayed;
      counts.waiting.push(...waiting);
      if (sent > 0) countConversation(batch.conversationId);
    },
    waiting: (): readonly WaitingTurns[] => counts.waiting,
    settled: (settlement: Settlement) => {
      counts.settlement = settlement;
    },
    records: () => counts.records,
    sent: () => counts.turns + counts.characters,
    badCount: () => counts.badCount,
    report: (outcome: ImportReport['outcome']): ImportReport => {
      const { turns, replayed, renewed, kept, badCount, bad, characters, resumedAfter } = counts;
      const { waiting = countWaiting(counts.waiting), uncertain = 0, missing = 0 } = counts.settlement ?? {};
      const { refused, refusedCount, deleted, notes, isCutOff, hasChanged, leftOut } = counts;
      const turnsSent = dryRun || outcome === 'invalid' ? 0 : turns;
      const seconds = (performance.now() - counts.startedAt) / 1000;
      return {
        ...{ outcome, dryRun, format, unit, resumedAfter, characters, badCount, bad, seconds },
        ...{ refused, refusedCount, renewed, kept, deleted, notes, isCutOff, hasChanged, leftOut },
        ...{ turnsFound: turns, turnsSent, replayed, waiting, uncertain, missing },
        storedNew: turnsSent - replayed - waiting - uncertain - missing,
        conversations: counts.conversations.size,
        turnsPerSecond: seconds > 0 ? turnsSent / seconds : 0,
      };
    },
  };
}

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

function emptyCounts() {
  return {
    startedAt: performance.now(),
    records: 0,
    turns: 0,
    replayed: 0,
    waiting: [] as WaitingTurns[],
    settlement: null as Settlement | null,
    renewed: 0,
    kept: 0,
    deleted: 0,
    refusedCount: 0,
    refused: [] as Refusal[],
    notes: [] as string[],
    characters: 0,
    badCount: 0,
    bad: [] as BadRecord[],
    isCutOff: false,
    hasChanged: false,
    leftOut: new Map<string, number>() as ReadonlyMap<string, number>,
    conversations: new Set<string>(),
    resumedAfter: 0,
  };
}
