import type { Config } from '../config.ts';
import { isAlive, openedBy, type StartedServer } from './connect.ts';

/** Milliseconds that another command gets to start the server that both need. */
const OTHERS_START_MS = 60_000;
const LOOK_MS = 250;

/**
 * How a command that stays for long reaches the server of this configuration: the running one, else one that it starts where that
 * would listen, so that other such commands find it.
 *
 * @param start builds a server; only called where none runs
 * @returns `reach` throws what `start` throws
 */
export function reachByConfig(config: Config, start: (config: Config) => Promise<StartedServer>) {
  const { apiKey, own } = openedBy(config);
  const running = { url: config.url, close: async () => undefined };
  const reach = async () => {
    if (await isAlive(config.url)) return running;
    try {
      const server = await start(own);
      return { url: await server.listen(), close: () => server.close() };
    } catch (error) {
      // Two hosts that begin together both find none; one of them is the first.
      const deadline = Date.now() + OTHERS_START_MS;
      while (isTaken(error) && Date.now() < deadline) {
        if (await isAlive(config.url)) return running;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      throw error;
    }
  };
  return { apiKey, reach };
}

/** Whether somebody else has the data directory or the port. */
function isTaken(error: unknown): boolean {
  return (error as { isTaken?: unknown }).isTaken === true;
}
