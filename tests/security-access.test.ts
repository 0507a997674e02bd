import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { expiredKey } from './support/expired-key.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';

const ADMIN_KEY = 'key-of-the-operator';
const ME = '{ me { userId tenantId roles permissions } }';
const CREATE = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    ... on CreateApiKeySuccess { key apiKey { keyId lastFour roles permissions } } ... on Error { message code }
  }
}`;
const RECORD = `mutation ($id: String!) {
  recordTurns(input: { conversationId: $id, turns: [{ query: "Something" }] }) { __typename ... on Error { code message } }
}`;

let app: TestApp;
afterAll(() => app?.close());

async function send(headers: Record<string, string>, query = ME, variables: object = {}) {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const answerOf = ({ text }: { text: string }) => JSON.parse(text) as Result;
const admin = { 'x-api-key': ADMIN_KEY };

async function makeKey(input: object): Promise<{ key: string; keyId: string }> {
  const { data } = answerOf(await send(admin, CREATE, { input: { name: 'test', ...input } }));
  return { key: data.createApiKey.key, keyId: data.createApiKey.apiKey.keyId };
}

/** Statements that the server sent on behalf of callers, while `work` ran. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  app.statements.length = 0;
  await work();
  return app.statements.filter(
    (name) =>
      !/vector|index|removals|reconcil|ping|event|feed|oldest|canary|api_key|audit_refusals/.test(name),
  );
}

describe('API keys', () => {
  beforeAll(async () => {
    app = await startTestApp({ realAccess: true, env: { API_KEY: ADMIN_KEY, CANARY_INTERVAL_MS: '0' } });
  });

  test('without credentials: 401 at every door, no resolver, no SQL', async () => {
    const knock = async () => {
      const { status, text, headers } = await send({});
      expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      for (const path of ['/api/echo/stats', '/api/echo/conversations', '/api/echo/health']) {
        const response = await fetch(app.url + path);
        expect([path, response.status]).toEqual([path, 401]);
        expect(await response.json()).toMatchObject({ error_code: 'UNAUTHENTICATED' });
      }
      expect((await fetch(`${app.url}/metrics`)).status).toBe(401);
      const stream = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: 'subscription { interactionAdded { cursor } }' }),
      });
      expect(stream.status).toBe(401);
    };
    // What goes round by itself sends some, at its own times; these requests would send theirs each time.
    await expect.poll(() => statementsOf(knock)).toEqual([]);
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${app.url}/readyz`)).text()).toBe('ok\n');
  });

  test('the operator’s key is an admin; as x-api-key, as a bearer token, and over REST', async () => {
    for (const headers of [admin, bearer(ADMIN_KEY)])
      expect(answerOf(await send(headers)).data.me).toMatchObject({ userId: 'default', roles: ['ADMIN'] });
    expect((await fetch(`${app.url}/api/echo/stats`, { headers: admin })).status).toBe(200);
    expect((await fetch(`${app.url}/metrics`, { headers: admin })).status).toBe(200);
  });

  test('a key is shown once, is kept as a hash, and says who its holder is', async () => {
    const { key, keyId } = await makeKey({ userId: 'ada', roles: ['USER'] });
    expect(key).toMatch(new RegExp(`^echo_${keyId}_[A-Za-z0-9_-]{43}$`));
    for (const headers of [{ 'x-api-key': key }, bearer(key)])
      expect(answerOf(await send(headers)).data.me).toEqual({
        userId: 'ada',
        tenantId: 'default',
        roles: ['USER'],
        permissions: ['READ', 'WRITE'],
      });
    const rows = await app.sql('select k::text as row, encode(hash, $1) as hash from echo_api_keys k', [
      'hex',
    ]);
    const secret = key.split('_').slice(2).join('_');
    for (const { row } of rows) expect(row).not.toContain(secret.slice(0, 12));
    const { data } = answerOf(await send(admin, '{ apiKeys { keyId lastFour name userId lastUsedAt } }'));
    expect(data.apiKeys).toContainEqual(
      expect.objectContaining({ keyId, lastFour: key.slice(-4), userId: 'ada', name: 'test' }),
    );
    await expect
      .poll(
        async () => (await app.sql('select last_used_at from echo_api_keys where key_id = $1', [keyId]))[0],
      )
      .not.toEqual({ last_used_at: null });
  });

  test('wrong, revoked, expired and endless keys get the same answer', async () => {
    const revoked = await makeKey({ userId: 'eve' });
    const expired = await expiredKey((expiresAt) => makeKey({ userId: 'eve', expiresAt }));
    expect((await send({ 'x-api-key': revoked.key })).status).toBe(200);
    await send(admin, `mutation { revokeApiKey(keyId: "${revoked.keyId}") { __typename } }`);
    const answers = new Set<string>();
    for (const key of [
      revoked.key,
      expired.key,
      `${expired.key.slice(0, -1)}A`,
      `echo_000000000000_${'A'.repeat(43)}`,
      `echo_${'0'.repeat(12)}_${'A'.repeat(9_000)}`,
      "echo_' or 1=1 --",
      'nonsense',
      ' ',
    ]) {
      const { status, text } = await send({ 'x-api-key': key });
      expect([key.slice(0, 40), status]).toEqual([key.slice(0, 40), 401]);
      answers.add(text);
    }
    expect(answers.size).toBe(1);
    const huge = await send({ 'x-api-key': 'x'.repeat(30_000) });
    expect(huge.status).toBe(431);
  });

  test('a key without the permission: FORBIDDEN, and nothing is written', async () => {
    const { key } = await makeKey({ userId: 'rita', permissions: ['READ'] });
    const headers = { 'x-api-key': key };
    const record = async () => {
      const { errors } = answerOf(await send(headers, RECORD, { id: 'hers' }));
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    };
    // As above: what is refused would send its own each time.
    await expect.poll(() => statementsOf(record)).toEqual([]);
    expect(await app.sql("select 1 from echo_unified_interactions where user_id = 'rita'")).toEqual([]);
    for (const query of [
      '{ apiKeys { keyId } }',
      'mutation { cleanupConversations(olderThanDays: 1) { __typename } }',
      'mutation { createApiKey(input: { name: "mine", roles: [ADMIN] }) { __typename } }',
      'mutation { revokeToken(tokenId: "x", expiresAt: "2999-01-01T00:00:00Z") { __typename } }',
    ])
      expect(answerOf(await send(headers, query)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const asked = await fetch(`${app.url}/api/echo/query`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"query": "Something"}',
    });
    expect([asked.status, await asked.json()]).toEqual([
      403,
      expect.objectContaining({ error_code: 'FORBIDDEN' }),
    ]);
  });

  test('a user’s key with every permission is still no admin', async () => {
    const { key } = await makeKey({
      userId: 'ulf',
      permissions: ['READ', 'WRITE', 'METRICS', 'INTROSPECT', 'ADMIN'],
    });
    const headers = { 'x-api-key': key };
    expect(answerOf(await send(headers)).data.me.permissions).toEqual(['READ', 'WRITE', 'INTROSPECT']);
    expect(answerOf(await send(headers, '{ apiKeys { keyId } }')).errors?.[0]?.extensions.code).toBe(
      'FORBIDDEN',
    );
    expect((await fetch(`${app.url}/metrics`, { headers })).status).toBe(403);
  });

  test.each([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'x', roles: [] }, 'roles'],
    [{ name: 'x', expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt'],
    [{ name: 'x', userId: 'a\u0000b' }, 'userId'],
  ])('a new key of %j is refused by its field', async (input, field) => {
    const { data } = answerOf(await send(admin, CREATE, { input }));
    expect(data.createApiKey.message).toContain(field);
  });

  test('the operator’s command makes, lists and revokes keys', async () => {
    const lines: string[] = [];
    const run = (...args: string[]) =>
      operate(app.directory, 'keys', args).then((ran) => {
        lines.push(...ran.lines);
        return ran.code;
      });
    expect(
      await run('create', '--name', 'service', '--user', 'bot', '--role', 'SERVICE', '--days', '2'),
    ).toBe(0);
    const key = /echo_[0-9a-f]{12}_[\w-]{43}/.exec(lines.at(-1) ?? '')?.[0] ?? '';
    expect(answerOf(await send({ 'x-api-key': key })).data.me).toMatchObject({
      userId: 'bot',
      roles: ['SERVICE'],
    });
    expect(await run('revoke', key.split('_')[1] ?? '')).toBe(0);
    expect((await send({ 'x-api-key': key })).status).toBe(401);
    lines.length = 0;
    expect(await run('list')).toBe(0);
    expect(lines.join('\n')).toMatch(/bot .*SERVICE.*revoked/);
    expect(lines.join('\n')).not.toContain(key);
    expect(await run('revoke', 'nothing')).toBe(1);
    expect(await run('create', '--role', 'KING', '--name', 'x')).toBe(2);
    expect(lines.at(-1)).toMatch(/^--role: /);
    expect(await run('create', '--no-such-option')).toBe(2);
    expect(await run()).toBe(2);
  });
});

describe('tokens', () => {
  const ISSUER = 'https://id.example';
  const pinned = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'echo-brain' };
  const SECRET = 'a secret that is long enough for HS256';
  const secret = new TextEncoder().encode(SECRET);
  const claims = (more: object = {}) =>
    new SignJWT({ roles: ['USER'], ...more })
      .setIssuer(ISSUER)
      .setAudience('echo-brain')
      .setSubject('ada')
      .setIssuedAt()
      .setExpirationTime('5m');
  const signed = (more: object = {}) => claims(more).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  describe('with a shared secret', () => {
    beforeAll(async () => {
      await app?.close();
      app = await startTestApp({
        realAccess: true,
        env: { ...pinned, JWT_SECRET: SECRET, API_KEY: ADMIN_KEY },
      });
    });

    test('say who calls, and what they may do', async () => {
      expect(answerOf(await send(bearer(await signed()))).data.me).toEqual({
        userId: 'ada',
        tenantId: 'default',
        roles: ['USER'],
        permissions: ['READ', 'WRITE'],
      });
      const narrow = await signed({ scope: 'openid read', tenant_id: 'acme' });
      expect(answerOf(await send(bearer(narrow))).data.me).toMatchObject({
        tenantId: 'acme',
        permissions: ['READ'],
      });
    });

    const now = Math.floor(Date.now() / 1_000);
    const payload = { iss: ISSUER, aud: 'echo-brain', sub: 'ada', exp: now + 300 };
    const without = (claim: keyof typeof payload) =>
      Object.fromEntries(Object.entries(payload).filter(([name]) => name !== claim));
    test.each<[string, () => Promise<string> | string]>([
      ['alg none', () => `${part({ alg: 'none' })}.${part(payload)}.`],
      ['alg None', () => `${part({ alg: 'None' })}.${part(payload)}.`],
      ['another secret', () => claims().setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32, 7))],
      ['another algorithm', () => claims().setProtectedHeader({ alg: 'HS512' }).sign(Buffer.alloc(64, 7))],
      [
        'another issuer',
        () =>
          new SignJWT({ ...payload, iss: 'https://evil.example' })
            .setProtectedHeader({ alg: 'HS256' })
            .sign(secret),
      ],
      [
        'another audience',
        () => new SignJWT({ ...payload, aud: 'another' }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      ],
      [
        'expired',
        () => new SignJWT({ ...payload, exp: now - 60 }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      ],
      [
        'not yet valid',
        () => new SignJWT({ ...payload, nbf: now + 300 }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      ],
      ['without an end', () => new SignJWT(without('exp')).setProtectedHeader({ alg: 'HS256' }).sign(secret)],
      ['without a user', () => new SignJWT(without('sub')).setProtectedHeader({ alg: 'HS256' }).sign(secret)],
      [
        'a user that cannot be stored',
        () => new SignJWT({ ...payload, sub: 'a\u0000b' }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      ],
      [
        'a user of 101 characters',
        () =>
          new SignJWT({ ...payload, sub: 'x'.repeat(101) }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
      ],
      [
        'altered',
        async () => (await signed()).replace(/\.[^.]+\./, `.${part({ ...payload, roles: ['ADMIN'] })}.`),
      ],
      ['far too long', async () => signed({ pad: 'x'.repeat(9_000) })],
      ['no token', () => 'a.b.c'],
    ])('%s: 401', async (_name, make) => {
      const { status, text } = await send(bearer(await make()));
      expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    });

    test('that are revoked are refused', async () => {
      const token = await signed({ jti: 'token-1' });
      expect((await send(bearer(token))).status).toBe(200);
      await send(
        admin,
        'mutation { revokeToken(tokenId: "token-1", expiresAt: "2999-01-01T00:00:00Z") { __typename } }',
      );
      expect((await send(bearer(token))).status).toBe(401);
    });

    test('are revoked within their tenant, and for as long as somebody said', async () => {
      const revoke = (token: string, expiresAt: Date) =>
        send(
          bearer(token),
          'mutation ($at: DateTime!) { revokeToken(tokenId: "shared", expiresAt: $at) { __typename } }',
          { at: expiresAt.toISOString() },
        );
      const adminOf = (tenant: string) => signed({ tenant_id: tenant, roles: ['ADMIN'] });
      const one = await signed({ jti: 'shared', tenant_id: 'one' });
      const two = await signed({ jti: 'shared', tenant_id: 'two' });
      await revoke(await adminOf('one'), new Date(Date.now() + 60_000));
      expect([(await send(bearer(one))).status, (await send(bearer(two))).status]).toEqual([401, 200]);
      await revoke(await adminOf('two'), new Date(Date.now() + 3_600_000));
      await revoke(await adminOf('two'), new Date(Date.now() + 60_000));
      expect((await send(bearer(two))).status).toBe(401);
      const [row] = await app.sql(
        "select expires_at > now() + interval '30 minutes' as long from echo_revoked_tokens where tenant_id = 'two'",
      );
      expect(row).toEqual({ long: true });
    });

    test('are taken from an address that showed many unknown keys', async () => {
      for (let number = 0; number < 65; number++) await send({ 'x-api-key': `echo_${number}` });
      expect((await send(bearer(await signed()))).status).toBe(200);
    });

    test('that expire, and keys that are revoked, end subscriptions', async () => {
      const soon = await claims().setExpirationTime('2s').setProtectedHeader({ alg: 'HS256' }).sign(secret);
      const stream = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...bearer(soon) },
        body: JSON.stringify({ query: 'subscription { interactionAdded { cursor } }' }),
      });
      expect(stream.status).toBe(200);
      const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init', payload: { Authorization: `Bearer ${soon}` } }));
      expect(String((await once(socket, 'message'))[0])).toContain('connection_ack');
      await expect(stream.text()).rejects.toThrow();
      const [code] = await once(socket, 'close');
      expect(code).toBe(4403);
    });
  });

  describe('with published keys', () => {
    const asked: string[] = [];
    let server: ReturnType<typeof createServer>;
    let keys: Awaited<ReturnType<typeof generateKeyPair>>;
    beforeAll(async () => {
      await app?.close();
      keys = await generateKeyPair('ES256', { extractable: true });
      const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
      server = createServer((request, response) => {
        asked.push(request.url ?? '');
        response.end(JSON.stringify({ keys: [jwk] }));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      app = await startTestApp({
        realAccess: true,
        env: { ...pinned, JWT_JWKS_URL: `http://127.0.0.1:${port}/keys` },
      });
    });
    afterAll(() => void server.close());

    test('are checked with them', async () => {
      const token = await claims().setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(keys.privateKey);
      expect(answerOf(await send(bearer(token))).data.me.userId).toBe('ada');
    });

    test('that try to choose the key are refused, and nobody is asked for it', async () => {
      const before = asked.length;
      const publicBytes = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
      const foreign = await generateKeyPair('ES256', { extractable: true });
      const { port } = server.address() as AddressInfo;
      const jku = `http://127.0.0.1:${port}/evil`;
      for (const token of [
        await claims().setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(publicBytes),
        await claims().setProtectedHeader({ alg: 'ES256', kid: 'two' }).sign(foreign.privateKey),
        await claims().setProtectedHeader({ alg: 'ES256', kid: '../../etc/passwd' }).sign(foreign.privateKey),
        await claims().setProtectedHeader({ alg: 'ES256', kid: 'one', jku }).sign(foreign.privateKey),
        await claims()
          .setProtectedHeader({ alg: 'ES256', jwk: await exportJWK(foreign.publicKey) })
          .sign(foreign.privateKey),
      ])
        expect((await send(bearer(token))).status).toBe(401);
      expect(asked.length).toBe(before);
    });
  });
});

describe('WebSockets', () => {
  const open = (payload?: object, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers,
    });
    const messages: { type: string; id?: string; payload?: never }[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    const closed = new Promise<number>((resolve) => {
      socket.once('close', resolve);
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => undefined);
    });
    return { socket, messages, closed };
  };
  beforeAll(async () => {
    await app?.close();
    app = await startTestApp({
      realAccess: true,
      env: { API_KEY: ADMIN_KEY, CORS_ORIGINS: 'https://app.example' },
    });
  });

  test('without credentials, or with wrong ones: closed with 4403', async () => {
    for (const payload of [
      undefined,
      {},
      { apiKey: 'wrong' },
      { authorization: 'Bearer wrong' },
      { apiKey: 7 },
    ])
      expect(await open(payload).closed).toBe(4403);
  });

  test.each([
    ['in the payload', { apiKey: ADMIN_KEY }, {}],
    ['in the payload, by the header’s name', { 'X-API-Key': ADMIN_KEY }, {}],
    ['in the payload, as a bearer', { Authorization: `Bearer ${ADMIN_KEY}` }, {}],
    ['in the upgrade', undefined, { 'x-api-key': ADMIN_KEY }],
  ])('a key %s opens them', async (_name, payload, headers) => {
    const { socket, messages } = open(payload, headers);
    await expect.poll(() => messages[0]?.type).toBe('connection_ack');
    socket.close();
  });

  test('from a page of another site: 403 before the upgrade', async () => {
    expect(await open({ apiKey: ADMIN_KEY }, { origin: 'https://evil.example' }).closed).toBe(403);
    expect(await open({ apiKey: ADMIN_KEY }, { origin: 'null' }).closed).toBe(403);
    for (const origin of ['https://app.example', app.url]) {
      const { socket, messages } = open({ apiKey: ADMIN_KEY }, { origin });
      await expect.poll(() => messages[0]?.type).toBe('connection_ack');
      socket.close();
    }
  });

  test('more than 100 of one user: closed with 4429; more than 200 from one address: 429 at the upgrade', async () => {
    const sockets = Array.from({ length: 101 }, () => open({ apiKey: ADMIN_KEY }));
    expect(await Promise.race(sockets.map(({ closed }) => closed))).toBe(4429);
    const acknowledged = () =>
      sockets.filter(({ messages }) => messages[0]?.type === 'connection_ack').length;
    await expect.poll(acknowledged).toBe(100);
    // These say nothing, so they count for their address only.
    const silent = Array.from({ length: 101 }, () => {
      const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.on('error', () => undefined);
      return new Promise<number>((resolve) => {
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.once('close', resolve);
      });
    });
    const answers = await Promise.all(silent);
    expect(answers).toContain(429);
    // No init within 5 seconds.
    expect(answers).toContain(4408);
    for (const { socket } of sockets) socket.close();
    await Promise.all(sockets.map(({ closed }) => closed));
    const { socket, messages } = open({ apiKey: ADMIN_KEY });
    await expect.poll(() => messages[0]?.type).toBe('connection_ack');
    socket.close();
  });

  test('with a key that may only write: no subscription', async () => {
    const { key } = await makeKey({ userId: 'wendy', permissions: ['WRITE'] });
    const { socket, messages } = open({ apiKey: key });
    await expect.poll(() => messages[0]?.type).toBe('connection_ack');
    socket.send(
      JSON.stringify({
        type: 'subscribe',
        id: '1',
        payload: { query: 'subscription { interactionAdded { cursor } }' },
      }),
    );
    await expect
      .poll(() => messages.find(({ id }) => id === '1'))
      .toMatchObject({ payload: expect.anything() });
    expect(JSON.stringify(messages)).toContain('FORBIDDEN');
    socket.close();
  });

  test('101 subscriptions on one: the last is refused, the others go on', async () => {
    const { socket, messages } = open({ apiKey: ADMIN_KEY });
    await expect.poll(() => messages[0]?.type).toBe('connection_ack');
    const query = 'subscription { interactionAdded { cursor } }';
    for (let id = 1; id <= 101; id++)
      socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query } }));
    await expect
      .poll(() => messages.find(({ type }) => type === 'error'))
      .toMatchObject({
        id: '101',
        payload: [{ extensions: { code: 'SUBSCRIPTION_LIMIT' } }],
      });
    // One that begins later hears of later turns only, and nothing says when it has begun.
    const told = async () => {
      await send(admin, RECORD, { id: 'told' });
      return new Set(messages.filter(({ type }) => type === 'next').map(({ id }) => id)).size;
    };
    await expect.poll(told, { interval: 500 }).toBe(100);
    socket.close();
  });
});
