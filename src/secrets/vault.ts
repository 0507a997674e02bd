import { setTimeout as wait } from 'node:timers/promises';
import {
  SECRET_SETTINGS,
  type SecretSetting,
  type SecretValues,
  type VaultOptions,
} from '../config/secrets.ts';
import { ConfigError, secretProblem } from '../config.ts';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Logger } from '../log.ts';
import { VaultApi, VaultError, type VaultToken } from './vault-api.ts';

/** Milliseconds that Vault gets to answer when the server starts: it may be starting, too. */
const START_MS = 15_000;
const RETRY_MS = 1_000;
/** What the server reads once. */
const READ_AT_START: readonly SecretSetting[] = [
  'DATABASE_URL',
  'DATABASE_READ_URL',
  'QDRANT_API_KEY',
  'MASTER_KEY',
  'MASTER_KEY_PREVIOUS',
  'ALERT_WEBHOOK_SECRET',
];
/** Whether these are there decides at the start who has to show a key. */
const DECIDES_AT_START: readonly SecretSetting[] = ['API_KEY', 'JWT_SECRET'];
/** Milliseconds before a refusal that a new login did not end leads to another login. */
const LOGIN_AGAIN_MS = 600_000;
/** A token is renewed when this share of its time has passed. */
const RENEW_AT = 0.5;

/**
 * Secrets in Vault: read when the server starts, and again and again afterwards. While Vault is away, sealed, or refuses,
 * the last good values hold.
 */
export class Vault {
  readonly #api: VaultApi;
  readonly #options: VaultOptions;
  #token: VaultToken;
  #renewAt: number;
  #values: SecretValues;
  readonly #atStart: SecretValues;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #trouble: string | null = null;
  #keeper: Keeper | null = null;
  #onRead: () => void = () => undefined;
  #log: Logger | null = null;

  private constructor(options: VaultOptions, api: VaultApi, token: VaultToken, values: SecretValues) {
    this.#options = options;
    this.#api = api;
    this.#token = token;
    this.#renewAt = renewalOf(token);
    this.#values = values;
    this.#atStart = values;
  }

  /**
   * Logs in and reads.
   *
   * @param fetch the client for requests to Vault
   * @throws VaultError when Vault refuses, or is still away after 15 seconds
   * @throws ConfigError for values that cannot be used
   */
  static async open(options: VaultOptions, fetch: typeof globalThis.fetch): Promise<Vault> {
    const api = new VaultApi(options, fetch);
    for (const deadline = performance.now() + START_MS; ; ) {
      try {
        const token = await api.logIn();
        const { values, problems } = usableOf(await api.read(token), {});
        if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${problem} (in Vault)`));
        return new Vault(options, api, token, values);
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        const isPassing = error instanceof VaultError && error.isPassing;
        if (!isPassing || performance.now() + RETRY_MS > deadline) throw asVaultError(error);
        await wait(RETRY_MS);
      }
    }
  }

  get values(): SecretValues {
    return this.#values;
  }

  /** Why the values may be old; null if they were read when they should have been. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Goes on reading until `stop`. @param onRead told after each attempt */
  start({ log, keepers }: { log: Logger; keepers: Keepers }, onRead: () => void): void {
    this.#log = log;
    this.#onRead = onRead;
    const everyMs = () =>
      Math.min(this.#options.refreshMs, Math.max(this.#renewAt - performance.now(), RETRY_MS));
    // No more rarely after a failure: a token that is not renewed in time is lost.
    this.#keeper = keepers.create({
      ...{ name: 'vault secrets', everyMs, retryMs: everyMs },
      round: () => this.#round(),
    });
    this.#keeper.start();
  }

  /** Does not wait for an answer that is under way: nothing is lost with it. */
  stop(): void {
    void this.#keeper?.stop();
  }

  async #round(): Promise<void> {
    try {
      if (performance.now() >= this.#renewAt) await this.#renew();
      const found = await this.#read();
      this.#take(found);
    } catch (error) {
      const vaultError = asVaultError(error);
      this.#note(vaultError.message);
      throw vaultError;
    } finally {
      this.#onRead();
    }
  }

  async #read(): Promise<Readonly<Record<string, unknown>>> {
    try {
      return await this.#api.read(this.#token);
    } catch (error) {
      // The token has ended or was revoked; whoever can log in does it again. Or a policy forbids it: once is enough then.
      const isRefusal = error instanceof VaultError && error.status === 403;
      if (!isRefusal || performance.now() - this.#refusedAt < LOGIN_AGAIN_MS) throw error;
      await this.#logIn();
      return await this.#api.read(this.#token).catch((again: unknown) => {
        if (again instanceof VaultError && again.status === 403) this.#refusedAt = performance.now();
        throw again;
      });
    }
  }

  /** Renews the token; where that is no longer possible, logs in again. */
  async #renew(): Promise<void> {
    if (!this.#token.renewable) return this.#logIn();
    try {
      const renewed = await this.#api.renew(this.#token);
      // Near the end of its longest life a token is given less and less: then a new one is better.
      if (renewed.ttl * 2 < this.#token.ttl) return await this.#logIn();
      this.#use(renewed);
    } catch (error) {
      if (error instanceof VaultError && error.isPassing) throw error;
      await this.#logIn();
    }
  }

  async #logIn(): Promise<void> {
    this.#use(await this.#api.logIn());
  }

  #use(token: VaultToken): void {
    // Of a given token, which is asked how long it lives, less remains each time; of others the first time counts.
    this.#token = token;
    this.#renewAt = renewalOf(token);
  }

  /** Remembers what is wrong; logs it when it begins, changes, and ends. */
  #note(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === null) this.#log?.info('secrets in Vault are read again');
    else this.#log?.warn({ reason: trouble }, 'secrets in Vault cannot be read; the last ones hold');
  }

  /** Takes what can be used; of the rest the last good values hold. */
  #take(found: Readonly<Record<string, unknown>>): void {
    const { values, problems } = usableOf(found, this.#values);
    const changed = SECRET_SETTINGS.filter((name) => values[name] !== this.#values[name]);
    this.#values = values;
    this.#note(problems.length > 0 ? problems.join('; ') : null);
    const afterRestart = changed.filter(
      (name) =>
        READ_AT_START.includes(name) ||
        (DECIDES_AT_START.includes(name) && this.#atStart[name] === undefined),
    );
    if (changed.length > 0)
      this.#log?.warn({ names: changed, afterRestart }, 'secrets were changed in Vault');
  }
}

/** When a token is to be renewed, on the clock of `performance.now`. */
function renewalOf({ ttl }: VaultToken): number {
  return ttl === 0 ? Number.POSITIVE_INFINITY : performance.now() + ttl * RENEW_AT * 1_000;
}

/** Of what Vault holds, the secrets that this server knows; for those that cannot be used, what it had before. */
function usableOf(
  found: Readonly<Record<string, unknown>>,
  before: SecretValues,
): { values: SecretValues; problems: string[] } {
  const values: Partial<Record<SecretSetting, string>> = {};
  const problems: string[] = [];
  for (const name of SECRET_SETTINGS) {
    const value = found[name];
    if (value === undefined || value === '') continue;
    const problem = typeof value === 'string' ? secretProblem(name, value) : 'must be text';
    if (problem === null) values[name] = value as string;
    else {
      problems.push(`${name}: ${problem}`);
      if (before[name] !== undefined) values[name] = before[name];
    }
  }
  return { values, problems };
}

function asVaultError(error: unknown): VaultError {
  return error instanceof VaultError
    ? error
    : new VaultError(`it answered something else (${(error as Error).name})`);
}
