import type { InteractionRow } from '../interactions/tables.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { isModelsWord, recalled } from '../utterances/recalled.ts';
import { type CitationStyle, cite } from './citation.ts';

/** What an answer may refer to, within a budget of tokens. */
export interface BuiltContext {
  /** The latest turns of the conversation, oldest first. */
  readonly history: readonly InteractionRow[];
  /** What people said, oldest first, then what a model once answered; an answer cites the first as [1]. */
  readonly memories: readonly MemoryHit[];
}

/** Of the budget, what history may take where there are memories, too. */
const HISTORY_SHARE = 2 / 3;
/** At least as long as any number that a memory gets. */
const LARGEST_NUMBER = 100;
/** Texts that share so much of their words say the same. */
const SAME = 0.8;
/** Characters of a turn that are compared: who begins alike so long goes on alike. */
const COMPARED = 1_000;
const BETWEEN_WORDS = /[\s!-/:-@[-`{-~]+/;
/** A token is about four characters of English, and hardly more than one of Chinese or Japanese. */
const ASCII_PER_TOKEN = 4;
const OTHERS_PER_TOKEN = 1.5;

/** About how many tokens a text takes; models differ. */
export function tokensIn(text: string): number {
  const others = text.match(/[^\0-\x7f]/gu)?.length ?? 0;
  return Math.ceil((text.length - others) / ASCII_PER_TOKEN + others / OTHERS_PER_TOKEN);
}

/**
 * Chooses what goes into an answer: the newest turns of the conversation, then the best memories that the rest of
 * the budget holds. Left out are memories that history shows already, that say nearly the same as a better one.
 *
 * @param found best first
 */
export function buildContext(
  history: readonly InteractionRow[],
  found: readonly MemoryHit[],
  tokenBudget: number,
  style: CitationStyle,
): BuiltContext {
  let budget = tokenBudget;
  const forHistory = found.length > 0 ? tokenBudget * HISTORY_SHARE : tokenBudget;
  const kept: InteractionRow[] = [];
  for (const turn of history.toReversed()) {
    const cost = tokensIn(turn.query) + tokensIn(recalled(turn).response);
    if (tokenBudget - budget + cost > forHistory) break;
    budget -= cost;
    kept.unshift(turn);
  }
  const shown = new Set(kept.map((turn) => turn.turnId));
  const said = kept.map(wordsOf);
  const chosen: MemoryHit[] = [];
  for (const hit of found) {
    const { interaction } = hit;
    if (shown.has(interaction.turnId)) continue;
    const words = wordsOf(interaction);
    if (said.some((other) => likeness(words, other) >= SAME)) continue;
    // Numbers are given in the end; none has more digits.
    const cost = tokensIn(cite(hit, LARGEST_NUMBER, style));
    if (cost > budget) continue;
    budget -= cost;
    said.push(words);
    chosen.push(hit);
  }
  const isWord = new Map(chosen.map((hit) => [hit, Number(isModelsWord(hit.interaction))]));
  chosen.sort(
    (a, b) =>
      (isWord.get(a) ?? 0) - (isWord.get(b) ?? 0) ||
      a.interaction.timestamp.getTime() - b.interaction.timestamp.getTime() ||
      a.interaction.id - b.interaction.id,
  );
  return { history: kept, memories: chosen };
}

function wordsOf(turn: InteractionRow): Set<string> {
  const { query, response } = recalled(turn);
  return new Set(
    `${query}\n${response}`.slice(0, COMPARED).toLowerCase().split(BETWEEN_WORDS).filter(Boolean),
  );
}

/** Jaccard's coefficient: shared words ÷ all words. Texts without any words are unlike all others. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared++;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
