import type { ModelLevel } from '../config/values.ts';
import type { Logger } from '../log.ts';
import { DECLINED, failed } from './chat-failure.ts';
import { type BreakerOptions, type BreakerState, createGuard, type Guard } from './guard.ts';
import {
  type AnswerOptions,
  type FailureReason,
  type LanguageModel,
  type ModelAnswer,
  ModelFailure,
  type ModelRequest,
} from './language-model.ts';

export interface ModelRouter {
  /** The level that `AUTO` means for this query. @param intent the classified intent, e.g. `technical` */
  levelFor(query: string, intent: string): ModelLevel;
  /**
   * Asks the level's model, then the others: the stronger ones in order, then the weaker ones. A level without
   * a model is passed over; a model that serves several levels is asked once.
   *
   * A refusal that is marked as one is no answer while another model may give one; where none does, the last refusal
   * is the answer.
   *
   * Never rejects for a failed model: without an answer, `failures` says why. Text that was sent so far is void
   * after `onRestart`: its model failed, or it was no answer.
   *
   * @throws what `onDelta` or `onRestart` throw
   */
  answer(level: ModelLevel, request: ModelRequest, options: RoutedOptions): Promise<RoutedAnswer>;
  /** One row for each configured level, weakest first. */
  models(): ConfiguredModel[];
}

export interface ConfiguredModel {
  readonly level: ModelLevel;
  readonly name: string;
  readonly state: BreakerState;
  /** It is paused because its server could not be reached, and the pause is over: the next request tries it. */
  readonly awaitsTry: boolean;
}

export interface RoutedOptions
  extends Pick<AnswerOptions, 'signal' | 'onDelta' | 'onToolCall' | 'onRestart' | 'onRequest'> {
  /** Whose request it is: callers take turns where models have to be waited for. */
  readonly caller?: string;
  /** Only this model is asked, by the provider's id of it. */
  readonly only?: string | null;
}

export interface RoutedAnswer {
  /** Null when no model answered. */
  answer: ModelAnswer | null;
  modelUsed: string | null;
  /** The level of the model that answered; the level that was asked for when none did. */
  level: ModelLevel;
  /** One entry for each model in the order they were asked: `quick:llama3:TIMEOUT`, then `expert:big`. */
  escalationPath: string[];
  failures: RoutedFailure[];
  /** Milliseconds that the request waited for its turn. */
  waitedMs: number;
}

export type RoutedFailure = {
  level: ModelLevel;
  model: string;
  reason: FailureReason;
  message: string;
  /** The HTTP status, where the provider gave one. */
  status: number | null;
};

/**
 * Chooses among the configured models and escalates when one fails.
 *
 * Each model has a circuit breaker: after `failures` failures in a row it is not asked for `halfOpenAfterMs`,
 * then one request tries it. Each has a queue, too: so many requests at once are sent, the others wait here.
 */
export function createModelRouter(options: {
  models: Partial<Record<ModelLevel, LanguageModel>>;
  log: Logger;
  breaker?: BreakerOptions;
  /** Requests at once to one model. */
  concurrency?: number;
}): ModelRouter {
  const { models, log, breaker = { failures: 5, halfOpenAfterMs: 10_000 }, concurrency = 4 } = options;
  const guards = new Map<string, Guard>();
  const configured = levels.flatMap((level) => {
    const model = models[level];
    if (!model) return [];
    const guard = guards.get(model.name) ?? createGuard(model, log, { breaker, concurrency });
    guards.set(model.name, guard);
    return [{ level, guard }];
  });

  return {
    levelFor: (query, intent) => levelOf(scoreComplexity(query, intent)),
    answer: (level, request, routed) =>
      escalate(
        candidatesFrom(level, configured).filter(({ guard }) => guard.name === (routed.only ?? guard.name)),
        ...([level, request, routed, log] as const),
      ),
    models: () =>
      configured.map(({ level, guard }) => {
        return { level, name: guard.name, state: guard.state(), awaitsTry: guard.awaitsTry() };
      }),
  };
}

const levels: readonly ModelLevel[] = ['quick', 'standard', 'expert'];
const standardFrom = 0.25;
const expertFrom = 0.55;

const questionMarks = /[?？]+/gu;
const codeOrFormula =
  /```|=>|\w\(\)|[{};]\s*$|\b(?:const|let|var)\s+\w+\s*=|\bdef\s+\w+\(|\bSELECT\s|[∑∏∫√≤≥≠∂]|[A-Za-z0-9)]\^[A-Za-z0-9({]/mu;
const reasoningWords =
  /\b(?:why|compare|comparison|versus|vs|trade-?offs?|difference|design|architect\w*|explain|prove|derive|analy[sz]e|optimi[sz]e|evaluate|step by step)\b/giu;

/**
 * How much a query asks of a model, from what can be seen in it, from 0 to 1. The sum of:
 *
 * - length: up to 0.25, full at 600 characters
 * - questions: 0.1 for two, 0.2 for three or more
 * - code or formulas: 0.25
 * - words of comparison, reasons or design (English): 0.2 for the first, 0.1 more for another
 * - intent `technical`: 0.2
 *
 * Our own heuristic, not a published one. `standard` starts at 0.25, `expert` at 0.55.
 */
export function scoreComplexity(query: string, intent: string): number {
  const questions = query.match(questionMarks)?.length ?? 0;
  const reasons = new Set(query.match(reasoningWords)?.map((word) => word.toLowerCase())).size;
  const score =
    Math.min(query.length / 600, 1) * 0.25 +
    (questions >= 3 ? 0.2 : questions === 2 ? 0.1 : 0) +
    (codeOrFormula.test(query) ? 0.25 : 0) +
    (reasons >= 2 ? 0.3 : reasons === 1 ? 0.2 : 0) +
    (intent === 'technical' ? 0.2 : 0);
  return Math.min(score, 1);
}

function levelOf(score: number): ModelLevel {
  if (score >= expertFrom) return 'expert';
  return score >= standardFrom ? 'standard' : 'quick';
}

/** The level itself, then upwards, then downwards; each model at its first place only. */
function candidatesFrom(level: ModelLevel, configured: readonly Candidate[]): Candidate[] {
  const start = levels.indexOf(level);
  const order = [...levels.slice(start), ...levels.slice(0, start).reverse()];
  const sorted = configured.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  return sorted.filter(({ guard }, index) => sorted.findIndex((other) => other.guard === guard) === index);
}

async function escalate(
  candidates: readonly Candidate[],
  asked: ModelLevel,
  request: ModelRequest,
  { signal, onDelta, onToolCall, onRestart, onRequest, caller = '' }: RoutedOptions,
  log: Logger,
): Promise<RoutedAnswer> {
  const escalationPath: string[] = [];
  const failures: RoutedFailure[] = [];
  let partial = false;
  let refusal: Answered | null = null;
  const waiting = new Stopwatch();
  for (const { level, guard } of candidates) {
    if (partial) onRestart?.();
    partial = false;
    const step = `${level}:${guard.name}`;
    const note = ({ reason, message, status }: ModelFailure) => {
      escalationPath.push(`${step}:${reason}`);
      failures.push({ level, model: guard.name, reason, message, status });
      if (reason !== 'ABORTED')
        log.warn({ modelLevel: level, model: guard.name, reason, status, partial }, 'model failed');
    };
    try {
      const answer = await guard.answer(request, {
        signal,
        caller,
        onWait: () => waiting.start(),
        onRequest: (sent) => {
          waiting.stop();
          onRequest?.(sent);
        },
        onDelta: (text) => {
          partial = true;
          onDelta?.(text);
        },
        onToolCall: (piece) => {
          partial = true;
          onToolCall?.(piece);
        },
        onRestart: () => {
          partial = false;
          onRestart?.();
        },
        onRetry: (failure) => {
          escalationPath.push(`${step}:${failure.reason}`);
          log.warn(
            { modelLevel: level, model: guard.name, reason: failure.reason },
            'model is asked in another way',
          );
        },
      });
      const answered = { answer, modelUsed: guard.name, level };
      if (!answer.isRefusal) {
        escalationPath.push(step);
        return { ...answered, escalationPath, failures, waitedMs: waiting.ms };
      }
      note(failed({ model: guard.name }, 'DECLINED', DECLINED).failure);
      refusal = answered;
    } catch (error) {
      waiting.stop();
      if (!(error instanceof ModelFailure)) throw error;
      note(error);
      if (error.reason === 'ABORTED') break;
    }
  }
  if (partial) onRestart?.();
  const none = { answer: null, modelUsed: null, level: asked };
  const final = signal.aborted ? none : (refusal ?? none);
  return { ...final, escalationPath, failures, waitedMs: waiting.ms };
}

type Answered = Pick<RoutedAnswer, 'answer' | 'modelUsed' | 'level'>;

/** How long something took, altogether. */
class Stopwatch {
  ms = 0;
  #since: number | null = null;

  start(): void {
    this.#since = performance.now();
  }

  stop(): void {
    if (this.#since !== null) this.ms += performance.now() - this.#since;
    this.#since = null;
  }
}

type Candidate = { level: ModelLevel; guard: Guard };
