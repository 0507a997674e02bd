import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyNames } from '../src/domains/characters/names.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

const UPSERT = `mutation ($input: CharacterInput!) { upsertCharacter(input: $input) {
  ... on UpsertCharacterSuccess { outcome character { id characterName shared personalityTraits age isActive } }
  ... on Error { code message } } }`;
const ASK = `mutation ($query: String!, $userId: String) { processQuery(input: { query: $query, userId: $userId }) {
  ... on ProcessQuerySuccess { interaction { response intent character { characterName shared } } }
  ... on Error { code message } } }`;

async function upsert(input: Record<string, unknown>, user?: string) {
  const { data, errors } = await app.graphql(UPSERT, { input }, user);
  return { ...data?.upsertCharacter, errors };
}

async function deactivate(name: string, user?: string, shared?: boolean) {
  const { data, errors } = await app.graphql(
    `mutation ($name: String!, $shared: Boolean) { deactivateCharacter(name: $name, shared: $shared) {
      ... on DeactivateCharacterSuccess { character { characterName shared } } ... on Error { code message } } }`,
    { name, shared: shared ?? null },
    user,
  );
  return { ...data?.deactivateCharacter, errors };
}

async function ask(query: string, user?: string, userId?: string) {
  const { data, errors } = await app.graphql(ASK, { query, userId: userId ?? null }, user);
  expect(errors).toBeUndefined();
  return data.processQuery.interaction;
}

const find = async (name: string, user?: string) =>
  (
    await app.graphql(
      'query ($name: String!) { character(name: $name) { characterName shared personalityTraits } }',
      { name },
      user,
    )
  ).data.character;

async function names(user?: string, filter: Record<string, unknown> = {}) {
  const { data } = await app.graphql(
    'query ($filter: CharacterFilter) { characters(first: 100, filter: $filter) { nodes { characterName shared } } }',
    { filter },
    user,
  );
  return data.characters.nodes.map(
    (node: { characterName: string; shared: boolean }) =>
      `${node.characterName}${node.shared ? '' : ' (own)'}`,
  );
}

describe('a user’s own character', () => {
  test('answers its owner and nobody else, at no door', async () => {
    const before = await app.graphql('{ characterStats { total } }', {}, 'ann');
    const { character, outcome } = await upsert(
      { characterName: 'Zorblax', aliases: ['PIN hint'], personalityTraits: 'BEN WAS HERE' },
      'ben',
    );
    expect(character).toMatchObject({ characterName: 'Zorblax', shared: false });
    expect(outcome).toBe('CREATED');
    expect((await ask('Who is Zorblax?', 'ben')).response).toContain('BEN WAS HERE');

    for (const other of ['ann', undefined, '@default:root', '@elsewhere:root']) {
      const interaction = await ask('Who is Zorblax, and what is the PIN hint?', other);
      expect(interaction.character).toBeNull();
      expect(interaction.response).not.toContain('BEN');
      expect(await find('Zorblax', other)).toBeNull();
      expect(await find('zorblax', other)).toBeNull();
      expect(await names(other)).not.toContain('Zorblax (own)');
      expect(await names(other, { search: 'BEN WAS' })).toEqual([]);
      expect(await names(other, { activeOnly: false, search: 'Zorblax' })).toEqual([]);
      const node = await app.graphql(`{ node(id: "${character.id}") { id } }`, {}, other);
      expect(node.data.node).toBeNull();
      const search = await app.graphql(
        '{ memorySearch(query: "hint", filter: { character: "Zorblax" }) { hits { tier } } }',
        {},
        other,
      );
      expect(search.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    }
    expect(await app.graphql('{ characterStats { total } }', {}, 'ann')).toEqual(before);
  });

  test('is not shown with the turns of its owner to those who may read these', async () => {
    await upsert({ characterName: 'Quillon', personalityTraits: 'secretive' }, 'cleo');
    await ask('Who is Quillon?', 'cleo');
    const { data } = await app.graphql(
      '{ interactions(filter: { userId: "cleo" }) { nodes { query character { characterName } } } }',
    );
    expect(data.interactions.nodes).toEqual([{ query: 'Who is Quillon?', character: null }]);
  });

  test('answers its owner also where somebody asks for them', async () => {
    await upsert({ characterName: 'Ferrow', personalityTraits: 'brisk' }, 'dora');
    expect((await ask('Who is Ferrow?', undefined, 'dora')).response).toContain('brisk');
    expect((await ask('Who is Ferrow?', undefined, 'emil')).response).not.toContain('brisk');
  });

  test('is named by its number only in the audit log, on behalf of its owner', async () => {
    const { character } = await upsert({ characterName: 'Umbriel of the Deep' }, 'finn');
    const id = Number(Buffer.from(character.id, 'base64').toString().split(':')[1]);
    const rows = await app.sql(
      `select coalesce(n.name, l.target) as target, o.name as owner from echo_audit_log l
       left join echo_audit_names n on n.pseudonym = l.target left join echo_audit_names o on o.pseudonym = l.on_behalf_of
       where action = 'character.store' order by l.id desc limit 1`,
    );
    expect(rows).toEqual([{ target: String(id), owner: 'finn' }]);
    expect(await app.sql("select 1 from echo_audit_names where name like 'Umbriel%'")).toEqual([]);
  });
});

describe('beside a shared one of the same name', () => {
  test('the own one answers its owner, and the shared one everybody else', async () => {
    const made = await upsert({ characterName: 'Rina', personalityTraits: 'my own Rina' }, 'gail');
    expect(made).toMatchObject({ outcome: 'CREATED', character: { shared: false, age: null } });
    expect((await ask('Who is Rina?', 'gail')).response).toContain('my own Rina');
    expect((await ask('Who is Rina?', 'gail')).response).not.toContain('Radio host');
    expect((await ask('Who is Rina?', 'hugo')).response).toContain('Radio host');
    expect(await find('Rina', 'gail')).toMatchObject({ shared: false, personalityTraits: 'my own Rina' });
    expect(await find('Rina', 'hugo')).toMatchObject({ shared: true });
    expect((await names('gail')).filter((name: string) => name.startsWith('Rina'))).toEqual([
      'Rina',
      'Rina (own)',
    ]);
    expect(await names('gail', { shared: false })).toEqual(['Rina (own)']);
    expect(await names('gail', { shared: true })).not.toContain('Rina (own)');
    expect(await deactivate('Rina', 'gail')).toMatchObject({ character: { shared: false } });
    expect((await ask('Who is Rina?', 'gail')).response).toContain('Radio host');
    expect(await find('Rina', 'gail')).toMatchObject({ shared: true });
  });

  test('both are reached by pages of one', async () => {
    await upsert({ characterName: 'Mei' }, 'ida');
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const { data } = await app.graphql(
        'query ($after: String) { characters(first: 1, after: $after) { nodes { characterName shared } pageInfo { hasNextPage endCursor } } }',
        { after },
        'ida',
      );
      seen.push(`${data.characters.nodes[0].characterName} ${data.characters.nodes[0].shared}`);
      if (!data.characters.pageInfo.hasNextPage) break;
      after = data.characters.pageInfo.endCursor;
    }
    expect(seen.filter((name) => name.startsWith('Mei'))).toEqual(['Mei true', 'Mei false']);
    expect(new Set(seen).size).toBe(8);
  });

  test('a user who writes the name of a shared one never changes that one', async () => {
    const before = await app.sql('select * from character_profiles where user_id is null order by id');
    await upsert({ characterName: 'kai  nakamura', notes: 'rewritten' }, 'jon');
    expect(await deactivate('Kai Nakamura', 'kim')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await deactivate('Nobody', 'kim')).toMatchObject({ code: 'NOT_FOUND' });
    for (const answer of [
      await upsert({ characterName: 'Kai Nakamura', notes: 'mine', shared: true }, 'jon'),
      await upsert({ characterName: 'A new one', shared: true }, 'jon'),
      await deactivate('Kai Nakamura', 'jon', true),
    ])
      expect(answer.errors[0]).toMatchObject({
        message: expect.stringContaining('shared: only an admin or a service'),
        extensions: { code: 'FORBIDDEN' },
      });
    expect(await app.sql('select * from character_profiles where user_id is null order by id')).toEqual(
      before,
    );
  });
});

describe('an admin', () => {
  test('writes shared characters unless they say otherwise', async () => {
    expect(await upsert({ characterName: 'Ours' })).toMatchObject({ character: { shared: true } });
    expect(await upsert({ characterName: 'Theirs', shared: false })).toMatchObject({
      character: { shared: false },
    });
    expect(await find('Ours', 'lea')).toMatchObject({ shared: true });
    expect(await find('Theirs', 'lea')).toBeNull();
    expect(await find('Theirs')).toMatchObject({ shared: false });
    expect(await deactivate('Theirs', undefined, true)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await deactivate('Ours', undefined, false)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await deactivate('Theirs')).toMatchObject({ character: { shared: false } });
    expect(await deactivate('Ours')).toMatchObject({ character: { shared: true } });
  });
});

describe('names that differ in case, accents or punctuation', () => {
  test.each([
    ['Alice', 'alice'],
    ['Élodie', 'ELODIE'],
    ['Jean-Luc Moreau', 'Jean Luc Moreau'],
    ['R2-D2', 'r2d2'],
    ['O’Brien', "O'Brien"],
    ['Łukasz', 'Lukasz'],
    ['Ｋａｎａ', 'Kana'],
  ])('are one: %s and %s', async (written, again) => {
    const user = `user of ${Buffer.from(written).toString('hex')}`;
    await upsert({ characterName: written, personalityTraits: 'brave' }, user);
    expect(await upsert({ characterName: again, age: 7 }, user)).toMatchObject({
      outcome: 'CHANGED',
      character: { characterName: written, personalityTraits: 'brave', age: 7 },
    });
    expect(await find(again, user)).toMatchObject({ characterName: written });
    expect(await deactivate(again, user)).toMatchObject({ character: { characterName: written } });
  });

  test('that an older version stored beside each other are told apart by how they are written', async () => {
    await app.sql(
      "insert into character_profiles (character_name, creator, source_franchise, notes) values ('Orla', 'a', 'x', 'first'), ('ORLA', 'a', 'x', 'second')",
    );
    expect(await keyNames(app.app.services.db)).toBe(2);
    expect(await find('Orla')).toMatchObject({ characterName: 'Orla', shared: true });
    expect(await find('ORLA')).toMatchObject({ characterName: 'ORLA', shared: true });
    expect(await upsert({ characterName: 'ORLA', age: 3 })).toMatchObject({
      character: { characterName: 'ORLA' },
    });
    expect(await keyNames(app.app.services.db)).toBe(0);
  });
});

describe('what was done is said', () => {
  test('created, changed, unchanged; and a card can be the whole profile', async () => {
    const alice = { characterName: 'Captain Alice', personalityTraits: 'brave', creator: 'creatorA' };
    expect(await upsert(alice, 'mia')).toMatchObject({ outcome: 'CREATED' });
    expect(await upsert(alice, 'mia')).toMatchObject({ outcome: 'UNCHANGED' });
    expect(await upsert({ ...alice, age: 30 }, 'mia')).toMatchObject({
      outcome: 'CHANGED',
      character: { age: 30 },
    });
    const other = { characterName: 'captain alice', creator: 'creatorB', replace: true };
    expect(await upsert(other, 'mia')).toMatchObject({
      outcome: 'CHANGED',
      character: { personalityTraits: null, age: null },
    });
    expect(await upsert(other, 'mia')).toMatchObject({ outcome: 'UNCHANGED' });
    await deactivate('Captain Alice', 'mia');
    expect(await upsert(other, 'mia')).toMatchObject({ outcome: 'CHANGED', character: { isActive: true } });
  });

  test('for each of several, also of one name', async () => {
    const { data } = await app.graphql(
      `mutation ($inputs: [CharacterInput!]!) { upsertCharacters(inputs: $inputs) {
        ... on UpsertCharactersSuccess { outcomes characters { characterName age shared } } } }`,
      {
        inputs: [
          { characterName: 'Twice', age: 1 },
          { characterName: 'TWICE', age: 2, shared: true },
          { characterName: 'twice', age: 2 },
          { characterName: 'Twice', shared: false },
        ],
      },
    );
    expect(data.upsertCharacters.outcomes).toEqual(['CREATED', 'CHANGED', 'UNCHANGED', 'CREATED']);
    expect(
      data.upsertCharacters.characters.map(
        ({ characterName, shared }: Record<string, unknown>) => `${characterName} ${shared}`,
      ),
    ).toEqual(['Twice true', 'Twice true', 'Twice true', 'Twice false']);
  });
});

describe('how many there may be', () => {
  const many = async (count: number, aliases: number, length: number, user?: string, prefix = 'Bulk') => {
    const inputs = Array.from({ length: count }, (_, n) => ({
      characterName: `${prefix} ${n}`,
      aliases: Array.from({ length: aliases }, (_each, m) =>
        `${prefix}${n}x${m}`.padEnd(length, 'abc ').trim(),
      ),
    }));
    const { data } = await app.graphql(
      `mutation ($inputs: [CharacterInput!]!) { upsertCharacters(inputs: $inputs) {
        ... on UpsertCharactersSuccess { outcomes } ... on Error { code message } } }`,
      { inputs },
      user,
    );
    return data?.upsertCharacters;
  };

  test('is bounded for each user, and the error names the limit', async () => {
    expect(await many(200, 50, 30, 'nora')).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/at most 5,000 names .*would have 10,200/),
    });
    expect(await many(40, 40, 95, 'nora')).toMatchObject({
      message: expect.stringMatching(/at most 100,000 characters in the names/),
    });
    expect((await many(500, 0, 0, 'nora', 'First')).outcomes).toHaveLength(500);
    expect((await many(499, 0, 0, 'nora', 'Second')).outcomes).toHaveLength(499);
    expect((await many(1, 0, 0, 'nora', 'Third')).outcomes).toEqual(['CREATED']);
    expect(await many(1, 0, 0, 'nora', 'Fourth')).toMatchObject({
      message: expect.stringMatching(/at most 1,000 active characters, would have 1,001/),
    });
    // What is there can be changed, one that is hidden makes room, and others are not concerned.
    expect((await many(1, 3, 20, 'nora', 'First')).outcomes).toEqual(['CHANGED']);
    await deactivate('First 7', 'nora');
    expect((await many(1, 0, 0, 'nora', 'Fourth')).outcomes).toEqual(['CREATED']);
    expect((await many(1, 0, 0, 'olaf', 'Fourth')).outcomes).toEqual(['CREATED']);
  });

  test('two writers at once do not get past it', async () => {
    // One that had to wait too long for the others is told to come again.
    const writer = (prefix: string) =>
      vi.waitFor(
        async () => {
          const result = await many(400, 0, 0, 'pia', prefix);
          expect(result).toBeDefined();
          return result;
        },
        { timeout: 80_000, interval: 100 },
      );
    const results = await Promise.all(['A', 'B', 'C', 'D'].map(writer));
    expect(results.filter((result) => result.outcomes)).toHaveLength(2);
    expect(await app.sql("select count(*)::int from character_profiles where user_id = 'pia'")).toEqual([
      { count: 800 },
    ]);
  }, 100_000);
});

describe('recorded turns', () => {
  const record = (turns: Record<string, unknown>[], user: string, conversationId = `of ${user}`) =>
    app.graphql(
      `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
        ... on RecordTurnsSuccess { interactions { query character { characterName shared } } } ... on Error { message } } }`,
      { input: { conversationId, turns } },
      user,
    );
  const about = async (character: string, user: string) => {
    const hits = await app.search('What was planted?', user, { filter: { character } });
    return hits.map(({ interaction }) => interaction.query).sort();
  };

  test('are found by the characters that they mention, as asked ones are', async () => {
    const turns = [
      { query: 'Mei planted a fern today' },
      { query: 'MEI’S orchid was planted by day' },
      { query: 'What was planted?', response: 'Mei planted moss.' },
      { query: 'meiosis was planted in a book' },
      { query: '芽衣が木を植えた planted' },
    ];
    await record(turns, 'rae');
    await ask('Mei planted an orchid yesterday', 'rae');
    expect(await about('Mei', 'rae')).toEqual(
      [
        ...turns.filter((_, index) => index !== 3).map(({ query }) => query),
        'Mei planted an orchid yesterday',
      ].sort(),
    );
    const hits = await app.search('What did Mei plant?', 'rae');
    const tiers = Object.fromEntries(hits.map((hit) => [hit.interaction.query, hit.tier]));
    expect(tiers['Mei planted a fern today']).toBe('CHARACTER');
    expect(tiers['meiosis was planted in a book']).not.toBe('CHARACTER');
  });

  test('know the own characters of their user only', async () => {
    await upsert({ characterName: 'Gritta' }, 'sol');
    const mine = await record([{ query: 'Gritta planted a rose' }], 'sol');
    const others = await record([{ query: 'Gritta planted a rose' }], 'tim');
    expect(mine.data.recordTurns.interactions[0].character).toEqual({
      characterName: 'Gritta',
      shared: false,
    });
    expect(others.data.recordTurns.interactions[0].character).toBeNull();
    expect(await about('Gritta', 'sol')).toEqual(['Gritta planted a rose']);
  });

  test('500 at once, each with its own, by several writers', async () => {
    const names = ['Mei', 'Raze', 'Xyrax', 'Yuki'];
    const turns = Array.from({ length: 500 }, (_, number) => ({
      query: `Line ${number}: ${names[number % 4]} ${'and so on '.repeat(40)} with ${names[(number + 1) % 4]}`,
    }));
    const stored = await Promise.all(['u1', 'u2', 'u3'].map((user) => record(turns, user)));
    for (const { data } of stored)
      expect(
        data.recordTurns.interactions.map(
          ({ character }: { character: { characterName: string } }) => character.characterName,
        ),
      ).toEqual(turns.map(() => expect.stringMatching(/Mei|Raze|Xyrax|Yuki/)));
  });
});
