import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { sealAudit } from './support/audit.ts';
import { startChildServer } from './support/child-server.ts';
import { expiredKey } from './support/expired-key.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { startOpenAiServer } from './support/openai-server.ts';

const ADMIN_KEY = 'key-of-the-operator';
const JWT_SECRET = 'a secret that is long enough for HS256';
const ISSUER = 'https://id.example';
const PINNED = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: 'echo-brain' };
const ME = '{ me { userId } }';
const ASK = 'mutation { processQuery(input: { query: "Something" }) { __typename } }';
const RECORD = `mutation ($id: String!) {
  recordTurns(input: { conversationId: $id, turns: [{ query: "Something" }] }) { __typename } }`;
const now = Math.floor(Date.now() / 1_000);
const CLAIMS = { iss: ISSUER, aud: 'echo-brain', sub: 'ada', roles: ['USER'], exp: now + 300 };

type Headers = Record<string, string>;
const withKey = (key: string): Headers => ({ 'x-api-key': key });
const withToken = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const admin = withKey(ADMIN_KEY);
const tokenOf = (claims: object) =>
  new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(JWT_SECRET));
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** With any bytes as the secret, which libraries would not let through. */
const hmac = (secret: string | Buffer, header: object = {}) => {
  const head = `${part({ alg: 'HS256', kid: 'one', ...header })}.${part(CLAIMS)}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
};
const start = (env: Record<string, string>, onSql?: (name: string, text: string) => void) =>
  startTestApp({ realAccess: true, env: { CANARY_INTERVAL_MS: '0', ...env }, ...(onSql && { onSql }) });

const post = (app: { url: string }, path: string, headers: Headers, body: object | string) =>
  fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const streamed = (app: TestApp, headers: Headers, query: string) =>
  post(app, '/graphql', { accept: 'text/event-stream', ...headers }, { query });

async function send(app: TestApp, headers: Headers, query: string, variables: object = {}) {
  const response = await post(app, '/graphql', headers, { query, variables });
  const text = await response.text();
  const result = JSON.parse(text) as Result;
  return { status: response.status, text, ...result, code: result.errors?.[0]?.extensions.code };
}

async function makeKey(app: TestApp, userId: string, more: object = {}) {
  const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    ... on CreateApiKeySuccess { key apiKey { keyId } } } }`;
  const { data } = await send(app, admin, create, { input: { name: 'test', userId, ...more } });
  return { key: data.createApiKey.key as string, keyId: data.createApiKey.apiKey.keyId as string };
}

/** A WebSocket that shows something in its `connection_init`. @returns once it is acknowledged or closed */
async function connect(app: { url: string }, payload: object, headers: Headers = {}) {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers,
  });
  const received: string[] = [];
  socket.on('message', (data) => received.push(String(data)));
  const closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`);
  await once(socket, 'open');
  const say = (message: object) => socket.send(JSON.stringify(message));
  say({ type: 'connection_init', payload });
  const end = await Promise.race([closed, once(socket, 'message').then(() => 'acknowledged')]);
  const subscribe = (query: string) => say({ type: 'subscribe', id: '1', payload: { query } });
  return { socket, received, closed, end, say, subscribe };
}

/** What each door says to somebody who shows this. */
async function atDoors(app: TestApp, headers: Headers) {
  const { status, text } = await send(app, headers, ME);
  const rest = await fetch(`${app.url}/api/echo/stats`, { headers });
  const { timestamp: _, ...said } = (await rest.json()) as Record<string, unknown>;
  const { socket, end } = await connect(app, headers);
  socket.close();
  return { graphql: [status, text], rest: [rest.status, said], socket: end };
}
const REFUSED = {
  graphql: [401, expect.stringContaining('UNAUTHENTICATED')],
  rest: [401, expect.objectContaining({ error_code: 'UNAUTHENTICATED' })],
  socket: '4403 Forbidden',
};

describe('tokens that are checked with published keys', () => {
  let app: TestApp;
  let own: GenerateKeyPairResult;
  let foreign: GenerateKeyPairResult;
  let origin: string;
  const fetched: string[] = [];
  /** Publishes the right keys at one address, and those of an attacker at all others. */
  const server = createServer((request, response) => {
    fetched.push(request.url ?? '');
    const { publicKey } = request.url === '/keys' ? own : foreign;
    void exportJWK(publicKey).then((jwk) => response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'one' }] })));
  });
  beforeAll(async () => {
    own = await generateKeyPair('RS256', { extractable: true });
    foreign = await generateKeyPair('RS256', { extractable: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    app = await start({ ...PINNED, JWT_JWKS_URL: `${origin}/keys` });
  });
  afterAll(async () => {
    await app.close();
    server.close();
  });

  const sign = (pair: GenerateKeyPairResult, claims: object, header: object = {}) =>
    new SignJWT({ ...CLAIMS, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
      .sign(pair.privateKey);
  const pem = () => exportSPKI(own.publicKey);
  const der = async (key: CryptoKey) => Buffer.from(await crypto.subtle.exportKey('spki', key));
  const x5c = async () => [(await der(foreign.publicKey)).toString('base64')];

  test('are taken if they are right', async () => {
    expect(await atDoors(app, withToken(await sign(own, {})))).toEqual({
      graphql: [200, expect.stringContaining('"ada"')],
      rest: [200, expect.anything()],
      socket: 'acknowledged',
    });
  });

  test.each<[string, () => string | Promise<string>]>([
    ['HS256 and the public key as PEM', async () => hmac(await pem())],
    ['HS256 and that PEM with a line break', async () => hmac(`${(await pem()).trim()}\n`)],
    ['HS256 and the public key as DER', async () => hmac(await der(own.publicKey))],
    ['HS256 and an empty file as the key', () => hmac('', { kid: '../../../dev/null' })],
    ['HS256 and an empty secret', () => hmac('')],
    ['no algorithm', () => `${part({ alg: 'none', kid: 'one' })}.${part(CLAIMS)}.`],
    ['a foreign key', () => sign(foreign, {})],
    ['a foreign key at jku', () => sign(foreign, {}, { jku: `${origin}/evil` })],
    ['a foreign key at x5u', () => sign(foreign, {}, { x5u: `${origin}/evil.pem` })],
    ['a foreign key in x5c', async () => sign(foreign, {}, { x5c: await x5c() })],
    ['a foreign key in jwk', async () => sign(foreign, {}, { jwk: await exportJWK(foreign.publicKey) })],
    ['a foreign key at a URL as kid', () => sign(foreign, {}, { kid: `${origin}/evil` })],
    ['a kid that nobody published', () => sign(own, {}, { kid: 'two' })],
    ['another issuer', () => sign(own, { iss: 'https://evil.example' })],
    ['another audience', () => sign(own, { aud: 'another' })],
    ['an end that is past', () => sign(own, { exp: now - 60 })],
    ['a beginning that is to come', () => sign(own, { nbf: now + 300 })],
  ])('with %s are refused at every door, and nobody is asked for keys', async (_name, make) => {
    fetched.length = 0;
    expect(await atDoors(app, withToken(await make()))).toEqual(REFUSED);
    expect(fetched).toEqual([]);
  });
});

describe('keys', () => {
  let app: TestApp;
  const texts = new Map<string, string>();
  beforeAll(async () => {
    const env = { ...PINNED, JWT_SECRET, API_KEY: ADMIN_KEY };
    app = await start(env, (name, text) => texts.set(name, text));
  });
  afterAll(() => app.close());
  const revokeKey = (keyId: string) =>
    send(app, admin, `mutation { revokeApiKey(keyId: "${keyId}") { __typename } }`);
  const REVOKE = `mutation ($jti: String!) {
    revokeToken(tokenId: $jti, expiresAt: "2999-01-01T00:00:00Z") { __typename } }`;
  const revokeToken = (jti: string) => send(app, admin, REVOKE, { jti });

  test('and tokens that are revoked end what they opened, and it is told nothing more', async () => {
    const { key, keyId } = await makeKey(app, 'ada');
    const seer = await makeKey(app, 'ada', { roles: ['ANALYST'] });
    const query = 'subscription { interactionAdded { interaction { conversationId } } }';
    const open = async (headers: Headers) => {
      const overSocket = await connect(app, headers);
      overSocket.subscribe(query);
      const { body } = await streamed(app, headers, query);
      const told: string[] = [];
      const read = async () => {
        for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) told.push(text);
      };
      const cut = read().then(
        () => 'ended',
        () => 'cut',
      );
      return {
        ends: Promise.all([overSocket.closed, cut]),
        told: () => [overSocket.received.join(), told.join()],
      };
    };
    const figures = await fetch(`${app.url}/api/echo/metrics/stream`, { headers: withKey(seer.key) });
    expect(figures.status).toBe(200);
    const ofFigures = figures.text().then(
      () => 'ended',
      () => 'cut',
    );
    const opened = [await open(withKey(key)), await open(withToken(await tokenOf({ jti: 'revoked' })))];
    const toldOf = (id: string) => opened.flatMap(({ told }) => told()).map((text) => text.includes(id));
    const own = await makeKey(app, 'ada');
    const record = (id: string) => send(app, withKey(own.key), RECORD, { id });
    const recorded = async () => {
      await record('before');
      return toldOf('before');
    };
    await expect.poll(recorded).toEqual([true, true, true, true]);

    await Promise.all([revokeKey(keyId), revokeKey(seer.keyId), revokeToken('revoked')]);
    // They would stay open for ever.
    for (const { ends } of opened) expect(await ends).toEqual(['4403 Forbidden', 'cut']);
    expect(await ofFigures).toBe('cut');
    await record('afterwards');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(toldOf('afterwards')).toEqual([false, false, false, false]);
  });

  test('that are expired, revoked, unknown or wrong are told the same at every door, and so are tokens', async () => {
    const revoked = await makeKey(app, 'eve');
    const expired = await expiredKey((expiresAt) => makeKey(app, 'eve', { expiresAt }));
    const token = await tokenOf({ jti: 'gone' });
    await Promise.all([revokeKey(revoked.keyId), revokeToken('gone')]);
    const answers = [];
    for (const headers of [
      withKey(revoked.key),
      withKey(expired.key),
      withKey(`echo_${expired.keyId}_${'A'.repeat(43)}`),
      withKey(`echo_000000000000_${'A'.repeat(43)}`),
      withKey('nonsense'),
      withToken(revoked.key),
      withToken(token),
      withToken(`${token.slice(0, -4)}AAAA`),
    ])
      answers.push(await atDoors(app, headers));
    expect(answers[0]).toEqual(REFUSED);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await atDoors(app, withToken(hmac(JWT_SECRET)))).socket).toBe('acknowledged');
  });

  describe('that are looked up among 10,000', () => {
    const wrong = (keyId: string) => withKey(`echo_${keyId}_${'A'.repeat(43)}`);
    const sentFor = async (headers: Headers) => {
      app.statements.length = 0;
      expect((await send(app, headers, ME)).status).toBe(401);
      return app.statements.filter((name) => name.includes('api_key'));
    };
    beforeAll(() =>
      // Beside the server, so that it has seen none of them.
      app.sql(
        `insert into echo_api_keys (key_id, user_id, name, hash, last_four, roles, permissions, created_by)
         select lpad(to_hex(n), 12, '0'), 'u' || n, 'x', sha256(n::text::bytea), 'xxxx', '{USER}', '{READ}', 'x'
         from generate_series(1, 10000) n`,
      ),
    );

    test('cost the same statements, whether there is such a key or not', async () => {
      const known = await sentFor(wrong('000000000001'));
      expect(known).toEqual(['api_key_by_key_id']);
      expect(await sentFor(wrong('fffffffffff1'))).toEqual(known);
    });

    test('cost the same statements when they are asked for again', async () => {
      for (const keyId of ['000000000002', 'fffffffffff2']) await sentFor(wrong(keyId));
      expect(await sentFor(wrong('000000000002'))).toEqual(await sentFor(wrong('fffffffffff2')));
    });

    test('are found by an index', async () => {
      await app.sql('analyze echo_api_keys');
      const plan = JSON.stringify(
        await app.sql(`explain ${texts.get('api_key_by_key_id')}`, ['000000000003']),
      );
      expect(plan).toMatch(/Index Scan using echo_api_keys_key_id_key/);
      expect(plan).not.toMatch(/Seq Scan/);
    });
  });

  test('that may only read: FORBIDDEN at both doors, nothing is stored, and the audit log tells of each', async () => {
    const { key, keyId: credential } = await makeKey(app, 'rita', { permissions: ['READ'] });
    expect((await send(app, withKey(key), RECORD, { id: 'of rita' })).code).toBe('FORBIDDEN');
    for (const path of ['/api/echo/query', '/api/echo/chat']) {
      const response = await post(app, path, withKey(key), {
        query: 'Something',
        conversation_id: 'of rita',
      });
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('FORBIDDEN')]);
    }
    for (const table of ['echo_unified_interactions', 'echo_conversations', 'echo_events'])
      expect(await app.sql(`select 1 from ${table} where user_id = 'rita'`)).toEqual([]);
    await app.app.services.audit.flush();
    // Those that are alike are one row, if they come within a second.
    const entries = await app.sql(
      `select action, credential, result, sum(coalesce((detail ->> 'times')::int, 1))::int as times
       from echo_audit_log join echo_audit_names on pseudonym = actor where name = 'rita' group by 1, 2, 3 order by 1`,
    );
    expect(entries).toEqual([
      { action: '/api/echo/chat', credential, result: 'FORBIDDEN', times: 1 },
      { action: '/api/echo/query', credential, result: 'FORBIDDEN', times: 1 },
      { action: 'recordTurns', credential, result: 'FORBIDDEN', times: 1 },
    ]);
  });

  test('that are shown with wrong secrets are too many at some time, whether there is such a key or not', async () => {
    const { keyId } = await makeKey(app, 'guessed');
    const guess = async () => (await send(app, withKey(`echo_${keyId}_${'A'.repeat(43)}`), ME)).status;
    const statuses = await Promise.all(Array.from({ length: 70 }, guess));
    expect(statuses).toContain(429);
  });

  test.each([
    ['keys', (number: number) => withKey(`echo_${String(number).padStart(12, '0')}_${'A'.repeat(43)}`)],
    ["the operator's key", (number: number) => withKey(`guess number ${number} of many`)],
    [
      'tokens',
      (number: number) => withToken(`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${'A'.repeat(40)}${number}`),
    ],
    ['something without a form', (number: number) => ({ authorization: `Bearer ${number}` })],
  ])('that are guessed are refused late, and shut nobody out: %s', async (_kind, guessed) => {
    const started = await start({ API_KEY: ADMIN_KEY, ...PINNED, JWT_SECRET });
    try {
      const { key } = await makeKey(started, 'calm');
      // Nobody has seen this key since the server started.
      started.app.services.access.apiKeys.clear();
      const statuses = await Promise.all(
        Array.from({ length: 90 }, async (_, number) => (await send(started, guessed(number), ME)).status),
      );
      expect(statuses.toSorted()).toEqual([...Array(60).fill(401), ...Array(30).fill(429)]);
      for (const valid of [withKey(key), withKey(ADMIN_KEY), withToken(await tokenOf({ sub: 'calm' }))])
        expect((await send(started, valid, ME)).status).toBe(200);
    } finally {
      await started.close();
    }
  });
});

describe('limits', () => {
  const limited = { RATE_LIMIT_HEAVY: '2', API_KEY: ADMIN_KEY };
  const apps: TestApp[] = [];
  const startLimited = async (env: Record<string, string>) => {
    const started = await start(env);
    apps.push(started);
    return started;
  };
  let app: TestApp;
  beforeAll(async () => {
    app = await startLimited({ ...limited, ...PINNED, JWT_SECRET, TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(async () => {
    for (const each of apps) await each.close();
  });
  /** The codes of so many questions; undefined: answered. */
  const ask = async (target: TestApp, headers: Headers, times: number) => {
    const codes = [];
    for (let number = 0; number < times; number++) codes.push((await send(target, headers, ASK)).code);
    return codes;
  };

  test('are one for all keys and tokens of a user', async () => {
    expect(await ask(app, withToken(await tokenOf({ sub: 'many' })), 1)).toEqual([undefined]);
    const codes = [];
    for (let number = 0; number < 3; number++)
      codes.push(...(await ask(app, withKey((await makeKey(app, 'many')).key), 1)));
    expect(codes).toEqual([undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(await ask(app, withKey((await makeKey(app, 'another')).key), 1)).toEqual([undefined]);
  });

  test('of refused credentials are of the address that the proxy saw, whatever stands left of it', async () => {
    const statusFrom = async (address: string, number: number) => {
      const key = `echo_${String(number).padStart(12, '0')}_${'A'.repeat(43)}`;
      return (await send(app, { ...withKey(key), 'x-forwarded-for': address }, ME)).status;
    };
    const statuses = await Promise.all(
      Array.from({ length: 70 }, (_, number) => statusFrom(`198.51.100.${number}, 203.0.113.7`, number)),
    );
    expect(statuses.toSorted()).toEqual([...Array(60).fill(401), ...Array(10).fill(429)]);
    expect(await statusFrom('203.0.113.8', 71)).toBe(401);
  });

  test('say how long to wait, over each transport', async () => {
    const headers = withKey((await makeKey(app, 'waiting')).key);
    await ask(app, headers, 2);
    const query = 'subscription { processQueryStream(input: { query: "Something" }) { __typename } }';
    const socket = await connect(app, headers);
    socket.subscribe(query);
    await expect.poll(() => socket.received.length).toBeGreaterThan(1);
    socket.socket.close();
    const rest = await post(app, '/api/echo/query', headers, { query: 'Something' });
    const waits = [
      JSON.stringify((await send(app, headers, ASK)).errors),
      await (await streamed(app, headers, query)).text(),
      socket.received[1] ?? '',
    ].map((text) => Number(/"RATE_LIMITED".*"retryAfterMs":(\d+)/.exec(text)?.[1]));
    waits.push(rest.status === 429 ? Number(rest.headers.get('retry-after')) * 1_000 : 0);
    for (const wait of waits) expect([wait, wait > 0 && wait <= 60_000]).toEqual([wait, true]);
  });

  test('are shared by servers on one database, without names; while it cannot count, each server does', async () => {
    const shared = { ...limited, RATE_LIMIT_STORE: 'postgres' };
    const one = await startLimited(shared);
    const two = await startLimited({ ...shared, DATABASE_URL: one.databaseUrl });
    const headers = withKey((await makeKey(one, 'shared-by-two')).key);
    const codes = [];
    for (const each of [one, two, one, two]) codes.push(...(await ask(each, headers, 1)));
    expect(codes).toEqual([undefined, undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
    await send(one, withKey(`echo_${'0'.repeat(12)}_${'A'.repeat(43)}`), ME);
    const rows = JSON.stringify(await one.sql('select * from echo_rate_limits'));
    for (const kind of ['READ', 'HEAVY', 'MANY_READ']) expect(rows).toContain(kind);
    expect(rows).not.toMatch(/shared-by-two|127\.0\.0\.1/);

    const other = withKey((await makeKey(one, 'without-the-table')).key);
    await one.sql('alter table echo_rate_limits rename to elsewhere');
    for (const each of [one, two])
      expect(await ask(each, other, 4)).toEqual([undefined, undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
  });

  test('are not for the admin of a server that nobody else reaches', async () => {
    const mine = await startLimited({ RATE_LIMIT_HEAVY: '1', RATE_LIMIT_WRITES: '1', RATE_LIMIT_READS: '1' });
    expect(await ask(mine, {}, 3)).toEqual([undefined, undefined, undefined]);
    for (const query of [RECORD, RECORD, ME])
      expect((await send(mine, {}, query, { id: 'mine' })).errors).toBeUndefined();
  });
});

describe('the audit log is checked for', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start({ API_KEY: ADMIN_KEY });
    for (const user of ['ada', 'bob', 'cyd']) {
      await makeKey(app, user);
      await sealAudit(app);
    }
  });
  afterAll(() => app.close());
  const wrongs = async () => {
    await sealAudit(app);
    const { data } = await send(app, admin, '{ verifyAudit { broken wrongNames } }');
    return data.verifyAudit.broken.length + data.verifyAudit.wrongNames;
  };
  /** As somebody could who owns the tables. */
  const tamper = (text: string) => {
    const guards = (how: string) =>
      ['log', 'names', 'seals'].map((name) => `alter table echo_audit_${name} ${how} trigger user`).join(';');
    return app.sql(`${guards('disable')}; ${text}; ${guards('enable')}`);
  };
  const PUT_IN = `insert into echo_audit_log (id, xid, action, result) select -7, xid, 'forged', 'OK' from echo_audit_log`;

  test.each([
    ['rows put in at its beginning', `${PUT_IN} where id = 1`, 'delete from echo_audit_log where id = -7'],
    [
      'rows put in before the last seal',
      `${PUT_IN} order by id desc limit 1`,
      'delete from echo_audit_log where id = -7',
    ],
    [
      'names that were changed',
      "update echo_audit_names set name = 'mallory' where name = 'ada'",
      "update echo_audit_names set name = 'ada' where name = 'mallory'",
    ],
    [
      'seals that were taken out',
      'create table kept as select * from echo_audit_seals where id = 2; delete from echo_audit_seals where id = 2',
      'insert into echo_audit_seals select * from kept',
    ],
  ])('%s', async (_what, harm, mend) => {
    expect(await wrongs()).toBe(0);
    await tamper(harm);
    expect(await wrongs()).toBeGreaterThan(0);
    await tamper(mend);
    expect(await wrongs()).toBe(0);
  });

  describe('an end', () => {
    let found: number;
    beforeAll(async () => {
      await tamper(
        `delete from echo_audit_log where (xid, id) > (select last_xid, last_id::bigint from echo_audit_seals where id = 2);
         delete from echo_audit_seals where id > 2`,
      );
      found = await wrongs();
    });
    test('that was cut off', () => expect(found).toBeGreaterThan(0));
  });
});

test('no secret stands in a table or a file; the key of receipts is for its owner only', async () => {
  const MASTER_KEY = `${'c0ffee'.repeat(10)}abcd`;
  const LLM_API_KEY = 'sk-live-0123456789abcdef';
  const CANARY = 'quinquereme of nineveh';
  const models = await startOpenAiServer();
  const llm = { LLM_API_KEY, LLM_BASE_URL: models.url, LLM_MODELS: 'quick=small' };
  const app = await start({ ...PINNED, ...llm, API_KEY: ADMIN_KEY, JWT_SECRET, MASTER_KEY });
  try {
    const erased = await makeKey(app, 'bob');
    await send(app, withKey(erased.key), 'mutation { eraseUser(confirm: "bob") { __typename } }');
    const [token, { key }] = [await tokenOf({ jti: 'one' }), await makeKey(app, 'ada')];
    const ask = ASK.replace('Something', CANARY);
    for (const headers of [admin, withKey(key), withToken(token), withToken(key), withKey(`${key}x`)])
      await send(app, headers, ask);
    expect(models.requests.at(-1)?.headers.authorization).toBe(`Bearer ${LLM_API_KEY}`);
    const stored =
      'mutation { storeCredential(input: { name: "A", value: "value of a credential" }) { __typename } }';
    expect((await send(app, admin, stored)).data.storeCredential.__typename).toBe('StoreCredentialSuccess');
    await app.app.services.audit.flush();

    const holders = async (texts: (string | Buffer)[]) => {
      const found: string[] = [];
      const forms = texts.flatMap((text) => {
        const bytes = Buffer.from(text);
        return [bytes.toString(), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
      });
      for (const { name } of await app.sql(
        "select tablename as name from pg_tables where schemaname = 'public'",
      )) {
        const rows = await app.sql<{ row: string }>(`select to_jsonb(t)::text as row from "${name}" t`);
        if (rows.some(({ row }) => forms.some((form) => row.includes(form)))) found.push(name);
      }
      for (const entry of await readdir(app.directory, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = relative(app.directory, join(entry.parentPath, entry.name));
        const bytes = await readFile(join(app.directory, file));
        if ([...texts, ...forms].some((form) => bytes.includes(form))) found.push(file);
      }
      return found;
    };
    expect((await holders([CANARY])).join()).toMatch(/echo_unified_interactions.*journal\.db/);
    const shown = [ADMIN_KEY, key, erased.key, token, 'value of a credential'];
    expect(
      await holders([...shown, JWT_SECRET, LLM_API_KEY, MASTER_KEY, Buffer.from(MASTER_KEY, 'hex')]),
    ).toEqual([]);
    expect((await stat(join(app.directory, 'receipts.key'))).mode & 0o777).toBe(0o600);
  } finally {
    await app.close();
    await models.close();
  }
});

test('the log of a server holds nothing of what callers show in headers and in connection_init', async () => {
  const SECRET = 'xylophone7f3a';
  const directory = await mkdtemp(join(tmpdir(), 'echo-keys-'));
  // What would go to standard error comes with the log, so that it is looked at, too.
  const ERRORS =
    '--import=data:text/javascript,process.stderr.write=process.stdout.write.bind(process.stdout)';
  const settings = {
    LOG_LEVEL: 'trace',
    SQL_ECHO: 'true',
    TRUSTED_PROXIES: '127.0.0.1',
    NODE_OPTIONS: ERRORS,
  };
  const server = await startChildServer(directory, { API_KEY: ADMIN_KEY, ...settings });
  try {
    const headers = {
      cookie: `session=${SECRET}`,
      'user-agent': SECRET,
      'idempotency-key': SECRET,
      'x-forwarded-for': `${SECRET}, 203.0.113.7`,
    };
    const statuses = [];
    for (const shown of [admin, withKey(SECRET), withToken(SECRET)])
      for (const [path, body] of [
        ['/graphql', { query: ME }],
        ['/api/echo/query', { query: 'Something' }],
        ['/api/echo/query', `{"query": "${SECRET}`],
      ] as const)
        statuses.push((await post(server, path, { ...headers, ...shown }, body)).status);
    expect(statuses).toEqual([200, 200, 400, ...Array(6).fill(401)]);
    const ends = [];
    for (const [apiKey, ...messages] of [
      [SECRET],
      [ADMIN_KEY, { type: SECRET }],
      [ADMIN_KEY, { type: 'ping', payload: { note: SECRET.repeat(100_000) } }],
      [
        ADMIN_KEY,
        { type: 'subscribe', id: SECRET, payload: { query: SECRET } },
        { type: 'subscribe', id: SECRET },
      ],
    ]) {
      const { closed, say } = await connect(server, { apiKey, note: SECRET }, headers);
      for (const message of messages) say(message as object);
      ends.push((await closed).slice(0, 4));
    }
    expect(ends).toEqual(['4403', '4400', '1009', '4400']);
    const statements = () => server.logged.filter((line) => line.includes('"statement"')).length;
    await expect.poll(statements).toBeGreaterThan(8);
    const lines = server.logged.filter((line) => !line.startsWith('>') && line !== '');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(lines.join('\n')).not.toContain(SECRET);
    expect(lines.join('\n')).not.toContain(ADMIN_KEY);
  } finally {
    server.signal('SIGTERM');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
