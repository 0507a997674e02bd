import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { forgetRemoved } from '../src/domains/word-index/removals.ts';
import { createIndexRounds } from '../src/domains/word-index/round.ts';
import { indexTurns } from '../src/domains/word-index/writer.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp } from './support/harness.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const owner = { tenantId: 'default', userId: 'default' };

/** A server whose index nobody writes but who asks for it. */
async function startUnindexed() {
  const app = await startTestApp();
  closing.push(app.close);
  const { db, texts, indexWorker } = app.app.services;
  await indexWorker.stop();
  const terms = async () =>
    (await app.sql('select distinct term from echo_index_postings order by 1')).map(({ term }) => term);
  return { app, db, texts, terms };
}

test('words of a few deleted turns are taken out together, those of many at once', async () => {
  const { app, db, texts } = await startUnindexed();
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

describe('turns that were indexed later than a deleted one', () => {
  /** A server where each turn gets a segment of its own, as where people talk. */
  async function start() {
    const { app, db, texts, terms } = await startUnindexed();
    const say = async (conversation: string, words: readonly string[]) => {
      const turnIds: string[] = [];
      for (const word of words) {
        turnIds.push((await app.record(conversation, [word]))[0]?.turnId as string);
        await indexTurns({ db, texts }, owner, 100);
      }
      return turnIds;
    };
    const forget = (turnId: string | undefined) =>
      app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', { id: turnId });
    const takeOut = async () => {
      expect(await forgetRemoved({ db, texts }, owner)).toBe(true);
      expect(await app.sql('select from echo_index_removals')).toEqual([]);
    };
    return { app, say, forget, takeOut, terms };
  }

  test('keep no word of it', async () => {
    const { app, say, forget, takeOut, terms } = await start();
    const [, kestrel, wagtail] = await say('cliffs', ['puffin', 'kestrel', 'wagtail', 'ouzel', 'plover']);
    await say('marsh', ['kestrel']);
    const before = await terms();
    expect(before).toContain('wagtail');
    await forget(wagtail);
    await takeOut();
    expect(await terms()).toEqual(before.filter((term) => term !== 'wagtail'));
    await forget(kestrel);
    await takeOut();
    const { memorySearch } = (
      await app.graphql('{ memorySearch(query: "kestrel") { hits { tier interaction { conversationId } } } }')
    ).data;
    const byWords = memorySearch.hits.filter(({ tier }: { tier: string }) => tier !== 'RECENT');
    expect(byWords).toEqual([{ tier: 'KEYWORDS', interaction: { conversationId: 'marsh' } }]);
  });

  test('lose those that earlier versions left there, by the migration', async () => {
    const { app, say, forget, takeOut, terms } = await start();
    const [kestrel] = await say('cliffs', ['kestrel', 'wagtail', 'ouzel']);
    await forget(kestrel);
    // As those versions noted it.
    await app.sql('update echo_index_removals set sequence = null');
    await takeOut();
    expect(await terms()).toEqual(['kestrel', 'ouzel', 'wagtail']);

    const migration = await readFile(
      new URL('../drizzle/0058_words_behind.sql', import.meta.url).pathname,
      'utf8',
    );
    await app.sql(migration.split('--> statement-breakpoint').at(-1) ?? '');
    await takeOut();
    expect(await terms()).toEqual(['ouzel', 'wagtail']);
  });
});

test('who spoke is known as long as a turn of theirs is there', async () => {
  const { app, db, texts } = await startUnindexed();
  const say = async (conversationId: string, speaker: string, responder?: string) => {
    const { data } = await app.graphql(
      `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
        ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { message } } }`,
      {
        input: {
          conversationId,
          turns: [{ query: 'kestrel', response: responder && 'wagtail', speaker, responder }],
        },
      },
    );
    await indexTurns({ db, texts }, owner, 100);
    return data.recordTurns.interactions[0].turnId as string;
  };
  const forget = async (turnId: string) => {
    await app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', {
      id: turnId,
    });
    expect(await forgetRemoved({ db, texts }, owner)).toBe(true);
  };
  const speakers = async () => (await app.sql('select speakers from echo_index_owners'))[0]?.speakers;

  const turns = [
    await say('cliffs', 'Ada Puffin'),
    await say('cliffs', 'Grace', 'Ouzel'),
    await say('marsh', 'Ada Puffin'),
    await say('marsh', 'Ada'),
  ] as const;
  expect(await speakers()).toEqual(['ada', 'puffin', 'grace', 'ouzel']);
  await forget(turns[0]);
  expect(await speakers()).toEqual(['ada', 'puffin', 'grace', 'ouzel']);
  await forget(turns[1]);
  expect(await speakers()).toEqual(['ada', 'puffin']);
  await forget(turns[2]);
  expect(await speakers()).toEqual(['ada']);

  // What earlier versions left.
  await app.sql("update echo_index_owners set speakers = '{ada,puffin,grace}'");
  const migration = await readFile(
    new URL('../drizzle/0059_speakers_gone.sql', import.meta.url).pathname,
    'utf8',
  );
  await app.sql(migration.split('--> statement-breakpoint').at(-1) ?? '');
  expect(await forgetRemoved({ db, texts }, owner)).toBe(true);
  expect(await speakers()).toEqual(['ada']);
});

test('many turns are indexed at once, some after a second, a few after ten', async () => {
  const { app, db, texts } = await startUnindexed();
  const round = createIndexRounds({
    ...{ db, texts, log: createLogger('silent') },
    rest: async () => undefined,
    isEnding: () => false,
  });
  /** Whether turns of which the oldest has waited so long are indexed. */
  const areIndexed = async (count: number, waitedMs: number) => {
    await app.record(
      'hours',
      Array.from({ length: count }, (_, at) => `The kestrel number ${at}`),
    );
    // Some are acknowledged before the database has them.
    await expect.poll(async () => (await app.sql('select from echo_index_queue')).length).toBe(count);
    // Later than now, however long a busy machine takes until it looks.
    await app.sql("update echo_index_queue set queued_at = now() + interval '1 hour'");
    if (waitedMs > 0)
      await app.sql(
        `update echo_index_queue set queued_at = now() - $1 * interval '1 millisecond'
         where interaction_id = (select min(interaction_id) from echo_index_queue)`,
        [waitedMs],
      );
    await round();
    return (
      (await app.sql('with gone as (delete from echo_index_queue returning 1) select from gone')).length === 0
    );
  };
  expect(await areIndexed(64, 0)).toBe(true);
  expect(await areIndexed(63, 0)).toBe(false);
  expect(await areIndexed(16, 1_000)).toBe(true);
  expect(await areIndexed(15, 1_000)).toBe(false);
  expect(await areIndexed(1, 10_000)).toBe(true);
});

describe('turns that change after they were read for the index, and before it has them', () => {
  /** A server whose index nobody writes but who asks for it, with what happens before a transaction of it begins. */
  async function start() {
    const { app, db, texts, terms } = await startUnindexed();
    const index = (meanwhile: () => Promise<unknown> = async () => undefined) => {
      const transaction: typeof db.transaction = async (work) => {
        await meanwhile();
        return db.transaction(work);
      };
      return indexTurns({ db: { ...db, transaction }, texts }, owner, 100);
    };
    const found = async (word: string) =>
      (
        await app.graphql(
          'query ($word: String!) { memorySearch(query: $word) { hits { interaction { query } } } }',
          {
            word,
          },
        )
      ).data.memorySearch.hits.map((hit: { interaction: { query: string } }) => hit.interaction.query);
    return { app, index, terms, found };
  }

  test('leave no word there when they are deleted, nor in the turns around them', async () => {
    const { app, index, terms } = await start();
    const record = async (conversation: string, query: string) =>
      (await app.record(conversation, [query]))[0]?.turnId as string;
    const forget = async (turnId: string) => {
      await app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', {
        id: turnId,
      });
      expect(await forgetRemoved(app.app.services, owner)).toBe(true);
    };
    const own = await record('hills', 'ouzel');
    await record('hills', 'plover');
    await index(() => forget(own));
    expect(await terms()).toEqual(['plover']);

    const earlier = await record('cliffs', 'kestrel');
    await index();
    await record('cliffs', 'wagtail');
    await index(() => forget(earlier));
    expect(await terms()).toEqual(['plover', 'wagtail']);
  });

  test('are there with the answer that they got', async () => {
    const { app, index, terms } = await start();
    await app.record('hangar', ['Where is the zeppelin?']);
    await app.sql("update echo_unified_interactions set status = 'INTERRUPTED'");
    await index(async () => {
      await app.sql(
        "update echo_unified_interactions set response = 'In Friedrichshafen', status = 'ANSWERED'",
      );
      await app.sql('update echo_index_queue set queued_at = now()');
    });
    expect(await app.sql('select interaction_id from echo_index_queue')).toEqual([]);
    expect(await terms()).toContain('friedrichshafen');
  });

  test('give those that were indexed behind them the answer that they got', async () => {
    const { app, index } = await start();
    const says = async () => {
      const { data } = await app.graphql(
        '{ memorySearch(query: "friedrichshafen") { hits { tier interaction { query } } } }',
      );
      return data.memorySearch.hits
        .filter(({ tier }: { tier: string }) => tier === 'KEYWORDS')
        .map((hit: { interaction: { query: string } }) => hit.interaction.query);
    };
    await app.record('hangar', ['Where is the zeppelin?']);
    await app.sql("update echo_unified_interactions set status = 'INTERRUPTED'");
    await index();
    for (const query of ['I am driving there.', 'It is far.', 'We will be late.', 'Nobody waits.']) {
      await app.record('hangar', [query]);
      await index();
    }
    await app.sql(`with answered as (
        update echo_unified_interactions set response = 'In Friedrichshafen', status = 'ANSWERED'
        where query like 'Where%' returning id)
      insert into echo_index_queue (interaction_id, tenant_id, user_id) select id, 'default', 'default' from answered`);
    await index();
    expect(await forgetRemoved(app.app.services, owner)).toBe(true);
    expect(await says()).toEqual([
      'Where is the zeppelin?',
      'I am driving there.',
      'It is far.',
      'We will be late.',
    ]);
    // What was said behind it is found with it, too.
    const { data } = await app.graphql(
      '{ memorySearch(query: "driving") { hits { tier interaction { query } } } }',
    );
    const driving = data.memorySearch.hits.filter(({ tier }: { tier: string }) => tier === 'KEYWORDS');
    expect(driving.map((hit: { interaction: { query: string } }) => hit.interaction.query)).toContain(
      'Where is the zeppelin?',
    );
  });

  test('have numbers of their own where others were faster', async () => {
    const { app, index, found } = await start();
    await app.record('hangar', ['zeppelin']);
    await index(async () => {
      await app.record('harbour', ['dinghy']);
      await app.sql("delete from echo_index_queue where user_id = 'default' and interaction_id = 1");
      await indexTurns(app.app.services, owner, 100);
      await app.sql(
        "insert into echo_index_queue (interaction_id, tenant_id, user_id) values (1, 'default', 'default')",
      );
    });
    expect(
      await app.sql('select document, interaction_id as id from echo_index_documents order by 1'),
    ).toEqual([
      { document: 0, id: 2 },
      { document: 1, id: 1 },
    ]);
    expect((await found('zeppelin'))[0]).toBe('zeppelin');
    expect((await found('dinghy'))[0]).toBe('dinghy');
  });
});
