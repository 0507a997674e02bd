import type { Database } from '../../db/client.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { AnalysedText } from './analysis.ts';
import type { QueryTerm } from './ranking.ts';
import { postingsOf } from './segments.ts';
import type { TextAnalyses } from './text-analyses.ts';
import type { IndexableTurn } from './turns.ts';
import type { PlacedTurn } from './windows.ts';

/**
 * Turns outside the index that one search looks at; far more than there are unless a large import is under way, or
 * the database has been away for long.
 */
export const MAX_FRESH = 1_000;

/** Where turns outside the index are placed, and of which words. */
export interface Placing {
  readonly from: number;
  readonly terms: readonly QueryTerm[];
}

/** Stored turns that are not indexed yet, at the place that they have in their conversation. */
export async function placeFresh(
  { db, texts }: { readonly db: Database; readonly texts: TextAnalyses },
  turns: readonly IndexableTurn[],
  freshIds: ReadonlySet<number>,
  { from, terms }: Placing,
) {
  const analysed = await texts.of(db.pool, turns);
  const fresh = new Map<number, IndexableTurn>();
  const placed: PlacedTurn[] = [];
  const earlier: PlacedTurn[] = [];
  for (const turn of turns) {
    const whole = analysed.get(turn.id);
    if (!whole) continue;
    const text = restricted(whole, terms);
    if (freshIds.has(turn.id)) {
      const document = from + fresh.size;
      fresh.set(document, turn);
      placed.push(placedOf(turn, document, text));
    } else if (turn.document !== null) earlier.push(placedOf(turn, turn.document, text));
  }
  return { turns: fresh, postings: await postingsOf(placed, earlier) };
}

/** Turns without a place in their conversation yet: what is next to what is known only among them. */
export async function placeWaiting(
  texts: TextAnalyses,
  waiting: readonly InteractionRow[],
  { from, terms }: Placing,
) {
  const rows = waiting.slice(0, MAX_FRESH).toReversed();
  const analysed = await texts.ofTexts(
    rows.map(({ turnId, status, query, response, metadata }) => ({
      turnId,
      status,
      query,
      response,
      caption: metadata.caption,
    })),
  );
  const turns = new Map<number, InteractionRow>();
  const placed: PlacedTurn[] = [];
  const lengths = new Map<string, number>();
  for (const [at, row] of rows.entries()) {
    const document = from + at;
    const sequence = (lengths.get(row.conversationId) ?? 0) + 1;
    lengths.set(row.conversationId, sequence);
    turns.set(document, row);
    placed.push({ ...row, document, sequence, text: restricted(analysed[at] as AnalysedText, terms) });
  }
  return { turns, postings: await postingsOf(placed, []) };
}

function placedOf(
  { conversationId, sequence, sessionId, timestamp }: Omit<PlacedTurn, 'document' | 'text'>,
  document: number,
  text: AnalysedText,
): PlacedTurn {
  return { document, conversationId, sequence, sessionId, timestamp, text };
}

const NO_COUNTS: ReadonlyMap<string, number> = new Map();
const NO_PARTS: ReadonlySet<string> = new Set();

/** What of a text is asked for; its length stays. Most say nothing of it, of a thousand that wait. */
function restricted(text: AnalysedText, terms: readonly QueryTerm[]): AnalysedText {
  let counts: Map<string, number> | null = null;
  let parts: Set<string> | null = null;
  for (const { term } of terms) {
    const count = text.counts.get(term);
    if (count !== undefined) counts = (counts ?? new Map<string, number>()).set(term, count);
    if (text.parts.has(term)) parts = (parts ?? new Set<string>()).add(term);
  }
  return { counts: counts ?? NO_COUNTS, parts: parts ?? NO_PARTS, length: text.length };
}
