import { createServer } from 'node:net';
import type { VaultOptions } from './config/secrets.ts';
import { type Config, ConfigError, readConfig, readVaultOptions } from './config.ts';
import { DataDirectoryError, inUse, unusable } from './db/data-directory.ts';
import { EmbeddedPostgresError } from './db/embedded.ts';
import { driverError, OtherDatabase, wordsOf } from './db/meaning.ts';
import { DatabaseSetupError } from './db/open.ts';
import { ScheduleRefused } from './jobs/recurrence.ts';
import { JournalBroken, JournalLocked } from './journal/journal.ts';
import { DimensionsUnknown } from './models/configured.ts';
import { LocalModelProblem } from './models/local-models.ts';
import { Outbound, SettingForbidden } from './outbound/outbound.ts';
import { Vault } from './secrets/vault.ts';
import { VaultError } from './secrets/vault-api.ts';

/** The server cannot start; the message is for the operator and names the setting. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  /** Whether another program has what it needs: the data directory, or the port. */
  readonly isTaken: boolean;
  constructor(message: string, isTaken = false) {
    super(message);
    this.isTaken = isTaken;
  }
}

const VAULT_LIMITS = { timeoutMs: 5_000, maxBytes: 1_048_576 };

/**
 * Reads the configuration, and Vault if it is configured.
 *
 * @throws ConfigError, StartupError
 */
export async function loadConfig(): Promise<{ config: Config; vault: Vault | null }> {
  const options = vaultOptions();
  if (!options) return { config: readConfig(), vault: null };
  const fetch = new Outbound({ allowed: [] }).fetcherTo(options.address, VAULT_LIMITS);
  const vault = await Vault.open(options, fetch).catch((error: unknown) => {
    if (!(error instanceof VaultError)) throw error;
    throw new StartupError(`VAULT_ADDR: the secrets at ${options.address} cannot be read: ${error.message}`);
  });
  return { config: readConfig(undefined, undefined, vault.values), vault };
}

/** @throws ConfigError that names what is wrong elsewhere, too */
function vaultOptions(): VaultOptions | null {
  try {
    return readVaultOptions();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const others = problemsOf(() => readConfig());
    throw new ConfigError([...error.problems, ...others]);
  }
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** What the system says of an address that cannot be listened on, or of a name that stands for none. */
const NO_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAI_AGAIN', 'EAI_FAIL', 'ENOTFOUND']);

/** Looks whether the port is free, before anything is made on disk. @throws StartupError */
export async function checkPort(config: Config): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port, config.host, resolve);
    });
  } catch (error) {
    const { code = '' } = error as { code?: string };
    throw NO_ADDRESS.has(code)
      ? new StartupError(
          `HOST: "${config.host}" is no address of this machine (${code}); set HOST to one that it has, such as 127.0.0.1`,
        )
      : asStartupError(error, config);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Tells the operator why nothing was started: one readable block, or the whole error if it was not expected. */
export function reportStartupError(error: unknown): void {
  const isExpected = error instanceof ConfigError || error instanceof StartupError;
  process.stderr.write(`${isExpected ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}

/** What the driver says without a code where it gets no connection: it waited too long, or was refused encryption or its way to log in. */
const OF_THE_DRIVER = /timeout|\bSSL\b|\bSASL\b|Connection terminated/;

/** What went wrong while the parts were built, in words for the operator where it was to be expected. */
export function asStartupError(error: unknown, config: Config): unknown {
  if (error instanceof JournalLocked) return new StartupError(inUse(config.dataDirectory).message, true);
  if (error instanceof JournalBroken)
    return new StartupError(unusable(config.dataDirectory, error.message).message);
  if (
    error instanceof EmbeddedPostgresError ||
    error instanceof DataDirectoryError ||
    error instanceof DatabaseSetupError ||
    error instanceof DimensionsUnknown ||
    error instanceof LocalModelProblem ||
    error instanceof ScheduleRefused ||
    error instanceof SettingForbidden
  )
    return new StartupError(error.message);
  const { code, message } = driverError(error) as { code?: string; message: string };
  if (code === 'EADDRINUSE')
    return new StartupError(
      `PORT: ${config.port} on ${config.host} is already in use; stop the other program, or set PORT to another port`,
      true,
    );
  if (code === 'EACCES')
    return new StartupError(`PORT: this user may not listen on ${config.port}; set PORT to one above 1023`);
  if (
    config.databaseUrls.length > 0 &&
    (code !== undefined || OF_THE_DRIVER.test(message) || error instanceof OtherDatabase)
  )
    return new StartupError(unusableDatabase(config.databaseUrls, error));
  return error;
}

/** Why the database cannot be used, and what to do. */
function unusableDatabase(databaseUrls: readonly string[], error: unknown): string {
  if (error instanceof OtherDatabase) return error.message;
  const { code, message } = driverError(error) as { code?: string; message: string };
  const urls = databaseUrls.map((each) => new URL(each));
  const { pathname = '', username = '' } = urls[0] ?? {};
  const host = urls.map((each) => each.host).join(' or ');
  const [name, role] = [decodeURIComponent(pathname.slice(1)), decodeURIComponent(username)];
  const place = `the database "${name}" at ${host || 'the local socket'}`;
  const reasons: Record<string, string> = {
    '28P01': `refuses the password of "${role}"; correct it`,
    '28000': `does not let "${role}" in; name another role, or allow it in pg_hba.conf`,
    '3D000': `does not exist; create it (createdb "${name}"), or name another`,
    '42501': `forbids "${role}" what is needed to prepare it (${message}); grant CREATE on the database and on its schema public`,
    '53300': 'has no free connection; raise max_connections or the limit of the role',
    ECONNREFUSED: 'cannot be reached: nothing listens there; start PostgreSQL, or correct host and port',
    ENOTFOUND: 'cannot be reached: no such host; correct it',
  };
  return `DATABASE_URL: ${place} ${reasons[code ?? ''] ?? `cannot be used (${wordsOf(error)})`}`;
}
