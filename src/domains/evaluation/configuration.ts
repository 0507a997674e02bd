import { createHash } from 'node:crypto';
import type { Embedder } from '../../models/embedder.ts';
import type { MemoryServices } from '../memory/memory.ts';
import { ANALYSIS_VERSION } from '../word-index/analysis.ts';
import { PARAMETERS, type Parameters } from './parameters.ts';

/** What the order of hits depends on beside the turns, so that two evaluations can be compared. */
export interface SearchConfiguration {
  /** Of all that follows; the same where nothing is different. */
  readonly hash: string;
  /** The model that knows meaning, and the length of its vectors; null: words alone are searched. */
  readonly vectors: string | null;
  /** The model that has a say in the order; null: none. */
  readonly reranking: string | null;
  /** How texts become words. */
  readonly analysis: number;
  /** Numbers that the order depends on, by what they are of: how many turns are looked into, what each sign weighs. */
  readonly parameters: Parameters;
}

/** How this server searches memory. @param parameters absent: those of this version */
export function searchConfiguration(
  {
    embedder,
    meaning,
    reranking,
  }: Pick<MemoryServices, 'meaning' | 'reranking'> & {
    readonly embedder: Pick<Embedder, 'name' | 'dimensions'>;
  },
  { weights: { BY_MEANING, BY_WORDS }, ...parameters } = PARAMETERS,
): SearchConfiguration {
  const shown = {
    vectors: meaning && `${embedder.name} (${embedder.dimensions})`,
    reranking: reranking?.model ?? null,
    analysis: ANALYSIS_VERSION,
    parameters: { weights: meaning ? BY_MEANING : BY_WORDS, ...parameters },
  };
  return { hash: shortHash(shown), ...shown };
}

/** Tells values apart; the same for equal JSON. */
export function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
