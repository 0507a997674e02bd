import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket } from './support/streams.ts';

/** A cursor of the very beginning: whoever starts there misses nothing, however late it begins to listen. */
const BEGINNING = '0-0';

/** Collects what a stream gives, in the background. */
function collect(stream: AsyncIterable<Result>): Result[] {
  const results: Result[] = [];
  void (async () => {
    for await (const result of stream) results.push(result);
  })();
  return results;
}

const queriesOf = (results: Result[]) =>
  results.map(({ data, errors }) => errors?.[0]?.extensions.code ?? data.interactionAdded.interaction.query);

describe('many subscribers of the same turns', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  test('are shown all of them, from rows that were loaded once', async () => {
    const query = `subscription { interactionAdded(after: "${BEGINNING}", conversationId: "crowd") { interaction {
      query conversation { conversationId interactions(first: 50) { nodes { query } } } } } }`;
    const streams = [
      ...Array.from({ length: 3 }, () => app.connect()).flatMap((client) =>
        Array.from({ length: 15 }, () => collect(overWebSocket(client, query))),
      ),
      ...Array.from({ length: 5 }, () => collect(overServerSentEvents(app, query))),
    ];
    await app.record('crowd', ['the first']);
    await expect.poll(() => streams.every((results) => results.length === 1)).toBe(true);
    app.statements.length = 0;
    const turns = Array.from({ length: 10 }, (_, n) => `turn ${n}`);
    await app.record('crowd', turns);
    await expect.poll(() => streams.every((results) => results.length === 11)).toBe(true);
    for (const results of streams) {
      expect(queriesOf(results)).toEqual(['the first', ...turns]);
      const { nodes } = results.at(-1)!.data.interactionAdded.interaction.conversation.interactions;
      expect(nodes.map((node: { query: string }) => node.query)).toEqual(['the first', ...turns]);
    }
    // A slow run may load an event again; fifty subscribers that each load ten turns would be far beyond.
    for (const name of ['interactions_by_turn_ids', 'interactions_of_conversations']) {
      const loads = app.statements.filter((statement) => statement.startsWith(name)).length;
      expect(loads, name).toBeGreaterThanOrEqual(10);
      expect(loads, name).toBeLessThanOrEqual(50);
    }
  });

  test('are shown nothing that others of them may see', async () => {
    const query = `subscription { interactionAdded(after: "${BEGINNING}") { interaction {
      query userId conversation { interactions(first: 50) { nodes { query } } } } } }`;
    const streams = ['ann', 'ben', '@other:carl'].map((user) => ({
      user,
      results: collect(overWebSocket(app.connect(user), query)),
    }));
    for (const user of ['ann', 'ben']) await app.record(`of ${user}`, [`a secret of ${user}`], user);
    await app.record('of carl', ['a secret of carl'], '@other:carl');
    for (const { user, results } of streams) {
      const name = user.replace('@other:', '');
      await expect.poll(() => queriesOf(results)).toEqual([`a secret of ${name}`]);
      expect(results[0]?.data.interactionAdded.interaction).toMatchObject({
        userId: name,
        conversation: { interactions: { nodes: [{ query: `a secret of ${name}` }] } },
      });
    }
  });
});

describe('a subscriber', () => {
  let proxy: DatabaseProxy;
  let onSql: (name: string) => void = () => undefined;
  let app: TestApp;
  beforeEach(async () => {
    proxy = await startDatabaseProxy();
    app = await startTestApp({
      ...{ route: (url: string) => proxy.route(url), patienceMs: 0 },
      onSql: (name) => onSql(name),
    });
  });
  afterEach(async () => {
    await proxy.restore();
    await app.close();
    await proxy.close();
  });

  test('whose turn cannot be loaded, because the database went away just then, gets it later', async () => {
    const query = `subscription { interactionAdded(after: "${BEGINNING}") { interaction { query } } }`;
    const results = collect(overWebSocket(app.connect(), query));
    await app.record('c', ['before']);
    await expect.poll(() => queriesOf(results)).toEqual(['before']);
    let refused = 0;
    onSql = (name) => {
      if (name === 'interactions_by_turn_ids' && refused++ === 0) void proxy.refuse();
    };
    await app.record('c', ['meanwhile']);
    await expect.poll(() => refused).toBeGreaterThan(0);
    await proxy.restore();
    await app.record('c', ['after']);
    await expect.poll(() => queriesOf(results)).toEqual(['before', 'meanwhile', 'after']);
  });
});

describe('with access control on', () => {
  const ADMIN_KEY = 'a'.repeat(40);
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      realAccess: true,
      // A sixth of it in ten seconds: 50 points.
      env: { API_KEY: ADMIN_KEY, RATE_LIMIT_READS: '300' },
    });
  });
  afterAll(() => app.close());

  async function send(key: string, query: string, variables: object): Promise<Result> {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Result;
  }
  async function keyOf(userId: string): Promise<string> {
    const made = await send(
      ADMIN_KEY,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeySuccess { key } } }',
      { input: { name: userId, userId, roles: ['USER'] } },
    );
    return made.data.createApiKey.key;
  }

  test('events count against the limits of who subscribed: they come later, and none is lost', async () => {
    const [ann, ben] = [await keyOf('ann'), await keyOf('ben')];
    const query = `subscription { interactionAdded(after: "${BEGINNING}") { interaction {
      query conversation { interactions(first: 20) { nodes { query } } } } } }`;
    const watch = (apiKey: string) => {
      const client = createClient({
        url: `${app.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { apiKey },
        retryAttempts: 0,
      });
      return { client, results: collect(overWebSocket(client, query)) };
    };
    const [ofAnn, ofBen] = [watch(ann), watch(ben)];
    const RECORD = 'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }';
    const turns = ['one', 'two'];
    const input = { conversationId: 'c', turns: turns.map((text) => ({ query: text })) };
    expect((await send(ann, RECORD, { input })).data.recordTurns.__typename).toBe('RecordTurnsSuccess');
    await expect.poll(() => ofAnn.results.length).toBeGreaterThanOrEqual(1);
    // Her limit is used up now, and his is not.
    const one = { conversationId: 'c of ben', turns: [{ query: 'quick' }] };
    await send(ben, RECORD, { input: one });
    await expect.poll(() => queriesOf(ofBen.results)).toEqual(['quick']);
    expect(ofAnn.results.length).toBe(1);
    await expect.poll(() => queriesOf(ofAnn.results), { timeout: 45_000, interval: 500 }).toEqual(turns);
    for (const { client } of [ofAnn, ofBen]) await client.dispose();
  }, 90_000);
});
