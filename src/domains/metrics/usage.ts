import { Counter, Histogram, type Registry } from 'prom-client';
import type { ModelCall } from '../../models/calls.ts';
import type { LabelNames } from './label-names.ts';
import { SECONDS_BOUNDS } from './recorded.ts';

/** How often what was remembered was enough, and how often it was not, since the start; counted by who remembers. */
export interface CacheUse {
  readonly hits: number;
  readonly misses: number;
}

/** A search for memories that has ended. */
interface DoneSearch {
  readonly seconds: number;
  readonly hits: number;
  /** A part of it did not answer. */
  readonly degraded: boolean;
}

/** An attempt at a task that has ended. */
interface DoneTask {
  /** Of the jobs that there are. */
  readonly type: string;
  /** What became of the task: its status; `LOST` where it was another's by then. */
  readonly outcome: string;
  readonly seconds: number;
}

/** Counts what the parts of the server were used for, and of what use they were. */
export class Usage {
  readonly #registry: Registry;
  readonly #models: LabelNames;
  readonly #caches = new Map<string, CacheUse>();
  readonly #callSeconds: Histogram<'kind' | 'model'>;
  readonly #callFirstSeconds: Histogram<'kind' | 'model'>;
  readonly #callFailures: Counter<'kind' | 'model' | 'reason'>;
  readonly #callTokens: Counter<'kind' | 'model' | 'direction'>;
  readonly #searchSeconds: Histogram;
  readonly #searches: Counter<'outcome'>;
  readonly #answerSearches: Counter<'outcome'>;
  readonly #ratings: Counter<'rating'>;
  readonly #taskSeconds: Histogram<'type'>;
  readonly #tasks: Counter<'type' | 'outcome'>;

  constructor(registry: Registry, models: LabelNames) {
    this.#registry = registry;
    this.#models = models;
    this.#callSeconds = this.#histogram(
      'echo_model_call_seconds',
      'Seconds that calls of models took, by what they were for: answer, learning, vision, brief, judging, question, turn',
      ['kind', 'model'],
    );
    this.#callFirstSeconds = this.#histogram(
      'echo_model_first_seconds',
      'Seconds until the first words of a model, or its first call of a tool, were there; of calls that come in pieces',
      ['kind', 'model'],
    );
    this.#callFailures = this.#counter(
      'echo_model_call_failures_total',
      'Calls of models that gave nothing, by why',
      ['kind', 'model', 'reason'],
    );
    this.#callTokens = this.#counter(
      'echo_model_call_tokens_total',
      'Tokens that models read and wrote, as their servers counted them, by what for',
      ['kind', 'model', 'direction'],
    );
    this.#searchSeconds = this.#histogram(
      'echo_memory_search_seconds',
      'Seconds that searches for memories took, whoever searched',
      [],
    );
    this.#searches = this.#counter(
      'echo_memory_searches_total',
      'Searches for memories: found, nothing, or degraded where a part of the search did not answer',
      ['outcome'],
    );
    this.#answerSearches = this.#counter(
      'echo_answer_memories_total',
      'Answered queries: degraded where memory could not be read whole, used where memories went into the answer, else unused',
      ['outcome'],
    );
    this.#ratings = this.#counter('echo_ratings_total', 'Ratings that users gave to answers', ['rating']);
    this.#taskSeconds = this.#histogram('echo_task_seconds', 'Seconds that attempts at tasks took', ['type']);
    this.#tasks = this.#counter(
      'echo_tasks_ended_total',
      'Attempts at tasks that ended, by what became of the task',
      ['type', 'outcome'],
    );
    this.#showCaches();
  }

  countModelCall({
    kind,
    model: name,
    seconds,
    firstSeconds,
    failure,
    tokensIn,
    tokensOut,
  }: ModelCall): void {
    const model = this.#models.of(name);
    this.#callSeconds.observe({ kind, model }, seconds);
    if (firstSeconds !== null) this.#callFirstSeconds.observe({ kind, model }, firstSeconds);
    if (failure !== null) this.#callFailures.inc({ kind, model, reason: failure });
    if (tokensIn !== null) this.#callTokens.inc({ kind, model, direction: 'in' }, tokensIn);
    if (tokensOut !== null) this.#callTokens.inc({ kind, model, direction: 'out' }, tokensOut);
  }

  countSearch({ seconds, hits, degraded }: DoneSearch): void {
    this.#searchSeconds.observe(seconds);
    this.#searches.inc({ outcome: degraded ? 'degraded' : hits > 0 ? 'found' : 'nothing' });
  }

  /** @param memories how many went into an answer @param degraded some could not be read */
  countAnswer(memories: number, degraded: boolean): void {
    this.#answerSearches.inc({ outcome: degraded ? 'degraded' : memories > 0 ? 'used' : 'unused' });
  }

  /** @param rating -1 to 1 */
  countRating(rating: number): void {
    this.#ratings.inc({ rating: rating > 0 ? 'good' : rating < 0 ? 'bad' : 'neutral' });
  }

  countTask({ type, outcome, seconds }: DoneTask): void {
    this.#taskSeconds.observe({ type }, seconds);
    this.#tasks.inc({ type, outcome });
  }

  /** Shows a cache under a name. @param use goes on counting */
  watchCache(name: string, use: CacheUse): void {
    this.#caches.set(name, use);
  }

  /** Shows what did not reach a collector. @param lost goes on counting */
  showLost(lost: Readonly<Record<string, number>>): void {
    const collect = function (this: Counter<'signal'>) {
      this.reset();
      for (const [signal, count] of Object.entries(lost)) this.inc({ signal }, count);
    };
    new Counter({
      ...{ name: 'echo_telemetry_lost_total', registers: [this.#registry], collect },
      help: 'Spans (traces) and readings (metrics) that did not reach the collector of OpenTelemetry',
      labelNames: ['signal'],
    });
  }

  #showCaches(): void {
    const caches = this.#caches;
    const collect = function (this: Counter<'cache' | 'result'>) {
      this.reset();
      for (const [cache, { hits, misses }] of caches) {
        this.inc({ cache, result: 'hit' }, hits);
        this.inc({ cache, result: 'miss' }, misses);
      }
    };
    new Counter({
      ...{ name: 'echo_cache_requests_total', registers: [this.#registry], collect },
      help: 'What was asked of caches, and whether they had it (hit, miss)',
      labelNames: ['cache', 'result'],
    });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[]): Histogram<Label> {
    const buckets = [...SECONDS_BOUNDS];
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
