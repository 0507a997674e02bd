import type { AnalysedText } from './analysis.ts';
import { type PostingsBuilder, SAID } from './postings.ts';

/** A turn as the index places it. */
export interface PlacedTurn {
  readonly document: number;
  readonly conversationId: string;
  readonly sequence: number;
  readonly sessionId: string | null;
  readonly timestamp: Date;
  readonly text: AnalysedText;
}

/** What a turn's words count in the turns after it, by distance, and in those before it. */
const AFTER = [0.6, 0.3, 0.15];
const BEFORE = [0.4, 0.2, 0.1];
export const REACH = AFTER.length;
/** What a part of a word counts. */
export const PART_WEIGHT = 0.3;
/** Turns of which one has no session belong together if no more time lies between them. */
const SITTING_MS = 3_600_000;
/** BM25's length normalisation, applied to each turn's own words (as BM25F does by field) with a fixed average. */
const NORMALISATION = 0.5;
const AVERAGE_LENGTH = 25;
/** What words of a turn and of those around it count. */
export const WINDOW_PARAMETERS = { AFTER, BEFORE, PART_WEIGHT, SITTING_MS, NORMALISATION, AVERAGE_LENGTH };

/**
 * Adds a turn's words to its own document, to those of the up to three turns before it, and theirs to its own:
 * a question seldom repeats the words of its answer, but often those that were said around it. Later turns add
 * theirs when they come.
 *
 * @param earlier turns of the same conversation; those out of reach or of another sitting are passed over
 */
export function addTurn(postings: PostingsBuilder, turn: PlacedTurn, earlier: readonly PlacedTurn[]): void {
  addWords(postings, turn, turn.document, 1, SAID.byItself);
  const weight = PART_WEIGHT / normOf(turn.text);
  for (const part of turn.text.parts) postings.add(part, turn.document, weight, SAID.byItself);
  for (const other of earlier) {
    const distance = turn.sequence - other.sequence;
    if (distance < 1 || distance > REACH || !isOneSitting(turn, other)) continue;
    addWords(postings, turn, other.document, BEFORE[distance - 1] ?? 0, SAID.after);
    addWords(postings, other, turn.document, AFTER[distance - 1] ?? 0, SAID.before);
  }
}

/** Whether turns of one conversation belong to one session or, where one of them has none, were said close together. */
export function isOneSitting(
  a: Pick<PlacedTurn, 'sessionId' | 'timestamp'>,
  b: Pick<PlacedTurn, 'sessionId' | 'timestamp'>,
): boolean {
  if (a.sessionId !== null && b.sessionId !== null) return a.sessionId === b.sessionId;
  return Math.abs(a.timestamp.getTime() - b.timestamp.getTime()) <= SITTING_MS;
}

function addWords(
  postings: PostingsBuilder,
  from: PlacedTurn,
  document: number,
  weight: number,
  flag: number,
): void {
  const scale = weight / normOf(from.text);
  // Without an array for each of them, as an iterator would make.
  from.text.counts.forEach((count, term) => {
    postings.add(term, document, count * scale, flag);
  });
}

function normOf({ length }: AnalysedText): number {
  return 1 - NORMALISATION + (NORMALISATION * length) / AVERAGE_LENGTH;
}
