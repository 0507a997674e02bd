import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportCard, importCard, v2 } from './support/cards.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
const sent: string[] = [];
beforeAll(async () => {
  app = await startTestApp({ env: { DEFAULT_CREATOR: 'the house' }, onSql: (name) => sent.push(name) });
});
afterAll(() => app.close());

const USER = 'ann';
const CHANGES = 'changes(first: 50) { changeId at kind by fields before after undoes undone }';
interface Change extends Record<'changeId' | 'at' | 'kind', string> {
  readonly by: string | null;
  readonly fields: string[];
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown>;
  readonly undoes: string | null;
  readonly undone: boolean;
}

async function upsert(inputs: Record<string, unknown>[], user?: string): Promise<string[]> {
  const { data, errors } = await app.graphql(
    `mutation ($inputs: [CharacterInput!]!) { upsertCharacters(inputs: $inputs) {
      ... on UpsertCharactersSuccess { outcomes } ... on Error { message } } }`,
    { inputs },
    user,
  );
  expect(errors).toBeUndefined();
  return data.upsertCharacters.outcomes;
}
const profile = async (name: string, user?: string) =>
  (
    await app.graphql(
      `query ($name: String!) { character(name: $name) { characterName hairColor eyeColor aliases age isActive styleElements
        personalityTraits greetings ${CHANGES} } }`,
      { name },
      user,
    )
  ).data.character;
const changes = async (name: string, user?: string): Promise<Change[]> => (await profile(name, user)).changes;
const undo = async (changeId: string | undefined, user?: string) =>
  (
    await app.graphql(
      `mutation ($changeId: ID!) { undoCharacterChange(changeId: $changeId) {
        ... on UpsertCharacterSuccess { outcome character { isActive hairColor eyeColor } } ... on Error { code message } } }`,
      { changeId },
      user,
    )
  ).data.undoCharacterChange;
const set = (verb: 'deactivateCharacter' | 'reactivateCharacter', name: string, user?: string) =>
  app.graphql(`mutation ($name: String!) { ${verb}(name: $name) { __typename } }`, { name }, user);

describe('the history of a character', () => {
  test('says who changed what, when, and what it said before and after', async () => {
    await upsert([{ characterName: 'Orla', hairColor: 'red', aliases: ['The Fox'] }], USER);
    await upsert([{ characterName: 'Orla', hairColor: 'white', eyeColor: 'grey' }], USER);
    // What changes nothing is no change.
    expect(await upsert([{ characterName: 'Orla', hairColor: 'white' }], USER)).toEqual(['UNCHANGED']);
    await set('deactivateCharacter', 'Orla', USER);
    await set('reactivateCharacter', 'Orla', USER);
    await set('reactivateCharacter', 'Orla', USER);
    const all = await changes('Orla', USER);
    expect(all.map(({ kind, fields, before, after }) => ({ kind, fields, before, after }))).toEqual([
      { kind: 'REACTIVATED', fields: ['isActive'], before: { isActive: false }, after: { isActive: true } },
      { kind: 'DEACTIVATED', fields: ['isActive'], before: { isActive: true }, after: { isActive: false } },
      {
        kind: 'CHANGED',
        fields: ['hairColor', 'eyeColor'],
        before: { hairColor: 'red', eyeColor: null },
        after: { hairColor: 'white', eyeColor: 'grey' },
      },
      {
        kind: 'CREATED',
        fields: ['aliases', 'creator', 'sourceFranchise', 'characterType', 'hairColor', 'isActive'],
        before: null,
        after: {
          ...{ aliases: ['The Fox'], creator: 'the house', sourceFranchise: 'original' },
          ...{ characterType: 'original', hairColor: 'red', isActive: true },
        },
      },
    ]);
    for (const { by, at, undoes, undone } of all)
      expect({ by, at, undoes, undone }).toEqual({
        ...{ by: USER, at: expect.stringMatching(/^\d{4}-.*Z$/), undoes: null, undone: false },
      });
    // A mention counts, and changes nothing.
    await app.graphql('mutation { processQuery(input: { query: "Who is Orla?" }) { __typename } }', {}, USER);
    const { data } = await app.graphql('{ character(name: "Orla") { conversationMentions } }', {}, USER);
    expect(data.character.conversationMentions).toBe(1);
    expect(await changes('Orla', USER)).toHaveLength(4);
  });

  test('takes one statement for hundreds of characters', async () => {
    const inputs = Array.from({ length: 500 }, (_, number) => ({
      characterName: `Extra ${number}`,
      age: number,
    }));
    sent.length = 0;
    await upsert(inputs, USER);
    expect(sent.filter((name) => name === 'note_character_changes')).toHaveLength(1);
    sent.length = 0;
    await app.graphql(`{ characters(first: 100) { nodes { changes(first: 1) { kind } } } }`, {}, USER);
    expect(sent.filter((name) => name === 'changes_of_characters')).toHaveLength(1);
    expect(await changes('Extra 499', USER)).toMatchObject([{ kind: 'CREATED', after: { age: 499 } }]);
  });

  test('keeps the latest fifty', async () => {
    for (let age = 1; age <= 52; age++) await upsert([{ characterName: 'Methuselah', age }], USER);
    const all = await changes('Methuselah', USER);
    expect(all).toHaveLength(50);
    expect(all[0]?.after).toEqual({ age: 52 });
    expect(all.at(-1)?.after).toEqual({ age: 3 });
    const [row] = await app.sql(
      `select count(*)::int as count from character_changes c join character_profiles p on p.id = c.character_id
       where p.character_name = 'Methuselah'`,
    );
    expect(row).toEqual({ count: 50 });
    const { errors } = await app.graphql(
      '{ character(name: "Methuselah") { changes(first: 51) { kind } } }',
      {},
      USER,
    );
    expect(errors?.[0]?.message).toMatch(/^first: must be from 1 to 50/);
  });
});

describe('an undo', () => {
  test('sets back, is a change itself, and once done stays done', async () => {
    await upsert(
      [{ characterName: 'Bran', hairColor: 'black', styleElements: ['ink'], aliases: ['Crow'] }],
      USER,
    );
    await upsert([{ characterName: 'Bran', hairColor: 'blue', styleElements: [], aliases: [] }], USER);
    const [changed] = await changes('Bran', USER);
    expect(await undo(changed?.changeId, USER)).toMatchObject({
      outcome: 'CHANGED',
      character: { hairColor: 'black' },
    });
    // Again, as after a lost answer.
    expect(await undo(changed?.changeId, USER)).toMatchObject({ outcome: 'UNCHANGED' });
    const after = await profile('Bran', USER);
    expect(after).toMatchObject({ hairColor: 'black', styleElements: ['ink'], aliases: ['Crow'] });
    expect(after.changes).toHaveLength(3);
    expect(after.changes[0]).toMatchObject({
      kind: 'UNDONE',
      undoes: changed?.changeId,
      after: { hairColor: 'black' },
    });
    expect(after.changes[1]).toMatchObject({ undone: true });
    // What was undone comes back by an undo of the undo.
    expect(await undo(after.changes[0].changeId, USER)).toMatchObject({ character: { hairColor: 'blue' } });
    expect((await changes('Bran', USER))[2]).toMatchObject({ changeId: changed?.changeId, undone: false });
    expect(await undo(changed?.changeId, USER)).toMatchObject({ character: { hairColor: 'black' } });
  });

  test('is refused where a later change touched the same fields, and names them', async () => {
    await upsert([{ characterName: 'Cass', hairColor: 'a', eyeColor: 'a', age: 1 }], USER);
    await upsert([{ characterName: 'Cass', hairColor: 'b', eyeColor: 'b', age: 2 }], USER);
    await upsert([{ characterName: 'Cass', hairColor: 'c', gender: 'f' }], USER);
    await upsert([{ characterName: 'Cass', notes: 'other' }], USER);
    const [, later, first] = await changes('Cass', USER);
    expect(await undo(first?.changeId, USER)).toEqual({
      code: 'BAD_USER_INPUT',
      message: `changeId: hairColor was changed again later; undo that first, the latest being ${later?.changeId}`,
    });
    expect(await profile('Cass', USER)).toMatchObject({ hairColor: 'c', eyeColor: 'b', age: 2 });
    expect(await undo(later?.changeId, USER)).toMatchObject({ character: { hairColor: 'b' } });
    expect(await undo(first?.changeId, USER)).toMatchObject({ character: { hairColor: 'a', eyeColor: 'a' } });
    // The undo of the later one would set back what an earlier one set since.
    const undoing = (await changes('Cass', USER)).find(({ undoes }) => undoes === later?.changeId);
    expect(await undo(undoing?.changeId, USER)).toMatchObject({
      message: expect.stringMatching(/^changeId: hairColor/),
    });
  });

  test('of a creation hides, of a deactivation shows again', async () => {
    await upsert([{ characterName: 'Dara' }], USER);
    const [created] = await changes('Dara', USER);
    expect(await undo(created?.changeId, USER)).toMatchObject({ character: { isActive: false } });
    expect(await upsert([{ characterName: 'Dara', age: 3 }], USER)).toEqual(['CHANGED']);
    await set('deactivateCharacter', 'Dara', USER);
    const [hidden] = await changes('Dara', USER);
    expect(await undo(hidden?.changeId, USER)).toMatchObject({ character: { isActive: true } });
  });

  test('brings the card before back, with its greetings', async () => {
    const card = v2('Edda');
    await importCard(app, Buffer.from(JSON.stringify(card)), USER);
    const greetings = (await profile('Edda', USER)).greetings;
    const other = { ...card, data: { ...(card.data as object), first_mes: 'Another', personality: 'rash' } };
    await importCard(app, Buffer.from(JSON.stringify(other)), USER);
    const [imported] = await changes('Edda', USER);
    expect(imported).toMatchObject({
      kind: 'CHANGED',
      fields: ['personalityTraits', 'card'],
      after: { personalityTraits: 'rash' },
    });
    expect((await profile('Edda', USER)).greetings[0]).toBe('Another');
    expect(await undo(imported?.changeId, USER)).toMatchObject({ outcome: 'CHANGED' });
    expect(await profile('Edda', USER)).toMatchObject({ personalityTraits: 'patient', greetings });
    const out = await exportCard(app, 'Edda', 'JSON_V2', USER);
    expect(JSON.parse(out.content.toString())).toEqual(card);
    // One that came for a profile without a card goes.
    await upsert([{ characterName: 'Fenn', personalityTraits: 'mine' }], USER);
    await importCard(app, Buffer.from(JSON.stringify(v2('Fenn'))), USER);
    const [came] = await changes('Fenn', USER);
    await undo(came?.changeId, USER);
    expect(await profile('Fenn', USER)).toMatchObject({ personalityTraits: 'mine', greetings: [] });
  });

  test('belongs to whoever may write the character', async () => {
    await upsert([{ characterName: 'Gale', hairColor: 'own' }], USER);
    await upsert([{ characterName: 'Hale', hairColor: 'shared' }]);
    const [own] = await changes('Gale', USER);
    const [shared] = await changes('Hale', USER);
    expect(shared?.by).toBeNull();
    expect((await changes('Hale'))[0]?.by).toBe('default');
    for (const [change, user] of [
      [own, 'ben'],
      [own, '@elsewhere:ann'],
      [shared, USER],
      [shared, '@elsewhere:root'],
    ] as const)
      expect(await undo(change?.changeId, user)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await undo('00000000-0000-4000-8000-000000000000', USER)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await undo('x', USER)).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await profile('Gale', USER)).toMatchObject({ isActive: true });
    expect(await undo(shared?.changeId)).toMatchObject({ character: { isActive: false } });
  });
});

test('a history goes with an export, and can be undone where it comes back', async () => {
  const all = async (target: TestApp) => {
    const { data } = await target.graphql('{ exportUser(first: 500) { lines next } }', {}, 'mover');
    expect(data.exportUser.next).toBeNull();
    return data.exportUser.lines as string[];
  };
  await importCard(app, Buffer.from(JSON.stringify(v2('Ives'))), 'mover');
  await upsert([{ characterName: 'Ives', hairColor: 'red', age: 4 }], 'mover');
  await importCard(app, Buffer.from(JSON.stringify({ ...v2('Ives'), x: 1 })), 'mover', { replace: false });
  const [, recoloured] = await changes('Ives', 'mover');
  const lines = await all(app);
  const other = await startTestApp();
  try {
    const restore = async (some: string[]) =>
      (
        await other.graphql(
          `mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename ... on Error { message } } }`,
          { lines: some },
          'mover',
        )
      ).data.restoreUser;
    expect(await restore(lines)).toEqual({ __typename: 'RestoreUserSuccess' });
    expect(await all(other)).toEqual(lines);
    const { data } = await other.graphql(
      `mutation { undoCharacterChange(changeId: "${recoloured?.changeId}") {
        ... on UpsertCharacterSuccess { character { hairColor age } } ... on Error { message } } }`,
      {},
      'mover',
    );
    expect(data.undoCharacterChange).toEqual({ character: { hairColor: null, age: null } });
    const forged = lines
      .filter((line) => line.includes('"character_change"'))
      .map((line) => JSON.stringify({ ...JSON.parse(line), after: { tenantId: 'x' } }));
    expect((await restore(forged)).message).toMatch(/^lines\.0\.after/);
  } finally {
    await other.close();
  }
});

test('the log tells of what was stored, and of no count', async () => {
  await upsert([{ characterName: 'Jory' }], 'log');
  const stores = () =>
    app.sql("select count(*)::int as count from echo_audit_log where action = 'character.store'");
  const before = await stores();
  await app.sql(
    `update character_profiles set generation_count = generation_count + 1, last_generated = now() where character_name = 'Jory'`,
  );
  await app.sql(`update character_profiles set consistency_score = 0.5 where character_name = 'Jory'`);
  expect(await stores()).toEqual(before);
  await upsert([{ characterName: 'Jory', age: 1 }], 'log');
  expect(await stores()).toEqual([{ count: before[0]?.count + 1 }]);
});
