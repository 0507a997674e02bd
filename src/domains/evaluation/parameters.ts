import { NEAR_PARAMETERS } from '../fact-vectors/near.ts';
import { ANSWER_PARAMETERS } from '../memory/answers.ts';
import { ASSOCIATION_PARAMETERS } from '../memory/associations.ts';
import { POOL_PARAMETERS } from '../memory/candidates.ts';
import { CURRENT_PARAMETERS } from '../memory/current.ts';
import { FACT_PARAMETERS } from '../memory/fact-hits.ts';
import { FACT_WORD_PARAMETERS } from '../memory/fact-words.ts';
import { HIT_PARAMETERS } from '../memory/hits.ts';
import { LIKENESS_PARAMETERS } from '../memory/likeness.ts';
import { MEANING_PARAMETERS } from '../memory/meaning.ts';
import { QUERY_PARAMETERS } from '../memory/memory.ts';
import { TURN_PARAMETERS } from '../memory/pool.ts';
import { RERANKING_PARAMETERS } from '../memory/reranking.ts';
import { SCORING_PARAMETERS } from '../memory/scoring.ts';
import { SUCCESSION_PARAMETERS } from '../memory/succession.ts';
import { SUCCESSOR_PARAMETERS } from '../memory/successors.ts';
import { BY_MEANING, BY_WORDS } from '../memory/weights.ts';
import { EMBEDDED_PARAMETERS } from '../vector-index/embedded-text.ts';
import { FLOOR_PARAMETERS } from '../vector-index/meaning-floor.ts';
import { RANKING_PARAMETERS } from '../word-index/ranking.ts';
import { WORD_PARAMETERS } from '../word-index/search.ts';
import { WINDOW_PARAMETERS } from '../word-index/windows.ts';

/** By what they are of. */
export type Parameters = Readonly<Record<string, object>>;

/** Every number that the order of hits depends on, as this version has it; a test looks whether one is forgotten. */
export const PARAMETERS = {
  weights: { BY_WORDS, BY_MEANING },
  pool: { ...POOL_PARAMETERS, ...TURN_PARAMETERS },
  query: QUERY_PARAMETERS,
  words: { ...WORD_PARAMETERS, ...RANKING_PARAMETERS, ...WINDOW_PARAMETERS },
  meaning: { ...MEANING_PARAMETERS, ...LIKENESS_PARAMETERS, ...EMBEDDED_PARAMETERS, ...FLOOR_PARAMETERS },
  scoring: { ...SCORING_PARAMETERS, ...ANSWER_PARAMETERS },
  hits: HIT_PARAMETERS,
  facts: { ...FACT_PARAMETERS, ...FACT_WORD_PARAMETERS },
  nearFacts: NEAR_PARAMETERS,
  associations: ASSOCIATION_PARAMETERS,
  changes: { ...CURRENT_PARAMETERS, ...SUCCESSION_PARAMETERS, ...SUCCESSOR_PARAMETERS },
  reranking: RERANKING_PARAMETERS,
};
