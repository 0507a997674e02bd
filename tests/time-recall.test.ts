import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

/** A Saturday. */
const NOW = '2026-11-28T10:00:00Z';

const PIANO = 'Ordered a piano stool.';
const PARCEL = 'The parcel of tulip bulbs arrived.';
const CHESS = 'Lost at chess to Omar.';
const PARROT = 'Fed the parrot next door.';
const FENCE = 'Repainted the fence.';
const CHOIR = 'Our choir sang in Porto.';
const BOILER = 'Boiler inspected.';
const PUMPKINS = 'Carved three pumpkins.';
const GARLIC = 'Planted garlic.';
const KILN = 'The kiln cracked.';
const ISLANDS = 'Sailed to the islands.';
const CANARY = 'The canary hatched.';
const ROSA = 'Aunt Rosa turned ninety.';
const BAND = 'Marched with the brass band.';
const EGGS = 'Hid eggs with the twins.';
const OYSTERS = 'Oysters at the harbour.';
const LAKE = 'Skated on the frozen lake.';
const THESIS = 'Thesis accepted.';
const CARAVAN = 'Bought the caravan.';

const SAID: [said: string, at: string][] = [
  [CARAVAN, '2025-05-27T12:00:00Z'],
  [THESIS, '2025-10-14T12:00:00Z'],
  [LAKE, '2025-12-25T12:00:00Z'],
  [OYSTERS, '2025-12-31T21:00:00Z'],
  [EGGS, '2026-04-05T12:00:00Z'],
  [BAND, '2026-05-01T12:00:00Z'],
  [ROSA, '2026-05-03T12:00:00Z'],
  [CANARY, '2026-05-28T12:00:00Z'],
  [ISLANDS, '2026-07-20T12:00:00Z'],
  [KILN, '2026-09-15T12:00:00Z'],
  [GARLIC, '2026-10-03T12:00:00Z'],
  [PUMPKINS, '2026-10-29T12:00:00Z'],
  [BOILER, '2026-11-04T12:00:00Z'],
  [CHOIR, '2026-11-14T12:00:00Z'],
  [FENCE, '2026-11-23T15:00:00Z'],
  [PARROT, '2026-11-26T12:00:00Z'],
  [PARCEL, '2026-11-27T09:10:00Z'],
  [PIANO, '2026-11-27T15:05:00Z'],
  [CHESS, '2026-11-27T21:00:00Z'],
];

const QUESTIONS: [question: string, said: string][] = [
  ['What did I say yesterday at 3 pm?', PIANO],
  ['What did I tell you yesterday morning?', PARCEL],
  ['What did I do last night?', CHESS],
  ['What did we discuss at 9 pm?', CHESS],
  ['What did I do on Thanksgiving?', PARROT],
  ['What did we talk about on Monday at 15:00?', FENCE],
  ['What happened the week before last?', CHOIR],
  ['What did we do the weekend before last?', CHOIR],
  ['What did I do a fortnight ago?', CHOIR],
  ['What did I do in week 45?', BOILER],
  ['What happened in 2026-W45?', BOILER],
  ['What did I do at the end of October?', PUMPKINS],
  ['What did I do in the first week of October?', GARLIC],
  ['What happened the month before last?', KILN],
  ['What happened in Q3?', KILN],
  ['What did I do last summer?', ISLANDS],
  ['What happened half a year ago?', CANARY],
  ['What happened on the third of May?', ROSA],
  ["What happened on 3 May '26?", ROSA],
  ['What did I do a year and a half ago?', CARAVAN],
  ['What happened in the fourth quarter of 2025 in October?', THESIS],
  ['What did we eat on New Year’s Eve?', OYSTERS],
  ['Was habe ich gestern um 15 Uhr gesagt?', PIANO],
  ['Was habe ich gestern Abend gemacht?', CHESS],
  ['Was war vor zwei Wochen?', CHOIR],
  ['Was war vorletzte Woche?', CHOIR],
  ['Was war am 3. Mai?', ROSA],
  ['Was war in der ersten Oktoberwoche?', GARLIC],
  ['Was war vor einem halben Jahr?', CANARY],
  ['Was haben wir an Weihnachten gemacht?', LAKE],
  ['Was war an Ostern?', EGGS],
  ["Qu'ai-je dit hier à 15h ?", PIANO],
  ["Qu'ai-je fait hier soir ?", CHESS],
  ["Qu'ai-je fait le 1er mai ?", BAND],
  ["Qu'ai-je fait l'avant-dernière semaine ?", CHOIR],
  ["Qu'ai-je fait à Noël ?", LAKE],
  ["Qu'ai-je fait début octobre ?", GARLIC],
  ['¿Qué hice anoche?', CHESS],
  ['¿Qué hice ayer a las 3 de la tarde?', PIANO],
  ['¿Qué pasó el tres de mayo?', ROSA],
  ['¿Qué hicimos en Navidad?', LAKE],
  ['¿Qué hice la semana antepasada?', CHOIR],
  ['¿Qué hice a finales de octubre?', PUMPKINS],
];

/** Days of which nothing is asked, thrice each. */
function chatter(): { query: string; timestamp: string }[] {
  const sayings = [
    'Yesterday at noon it rained.',
    'Next week in October I fly.',
    'Last summer was dry, in May, too.',
  ];
  return Array.from({ length: 381 }, (_, number) => ({
    query: `${sayings[number % sayings.length]} (${number})`,
    timestamp: new Date(
      Date.UTC(2024, 10, 28, 12) + Math.floor(number / 3) * 86_400_000 + number,
    ).toISOString(),
  }));
}

let app: TestApp;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(NOW) });
  app = await startTestApp();
  const said = SAID.map(([query, timestamp]) => ({ query, timestamp }));
  await app.record('chatter', chatter(), 'ines');
  await app.record('said', said, 'ines');
  // On a busy machine the first search of all may be cut off.
  await vi.waitFor(async () => expect(await hitsOf('yesterday')).not.toEqual([]), { timeout: 60_000 });
});
afterAll(async () => {
  await app.close();
  vi.useRealTimers();
});

const hitsOf = (query: string) => app.search(query, 'ines', { limit: 10 });
const answerTo = async (query: string) => (await app.ask(query, 'ines')).interaction.response;

test.each(QUESTIONS)('%s', async (question, said) => {
  const [first] = await hitsOf(question);
  expect(first?.interaction.query).toBe(said);
  expect(first?.reasons.join()).toContain('said at the time asked for');
});

describe('of a time of which nothing was said', () => {
  test.each([
    'What did I do in week 40 of 2025?',
    'What did I say on Wednesday at noon?',
    'Was war letzten Samstag?',
  ])('nothing else stands for it: %s', async (question) => {
    expect(await hitsOf(question)).toEqual([]);
    expect(await answerTo(question)).toMatch(/^I remember nothing about that/);
  });

  test('what is known of the subject is said to be of other times', async () => {
    const question = 'Did the choir sing in Porto last week?';
    const [first] = await hitsOf(question);
    expect(first?.interaction.query).toBe(CHOIR);
    expect(first?.reasons).toContain('of another time than the one named, of which nothing was found');
    expect(await answerTo(question)).toMatch(/^I remember nothing that was said at that time\..*\n.*choir/);
  });
});

describe('a date or an hour alone', () => {
  const SPOKEN_OF: [query: string, said: string][] = [
    ['24.12.2026', 'Der Termin beim Notar ist am 24.12.2026.'],
    ['2026-12-31', 'The deadline is 2026-12-31.'],
    ['14 March 2027', 'Our wedding is on 14 March 2027.'],
    ['5 June 1990', 'Dad bought the boat on 5 June 1990.'],
    ['May 2019', 'We met in May 2019.'],
    ['18:45', 'The flight leaves at 18:45.'],
  ];
  beforeAll(() =>
    app.record(
      'dates',
      SPOKEN_OF.map(([, query]) => ({ query, timestamp: '2026-11-20T08:00:00Z' })),
      'dora',
    ),
  );

  test.each(SPOKEN_OF)('of which nothing was said finds who speaks of it: %s', async (query, said) => {
    const [first] = await app.search(query, 'dora', { limit: 10 });
    expect(first?.interaction.query).toBe(said);
    expect(first?.reasons).toContain('of another time than the one named, of which nothing was found');
  });

  test('is that time where something was said then, and "yesterday" no more than that day', async () => {
    const [first] = await app.search('20 November 2026', 'dora', { limit: 10 });
    expect(first?.reasons.join()).toContain('said at the time asked for');
    expect(await app.search('yesterday', 'dora', { limit: 10 })).toEqual([]);
    expect(await app.search('What did I say on 2026-12-31?', 'dora', { limit: 10 })).toEqual([]);
  });
});

test('what is told some days after a part of a month is found, though others say more of the words', async () => {
  const turns = Array.from({ length: 300 }, (_, number) => ({
    query: `The town was rainy (${number}).`,
    timestamp: new Date(Date.UTC(2025, 0, 1, 12) + number * 43_200_000).toISOString(),
  }));
  const told =
    'Back from that lovely town with its temple, its marble quarries and the old university: Evora.';
  turns.push({ query: told, timestamp: '2026-10-19T12:00:00Z' });
  for (let at = 0; at < turns.length; at += 100) {
    await app.record(`told ${at}`, turns.slice(at, at + 100), 'noor');
  }
  for (const question of [
    'Which town did we visit in the second week of October?',
    'Which town did we visit in the first two weeks of October?',
    'Which town did we visit on 17 October?',
  ]) {
    const [first] = await app.search(question, 'noor', { limit: 10 });
    expect(first?.interaction.query).toBe(told);
    expect(first?.reasons.join()).toContain('said at the time asked for');
  }
});
