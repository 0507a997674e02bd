import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from './support/harness.ts';

/** As `fetch`, which would not let a test choose the host. */
async function raw(
  app: TestApp,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
) {
  const { hostname, port } = new URL(app.url);
  const { body, ...rest } = options;
  const sent = request({ hostname, port, path: '/graphql', method: 'POST', ...rest });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, text: await readText(response) };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const ME = '{"query":"{ me { userId } }"}';

describe('a server without access control', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ realAccess: true, env: { CANARY_INTERVAL_MS: '0' } });
  });
  afterAll(() => app.close());

  test.each(['localhost', 'localhost:4000', '127.0.0.1:9', '[::1]:4000'])(
    'serves the host %s',
    async (host) => {
      const { status, text } = await raw(app, { headers: { ...JSON_TYPE, host }, body: ME });
      expect([status, text]).toEqual([200, '{"data":{"me":{"userId":"default"}}}']);
    },
  );

  test('tells refusals by door, so that strangers write no words of theirs into the audit log', async () => {
    for (let at = 0; at < 20; at++)
      await raw(app, { path: `/nina-and-oleg-${at}`, headers: { ...JSON_TYPE, host: 'evil.example' } });
    await raw(app, { path: '/graphql/../nina', headers: { ...JSON_TYPE, host: 'evil.example' } });
    await app.app.services.audit.flush();
    const rows = await app.sql<{ action: string }>(
      "select distinct action from echo_audit_log where result = 'FORBIDDEN' order by action",
    );
    expect(rows.map(({ action }) => action)).toEqual(['/graphql', 'another path']);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5',
    '127.1@evil.example',
    'x y',
  ])('does not serve the host %s, which somebody may have made to mean this machine', async (host) => {
    for (const [method, path] of [
      ['POST', '/graphql'],
      ['GET', '/graphql'],
      ['GET', '/api/echo/health'],
      ['GET', '/livez'],
    ] as const) {
      const { status, text } = await raw(app, {
        method,
        path,
        headers: { ...JSON_TYPE, accept: 'text/html', host },
        ...(method === 'POST' && { body: ME }),
      });
      expect([path, status]).toEqual([path, 403]);
      // Each door in its own words.
      const { errors, error_code } = JSON.parse(text);
      expect(errors?.[0].extensions.code ?? error_code).toBe('FORBIDDEN');
    }
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { host },
    });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(response.statusCode).toBe(403);
  });

  test.each(['x-forwarded-for', 'forwarded'])('serves nobody behind a proxy (%s)', async (header) => {
    const { status, text } = await raw(app, {
      headers: { ...JSON_TYPE, host: 'localhost', [header]: 'for=203.0.113.7' },
      body: ME,
    });
    expect(status).toBe(403);
    expect(text).toContain('AUTH');
  });

  test('opens no socket for a page of another site', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1']) {
      const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
        origin,
      });
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      expect(response.statusCode).toBe(403);
    }
  });

  test('gives every answer headers that tell browsers what not to do', async () => {
    for (const [method, path] of [
      ['POST', '/graphql'],
      ['GET', '/livez'],
      ['GET', '/nothing'],
      ['GET', '/metrics'],
    ] as const) {
      const { headers } = await raw(app, {
        method,
        path,
        headers: JSON_TYPE,
        ...(method === 'POST' && { body: ME }),
      });
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  test('lets GraphiQL run its own scripts only', async () => {
    const page = await raw(app, { method: 'GET', headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/script-src[^;]*'unsafe-/);
    const scripts = [...page.text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
      ([, script = '']) => script,
    );
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts)
      expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(page.text).not.toMatch(/<script[^>]+src=|<link[^>]+href="http/);
  });

  test.each([
    [
      'GET without a header that browsers ask for first',
      'GET',
      '/graphql?query=%7Bme%7BuserId%7D%7D',
      { 'user-agent': 'Mozilla/5.0', accept: 'image/*' },
      '',
      403,
    ],
    [
      'GET of a subscription that does something',
      'GET',
      '/graphql?query=subscription%7BprocessQueryStream(input%3A%7Bquery%3A%22x%22%7D)%7B__typename%7D%7D',
      { accept: 'text/event-stream' },
      '',
      403,
    ],
    [
      'a form',
      'POST',
      '/graphql',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'query=%7Bme%7BuserId%7D%7D',
      415,
    ],
    [
      'a multipart form',
      'POST',
      '/graphql',
      { 'content-type': 'multipart/form-data; boundary=x' },
      '--x--',
      415,
    ],
    ['plain text', 'POST', '/graphql', { 'content-type': 'text/plain' }, ME, 415],
    [
      'a bare document',
      'POST',
      '/graphql',
      { 'content-type': 'application/graphql' },
      '{ me { userId } }',
      415,
    ],
    ['no type', 'POST', '/graphql', {}, ME, 415],
  ])('refuses %s', async (_name, method, path, headers, body, expected) => {
    const before = await app.sql('select count(*) from echo_unified_interactions');
    const { status } = await raw(app, { method, path, headers: headers as Record<string, string>, body });
    expect(status).toBe(expected);
    expect(await app.sql('select count(*) from echo_unified_interactions')).toEqual(before);
  });
});

describe('a server that pages of one other site may use', () => {
  const ORIGIN = 'https://app.example';
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      env: {
        CORS_ORIGINS: `${ORIGIN}, https://two.example`,
        AUTH: 'required',
        API_KEY: 'key-of-the-operator',
      },
    });
  });
  afterAll(() => app.close());

  test('tells its pages what they may send, and nobody else', async () => {
    const ask = (origin: string) =>
      raw(app, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
    const allowed = await ask(ORIGIN);
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, POST, DELETE',
      vary: 'origin',
    });
    expect(allowed.headers).not.toHaveProperty('access-control-allow-credentials');
    for (const origin of [
      'https://evil.example',
      `${ORIGIN}.evil.example`,
      'null',
      'https://app.example:444',
      '*',
    ])
      expect(
        Object.keys((await ask(origin)).headers).filter((name) => name.startsWith('access-control')),
      ).toEqual([]);
  });

  test('lets its pages read answers', async () => {
    const { headers } = await raw(app, { headers: { ...JSON_TYPE, origin: ORIGIN }, body: ME });
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    const other = await raw(app, { headers: { ...JSON_TYPE, origin: 'https://evil.example' }, body: ME });
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
