import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from './support/harness.ts';
import { openSocket, overWebSocket, take } from './support/streams.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const ME = { query: '{ me { userId } }' };

/** A socket that the server has acknowledged. */
async function acknowledged() {
  const connection = openSocket(app);
  await connection.opened;
  connection.send({ type: 'connection_init' });
  await connection.next('connection_ack');
  return connection;
}

describe('the graphql-transport-ws protocol', () => {
  test('answers queries and mutations too, several on one socket', async () => {
    const { send, next, received, socket } = await acknowledged();
    send({ type: 'subscribe', id: 'a', payload: ME });
    send({
      type: 'subscribe',
      id: 'b',
      payload: {
        query: 'mutation ($q: String!) { processQuery(input: { query: $q }) { __typename } }',
        variables: { q: 'Over a socket' },
      },
    });
    await expect.poll(() => received.filter((message) => message.type === 'complete')).toHaveLength(2);
    const results = Object.fromEntries(
      received.filter((message) => message.type === 'next').map(({ id, payload }) => [id, payload]),
    );
    expect(results).toEqual({
      a: { data: { me: { userId: 'default' } } },
      b: { data: { processQuery: { __typename: 'ProcessQuerySuccess' } } },
    });
    send({ type: 'ping' });
    await next('pong');
    socket.close();
  });

  test.each([
    ['a syntax error', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nope }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a bad variable',
      { query: 'query ($n: Int) { interactions(first: $n) { nodes { id } } }', variables: { n: 'x' } },
      'BAD_USER_INPUT',
    ],
    [
      'too much',
      { query: '{ conversations(first: 100) { nodes { interactions(first: 100) { nodes { id } } } } }' },
      'QUERY_TOO_COMPLEX',
    ],
    [
      'too much, subscribed to',
      {
        query: `subscription { interactionAdded { interaction { conversation { interactions(first: 100) { nodes {
          conversation { interactions(first: 100) { nodes { id } } } } } } } } }`,
      },
      'QUERY_TOO_COMPLEX',
    ],
  ])(
    'refuses %s as HTTP does, and the socket lives on',
    async (_name, operation: { query: string; variables?: object }, code) => {
      const client = app.connect();
      const [result] = await take(overWebSocket(client, operation.query, { ...operation.variables }));
      expect(result?.errors?.[0]?.extensions).toMatchObject({ code, retryable: false });
      expect(result?.errors?.[0]?.extensions).not.toHaveProperty('http');
      const [next] = await take(overWebSocket(client, ME.query));
      expect(next?.data).toEqual({ me: { userId: 'default' } });
    },
  );

  test('refuses a stream that costs too much before it is answered and stored', async () => {
    const turns = (inner: string) => `conversation { interactions(first: 100) { nodes { ${inner} } } }`;
    const query = `subscription { processQueryStream(input: { query: "q", conversationId: "too costly" }) {
      ... on QueryCompleted { result { interaction { ${turns(turns('id'))} } } } } }`;
    const [result, ...more] = await take(overWebSocket(app.connect(), query));
    expect(result?.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    expect(more).toEqual([]);
    const { data } = await app.graphql('{ conversation(conversationId: "too costly") { id } }');
    expect(data.conversation).toBeNull();
  });

  test('ends a socket that subscribes before it is acknowledged with 4401', async () => {
    const { opened, send, closed } = openSocket(app);
    await opened;
    send({ type: 'subscribe', id: 'a', payload: ME });
    expect(await closed).toBe(4401);
  });

  test('ends a socket that begins twice with 4429', async () => {
    const { send, closed } = await acknowledged();
    send({ type: 'connection_init' });
    expect(await closed).toBe(4429);
  });

  test('ends a socket that uses a long id twice with 4409, too', async () => {
    const { send, socket } = await acknowledged();
    const closed = new Promise<[number, string]>((resolve) =>
      socket.once('close', (code, reason) => resolve([code, String(reason)])),
    );
    const query = 'subscription { interactionAdded { cursor } }';
    for (const id of ['ü'.repeat(300), 'ü'.repeat(300)]) send({ type: 'subscribe', id, payload: { query } });
    const [code, reason] = await closed;
    expect(code).toBe(4409);
    expect(reason).toMatch(/^Subscriber for ü+$/);
  });

  test('does not hold up a stop, whatever a client leaves unanswered', async () => {
    const stopping = await startTestApp();
    const { hostname, port } = new URL(stopping.url);
    const silent = connect(Number(port), hostname);
    silent.write(
      `GET /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    );
    silent.on('error', () => undefined);
    await once(silent, 'data');
    const cut = once(silent, 'close');
    const started = Date.now();
    await stopping.close();
    await cut;
    // Left alone, the library waits for half a minute.
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test('ends a socket that uses an id twice with 4409', async () => {
    const { send, closed } = await acknowledged();
    const payload = { query: 'subscription { metrics(intervalMs: 60000) { at } }' };
    send({ type: 'subscribe', id: 'same', payload });
    send({ type: 'subscribe', id: 'same', payload });
    expect(await closed).toBe(4409);
  });

  test.each([
    'garbage',
    '{"type":"unknown"}',
    '[]',
    'null',
    '{"type":"subscribe","id":"a","payload":{}}',
    '{"type":"subscribe","payload":{"query":"{ me { userId } }"}}',
    `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  ])('ends a socket that sends garbage with 4400: %.40s', async (message) => {
    const { send, closed } = await acknowledged();
    send(message);
    expect(await closed).toBe(4400);
  });

  test.each(['graphql-ws', 'graphql-transport-wss', null])(
    'ends a socket that speaks %j with 4406',
    async (protocol) => {
      // By hand, because a client's library gives up by itself when the server agrees to none of its protocols.
      const request = get(`${app.url}/graphql`, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
          ...(protocol && { 'sec-websocket-protocol': protocol }),
        },
      });
      const [, socket, head] = (await once(request, 'upgrade')) as [unknown, Socket, Buffer];
      const frame = head.length >= 4 ? head : ((await once(socket, 'data')) as [Buffer])[0];
      socket.destroy();
      expect(frame[0]).toBe(0x88);
      expect(frame.readUInt16BE(2)).toBe(4406);
    },
  );

  test('refuses a message over 1 MiB with 1009', async () => {
    const { send, closed } = await acknowledged();
    send({ type: 'subscribe', id: 'big', payload: { query: `# ${'x'.repeat(1_048_576)}\n${ME.query}` } });
    expect(await closed).toBe(1009);
  });

  test('is served at /graphql only', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/elsewhere`, ['graphql-transport-ws']);
    const [error] = await once(socket, 'error');
    expect(error.message).toContain('400');
  });

  test('survives all of that', async () => {
    expect((await app.graphql(ME.query)).data).toEqual({ me: { userId: 'default' } });
  });
});
