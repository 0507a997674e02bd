import type { Logger } from '../../log.ts';
import { Budget } from '../../models/budget.ts';
import { type Reranker, RerankFailed } from '../../models/reranker.ts';
import type { Reranking } from './reranking.ts';

/** Characters of a question that are judged. */
const QUESTION_LENGTH = 2_000;

/**
 * Asks a model within a budget of time. Loaded only where one is configured.
 *
 * @param budgetMs what one search waits for it
 */
export function createReranking(reranker: Reranker, log: Logger, budgetMs: number): Reranking {
  const { name } = reranker;
  const isToldBy = (error: unknown) => error instanceof RerankFailed;
  const budget = new Budget({
    ...{ name, budgetMs, log, isToldBy },
    kind: 'reranking',
    without: 'memories keep the order of their scores',
  });
  return {
    model: name,
    async judge(question, texts) {
      const asked = question.slice(0, QUESTION_LENGTH).toWellFormed();
      const judged = await budget.spend((signal) => reranker.judge(asked, texts, signal));
      return 'given' in judged ? { relevances: judged.given } : judged;
    },
  };
}
