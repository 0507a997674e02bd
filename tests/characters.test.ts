import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const FIELDS = `characterName aliases creator sourceFranchise characterType age gender physicalDescription
  personalityTraits notes hairColor referenceImages styleElements isActive conversationMentions generationCount`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { DEFAULT_CREATOR: 'the house' } });
});
afterAll(() => app.close());

async function upsert(input: Record<string, unknown>) {
  const { data, errors } = await app.graphql(
    `mutation ($input: CharacterInput!) { upsertCharacter(input: $input) {
      ... on UpsertCharacterSuccess { character { ${FIELDS} createdAt updatedAt } }
      ... on Error { code message } ... on InvalidInputError { field }
    } }`,
    { input },
  );
  expect(errors).toBeUndefined();
  return data.upsertCharacter;
}

async function upsertMany(inputs: Record<string, unknown>[]) {
  const { data, errors } = await app.graphql(
    `mutation ($inputs: [CharacterInput!]!) { upsertCharacters(inputs: $inputs) {
      ... on UpsertCharactersSuccess { characters { ${FIELDS} } }
      ... on Error { code message } ... on InvalidInputError { field }
    } }`,
    { inputs },
  );
  expect(errors).toBeUndefined();
  return data.upsertCharacters;
}

async function deactivate(name: string) {
  const { data } = await app.graphql(
    `mutation ($name: String!) { deactivateCharacter(name: $name) {
      ... on DeactivateCharacterSuccess { character { characterName isActive } } ... on Error { code message }
    } }`,
    { name },
  );
  return data.deactivateCharacter;
}

async function list(filter: Record<string, unknown>, page: Record<string, unknown> = { first: 100 }) {
  const { data, errors } = await app.graphql(
    `query ($filter: CharacterFilter, $first: Int, $after: String, $last: Int, $before: String) {
      characters(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { characterName } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`,
    { filter, ...page },
  );
  expect(errors).toBeUndefined();
  const names: string[] = data.characters.nodes.map((node: { characterName: string }) => node.characterName);
  return { names, ...data.characters.pageInfo };
}

const find = async (name: string) =>
  (await app.graphql(`query ($name: String!) { character(name: $name) { ${FIELDS} } }`, { name })).data
    .character;

async function mentioned(query: string): Promise<string | null> {
  const { data } = await app.graphql(
    `mutation ($query: String!) { processQuery(input: { query: $query }) {
      ... on ProcessQuerySuccess { interaction { character { characterName } } } } }`,
    { query },
  );
  return data.processQuery.interaction.character?.characterName ?? null;
}

describe('upsertCharacter', () => {
  test('creates a character with defaults, and queries mention it at once', async () => {
    expect(await mentioned('Who is Zephyrine?')).toBeNull();
    const { character } = await upsert({ characterName: 'Zephyrine' });
    expect(character).toMatchObject({
      characterName: 'Zephyrine',
      creator: 'the house',
      aliases: [],
      isActive: true,
      age: null,
      notes: null,
    });
    expect(await mentioned('Who is Zephyrine?')).toBe('Zephyrine');
  });

  test('changes the fields that are given and keeps the rest', async () => {
    const profile = {
      characterName: 'Ondine',
      aliases: ['Undine', '水の精'],
      creator: 'somebody',
      sourceFranchise: 'Rivers',
      age: 400,
      hairColor: 'green',
      notes: 'first',
      referenceImages: [{ url: 'a.png' }, 'b.png', null],
      styleElements: ['foam'],
    };
    const created = await upsert(profile);
    expect(created.character).toMatchObject(profile);
    const changed = await upsert({ characterName: 'Ondine', age: 401, notes: null });
    expect(changed.character).toMatchObject({ ...profile, age: 401 });
    expect(changed.character.createdAt).toBe(created.character.createdAt);
    expect(Date.parse(changed.character.updatedAt)).toBeGreaterThanOrEqual(
      Date.parse(created.character.updatedAt),
    );
    expect(await find('Ondine')).toMatchObject({ ...profile, age: 401 });
  });

  test('replaces the aliases, and queries follow', async () => {
    await upsert({ characterName: 'Brunhilde', aliases: ['Bruni'] });
    expect(await mentioned('Ask Bruni about it')).toBe('Brunhilde');
    await upsert({ characterName: 'Brunhilde', aliases: ['Hilde'] });
    expect(await mentioned('Ask Bruni about it')).toBeNull();
    expect(await mentioned('Ask Hilde about it')).toBe('Brunhilde');
  });

  test.each([
    ['characterName', '', /1 to 100/],
    ['characterName', 'n'.repeat(101), /100/],
    ['characterName', ' spaced ', /white space/],
    ['characterName', 'a\u0000', /NUL/],
    ['aliases', Array.from({ length: 51 }, (_, n) => `alias ${n}`), /50/],
    ['aliases', ['a'.repeat(101)], /100/],
    ['creator', 'c'.repeat(101), /100/],
    ['sourceFranchise', 's'.repeat(201), /200/],
    ['gender', 'g'.repeat(21), /20/],
    ['age', -1, /at least 0/],
    ['age', 1_000_001, /1,?000,?000/],
    ['notes', 'n'.repeat(20_001), /20,?000/],
    ['referenceImages', { not: 'a list' }, /list/],
    ['styleElements', ['x'.repeat(65_536)], /65,?536/],
  ])('refuses %s = %j, naming the limit', async (field, value, message) => {
    const before = await app.sql('select * from character_profiles order by id');
    const refused = await upsert({ characterName: 'Limited', [field]: value });
    expect(refused).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: expect.stringContaining(field),
      message: expect.stringMatching(message),
    });
    expect(await app.sql('select * from character_profiles order by id')).toEqual(before);
  });
});

describe('upsertCharacters', () => {
  test('stores all in the order given, new and known', async () => {
    await upsert({ characterName: 'Many 2', notes: 'known' });
    const { characters } = await upsertMany([3, 1, 2].map((n) => ({ characterName: `Many ${n}`, age: n })));
    expect(characters.map((character: { characterName: string }) => character.characterName)).toEqual([
      'Many 3',
      'Many 1',
      'Many 2',
    ]);
    expect(characters[2]).toMatchObject({ age: 2, notes: 'known' });
  });

  test('stores nothing when one is bad, and names it', async () => {
    const refused = await upsertMany([{ characterName: 'Half 1' }, { characterName: 'Half 2', age: -5 }]);
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field: 'inputs.1.age' });
    expect(await find('Half 1')).toBeNull();
  });

  test('takes 1 to 500', async () => {
    const inputs = Array.from({ length: 501 }, (_, n) => ({
      characterName: `Crowd ${String(n).padStart(3, '0')}`,
      sourceFranchise: 'Crowd',
    }));
    expect(await upsertMany(inputs)).toMatchObject({
      field: 'inputs',
      message: expect.stringMatching(/500/),
    });
    expect(await upsertMany([])).toMatchObject({ field: 'inputs', message: expect.stringMatching(/1/) });
    expect((await upsertMany(inputs.slice(0, 500))).characters).toHaveLength(500);
  });

  test('by several writers at the same time, in any order, all succeed', async () => {
    const inputs = Array.from({ length: 60 }, (_, n) => ({ characterName: `Twin ${n}`, age: n }));
    const results = await Promise.all(
      [inputs, inputs.toReversed(), inputs, inputs.toReversed()].map((order) => upsertMany(order)),
    );
    for (const result of results) expect(result.characters).toHaveLength(60);
    expect(results[1].characters[0].characterName).toBe('Twin 59');
  });
});

describe('deactivateCharacter', () => {
  test('hides a character from lists and queries until it is upserted again', async () => {
    await upsert({ characterName: 'Vesper', sourceFranchise: 'Evening' });
    expect(await mentioned('Where is Vesper now?')).toBe('Vesper');
    expect(await deactivate('Vesper')).toEqual({ character: { characterName: 'Vesper', isActive: false } });
    expect(await mentioned('Where is Vesper now?')).toBeNull();
    const evening = { sourceFranchise: 'Evening' };
    expect((await list(evening)).names).toEqual([]);
    expect((await list({ ...evening, activeOnly: false })).names).toEqual(['Vesper']);
    expect(await find('Vesper')).toMatchObject({ isActive: false });
    expect(await deactivate('Vesper')).toMatchObject({ code: 'NOT_FOUND' });
    await upsert({ characterName: 'Vesper' });
    expect(await mentioned('Where is Vesper now?')).toBe('Vesper');
    expect((await list(evening)).names).toEqual(['Vesper']);
  });

  test('refuses names that are unknown or outside their limits', async () => {
    expect(await deactivate('Nobody at all')).toMatchObject({ code: 'NOT_FOUND' });
    for (const name of ['', 'n'.repeat(101), 'a\u0000'])
      expect(await deactivate(name)).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('characters', () => {
  test('are searched by plain text in names, aliases, descriptions and stories', async () => {
    const franchise = { sourceFranchise: 'Search' };
    await upsertMany([
      { ...franchise, characterName: '100% Wolf' },
      { ...franchise, characterName: '100 Wolves' },
      { ...franchise, characterName: 'snake_case' },
      { ...franchise, characterName: 'snakeXcase' },
      { ...franchise, characterName: 'back\\slash' },
      { ...franchise, characterName: 'Aliased', aliases: ["O'Hara", '%_\\'] },
      { ...franchise, characterName: 'Described', physicalDescription: 'has a SCAR' },
      { ...franchise, characterName: 'Storied', backgroundStory: 'a scar of the war' },
    ]);
    const search = async (text: string) => (await list({ ...franchise, search: text })).names;
    expect(await search('100%')).toEqual(['100% Wolf']);
    expect(await search('snake_')).toEqual(['snake_case']);
    expect(await search('K\\S')).toEqual(['back\\slash']);
    expect(await search('\\')).toEqual(['Aliased', 'back\\slash']);
    expect(await search("o'hara")).toEqual(['Aliased']);
    expect(await search('scar')).toEqual(['Described', 'Storied']);
    expect(await search("' or true --")).toEqual([]);
  });

  test('are filtered by creator and work', async () => {
    await upsertMany([
      { characterName: 'Filter A', creator: 'Cara', sourceFranchise: 'F1' },
      { characterName: 'Filter B', creator: 'Cara', sourceFranchise: 'F2' },
    ]);
    expect((await list({ creator: 'Cara' })).names).toEqual(['Filter A', 'Filter B']);
    expect((await list({ creator: 'Cara', sourceFranchise: 'F2' })).names).toEqual(['Filter B']);
  });

  test('are paged by name from both ends', async () => {
    await upsertMany(
      Array.from({ length: 23 }, (_, n) => ({
        characterName: `${'äZaz'[n % 4]} ${n} 頁 "`,
        sourceFranchise: 'Paged',
      })),
    );
    const filter = { sourceFranchise: 'Paged' };
    const { names: expected } = await list(filter);
    expect(new Set(expected).size).toBe(23);
    const forward: string[] = [];
    for (let page = await list(filter, { first: 5 }); ; ) {
      forward.push(...page.names);
      if (!page.hasNextPage) break;
      page = await list(filter, { first: 5, after: page.endCursor });
    }
    expect(forward).toEqual(expected);
    const backward: string[] = [];
    for (let page = await list(filter, { last: 5 }); ; ) {
      backward.unshift(...page.names);
      if (!page.hasPreviousPage) break;
      page = await list(filter, { last: 5, before: page.startCursor });
    }
    expect(backward).toEqual(expected);
  });

  test.each(['search', 'creator', 'sourceFranchise'])('with NUL in %s are refused', async (field) => {
    const { errors } = await app.graphql(
      'query ($filter: CharacterFilter) { characters(filter: $filter) { nodes { id } } }',
      { filter: { [field]: '\u0000' } },
    );
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining(field),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('that do not exist are null', async () => {
    for (const name of ['nobody', '', 'a\u0000b']) expect(await find(name)).toBeNull();
  });
});

test('characterStats counts the active ones', async () => {
  const stats = async () =>
    (await app.graphql('{ characterStats { total averageConsistency totalGenerations } }')).data
      .characterStats;
  await app.sql('delete from character_profiles');
  expect(await stats()).toEqual({ total: 0, averageConsistency: 0, totalGenerations: 0 });
  await upsertMany(['A', 'B', 'C'].map((characterName) => ({ characterName })));
  await app.sql(
    `update character_profiles set generation_count = 7, consistency_score = 0.5 where character_name = 'A'`,
  );
  await app.sql(`update character_profiles set is_active = false where character_name = 'C'`);
  expect(await stats()).toEqual({ total: 2, averageConsistency: 0.25, totalGenerations: 7 });
});

test('without a model nobody plays a character: the answer says what is known of them', async () => {
  await upsert({ characterName: 'Perpetua Lund', personalityTraits: 'never late' });
  await app.graphql(
    'mutation { setConversationCharacters(conversationId: "with her", characters: ["Perpetua Lund"]) { __typename } }',
  );
  const { data } = await app.graphql(
    `mutation { processQuery(input: { query: "How was your day?", conversationId: "with her" }) {
      ... on ProcessQuerySuccess { interaction { response responder modelUsed } } } }`,
  );
  const { response, responder, modelUsed } = data.processQuery.interaction;
  expect([responder, modelUsed]).toEqual([null, 'character_database']);
  expect(response).toContain('never late');
  expect(response).toContain('I do not speak for anybody');
});

describe('two characters of one first name', () => {
  const ask = async (query: string, conversationId: string) =>
    (
      await app.graphql(
        `mutation ($query: String!, $conversationId: String!) {
          processQuery(input: { query: $query, conversationId: $conversationId }) {
            ... on ProcessQuerySuccess { interaction {
              response intent requiresClarification clarifyingQuestions character { characterName } } } } }`,
        { query, conversationId },
      )
    ).data.processQuery.interaction;

  test('it asks which is meant, and then knows', async () => {
    await upsertMany([
      { characterName: 'Ottoline Marsh', sourceFranchise: 'Fens', notes: 'a' },
      { characterName: 'Ottoline Birch', sourceFranchise: 'Woods', personalityTraits: 'hums' },
    ]);
    const question = expect.stringMatching(
      /^Which “Ottoline” do you mean: Ottoline \w+ \(\w+\) or Ottoline \w+ \(\w+\)\?$/,
    );
    expect(await ask('Who is Ottoline?', 'namesakes')).toMatchObject({
      intent: 'character_query',
      requiresClarification: true,
      clarifyingQuestions: [question],
      response: question,
    });
    const clear = { requiresClarification: false, character: { characterName: 'Ottoline Birch' } };
    expect(await ask('Ottoline Birch', 'namesakes')).toMatchObject(clear);
    expect(await ask("What are Ottoline's habits?", 'namesakes')).toMatchObject({
      ...clear,
      response: expect.stringContaining('hums'),
    });
    // Elsewhere nothing says which.
    expect(await ask('Tell me about Ottoline', 'elsewhere')).toMatchObject({ requiresClarification: true });
    // What is told needs no answer.
    expect(await ask('My friend Ottoline said hello.', 'told')).toMatchObject({
      requiresClarification: false,
    });
  });
});

test('completeness is the share of the listed fields that say something', async () => {
  await upsert({
    characterName: 'Half Known',
    age: 3,
    gender: '',
    aliases: ['Halfy'],
    styleElements: ['ink'],
  });
  const { data } = await app.graphql('{ character(name: "Half Known") { completeness } }');
  expect(data.character.completeness).toBeCloseTo(3 / 20);
});

test('characters are found by any text of the profile, and by type', async () => {
  await upsertMany([
    { characterName: 'Findable One', occupation: 'Zymologist', characterType: 'canon' },
    { characterName: 'Findable Two', styleElements: ['zymurgy labels'] },
  ]);
  expect((await list({ search: 'ZYMOL' })).names).toEqual(['Findable One']);
  expect((await list({ search: 'zymurgy' })).names).toEqual(['Findable Two']);
  expect((await list({ search: 'Findable', characterType: 'canon' })).names).toEqual(['Findable One']);
});

test('a character that was deactivated comes back as they were', async () => {
  const reactivate = async (name: string, user?: string) =>
    (
      await app.graphql(
        `mutation ($name: String!) { reactivateCharacter(name: $name) {
          ... on UpsertCharacterSuccess { outcome character { characterName isActive notes } }
          ... on Error { code message } } }`,
        { name },
        user,
      )
    ).data.reactivateCharacter;
  await upsert({ characterName: 'Gone And Back', notes: 'stays' });
  await deactivate('Gone And Back');
  expect(
    await app.graphql('{ characters(filter: { search: "Gone And" }) { nodes { notes } } }'),
  ).toMatchObject({
    data: { characters: { nodes: [] } },
  });
  expect(await reactivate('gone and back')).toEqual({
    outcome: 'CHANGED',
    character: { characterName: 'Gone And Back', isActive: true, notes: 'stays' },
  });
  expect(await reactivate('Gone And Back')).toMatchObject({ outcome: 'UNCHANGED' });
  expect(await reactivate('Never Was')).toMatchObject({ code: 'NOT_FOUND' });
  expect(await reactivate('\0')).toMatchObject({ code: 'BAD_USER_INPUT' });
});

test('are paged beyond a name with a character that stands for a broken one', async () => {
  for (const name of ['Br\ufffdken One', 'Br\ufffdken Two'])
    await app.graphql(
      'mutation ($name: String!) { upsertCharacter(input: { characterName: $name }) { __typename } }',
      { name },
    );
  const page =
    'query ($after: String) { characters(filter: { search: "Br" }, first: 1, after: $after) { nodes { characterName } pageInfo { endCursor hasNextPage } } }';
  const seen: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data, errors } = await app.graphql(page, { after });
    expect(errors).toBeUndefined();
    seen.push(data.characters.nodes[0].characterName);
    if (!data.characters.pageInfo.hasNextPage) break;
    after = data.characters.pageInfo.endCursor;
  }
  expect(seen).toEqual(expect.arrayContaining(['Br\ufffdken One', 'Br\ufffdken Two']));
});
