import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';

let app: TestApp;
let seen: ReturnType<typeof learning>;
beforeAll(async () => {
  app = await startTestApp();
  seen = learning(app);
});
afterAll(() => app.close());

/** Each says one thing twice; of some, one of the two says more of it. */
const SAME: readonly (readonly [string, string])[] = [
  ['I live in Lisbon, Portugal.', 'I live in Lisbon.'],
  ['I live in Leeds.', 'I moved to Leeds, England.'],
  ['I live in the city of Bergen.', 'I live in Bergen.'],
  ["I'm based in Berlin.", 'I live in Berlin, Germany.'],
  ['I live in New York City.', 'I live in New York.'],
  ['I live in central London.', 'I live in London.'],
  ['I work at Siemens.', 'I work for Siemens AG.'],
  ['I work at Harlow Ltd.', 'I work for Harlow.'],
  ['My employer is Northwind.', 'I work at Northwind.'],
  ["I'm a nurse.", 'I work as a nurse.'],
  ["I'm an engineer.", "I'm a civil engineer."],
  ["I'm a repair technician.", "I'm a bicycle repair technician."],
  ["I'm a bus driver.", "I'm a bus company driver."],
  ['My name is Petra.', 'My name is Petra Novak.'],
  ["I'm 41.", 'I am forty-one years old.'],
  ["I'm 30 years old.", "I'm thirty."],
  ['My birthday is on 3 May.', 'I was born on May 3rd.'],
  ['My birthday is March 14.', 'My birthday is on the 14th of March.'],
  ['I like coffee.', 'I love coffee.'],
  ['I really like coffee.', 'I like coffee a lot.'],
  ['I enjoy hiking.', 'I love going hiking.'],
  ['I like to hike.', 'I love hiking.'],
  ["I don't like mushrooms.", 'I hate mushrooms.'],
  ["I can't stand mushrooms.", 'I dislike mushrooms.'],
  ['My favourite colour is green.', 'My favorite color is green.'],
  ['My favourite colour is green.', 'My favourite colour is dark green.'],
  ['Sushi is my favorite food.', 'My favourite food is sushi.'],
  ['I play the guitar.', 'I play guitar.'],
  ['I speak Italian.', 'I speak fluent Italian.'],
  ["I'm fluent in Dutch.", 'I speak Dutch.'],
  ["I'm a vegetarian.", "I'm vegetarian."],
  ["I'm allergic to peanuts.", 'I have a peanut allergy.'],
  ['My dog is called Rolf.', 'I have a dog named Rolf.'],
  ['I have two kids.', 'I have 2 children.'],
  ['I have three brothers.', 'I have 3 brothers.'],
  ['My wife is Clara.', "My wife's name is Clara."],
  ['I drive a Volvo.', 'I drive a Volvo V60.'],
  ['I have diabetes.', 'I am diabetic.'],
  ['I studied physics.', 'I have a degree in physics.'],
  ['I grew up in Cork.', 'I was raised in Cork.'],
  ['I prefer window seats.', 'I prefer a window seat.'],
  ["I'm left-handed.", 'I am left handed.'],
];

/** Each says two things that look alike. */
const DIFFERENT: readonly (readonly [string, string])[] = [
  ['I live in York.', 'I live in New York.'],
  ['I live in Paris, Texas.', 'I live in Paris, France.'],
  ['I live in Portland, Oregon.', 'I live in Portland, Maine.'],
  ['I live in Kansas.', 'I live in Kansas City.'],
  ['I live in Virginia.', 'I live in West Virginia.'],
  ['i live in korea.', 'i live in south korea.'],
  ['I live in Washington.', 'I live in Port Washington.'],
  ['I work at Bank of America.', 'I work at Bank of England.'],
  ['I work at the Halden branch.', 'I work at the Moss branch.'],
  ['I work at Oslo University.', 'I work at Oslo University Hospital.'],
  ["I'm a software engineer.", "I'm a civil engineer."],
  ["I'm a nurse.", "I'm a head nurse."],
  ['My name is Petra Novak.', 'My name is Petra Weber.'],
  ['My name is Ann.', 'My name is Anna.'],
  ["I'm 41.", "I'm 42."],
  ['My birthday is on 3 May.', 'My birthday is on 3 June.'],
  ['I like coffee.', "I don't like coffee."],
  ['I like coffee.', 'I like coffee cake.'],
  ['I like red wine.', 'I like white wine.'],
  ['I like dogs.', 'I like hot dogs.'],
  ['I love cooking.', 'I love cooking shows.'],
  ['My favourite colour is light blue.', 'My favourite colour is dark blue.'],
  ['My favourite film is Toy Story.', 'My favourite film is Toy Story 3.'],
  ['My favourite film is Alien.', 'My favourite film is Aliens.'],
  ['My favourite band is Queen.', 'My favourite band is Queens of the Stone Age.'],
  ['My favourite book is Emma.', 'My favourite film is Emma.'],
  ['I play football.', 'I play American football.'],
  ['I speak Spanish.', "I'm learning Spanish."],
  ["I'm allergic to nuts.", "I'm allergic to peanuts."],
  ['I have a dog called Rolf.', 'I have a dog called Max.'],
  ['I have a dog called Rolf.', 'I have a cat called Rolf.'],
  ['I have two kids.', 'I have three kids.'],
  ['My sister is called Ines.', 'My sister is called Ana.'],
  ['I drive a Volvo V60.', 'I drive a Volvo V70.'],
  ['I have a red bike.', 'I have a blue bike.'],
  ['I used to live in Lisbon.', 'I live in Lisbon.'],
  ['I want to learn pottery.', 'I want to learn painting.'],
  ["I'm vegan.", "I'm vegetarian."],
  ['I have type 1 diabetes.', 'I have type 2 diabetes.'],
  ['I ran a marathon in Berlin.', 'I ran a marathon in Boston.'],
  ['My phone number is 020 7946 0018.', 'My phone number is 020 7946 0019.'],
  ['My favourite team is Manchester United.', 'My favourite team is Manchester City.'],
];

async function say(user: string, sentences: readonly string[]) {
  const first = Date.UTC(2025, 2, 1, 9);
  await app.record(
    'talk',
    sentences.map((query, minute) => ({ query, timestamp: new Date(first + 60_000 * minute).toISOString() })),
    user,
  );
}

const told = async (user: string) =>
  (await seen.facts(user, { status: null })).map(
    ({ statement, status, sources }) => `${statement} | ${status} | ${sources.length}`,
  );

test('what says the same twice is one fact, and what only looks alike is two', async () => {
  // Each pair is said by somebody else, in whatever order.
  const talks = [
    ...SAME.map((pair) => ({ pair, facts: 1 })),
    ...DIFFERENT.map((pair) => ({ pair, facts: 2 })),
  ].map(({ pair, facts }, number) => ({
    facts,
    speaker: `Speaker ${number}`,
    said: number % 2 === 0 ? pair : pair.toReversed(),
  }));
  await app.record(
    'talk',
    talks.flatMap(({ speaker, said }) => said.map((query) => ({ query, speaker }))),
    'all',
  );
  await seen.learn('all');
  const rows = await app.sql<{ subject: string; facts: number }>(
    `select subject, count(distinct fact)::int as facts from echo_fact_sources where user_id = 'all' group by subject`,
  );
  const facts = new Map(rows.map((row) => [row.subject, row.facts]));
  const wrong = talks.filter((talk) => facts.get(talk.speaker) !== talk.facts);
  expect(wrong.map(({ speaker, said }) => `${facts.get(speaker)}: ${said.join(' ')}`)).toEqual([]);
});

test('the words that say most are shown, and nothing is superseded by what says less of it', async () => {
  await say('ada', ['I live in Lisbon.', 'I live in Lisbon, Portugal.', 'I live in Lisbon.']);
  await seen.learn('ada');
  expect(await told('ada')).toEqual(['user lives in Lisbon, Portugal | ACTIVE | 3']);
  await say('ada', ['I live in Porto.']);
  await seen.learn('ada');
  expect(await told('ada')).toHaveLength(2);
  // The turn that named the country is deleted: its words go, and with them what they were compared by.
  const [more] = await app.sql<{ turn_id: string; key: Buffer }>(
    `select s.turn_id, f.identity_key as key from echo_fact_sources s join echo_learned_facts f on f.id = s.fact
     where s.user_id = 'ada' and s.object = 'Lisbon, Portugal'`,
  );
  const deleted = await app.graphql(
    'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
    { id: more?.turn_id },
    'ada',
  );
  expect(deleted.errors).toBeUndefined();
  expect(await told('ada')).toContainEqual(expect.stringContaining('user lives in Lisbon |'));
  expect(
    await app.sql("select from echo_learned_facts where user_id = 'ada' and identity_key = $1", [more?.key]),
  ).toEqual([]);
});

test('what one no longer does ends what says more of it', async () => {
  await say('bea', ['I live in Lisbon, Portugal.', 'I no longer live in Lisbon.']);
  await seen.learn('bea');
  expect(await told('bea')).toEqual([
    'user does not live in Lisbon | ACTIVE | 1',
    'user lives in Lisbon, Portugal | SUPERSEDED | 1',
  ]);
});

test('what could say less of two things is neither', async () => {
  await say('cid', ['I live in Paris, Texas.', 'I live in Paris, France.', 'I live in Paris.']);
  await seen.learn('cid');
  expect(await told('cid')).toEqual([
    'user lives in Paris | ACTIVE | 1',
    'user lives in Paris, France | SUPERSEDED | 1',
    'user lives in Paris, Texas | SUPERSEDED | 1',
  ]);
});

test('undoing what says more leaves what says less', async () => {
  await say('dot', ["I'm an engineer.", "I'm a civil engineer."]);
  await seen.learn('dot');
  const [fact] = await seen.facts('dot');
  expect(fact).toMatchObject({ object: 'civil engineer', changes: [{ kind: 'MERGED' }, { kind: 'ADDED' }] });
  const undone = await app.graphql(
    'mutation ($id: ID!) { undoLearningChange(changeId: $id) { __typename } }',
    { id: fact.changes[0].changeId },
    'dot',
  );
  expect(undone.data.undoLearningChange.__typename).toBe('UndoSuccess');
  expect(await told('dot')).toEqual(['user works as engineer | ACTIVE | 1']);
});
