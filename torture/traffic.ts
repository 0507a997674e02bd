export type Moment = 'sent' | 'acked';

/** What the writers did, counted; and a way to act at a chosen moment of it. */
export class Traffic {
  readonly #counts = { sent: 0, acked: 0 };
  readonly #alarms: { moment: Moment; at: number; act: () => void }[] = [];
  readonly latenciesMs: number[] = [];
  readonly unknown = new Map<string, number>();
  readonly durabilities = new Map<string, number>();
  readonly turnsSent = { total: 0 };
  refusals = 0;
  /** Other contents under a used key that were journaled while the database was away. */
  rekeyed = 0;

  count(moment: Moment): number {
    return this.#counts[moment];
  }

  /** Called at the moment itself, so that an alarm can kill the server in the same instant. */
  note(moment: Moment): void {
    const now = ++this.#counts[moment];
    for (const alarm of this.#alarms.filter((one) => one.moment === moment && one.at <= now)) {
      this.#alarms.splice(this.#alarms.indexOf(alarm), 1);
      alarm.act();
    }
  }

  noteUnknown(reason: string): void {
    this.unknown.set(reason, (this.unknown.get(reason) ?? 0) + 1);
  }

  noteAcknowledged(durability: string | null, turns: number, milliseconds: number): void {
    const name = durability ?? 'UNSTATED';
    this.durabilities.set(name, (this.durabilities.get(name) ?? 0) + turns);
    this.latenciesMs.push(milliseconds);
  }

  /**
   * Runs `act` synchronously at the moment that comes `after` more of its kind.
   *
   * @returns false if that did not happen within the limit; then it will not happen any more
   */
  at(moment: Moment, after: number, limitMs: number, act: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      const alarm = {
        moment,
        at: this.#counts[moment] + after,
        act: () => {
          clearTimeout(limit);
          act();
          resolve(true);
        },
      };
      const limit = setTimeout(() => {
        this.#alarms.splice(this.#alarms.indexOf(alarm), 1);
        resolve(false);
      }, limitMs);
      this.#alarms.push(alarm);
    });
  }
}

/** Holds the writers back during a check. Each finishes what it is sending first. */
export class Gate {
  #open = Promise.withResolvers<void>();
  #closed = false;
  #stopped = false;
  #inside = 0;
  #onEmpty: () => void = () => undefined;

  constructor() {
    this.#open.resolve();
  }

  /** Waits until work may begin. @returns false when it must not begin any more */
  async enter(): Promise<boolean> {
    while (this.#closed) await this.#open.promise;
    if (this.#stopped) return false;
    this.#inside++;
    return true;
  }

  leave(): void {
    this.#inside--;
    if (this.#inside === 0) this.#onEmpty();
  }

  /** Lets nobody in any more, and resolves once nobody is inside. */
  async close(): Promise<void> {
    if (!this.#closed) this.#open = Promise.withResolvers<void>();
    this.#closed = true;
    if (this.#inside === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  open(): void {
    this.#closed = false;
    this.#open.resolve();
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.open();
  }
}

/** The value below which the given share lies; null of nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
