import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { BARE_ENV } from './support/child-server.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';

const ADMIN_KEY = 'key-of-the-operator';
/** Well formed, so that it is looked up; nobody was ever given it. */
const UNKNOWN_KEY = `echo_0123456789ab_${'A'.repeat(43)}`;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const LEAKS = /select |\brelation|set_aside|api_keys|_profiles|drizzle|42P01|node_modules|\.ts\b/i;
const JSON_TYPE = { 'content-type': 'application/json' };
const SSE = { ...JSON_TYPE, accept: 'text/event-stream' };
const ME = JSON.stringify({ query: '{ me { userId } }' });
type Asked = RequestOptions & { body?: string | Buffer };
const ASK = 'mutation { processQuery(input: { query: "smuggled" }) { __typename } }';

/** A newcomer's server: the real access control, and nothing configured. */
let app: TestApp;
/** A server that asks who is calling. */
let locked: TestApp;
beforeAll(async () => {
  app = await startTestApp({ realAccess: true, seed: true });
  locked = await startTestApp({ realAccess: true, env: { API_KEY: ADMIN_KEY } });
});
afterAll(async () => {
  await app?.close();
  await locked?.close();
});

/** As `fetch`, which would choose some headers by itself; the answer is not read yet. */
async function open(url: string, { body, ...options }: Asked): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url);
  const sent = request({ hostname, port, path: '/graphql', method: 'POST', agent: false, ...options });
  sent.end(body);
  return ((await once(sent, 'response')) as [IncomingMessage])[0];
}

async function ask(url: string, options: Asked) {
  const response = await open(url, options);
  return { status: response.statusCode ?? 0, text: await text(response) };
}

const isAlive = async ({ url }: TestApp) =>
  expect((await ask(url, { method: 'GET', path: '/livez' })).status).toBe(200);

/** A connection under HTTP: what came back on it, and when the server closed it. */
function wireTo({ url }: TestApp) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const closed = once(socket, 'close');
  const wire = { socket, closed, text: '' };
  socket.on('data', (data) => {
    wire.text += data;
  });
  // The server may close it while something is sent.
  socket.on('error', () => socket.destroy());
  return wire;
}

/** A WebSocket and the connection under it, on which frames can be written by hand. */
async function dial(url: string, options: { autoPong?: boolean } = {}) {
  const { hostname, port, host } = new URL(url);
  const wire = connect(Number(port), hostname);
  const createConnection = () => wire;
  const socket = new WebSocket(`ws://${host}/graphql`, 'graphql-transport-ws', {
    createConnection,
    ...options,
  });
  const received: { type: string; id?: string; payload?: Result }[] = [];
  socket.on('message', (data) => received.push(JSON.parse(String(data))));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
  // The server may close it while something is sent.
  socket.on('error', () => undefined);
  /** How it was closed; with code 0 if it was not. */
  const end = (ms = 25_000) => Promise.race([closed, sleep(ms, { code: 0, reason: '' }, { ref: false })]);
  const send = (message: object) => socket.send(JSON.stringify(message));
  const init = (payload: object = {}) => send({ type: 'connection_init', payload });
  return { socket, wire, received, end, send, init, response: response as IncomingMessage };
}

async function dialAndInit(url: string, payload: object = {}, options: { autoPong?: boolean } = {}) {
  const client = await dial(url, options);
  client.init(payload);
  await expect.poll(() => client.received[0]?.type).toBe('connection_ack');
  return client;
}

/** A frame as clients send them, masked with zeros. @param announced the length that it claims to have */
function frame(firstByte: number, payload: string | Buffer, announced = payload.length): Buffer {
  const length = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  length.writeUInt32BE(announced, 5);
  const short = announced < 126 ? Buffer.from([0x80 | announced]) : length;
  return Buffer.concat([Buffer.from([firstByte]), short, Buffer.alloc(4), Buffer.from(payload)]);
}

const fragments = (count: number) =>
  Buffer.concat([frame(0x01, 'x'), Buffer.alloc((count - 1) * 7, frame(0x00, 'x'))]);

const FRAME_OF_10_MB = frame(0x81, 'x', 10_485_760);

/** Takes a table away while `work` runs, so that whatever needs it fails in a way that nobody expected. */
async function without(server: TestApp, table: string, work: () => Promise<unknown>): Promise<void> {
  await server.sql(`alter table ${table} rename to set_aside`);
  try {
    await work();
  } finally {
    await server.sql(`alter table set_aside rename to ${table}`);
  }
}

async function turnsStoredBy(work: () => Promise<unknown>): Promise<number> {
  const count = () => app.sql<{ n: number }>('select count(*)::int as n from echo_unified_interactions');
  const [before] = await count();
  await work();
  const [after] = await count();
  return after!.n - before!.n;
}

describe('a newcomer’s server, asked by a page of another site', () => {
  const WRITES: [string, string][] = [
    ['/graphql', JSON.stringify({ query: ASK })],
    ['/api/echo/query', '{"query":"smuggled"}'],
    ['/api/echo/chat', '{"query":"smuggled"}'],
  ];
  const part = (name: string, value: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const OPERATIONS = part('operations', JSON.stringify({ query: ASK }));
  const TYPES: [string | undefined, string][] = [
    ['text/plain', ASK],
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent(ASK)}`],
    ['multipart/form-data; boundary=x', `${OPERATIONS}${part('map', '{}')}${part('query', 'x')}--x--\r\n`],
    ['application/graphql', ASK],
    [undefined, ASK],
  ];
  const CASES = WRITES.flatMap(([path, json]) =>
    TYPES.map(([type, native]) => ({ path, type, native, json })),
  );
  const typed = (type?: string, origin?: string): Record<string, string> => ({
    ...(type && { 'content-type': type }),
    ...(origin && { origin }),
  });

  test.each(CASES)('POST $path with the type $type stores nothing', async ({ path, type, native, json }) => {
    const stored = await turnsStoredBy(async () => {
      for (const origin of ['https://evil.example', 'null'])
        for (const body of [native, json])
          expect((await ask(app.url, { path, headers: typed(type, origin), body })).status).toBe(403);
    });
    expect(stored).toBe(0);
  });

  test.each(TYPES)(
    'POST /graphql with the type %s is refused without an origin, too',
    async (type, native) => {
      const stored = await turnsStoredBy(async () => {
        for (const body of [native, JSON.stringify({ query: ASK })])
          expect((await ask(app.url, { headers: typed(type), body })).status).toBe(415);
      });
      expect(stored).toBe(0);
    },
  );

  test.each(CASES.filter(({ path }) => path !== '/graphql'))(
    'POST $path with the type $type is refused without an origin, too',
    async ({ path, type, json }) => {
      expect([403, 415]).toContain((await ask(app.url, { path, headers: typed(type), body: json })).status);
    },
  );

  test.each(WRITES)('POST %s of JSON works for programs only', async (path, body) => {
    const post = async (origin?: string) =>
      (await ask(app.url, { path, headers: typed('application/json', origin), body })).status;
    const smuggled = await turnsStoredBy(async () => {
      for (const origin of ['https://evil.example', 'null', 'http://localhost:1'])
        expect([origin, await post(origin)]).toEqual([origin, 403]);
    });
    expect(smuggled).toBe(0);
    expect(await turnsStoredBy(async () => expect(await post()).toBe(200))).toBe(1);
  });

  test.each(TYPES)('GET with the type %s is refused', async (type) => {
    const get = async (more: Record<string, string>) => {
      const path = '/graphql?query=%7Bme%7BuserId%7D%7D';
      return (await ask(app.url, { method: 'GET', path, headers: { ...typed(type), ...more } })).status;
    };
    for (const accept of ['*/*', 'application/json', 'text/event-stream']) {
      expect(await get({ accept })).toBe(type === undefined ? 200 : 415);
      expect(await get({ accept, 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await get({ accept, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' })).toBe(403);
      expect(await get({ accept, origin: 'https://evil.example' })).toBe(403);
    }
    expect(await get({ 'graphql-require-preflight': '1' })).toBe(type === undefined ? 200 : 415);
  });

  const STREAM = 'subscription { processQueryStream(input: { query: "smuggled" }) { __typename } }';
  test.each([
    ['GET', ASK, { 'graphql-require-preflight': '1' }, [405]],
    ['GET', ASK, {}, [403, 405]],
    ['GET', STREAM, { accept: 'text/event-stream' }, [403, 405]],
    ['HEAD', ASK, { 'graphql-require-preflight': '1' }, [405]],
    ['HEAD', STREAM, { accept: 'text/event-stream' }, [403, 405]],
  ])('%s of what does something does nothing: %s', async (method, query, headers, expected) => {
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    const asked = async () =>
      expect(expected).toContain((await ask(app.url, { method, path, headers })).status);
    expect(await turnsStoredBy(asked)).toBe(0);
  });
});

describe('a server that asks who is calling', () => {
  const SUBSCRIBE = JSON.stringify({ query: 'subscription { interactionAdded { cursor } }' });
  const REST = { headers: JSON_TYPE, body: '{"query":"x"}' };
  const GET = { method: 'GET', path: '/graphql?query=%7Bme%7BuserId%7D%7D' };
  test.each<[string, Asked]>([
    ['POST /graphql', { headers: JSON_TYPE, body: ME }],
    ['POST /api/echo/query', { ...REST, path: '/api/echo/query' }],
    ['POST /api/echo/chat', { ...REST, path: '/api/echo/chat' }],
    ['GET /graphql', { ...GET, headers: { 'graphql-require-preflight': '1' } }],
    ['a subscription over server-sent events', { headers: SSE, body: SUBSCRIBE }],
  ])('answers %s without credentials with 401', async (_name, asked) => {
    const refused = await ask(locked.url, asked);
    expect(refused.status).toBe(401);
    expect(refused.text).toContain('UNAUTHENTICATED');
    const headers = { ...(asked.headers as object), 'x-api-key': ADMIN_KEY };
    const admitted = await open(locked.url, { ...asked, headers });
    expect(admitted.statusCode).toBe(200);
    admitted.destroy();
  });

  test.each([
    ['10 MB', 10_485_760, [4403, 1009]],
    ['900 kB', 900_000, [4403]],
  ])('closes a WebSocket that shows a key of %s', async (_name, length, codes) => {
    const { init, end, received } = await dial(locked.url);
    init({ apiKey: 'x'.repeat(length) });
    expect(codes).toContain((await end()).code);
    expect(received).toEqual([]);
    await isAlive(locked);
  });

  test.each(['x-api-key', 'authorization'])('refuses a key of 30,000 characters in %s', async (name) => {
    const headers = { ...JSON_TYPE, [name]: `Bearer ${'x'.repeat(30_000)}` };
    expect([401, 431]).toContain((await ask(locked.url, { headers, body: ME })).status);
    await isAlive(locked);
  });
});

describe('a WebSocket', () => {
  const TOO_BIG = [
    ['a frame that announces 10 MB', FRAME_OF_10_MB, [1009]],
    ['2,000 fragments of a byte', fragments(2_000), [1008, 1009]],
    ['2,000 fragments of nothing', Buffer.concat([frame(1, ''), Buffer.alloc(12_000, frame(0, ''))]), [1008]],
  ] as const;
  test.each(TOO_BIG)('with %s is closed, before and after init', async (_name, bytes, codes) => {
    for (const client of [await dial(app.url), await dialAndInit(app.url)]) {
      client.wire.write(bytes);
      expect(codes).toContain((await client.end()).code);
    }
  });

  test('is not compressed, even for a client that offers it', async () => {
    const { response, socket } = await dial(app.url);
    expect(response.headers['sec-websocket-accept']).toBeDefined();
    expect(response.headers['sec-websocket-extensions']).toBeUndefined();
    socket.close();
  });

  test('with a million fragments of a byte stops nobody else', async () => {
    const [flooder, other] = [await dialAndInit(app.url), await dialAndInit(app.url)];
    flooder.wire.write(fragments(1_000_000));
    for (let id = 1; id <= 10; id++) {
      other.send({ type: 'subscribe', id: `${id}`, payload: JSON.parse(ME) });
      await expect
        .poll(() => other.received.find((message) => message.type === 'next' && message.id === `${id}`))
        .toMatchObject({ payload: { data: { me: { userId: 'default' } } } });
    }
    expect([1008, 1009]).toContain((await flooder.end()).code);
    other.socket.close();
  });
});

describe('those who are slow', () => {
  test.concurrent('a client that says nothing is closed with 4408, and init after 6 s is too late', async () => {
    const [silent, late] = [await dial(app.url), await dial(app.url)];
    await sleep(6_000);
    if (late.socket.readyState === WebSocket.OPEN) late.init();
    for (const { end, received } of [silent, late]) {
      expect((await end()).code).toBe(4408);
      expect(received).toEqual([]);
    }
  });

  test.concurrent('headers, bodies and silence are cut, and others are answered meanwhile', async () => {
    const post = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
    const cut = [
      { start: post, drop: 'x' },
      { start: `${post}content-length: 1000\r\n\r\n{`, drop: ' ' },
      { start: '', drop: '' },
    ];
    let slow = cut.length;
    const drip = async ({ start, drop }: (typeof cut)[number]) => {
      const wire = wireTo(app);
      wire.socket.write(start);
      const dropping = setInterval(() => wire.socket.writable && wire.socket.write(drop), 2_000);
      // Left alone, none of them would ever end.
      await wire.closed;
      slow--;
      clearInterval(dropping);
      expect(wire.text).toMatch(/^(HTTP\/1\.1 408 |$)/);
    };
    let answered = 0;
    const others = async () => {
      for (; slow > 0; answered++) {
        expect((await ask(app.url, { headers: JSON_TYPE, body: ME })).status).toBe(200);
        await sleep(1_000);
      }
    };
    await Promise.all([...cut.map(drip), others()]);
    expect(answered).toBeGreaterThan(5);
  }, 90_000);

  test.concurrent('a client that never answers pings is let go, and one that does stays', async () => {
    const [deaf, well] = [await dialAndInit(app.url, {}, { autoPong: false }), await dialAndInit(app.url)];
    let pings = 0;
    deaf.socket.on('ping', () => pings++);
    expect((await deaf.end(80_000)).code).toBe(1006);
    expect(pings).toBeGreaterThan(0);
    expect(well.socket.readyState).toBe(WebSocket.OPEN);
    well.socket.close();
  }, 90_000);

  test.concurrent('a subscriber over server-sent events that stops reading is told where to go on', async () => {
    const [rounds, turnsEach, conversationId] = [44, 48, 'flood'];
    const WATCH = `subscription ($conversationId: String, $after: ID) {
      interactionAdded(conversationId: $conversationId, after: $after) { cursor interaction { query response } } }`;
    const expected: string[] = [];
    const record = async (queries: string[]) => {
      const turns = queries.map((query) => ({ query, response: 'x'.repeat(16_000) }));
      await app.record(conversationId, turns);
      expected.push(...queries);
    };
    await record(['first']);
    // Nothing of the answer is read before all is recorded.
    const variables = { conversationId, after: '0-0' };
    const body = JSON.stringify({ query: WATCH, variables });
    const stalled = await open(app.url, { headers: SSE, body });
    for (let round = 0; round < rounds; round++)
      await record(Array.from({ length: turnsEach }, (_, n) => `${round}/${n}`));
    await sleep(9_000);
    const events = (await text(stalled)).split('\n\n').filter((event) => event.startsWith('event:'));
    expect(events.pop()).toMatch(/^event: complete/);
    const results = events.map((event) => JSON.parse(/^data: ?(.*)$/m.exec(event)?.[1] ?? '') as Result);
    const { code, cursor } = results.pop()?.errors?.[0]?.extensions ?? {};
    expect([code, cursor]).toEqual(['SUBSCRIBER_TOO_SLOW', expect.any(String)]);
    const queryOf = ({ data }: Result): string => data.interactionAdded.interaction.query;
    const seen = results.map(queryOf);
    expect(seen).toEqual(expected.slice(0, seen.length));
    expect(seen.length).toBeLessThan(expected.length);
    // What was sent last may come once more; nothing is left out.
    const again = overServerSentEvents(app, WATCH, { conversationId, after: cursor });
    const rest: string[] = [];
    for await (const result of again)
      if (rest.push(queryOf(result)) && rest.at(-1) === expected.at(-1)) break;
    expect(rest).toEqual(expected.slice(-rest.length));
    expect(seen.length + rest.length).toBeGreaterThanOrEqual(expected.length);
  });
});

describe('HTTP', () => {
  const PATHS = ['/graphql', '/api/echo/query'];
  test.each(PATHS)(
    'a body of 30 MB for %s that does not say its length is refused with 413',
    async (path) => {
      const wire = wireTo(app);
      const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
      wire.socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
      const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
      for (let sent = 0; sent < 30 * 16 && wire.socket.writable && wire.text === ''; sent++) {
        wire.socket.write(chunk);
        await sleep(2);
      }
      await Promise.race([wire.closed, sleep(20_000)]);
      wire.socket.destroy();
      expect(wire.text).toMatch(/^HTTP\/1\.1 413 /);
    },
  );

  test.each(PATHS)('a body for %s that is compressed or no UTF-8 is refused with 415', async (path) => {
    const body = path === '/graphql' ? ME : '{"query":"x"}';
    const type = 'application/json; charset=utf-16';
    const compressed = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    for (const [headers, sent] of [
      [{ 'content-type': type }, Buffer.from(body, 'utf16le')],
      [{ 'content-type': type }, body],
      [compressed, gzipSync(body)],
      [compressed, body],
    ] as const)
      expect((await ask(app.url, { path, headers, body: sent })).status).toBe(415);
  });

  const NEXT = 'GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
  /** What the server says to a request with these header lines, and to another one behind it. */
  async function answersTo(lines: string, body = '', method = 'GET'): Promise<string[]> {
    const wire = wireTo(app);
    wire.socket.write(`${method} /livez HTTP/1.1\r\nhost: localhost\r\n${lines}\r\n\r\n${body}${NEXT}`);
    await Promise.race([wire.closed, sleep(20_000)]);
    wire.socket.destroy();
    return [...wire.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
  }

  test.each([
    ['a bare CR in a value', 'x-a: one\rx-b: two'],
    ['a bare LF in a value', 'x-a: one\nx-b: two'],
    ['a bare CR in a name', 'x\ra: one'],
    ['a bare LF in a name', 'x\na: one'],
    ['a bare LF at the end of a line', 'x-a: one\nhost: evil.example'],
    ['a NUL in a value', 'x-a: o\0ne'],
    ['a NUL in a name', 'x\0a: one'],
    ['a folded line', 'x-a: one\r\n two'],
    ['a blank before the colon', 'x-a : one'],
    ['an encoding and a length', 'transfer-encoding: chunked\r\ncontent-length: 5', '0\r\n\r\n', 'POST'],
    ['a length and an encoding', 'content-length: 5\r\ntransfer-encoding: chunked', '0\r\n\r\n', 'POST'],
    ['two different lengths', 'content-length: 0\r\ncontent-length: 5', '', 'POST'],
    ['two lengths in a line', 'content-length: 0, 5', '', 'POST'],
    ['a length with a sign', 'content-length: +0', '', 'POST'],
  ])('with %s is one request, and refused with 400', async (_name, lines, body = '', method = 'GET') => {
    expect(await answersTo(lines, body, method)).toEqual(['400']);
  });

  test('without any of these is two requests', async () => {
    expect(await answersTo('x-a: one')).toEqual(['200', '200']);
    expect(await answersTo('transfer-encoding: chunked', '0\r\n\r\n', 'POST')).toEqual(['200', '200']);
  });
});

describe('what nobody expected is told without a word about it', () => {
  const withKey = { ...JSON_TYPE, 'x-api-key': UNKNOWN_KEY };

  test('while a caller is looked up, at every door', async () => {
    await without(locked, 'echo_api_keys', async () => {
      const { init, end } = await dial(locked.url);
      init({ apiKey: UNKNOWN_KEY });
      const { code, reason } = await end();
      expect(code).toBe(4500);
      expect(reason).toMatch(UUID);
      expect(reason).not.toMatch(LEAKS);
      const posted = await ask(locked.url, { headers: withKey, body: ME });
      const streamed = await ask(locked.url, { headers: { ...withKey, ...SSE }, body: ME });
      for (const { status, text: said } of [posted, streamed]) {
        expect([500, 503]).toContain(status);
        const { errors } = JSON.parse(said) as Result;
        expect(errors?.[0]?.extensions.correlationId).toMatch(UUID);
        expect(said).not.toMatch(LEAKS);
      }
      const rest = await ask(locked.url, { method: 'GET', path: '/api/echo/health', headers: withKey });
      expect([500, 503]).toContain(rest.status);
      expect(JSON.parse(rest.text)).toMatchObject({
        error_code: expect.stringMatching(/^(INTERNAL|SERVICE_UNAVAILABLE)$/),
        detail: expect.stringMatching(UUID),
      });
      expect(rest.text).not.toMatch(LEAKS);
    });
    expect((await ask(locked.url, { headers: withKey, body: ME })).status).toBe(401);
  });

  test('while a query or an event is put together, over every transport', async () => {
    await app.graphql(
      'mutation { processQuery(input: { query: "Who is Rina?", conversationId: "Rina" }) { __typename } }',
    );
    const query = '{ characters { nodes { characterName } } }';
    const watch = `subscription { interactionAdded(conversationId: "Rina", after: "0-0") {
      interaction { character { characterName } } } }`;
    const all = async () => [
      await app.graphql(query),
      ...(await take(overServerSentEvents(app, query), 1)),
      ...(await take(overServerSentEvents(app, watch), 1)),
      ...(await take(overWebSocket(app.connect(), query), 1)),
      ...(await take(overWebSocket(app.connect(), watch), 1)),
    ];
    for (const result of await all()) expect(JSON.stringify(result)).toContain('"characterName":"Rina"');
    // What an event loaded is kept for a second for those who are shown it, too.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await without(app, 'character_profiles', async () => {
      const results = await all();
      expect(results).toHaveLength(5);
      for (const result of results) {
        expect(result.errors?.[0]).toMatchObject({
          message: expect.stringMatching(/^(Unexpected error|the database does not answer now.*)$/),
          extensions: { correlationId: expect.stringMatching(UUID) },
        });
        expect(JSON.stringify(result)).not.toMatch(LEAKS);
      }
    });
    for (const result of await all()) expect(result.errors).toBeUndefined();
  });
});

test('a server says nothing on its standard error of WebSockets that it closes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'echo-transport-'));
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...BARE_ENV,
      PORT: '0',
      DATA_DIR: directory,
      DATABASE_URL: locked.databaseUrl,
      API_KEY: ADMIN_KEY,
      SEED: 'off',
      CANARY_INTERVAL_MS: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const logged: string[] = [];
  createInterface(child.stdout).on('line', (line) => logged.push(line));
  try {
    const isListening = (line: string) => line.startsWith('{') && 'url' in JSON.parse(line);
    await expect.poll(() => logged.find(isListening)).toBeDefined();
    const { url } = JSON.parse(logged.find(isListening) ?? '{}') as { url: string };
    const closedBy = async (bytes: Buffer) => {
      const { wire, end } = await dialAndInit(url, { apiKey: ADMIN_KEY });
      wire.write(bytes);
      return (await end()).code;
    };
    expect(await closedBy(FRAME_OF_10_MB)).toBe(1009);
    expect(await closedBy(frame(0x81, Buffer.from([0xc3, 0x28])))).toBe(1007);
    expect(await closedBy(frame(0xf1, 'x'))).toBe(1002);
    expect(await closedBy(frame(0x81, 'garbage'))).toBe(4400);
    await without(locked, 'echo_api_keys', async () => {
      const { init, end } = await dial(url);
      init({ apiKey: UNKNOWN_KEY });
      const { code, reason } = await end();
      expect(code).toBe(4500);
      // The whole error is in the log, under the id that the client was told.
      const id = UUID.exec(reason)?.[0] ?? 'none';
      await expect.poll(() => logged.join('\n')).toContain(id);
    });
    child.kill('SIGTERM');
    await exited;
    expect(said).toBe('');
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(directory, { recursive: true, force: true });
  }
});
