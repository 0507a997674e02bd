import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';

/** Reads something again and again, so that what other servers write is noticed. While it cannot be read, the last one holds. */
export class Refresh {
  readonly #keeper: Keeper;

  /** @param list.name names it among all that goes round */
  constructor(list: { name: string; read: () => Promise<void>; everyMs: number }, keepers: Keepers) {
    const { name, read, everyMs } = list;
    this.#keeper = keepers.create({ name, everyMs, round: read });
  }

  /** Reads now, and from then on at intervals until `stop`. */
  start(): Promise<void> {
    return this.#keeper.startNow();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }
}
