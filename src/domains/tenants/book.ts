import type { Tenancy } from '../../access/tenancy.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { Forbidden, TenantSuspended } from '../../errors.ts';
import { OPERATOR_TENANT } from '../../ground/ownership.ts';
import { allTenants } from './reads.ts';
import type { TenantRow } from './tables.ts';

type Tenants = ReadonlyMap<string, TenantRow>;

/** Milliseconds after which what was read is read again, beside the work of whoever asks. */
export const FRESH_MS = 2_000;
/** Milliseconds after which whoever asks waits for it: other servers' changes are felt within them. */
const STALE_MS = 5_000;

/** What is said of tenants, as it was read last. Nothing is read while nobody asks. */
export class TenantBook implements Tenancy {
  readonly #db: Pick<Database, 'pool'>;
  readonly #availability: Pick<Availability, 'tolerate'>;
  #read: Tenants = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Tenants> | null = null;
  /** How often it was read anew because somebody changed something here. */
  #age = 0;

  constructor(db: Pick<Database, 'pool'>, availability: Pick<Availability, 'tolerate'>) {
    this.#db = db;
    this.#availability = availability;
  }

  /** What is said of a tenant; while the database is away as it was when it was there, and at first nothing. */
  async of(tenantId: string): Promise<TenantRow | undefined> {
    return (await this.#current()).get(tenantId);
  }

  /** Ids of those that are suspended. */
  async suspended(): Promise<string[]> {
    return [...(await this.#current()).values()]
      .filter(({ suspendedAt }) => suspendedAt !== null)
      .map(({ tenantId }) => tenantId);
  }

  async admit(tenantId: string): Promise<void> {
    if (tenantId === OPERATOR_TENANT || (await this.of(tenantId))) return;
    throw new Forbidden('the tenant was not created on this server (TENANTS=created)');
  }

  async checkWriting(tenantId: string): Promise<void> {
    // It cannot be suspended: somebody has to end that.
    if (tenantId === OPERATOR_TENANT) return;
    const tenant = await this.of(tenantId);
    if (tenant?.suspendedAt) throw new TenantSuspended(tenantId, tenant.suspendedReason ?? '');
  }

  /** Reads what was changed here just now, also if a reading is under way. */
  async renew(): Promise<void> {
    this.#age++;
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading = null;
    await this.#current();
  }

  async #current(): Promise<Tenants> {
    const age = performance.now() - this.#readAt;
    if (age < FRESH_MS) return this.#read;
    this.#reading ??= this.#readAll(this.#age);
    if (age >= STALE_MS) return this.#reading;
    // Who would have waited for it hears the same.
    this.#reading.catch(() => undefined);
    return this.#read;
  }

  async #readAll(age: number): Promise<Tenants> {
    const begun = performance.now();
    try {
      const rows = await this.#availability.tolerate(() => allTenants(this.#db), null);
      if (age !== this.#age) return this.#read;
      if (rows) this.#read = new Map(rows.map((row) => [row.tenantId, row]));
      this.#readAt = begun;
      return this.#read;
    } finally {
      if (age === this.#age) this.#reading = null;
    }
  }
}
