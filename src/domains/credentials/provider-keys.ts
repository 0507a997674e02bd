import { and, eq, inArray } from 'drizzle-orm';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { Refresh } from '../../db/refresh.ts';
import { prepareOnce } from '../../db/statements.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { CannotOpen, type Sealer } from '../../secrets/sealing.ts';
import { PROVIDER_KEYS, type ProviderKey, type ProviderKeys, type Secrets } from '../../secrets/secrets.ts';
import { placeOf, sealedOf } from './credentials.ts';
import { credentials as c } from './tables.ts';

/** Milliseconds between looks: another server's change is noticed after that. */
const LOOK_MS = 5_000;

const statements = prepareOnce((orm) => ({
  ofProviders: orm
    .select()
    .from(c)
    .where(and(eq(c.tenantId, LOCAL_PRINCIPAL.tenantId), inArray(c.name, [...PROVIDER_KEYS])))
    .prepare('credentials_of_providers'),
}));

/** Gives the keys of providers that are stored in the database to whoever calls the providers. */
export class StoredProviderKeys {
  readonly #db: Database;
  readonly #sealer: Sealer | null;
  readonly #secrets: Secrets;
  readonly #loop: Refresh;
  #keys: ProviderKeys = {};
  #unreadable: readonly string[] = [];
  #onLook: (unreadable: readonly string[]) => void = () => undefined;

  constructor(
    parts: { db: Database; sealer: Sealer | null; secrets: Secrets; keepers: Keepers },
    availability: Pick<Availability, 'tolerate'>,
  ) {
    this.#db = parts.db;
    this.#sealer = parts.sealer;
    this.#secrets = parts.secrets;
    const read = () => availability.tolerate(() => this.refresh(), undefined);
    this.#loop = new Refresh({ name: 'provider keys', read, everyMs: LOOK_MS }, parts.keepers);
  }

  /** Reads them now. While the database is away the last ones hold. */
  async refresh(): Promise<void> {
    const sealer = this.#sealer;
    if (!sealer) return;
    const rows = await statements(this.#db).ofProviders.execute();
    const keys: Partial<Record<ProviderKey, string>> = {};
    const unreadable: string[] = [];
    for (const row of rows) {
      const name = row.name as ProviderKey;
      try {
        keys[name] = sealer.open(sealedOf(row), placeOf(row));
      } catch (error) {
        if (!(error instanceof CannotOpen)) throw error;
        // Another server may have got a new master key before this one: the last value holds.
        unreadable.push(name);
        if (this.#keys[name] !== undefined) keys[name] = this.#keys[name];
      }
    }
    this.#keys = keys;
    this.#unreadable = unreadable;
    this.#secrets.useStored(keys);
    this.#onLook(unreadable);
  }

  /** @param listener told, now and after each look, which keys cannot be opened */
  onLook(listener: (unreadable: readonly string[]) => void): void {
    this.#onLook = listener;
    listener(this.#unreadable);
  }

  /** Reads them, now and from time to time until `stop`. */
  start(): Promise<void> {
    return this.#sealer ? this.#loop.start() : Promise.resolve();
  }

  stop(): void {
    this.#loop.stop();
  }
}
