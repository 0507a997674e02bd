import { setTimeout } from 'node:timers/promises';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { QuotaExceeded } from '../../errors.ts';
import type { TenantBook } from './book.ts';
import { DayCount, type Taken } from './day-count.ts';
import { type StoredKind, storageOf } from './storage.ts';
import type { TenantRow } from './tables.ts';

/** Turns that somebody wants to have stored. */
export interface WantedTurns {
  readonly tenantId: string;
  /** The input field that holds them. */
  readonly field: string;
  readonly turnIds: readonly string[];
  /** About how many bytes they have. */
  readonly bytes: () => number;
  /** Those of them that are new; asked only where there is no room for all of them. */
  readonly fresh: () => Promise<readonly string[]>;
  /** Whether models are asked for them. */
  readonly asksModels?: boolean;
}

/** What a tenant may still have, as the verbs ask it. */
export interface Quotas {
  /** @returns to be given back if they were not stored, and else settled @throws QuotaExceeded if not all of them may be */
  takeTurns(wanted: WantedTurns): Promise<Taken>;
  /** @param bytes about how many come @throws QuotaExceeded */
  checkStorage(tenantId: string, field: string, bytes: number): Promise<void>;
  /** Of what models are asked and nothing is stored for. @throws QuotaExceeded where they may cost no more today */
  checkModels(tenantId: string, field: string): Promise<void>;
}

interface QuotaOptions {
  readonly db: Database;
  readonly availability: Pick<Availability, 'tolerate'>;
  readonly tenants: TenantBook;
  readonly kinds: readonly StoredKind[];
  /** Whether the database has not taken a turn yet. */
  readonly isWaiting: (turnId: string) => boolean;
}

/** Where nothing is counted. */
export const NOTHING_TAKEN: Taken = { giveBack: () => undefined, settle: () => undefined };
/** Storage is measured again after so many milliseconds, or so many times what measuring took, if that is longer. */
const MEASURED_MS = 60_000;
const MEASURED_SHARE = 100;
/** Milliseconds that measuring may take, and that the first one who asks waits for it. */
const [MEASURING_MS, FIRST_MS] = [60_000, 2_000];
const DAY_MS = 86_400_000;

/** Counts towards the quotas of tenants that have some. Of others it knows nothing, and reads nothing. */
export class TenantQuotas implements Quotas {
  readonly #options: QuotaOptions;
  readonly #days = new Map<string, DayCount>();
  readonly #storage = new Map<string, Storage>();

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  async takeTurns(wanted: WantedTurns): Promise<Taken> {
    const tenant = await this.#options.tenants.of(wanted.tenantId);
    if (!tenant || !hasQuota(tenant)) return NOTHING_TAKEN;
    const leave = tenant.storageBytes === null ? () => undefined : await this.#takeRoom(tenant, wanted);
    if (tenant.turnsPerDay === null && tenant.modelCostPerDay === null)
      return { ...NOTHING_TAKEN, giveBack: leave };
    try {
      const taken = await takeOfDay(this.#dayOf(wanted.tenantId), tenant, wanted);
      return {
        giveBack: () => {
          taken.giveBack();
          leave();
        },
        settle: () => taken.settle(),
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** What is stored already needs no room. @returns gives it back @throws QuotaExceeded */
  async #takeRoom(tenant: TenantRow, wanted: WantedTurns): Promise<() => void> {
    const fresh = (await wanted.fresh()).length;
    if (fresh === 0) return () => undefined;
    const leave = await this.#room(tenant, (wanted.bytes() * fresh) / wanted.turnIds.length);
    if (!leave) throw storageFull(tenant, wanted.field);
    return leave;
  }

  async checkStorage(tenantId: string, field: string, bytes: number): Promise<void> {
    const tenant = await this.#options.tenants.of(tenantId);
    if (tenant?.storageBytes == null) return;
    if (!(await this.#room(tenant, bytes))) throw storageFull(tenant, field);
  }

  async checkModels(tenantId: string, field: string): Promise<void> {
    const tenant = await this.#options.tenants.of(tenantId);
    if (tenant?.modelCostPerDay == null) return;
    const day = this.#dayOf(tenantId);
    await day.read(false);
    if (day.cost >= tenant.modelCostPerDay) throw modelsSpent(tenant, field);
  }

  #dayOf(tenantId: string): DayCount {
    const day = this.#days.get(tenantId) ?? new DayCount(tenantId, this.#options);
    this.#days.set(tenantId, day);
    return day;
  }

  /** @returns gives it back; null: there is none */
  async #room({ tenantId, storageBytes }: TenantRow, bytes: number): Promise<(() => void) | null> {
    const known = this.#storage.get(tenantId) ?? new Storage();
    this.#storage.set(tenantId, known);
    const { db, availability, kinds } = this.#options;
    await known.measured(() =>
      availability.tolerate(() => storageOf(db, tenantId, kinds), null, MEASURING_MS),
    );
    return known.bytes + bytes > (storageBytes ?? Number.POSITIVE_INFINITY) ? null : known.add(bytes);
  }
}

/** What a tenant stores, as it was measured last, with what came since. */
class Storage {
  #added = 0;
  #stored = 0;
  #measured = 0;
  #at = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  #measuring: Promise<void> | null = null;

  get bytes(): number {
    return this.#stored + this.#added;
  }

  /** @returns takes it away again, unless it was measured since */
  add(bytes: number): () => void {
    const at = this.#measured;
    this.#added += bytes;
    return () => {
      if (at === this.#measured) this.#added -= bytes;
    };
  }

  /** Waits only for the first measurement; later ones are made beside the work. */
  async measured(measure: () => Promise<readonly { bytes: number }[] | null>): Promise<void> {
    const age = performance.now() - this.#at;
    if (age < Math.max(MEASURED_MS, MEASURED_SHARE * this.#tookMs)) return;
    const isFirst = this.#at === Number.NEGATIVE_INFINITY;
    this.#measuring ??= this.#measure(measure);
    const measuring = this.#measuring.catch(() => undefined);
    if (isFirst) await Promise.race([measuring, setTimeout(FIRST_MS, undefined, { ref: false })]);
  }

  async #measure(measure: () => Promise<readonly { bytes: number }[] | null>): Promise<void> {
    const began = performance.now();
    const before = this.#added;
    try {
      const kinds = await measure();
      this.#at = began;
      this.#tookMs = performance.now() - began;
      if (!kinds) return;
      this.#stored = kinds.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#added -= before;
      this.#measured++;
    } finally {
      this.#measuring = null;
    }
  }
}

/** @throws QuotaExceeded */
async function takeOfDay(day: DayCount, tenant: TenantRow, wanted: WantedTurns): Promise<Taken> {
  const { turnsPerDay, modelCostPerDay } = tenant;
  const { field, turnIds, asksModels = false } = wanted;
  await day.read(false);
  if (fits(turnIds) && (!asksModels || isCheap())) return day.take(turnIds);
  // What was accepted once is never refused, and nobody is refused for what was counted a while ago.
  const fresh = await wanted.fresh();
  if (fresh.length === 0) return NOTHING_TAKEN;
  await day.read(true);
  if (!fits(fresh))
    throw new QuotaExceeded(
      field,
      `the tenant may store ${turnsPerDay} turns a day, ${Math.min(day.turns, turnsPerDay ?? 0)} are there, and ${fresh.length} new ones are asked for`,
      endOfDay(),
    );
  if (asksModels && !isCheap()) throw modelsSpent(tenant, field);
  return day.take(fresh);

  function fits(ids: readonly string[]): boolean {
    return turnsPerDay === null || day.turns + ids.length <= turnsPerDay;
  }
  function isCheap(): boolean {
    return modelCostPerDay === null || day.cost < modelCostPerDay;
  }
}

function hasQuota({ turnsPerDay, modelCostPerDay, storageBytes }: TenantRow): boolean {
  return turnsPerDay !== null || modelCostPerDay !== null || storageBytes !== null;
}

function storageFull({ storageBytes }: TenantRow, field: string): QuotaExceeded {
  return new QuotaExceeded(
    field,
    `the tenant may store ${storageBytes} bytes, and there is no room for more`,
    null,
  );
}

function modelsSpent({ modelCostPerDay }: TenantRow, field: string): QuotaExceeded {
  return new QuotaExceeded(
    field,
    `models may cost the tenant ${modelCostPerDay} a day, and that is spent`,
    endOfDay(),
  );
}

function endOfDay(): Date {
  return new Date((Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS);
}
