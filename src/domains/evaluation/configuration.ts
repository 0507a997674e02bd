import { createHash } from 'node:crypto';
import type { Embedder } from '../../models/embedder.ts';
import type { MemoryServices } from '../memory/memory.ts';
import { BY_MEANING, BY_WORDS } from '../memory/weights.ts';
import { ANALYSIS_VERSION } from '../word-index/analysis.ts';

/** What the order of hits depends on beside the turns, so that two evaluations can be compared. */
export interface SearchConfiguration {
  /** Of all that follows, and of the weights; the same where nothing is different. */
  readonly hash: string;
  /** The model that knows meaning, and the length of its vectors; null: words alone are searched. */
  readonly vectors: string | null;
  /** The model that has a say in the order; null: none. */
  readonly reranking: string | null;
  /** How texts become words. */
  readonly analysis: number;
}

/** How this server searches memory. */
export function searchConfiguration({
  embedder,
  meaning,
  reranking,
}: Pick<MemoryServices, 'meaning' | 'reranking'> & {
  readonly embedder: Pick<Embedder, 'name' | 'dimensions'>;
}): SearchConfiguration {
  const shown = {
    vectors: meaning && `${embedder.name} (${embedder.dimensions})`,
    reranking: reranking?.model ?? null,
    analysis: ANALYSIS_VERSION,
  };
  const weights = meaning ? BY_MEANING : BY_WORDS;
  return { hash: shortHash({ ...shown, weights }), ...shown };
}

/** Tells values apart; the same for equal JSON. */
export function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
