import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, connectMcp } from './support/mcp.ts';

const SEARCH = `query ($query: String!) {
  memorySearch(query: $query) { degraded hits { interaction { query } } } }`;
const QUESTION = 'Where is the brass sextant?';
const SAID = 'I put the brass sextant into the attic.';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** While a table is called otherwise, whatever reads it is done without. */
async function without<T>(table: string, work: () => Promise<T>): Promise<T> {
  await app.sql(`alter table ${table} rename to ${table}_away`);
  try {
    return await work();
  } finally {
    await app.sql(`alter table ${table}_away rename to ${table}`);
  }
}

const DOORS = {
  graphql: async (user: string) => {
    const { degraded, hits } = (await app.graphql(SEARCH, { query: QUESTION }, user)).data.memorySearch;
    return { degraded, hits: hits.length };
  },
  rest: async (user: string) => {
    const response = await app.post('/api/echo/memory/search', { query: QUESTION }, user);
    const { degraded = false, results } = await response.json();
    return { degraded, hits: results.length };
  },
  'rest, by conversations': async (user: string) => {
    const response = await app.post('/api/echo/conversations/search', { query: QUESTION }, user);
    const { degraded = false, memory } = await response.json();
    return { degraded, hits: memory.length };
  },
  mcp: async (user: string) => {
    const client = await connectMcp(app.url, { 'x-test-user': user });
    const { degraded, hits } = await callTool(client, 'search_memory', { query: QUESTION });
    await client.close();
    return { degraded, hits: hits.length };
  },
};
type Door = keyof typeof DOORS;
const EVERYWHERE = Object.keys(DOORS) as Door[];

describe.each([
  ['in which days its user counts', 'echo_user_settings', 1, EVERYWHERE],
  ['which facts tell of it', 'echo_learned_facts', 1, EVERYWHERE],
  // Of a user whose characters nobody read yet: what was read once is known without.
  ['whom it names', 'character_profiles', 0, EVERYWHERE],
  // REST searches it, too.
  ['what is in the archive', 'echo_unified_interactions_archive', 1, ['graphql', 'mcp'] satisfies Door[]],
])('a search that did not hear %s', (_what, table, hits, doors) => {
  test.each(doors)('says at the door %s that it did not', async (door) => {
    const user = `${door.replaceAll(/\W/g, '')}-${table}`;
    if (hits > 0) await app.record('attic', [SAID], user);
    expect(await without(table, () => DOORS[door](user))).toEqual({ degraded: true, hits });
    expect(await DOORS[door](user)).toEqual({ degraded: false, hits });
  });
});
