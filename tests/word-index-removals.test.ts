import { afterEach, expect, test } from 'vitest';
import { createIndexRounds } from '../src/domains/word-index/round.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp } from './support/harness.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('words of a few deleted turns are taken out together, those of many at once', async () => {
  const app = await startTestApp();
  closing.push(app.close);
  const { db, texts, indexWorker } = app.app.services;
  await indexWorker.stop();
  let now = 1_000_000;
  const round = createIndexRounds({
    ...{ db, texts, log: createLogger('silent'), clock: () => now },
    rest: async () => undefined,
    isEnding: () => false,
  });
  const record = (conversation: string, count: number) =>
    app.record(
      conversation,
      Array.from({ length: count }, (_, at) => `The kestrel number ${at} of ${conversation}`),
    );
  const forget = (conversation: string) =>
    app.graphql('mutation ($c: String!) { deleteConversation(conversationId: $c) { __typename } }', {
      c: conversation,
    });
  /** What the index still has of deleted turns: notes, documents, and whether anything says their word. */
  const left = async () => {
    const { rows } = await db.pool.query<{ notes: number; documents: number; kestrels: number }>(
      `select (select count(*)::int from echo_index_removals) as notes,
              (select count(*)::int from echo_index_documents) as documents,
              (select coalesce(sum(saying), 0)::int from echo_index_postings where term like 'kestrel%') as kestrels`,
    );
    return Object.values(rows[0] ?? {});
  };
  const found = async () =>
    (await app.graphql('{ memorySearch(query: "kestrel", limit: 100) { hits { score } } }')).data.memorySearch
      .hits.length;

  for (const [conversation, count] of [
    ['few', 3],
    ['more', 2],
    ['many', 64],
    ['kept', 30],
  ] as const)
    await record(conversation, count);
  await round();
  expect(await left()).toEqual([0, 99, 99]);

  await forget('few');
  await round();
  now += 4_000;
  await forget('more');
  await round();
  expect(await left()).toEqual([5, 99, 99]);
  // No search shows them meanwhile.
  expect(await found()).toBe(94);
  now += 1_000;
  await round();
  expect(await left()).toEqual([0, 94, 94]);

  await forget('many');
  await round();
  expect(await left()).toEqual([0, 30, 30]);
  expect(await found()).toBe(30);
});
