import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';

/** Milliseconds for which a count is good enough while there is room, and while there is none. */
const [FRESH_MS, SHORT_MS] = [1_000, 250];
/** Counting takes at most about this share of the time. */
const SHARE = 20;
const DAY_MS = 86_400_000;

/** Turns that somebody took of what a day may hold. */
export interface Taken {
  /** They will not be stored. */
  giveBack(): void;
  /** Whoever took them is done: they are rows, or wait to be, or are gone again. */
  settle(): void;
}

interface DayOptions {
  readonly db: Pick<Database, 'pool'>;
  readonly availability: Pick<Availability, 'tolerate'>;
  /** Whether the database has not taken a turn yet. */
  readonly isWaiting: (turnId: string) => boolean;
}

/**
 * What a tenant had of the running day of UTC: turns by its rows, and those that were taken here and are no rows yet, each
 * once. What other servers took since the rows were counted is not in it.
 */
export class DayCount {
  readonly #tenantId: string;
  readonly #options: DayOptions;
  /** Ids of turns that were taken and not yet seen among the rows. */
  readonly #open = new Set<string>();
  /** Those of them that whoever took them is done with: what is no row then was deleted. */
  readonly #settled = new Set<string>();
  #stored = 0;
  #cost = 0;
  #day = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #reading: Promise<void> | null = null;

  constructor(tenantId: string, options: DayOptions) {
    this.#tenantId = tenantId;
    this.#options = options;
  }

  get turns(): number {
    return this.#stored + this.#open.size;
  }

  /** Of models, as far as it is known. */
  get cost(): number {
    return this.#cost;
  }

  take(turnIds: readonly string[]): Taken {
    for (const id of turnIds) {
      this.#open.add(id);
      this.#settled.delete(id);
    }
    return {
      giveBack: () => {
        for (const id of turnIds) this.#open.delete(id);
      },
      settle: () => {
        for (const id of turnIds) if (this.#open.has(id)) this.#settled.add(id);
      },
    };
  }

  /** Counts again, if that was long ago. @param short there is no room: a newer count may have some */
  async read(short: boolean): Promise<void> {
    const today = Math.floor(Date.now() / DAY_MS);
    const age = performance.now() - this.#readAt;
    const limit = Math.max(short ? SHORT_MS : FRESH_MS, SHARE * this.#tookMs);
    if (today === this.#day && age < limit) return;
    this.#reading ??= this.#count(today);
    // A busy tenant does not wait for each count; whoever may be refused does.
    if (short || today !== this.#day || age > 5 * limit) await this.#reading;
    else this.#reading.catch(() => undefined);
  }

  async #count(today: number): Promise<void> {
    const began = performance.now();
    const { db, availability, isWaiting } = this.#options;
    const open = [...this.#open];
    const gone = [...this.#settled].filter((id) => !isWaiting(id));
    try {
      const counted = await availability.tolerate(() => countDay(db, this.#tenantId, open), null);
      this.#readAt = began;
      this.#tookMs = performance.now() - began;
      if (!counted && today !== this.#day) [this.#stored, this.#cost, this.#day] = [0, 0, today];
      if (!counted) return;
      for (const id of counted.found) this.#open.delete(id);
      // Unless somebody took it again meanwhile.
      for (const id of gone) if (this.#settled.has(id)) this.#open.delete(id);
      for (const id of this.#settled) if (!this.#open.has(id)) this.#settled.delete(id);
      [this.#stored, this.#cost, this.#day] = [counted.turns, counted.cost, today];
    } finally {
      this.#reading = null;
    }
  }
}

interface Counted {
  readonly turns: number;
  readonly cost: number;
  /** Of the ids that were asked for, those that are rows. */
  readonly found: readonly string[];
}

async function countDay(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  open: readonly string[],
): Promise<Counted> {
  return onlyRow(
    await pool.query<Counted>({
      name: 'count_day_of_tenant',
      text: `select
               (select count(*) from echo_unified_interactions i
                where i.tenant_id = $1 and i.created_at >= date_trunc('day', now(), 'UTC'))::int as turns,
               coalesce((select sum(i.cost) from echo_unified_interactions i
                 where i.tenant_id = $1 and i.created_at >= date_trunc('day', now(), 'UTC')
                   and i.timestamp >= date_trunc('day', now(), 'UTC') and i.finish_reason is not null), 0)::float8
               + coalesce((select sum(coalesce(a.writing_cost, 0) + coalesce(a.judging_cost, 0)) from brief_attempts a
                 where a.tenant_id = $1 and a.written_at >= date_trunc('day', now(), 'UTC')), 0)::float8 as cost,
               array(select i.turn_id::text from echo_unified_interactions i
                 where i.tenant_id = $1 and i.turn_id = any($2::uuid[])) as found`,
      values: [tenantId, open],
    }),
  );
}
