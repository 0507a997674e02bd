import type { PooledTurn } from './pool.ts';

/** A model that reads a question and turns together. */
export interface Reranking {
  /** The model's name. */
  readonly model: string;
  /**
   * How relevant each text is, on a scale of the model's own, or why nobody knows, for whoever searched. Never rejects.
   *
   * @param texts what is judged, at most `RERANKED`
   */
  judge(
    question: string,
    texts: readonly string[],
  ): Promise<{ readonly relevances: readonly number[] } | { readonly problem: string }>;
}

/** What became of it in one search. */
export interface RerankOutcome {
  readonly reranked: boolean;
  /** Why the model that is configured did not; null also where none is. */
  readonly problem: string | null;
}
export const NOT_RERANKED: RerankOutcome = { reranked: false, problem: null };

/** The best hits that are judged: a model takes some ten milliseconds for each. */
export const RERANKED = 30;
/** How much of a hit's place the model decides: it reads words, and knows nothing of time and of what was said around. */
const BY_MODEL = 0.5;
/** Characters of a turn that are judged. */
const TEXT_LENGTH = 2_000;
/** How much a model has to say. */
export const RERANKING_PARAMETERS = { RERANKED, BY_MODEL, TEXT_LENGTH };

/** A hit as far as its new place depends on it. */
export interface Rerankable {
  readonly candidate: { readonly turn: PooledTurn };
  readonly score: number;
  readonly tellsNothing: boolean;
  readonly inTime: boolean;
  /** It says how something is now, and that is asked. */
  readonly isNewest: boolean;
}

/** A hit in its new place. */
export type Reranked<Hit> = Hit & { readonly relevance?: number };

/**
 * Puts the best hits into a new order, half by their scores and half by the model. The scores themselves stay, so that the
 * first still has the best. What is asked as it is now, or of last week, is no question of words: the newest statement
 * stays first, and what is of that time before all else.
 *
 * @param hits best first
 */
export async function rerank<Hit extends Rerankable>(
  reranking: Reranking | null,
  asked: { readonly query: string; readonly isRelativeTime: boolean },
  hits: readonly Hit[],
): Promise<{ readonly hits: readonly Reranked<Hit>[]; readonly outcome: RerankOutcome }> {
  const judged = hits
    .slice(0, RERANKED)
    .filter(({ tellsNothing, isNewest }, at) => !tellsNothing && !(isNewest && at === 0));
  if (!reranking || judged.length < 2) return { hits, outcome: NOT_RERANKED };
  const answer = await reranking.judge(asked.query, judged.map(textOf));
  if ('problem' in answer) return { hits, outcome: { reranked: false, problem: answer.problem } };
  const { relevances } = answer;
  const [least, most] = [Math.min(...relevances), Math.max(...relevances)];
  const best = Math.max(...judged.map(({ score }) => score), Number.MIN_VALUE);
  const places = judged
    .map((hit, at) => {
      const relevance = relevances[at] ?? 0;
      const byModel = most > least ? (relevance - least) / (most - least) : 0;
      return { hit: { ...hit, relevance }, place: (1 - BY_MODEL) * (hit.score / best) + BY_MODEL * byModel };
    })
    .sort((a, b) => Number(isFirst(b.hit)) - Number(isFirst(a.hit)) || b.place - a.place);
  const moved = new Map(judged.map((hit, at) => [hit, { ...places[at]?.hit, score: hit.score } as Hit]));
  return {
    hits: hits.map((hit) => moved.get(hit) ?? hit),
    outcome: { reranked: true, problem: null },
  };

  function isFirst({ inTime }: Hit): boolean {
    return asked.isRelativeTime && inTime;
  }
}

function textOf({ candidate: { turn } }: Rerankable): string {
  const said = [turn.query, turn.response].filter((text) => text !== '').join('\n');
  const text = turn.speaker === null ? said : `${turn.speaker}: ${said}`;
  return text.slice(0, TEXT_LENGTH).toWellFormed();
}
