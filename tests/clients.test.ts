import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const PAGE = 'https://app.example';
const JSON_TYPE = { 'content-type': 'application/json' };
const ME = '{ me { userId } }';
const ADDRESS = `/graphql?query=${encodeURIComponent(ME)}`;

/** A request with exactly these headers. */
function ask(
  app: TestApp,
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  body?: string,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${app.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

describe('a server that asks nobody who they are', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { CORS_ORIGINS: PAGE } });
  });
  afterAll(() => app.close());

  const MODERN = 'application/graphql-response+json, application/graphql+json, application/json, */*';
  test.each<[string, Record<string, string>, number]>([
    ['a program', { accept: MODERN }, 200],
    [
      'a page of a site that is allowed',
      { accept: MODERN, origin: PAGE, 'sec-fetch-site': 'cross-site' },
      200,
    ],
    ['a page of its own', { accept: MODERN, 'sec-fetch-site': 'same-origin' }, 200],
    ['an address that somebody typed', { accept: MODERN, 'sec-fetch-site': 'none' }, 200],
    ['a page of another site', { accept: MODERN, origin: 'https://evil.example' }, 403],
    ['a page of another port of this machine', { accept: MODERN, origin: 'http://127.0.0.1:1' }, 403],
    ['an image of another site', { accept: 'image/*', 'sec-fetch-site': 'cross-site' }, 403],
    ['a link of a sister site', { accept: 'application/json', 'sec-fetch-site': 'same-site' }, 403],
    ['an image in an older browser', { accept: '*/*', 'user-agent': 'Mozilla/5.0 (iPhone)' }, 403],
    ['a page without an origin', { accept: MODERN, origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
  ])('answers a short query by GET, as urql sends it: %s', async (_who, headers, status) => {
    const answer = await ask(app, 'GET', ADDRESS, headers);
    expect(answer.status).toBe(status);
    if (status === 200) expect(JSON.parse(answer.body)).toEqual({ data: { me: { userId: 'default' } } });
    else expect(answer.body).not.toContain('userId');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/graphql',
  ])('refuses a GET that says its body is %s', async (type) => {
    for (const more of [{}, { 'x-requested-with': 'x' }, { 'graphql-require-preflight': '1' }]) {
      const answer = await ask(app, 'GET', ADDRESS, { accept: MODERN, 'content-type': type, ...more });
      expect(answer.status).toBe(415);
      expect(answer.body).toContain('UNSUPPORTED_MEDIA_TYPE');
    }
  });

  const HASH = createHash('sha256').update(ME).digest('hex');
  const PERSISTED = { extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } };
  test.each<[string, string, string, Record<string, string>, object | undefined]>([
    ['by POST', 'POST', '/graphql', JSON_TYPE, PERSISTED],
    ['by POST with an empty query', 'POST', '/graphql', JSON_TYPE, { ...PERSISTED, query: '' }],
    ['by POST with variables', 'POST', '/graphql', JSON_TYPE, { ...PERSISTED, variables: { a: 1 } }],
    [
      'by GET',
      'GET',
      `/graphql?operationName=&extensions=${encodeURIComponent(JSON.stringify(PERSISTED.extensions))}`,
      {},
      undefined,
    ],
  ])(
    'tells Apollo that persisted queries are not supported, %s',
    async (_how, method, path, headers, body) => {
      for (const accept of ['*/*', 'application/graphql-response+json, application/json']) {
        const answer = await ask(app, method, path, { accept, ...headers }, body && JSON.stringify(body));
        expect(answer.status).toBe(200);
        const [error] = JSON.parse(answer.body).errors;
        expect(error.message).toBe('PersistedQueryNotSupported');
        expect(error.extensions.code).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
      }
    },
  );

  test('runs the query that Apollo sends after that, with its hash', async () => {
    const body = JSON.stringify({ ...PERSISTED, query: ME });
    expect(JSON.parse((await ask(app, 'POST', '/graphql', JSON_TYPE, body)).body).data.me.userId).toBe(
      'default',
    );
  });

  test('says what it accepts to a client that asks for a subscription in parts', async () => {
    const body = JSON.stringify({ query: 'subscription { interactionAdded { cursor } }' });
    const accept = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';
    const answer = await ask(app, 'POST', '/graphql', { ...JSON_TYPE, accept }, body);
    expect(answer.status).toBe(406);
    const [error] = JSON.parse(answer.body).errors;
    expect(error.extensions.code).toBe('NOT_ACCEPTABLE');
    expect(error.message).toMatch(/text\/event-stream.*WebSocket/);
  });

  test('lets allowed pages send what clients add, and tells them how long to wait', async () => {
    const names =
      'content-type,authorization,x-api-key,idempotency-key,traceparent,tracestate,baggage,x-request-id,' +
      'apollographql-client-name,apollographql-client-version,apollo-require-preflight,x-requested-with';
    const answer = await ask(app, 'OPTIONS', '/graphql', {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': names,
    });
    expect(answer.status).toBe(204);
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(expect.arrayContaining(names.split(',')));
    const read = await ask(
      app,
      'POST',
      '/graphql',
      { ...JSON_TYPE, origin: PAGE },
      JSON.stringify({ query: ME }),
    );
    expect(read.headers['access-control-expose-headers']).toContain('retry-after');
  });

  test('lets allowed pages send every name of a user and a conversation that the page of /v1 offers', async () => {
    const page = await readFile(new URL('../docs/openai.md', import.meta.url), 'utf8');
    const names = page.split('\n## ').find((section) => section.startsWith('Names in requests')) ?? '';
    const offered = [...names.matchAll(/`((?:x-|session)[a-z_-]+)`/g)].flatMap(([, name]) => name ?? []);
    expect(offered).toEqual(expect.arrayContaining(['x-echo-user', 'x-sm-user-id', 'session_id']));
    const answer = await ask(app, 'OPTIONS', '/v1/chat/completions', {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': offered.join(','),
    });
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(offered.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test('refuses the question of a page of another site with 403, and says which setting names sites', async () => {
    for (const path of ['/graphql', '/api/echo/query']) {
      const answer = await ask(app, 'OPTIONS', path, {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
      });
      expect(answer.status).toBe(403);
      expect(answer.body).toContain('CORS_ORIGINS');
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('refuses a request that names two hosts', async () => {
    const { hostname, port } = new URL(app.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.end(
          `GET ${ADDRESS} HTTP/1.1\r\nHost: ${hostname}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
        ),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    [
      'tiers',
      'query ($v: [MemoryTier!]) { memorySearch(query: "x", filter: { tiers: $v }) { tookMs } }',
      'RECENT',
    ],
    [
      'roles',
      'mutation ($v: [Role!]) { createApiKey(input: { name: "x", roles: $v }) { __typename ... on Error { message } } }',
      'USER',
    ],
    [
      'permissions',
      'mutation ($v: [Permission!]) { createApiKey(input: { name: "x", permissions: $v }) { __typename ... on Error { message } } }',
      'READ',
    ],
  ])('takes no more %s than there are', async (field, query, value) => {
    const result = await app.graphql(query, { v: Array(60_000).fill(value) });
    expect(JSON.stringify(result)).toMatch(new RegExp(`${field}.*at most \\d`));
    expect(JSON.stringify(result)).not.toContain('Success');
  });
});

describe('with access control on', () => {
  const ADMIN_KEY = 'a'.repeat(40);
  let app: TestApp;
  let userKey: string;
  const send = async (key: string, query: string, variables: object = {}) => {
    const headers = { ...JSON_TYPE, 'x-api-key': key };
    return JSON.parse(
      (await ask(app, 'POST', '/graphql', headers, JSON.stringify({ query, variables }))).body,
    );
  };
  beforeAll(async () => {
    app = await startTestApp({ realAccess: true, env: { API_KEY: ADMIN_KEY, AUTH: 'required' } });
    const made = await send(
      ADMIN_KEY,
      'mutation { createApiKey(input: { name: "x", userId: "x" }) { ... on CreateApiKeySuccess { key } } }',
    );
    userKey = made.data.createApiKey.key;
  });
  afterAll(() => app.close());

  test.each<[string, object, RegExp]>([
    [
      'mutation { recordTurns(input: { conversationId: "c" }) { __typename } }',
      {},
      /RecordTurnsInput\.turns/,
    ],
    [
      'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }',
      { input: { conversationId: 'c' } },
      /"turns".*\[TurnInput!\]!/,
    ],
    ['{ character { id } }', {}, /"name".*"String!"/],
  ])(
    'what is missing is named for who may see the schema, and for nobody else: %s',
    async (query, variables, named) => {
      // Each asks twice: the result of the validation is remembered for whoever comes next.
      for (const round of [1, 2]) {
        const seen = JSON.stringify((await send(ADMIN_KEY, query, variables)).errors).replaceAll('\\"', '"');
        expect([round, seen]).toEqual([round, expect.stringMatching(named)]);
        const hidden = JSON.stringify((await send(userKey, query, variables)).errors).replaceAll('\\"', '"');
        expect([round, hidden]).toEqual([round, expect.stringContaining('"…"')]);
        expect(hidden).not.toMatch(named);
      }
    },
  );

  test('nobody is told what they may have meant', async () => {
    for (const key of [ADMIN_KEY, userKey])
      expect(JSON.stringify(await send(key, '{ mee { userId } }'))).not.toMatch(/did you mean/i);
  });
});
