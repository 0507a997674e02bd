import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../src/log.ts';
import { sendEvents } from '../src/rest/event-stream.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
let isClosed = false;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => (isClosed ? undefined : app.close()));

/** Opens it by a connection of its own. @returns what is read, piece by piece */
async function open(query: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const asked = httpRequest(`${app.url}/api/echo/metrics/stream${query}`, { agent: false, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response.setEncoding('utf8');
}
const textOf = async (response: IncomingMessage) => (await response.toArray()).join('');
const leave = (response: IncomingMessage) => response.destroy();

test.each(['intervalMs', 'interval_ms'])('%s beyond its limits is refused, by its name', async (name) => {
  for (const value of ['1', '249', '60001', '-1', 'soon', '']) {
    const response = await open(`?${name}=${value}`);
    expect([value, response.statusCode, JSON.parse(await textOf(response))]).toEqual([
      value,
      422,
      expect.objectContaining({
        error_code: 'VALIDATION_ERROR',
        detail: expect.stringMatching(new RegExp(`^${name}: must be (from 250 to 60000|a number)$`)),
      }),
    ]);
  }
});

test('is for who may see metrics', async () => {
  const response = await open('', { 'x-test-user': 'ada' });
  expect([response.statusCode, JSON.parse(await textOf(response)).error_code]).toEqual([403, 'FORBIDDEN']);
});

test('tells when to come again, and then what the subscription tells', async () => {
  await app.record('c', ['one', 'two']);
  const response = await open('?intervalMs=250');
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  let text = '';
  for await (const part of response) {
    text += part;
    if (text.split('data: ').length > 3) break;
  }
  const [retry, ...events] = text.split('\n\n').filter((part) => part !== '');
  expect(retry).toBe('retry: 5000');
  const told = events.map((each) => JSON.parse(each.slice('data: '.length)));
  const { data } = await app.graphql('{ metrics { turnsStored cores systemMemoryTotalBytes } }');
  for (const each of told)
    expect(each).toMatchObject({
      turns_stored: data.metrics.turnsStored,
      cpu_count: data.metrics.cores,
      system_memory_total_bytes: data.metrics.systemMemoryTotalBytes,
    });
});

test('a hundred are open to one user at once, and one more when another is closed', async () => {
  const opened = await Promise.all(Array.from({ length: 100 }, () => open('?intervalMs=60000')));
  expect(new Set(opened.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  const another = await open('');
  expect([another.statusCode, another.headers['retry-after'], JSON.parse(await textOf(another))]).toEqual([
    429,
    '5',
    expect.objectContaining({
      error_code: 'RATE_LIMITED',
      detail: expect.stringContaining('too many streams'),
    }),
  ]);
  for (const each of opened) leave(each);
  await expect
    .poll(async () => {
      const again = await open('?intervalMs=60000');
      leave(again);
      return again.statusCode;
    })
    .toBe(200);
});

test('to who does not read it, no more is made than fits on the way', async () => {
  let made = 0;
  async function* events() {
    for (; made < 10_000; made++) yield 'x'.repeat(100_000);
  }
  const done: Promise<void>[] = [];
  const server = createServer((_request, response) => {
    done.push(sendEvents({ response, correlationId: '', log: createLogger('silent') }, events()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = httpRequest({ port, host: '127.0.0.1', agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = made > 0 && made === before;
        before = made;
        return isStill;
      },
      { interval: 200 },
    )
    .toBe(true);
  // Some megabytes lie in the buffers of the system; all of them would be 1 GB.
  expect(made).toBeLessThan(500);
  response.destroy();
  await Promise.all(done);
  expect(made).toBeLessThan(10_000);
  await new Promise((resolve) => server.close(resolve));
});

test('ends with the server', async () => {
  const response = await open('?intervalMs=60000');
  const read = textOf(response);
  isClosed = true;
  await app.close();
  expect(await read).toMatch(/^retry: 5000\n\ndata: /);
});
