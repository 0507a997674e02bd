import type { PoolClient } from 'pg';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { enqueue, type NewDelivery, openTarget } from '../deliveries/outbox.ts';
import { categoriesOfRun } from '../facts/reads.ts';
import { takeUntoldRun } from '../learning/runs.ts';
import { CHANNEL } from './channel.ts';

interface TellerOptions {
  readonly db: Database;
  readonly availability: Pick<Availability, 'isUp'>;
  readonly keepers: Keepers;
  readonly deliveries: { wake(): void };
}

const LOOK_MS = 2_000;
/** Runs that one round tells of. */
const MAX_STEPS = 100;
/** There is one Knowledge Base. */
const TARGET = { channel: CHANNEL, target: 'articles' };

/**
 * Puts an article for each category of what a run of learning found into the outbox, once: in the transaction that notes that the
 * run was told of.
 */
export class ArticleTeller {
  readonly #options: TellerOptions;
  readonly #keeper: Keeper;

  constructor(options: TellerOptions) {
    this.#options = options;
    this.#keeper = options.keepers.create({
      name: 'articles',
      everyMs: () => LOOK_MS,
      round: () => this.#round(),
    });
  }

  start(): void {
    this.#keeper.start();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  async #round(): Promise<void> {
    const { db, availability, deliveries } = this.#options;
    if (!availability.isUp) return;
    for (let step = 0; step < MAX_STEPS; step++) {
      const told = await db.transaction((client) => tellOfOne(client), { ownName: true });
      if (told === null) return;
      if (told > 0) deliveries.wake();
    }
  }
}

/** @returns how many articles there will be; null: there is no run that was not told of */
async function tellOfOne(client: PoolClient): Promise<number | null> {
  const run = await takeUntoldRun(client);
  if (run === null) return null;
  const { runId, ...owner } = run;
  const categories = await categoriesOfRun({ pool: client }, owner, runId);
  await openTarget(client, TARGET, { tenantId: SERVER_TENANT, userId: null });
  const articles = categories.map<NewDelivery>((category) => ({
    ...{ ...TARGET, ...owner, kind: 'article', order: ['article', runId, category] },
    payload: { runId, category },
  }));
  await enqueue(client, articles);
  return articles.length;
}
