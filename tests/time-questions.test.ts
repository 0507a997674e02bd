import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

/** A Saturday; in New York it is still Friday. */
const NOW = '2026-11-28T00:46:00Z';
const ASK = `mutation ($input: ProcessQueryInput!) {
  processQuery(input: $input) {
    ... on ProcessQuerySuccess { interaction { response } memories { interaction { query } } } ... on Error { message }
  }
}`;

let app: TestApp;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(NOW) });
  app = await startTestApp();
});
afterEach(() => {
  vi.setSystemTime(new Date(NOW));
});
afterAll(async () => {
  await app.close();
  vi.useRealTimers();
});

const record = (user: string, conversationId: string, turns: { query: string; timestamp: string }[]) =>
  app.record(conversationId, turns, user);
const hitsOf = (user: string, query: string, options: Parameters<TestApp['search']>[2] = {}) =>
  app.search(query, user, options);
const found = async (user: string, query: string, options: Parameters<TestApp['search']>[2] = {}) =>
  (await hitsOf(user, query, options)).map((hit) => hit.interaction.query);

/** Turns of three years that name times, and days of which nothing is asked. */
function chatter(): { query: string; timestamp: string }[] {
  const things = [
    'the roof',
    'a kayak',
    'our tomatoes',
    'the train',
    'my sister',
    'a recipe',
    'the tax form',
    'a film',
  ];
  const sayings = [
    (thing: string) => `Yesterday I talked about ${thing} for an hour.`,
    (thing: string) => `Next week I want to deal with ${thing} in November.`,
    (thing: string) => `Nine days and nights, and nothing happened with ${thing}.`,
    (thing: string) => `What did I do about ${thing} last Monday?`,
    (thing: string) => `Every Friday this year I cook and think of ${thing}.`,
  ];
  const turns = [];
  for (let number = 0; turns.length < 380; number++) {
    // Noon, on days of 2023 and 2024 but for those that are asked for.
    const at = new Date(Date.UTC(2023, 5, 1, 12) + number * 86_400_000);
    if (/^2024-(05-0[1-9]|0[678]|12-2|12-3)/.test(at.toISOString())) continue;
    const thing = things[number % things.length] ?? '';
    turns.push({ query: sayings[number % sayings.length]?.(thing) ?? '', timestamp: at.toISOString() });
  }
  return turns;
}

/** What is asked, what was said, and when. */
const QUESTIONS: [question: string, said: string, at: string][] = [
  ['What did we talk about yesterday?', 'Bought a standing desk made of oak.', '2026-11-27T09:00:00Z'],
  ['What happened on 2026-11-26?', 'Ingrid lost her first tooth.', '2026-11-26T18:00:00Z'],
  ['What did I do on 25/11/2026?', 'The plumber repaired the boiler.', '2026-11-25T08:00:00Z'],
  ['What did I do on 24 November?', 'Signed the lease.', '2026-11-24T15:00:00Z'],
  ['What did I do on Monday?', 'Swam forty lengths.', '2026-11-23T07:00:00Z'],
  ['What did I mention nine days ago?', 'The cat hides in the cellar.', '2026-11-19T20:00:00Z'],
  ['What was going on two weeks ago?', 'Our choir sang in Porto.', '2026-11-14T20:00:00Z'],
  ['Was there anything on the 9th?', 'Aunt Rosa came for lunch.', '2026-11-09T12:00:00Z'],
  ['What did I tell you last month?', 'My thesis was accepted.', '2026-10-11T12:00:00Z'],
  ['What did I do in August?', 'We hiked across the Rila mountains.', '2026-08-17T12:00:00Z'],
  ['What did we discuss last spring?', 'The hedgehog moved in under the shed.', '2026-04-20T12:00:00Z'],
  ['What did we do over Christmas?', 'We skated on the frozen lake.', '2025-12-25T12:00:00Z'],
  ['What did I do last year around Easter?', 'Painted forty eggs with the twins.', '2025-04-20T12:00:00Z'],
  ['What did I say between 3 and 5 May 2024?', 'The bees swarmed.', '2024-05-04T12:00:00Z'],
  ['What did I do in the summer of 2024?', 'Sailed to the islands.', '2024-07-10T12:00:00Z'],
  ['Where did I eat on New Year’s Eve 2024?', 'Oysters at the harbour.', '2024-12-31T21:00:00Z'],
  ['Was haben wir vorgestern besprochen?', 'Ingrid lost her first tooth.', '2026-11-26T18:00:00Z'],
  ["Qu'est-ce que j'ai fait le 24 novembre ?", 'Signed the lease.', '2026-11-24T15:00:00Z'],
  ['¿Qué hice ayer?', 'Bought a standing desk made of oak.', '2026-11-27T09:00:00Z'],
  ['What did I do an hour ago?', 'Watered the ferns.', '2026-11-27T23:44:00Z'],
  ['Who came for lunch this month?', 'Aunt Rosa came for lunch.', '2026-11-09T12:00:00Z'],
];

describe('among 400 turns', () => {
  beforeAll(async () => {
    const said = new Map(QUESTIONS.map(([, query, timestamp]) => [query, { query, timestamp }]));
    await record('ines', 'chatter', chatter());
    await record(
      'ines',
      'said',
      [...said.values()].sort((a, b) => a.timestamp.localeCompare(b.timestamp)),
    );
    // On a busy machine the first search of all may be cut off.
    await vi.waitFor(async () => expect(await found('ines', 'yesterday')).not.toEqual([]), {
      timeout: 60_000,
    });
  });

  test.each(QUESTIONS)('%s', async (question, said, at) => {
    const [first] = await hitsOf('ines', question, { limit: 5 });
    // The evening of yesterday is also yesterday's.
    const latest = /yesterday|ayer/.test(question) ? 'Watered the ferns.' : said;
    expect([said, latest]).toContain(first?.interaction.query);
    expect(first?.reasons.join('\n')).toMatch(/said (at|near) the time asked for/);
    if (first?.interaction.query === said) expect(first?.reasons.join('\n')).toContain(at.slice(0, 10));
  });

  test.each([
    ['What did we talk about yesterday?', ['Watered the ferns.', 'Bought a standing desk made of oak.']],
    ['What happened on 2026-11-21?', []],
    ['¿Qué hice anteayer?', ['Ingrid lost her first tooth.']],
  ])('%s: nothing of another time', async (question, said) => {
    expect(await found('ines', question)).toEqual(said);
  });

  test('conditions hold beside the time', async () => {
    const question = 'What did I do this month?';
    const since = '2026-11-24T00:00:00Z';
    const until = '2026-11-25T23:59:59.999Z';
    expect(await found('ines', question, { filter: { since, until } })).toEqual([
      'The plumber repaired the boiler.',
      'Signed the lease.',
    ]);
    expect(await found('ines', question, { filter: { conversationId: 'chatter' } })).toEqual([]);
    expect(await found('ines', question, { filter: { tiers: ['PHRASE', 'KEYWORDS', 'CHARACTER'] } })).toEqual(
      [],
    );
    expect(await found('eve', question)).toEqual([]);
  });

  test('words count among the turns of a time, and time does not hide who speaks of something else', async () => {
    expect((await found('ines', 'What did I buy yesterday?'))[0]).toBe('Bought a standing desk made of oak.');
    expect((await found('ines', 'Sunday roast recipe'))[0]).toMatch(/recipe/);
    expect((await found('ines', 'May I borrow the kayak?'))[0]).toMatch(/kayak/);
  });

  test('few statements, whatever time is asked for', async () => {
    for (const question of ['What did I do in 2024?', 'What did I do on 24 November?', 'yesterday?']) {
      app.statements.length = 0;
      await hitsOf('ines', question);
      // Workers are at it, too.
      const own = app.statements.filter((name) =>
        /^(settings_of|turns_within|filtered_documents|pooled)/.test(name),
      );
      const of = (name: string) => own.filter((each) => each.startsWith(name)).length;
      expect([of('settings_of_user'), of('turns_within')]).toEqual([1, 1]);
      expect(own.length).toBeLessThanOrEqual(2 + 2 * 3);
    }
  });

  test('a time of which nothing was said is searched for by words once, as if it were the subject', async () => {
    const question = 'What did Zita say of the kayak on 3 March 2019?';
    app.statements.length = 0;
    expect((await found('ines', question))[0]).toMatch(/kayak/);
    const sent = app.statements.map((name) => name.replace(/_[0-9a-f]{16}$/, ''));
    const times = (meant: string) => sent.filter((name) => name === meant).length;
    expect(['any_turn_within', 'index_postings', 'pooled_turns', 'turns_within'].map(times)).toEqual([
      1, 1, 1, 0,
    ]);
  });

  test('the built-in answerer tells what was said then', async () => {
    const { data } = await app.graphql(ASK, { input: { query: 'What did I do on Monday?' } }, 'ines');
    expect(data.processQuery.interaction.response).toContain('[1] 2026-11-23, you: "Swam forty lengths."');
    expect(data.processQuery.memories).toEqual([{ interaction: { query: 'Swam forty lengths.' } }]);
    const none = await app.graphql(ASK, { input: { query: 'What happened on 2026-11-21?' } }, 'ines');
    expect(none.data.processQuery.interaction.response).toMatch(/^I remember nothing about that/);
    expect(none.data.processQuery.memories).toEqual([]);
  });
});

describe('days are those of the time zone', () => {
  beforeAll(() =>
    record('noor', 'shop', [
      { query: 'I bought cloves', timestamp: '2026-11-27T01:50:00Z' },
      { query: 'I bought cinnamon', timestamp: '2026-11-27T22:00:00Z' },
      { query: 'I bought nutmeg', timestamp: '2026-11-28T00:30:00Z' },
    ]),
  );

  test.each([
    // 19:46 on the 27th: today began at 05:00Z.
    ['America/New_York', ['I bought cloves'], ['I bought nutmeg', 'I bought cinnamon'], '2026-11-26'],
    ['UTC', ['I bought cinnamon', 'I bought cloves'], ['I bought nutmeg'], '2026-11-27'],
    // 06:16: today began at 18:30Z.
    ['Asia/Kolkata', ['I bought cloves'], ['I bought nutmeg', 'I bought cinnamon'], '2026-11-27'],
    // 13:46 at +13:00: today began at 11:00Z.
    ['Pacific/Apia', ['I bought cloves'], ['I bought nutmeg', 'I bought cinnamon'], '2026-11-27'],
    // 14:31 at +13:45: today began at 10:15Z.
    ['Pacific/Chatham', ['I bought cloves'], ['I bought nutmeg', 'I bought cinnamon'], '2026-11-27'],
    // 12:46 of the day before at -12:00.
    ['Etc/GMT+12', ['I bought cloves'], ['I bought nutmeg', 'I bought cinnamon'], '2026-11-26'],
  ])('%s', async (timeZone, yesterday, today, day) => {
    const of = (query: string) => found('noor', query, { timeZone });
    expect(await of('What did I do yesterday?')).toEqual(yesterday);
    expect(await of('What did I do today?')).toEqual(today);
    const hits = await hitsOf('noor', 'What did I buy yesterday?', { timeZone });
    expect(hits[0]?.reasons.join()).toContain(`said at the time asked for (${day})`);
  });

  test('the zone of the user holds where none is named, for searches, questions and the older API', async () => {
    await app.graphql(
      'mutation { updateSettings(input: { timeZone: "America/New_York" }) { __typename } }',
      {},
      'noor',
    );
    expect(await found('noor', 'What did I do yesterday?')).toEqual(['I bought cloves']);
    expect((await found('noor', 'What did I do yesterday?', { timeZone: 'UTC' }))[0]).toBe(
      'I bought cinnamon',
    );
    const asked = await app.graphql(ASK, { input: { query: 'What did I do yesterday?' } }, 'noor');
    expect(asked.data.processQuery.interaction.response).toContain('2026-11-26, you: "I bought cloves"');
    expect(asked.data.processQuery.memories).toHaveLength(1);
    const named = await app.graphql(
      ASK,
      { input: { query: 'What happened yesterday?', timeZone: 'UTC', conversationId: 'other' } },
      'noor',
    );
    expect(named.data.processQuery.memories).toHaveLength(2);
    const old = await app.post('/api/echo/query', { query: 'And what did I do yesterday?' }, 'noor');
    const { response } = (await old.json()) as { response: string };
    expect(response).toContain('cloves');
    expect(response).not.toContain('nutmeg');
  });

  test.each([
    // 23 hours: 05:00Z to 04:00Z of the next day; 25 hours: 04:00Z to 05:00Z.
    ['2026-03-09T12:00:00Z', 'America/New_York', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'],
    ['2026-11-02T12:00:00Z', 'America/New_York', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
    // The day began at 01:00, since its first hour was left out.
    ['2018-11-05T12:00:00Z', 'America/Sao_Paulo', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ['2026-04-06T12:00:00Z', 'Pacific/Chatham', '2026-04-05T11:15:00Z', '2026-04-06T11:15:00Z'],
  ])('the day before %s in %s', async (now, timeZone, first, next) => {
    vi.setSystemTime(new Date(now));
    const user = `${timeZone} ${now}`;
    const at = (instant: string, by: number) => new Date(Date.parse(instant) + by).toISOString();
    await record(user, `days of ${user}`, [
      { query: 'before', timestamp: at(first, -1) },
      { query: 'first', timestamp: at(first, 0) },
      { query: 'last', timestamp: at(next, -1) },
      { query: 'after', timestamp: at(next, 0) },
    ]);
    expect(await found(user, 'What happened yesterday?', { timeZone })).toEqual(['last', 'first']);
  });
});
