import type { Logger } from '../log.ts';
import type { Lost } from './tracing.ts';

const MAX_WORDS = 200;

/** Counts what does not reach the collector, and says so once, until something reaches it again. */
export class Losses {
  readonly #signal: keyof Lost;
  readonly #lost: Lost;
  readonly #log: Logger;
  #since: number | null = null;

  constructor(signal: keyof Lost, lost: Lost, log: Logger) {
    this.#signal = signal;
    this.#lost = lost;
    this.#log = log;
  }

  /** @param error absent: there was no room for it */
  note(count: number, error?: Error): void {
    this.#since ??= this.#lost[this.#signal];
    const isFirst = this.#since === this.#lost[this.#signal];
    this.#lost[this.#signal] += count;
    if (!isFirst) return;
    const reason = error ? error.message.slice(0, MAX_WORDS) : 'more come than it takes';
    this.#log.warn(
      { signal: this.#signal, reason },
      'the collector (OTEL_EXPORTER_OTLP_ENDPOINT) does not take what is measured; it is lost',
    );
  }

  /** Something has arrived. */
  none(): void {
    if (this.#since === null) return;
    const lost = this.#lost[this.#signal] - this.#since;
    this.#since = null;
    this.#log.info({ signal: this.#signal, lost }, 'the collector takes what is measured again');
  }
}
