import type { Availability } from '../../../src/db/availability.ts';
import type { Database } from '../../../src/db/client.ts';
import { onlyRow } from '../../../src/db/statements.ts';
import type { Keeper } from '../../../src/jobs/keeper.ts';
import type { Keepers } from '../../../src/jobs/keepers.ts';

const ROUND_MS = 200;

/** Notes which wishes are late. */
export class WishRounds {
  readonly #db: Database;
  readonly #keeper: Keeper;
  #late = 0;

  constructor(db: Database, availability: Pick<Availability, 'isUp'>, keepers: Keepers) {
    this.#db = db;
    const round = () => (availability.isUp ? this.#round() : undefined);
    this.#keeper = keepers.create({ name: 'wishes', everyMs: ROUND_MS, round });
  }

  /** How many there were at the last round. */
  get late(): number {
    return this.#late;
  }

  start(): void {
    this.#keeper.start();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  async #round(): Promise<void> {
    await this.#db.pool.query({
      name: 'note_late_wishes',
      text: 'update wishes set is_late = true where due_at < now() and not is_late',
    });
    const counted = await this.#db.pool.query<{ late: number }>({
      name: 'count_late_wishes',
      text: 'select count(*)::int as late from wishes where is_late',
    });
    this.#late = onlyRow(counted).late;
  }
}
