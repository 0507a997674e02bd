import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

async function ask(query: string, user = 'ann') {
  const { data } = await app.graphql(
    `mutation ($query: String!) { processQuery(input: { query: $query }) { ... on ProcessQuerySuccess {
      interaction { response intent confidence modelUsed character { characterName } } } } }`,
    { query },
    user,
  );
  return data.processQuery.interaction;
}

describe('a question about a character is answered with the profile', () => {
  test.each([
    ['Who is Rina?', 'Rina'],
    ['Tell me about Kai Nakamura', 'Kai Nakamura'],
    ["What is Kai's job?", 'Kai Nakamura'],
    ['kai nakamura', 'Kai Nakamura'],
    ["Mei's hair", 'Mei'],
    ['How is Kai?', 'Kai Nakamura'],
    ['does Kai dive?', 'Kai Nakamura'],
    ['what does xyrax look like', 'Xyrax'],
    ['I like divers. Who is Kai?', 'Kai Nakamura'],
    ['芽衣について教えて', 'Mei'],
    ['Wer ist Rina?', 'Rina'],
    ['Parle-moi de Rina', 'Rina'],
    ['¿Quién es Yuki?', 'Yuki'],
  ])('%s', async (query, name) => {
    expect(await ask(query, 'bea')).toMatchObject({
      intent: 'character_query',
      confidence: 0.98,
      modelUsed: 'character_database',
      character: { characterName: name },
      response: expect.stringContaining(`${name} is`),
    });
  });
});

describe('a mention that asks nothing about the character is not', () => {
  test.each([
    ['my friend Rina from Berlin said hello', 'Rina'],
    ['My friend Rina from Berlin said hello.', 'Rina'],
    ['What did my friend Rina say?', 'Rina'],
    ['Mei planted an orchid yesterday', 'Mei'],
    ['I met Kai at the harbour. What time is it?', 'Kai Nakamura'],
    ['What did I say about Kai?', 'Kai Nakamura'],
    ['Do you remember when I told you about Yuki?', 'Yuki'],
    ['Meine Freundin Rina kommt morgen', 'Rina'],
  ])('%s', async (query, name) => {
    const interaction = await ask(query, 'cyd');
    expect(interaction).toMatchObject({
      intent: 'character_query',
      confidence: 0.98,
      modelUsed: 'builtin_answerer',
      character: { characterName: name },
    });
    expect(interaction.response).not.toContain(`${name} is an original character`);
  });

  test('what was told is what is answered', async () => {
    await ask('My friend Rina from Berlin sells red kettles', 'dee');
    const { response } = await ask('What did my friend Rina from Berlin sell?', 'dee');
    expect(response).toContain('red kettles');
    expect(response).not.toContain('Radio host');
  });
});

test.each([
  'When will the plumber come?',
  'I hope we go to Lisbon in May',
  '雪が降っています',
  'Is it raining?',
])('words are no mentions: %s', async (query) => {
  for (const characterName of ['Will', 'Hope', 'May', 'It'])
    await app.graphql(
      'mutation ($input: CharacterInput!) { upsertCharacter(input: $input) { __typename } }',
      { input: { characterName } },
    );
  expect(await ask(query, 'eli')).toMatchObject({ character: null, modelUsed: 'builtin_answerer' });
});
