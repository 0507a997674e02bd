import { AsyncResource } from 'node:async_hooks';
import type { Logger } from '../log.ts';
import { at, currentPlace, type TracePlace, traceparentOf } from './current.ts';
import type { ExportedMetric, ExportOptions } from './exporting.ts';

/** Names, numbers and kinds only: never what a user, a model or a statement's values say. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes?: Attributes;
  /** What it is a part of; null: of nothing, a trace begins; absent: of what is running. */
  readonly parent?: TracePlace | null;
}

/** A piece of work that is under way. */
export interface OpenSpan {
  readonly place: TracePlace;
  set(attributes: Attributes): void;
  /** @param error a code or a kind, no words of anybody; null: it went well */
  end(error: string | null): void;
}

/** Whoever keeps spans and brings them away. */
export interface Exporting {
  begin(start: SpanStart): OpenSpan;
  /** Within a bound, whatever becomes of it. */
  stop(): Promise<void>;
}

/** Spans and metrics that were lost on their way to the collector. */
export type Lost = Record<'traces' | 'metrics', number>;

/**
 * Follows work from the door to the database and to models, where a collector is configured (OpenTelemetry). Where none is,
 * nothing of it is loaded and every call goes straight through.
 */
export class Tracing {
  readonly lost: Lost = { traces: 0, metrics: 0 };
  #exporting: Exporting | null = null;
  #metrics: () => Promise<readonly ExportedMetric[]> = async () => [];

  /** Loads what it takes, and begins. @param options null: no collector is configured */
  static async open(options: ExportOptions | null, log: Logger): Promise<Tracing> {
    const tracing = new Tracing();
    if (options === null) return tracing;
    const { startExporting } = await import('./exporting.ts');
    const { lost } = tracing;
    tracing.#exporting = await startExporting(options, { log, lost, metrics: () => tracing.#metrics() });
    return tracing;
  }

  get isOn(): boolean {
    return this.#exporting !== null;
  }

  /** @param read gives the metrics that are brought away from time to time */
  bringMetrics(read: () => Promise<readonly ExportedMetric[]>): void {
    this.#metrics = read;
  }

  /** What the metrics are now is what is brought away at the end: whoever counts them stops before. */
  async holdMetrics(): Promise<void> {
    if (!this.isOn) return;
    const last = await this.#metrics();
    this.#metrics = async () => last;
  }

  /** Does a piece of work, which all that it sets going is a part of. @throws what the work throws */
  async run<T>(start: SpanStart, work: (span: OpenSpan | null) => Promise<T>): Promise<T> {
    if (!this.#exporting) return work(null);
    const span = this.#exporting.begin(start);
    try {
      const result = await at(span.place, () => work(span));
      span.end(null);
      return result;
    } catch (error) {
      span.end(nameOf(error));
      throw error;
    }
  }

  /** Begins a part of what is running; null where nobody follows that. */
  child(start: Omit<SpanStart, 'parent'>): OpenSpan | null {
    return this.#exporting && currentPlace()?.sampled ? this.#exporting.begin(start) : null;
  }

  /** A callback that somebody else will call belongs to what is running now. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever it is called with is passed on
  bound<F extends (...given: any[]) => unknown>(callback: F): F {
    return this.isOn ? (AsyncResource.bind(callback) as unknown as F) : callback;
  }

  /** The same client, which tells other servers what trace a request is of. */
  passedOn(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    if (!this.isOn) return fetch;
    return (input, init) => {
      const place = currentPlace();
      if (!place) return fetch(input, init);
      const headers = new Headers(init?.headers);
      headers.set('traceparent', traceparentOf(place));
      return fetch(input, { ...init, headers });
    };
  }

  /** Brings away what is left. */
  async stop(): Promise<void> {
    await this.#exporting?.stop();
    this.#exporting = null;
  }
}

/** Its code where it has one; words may be anybody's. */
function nameOf(error: unknown): string {
  const { code, reason, name } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const isCode = (each: unknown): each is string => typeof each === 'string' && /^[\w.-]{1,64}$/.test(each);
  return [code, reason, name].find(isCode) ?? 'Error';
}
