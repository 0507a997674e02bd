import type { SecretSetting, SecretValues } from '../config/secrets.ts';
import type { Vault } from './vault.ts';

/** Keys of providers that an admin may store in the database, where the configuration has none. */
export const PROVIDER_KEYS = [
  'LLM_API_KEY',
  'EMBEDDINGS_API_KEY',
  'QDRANT_API_KEY',
  'RERANK_API_KEY',
] as const;
export type ProviderKey = (typeof PROVIDER_KEYS)[number];
export type ProviderKeys = Readonly<Partial<Record<ProviderKey, string>>>;

/** Secrets as they are now: of the configuration, else of Vault, else stored ones. Ask each time one is used. */
export class Secrets {
  readonly #local: SecretValues;
  readonly #vault: Pick<Vault, 'values'> | null;
  #stored: ProviderKeys = {};

  constructor(local: SecretValues, vault: Pick<Vault, 'values'> | null) {
    this.#local = local;
    this.#vault = vault;
  }

  /** @returns null where nobody has set it */
  get(name: SecretSetting): string | null {
    const stored: SecretValues = this.#stored;
    return this.#local[name] ?? this.#vault?.values[name] ?? stored[name] ?? null;
  }

  /** Takes what is stored now. */
  useStored(keys: ProviderKeys): void {
    this.#stored = keys;
  }
}
