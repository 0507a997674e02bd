import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';

const WATCH = `subscription ($conversationId: String, $after: ID) {
  interactionAdded(conversationId: $conversationId, after: $after) {
    cursor at interaction { turnId conversationId query modelUsed sequence character { characterName } }
  }
}`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

const watch = (variables: Record<string, unknown> = {}) => overWebSocket(app.connect(), WATCH, variables);
const added = (result: Result | undefined) => {
  expect(result?.errors).toBeUndefined();
  return result?.data.interactionAdded;
};

/** A cursor after everything recorded so far. */
async function currentCursor(): Promise<string> {
  const conversationId = `marks ${Math.random()}`;
  const events = watch({ conversationId });
  const first = events.next();
  let [marks, listening] = [0, false];
  void first.then(() => {
    listening = true;
  });
  // Nothing tells when the server has begun to listen, so marks are recorded until one is seen.
  await expect
    .poll(async () => {
      await app.record(conversationId, [`mark ${++marks}`]);
      return listening;
    })
    .toBe(true);
  let last = added((await first).value as Result);
  while (last.interaction.query !== `mark ${marks}`) last = added((await events.next()).value as Result);
  await events.return();
  return last.cursor;
}

describe('interactionAdded', () => {
  test('sees a turn that was made through the older door', async () => {
    const after = await currentCursor();
    const response = await app.post('/api/echo/query', {
      query: 'Tell me about Rina',
      conversation_id: 'through rest',
    });
    expect(response.status).toBe(200);
    const [result] = await take(watch({ after, conversationId: 'through rest' }), 1);
    expect(added(result)).toMatchObject({
      cursor: expect.any(String),
      at: expect.stringMatching(/^\d{4}-/),
      interaction: {
        query: 'Tell me about Rina',
        modelUsed: 'character_database',
        sequence: 1,
        character: { characterName: 'Rina' },
      },
    });
  });

  test('sees turns live while it waits, over both transports', async () => {
    const conversationId = 'live';
    const after = await currentCursor();
    const variables = { conversationId, after };
    const readers = [watch(variables), overServerSentEvents(app, WATCH, variables)].map((stream) =>
      take(stream, 3),
    );
    for (const query of ['one', 'two', 'three']) await app.record(conversationId, [query]);
    for (const results of await Promise.all(readers))
      expect(results.map((result) => added(result).interaction.query)).toEqual(['one', 'two', 'three']);
  });

  test('of one conversation sees no other', async () => {
    const after = await currentCursor();
    await app.record('another', ['not for you']);
    await app.record('the one', ['for you', 'and you']);
    const results = await take(watch({ after, conversationId: 'the one' }), 2);
    expect(results.map((result) => added(result).interaction.query)).toEqual(['for you', 'and you']);
  });

  test('resumes after a cursor without gap or duplicate while others write', async () => {
    const [writers, turnsEach, cuts] = [8, 50, 20];
    let after = await currentCursor();
    const writing = Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; n < turnsEach; n++) await app.record(`writer ${writer}`, [`${writer}/${n}`]);
      }),
    );
    const seen: string[] = [];
    const total = writers * turnsEach;
    for (let cut = 0; cut < cuts || seen.length < total; cut++) {
      const wanted =
        cut < cuts - 1 ? Math.min(1 + ((cut * 7) % 19), total - seen.length) : total - seen.length;
      if (wanted === 0) break;
      for (const result of await take(watch({ after }), wanted)) {
        const { cursor, interaction } = added(result);
        after = cursor;
        seen.push(interaction.query);
      }
    }
    await writing;
    expect(seen).toHaveLength(total);
    expect(new Set(seen).size).toBe(total);
    for (let writer = 0; writer < writers; writer++)
      expect(seen.filter((query) => query.startsWith(`${writer}/`))).toEqual(
        Array.from({ length: turnsEach }, (_, n) => `${writer}/${n}`),
      );
  });

  test('does not tell a replay again', async () => {
    const after = await currentCursor();
    const input = { query: 'Told once', conversationId: 'told', idempotencyKey: 'once' };
    for (let n = 0; n < 3; n++)
      await app.graphql(
        'mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename } }',
        {
          input,
        },
      );
    await app.record('told', ['the next']);
    const results = await take(watch({ after, conversationId: 'told' }), 2);
    expect(results.map((result) => added(result).interaction.query)).toEqual(['Told once', 'the next']);
  });

  test.each([
    'garbage',
    '',
    '1-',
    '-1-2',
    '1-2-3',
    `${'9'.repeat(25)}-1`,
    "0-0' or 1=1",
    '1-99999999999999999999',
  ])('refuses the cursor %j over both transports', async (after) => {
    for (const stream of [watch({ after }), overServerSentEvents(app, WATCH, { after })]) {
      const [result, ...more] = await take(stream);
      expect(more).toEqual([]);
      expect(result?.errors?.[0]).toMatchObject({
        message: expect.stringContaining('after'),
        extensions: { code: 'BAD_USER_INPUT', field: 'after' },
      });
    }
  });

  test('leaves nothing running behind a client that went away while nothing happened', async () => {
    const after = await currentCursor();
    const stream = watch({ after, conversationId: 'silent' });
    const waiting = stream.next();
    await app.record('silent', ['first']);
    await waiting;
    await stream.return();
    // The feed reads the table again and again only while somebody listens.
    await expect
      .poll(async () => {
        app.statements.length = 0;
        await new Promise((resolve) => setTimeout(resolve, 600));
        return app.statements.filter((name) => name === 'events_after');
      })
      .toEqual([]);
  });
});

describe('metrics', () => {
  test('come again and again', async () => {
    const query = 'subscription { metrics(intervalMs: 250) { at turnsStored requests rssBytes cores } }';
    for (const stream of [overWebSocket(app.connect(), query), overServerSentEvents(app, query)]) {
      const snapshots = (await take(stream, 3)).map((result) => result.data.metrics);
      const times = snapshots.map((snapshot) => Date.parse(snapshot.at));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(snapshots[2].turnsStored).toBeGreaterThan(0);
      expect(snapshots[2].rssBytes).toBeGreaterThan(1_000_000);
    }
  });

  test.each([249, 60_001, -1])('every %i ms are refused', async (intervalMs) => {
    const [result] = await take(
      overWebSocket(app.connect(), `subscription { metrics(intervalMs: ${intervalMs}) { at } }`),
    );
    expect(result?.errors?.[0]).toMatchObject({
      message: expect.stringMatching(/250 to 60000/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('are counted from what happened', async () => {
    const read = async () => (await app.graphql('{ metrics { turnsStored turnsReplayed } }')).data.metrics;
    const before = await read();
    const input = { query: 'Count this', conversationId: 'counted', idempotencyKey: 'c' };
    for (let n = 0; n < 2; n++)
      await app.graphql(
        'mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename } }',
        {
          input,
        },
      );
    await app.record('counted', ['one', 'two']);
    expect((await read()).turnsStored - before.turnsStored).toBe(3);
  });
});
