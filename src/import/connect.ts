import { randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { createHttpSender } from './client.ts';
import type { Connect } from './command.ts';

export type ConnectOptions = {
  /** Where the server of this configuration listens when it runs. */
  ownUrl: string;
  /** Sent to the server; null sends none. */
  apiKey: string | null;
  /** Builds the server of this configuration, on a port of its own. */
  startServer: () => Promise<StartedServer>;
  log: Logger;
};

/** A running server answers at once; this is for one that hangs. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * How an import reaches its server. One named by the user is used whether or not it answers yet, because starting
 * another in its place would store the turns elsewhere. Without a name it is the server of this configuration: the
 * running one, else one that is started for the duration of the import.
 *
 * @returns a function that throws what `startServer` throws
 */
export function connectImport({ ownUrl, apiKey, startServer, log }: ConnectOptions): Connect {
  return async (named, signal, tell) => {
    const senderAt = (url: string) => createHttpSender({ url, apiKey, log, signal, tell });
    if (named !== null) return { send: senderAt(named), close: async () => undefined };
    if (await isAlive(ownUrl)) return { send: senderAt(ownUrl), close: async () => undefined };
    const server = await startServer().catch((error) => Promise.reject(withAddress(error, ownUrl)));
    try {
      return { send: senderAt(await server.listen()), close: () => server.close() };
    } catch (error) {
      await server.close();
      throw error;
    }
  };
}

/** Who has the data directory is most often the server that was meant, at another address than the one that was asked. */
function withAddress(error: unknown, ownUrl: string): unknown {
  if (error instanceof Error && (error as { isTaken?: unknown }).isTaken === true)
    error.message += `. If it is the server that you mean: none answers at ${ownUrl}, so give this command its PORT and HOST`;
  return error;
}

/**
 * The same for commands of this configuration.
 *
 * @param start builds a server; only called where none runs, because most commands need not load one
 */
export function connectByConfig(
  config: Config,
  log: Logger,
  start: (config: Config) => Promise<StartedServer>,
): Connect {
  const { apiKey, own } = openedBy(config);
  const startServer = () => start({ ...own, port: 0 });
  return connectImport({ ownUrl: config.url, apiKey, startServer, log });
}

/** The configuration of a server that a command starts for itself, and the key that opens it. */
export function openedBy(config: Config): { apiKey: string; own: Config } {
  // With access control on, a server that is started here takes a key that nobody else knows.
  const apiKey = config.clientApiKey ?? randomBytes(32).toString('hex');
  const secrets = { ...config.secrets, API_KEY: config.secrets.API_KEY ?? apiKey };
  return { apiKey, own: { ...config, secrets, host: '127.0.0.1' } };
}

/** Whether a server of ours answers there. */
export async function isAlive(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/livez', url), {
      redirect: 'error',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    return response.ok && (await response.text()) === 'ok\n';
  } catch {
    // Nobody listens, or somebody else does: either way it is not our server.
    return false;
  }
}

export type StartedServer = { listen: () => Promise<string>; close: () => Promise<void> };
