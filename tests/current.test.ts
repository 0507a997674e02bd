import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** What was so first, what is so since, what only sounds alike, and what is asked. */
const CHANGES = [
  [
    'I work at Brightwater as an accountant.',
    'I changed jobs: I work at Fennimore Labs now.',
    'My watch does not work any more.',
    'Where do I work?',
  ],
  [
    'We drive an old blue Saab as our car.',
    'We bought a Kia, that is our car now.',
    'The neighbours wash their car on Sundays.',
    'What car do we drive?',
  ],
  [
    'My address is 12 Elm Row.',
    'We moved: my new address is 4 Quay Street.',
    'My e-mail address is zoe@example.org.',
    'What is my current address?',
  ],
  [
    'I have a Nokia phone.',
    'I have a new phone, a Fairphone.',
    'The phone in the museum was from 1920.',
    'Which phone do I have now?',
  ],
  [
    'My dentist is Dr. Osei.',
    'My new dentist is Dr. Lindqvist.',
    'The dentist in the film was funny.',
    'Who is my dentist?',
  ],
  [
    'My favourite colour is teal.',
    'My favourite colour is ochre now.',
    'The colour of the fence is white.',
    'What is my favourite colour?',
  ],
  [
    'My boss is Henrietta.',
    'My boss is Tobias now, since Henrietta retired.',
    'The boss in that game is hard.',
    'Who is my boss now?',
  ],
  ['We live in Ghent.', 'We live in Utrecht now.', 'Storks live on that roof.', 'Where do we live?'],
  [
    'Mein Verein ist der TSV Lindau.',
    'Mein neuer Verein ist der SC Hafen.',
    'Der Verein im Fernsehen hat verloren.',
    'Wie heißt mein Verein jetzt?',
  ],
  [
    'My gym is Ironworks.',
    'I switched, my gym is Boulderhall now.',
    'The gym of the school is closed.',
    'Which gym am I in? What is my gym?',
  ],
] as const;

const SUBJECTS = [
  'soup',
  'train',
  'garden',
  'novel',
  'bicycle',
  'concert',
  'recipe',
  'ladder',
  'harbour',
  'museum',
];
const NOISE = Array.from({ length: 370 }, (_, n) => {
  const subject = SUBJECTS[n % SUBJECTS.length];
  return n % 3 === 0
    ? `How does a ${subject} work in winter, number ${n}?`
    : `The ${subject} was ${n % 2 ? 'fine' : 'late'} on day ${n}.`;
});

describe('what is asked as it is now', () => {
  const user = randomUUID();
  beforeAll(async () => {
    const told = (part: 0 | 1 | 2) => CHANGES.map((change) => change[part]);
    const turns = [
      ...NOISE.slice(0, 100),
      ...told(0),
      ...NOISE.slice(100, 200),
      ...told(1),
      ...NOISE.slice(200, 300),
      ...told(2),
      ...NOISE.slice(300),
    ];
    for (let index = 0; index < turns.length; index += 100) {
      await app.record(
        randomUUID(),
        turns.slice(index, index + 100).map((each, place) => ({
          query: each,
          // Turns are hours apart, so that none is its neighbour's.
          timestamp: new Date(Date.UTC(2025, 0, 1) + (index + place) * 7_200_000).toISOString(),
        })),
        user,
      );
    }
  });

  test.each(CHANGES)('%s → %s', async (before, since, _other, question) => {
    const hits = await app.search(question, user, { limit: 10 });
    const queries = hits.map((hit) => hit.interaction.query);
    expect(queries[0]).toBe(since);
    expect(queries.slice(1)).toContain(before);
  });

  test('what was so before is found where it is asked for', async () => {
    const [first] = await app.search('Where did I work before, at Brightwater?', user, { limit: 3 });
    expect(first?.interaction.query).toBe(CHANGES[0][0]);
  });
});
