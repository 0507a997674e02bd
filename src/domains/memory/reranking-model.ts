import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import type { Logger } from '../../log.ts';
import { type Reranker, RerankFailed } from '../../models/reranker.ts';
import type { Reranking } from './reranking.ts';

/** After so many failures in a row searches do without for a while, so that nobody waits for what will not come. */
const FAILURES = 3;
const REST_MS = 30_000;
/** Characters of a question that are judged. */
const QUESTION_LENGTH = 2_000;

/**
 * Asks a model within a budget of time. Loaded only where one is configured.
 *
 * @param budgetMs what one search waits for it
 */
export function createReranking(reranker: Reranker, log: Logger, budgetMs: number): Reranking {
  const policy = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: REST_MS,
  });
  const { name } = reranker;
  policy.onStateChange((state) => log.warn({ model: name, state: CircuitState[state] }, 'reranking changed'));
  const resting = { problem: `the reranking model "${name}" failed repeatedly and is given a pause` };
  return {
    model: name,
    async judge(question, texts) {
      // cockatiel would let this search wait for the one that tries whether the model is back.
      if (policy.state === CircuitState.HalfOpen) return resting;
      const asked = question.slice(0, QUESTION_LENGTH).toWellFormed();
      try {
        const signal = AbortSignal.timeout(budgetMs);
        return { relevances: await policy.execute(() => reranker.judge(asked, texts, signal)) };
      } catch (error) {
        if (isBrokenCircuitError(error)) return resting;
        const problem =
          error instanceof RerankFailed
            ? error.message
            : `the reranking model "${name}" did not answer within ${budgetMs} ms`;
        log.warn({ model: name, problem }, 'memories keep the order of their scores');
        return { problem };
      }
    },
  };
}
