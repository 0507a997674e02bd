import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

let app: TestApp;
let provider: OpenAiServer;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=a,standard=a,expert=a' },
  });
  for (const character of [
    { characterName: 'Kai Nakamura', aliases: ['Sharkfin'] },
    { characterName: 'Mei' },
    { characterName: 'Rina' },
    { characterName: 'Rina Sato' },
    { characterName: 'Ursula Brandt' },
  ])
    await upsert(character);
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function upsert(input: object, user?: string) {
  const { data } = await app.graphql(
    `mutation ($input: CharacterInput!) { upsertCharacter(input: $input) {
      ... on UpsertCharacterSuccess { character { id } } ... on Error { message } } }`,
    { input },
    user,
  );
  expect(data.upsertCharacter.message).toBeUndefined();
}

async function record(user: string, turns: readonly object[], conversationId: string = randomUUID()) {
  const { data, errors } = await app.graphql(
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { interactions { characters { characterName } character { characterName } } }
      ... on Error { message } } }`,
    { input: { conversationId, turns } },
    user,
  );
  expect(errors).toBeUndefined();
  expect(data.recordTurns.message).toBeUndefined();
  return data.recordTurns.interactions.map(namesOf) as string[][];
}

const namesOf = (turn: { characters: { characterName: string }[] }) =>
  turn.characters.map(({ characterName }) => characterName);

/** What the filter of the search, and that of the list, find of a character; both in the order of the alphabet. */
async function about(character: string, user: string, query = 'planted') {
  const { data, errors } = await app.graphql(
    `query ($query: String!, $character: String!) {
      memorySearch(query: $query, filter: { character: $character }) { hits { interaction { query } } }
      interactions(filter: { character: $character }, first: 100) { nodes { query } } }`,
    { character, query },
    user,
  );
  expect(errors).toBeUndefined();
  const searched = data.memorySearch.hits.map(
    (hit: { interaction: { query: string } }) => hit.interaction.query,
  );
  const listed = data.interactions.nodes.map((node: { query: string }) => node.query);
  return { searched: searched.sort() as string[], listed: listed.sort() as string[] };
}
const both = (...queries: string[]) => ({ searched: queries.toSorted(), listed: queries.toSorted() });

describe('a turn that names several characters is found by each of them', () => {
  test.each([
    ['two', 'Mei and Kai planted a fern', ['Kai Nakamura', 'Mei']],
    ['three', 'Kai, Mei and Ursula planted a tree', ['Ursula Brandt', 'Kai Nakamura', 'Mei']],
    ['one name of two characters', 'Rina planted peas', ['Rina', 'Rina Sato']],
    ['one by name and alias', 'Kai, called Sharkfin, planted kelp', ['Kai Nakamura']],
    ['a name within another', 'Rina Sato planted moss with Mei', ['Rina Sato', 'Mei']],
    ['a name within another, and by itself', 'Rina Sato planted, Rina watched', ['Rina Sato', 'Rina']],
  ])('%s', async (_kind, query, names) => {
    const user = `user ${query}`;
    const [named = []] = await record(user, [{ query }, { query: 'nobody planted anything' }]);
    expect(named.toSorted()).toEqual(names.toSorted());
    for (const name of ['Kai Nakamura', 'Mei', 'Rina', 'Rina Sato', 'Ursula Brandt'])
      expect(await about(name, user), name).toEqual(names.includes(name) ? both(query) : both());
  });

  test('one in the query and one in the answer, recorded', async () => {
    const turn = { query: 'Mei planted what?', response: 'A rose that Ursula Brandt gave.' };
    expect(await record('sides', [turn])).toEqual([['Mei', 'Ursula Brandt']]);
    expect(await about('Ursula Brandt', 'sides')).toEqual(both(turn.query));
    expect(await about('Mei', 'sides')).toEqual(both(turn.query));
  });

  test('one in the query and one in the answer of a model', async () => {
    provider.respondWith({ kind: 'answer', deltas: ['It was Ursula Brandt.'] });
    const { data } = await app.graphql(
      `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
        ... on ProcessQuerySuccess { interaction { response modelUsed characters { characterName } } } ... on Error { message } } }`,
      { input: { query: 'I planted a bulb yesterday, and somebody helped' } },
      'model',
    );
    expect(data.processQuery.interaction).toMatchObject({ response: 'It was Ursula Brandt.' });
    expect(namesOf(data.processQuery.interaction)).toEqual(['Ursula Brandt']);
    expect(await about('Ursula Brandt', 'model')).toEqual(
      both('I planted a bulb yesterday, and somebody helped'),
    );
  });

  test('what is quoted from memory is named where it was said', async () => {
    const quoting = await startTestApp();
    const told = { query: 'Ursula Brandt planted a willow near the lake' };
    try {
      await quoting.graphql(
        'mutation { upsertCharacter(input: { characterName: "Ursula Brandt" }) { __typename } }',
      );
      await quoting.graphql(
        'mutation ($turns: [TurnInput!]!) { recordTurns(input: { conversationId: "told", turns: $turns }) { __typename } }',
        { turns: [told] },
      );
      const { data } = await quoting.graphql(
        `mutation { processQuery(input: { query: "Where is the willow?" }) {
          ... on ProcessQuerySuccess { interaction { response characters { characterName } } } } }`,
      );
      expect(data.processQuery.interaction.response).toContain(told.query);
      expect(data.processQuery.interaction.characters).toEqual([]);
      const listed = await quoting.graphql(
        '{ interactions(filter: { character: "Ursula Brandt" }) { nodes { query } } }',
      );
      expect(listed.data.interactions.nodes).toEqual([told]);
    } finally {
      await quoting.close();
    }
  });

  test('each shares its tier', async () => {
    await record('tier', [{ query: 'Rina and Mei planted a fern' }]);
    for (const name of ['Rina', 'Mei']) {
      const { data } = await app.graphql(
        `{ memorySearch(query: "What did ${name} do?") { hits { tier } } }`,
        {},
        'tier',
      );
      expect(data.memorySearch.hits).toEqual([{ tier: 'CHARACTER' }]);
    }
  });

  test('more are found than a page holds, the latest of the list first', async () => {
    const turns = Array.from({ length: 30 }, (_, index) => ({
      query: `Mei and Ursula planted number ${index}`,
      timestamp: new Date(Date.UTC(2024, 1, 1, 0, index)).toISOString(),
    }));
    await record('pages', turns);
    const page = async (after: string | null) => {
      const { data } = await app.graphql(
        `query ($after: String) { interactions(filter: { character: "Ursula Brandt", text: "planted" }, first: 20, after: $after) {
          nodes { query } pageInfo { endCursor hasNextPage } } }`,
        { after },
        'pages',
      );
      return data.interactions;
    };
    const first = await page(null);
    const second = await page(first.pageInfo.endCursor);
    expect([...first.nodes, ...second.nodes].map(({ query }: { query: string }) => query)).toEqual(
      turns.map(({ query }) => query).reverse(),
    );
    expect(second.pageInfo.hasNextPage).toBe(false);
  });
});

describe('characters of a turn', () => {
  test('may be a user’s own, whom others do not see', async () => {
    await upsert({ characterName: 'Gritta', shared: false }, 'sol');
    expect(await record('sol', [{ query: 'Mei and Gritta planted a rose' }])).toEqual([['Gritta', 'Mei']]);
    expect(await record('tim', [{ query: 'Mei and Gritta planted a rose' }])).toEqual([['Mei']]);
    expect(await about('Gritta', 'sol')).toEqual(both('Mei and Gritta planted a rose'));
    const { errors } = await app.graphql(
      '{ interactions(filter: { character: "Gritta" }) { nodes { query } } }',
      {},
      'tim',
    );
    expect(errors?.[0]?.message).toContain('filter.character: there is no character "Gritta"');
  });

  test('stay when they are renamed by an alias, and when they are deactivated', async () => {
    await upsert({ characterName: 'Orla' });
    await record('stay', [{ query: 'Mei and Orla planted oats' }]);
    await upsert({ characterName: 'Orla', aliases: ['Captain Oats'] });
    await record('stay', [{ query: 'Mei and Captain Oats planted rye' }]);
    expect(await about('Orla', 'stay')).toEqual(
      both('Mei and Orla planted oats', 'Mei and Captain Oats planted rye'),
    );
    await app.graphql('mutation { deactivateCharacter(name: "Orla") { __typename } }');
    await record('stay', [{ query: 'Mei and Orla planted nothing' }]);
    expect(await about('Orla', 'stay')).toEqual(
      both('Mei and Orla planted oats', 'Mei and Captain Oats planted rye'),
    );
  });

  test('come back with a restore, by their names', async () => {
    await record('away', [{ query: 'Mei and Ursula planted a hedge' }, { query: 'Only Mei planted' }]);
    const exported = await app.graphql('{ exportUser { lines } }', {}, 'away');
    const lines: string[] = exported.data.exportUser.lines;
    const turns = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'turn');
    expect(turns.map(({ character, characters }) => ({ character, characters }))).toEqual([
      { character: 'Ursula Brandt', characters: ['Ursula Brandt', 'Mei'] },
      { character: 'Mei', characters: undefined },
    ]);
    const other = await startTestApp();
    try {
      // Others come first, so that ids differ.
      for (const characterName of ['Zed', 'Mei', 'Ursula Brandt'])
        await other.graphql(
          'mutation ($input: CharacterInput!) { upsertCharacter(input: $input) { __typename } }',
          { input: { characterName } },
        );
      const restored = await other.graphql(
        'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns } ... on Error { message } } }',
        { lines },
        'away',
      );
      expect(restored.data.restoreUser).toEqual({ turns: 2 });
      const { data } = await other.graphql(
        '{ interactions(filter: { character: "Mei" }) { nodes { query characters { characterName } } } exportUser { lines } }',
        {},
        'away',
      );
      expect(data.interactions.nodes.map(namesOf)).toEqual([['Mei'], ['Ursula Brandt', 'Mei']]);
      expect(data.exportUser.lines).toEqual(lines);
    } finally {
      await other.close();
    }
  });

  test('of a version that stored only the first are found by that', async () => {
    await record('old', [{ query: 'Mei and Ursula planted a hedge' }]);
    await app.sql("update echo_unified_interactions set character_ids = null where user_id = 'old'");
    expect(await about('Ursula Brandt', 'old')).toEqual(both('Mei and Ursula planted a hedge'));
    const { data } = await app.graphql(
      '{ interactions { nodes { characters { characterName } } } }',
      {},
      'old',
    );
    expect(data.interactions.nodes.map(namesOf)).toEqual([['Ursula Brandt']]);
  });

  test('are the first hundred of more', async () => {
    const many = Array.from(
      { length: 120 },
      (_, index) => `Quorb${String.fromCharCode(97 + (index % 26))}${index}`,
    );
    for (const characterName of many) await upsert({ characterName, shared: false }, 'crowd');
    const [named = []] = await record('crowd', [{ query: `${many.join(' ')} planted` }]);
    expect(named).toHaveLength(100);
    const { data } = await app.graphql('{ exportUser { lines } }', {}, 'crowd');
    const restored = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns replayed } ... on Error { message } } }',
      { lines: data.exportUser.lines },
      'crowd',
    );
    expect(restored.data.restoreUser.message).toBeUndefined();
  });
});
