import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import type { Logger } from '../log.ts';

/** After so many failures in a row a model is not asked for a while, so that nobody waits for what will not come. */
const FAILURES = 3;
const REST_MS = 30_000;

/**
 * A model that somebody waits for, for so long and no longer, and that is done without where it fails. One that is late
 * again and again costs its time three times, and not each time.
 */
export class Budget {
  readonly #given: BudgetOptions;
  readonly #policy = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: REST_MS,
  });

  constructor(given: BudgetOptions) {
    this.#given = given;
    const { name, kind, log } = given;
    this.#policy.onStateChange((state) =>
      log.warn({ model: name, state: CircuitState[state] }, `the ${kind} model has another state`),
    );
  }

  /** Never rejects. @returns what the model gave, or why it gave nothing, for whoever waited */
  async spend<Given>(
    work: (signal: AbortSignal) => Promise<Given>,
  ): Promise<{ given: Given } | { problem: string }> {
    const { name, kind, budgetMs, log, without, isToldBy } = this.#given;
    const resting = { problem: `the ${kind} model "${name}" failed repeatedly and is given a pause` };
    // cockatiel would let this caller wait for the one that tries whether the model is back.
    if (this.#policy.state === CircuitState.HalfOpen) return resting;
    try {
      const signal = AbortSignal.timeout(budgetMs);
      return { given: await this.#policy.execute(() => work(signal)) };
    } catch (error) {
      if (isBrokenCircuitError(error)) return resting;
      const problem = isToldBy(error)
        ? error.message
        : `the ${kind} model "${name}" did not answer within ${budgetMs} ms`;
      log.warn({ model: name, problem }, without);
      return { problem };
    }
  }
}

export interface BudgetOptions {
  /** The model's name. */
  readonly name: string;
  /** What it does, as a word before "model". */
  readonly kind: string;
  /** Milliseconds that are waited for it. */
  readonly budgetMs: number;
  readonly log: Logger;
  /** What is so where it gives nothing, for the log. */
  readonly without: string;
  /** Whether an error says by itself, and for everybody, what is wrong; others come of the end of the time. */
  readonly isToldBy: (error: unknown) => error is Error;
}
