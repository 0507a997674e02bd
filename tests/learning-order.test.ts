import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { numbersFrom, shuffled } from './support/random-order.ts';

/** For tests that learn again and again. */
const LONG_MS = 240_000;

let app: TestApp;
let seen: ReturnType<typeof learning>;
beforeAll(async () => {
  app = await startTestApp();
  seen = learning(app);
});
afterAll(() => app.close());

interface Said {
  readonly conversation: string;
  readonly query: string;
  readonly response?: string;
}

/** Each is understood by what was said before it. */
const TALKS: Readonly<Record<string, readonly Said[]>> = {
  work: [
    { conversation: 'work', query: 'I work at the Halden branch.', response: 'Nice. What do you do there?' },
    { conversation: 'work', query: 'I restore the textiles.' },
    { conversation: 'work', query: 'Sorry, I meant the Moss branch.' },
    { conversation: 'home', query: 'I live in Lisbon.' },
    { conversation: 'home', query: 'My dog is called Rolf.' },
    { conversation: 'home', query: 'I moved to Porto.' },
  ],
  play: [
    { conversation: 'play', query: "Let's roleplay! You're a smith.", response: '*bows*' },
    { conversation: 'play', query: 'I live in the old mill.' },
    { conversation: 'play', query: 'I am a baker.' },
    { conversation: 'play', query: 'ok, end of roleplay' },
    { conversation: 'play', query: 'I live in Ulm.' },
    { conversation: 'other', query: 'I like tea.' },
    { conversation: 'other', query: 'I no longer like tea.' },
  ],
};

const known = async (user: string) =>
  (await seen.facts(user, { status: null }))
    // Of what was understood otherwise before, only that there was something is left.
    .filter(({ statement }) => statement !== '')
    .map(({ statement, status, sources, supersededBy }) =>
      [
        ...[statement, status, supersededBy?.object ?? ''],
        ...sources.map(({ quote }: { quote: string }) => quote).sort(),
      ].join(' | '),
    )
    .sort();

function timed(talk: readonly Said[]) {
  return talk.map((said, minute) => ({
    ...said,
    timestamp: new Date(Date.UTC(2025, 2, 1, 9, minute)).toISOString(),
  }));
}

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  work: [
    'user has dog, Rolf | ACTIVE |  | My dog is called Rolf',
    'user lives in Lisbon | SUPERSEDED | Porto | I live in Lisbon',
    'user lives in Porto | ACTIVE |  | I moved to Porto',
    'user restores textiles for work | ACTIVE |  | I restore the textiles',
    'user works at Halden branch | SUPERSEDED | Moss branch | I work at the Halden branch',
    'user works at Moss branch | ACTIVE |  | Sorry, I meant the Moss branch',
  ],
  play: [
    'user does not like tea | ACTIVE |  | I no longer like tea',
    'user likes tea | SUPERSEDED | tea | I like tea',
    'user lives in Ulm | ACTIVE |  | I live in Ulm',
  ],
};

test.each(Object.keys(TALKS))(
  'the same is learned of %s in whatever order its turns were imported',
  async (name) => {
    const talk = timed(TALKS[name] ?? []);
    const next = numbersFrom(15);
    for (let order = 0; order < 4; order++) {
      const user = `${name} ${order}`;
      const turns = order === 0 ? talk : order === 1 ? talk.toReversed() : shuffled(talk, next);
      for (const { conversation, ...turn } of turns) await app.record(conversation, [turn], user);
      await seen.learn(user);
      expect(await known(user), turns.map(({ query }) => query).join(' / ')).toEqual(EXPECTED[name]);
    }
  },
  LONG_MS,
);

test.each(Object.keys(TALKS))(
  'what comes late is learned with %s as if it had come in time',
  async (name) => {
    const talk = timed(TALKS[name] ?? []);
    const next = numbersFrom(51);
    for (let order = 0; order < 2; order++) {
      const user = `late ${name} ${order}`;
      const turns = order === 0 ? talk.toReversed() : shuffled(talk, next);
      for (const { conversation, ...turn } of turns) {
        await app.record(conversation, [turn], user);
        await seen.learn(user);
      }
      expect(await seen.status(user)).toMatchObject({ turnsWaiting: 0 });
      expect(await known(user), turns.map(({ query }) => query).join(' / ')).toEqual(EXPECTED[name]);
    }
  },
  LONG_MS,
);

test('what a person took back, or undid, stays so when a turn is learned from again', async () => {
  const [lisbon, tea] = ['I live in Lisbon.', 'I like tea.'].map((query, minute) => ({
    query,
    timestamp: new Date(Date.UTC(2025, 2, 1, 9, 10 + minute)).toISOString(),
  }));
  if (!lisbon || !tea) throw new Error('two turns are needed');
  await app.record('again', [lisbon, tea], 'ada');
  await seen.learn('ada');
  const facts = await seen.facts('ada');
  const of = (object: string) => facts.find((fact) => fact.object === object);
  await app.graphql(
    `mutation ($fact: ID!, $change: ID!) {
       retractFact(factId: $fact) { __typename } undoLearningChange(changeId: $change) { __typename }
     }`,
    { fact: of('Lisbon').factId, change: of('tea').changes[0].changeId },
    'ada',
  );
  expect(await seen.facts('ada')).toEqual([]);
  await app.record('again', [{ query: 'Hello.', timestamp: '2025-03-01T09:00:00Z' }], 'ada');
  expect(await seen.status('ada')).toMatchObject({ turnsWaiting: 3 });
  await seen.learn('ada');
  expect(await seen.facts('ada')).toEqual([]);
  expect((await seen.facts('ada', { status: 'RETRACTED' })).map(({ statement }) => statement).sort()).toEqual(
    ['user likes tea', 'user lives in Lisbon'],
  );
});
