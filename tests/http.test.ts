import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const ME = JSON.stringify({ query: '{ me { userId } }' });
/** Through the direct way, and through Yoga. */
const ACCEPTS = ['application/json', 'application/json, text/event-stream', 'text/event-stream'];

function post(body: BodyInit, headers: Record<string, string>): Promise<Response> {
  return fetch(`${app.url}/graphql`, { method: 'POST', headers, body });
}

async function storedCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>('select count(*)::int as count from echo_conversations');
  return row?.count ?? -1;
}

describe.each(ACCEPTS)('POST /graphql accepting %s', (accept) => {
  const mutation = 'mutation { processQuery(input: { query: "smuggled" }) { __typename } }';
  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(mutation)}`],
    ['plain text', 'text/plain', JSON.stringify({ query: mutation })],
    ['a bare document', 'application/graphql', mutation],
    ['JSON of another kind', 'application/vnd.api+json', JSON.stringify({ query: mutation })],
    ['XML', 'application/xml', '<query/>'],
    ['a type that only begins alike', 'application/jsonp', JSON.stringify({ query: mutation })],
  ])('refuses %s with 415', async (_name, type, body) => {
    const before = await storedCount();
    const response = await post(body, { 'content-type': type, accept });
    expect(response.status).toBe(415);
    await response.body?.cancel();
    expect(await storedCount()).toBe(before);
  });

  test('refuses a multipart form with 415', async () => {
    const form = new FormData();
    form.set('operations', JSON.stringify({ query: mutation }));
    form.set('map', '{}');
    const before = await storedCount();
    const response = await post(form, { accept });
    expect(response.status).toBe(415);
    await response.body?.cancel();
    expect(await storedCount()).toBe(before);
  });

  test('refuses a body without a type with 415', async () => {
    const before = await storedCount();
    const response = await post(new Blob([JSON.stringify({ query: mutation })]), { accept });
    expect(response.status).toBe(415);
    await response.body?.cancel();
    expect(await storedCount()).toBe(before);
  });

  test.each([
    ['invalid JSON', '{"query": "{ me { userId } }"', 400],
    ['nothing', '', 400],
    ['null', 'null', 400],
    ['a text', '"{ me { userId } }"', 400],
    ['a number that JSON does not know', '{"query": "{ me { userId } }", "variables": {"a": NaN}}', 400],
    ['a batch', `[${ME}, ${ME}]`, 400],
    ['a batch of nothing', '[]', 400],
    ['no query', '{"variables": {}}', 400],
    ['a query that is no text', '{"query": {"a": 1}}', 400],
    ['variables that are no object', '{"query": "{ me { userId } }", "variables": [1]}', 400],
    ['an unknown parameter', '{"query": "{ me { userId } }", "queryId": "x"}', 400],
    ['100,000 nested arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 400],
    ['more than 1 MiB', JSON.stringify({ query: `# ${'x'.repeat(1_048_576)}\n{ me { userId } }` }), 413],
  ])('refuses %s', async (_name, body, status) => {
    const response = await post(body, { 'content-type': 'application/json', accept });
    const text = await response.text();
    expect([response.status, text]).toEqual([status, expect.stringMatching(/"(message|errors)"/)]);
    expect(text).not.toMatch(/node_modules|at \w+ \(/);
  });

  test('refuses a compressed body, another charset and broken UTF-8', async () => {
    const json = { 'content-type': 'application/json', accept };
    expect((await post(gzipSync(ME), { ...json, 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(ME, { accept, 'content-type': 'application/json; charset=utf-16' })).status).toBe(415);
    expect((await post(Buffer.from('{"query":"\xff"}', 'latin1'), json)).status).toBe(400);
  });

  test('takes deep variables and keys of prototypes without harm', async () => {
    const query = 'query ($filter: InteractionFilter) { interactions(filter: $filter) { nodes { id } } }';
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const filter of [deep, '{"__proto__": {"text": "x"}}', '{"constructor": {"prototype": {}}}']) {
      const response = await post(`{"query": ${JSON.stringify(query)}, "variables": {"filter": ${filter}}}`, {
        'content-type': 'application/json',
        accept,
      });
      expect(response.status).toBeLessThan(500);
      await response.text();
    }
    const response = await post(
      `{"query": "{ me { userId } }", "variables": {"__proto__": {"a": 1}}, "extensions": {"__proto__": {"b": 1}}}`,
      { 'content-type': 'application/json', accept },
    );
    expect(await response.text()).toContain('"userId":"default"');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('GET /graphql', () => {
  test('refuses a mutation with 405 and does nothing', async () => {
    const before = await storedCount();
    const mutation = encodeURIComponent(
      'mutation { processQuery(input: { query: "by GET" }) { __typename } }',
    );
    const response = await fetch(`${app.url}/graphql?query=${mutation}`, {
      headers: { accept: 'application/json', 'graphql-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('POST');
    expect(await storedCount()).toBe(before);
  });

  test.each(['variables', 'extensions'])(
    'refuses %s that are no JSON, without quoting them',
    async (parameter) => {
      const response = await fetch(`${app.url}/graphql?query=%7Bme%7BuserId%7D%7D&${parameter}=not%20json`, {
        headers: { accept: 'application/json', 'graphql-require-preflight': '1' },
      });
      expect(response.status).toBe(400);
      expect(await response.text()).not.toMatch(/not json|Unexpected token/);
    },
  );

  test.each(['PUT', 'PATCH', 'DELETE'])('is not %s', async (method) => {
    const response = await fetch(`${app.url}/graphql`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: ME,
    });
    expect(response.status).toBe(405);
  });

  test('gives a browser GraphiQL, unless it is turned off', async () => {
    const headers = { accept: 'text/html' };
    const page = await fetch(`${app.url}/graphql`, { headers });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>Echo Brain</title>');
    // Its own address, once something was typed: whoever loads that again wants the page, and nothing is run by it.
    const again = await fetch(`${app.url}/graphql?query=subscription%7Balerts%7Bcursor%7D%7D`, { headers });
    expect(await again.text()).toContain('<title>Echo Brain</title>');
    const without = await startTestApp({ env: { GRAPHIQL: 'off' } });
    const response = await fetch(`${without.url}/graphql`, { headers });
    expect(await response.text()).not.toContain('<title>');
    await without.close();
  });
});

describe('every address', () => {
  test.each([
    ['/graphql', 'POST'],
    ['/graphql', 'OPTIONS'],
    ['/graphql?query=%7Bme%7BuserId%7D%7D', 'GET'],
    ['/api/echo/health', 'GET'],
    ['/api/echo/query', 'OPTIONS'],
    ['/livez', 'GET'],
    ['/nothing', 'GET'],
  ])('%s %s sends no CORS headers', async (path, method) => {
    const response = await fetch(app.url + path, {
      method,
      headers: {
        origin: 'https://evil.example',
        cookie: 'a=b',
        accept: 'application/json',
        'access-control-request-method': 'POST',
        'content-type': 'application/json',
      },
      ...(method === 'POST' && { body: ME }),
    });
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    await response.text();
  });

  test('that is bare leads a browser to the page, and tells a program what is where', async () => {
    const page = await fetch(app.url, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([page.status, page.headers.get('location')]).toEqual([302, '/dashboard']);
    const program = await fetch(`${app.url}/`);
    expect(program.status).toBe(200);
    for (const path of Object.values((await program.json()) as Record<string, string>).slice(1))
      expect([path, (await fetch(app.url + path)).status]).not.toEqual([path, 500]);
    expect((await fetch(`${app.url}/?x=1`)).status).toBe(200);
  });

  test('that is unknown is 404', async () => {
    for (const path of [
      '//',
      '/x',
      '/graphqlx',
      '/graphql/x',
      '/api',
      '/favicon.ico',
      '/..%2f..%2fetc/passwd',
    ])
      expect([path, (await fetch(app.url + path)).status]).toEqual([path, 404]);
  });

  test('/livez, /readyz and /metrics answer', async () => {
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    expect((await fetch(`${app.url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/^echo_turns_stored_total \d+$/m);
    expect(metrics).toMatch(/^echo_http_requests_total\{door="graphql",status="200"\} \d+$/m);
    // How the promises stand is told here as well as in health.
    expect(metrics).toMatch(/^echo_database_up 1$/m);
    expect(metrics).toMatch(/^echo_promise_kept\{promise="database"\} 1$/m);
    expect(metrics).toMatch(/^echo_journal_max_bytes [1-9]\d*$/m);
    expect(metrics).toMatch(/^echo_vectors_coverage_ratio (?:0|1|0\.\d+)$/m);
    for (const name of [
      'journal_depth',
      'journal_oldest_age_seconds',
      'turns_refused',
      'vectors_lag_seconds',
    ])
      expect(metrics).toMatch(new RegExp(`^echo_${name} [\\d.e-]+$`, 'm'));
  });

  test('answers what came behind requests that were refused, on the same connection', async () => {
    const { hostname, port, host } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`;
    const body = text(socket);
    socket.write(
      get('/nothing') + get('/livez') + get('/favicon.ico') + get('/livez', 'connection: close\r\n'),
    );
    expect((await body).match(/HTTP\/1\.1 \d+|connection: \S+/gi)).toEqual(
      [404, 200, 404, 200].flatMap((status, place) => [
        `HTTP/1.1 ${status}`,
        `Connection: ${place === 3 ? 'close' : 'keep-alive'}`,
      ]),
    );
  });

  test('survives a request that is no HTTP, and one that ends early', async () => {
    const { hostname, port } = new URL(app.url);
    for (const text of [
      'garbage\r\n\r\n',
      'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"query"',
      'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ]) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.end(text);
      socket.resume();
      await once(socket, 'close');
    }
    expect((await app.graphql('{ me { userId } }')).data).toEqual({ me: { userId: 'default' } });
  });
});
