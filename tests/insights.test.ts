import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await app.graphql('mutation { upsertCharacter(input: { characterName: "Zelda Quist" }) { __typename } }');
});
afterAll(() => app.close());

const COUNTS =
  'intents { name turns } topics { name turns } characters { character { characterName } turns }';
const INSIGHTS = `query ($since: DateTime) { insights(since: $since) { since until timeZone turns topicTurns ${COUNTS}
  hours { hour turns } periodUnit periods { start turns ${COUNTS} } } }`;
async function insights(user: string, since: string | null) {
  const { data, errors } = await app.graphql(INSIGHTS, { since }, user);
  expect(errors).toBeUndefined();
  return data.insights;
}
/** An instant so many days ago at an hour of UTC. */
function ago(days: number, hour: number): string {
  const at = new Date(Date.now() - days * 86_400_000);
  at.setUTCHours(hour, 30, 0, 0);
  return at.toISOString();
}

test('turns are counted over time, by what they ask for, are about, and name, in the user’s own days and hours', async () => {
  await app.graphql(
    'mutation { updateSettings(input: { timeZone: "Asia/Kolkata" }) { __typename } }',
    {},
    'ada',
  );
  await app.record(
    'of ada',
    [
      { query: 'The orchids need watering.', timestamp: ago(5, 20) },
      { query: 'My orchid has a new bloom. Orchids are slow.', timestamp: ago(5, 10) },
      { query: 'Zelda Quist repotted an orchid.', timestamp: ago(3, 10) },
      { query: 'I like Zelda Quist and the ukulele.', timestamp: ago(3, 11) },
      { query: 'key sk9ab2zz7 and sk9ab2zz7', timestamp: ago(3, 11) },
      { query: 'key sk9ab2zz7 again', timestamp: ago(3, 11) },
      { query: 'An orchid long ago.', timestamp: ago(50, 10) },
    ],
    'ada',
  );
  await app.record('of bob', [{ query: 'Orchids, orchids.', timestamp: ago(3, 10) }], 'bob');
  const counted = await insights('ada', null);
  expect(counted).toMatchObject({ timeZone: 'Asia/Kolkata', turns: 6, topicTurns: 6, periodUnit: 'DAY' });
  expect(counted.intents).toEqual([{ name: null, turns: 6 }]);
  expect(counted.topics[0]).toEqual({ name: 'orchid', turns: 3 });
  const names = counted.topics.map(({ name }: { name: string }) => name);
  for (const none of ['sk9ab2zz7', 'ukulele', 'the', 'new', 'like']) expect(names).not.toContain(none);
  expect(counted.characters).toEqual([{ character: { characterName: 'Zelda Quist' }, turns: 2 }]);
  // Five and a half hours later there.
  expect(counted.hours).toEqual([
    { hour: 2, turns: 1 },
    { hour: 16, turns: 2 },
    { hour: 17, turns: 3 },
  ]);
  expect(counted.periods.map(({ turns }: { turns: number }) => turns)).toEqual([1, 1, 4]);
  expect(counted.periods.map(({ start }: { start: string }) => start.slice(11))).toEqual(
    Array(3).fill('18:30:00.000Z'),
  );
  expect(counted.periods[2].characters).toEqual([{ character: { characterName: 'Zelda Quist' }, turns: 2 }]);
  expect(counted.periods[0].topics).toEqual([{ name: 'orchid', turns: 1 }]);
  const all = await insights('ada', ago(450, 0));
  expect([all.turns, all.periodUnit]).toEqual([7, 'MONTH']);
  expect((await insights('ada', ago(100, 0))).periodUnit).toBe('WEEK');
  expect(await insights('nobody', null)).toMatchObject({
    turns: 0,
    intents: [],
    topics: [],
    hours: [],
    periods: [],
  });
});

test('questions are counted by their intent', async () => {
  for (const query of ['What did I say of the sea?', 'What did I say of the moon?', 'Who is Zelda Quist?'])
    await app.graphql(
      'mutation ($query: String!) { processQuery(input: { query: $query }) { __typename } }',
      { query },
      'cleo',
    );
  expect((await insights('cleo', null)).intents).toEqual([
    { name: 'memory_recall', turns: 2 },
    { name: 'character_query', turns: 1 },
  ]);
});

test('what is to come is refused', async () => {
  const { errors } = await app.graphql(INSIGHTS, { since: '2999-01-01T00:00:00Z' }, 'ada');
  expect(errors?.[0]?.message).toBe('since: must not be in the future');
});
