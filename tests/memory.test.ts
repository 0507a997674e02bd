import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvaluation } from '../bench/evaluate/dialogues.ts';
import { askQuestions, recordDialogues } from '../bench/evaluate/run.ts';
import { meanScores, scoreRankings } from '../bench/evaluate/score.ts';
import { readPostings, spaceForPostings } from '../src/domains/word-index/postings.ts';
import { forgetRemoved } from '../src/domains/word-index/removals.ts';
import { mergeSegments } from '../src/domains/word-index/segments.ts';
import { compactIndex, indexTurns, lockOwner } from '../src/domains/word-index/writer.ts';
import { startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { type QdrantDouble, startQdrantDouble } from './support/qdrant-double.ts';
import type { GivenTurn } from './support/turns.ts';

const DIALOGUES = fileURLToPath(new URL('fixtures/dialogues.json', import.meta.url));
const SEARCH = `query ($query: String!, $limit: Int, $filter: MemoryFilter) {
  memorySearch(query: $query, limit: $limit, filter: $filter) {
    degraded hits { score tier reasons interaction { turnId query } }
  }
}`;

interface Hit {
  score: number;
  tier: string;
  reasons: string[];
  interaction: { turnId: string; query: string };
}

let app: TestApp;

/** A server for the tests of a block. */
function useApp(start: () => Promise<TestApp> = () => startTestApp()) {
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());
}

const record = (user: string, conversationId: string, turns: readonly GivenTurn[]) =>
  app.record(conversationId, turns, user);

async function search(user: string, query: string, filter: object | null = null, limit = 20) {
  const { data, errors } = await app.graphql(SEARCH, { query, limit, filter }, user);
  expect(errors).toBeUndefined();
  return data.memorySearch as { degraded: boolean; hits: Hit[] };
}

const found = async (user: string, query: string, filter: object | null = null, limit = 20) =>
  (await search(user, query, filter, limit)).hits.map((hit) => hit.interaction.query);

/** As the worker does, without waiting for it. */
async function index(user: string, batch = 100) {
  const { db, texts } = app.app.services;
  const owner = { tenantId: 'default', userId: user };
  const waiting = 'select interaction_id from echo_index_queue where user_id = $1 limit 1';
  // The worker of the server may be at the same turns.
  while ((await app.sql(waiting, [user])).length > 0) await indexTurns({ db, texts }, owner, batch);
  await compactIndex({ db }, owner);
}

const NOISE = Array.from({ length: 120 }, (_, number) => ({
  query: `Note ${number}: ${['rain', 'train', 'paint', 'bread', 'chess'][number % 5]} as on day ${number % 7}`,
  response: 'Noted.',
}));

describe('our own dialogues', () => {
  useApp();
  // Segments are as large as they are made here.
  beforeAll(() => app.app.services.indexWorker.stop());
  const send = ({ query, variables }: { query: string; variables: object }) =>
    app.graphql(query, variables as Record<string, unknown>);

  test('are found again, and the same whether indexed one by one, together, or not yet', async () => {
    const { dialogues, questions } = await readEvaluation(DIALOGUES);
    const ids = await recordDialogues(dialogues, send);
    const ask = async () =>
      (await askQuestions(questions, ids, send)).map(({ questionId, ranked }) => ({
        questionId,
        ranked,
        ...{ ms: 0, tokens: 0 },
      }));
    const fresh = await ask();
    for (const { conversationId } of dialogues) await index(conversationId, 1);
    const oneByOne = await ask();
    const segments = await app.sql('select documents from echo_index_segments order by owner_id, segment');
    await app.sql(
      `truncate echo_index_owners, echo_index_documents, echo_index_segments, echo_index_postings restart identity`,
    );
    await app.sql(
      'insert into echo_index_queue (interaction_id, tenant_id, user_id) select id, tenant_id, user_id from echo_unified_interactions',
    );
    for (const { conversationId } of dialogues) await index(conversationId, 1_000);
    const together = await ask();
    expect(oneByOne).toEqual(fresh);
    expect(together).toEqual(fresh);
    // 28 to 30 turns each: three segments of eight were merged, the rest were not.
    expect(segments.map(({ documents }) => documents)).toContain(8);

    const [all] = meanScores(questions, scoreRankings(questions, fresh));
    // Both fall below if neighbours' words, the speaker, or the rarity of words are left out (90, 88, 88; 50).
    expect(all?.recall[5]).toBeGreaterThanOrEqual(0.91);
    expect(all?.mrr).toBeGreaterThanOrEqual(0.58);
    expect(all?.ndcg).toBeGreaterThanOrEqual(0.6);
  });
});

describe('a search', () => {
  useApp();
  beforeAll(async () => {
    await record('ada', 'diary', [
      { query: 'My locker code at the climbing hall is four seven one', timestamp: '2023-05-08T10:00:00Z' },
      { query: 'Which rope should I buy?', response: 'The blue one, nine millimetres.' },
      ...NOISE,
    ]);
    await record('ada', 'other', [
      { query: 'The climbing hall closes in August', timestamp: '2024-08-01T10:00:00Z' },
    ]);
  });

  test('finds a turn at once, with score, tier and reasons; and the same after it was indexed', async () => {
    const before = await search('ada', 'What is the code of my locker?');
    expect(before.degraded).toBe(false);
    expect(before.hits[0]).toMatchObject({
      tier: 'KEYWORDS',
      interaction: { query: 'My locker code at the climbing hall is four seven one' },
    });
    expect(before.hits[0]?.reasons[0]).toMatch(/^shares words: (code, locker|locker, code)$/);
    expect(before.hits[0]?.reasons.at(-1)).toMatch(/^said \d+ years ago$/);
    await index('ada');
    expect(await search('ada', 'What is the code of my locker?')).toEqual(before);
  });

  test('finds by what was said beside a turn, and says so', async () => {
    const { hits } = await search('ada', 'nine millimetres');
    const beside = hits.find(({ interaction }) => interaction.query.startsWith('Note 0:'));
    // "Note 9" says nine, too.
    expect(beside?.reasons.join()).toContain('just before it was said: millimetres, nine');
  });

  test('prefers what names a place where that is asked for', async () => {
    await record('places', 'p', [
      'The workshop with the potters was in Lisbon',
      'The workshop with the potters was a delight',
      'The workshop with the potters began early',
    ]);
    expect((await found('places', 'Where was the workshop with the potters?'))[0]).toMatch(/Lisbon/);
  });

  test.each([
    ['Who came to the regatta?', 'The regatta: my cousin came', 'The regatta: the sun came'],
    ['Why did the regatta end?', 'The regatta did end because of fog', 'The regatta did end with no fog'],
    [
      'How long was the regatta?',
      'The regatta went on for three hours',
      'The regatta went on for three miles',
    ],
    ['How long was the regatta?', 'The regatta took a couple of days', 'The regatta took no couple at all'],
    [
      'Which film of the regatta?',
      'The regatta film was “Salt and Sail”',
      'The regatta film was Salt and Sail',
    ],
  ])('prefers what answers such a question: %s', async (question, answer, other) => {
    const user = `${question} ${answer}`.replace(/\W/g, '');
    // Of equals the latest would come first.
    await record(user, 'one', [{ query: answer, timestamp: '2024-03-01T10:00:00Z' }]);
    await record(user, 'other', [{ query: other, timestamp: '2024-03-02T10:00:00Z' }]);
    expect((await found(user, question))[0]).toBe(answer);
  });

  test('finds many turns that are acknowledged together', async () => {
    const turns = Array.from({ length: 300 }, (_, number) => ({
      query: `parcel number ${number} zz${number}zz`,
    }));
    for (let from = 0; from < 300; from += 100)
      await record('bulk', 'parcels', turns.slice(from, from + 100));
    for (const number of [0, 99, 150, 299])
      expect((await found('bulk', `zz${number}zz`))[0]).toContain(`zz${number}zz`);
  });

  test('holds to its filters', async () => {
    const climbing = (filter: object) => found('ada', 'climbing hall', filter);
    expect(await climbing({ conversationId: 'other' })).toEqual(['The climbing hall closes in August']);
    expect(await climbing({ until: '2023-12-31T00:00:00Z' })).toEqual([
      'My locker code at the climbing hall is four seven one',
    ]);
    expect(await climbing({ since: '2024-01-01T00:00:00Z', until: '2024-12-31T00:00:00Z' })).toEqual([
      'The climbing hall closes in August',
    ]);
    const { hits } = await search('ada', 'climbing hall', { minScore: 0.9 });
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.every(({ score }) => score >= 0.9)).toBe(true);
    const { hits: recent } = await search('ada', 'climbing hall', { tiers: ['RECENT'] });
    expect(new Set(recent.map(({ tier }) => tier))).toEqual(new Set(['RECENT']));
    expect(await climbing({ conversationId: 'no such' })).toEqual([]);
  });

  test('looks beyond the best where a loose filter leaves few of them', async () => {
    const turns = Array.from({ length: 400 }, (_, number) => ({
      query: `walnut walnut walnut ${number}`,
      timestamp: number === 0 ? '2020-01-01T00:00:00Z' : '2021-01-01T00:00:00Z',
    }));
    for (let from = 0; from < 400; from += 100) await record('loose', `nuts`, turns.slice(from, from + 100));
    await index('loose');
    expect(await found('loose', 'walnut', { until: '2020-06-01T00:00:00Z' })).toEqual([
      'walnut walnut walnut 0',
    ]);
  });

  test('sends a fixed number of statements, whatever it finds', async () => {
    await index('ada');
    const sent = async (limit: number) => {
      app.statements.length = 0;
      await search('ada', 'climbing hall rain train', null, limit);
      return app.statements.filter((name) => name !== 'ping');
    };
    // Workers that still make vectors of what was recorded above run beside it. They can only add, and come to rest.
    await expect.poll(() => sent(1)).toHaveLength(5);
    await expect.poll(async () => (await sent(100)).length).toBeLessThanOrEqual(6);
  });

  test('reads of the turns what is shown of them, and finds the same', async () => {
    await index('ada');
    const hits = async (shown: string) => {
      app.statements.length = 0;
      const { data, errors } = await app.graphql(
        `{ memorySearch(query: "climbing hall rain train") { hits { score tier reasons interaction { ${shown} } } } }`,
        {},
        'ada',
      );
      expect(errors).toBeUndefined();
      const read = app.statements.filter((name) => name === 'memories_by_id' || name === 'said_by_id');
      return { read, hits: data.memorySearch.hits as { interaction: object }[] };
    };
    const said = 'turnId sequence conversationId userId query response speaker modelUsed timestamp status';
    const few = await hits(said);
    const all = await hits(`${said} rating metadata processingTimeMs`);
    // All of what was said was read while it was ranked.
    expect([few.read, all.read]).toEqual([[], ['memories_by_id']]);
    expect(few.hits.length).toBeGreaterThan(1);
    expect(all.hits).toMatchObject(few.hits);

    const long = `The funicular ${'climbs '.repeat(200)}to the observatory`;
    await record('ada', 'long', [
      { query: long },
      { query: `${'The funicular climbs. '.repeat(45)}Slowly.` },
    ]);
    const { data } = await app.graphql(
      `{ memorySearch(query: "funicular climbs") { hits { interaction { ${said} } } } }`,
      {},
      'ada',
    );
    const texts = data.memorySearch.hits.map(
      ({ interaction }: { interaction: { query: string } }) => interaction.query,
    );
    expect(texts).toEqual(expect.arrayContaining([long, expect.stringContaining('Slowly.')]));
    expect(app.statements).toContain('said_by_id');
  });

  test('never leaves its user: indexed, fresh, or waiting', async () => {
    await record('eve', 'hers', [{ query: 'Nothing of mine' }]);
    await record('nina', 'hers too', [{ query: 'The quinquereme sails at dawn' }]);
    expect(await found('eve', 'quinquereme')).not.toContain('The quinquereme sails at dawn');
    await index('nina');
    await index('eve');
    expect(await found('eve', 'quinquereme')).not.toContain('The quinquereme sails at dawn');
    expect(await found('nina', 'quinquereme')).toContain('The quinquereme sails at dawn');
    const { data, errors } = await app.graphql(
      SEARCH,
      { query: 'quinquereme', filter: { userId: 'nina' } },
      'eve',
    );
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('takes the words of a deleted conversation out of the index', async () => {
    await record('zoe', 'secret', [
      { query: 'The vault is under the marzipan statue' },
      { query: 'Tell nobody' },
    ]);
    await record('zoe', 'open', [{ query: 'The statue of the marzipan maker is closed' }]);
    await index('zoe');
    const terms = async () =>
      (
        await app.sql(
          "select distinct term from echo_index_postings p join echo_index_owners o using (owner_id) where user_id = 'zoe' order by 1",
        )
      ).map(({ term }) => term);
    expect(await terms()).toContain('vault');
    await app.graphql('mutation { deleteConversation(conversationId: "secret") { __typename } }', {}, 'zoe');
    expect(await found('zoe', 'marzipan')).toEqual(['The statue of the marzipan maker is closed']);
    await forgetRemoved(app.app.services, { tenantId: 'default', userId: 'zoe' });
    expect(await terms()).not.toContain('vault');
    expect(await terms()).toContain('marzipan');
    expect(await found('zoe', 'marzipan')).toEqual(['The statue of the marzipan maker is closed']);
  });
});

describe('segments of the index', () => {
  useApp();
  beforeAll(() => app.app.services.indexWorker.stop());
  const owner = { tenantId: 'default', userId: 'max' };
  /** What the postings hold of each term, by document. */
  const held = async () => {
    const terms = new Map<string, { saying: number; entries: Map<number, string> }>();
    const space = spaceForPostings();
    for (const { term, saying, data } of await app.sql(
      'select * from echo_index_postings order by segment',
    )) {
      const known = terms.get(term) ?? { saying: 0, entries: new Map() };
      space.count = 0;
      readPostings(data, space);
      for (let at = 0; at < space.count; at++) {
        const document = space.documents[at] as number;
        const entry = `${space.weights[at]}/${space.said[at]}`;
        known.entries.set(
          document,
          [...(known.entries.get(document)?.split(' ') ?? []), entry].sort().join(' '),
        );
      }
      known.saying += saying;
      terms.set(term, known);
    }
    return terms;
  };
  const saying = async (word: string) =>
    (await search('max', word)).hits.filter(({ reasons }) => reasons.includes(`shares words: ${word}`))
      .length;
  const rowsOfATerm = async () =>
    (
      await app.sql(
        'select max(count)::int as most from (select count(*) from echo_index_postings group by term)',
      )
    )[0]?.most;

  test('are merged and give up a deleted conversation without a change to anything else', async () => {
    const { db } = app.app.services;
    for (let number = 0; number < 27; number++)
      await record('max', `thread ${number % 3}`, [
        {
          query: `Tell me of ${['goats', 'boats', 'coats'][number % 3]} and the harbour`,
          response: `Part ${number}`,
        },
        { query: 'And what else?', response: `The ${number % 3 === 1 ? 'walrus' : 'lamp'} swims` },
      ]);
    // Each segment holds turns of two conversations.
    while ((await indexTurns(app.app.services, owner, 4))?.turns);
    const before = await held();
    expect(await rowsOfATerm()).toBe(14);

    // A merge that was cut off before anything was joined.
    await db.transaction(async (client) => {
      const locked = await lockOwner(client, owner);
      if (!locked) throw new Error('the index is locked');
      await mergeSegments(client, locked);
    });
    expect(await saying('walrus')).toBe(9);
    await app.graphql(
      'mutation { deleteConversation(conversationId: "thread 1") { __typename } }',
      {},
      'max',
    );
    // The worker of the server may be at it.
    await expect.poll(() => forgetRemoved(app.app.services, owner)).toBe(true);
    expect(await saying('walrus')).toBe(0);
    const left = new Set(
      (await app.sql('select document from echo_index_documents')).map(({ document }) => document),
    );
    expect(left.size).toBe(36);
    const expected = new Map(
      [...before].flatMap(([term, { entries }]) => {
        const kept = [...entries].filter(([document]) => left.has(document));
        // Bit 1: said by the turn itself.
        const saying = kept.filter(([, entry]) =>
          entry.split(' ').some((each) => Number(each.split('/')[1]) & 1),
        ).length;
        return kept.length > 0 ? [[term, { saying, entries: new Map(kept) }] as const] : [];
      }),
    );
    expect(await held()).toEqual(expected);

    await compactIndex(app.app.services, owner);
    expect(await app.sql('select distinct is_joining from echo_index_segments')).toEqual([
      { is_joining: false },
    ]);
    expect(await rowsOfATerm()).toBe(7);
    expect(await held()).toEqual(expected);
    expect(await saying('goats')).toBe(9);
  });
});

describe('characters', () => {
  useApp(() => startTestApp({ seed: true }));

  test('are a reason of their own, and a filter', async () => {
    const ask = `mutation ($query: String!) {
      processQuery(input: { query: $query, conversationId: "studio" }) { ... on ProcessQuerySuccess { interaction { turnId } } }
    }`;
    await app.graphql(ask, { query: 'Tell me about Kai Nakamura' }, 'ada');
    await app.graphql(ask, { query: 'Who is Mei Kobayashi?' }, 'ada');
    await record('ada', 'plain', [{ query: 'The hero wore a long coat' }]);
    const { hits } = await search('ada', 'What did Kai Nakamura wear?');
    expect(hits[0]).toMatchObject({
      tier: 'CHARACTER',
      interaction: { query: 'Tell me about Kai Nakamura' },
    });
    expect(hits[0]?.reasons[0]).toBe('mentions the same character');
    expect(hits.every(({ score, tier }) => tier !== 'CHARACTER' || score >= 0.25)).toBe(true);
    expect(await found('ada', 'hero', { character: 'Kai Nakamura' })).toEqual(['Tell me about Kai Nakamura']);
    const { errors } = await app.graphql(SEARCH, { query: 'x', filter: { character: 'Nobody' } }, 'ada');
    expect(errors?.[0]?.message).toContain('filter.character');
  });
});

describe('the index', () => {
  useApp();
  const owner = { tenantId: 'default', userId: 'ada' };
  const index1 = () => index('ada');
  const terms = async () =>
    (await app.sql('select distinct term from echo_index_postings order by 1')).map(({ term }) => term);

  test('has the answer of a turn that was interrupted, and forgets the number that it had before', async () => {
    const { db } = app.app.services;
    await record('ada', 'answers', [{ query: 'Where is the zeppelin hangar?' }]);
    await index1();
    await app.sql("update echo_unified_interactions set status = 'INTERRUPTED'");
    const [turn] = await app.sql('select id from echo_unified_interactions');
    await app.sql(
      "update echo_unified_interactions set response = 'In Friedrichshafen', status = 'ANSWERED'",
    );
    await app.sql('insert into echo_index_queue (interaction_id, tenant_id, user_id) values ($1, $2, $3)', [
      turn?.id,
      owner.tenantId,
      owner.userId,
    ]);
    await index1();
    expect(await found('ada', 'Friedrichshafen')).toEqual(['Where is the zeppelin hangar?']);
    await forgetRemoved(app.app.services, owner);
    expect(await app.sql('select document from echo_index_documents')).toEqual([{ document: 1 }]);
    expect(await app.sql('select segment from echo_index_segments')).toEqual([{ segment: 1 }]);
    expect(await found('ada', 'zeppelin')).toEqual(['Where is the zeppelin hangar?']);
    await app.graphql('mutation { deleteConversation(conversationId: "answers") { __typename } }', {}, 'ada');
    await forgetRemoved(app.app.services, owner);
    expect(await terms()).toEqual([]);
    expect((await db.pool.query('select * from echo_index_removals')).rows).toEqual([]);
  });

  test('searches beside each other, and then the index, analyse a new turn once', async () => {
    await record(
      'zoe',
      'new',
      Array.from({ length: 40 }, (_, number) => ({
        query: `marimba ${number}`,
        response: `bar${number} `.repeat(200),
      })),
    );
    const { misses } = app.app.services.texts.use;
    await Promise.all(Array.from({ length: 6 }, () => found('zoe', 'marimba')));
    await index('zoe');
    expect(app.app.services.texts.use.misses - misses).toBe(40);
  });

  test('takes long turns a few at a time, and words of any characters', async () => {
    await record(
      'ada',
      'long',
      Array.from({ length: 4 }, (_, number) => ({
        query: `volume ${number}`,
        response: `page${number} `.repeat(28_000),
      })),
    );
    const { db, texts } = app.app.services;
    expect(await indexTurns({ db, texts }, owner, 100)).toEqual({ turns: 4, isFull: false });
    await record('ada', 'odd', [
      { query: 'aaaaa\u{1df00}bbbbbb aaaaa\u{1df01}bbbbbb' },
      { query: `a${'\u{10428}'.repeat(80)} a${'\u{10428}'.repeat(81)}` },
      { query: '㌀'.repeat(32_000) },
    ]);
    expect(await indexTurns({ db, texts }, owner, 100)).toEqual({ turns: 3, isFull: false });
    expect(await found('ada', 'page2')).toContain('volume 2');
  });

  test('leaves out a turn that it cannot take, and goes on', async () => {
    await record('eve', 'blocked', [{ query: 'first' }, { query: 'second quokka' }]);
    await app.sql(`create function refuse() returns trigger language plpgsql as $$
      begin if new.term = 'first' then raise exception 'no' using errcode = '22000'; end if; return new; end $$`);
    await app.sql(
      'create trigger refuse before insert on echo_index_postings for each row execute function refuse()',
    );
    await app.sql("update echo_index_queue set queued_at = now() - interval '1 minute'");
    await expect
      .poll(() => app.sql("select term from echo_index_postings where term = 'quokka'"))
      .toHaveLength(1);
    expect(await found('eve', 'quokka')).toContain('second quokka');
    await app.sql('drop trigger refuse on echo_index_postings');
  });
});

describe('unusual words', () => {
  useApp();
  const SAID = [
    'Ich habe die Krankenversicherung gewechselt',
    '昨日、東京タワーに行きました',
    'ذهبت إلى المدرسة والمكتبة',
    'Вчера мы гуляли по набережной',
    '부산에서 친구를 만났어요',
    'I love 🎻 and 🦔',
    "Robert'); DROP TABLE students;--",
    'The discount is 100% on item_42 & more',
    'Ångström née Müller, Straße 5',
  ];
  beforeAll(() =>
    record(
      'poly',
      'glot',
      SAID.map((query) => ({ query, timestamp: '2020-01-01T00:00:00Z', sessionId: query })),
    ),
  );

  test.each([
    ['a part of a German compound', 'Versicherung', 0],
    ['Japanese', '東京', 1],
    ['one character of Japanese', '塔 京', 1],
    ['Arabic without the article', 'مكتبة', 2],
    ['Russian in another case', 'набережная', 3],
    ['Korean without the particle', '부산', 4],
    ['emoji', '🦔', 5],
    ['SQL', "'; DROP TABLE students; --", 6],
    ['LIKE', '100% item_42', 7],
    ['tsquery', 'item_42:* & !(discount | <->)', 7],
    ['no accents', 'angstrom muller strasse', 8],
  ])('%s', async (_name, query, wanted) => {
    expect((await found('poly', query))[0]).toBe(SAID[wanted]);
    await index('poly');
    expect((await found('poly', query))[0]).toBe(SAID[wanted]);
  });

  test.each([
    ['only stop words', 'what is it and was it for the'],
    ['only punctuation', '?!… --- %%% \\ \' "'],
    ['32,000 characters', 'lorem '.repeat(5_333)],
  ])('%s: an answer, not an error', async (_name, query) => {
    const { hits, degraded } = await search('poly', query);
    expect(hits).toEqual([]);
    expect(degraded).toBe(false);
  });

  test.each([
    ['empty', { query: '' }, 'query', '1'],
    ['100 kB', { query: 'x'.repeat(100_000) }, 'query', '32000'],
    ['limit 0', { query: 'x', limit: 0 }, 'limit', '100'],
    ['limit 10^9', { query: 'x', limit: 1_000_000_000 }, 'limit', '100'],
    ['minScore 2', { query: 'x', filter: { minScore: 2 } }, 'minScore', '1'],
  ])('%s: an error that names the field and the limit', async (_name, variables, field, limit) => {
    const { errors } = await app.graphql(SEARCH, variables, 'poly');
    expect(errors?.[0]?.message).toContain(field);
    expect(errors?.[0]?.message).toContain(limit);
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('while the database is away', () => {
  let proxy: Awaited<ReturnType<typeof startDatabaseProxy>>;
  useApp(async () => {
    proxy = await startDatabaseProxy();
    return startTestApp({ route: proxy.route, patienceMs: 0 });
  });
  afterAll(() => proxy.close());

  test('what waits for it is found, best first, and the answer says that turns may be missing', async () => {
    await record('ada', 'diary', [{ query: 'The stored harpsichord' }]);
    await proxy.refuse();
    await expect.poll(() => app.app.services.availability.isUp).toBe(false);
    expect(
      (await record('ada', 'diary', ['Rain again', 'A harpsichord was delivered'])).map(
        ({ durability }) => durability,
      ),
    ).toEqual(['JOURNALED', 'JOURNALED']);
    await record('bob', 'of bob', [{ query: 'His harpsichord' }]);
    const { hits, degraded } = await search('ada', 'harpsichord');
    expect(degraded).toBe(true);
    expect(hits[0]?.interaction.query).toBe('A harpsichord was delivered');
    expect(hits.map(({ interaction }) => interaction.query)).not.toContain('His harpsichord');
    const { misses } = app.app.services.texts.use;
    expect(await found('ada', 'harpsichord')).toContain('A harpsichord was delivered');
    // What waits was analysed by the first search, for all that follow.
    expect(app.app.services.texts.use.misses).toBe(misses);
    await proxy.restore();
    await expect.poll(() => found('ada', 'harpsichord')).toContain('The stored harpsichord');
    expect(await found('ada', 'harpsichord')).toContain('A harpsichord was delivered');
  });
});

describe('with a model that knows meaning', () => {
  let models: OpenAiServer;
  let qdrant: QdrantDouble;
  useApp(async () => {
    models = await startOpenAiServer({ embeddingDimensions: 64 });
    qdrant = await startQdrantDouble();
    const env = { EMBEDDINGS_BASE_URL: models.url, EMBEDDINGS_MODEL: 'small', QDRANT_URL: qdrant.url };
    // What stalls is waited for so long.
    return startTestApp({ env, patienceMs: 3_000 });
  });
  afterAll(async () => {
    await models.close();
    await qdrant.close();
  });
  const covered = () =>
    expect
      .poll(
        async () =>
          (await app.graphql('{ persistence { vectors { coverage model } } }')).data.persistence.vectors,
      )
      .toEqual({ coverage: 1, model: 'small' });

  test('of a turn, what is said in it is embedded, and nothing else', async () => {
    await record('ada', 'diary', [
      {
        query: 'Shall we paint the fence?',
        speaker: 'Ann',
        sessionId: 'one',
        timestamp: '2024-03-01T09:00:00Z',
      },
      { query: 'Green, please', speaker: 'Ben', sessionId: 'one', timestamp: '2024-03-01T09:01:00Z' },
      { query: 'Elsewhere', response: 'There', sessionId: 'two', timestamp: '2024-03-02T09:00:00Z' },
    ]);
    await covered();
    const texts = models.requests
      .filter(({ path }) => path === '/v1/embeddings')
      .flatMap(({ body }) => body.input);
    expect(texts).toEqual(
      expect.arrayContaining(['Shall we paint the fence?', 'Green, please', 'Elsewhere\nThere']),
    );
    // Who speaks is known once the turns are indexed.
    await expect
      .poll(async () => {
        await search('ada', 'Which colour did Ann want for her fence?');
        return models.requests.flatMap(({ path, body }) => (path === '/v1/embeddings' ? body.input : []));
      })
      .toContain('Which colour did I want for my fence?');
  });

  test('likeness of meaning finds turns of its own, and is a reason', async () => {
    await record('cara', 'hers', [{ query: 'why will they be here' }, ...NOISE.slice(0, 30)]);
    await covered();
    // Only stop words: no word of the index helps.
    const { hits } = await search('cara', 'they will be here and why');
    expect(hits[0]).toMatchObject({ tier: 'MEANING', interaction: { query: 'why will they be here' } });
    expect(hits[0]?.reasons.join()).toContain('means something similar');
    expect(await found('ada', 'they will be here and why')).not.toContain('why will they be here');
  });

  test.each([
    ['the model is down', () => models.embedWith(503), () => models.embedWith('answer')],
    ['the model stalls', () => models.embedWith('stall'), () => models.embedWith('answer')],
    ['the vector store stalls', () => qdrant.stall(), () => qdrant.recover()],
    ['the vector store is away', () => qdrant.goAway(), () => qdrant.comeBack()],
  ])(
    'while %s, words find, and the answer says so; meaning comes back by itself',
    async (name, fail, mend) => {
      // The vector of a query that was asked a moment ago is remembered.
      const query = `train paint ${name.replaceAll(/[^a-z]/g, '')}`;
      await fail();
      const { hits, degraded } = await search('cara', query);
      expect(degraded).toBe(true);
      expect(hits[0]?.tier).toBe('KEYWORDS');
      await mend();
      await expect.poll(async () => (await search('cara', query)).degraded, { interval: 500 }).toBe(false);
    },
  );
});
