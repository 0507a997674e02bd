import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexTurns } from '../src/domains/word-index/writer.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

type Turn =
  | string
  | { query: string; response?: string; timestamp?: string; speaker?: string; metadata?: object };

const record = (user: string, turns: readonly Turn[], conversationId: string = randomUUID()) =>
  app.record(conversationId, turns, user);

async function find(user: string, text: string, more: object = {}, page: object = { first: 100 }) {
  const { data, errors } = await app.graphql(
    `query ($filter: InteractionFilter, $first: Int, $after: String, $last: Int, $before: String) {
      interactions(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { query } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    { filter: { text, ...more }, ...page },
    user,
  );
  expect(errors).toBeUndefined();
  return {
    queries: data.interactions.nodes.map((node: { query: string }) => node.query) as string[],
    pageInfo: data.interactions.pageInfo,
  };
}

/** Until the database has all turns of a user: a busy one takes them later than they are acknowledged. */
const stored = (user: string, count: number) =>
  expect
    .poll(
      async () =>
        (
          await app.sql('select count(*)::int as n from echo_unified_interactions where user_id = $1', [user])
        )[0]?.n,
    )
    .toBe(count);

/** Lets the index take all turns of a user, as its worker does. */
async function indexed(user: string) {
  const { db, texts } = app.app.services;
  const waiting = 'select interaction_id from echo_index_queue where user_id = $1 limit 1';
  while ((await app.sql(waiting, [user])).length > 0)
    await indexTurns({ db, texts }, { tenantId: 'default', userId: user }, 512);
}

const SAID: readonly (readonly [said: string, asked: readonly string[]])[] = [
  ['東京タワーに登った', ['東京', '東京タワー', 'タワー']],
  ['我对花生过敏', ['花生', '过敏']],
  ['แมวของฉันชื่อมะลิ', ['มะลิ', 'แมว']],
  ['내 동생은 부산에서 일해요', ['부산', '동생']],
  ['José lives in Montréal', ['jose', 'montreal', 'JOSÉ live', 'Montréal José']],
  ['Café Größe Straße', ['cafe', 'strasse', 'grosse', 'STRASSE cafe']],
  ['🎉 party at noon', ['🎉', 'parties 🎉']],
  ["Mr O'Brien sold it", ['obrien', 'O’Brien', 'o brien', "o'brien sold"]],
  ['ask OConnor', ["O'Connor", 'O’Connor', 'oconnor']],
  ["some rock'n'roll", ['rocknroll', 'rock n roll', 'roll']],
  ['class MyHttpServer fails', ['my http server', 'HttpServer', 'my_http_server']],
  ['retry max_retry_count', ['maxRetryCount', 'max retry count']],
  ['IBAN DE89 3704 0044 0532 0130 00', ['DE89370400440532013000', '3704 0044']],
  ['oven at 180°C', ['180 °C', '180C']],
  ['Louis XIV was king', ['Louis 14', 'louis xiv']],
  ['mice and men', ['mouse', 'man', 'mice']],
  ['Моя сестра живёт в Казани', ['сестры', 'живет', 'казань']],
  ['my e-mail is zed@example.org', ['example.org', 'email', 'zed@example.org', 'e-mail']],
  ['flight LH 2044 leaves early', ['LH2044', 'lh 2044', 'lh-2044', '2044']],
  ['the code is KX7731', ['KX 7731', 'kx7731', '7731']],
  ['Łukasz ate smørrebrød', ['Lukasz', 'smorrebrod', 'łukasz']],
  ['Işık hanım called', ['isik', 'ışık', 'HANIM']],
  ['I wore a T-shirt', ['tshirt', 't shirt', 't-shirt', 'shirt']],
  ['call +49 170 1234567', ['01701234567', '+491701234567', '170 1234567']],
  ['it cost 1,650 euros', ['1650', '1,650', '1650 euro']],
  ['she writes C++ and C#', ['C++', 'c#']],
  ['Ο παππούς μου ζει στην Πάτρα', ['παππους', 'πατρα']],
  ['मेरी बहन दिल्ली में रहती है', ['बहन', 'दिल्ली']],
  ['أختي تعمل في المكتبة', ['مكتبة', 'المكتبة']],
  ['Der Hausschlüssel liegt im Flur', ['Schlüssel', 'hausschlüssel', 'flur']],
  ['The U.S. embassy', ['US', 'u.s. embassy']],
  ['I owe nothing to the IT department', ['IT', 'departments']],
];

describe('the text filter knows the words of', () => {
  const user = randomUUID();
  const cases = SAID.flatMap(([said, asked]) => asked.map((text) => [text, said] as const));

  beforeAll(() =>
    record(
      user,
      SAID.map(([said]) => said),
    ),
  );

  test.each(cases)('%s: "%s", not indexed yet', async (text, said) => {
    expect((await find(user, text)).queries).toContain(said);
  });

  test('the same once they are indexed, and none that misses a word', async () => {
    await stored(user, SAID.length);
    await indexed(user);
    for (const [text, said] of cases) {
      const { queries } = await find(user, text);
      expect({ text, queries }).toEqual({ text, queries: [said] });
    }
    for (const text of ['jose elephant', '東京 花生', 'mouse party', 'LH 2045', 'LH2045', 'the', '…', '🎈'])
      expect({ text, ...(await find(user, text)) }).toMatchObject({ text, queries: [] });
  });
});

test('words of an answer and of a caption are found; of a neighbour and another user they are not', async () => {
  const [user, other] = [randomUUID(), randomUUID()];
  await record(user, [
    { query: 'What is it?', response: 'A theodolite.' },
    { query: 'And then?', response: 'We walked on.' },
    { query: 'Look', metadata: { caption: 'a photograph of gannets' } },
  ]);
  await record(other, ['My theodolite is broken.']);
  for (let round = 0; round < 2; round++) {
    expect((await find(user, 'theodolites')).queries).toEqual(['What is it?']);
    expect((await find(user, 'gannet photo')).queries).toEqual(['Look']);
    expect((await find(other, 'theodolite')).queries).toEqual(['My theodolite is broken.']);
    await indexed(user);
    await indexed(other);
  }
});

test('words of both sides count together, and other conditions hold as well', async () => {
  const user = randomUUID();
  await record(
    user,
    [
      { query: 'A kestrel sat there', response: 'On the chimney?', timestamp: '2026-01-05T10:00:00Z' },
      { query: 'Another kestrel', timestamp: '2026-02-05T10:00:00Z' },
    ],
    'birds',
  );
  await record(user, [{ query: 'A kestrel on our chimney', timestamp: '2026-03-05T10:00:00Z' }], 'roofs');
  for (let round = 0; round < 2; round++) {
    expect((await find(user, 'chimney kestrels')).queries).toEqual([
      'A kestrel on our chimney',
      'A kestrel sat there',
    ]);
    expect((await find(user, 'kestrel', { conversationId: 'birds' })).queries).toHaveLength(2);
    expect((await find(user, 'kestrel', { since: '2026-02-01T00:00:00Z' })).queries).toHaveLength(2);
    expect((await find(user, 'kestrel', { until: '2026-02-01T00:00:00Z' })).queries).toHaveLength(1);
    expect((await find(user, 'kestrel', { status: 'ANSWERED' })).queries).toEqual(['A kestrel sat there']);
    await indexed(user);
  }
});

describe('pages of what the text filter finds', () => {
  const user = randomUUID();
  const turns = Array.from({ length: 300 }, (_, n) => ({
    query: n % 5 === 0 ? `A heron stood at pond ${n}` : `Nothing happened on walk ${n}`,
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, Math.floor(n / 3))).toISOString(),
  }));
  const wanted = turns
    .filter(({ query }) => query.startsWith('A heron'))
    .map(({ query }) => query)
    .toReversed();

  async function walk(forward: boolean, size: number): Promise<string[]> {
    const found: string[][] = [];
    for (let cursor: string | null = null; ; ) {
      const page = forward ? { first: size, after: cursor } : { last: size, before: cursor };
      const { queries, pageInfo } = await find(user, 'herons', {}, page);
      found.push(queries);
      if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break;
      cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
    }
    return (forward ? found : found.toReversed()).flat();
  }

  beforeAll(() => record(user, turns, 'ponds'));

  test('have no gap and no duplicate, in both directions, whether indexed or not', async () => {
    await stored(user, turns.length);
    for (let round = 0; round < 2; round++) {
      for (const size of [11, 100]) {
        expect(await walk(true, size)).toEqual(wanted);
        expect(await walk(false, size)).toEqual(wanted);
      }
      await indexed(user);
    }
    await record(user, ['A heron came back.'], 'ponds');
    expect((await find(user, 'heron', {}, { first: 2 })).queries).toEqual(['A heron came back.', wanted[0]]);
  });

  test('are read without the turns that say something else', async () => {
    await indexed(user);
    app.statements.length = 0;
    expect((await find(user, 'heron', {}, { first: 5 })).queries).toHaveLength(5);
    expect(app.statements.filter((name) => name.startsWith('interaction_page'))).toHaveLength(1);
    expect(app.statements).not.toContain('index_texts');
  });
});
