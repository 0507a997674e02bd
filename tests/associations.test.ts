import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byNames } from '../src/domains/memory/associations.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

async function add(user: string, predicate: string, object: string, more: object = {}): Promise<string> {
  const { data, errors } = await app.graphql(
    `mutation ($input: FactInput!) { addFact(input: $input) { ... on FactSuccess { fact { factId } } ... on Error { message } } }`,
    { input: { predicate, object, ...more } },
    user,
  );
  expect(errors).toBeUndefined();
  return data.addFact.fact.factId;
}
async function answer(user: string, query: string): Promise<string> {
  const { data } = await app.graphql(
    `mutation ($query: String!) { processQuery(input: { query: $query }) { ... on ProcessQuerySuccess { interaction { response } } } }`,
    { query },
    user,
  );
  return data.processQuery.interaction.response;
}
async function factsFound(user: string, query: string): Promise<string[]> {
  const { data } = await app.graphql(
    'query ($query: String!) { memorySearch(query: $query) { facts { fact { statement } } } }',
    { query },
    user,
  );
  return data.memorySearch.facts.map(({ fact }: { fact: { statement: string } }) => fact.statement);
}

/** A user of whom it is known who is who, and where these live. */
async function family(): Promise<string> {
  const user = randomUUID();
  await add(user, 'sister', 'Petra');
  await add(user, 'has_pet', 'dog, Biscuit');
  await add(user, 'manager', 'Helena Ruiz');
  await add(user, 'daughter', 'Ana');
  await add(user, 'son', 'Leo');
  await add(user, 'lives_in', 'Porto');
  await add(user, 'lives_in', 'Leeds', { subject: 'Petra' });
  await add(user, 'age', 'three', { subject: 'Biscuit' });
  await add(user, 'allergic_to', 'nuts', { subject: 'Helena Ruiz' });
  await add(user, 'plays', 'chess', { subject: 'Leo' });
  await add(user, 'plays', 'football', { subject: 'Ana' });
  await add(user, 'lives_in', 'Turin', { subject: 'Anna' });
  return user;
}

describe('a fact of somebody is found by what they are to who asks', () => {
  test.each([
    ['Where does my sister live?', ['Leeds']],
    ['Where does my older sister live?', ['Leeds']],
    ['How old is my dog?', ['three']],
    ['What is my boss allergic to?', ['nuts']],
    ['What do my children play?', ['chess', 'football']],
    ['Where does Petra live?', ['Leeds']],
  ])('%s', async (question, told) => {
    const user = await family();
    const response = await answer(user, question);
    for (const word of told) expect(response).toContain(word);
    expect(response).not.toMatch(/Porto|Turin/);
    for (const word of told)
      expect(await factsFound(user, question)).toContainEqual(expect.stringContaining(word));
  });

  test.each([
    ['Where do I live?', 'Porto'],
    ['Where does Anna live?', 'Turin'],
  ])('and others are as they were: %s', async (question, told) => {
    const user = await family();
    const response = await answer(user, question);
    expect(response).toContain(told);
    expect(response).not.toContain('Leeds');
  });

  test.each([
    'Where does my sister-in-law live?',
    "Where does my sister's husband live?",
    'Where does my former sister live?',
    'It is not my sister: where does she live?',
  ])('and of nobody else: %s', async (question) => {
    const user = await family();
    expect((await answer(user, question)).split('This is what I remember')[0]).not.toContain('Leeds');
  });

  test('once, whatever names stand in the question then', async () => {
    const user = randomUUID();
    for (const name of ['Meina', 'Meinb', 'Meinc']) await add(user, 'friend', name);
    app.statements.length = 0;
    await factsFound(user, `Where does my ${'friend my '.repeat(12)} friend live?`);
    expect(app.statements.filter((name) => name.startsWith('facts_with_terms')).length).toBeLessThan(8);
  });

  test('not of whom is no longer that, nor of those of another user', async () => {
    const user = await family();
    const other = randomUUID();
    expect(await answer(other, 'Where does my sister live?')).not.toContain('Leeds');
    const { data } = await app.graphql(
      '{ facts(filter: { text: "sister" }) { nodes { factId } } }',
      {},
      user,
    );
    await app.graphql(
      'mutation ($id: ID!) { retractFact(factId: $id) { __typename } }',
      { id: data.facts.nodes[0].factId },
      user,
    );
    expect(await answer(user, 'Where does my sister live?')).not.toContain('Leeds');
  });
});

test('a turn that calls somebody by name is found by what they are, among many that share the other words', async () => {
  const users = { known: randomUUID(), unknown: randomUUID() };
  const others = Array.from({ length: 60 }, (_, at) => ({
    query: `Where does number ${at} live? My sister asked where people live.`,
    timestamp: new Date(Date.UTC(2022, 0, 1) + at * 86_400_000).toISOString(),
  }));
  const petra = 'Petra has a flat in Leeds, near the canal.';
  for (const user of Object.values(users)) {
    await app.record('others', others, user);
    await app.record('petra', [{ query: petra, timestamp: '2021-01-01T00:00:00Z' }], user);
  }
  await add(users.known, 'sister', 'Petra');
  const found = async (user: string) =>
    (await app.search('Where does my sister live?', user, { limit: 10 })).map(
      ({ interaction }) => interaction.query,
    );
  await expect.poll(() => found(users.known)).toContain(petra);
  expect(await found(users.unknown)).not.toContain(petra);
});

describe('names', () => {
  const fact = (predicate: string, object: string, more: object = {}) =>
    ({
      ...{ subject: 'user', negated: false, status: 'ACTIVE', category: 'RELATION' },
      ...{ predicate, object, ...more },
    }) as Parameters<typeof byNames>[1][number];
  const facts = [
    fact('sister', 'Petra Novak'),
    fact('has_pet', 'a dog called Biscuit', { category: 'POSSESSION' }),
    fact('drives', 'Volvo V60', { category: 'POSSESSION' }),
    fact('lives_in', 'Porto', { category: 'PLACE' }),
    fact('brother', 'Tom', { negated: true }),
    fact('cousin', 'Jo', { subject: 'Anna' }),
  ];
  test.each([
    ['Where does my sister live?', 'Where does Petra Novak live?'],
    ["What is my big sister's dog called?", "What is my big sister's dog called?"],
    ['Where does my sister-in-law live?', 'Where does my sister-in-law live?'],
    ['Where is my former sister?', 'Where is my former sister?'],
    ['Where is my late sister buried?', 'Where is my late sister buried?'],
    ['Not my sister, but who lives there?', 'Not my sister, but who lives there?'],
    ['Meina sister lives where?', 'Meina sister lives where?'],
    ['Wo wohnt meine sister?', 'Wo wohnt Petra Novak?'],
    ['How old is my dog, and my car?', 'How old is Biscuit, and Volvo V60?'],
    ['Where is my brother?', 'Where is my brother?'],
    ['Where is my cousin?', 'Where is my cousin?'],
    ['Is my sister Petra Novak at home?', 'Is my sister Petra Novak at home?'],
    ['Where do I live?', 'Where do I live?'],
    ['my', 'my'],
  ])('%s', (question, expected) => {
    expect(byNames(question, facts).questions).toEqual(expected === question ? [] : [expected]);
  });

  test('of several that are meant each is asked about', () => {
    const children = [fact('son', 'Leo'), fact('daughter', 'Ana'), ...facts];
    expect(byNames('What do my children and my sister play?', children)).toEqual({
      names: ['Leo', 'Ana', 'Petra', 'Novak'],
      questions: ['What do Leo and Petra Novak play?', 'What do Ana and Petra Novak play?'],
    });
  });
});
