import type { Logger } from '../log.ts';
import { createKeeper, type Keeper, type KeeperOptions, type KeeperStatus } from './keeper.ts';

/** Everything that goes round in the background of one server, each under a name of its own. */
export class Keepers {
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #keepers = new Map<string, Keeper>();

  constructor(log: Logger, now: () => Date) {
    this.#log = log;
    this.#now = now;
  }

  /** Makes one, which its owner starts and stops. @throws Error if another one has its name */
  create(options: Omit<KeeperOptions, 'log' | 'now'>): Keeper {
    const { name } = options;
    if (this.#keepers.has(name)) throw new Error(`two keepers are named ${name}`);
    const keeper = createKeeper({ ...options, log: this.#log, now: this.#now });
    this.#keepers.set(name, keeper);
    return keeper;
  }

  /** How each of them is, in the order in which they were made. */
  statuses(): readonly KeeperStatus[] {
    return [...this.#keepers.values()].map(({ status }) => status);
  }

  /** What hindered them may be over: whoever fails tries again now. */
  wakeFailing(): void {
    for (const keeper of this.#keepers.values()) if (keeper.status.state === 'FAILING') keeper.wake();
  }
}
