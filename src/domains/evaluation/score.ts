/** How many of the first hits are looked at. */
export const DEPTHS = [5, 10, 20, 50] as const;
export type Depth = (typeof DEPTHS)[number];
/** Hits whose order nDCG looks at. */
export const NDCG_DEPTH = 10;

/** How well evidence was found: of one question, or the mean over several. All from 0 to 1. */
export interface RetrievalScore {
  /** Share of the evidence among the first so many. */
  readonly recall: Readonly<Record<Depth, number>>;
  /** 1 ÷ the rank of the first evidence; 0 where none was found. */
  readonly mrr: number;
  /** Normalised discounted cumulative gain of the first ten, each evidence worth the same (Järvelin and Kekäläinen 2002). */
  readonly ndcg: number;
}

/** @param ranked ids, best first @param evidence at least one */
export function scoreOf(ranked: readonly string[], evidence: ReadonlySet<string>): RetrievalScore {
  const first = ranked.findIndex((id) => evidence.has(id));
  const gain = (at: number) => 1 / Math.log2(at + 2);
  const gained = ranked
    .slice(0, NDCG_DEPTH)
    .reduce((sum, id, at) => sum + (evidence.has(id) ? gain(at) : 0), 0);
  const most = Array.from({ length: Math.min(evidence.size, NDCG_DEPTH) }, (_, at) => gain(at)).reduce(
    (sum, each) => sum + each,
    0,
  );
  return {
    recall: byDepth(
      (depth) => ranked.slice(0, depth).filter((id) => evidence.has(id)).length / evidence.size,
    ),
    mrr: first === -1 ? 0 : 1 / (first + 1),
    ndcg: gained / most,
  };
}

/** The mean over questions; 0 of none. */
export function meanScore(scores: readonly RetrievalScore[]): RetrievalScore {
  const mean = (of: (score: RetrievalScore) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0) / Math.max(scores.length, 1);
  return {
    recall: byDepth((depth) => mean(({ recall }) => recall[depth])),
    mrr: mean(({ mrr }) => mrr),
    ndcg: mean(({ ndcg }) => ndcg),
  };
}

/** What one score is above another. */
export function difference(now: RetrievalScore, before: RetrievalScore): RetrievalScore {
  return {
    recall: byDepth((depth) => now.recall[depth] - before.recall[depth]),
    mrr: now.mrr - before.mrr,
    ndcg: now.ndcg - before.ndcg,
  };
}

/** The value below which so large a share of some lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
}

function byDepth(of: (depth: Depth) => number): Record<Depth, number> {
  return Object.fromEntries(DEPTHS.map((depth) => [depth, of(depth)])) as Record<Depth, number>;
}
