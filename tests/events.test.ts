import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { formatCursor, parseCursor } from '../src/events/cursor.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { openSocket, overWebSocket, take } from './support/streams.ts';

const WATCH = `subscription ($conversationId: String, $after: ID) {
  interactionAdded(conversationId: $conversationId, after: $after) { cursor interaction { query } } }`;
const OVERFLOW_CODE = 4413;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** A WebSocket with one subscription, over no library that would read for it. */
async function watch(variables: Record<string, unknown>) {
  const client = openSocket(app);
  await client.opened;
  client.send({ type: 'connection_init' });
  await client.next('connection_ack');
  client.send({ type: 'subscribe', id: 's', payload: { query: WATCH, variables } });
  const events = () =>
    client.received.flatMap(({ type, payload }) =>
      type === 'next'
        ? [
            (payload as { data: { interactionAdded: { cursor: string; interaction: { query: string } } } })
              .data,
          ]
        : [],
    );
  return { ...client, events: () => events().map(({ interactionAdded }) => interactionAdded) };
}

/** The cursor of an event that has just been told. */
async function currentCursor(): Promise<string> {
  const conversationId = `mark ${Math.random()}`;
  await app.record(conversationId, ['mark']);
  const [result] = await take(overWebSocket(app.connect(), WATCH, { conversationId, after: '0-0' }), 1);
  return result!.data.interactionAdded.cursor;
}

test('a subscriber that never reads is closed with 4413; the other misses nothing', async () => {
  const [rounds, turnsEach] = [44, 24];
  const conversationId = 'flood';
  const after = await currentCursor();
  const close = vi.spyOn(WebSocket.prototype, 'close');
  const stalled = await watch({ conversationId, after });
  stalled.socket.pause();
  const reading = take(overWebSocket(app.connect(), WATCH, { conversationId, after }), rounds * turnsEach);
  const expected: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const queries = Array.from({ length: turnsEach }, (_, n) => `${round}/${n} ${'x'.repeat(31_900)}`);
    expected.push(...queries);
    await app.record(conversationId, queries);
  }
  const seen = (await reading).map(({ data }) => data.interactionAdded.interaction.query);
  expect(seen).toEqual(expected);
  await expect.poll(() => close.mock.calls.map(([code]) => code)).toContain(OVERFLOW_CODE);
  const drops = close.mock.calls.filter(([code]) => code === OVERFLOW_CODE);
  close.mockRestore();
  expect(drops).toHaveLength(1);

  // With the cursor in the reason of the close it goes on where it was dropped.
  const cursor = String(drops[0]![1]);
  stalled.socket.terminate();
  const [result] = await take(overWebSocket(app.connect(), WATCH, { conversationId, after: cursor }), 1);
  const next = result!.data.interactionAdded.interaction.query;
  expect(expected.indexOf(next)).toBeGreaterThan(0);
  const { data } = await app.graphql('{ health { status } }');
  expect(data.health.status).toBeDefined();
}, 120_000);

test('a subscriber that reads is not dropped by many events at once', async () => {
  const conversationId = 'burst';
  const client = await watch({ conversationId, after: await currentCursor() });
  await app.record(conversationId, ['first']);
  await expect.poll(() => client.events().length).toBe(1);
  const queries = Array.from({ length: 500 }, (_, n) => `${n}`);
  await app.record(conversationId, queries);
  await expect
    .poll(() => client.events().map(({ interaction }) => interaction.query))
    .toEqual(['first', ...queries]);
  expect(client.socket.readyState).toBe(WebSocket.OPEN);
  client.socket.terminate();
});

test('a subscriber that is cut 30 times resumes without gap or duplicate', async () => {
  const conversationId = 'cut';
  let after = await currentCursor();
  const total = 400;
  const writing = (async () => {
    for (let n = 0; n < total; n += 4)
      await app.record(
        conversationId,
        [0, 1, 2, 3].map((m) => `${n + m}`),
      );
  })();
  const seen: string[] = [];
  let cuts = 0;
  while (seen.length < total) {
    const client = await watch({ conversationId, after });
    const wanted = cuts++ < 30 ? Math.min(1 + ((cuts * 7) % 13), total - seen.length) : total - seen.length;
    await expect.poll(() => client.events().length, { interval: 2 }).toBeGreaterThanOrEqual(wanted);
    client.socket.terminate();
    for (const { cursor, interaction } of client.events()) {
      after = cursor;
      seen.push(interaction.query);
    }
  }
  await writing;
  expect(cuts).toBeGreaterThanOrEqual(30);
  expect(seen).toEqual(Array.from({ length: total }, (_, n) => `${n}`));
});

test('every cursor fits into the reason of a close, which holds 123 bytes, whatever a client sent', () => {
  const range = (n: number) => `~0000000${n.toString(16)}.9999998-9999999`;
  const place = '9223372036854775807-9223372036854775807';
  expect(parseCursor(place + [0, 1, 2, 3].map(range).join(''))).toBeNull();
  const position = parseCursor(place + [0, 1, 2].map(range).join(''))!;
  const told = [...position.told, { process: 'ffffffff', from: 9_999_999, to: 9_999_999 }];
  expect(Buffer.byteLength(formatCursor({ ...position, told }))).toBeLessThanOrEqual(123);
});
