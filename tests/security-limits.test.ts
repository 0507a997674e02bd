import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket, take } from './support/streams.ts';

const ADMIN_KEY = 'key-of-the-operator';
const ASK = 'mutation { processQuery(input: { query: "Something" }) { __typename } }';
const RECORD = `mutation ($id: String!) {
  recordTurns(input: { conversationId: $id, turns: [{ query: "Something" }] }) { __typename }
}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    realAccess: true,
    env: {
      API_KEY: ADMIN_KEY,
      RATE_LIMIT_HEAVY: '3',
      RATE_LIMIT_WRITES: '4',
      RATE_LIMIT_READS: '500',
      TRUSTED_PROXIES: '10.0.0.0/8',
    },
  });
});
afterAll(() => app.close());

async function send(
  key: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as Result;
  return {
    status: response.status,
    data,
    errors,
    code: errors?.[0]?.extensions.code,
    retryAfter: response.headers.get('retry-after'),
  };
}

async function keyOf(userId: string, more: object = {}): Promise<string> {
  const { data } = await send(
    ADMIN_KEY,
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeySuccess { key } } }',
    { input: { name: 'test', userId, ...more } },
  );
  return data.createApiKey.key;
}

describe('limits of a minute', () => {
  test('a burst of heavy operations: 429, with the time to wait, and nothing is done', async () => {
    const key = await keyOf('burst');
    for (let number = 0; number < 3; number++) expect((await send(key, ASK)).status).toBe(200);
    const refused = await send(key, ASK);
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(refused.errors?.[0]?.message).toContain('3 heavy operations');
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      retryable: true,
      correlationId: expect.any(String),
    });
    expect(refused.errors?.[0]?.extensions.retryAfterMs).toBeGreaterThan(0);
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    expect(
      await app.sql("select count(*)::int from echo_unified_interactions where user_id = 'burst'"),
    ).toEqual([{ count: 3 }]);
    // Reading is another matter.
    expect((await send(key, '{ me { userId } }')).status).toBe(200);
  });

  test('aliases and fragments count, and so does another key of the same user', async () => {
    const key = await keyOf('many');
    const ask = 'processQuery(input: { query: "Something" }) { __typename }';
    const refused = await send(
      key,
      `mutation { a: ${ask} ...more } fragment more on Mutation { b: ${ask} ... on Mutation { c: ${ask} d: ${ask} } }`,
    );
    expect(refused.code).toBe('RATE_LIMITED');
    const other = await keyOf('many');
    expect((await send(other, ASK)).code).toBe('RATE_LIMITED');
    expect((await send(await keyOf('somebody else'), ASK)).status).toBe(200);
  });

  test('fragments that spread each other twice, 60 levels deep, stop nobody', async () => {
    const key = await keyOf('bomber');
    const bomb = Array.from(
      { length: 60 },
      (_, at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`,
    );
    const { code } = await send(key, `{ ...F0 } ${bomb.join(' ')} fragment F60 on Query { me { userId } }`);
    expect(['RATE_LIMITED', 'QUERY_TOO_COMPLEX', undefined]).toContain(code);
    const asks = Array.from(
      { length: 60 },
      (_, at) => `fragment F${at} on Mutation { ...F${at + 1} ...F${at + 1} }`,
    );
    const ask = 'processQuery(input: { query: "Something" }) { __typename }';
    expect(
      (await send(key, `mutation { ...F0 } ${asks.join(' ')} fragment F60 on Mutation { ${ask} }`)).code,
    ).toBe('QUERY_TOO_COMPLEX');
    expect((await send(ADMIN_KEY, '{ me { userId } }')).status).toBe(200);
  });

  test('writes and reading have limits of their own; reading by what it costs', async () => {
    const key = await keyOf('writer');
    for (let number = 0; number < 4; number++)
      expect((await send(key, RECORD, { id: 'written' })).status).toBe(200);
    // What a mutation gives back is read, too.
    const back = `mutation { recordTurns(input: { conversationId: "back", turns: [{ query: "x" }] }) {
      ... on RecordTurnsSuccess { interactions { conversation { interactions(first: 100) { nodes { id query response speaker } } } } } } }`;
    expect((await send(await keyOf('reader'), back)).code).toBe('RATE_LIMITED');
    expect((await send(key, RECORD, { id: 'written' })).code).toBe('RATE_LIMITED');
    const list = '{ interactions(first: 100) { nodes { id query response } } }';
    expect((await send(key, list)).status).toBe(200);
    expect((await send(key, list)).code).toBe('RATE_LIMITED');
  });

  test('hold over REST, WebSocket and server-sent events alike', async () => {
    const key = await keyOf('everywhere');
    const rest = () =>
      fetch(`${app.url}/api/echo/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: '{"query": "Something"}',
      });
    for (let number = 0; number < 3; number++) expect((await rest()).status).toBe(200);
    const refused = await rest();
    expect([refused.status, await refused.json()]).toEqual([
      429,
      expect.objectContaining({ error_code: 'RATE_LIMITED' }),
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const client = createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { apiKey: key },
    });
    const stream = 'subscription { processQueryStream(input: { query: "Something" }) { __typename } }';
    const [overSocket] = await take(overWebSocket(client, stream));
    expect(overSocket?.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED' });
    await client.dispose();
    const events = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'x-api-key': key },
      body: JSON.stringify({ query: stream }),
    });
    expect(await events.text()).toContain('RATE_LIMITED');
  });

  test('are wider for those who act for many users', async () => {
    const key = await keyOf('service', { roles: ['SERVICE'] });
    for (let number = 0; number < 10; number++) expect((await send(key, ASK)).status).toBe(200);
  });

  test('an address that shows many unknown keys: 429, whatever it says it forwards; keys in use go on', async () => {
    const key = await keyOf('calm');
    const status = async (secret: string, forwarded: string) =>
      (await send(secret, '{ me { userId } }', {}, { 'x-forwarded-for': forwarded })).status;
    expect(await status(key, '1.2.3.4')).toBe(200);
    const answers = new Map<number, number>();
    const guess = (number: number) =>
      status(`echo_${String(number).padStart(12, '0')}_${'x'.repeat(43)}`, `9.9.9.${number}`);
    for (const got of await Promise.all(Array.from({ length: 80 }, (_, number) => guess(number))))
      answers.set(got, (answers.get(got) ?? 0) + 1);
    expect(answers.get(401)).toBe(60);
    expect(answers.get(429)).toBe(20);
    expect(await status(key, '1.2.3.4')).toBe(200);
    expect(await status(ADMIN_KEY, '1.2.3.4')).toBe(200);
  });
});

describe('the schema', () => {
  let user: string;
  let open: TestApp;
  beforeAll(async () => {
    user = await keyOf('curious');
    open = await startTestApp();
  });
  afterAll(() => open.close());
  const INTROSPECTION = '{ __schema { queryType { name } } }';
  const guesses = [
    '{ mee { userId } }',
    '{ me { userIdd } }',
    '{ interactions(frist: 1) { nodes { id } } }',
    'mutation { processQuery(input: { query: "x", intelligenceLevel: QUIK }) { __typename } }',
    '{ ... on Qery { me { userId } } }',
  ];

  test('is shown to an admin, and not to a user, in either order', async () => {
    expect((await send(user, INTROSPECTION)).code).toBe('FORBIDDEN');
    expect((await send(ADMIN_KEY, INTROSPECTION)).data.__schema.queryType.name).toBe('Query');
    expect((await send(user, INTROSPECTION)).code).toBe('FORBIDDEN');
    const other = '{ __type(name: "Query") { name } }';
    expect((await send(ADMIN_KEY, other)).data.__type.name).toBe('Query');
    expect((await send(user, other)).code).toBe('FORBIDDEN');
    const hidden =
      'query { ...all } fragment all on Query { me { userId } deep: __schema { types { name } } }';
    expect((await send(user, hidden)).code).toBe('FORBIDDEN');
    expect((await send(user, '{ __typename me { __typename } }')).data.me.__typename).toBe('Principal');
  });

  test.each(guesses)('is not guessed from %s', async (query) => {
    for (const key of [user, ADMIN_KEY]) {
      const { errors } = await send(key, query);
      expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(JSON.stringify(errors)).not.toMatch(/Did you mean/);
    }
    // On a laptop, they help.
    expect((await open.graphql(query)).errors?.[0]?.message).toMatch(/Did you mean/);
  });

  test('is not guessed from values of variables', async () => {
    const query = 'mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename } }';
    for (const input of [
      { query: 'x', intelligenceLevel: 'QUIK' },
      { query: 'x', userid: 'y' },
    ]) {
      expect((await open.graphql(query, { input })).errors?.[0]?.message).toMatch(/Did you mean/);
      const { errors } = await send(user, query, { input });
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
      expect(JSON.stringify(errors)).not.toMatch(/Did you mean/);
    }
  });
});
