import type { Batch } from './batches.ts';
import type { Delivery, Refusal } from './delivery.ts';
import type { WaitingTurns } from './operations.ts';
import type { BadRecord, ImportRecord } from './records.ts';
import { type ImportReport, MAX_LISTED_BAD_RECORDS } from './report.ts';
import { countWaiting, type Settlement } from './settling.ts';

/** Different conversations that are counted, so that memory stays bounded. */
const MAX_COUNTED_CONVERSATIONS = 1_000_000;

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

/** @param unit what `line` of a bad record counts */
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
