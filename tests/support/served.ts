import { createApp } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import type { Result } from './harness.ts';
import { turnCalls } from './turns.ts';

/** Starts a server as an operator has configured it, for as long as some work with it takes. */
export async function served<T>(
  config: Config,
  work: (calls: ReturnType<typeof callsAt>) => Promise<T>,
): Promise<T> {
  const server = await createApp(config, createLogger('silent'), { migrate: true });
  const url = await server.listen();
  try {
    return await work(callsAt(url));
  } finally {
    await server.close();
  }
}

function callsAt(url: string) {
  const graphql = async (query: string, variables: object = {}) => {
    const body = JSON.stringify({ query, variables });
    const headers = { 'content-type': 'application/json' };
    return (await (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json()) as Result;
  };
  return { graphql, ...turnCalls(graphql) };
}
