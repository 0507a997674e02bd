import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import type { Logger } from '../log.ts';
import {
  type AnswerOptions,
  type LanguageModel,
  type ModelAnswer,
  ModelFailure,
  type ModelRequest,
} from './language-model.ts';
import { ModelQueue, type Place } from './queue.ts';

export type BreakerState = 'closed' | 'open' | 'halfOpen';
export interface BreakerOptions {
  readonly failures: number;
  readonly halfOpenAfterMs: number;
}

/** A model behind its queue and its circuit breaker. */
export interface Guard {
  readonly name: string;
  state(): BreakerState;
  /**
   * Whether it is paused for nothing but that its server could not be reached, and that pause is over: the next request
   * tries it. Until one comes, whether it fails is as its server is.
   */
  awaitsTry(): boolean;
  answer(request: ModelRequest, options: AnswerOptions & Place): Promise<ModelAnswer>;
}

/**
 * Times that a request which our own others kept waiting goes back to the queue. Each time half as many are sent, so
 * that after three of them even eight at once have become one.
 */
const MAX_RETURNS = 3;

export function createGuard(
  model: LanguageModel,
  log: Logger,
  options: { readonly breaker: BreakerOptions; readonly concurrency: number },
): Guard {
  const { failures, halfOpenAfterMs } = options.breaker;
  const queue = new ModelQueue({ name: model.name, concurrency: options.concurrency });
  const policy = circuitBreaker(
    handleWhen((error) => countsAgainst(error, policy.state === CircuitState.HalfOpen)),
    { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: halfOpenAfterMs },
  );
  const state = () => STATE_NAMES[policy.state];
  let openedAt = Number.NEGATIVE_INFINITY;
  /** Whether all that failed since its last answer did so for want of a connection. */
  let isOnlyAway = true;
  policy.onStateChange(() => {
    if (policy.state === CircuitState.Open) openedAt = performance.now();
    log.warn({ model: model.name, state: state() }, 'model circuit changed');
  });
  const closed = () =>
    new ModelFailure('CIRCUIT_OPEN', `The model "${model.name}" failed repeatedly and is given a pause.`);
  /** When the model last gave any of us text. */
  let spokeAt = Number.NEGATIVE_INFINITY;
  /** What one answer takes, waiting for others left out; and when the last one came. */
  let answerMs = 0;
  let answeredAt = Number.NEGATIVE_INFINITY;
  /** Until when the model goes on with what was given up, as many servers do. */
  let busyUntil = Number.NEGATIVE_INFINITY;
  const noteAnswer = (startedAt: number) => {
    const now = performance.now();
    answerMs = now - Math.max(startedAt, answeredAt);
    answeredAt = now;
  };
  /** Whether a request was silent because others of ours kept the model busy: it is not the model's fault. */
  const isOurDoing = (startedAt: number) => {
    if (spokeAt <= startedAt && startedAt >= busyUntil) return false;
    busyUntil = Math.max(busyUntil, performance.now()) + answerMs;
    return true;
  };

  const attempt = async (request: ModelRequest, given: AnswerOptions): Promise<ModelAnswer | KeptWaiting> => {
    // cockatiel would let this call wait until the one that is trying the model has its answer.
    if (policy.state === CircuitState.HalfOpen) throw closed();
    const startedAt = performance.now();
    const onDelta = (text: string) => {
      spokeAt = performance.now();
      given.onDelta?.(text);
    };
    try {
      return await policy.execute(async () => {
        try {
          const answer = await model.answer(request, { ...given, onDelta });
          noteAnswer(startedAt);
          isOnlyAway = true;
          return answer;
        } catch (error) {
          if (isSilence(error) && isOurDoing(startedAt)) return new KeptWaiting(error);
          if (countsAgainst(error, false))
            isOnlyAway &&= error instanceof ModelFailure && error.reason === 'UNREACHABLE';
          throw error;
        }
      });
    } catch (error) {
      throw isBrokenCircuitError(error) ? closed() : error;
    }
  };

  return {
    name: model.name,
    state,
    awaitsTry: () =>
      policy.state === CircuitState.Open && isOnlyAway && performance.now() - openedAt >= halfOpenAfterMs,
    async answer(request, given) {
      for (let returns = 0; ; returns++) {
        const outcome = await queue.run(given, () => attempt(request, given));
        if (!(outcome instanceof KeptWaiting)) return outcome;
        queue.lower();
        log.warn({ model: model.name }, 'the model answers fewer requests at once than LLM_CONCURRENCY');
        if (returns >= MAX_RETURNS) throw outcome.failure;
      }
    },
  };
}

/** The model was silent, because our own other requests kept it busy. */
class KeptWaiting {
  readonly failure: ModelFailure;
  constructor(failure: ModelFailure) {
    this.failure = failure;
  }
}

function isSilence(error: unknown): error is ModelFailure {
  return error instanceof ModelFailure && error.reason === 'STALLED' && !error.hasBegun;
}

/**
 * Whether a failure says something about the model's health. What the caller did (left, sent something
 * unacceptable) does not. While the model is being tried, an attempt that was cut short must not close the
 * circuit, which is what cockatiel does with a failure that does not count.
 */
function countsAgainst(error: unknown, isBeingTried: boolean): boolean {
  if (!(error instanceof ModelFailure) || error.reason === 'ABORTED') return isBeingTried;
  if (error.reason === 'TOO_LONG' || error.reason === 'DECLINED') return false;
  return !(error.reason === 'REFUSED' && FAULTS_OF_THE_REQUEST.includes(error.status));
}

/** Bad request, too large, not processable. 401, 403 and 404 would meet every other request too. */
const FAULTS_OF_THE_REQUEST: readonly (number | null)[] = [400, 413, 422];

const STATE_NAMES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'halfOpen',
  [CircuitState.Isolated]: 'open',
} as const satisfies Record<CircuitState, BreakerState>;
