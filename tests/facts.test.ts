import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FACT, learn } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const RESULT = `... on FactSuccess { fact { ${FACT} } } ... on Error { code message }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

type Input = Record<string, unknown>;

async function changed(call: string, variables: Input, types: string, user: string) {
  const { data, errors } = await app.graphql(
    `mutation (${types}) { result: ${call} { ${RESULT} } }`,
    variables,
    user,
  );
  return errors?.[0] ?? data.result.fact ?? data.result;
}
const add = (user: string, predicate: string, object: string, more: Input = {}) =>
  changed('addFact(input: $input)', { input: { predicate, object, ...more } }, '$input: FactInput!', user);
const correct = (user: string, factId: string, predicate: string, object: string, more: Input = {}) =>
  changed(
    'correctFact(factId: $factId, input: $input)',
    { factId, input: { predicate, object, ...more } },
    '$factId: ID!, $input: FactInput!',
    user,
  );
const retract = (user: string, factId: string) =>
  changed('retractFact(factId: $factId)', { factId }, '$factId: ID!', user);
async function undo(user: string, changeId: string, cascade?: boolean) {
  const { data, errors } = await app.graphql(
    `mutation ($changeId: ID!, $cascade: Boolean) { undoLearningChange(changeId: $changeId, cascade: $cascade) {
      ... on UndoSuccess { undone { changeId kind undone fact { statement } } changes { changeId } }
      ... on ChangeBuiltOnError { code field changeIds } ... on Error { code message } } }`,
    { changeId, cascade },
    user,
  );
  return errors?.[0] ?? data.undoLearningChange;
}
async function read(user: string, factId: string) {
  const { data } = await app.graphql(
    `query ($id: ID!) { fact(factId: $id) { ${FACT} } }`,
    { id: factId },
    user,
  );
  return data.fact;
}
async function list(user: string, filter: Input = {}) {
  const { data, errors } = await app.graphql(
    'query ($filter: FactFilter) { facts(filter: $filter) { nodes { statement status } } }',
    { filter },
    user,
  );
  return errors?.[0]?.message ?? data.facts.nodes.map(({ statement }: { statement: string }) => statement);
}
/** A turn, and what it says of its user at a day of January 2024. */
async function say(user: string, day: number, predicate: string, object: string, more: Input = {}) {
  const saidAt = new Date(Date.UTC(2024, 0, day)).toISOString();
  const [turn] = await app.record(
    `of ${user}`,
    [{ query: `${predicate} ${object}`, timestamp: saidAt }],
    user,
  );
  const [done] = await learn(app, user, [{ turnId: turn?.turnId ?? '', saidAt, predicate, object, ...more }]);
  return { outcome: done?.outcome, factId: done?.fact?.factId ?? '', turnId: turn?.turnId };
}
/** All that is stored of a user's facts, but for the changes and what was withdrawn. */
async function stored(user: string) {
  const facts = await app.sql('select t::text from echo_learned_facts t where user_id = $1 order by id', [
    user,
  ]);
  const sources = await app.sql(
    'select t::text from echo_fact_sources t where user_id = $1 and not withdrawn order by id',
    [user],
  );
  return [...facts, ...sources];
}
const kinds = (fact: { changes: { kind: string }[] }) => fact.changes.map(({ kind }) => kind);
const changeOf = (fact: { changes: { changeId: string; kind: string }[] }, kind: string) =>
  fact.changes.find((change) => change.kind === kind)?.changeId ?? '';

describe('a fact that is entered', () => {
  test('has what was given, and the words of its fields where none were', async () => {
    const made = await add('ada', 'lives_in', 'São Paulo 🌆');
    expect(made).toMatchObject({
      ...{ userId: 'ada', subject: 'user', predicate: 'lives_in', object: 'São Paulo 🌆', category: 'PLACE' },
      ...{
        statement: 'user lives in São Paulo 🌆',
        negated: false,
        confidence: 1,
        status: 'ACTIVE',
        origin: 'PERSON',
      },
      ...{ validFrom: null, validUntil: null, retiredAt: null, supersedes: [], supersededBy: null },
      sources: [{ quote: 'user lives in São Paulo 🌆', field: null, start: 0, end: 25, interaction: null }],
      changes: [{ kind: 'ADDED', by: 'ada', runId: null, undone: false, fact: { factId: made.factId } }],
    });
    expect(await read('ada', made.factId)).toEqual(made);
    const whole = await add('ada', 'favourite_cheese', 'Brie', {
      ...{ subject: 'Anna', statement: 'Anna does not care for Brie', negated: true, category: 'HEALTH' },
      ...{ validFrom: '2020-01-01T00:00:00.000Z', validUntil: '2021-01-01T00:00:00.000Z' },
    });
    expect(whole).toMatchObject({
      ...{ subject: 'Anna', statement: 'Anna does not care for Brie', negated: true, category: 'HEALTH' },
      ...{ validFrom: '2020-01-01T00:00:00.000Z', validUntil: '2021-01-01T00:00:00.000Z', status: 'ACTIVE' },
    });
    expect((await add('ada', 'lucky_number', '7')).category).toBe('OTHER');
  });

  test.each<[Input, string]>([
    [{ predicate: 'Lives in' }, 'predicate: must be 1 to 50 letters from a to z, digits and _'],
    [{ predicate: '' }, 'predicate: must be 1 to 50 letters'],
    [{ predicate: 'a'.repeat(51) }, 'predicate: must be 1 to 50 letters'],
    [{ object: '' }, 'object: must have 1 to 200 characters, has 0'],
    [{ object: ' \n' }, 'object: must not be only white space'],
    [{ object: '🦊'.repeat(201) }, 'object: must have 1 to 200 characters, has 201'],
    [{ object: 'a\0' }, 'object: must not contain the NUL character'],
    [{ object: '\ud800' }, 'object: must not contain lone surrogates'],
    [{ subject: '' }, 'subject: must have 1 to 200 characters, has 0'],
    [{ subject: 'é'.repeat(201) }, 'subject: must have 1 to 200 characters, has 201'],
    [{ statement: '' }, 'statement: must have 1 to 500 characters, has 0'],
    [{ statement: 'é'.repeat(501) }, 'statement: must have 1 to 500 characters, has 501'],
    [{ category: 'FOOD' }, 'FOOD'],
    [{ negated: 'no' }, 'no'],
    [{ validFrom: 'tomorrow' }, 'validFrom'],
    [
      { validFrom: '2024-01-02T00:00:00Z', validUntil: '2024-01-02T00:00:00Z' },
      'validUntil: must be after validFrom',
    ],
  ])('is refused with %j, new or as a correction', async (given, message) => {
    const made = await add('bad', 'likes', 'tea');
    expect((await add('bad', 'likes', 'coffee', given)).message).toContain(message);
    expect((await correct('bad', made.factId, 'likes', 'coffee', given)).message).toContain(message);
    expect(await list('bad', { status: null })).toEqual(['user likes tea']);
  });

  test('is its user’s own; who may act for others reaches those of the tenant', async () => {
    const { factId, changes } = await add('cid', 'likes', 'tea');
    expect(await read('dora', factId)).toBeNull();
    const gone = { code: 'NOT_FOUND', message: 'factId: there is no such fact' };
    expect(await correct('dora', factId, 'likes', 'x')).toEqual(gone);
    expect(await retract('dora', factId)).toEqual(gone);
    expect(await undo('dora', changes[0].changeId)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await list('dora')).toEqual([]);
    expect(await list('dora', { userId: 'cid' })).toContain('only a principal who may act for others');
    expect(await list('@default:root', { userId: 'cid' })).toEqual(['user likes tea']);
    expect((await read('@default:root', factId)).userId).toBe('cid');
    expect(await read('@other:root', factId)).toBeNull();
    for (const bad of ['', 'x', `${factId}0`, 'a\0'])
      expect((await retract('cid', bad)).message).toBe('factId: must be a UUID');
    expect(await undo('cid', 'x')).toMatchObject({ message: 'changeId: must be a UUID' });
    expect(await retract('cid', crypto.randomUUID())).toEqual(gone);
  });
});

describe('what excludes each other', () => {
  test('of what one has one of, the one that was said last holds, whenever it was learned', async () => {
    const porto = await say('eva', 9, 'lives_in', 'Porto');
    const lisbon = await say('eva', 3, 'lives_in', 'Lisbon');
    expect(await list('eva')).toEqual(['user lives_in Porto']);
    expect(await read('eva', lisbon.factId)).toMatchObject({
      ...{
        status: 'SUPERSEDED',
        supersededBy: { factId: porto.factId },
        validUntil: '2024-01-09T00:00:00.000Z',
      },
      retiredAt: expect.any(String),
      sources: [{ interaction: { turnId: lisbon.turnId }, field: 'QUERY' }],
    });
    expect((await read('eva', porto.factId)).supersedes).toEqual([{ factId: lisbon.factId }]);
    // Between the two: what came before goes to what comes next.
    const braga = await say('eva', 6, 'lives_in', 'Braga');
    expect(await read('eva', lisbon.factId)).toMatchObject({
      ...{ supersededBy: { factId: braga.factId }, validUntil: '2024-01-06T00:00:00.000Z' },
    });
    expect(kinds(await read('eva', lisbon.factId))).toEqual(['SUPERSEDED', 'SUPERSEDED', 'ADDED']);
    // Said again, the oldest holds, and the one before it until then.
    await say('eva', 12, 'lives_in', 'LISBON');
    expect(await list('eva')).toEqual(['user lives_in Lisbon']);
    expect(await read('eva', porto.factId)).toMatchObject({ validUntil: '2024-01-12T00:00:00.000Z' });
    expect(kinds(await read('eva', lisbon.factId)).slice(0, 2)).toEqual(['REINSTATED', 'MERGED']);
  });

  test('of others, many hold side by side, and of each subject its own', async () => {
    await say('fay', 1, 'has_pet', 'a cat called Ada');
    await say('fay', 2, 'has_pet', 'a dog called Bo');
    await say('fay', 3, 'lives_in', 'Lisbon');
    await say('fay', 4, 'lives_in', 'Porto', { subject: 'Anna' });
    await say('fay', 5, 'favourite_tea', 'Assam');
    await say('fay', 6, 'favourite_cheese', 'Brie');
    expect(await list('fay')).toHaveLength(6);
  });

  test('what says the opposite later ends it, and it stands again when it is said again', async () => {
    const is = await say('gil', 1, 'likes', 'olives');
    const not = await say('gil', 2, 'likes', 'olives', { negated: true });
    expect(await read('gil', is.factId)).toMatchObject({
      ...{
        status: 'SUPERSEDED',
        supersededBy: { factId: not.factId },
        validUntil: '2024-01-02T00:00:00.000Z',
      },
    });
    await say('gil', 3, 'likes', 'olives');
    expect(await list('gil')).toEqual(['user likes olives']);
    expect(await read('gil', not.factId)).toMatchObject({
      status: 'SUPERSEDED',
      supersededBy: { factId: is.factId },
    });
  });

  test('near-equal statements are one fact with more sources, in the words of the first', async () => {
    const later = await say('hal', 5, 'has_pet', 'dog, called Biscuit', { confidence: 0.7 });
    const first = await say('hal', 2, 'has_pet', 'a dog called Biscuit', { confidence: 0.8 });
    expect(first).toMatchObject({ outcome: 'MERGED', factId: later.factId });
    const fact = await read('hal', later.factId);
    expect(fact).toMatchObject({
      statement: 'user has_pet a dog called Biscuit',
      confidence: expect.closeTo(0.82, 5),
    });
    expect(fact.sources.map(({ interaction }: { interaction: object }) => interaction)).toEqual([
      { turnId: later.turnId },
      { turnId: first.turnId },
    ]);
    expect(kinds(fact)).toEqual(['MERGED', 'ADDED']);
    expect((await say('hal', 6, 'has_pet', 'a cat called Biscuit')).outcome).toBe('ADDED');
    // The very same source is no second one.
    const again = { turnId: first.turnId ?? '', saidAt: '2024-01-02T00:00:00Z', predicate: 'has_pet' };
    const [known] = await learn(app, 'hal', [{ ...again, object: 'a dog called Biscuit' }]);
    expect(known?.outcome).toBe('KNOWN');
    expect((await read('hal', later.factId)).sources).toHaveLength(2);
  });

  test('what a person entered stands above what is extracted, also later', async () => {
    const entered = await add('ida', 'lives_in', 'Lisbon');
    const saidAt = '2999-01-01T00:00:00Z';
    const { turnId } = await say('ida', 1, 'likes', 'tea');
    const [porto] = await learn(app, 'ida', [
      { turnId: turnId ?? '', saidAt, predicate: 'lives_in', object: 'Porto' },
    ]);
    expect(await list('ida', { category: 'PLACE' })).toEqual(['user lives in Lisbon']);
    expect((await read('ida', porto?.fact?.factId ?? '')).supersededBy).toEqual({ factId: entered.factId });
    // Another person's word is as good: the later one.
    await add('ida', 'lives_in', 'Braga');
    expect(await list('ida', { category: 'PLACE' })).toEqual(['user lives in Braga']);
    // What was extracted becomes a person's when one enters it, in their words.
    await add('ida', 'lives_in', 'Porto', { statement: 'home is Porto' });
    expect(await list('ida', { category: 'PLACE' })).toEqual(['home is Porto']);
  });

  test('nothing is learned from a turn that is gone', async () => {
    const said = { saidAt: '2024-01-01T00:00:00Z', predicate: 'likes', object: 'tea' };
    const [gone] = await learn(app, 'joe', [{ ...said, turnId: crypto.randomUUID() }]);
    expect(gone).toEqual({ outcome: 'GONE', fact: null, superseded: 0 });
    const { turnId } = await say('kim', 1, 'likes', 'tea');
    expect((await learn(app, 'joe', [{ ...said, turnId: turnId ?? '' }]))[0]?.outcome).toBe('GONE');
    expect(await stored('joe')).toEqual([]);
  });
});

describe('what a person takes back or corrects', () => {
  test('gives way to what it had superseded, and is not learned again from what was said before', async () => {
    const lisbon = await say('lea', 1, 'lives_in', 'Lisbon');
    const porto = await say('lea', 2, 'lives_in', 'Porto');
    expect(await retract('lea', porto.factId)).toMatchObject({ status: 'RETRACTED', supersedes: [] });
    expect(await read('lea', lisbon.factId)).toMatchObject({
      status: 'ACTIVE',
      validUntil: null,
      retiredAt: null,
    });
    expect((await retract('lea', porto.factId)).message).toBe('factId: this fact is retracted already');
    expect((await correct('lea', porto.factId, 'likes', 'x')).message).toContain(
      'there is nothing to correct',
    );
    expect(await say('lea', 3, 'lives_in', 'Porto')).toMatchObject({ outcome: 'REFUSED' });
    expect(await list('lea')).toEqual(['user lives_in Lisbon']);
    const after = { turnId: porto.turnId ?? '', saidAt: '2999-01-01T00:00:00Z', quote: 'Porto, again' };
    await app.sql("update echo_fact_sources set starts_at = 90 where quote like '%Porto'");
    const [again] = await learn(app, 'lea', [{ ...after, predicate: 'lives_in', object: 'Porto' }]);
    expect(again?.outcome).toBe('MERGED');
    expect(await list('lea')).toEqual(['user lives_in Porto']);
  });

  test('is kept as history of what is right', async () => {
    const wrong = await say('mia', 1, 'works_at', 'Acme');
    const right = await correct('mia', wrong.factId, 'studied_at', 'Acme College');
    expect(right).toMatchObject({
      origin: 'PERSON',
      status: 'ACTIVE',
      supersedes: [{ factId: wrong.factId }],
    });
    expect(await read('mia', wrong.factId)).toMatchObject({
      ...{ status: 'SUPERSEDED', supersededBy: { factId: right.factId }, validUntil: null },
    });
    expect(kinds(await read('mia', wrong.factId))).toEqual(['CORRECTED', 'ADDED']);
    // It was never so, as far as is known now.
    expect(await list('mia', { asOf: '2024-01-02T00:00:00Z' })).toEqual([]);
    // And back again: the two do not take each other's place.
    await correct('mia', right.factId, 'works_at', 'Acme');
    expect(await list('mia')).toEqual(['user works at Acme']);
    // The correction taken back, what it corrected holds again.
    await retract('mia', wrong.factId);
    expect(await list('mia')).toEqual(['user studied at Acme College']);
  });

  test('may be only the wording', async () => {
    const { factId } = await say('nia', 1, 'lives_in', 'lisbon');
    expect(
      await correct('nia', factId, 'lives_in', 'Lisbon', { statement: 'She lives in Lisbon' }),
    ).toMatchObject({
      ...{ factId, statement: 'She lives in Lisbon', object: 'Lisbon', origin: 'PERSON', status: 'ACTIVE' },
    });
  });
});

describe('undoing', () => {
  test.each<[string, (user: string, ids: { lisbon: string; porto: string }) => Promise<string>]>([
    ['a fact that is new', async (user) => changeOf(await add(user, 'likes', 'tea'), 'ADDED')],
    ['what supersedes', async (user) => changeOf(await add(user, 'lives_in', 'Braga'), 'ADDED')],
    [
      'that it was superseded',
      async (user, { porto }) => {
        await say(user, 20, 'lives_in', 'Braga');
        return changeOf(await read(user, porto), 'SUPERSEDED');
      },
    ],
    [
      'one more source',
      async (user, { lisbon }) => {
        await say(user, 30, 'lives_in', 'LISBON', { confidence: 0.95 });
        return changeOf(await read(user, lisbon), 'MERGED');
      },
    ],
    ['a retraction', async (user, { porto }) => changeOf(await retract(user, porto), 'RETRACTED')],
    [
      'a correction',
      async (user, { porto }) => {
        await correct(user, porto, 'born_in', 'Porto');
        return changeOf(await read(user, porto), 'CORRECTED');
      },
    ],
    [
      'a correction of what had been superseded',
      async (user, { lisbon }) => changeOf(await correct(user, lisbon, 'lives_in', 'Faro'), 'ADDED'),
    ],
  ])('%s, leaves all as it was before, to the letter', async (what, change) => {
    const user = `undo ${what}`;
    const lisbon = await say(user, 1, 'lives_in', 'Lisbon');
    const porto = await say(user, 9, 'lives_in', 'Porto');
    const before = await stored(user);
    const changeId = await change(user, { lisbon: lisbon.factId, porto: porto.factId });
    expect(await stored(user)).not.toEqual(before);
    const { undone, changes } = await undo(user, changeId);
    expect(changes).toEqual(undone.map((each: { changeId: string }) => ({ changeId: each.changeId })));
    expect(undone.map((each: { changeId: string }) => each.changeId)).toContain(changeId);
    expect(undone.every((each: { undone: boolean }) => each.undone)).toBe(true);
    const after = await stored(user);
    expect(after.filter(({ t }) => !t.includes(',RETRACTED,'))).toEqual(before);
    expect(after.length - before.length).toBeLessThan(2);
    expect(await undo(user, changeId)).toMatchObject({ message: 'changeId: this change is undone already' });
  });

  test('needs the id that whoever changes a fact is told', async () => {
    const change = async (call: string) => {
      const { data, errors } = await app.graphql(
        `mutation { result: ${call} { ... on FactSuccess {
          fact { factId changes { changeId } } change { changeId kind fact { factId } } } ... on Error { message } } }`,
        {},
        'una',
      );
      if (errors || !data.result.change) return data?.result?.change ?? errors;
      const { fact, change } = data.result;
      expect(fact.changes.map((each: { changeId: string }) => each.changeId)).toContain(change.changeId);
      expect(change.fact.factId).toBe(fact.factId);
      return { ...change, factId: fact.factId };
    };
    const tea = await change('addFact(input: { predicate: "likes", object: "tea" })');
    expect(tea.kind).toBe('ADDED');
    expect((await change('addFact(input: { predicate: "likes", object: "tea" })')).kind).toBe('MERGED');
    const coffee = await change(
      `correctFact(factId: "${tea.factId}", input: { predicate: "likes", object: "coffee" })`,
    );
    expect(coffee.kind).toBe('ADDED');
    const { kind, changeId } = await change(`retractFact(factId: "${coffee.factId}")`);
    expect(kind).toBe('RETRACTED');
    expect((await undo('una', changeId)).undone).toContainEqual(expect.objectContaining({ changeId }));
  });

  test('is refused where later changes build on it, which are named, or takes them along', async () => {
    const lisbon = await say('pia', 1, 'lives_in', 'Lisbon');
    const before = await stored('pia');
    const first = await add('pia', 'lives_in', 'Porto');
    const second = await add('pia', 'lives_in', 'Braga');
    const third = await retract('pia', second.factId);
    const refused = await undo('pia', changeOf(first, 'ADDED'));
    expect(refused).toMatchObject({ code: 'CHANGE_BUILT_ON', field: 'changeId' });
    expect(refused.changeIds).toContain(changeOf(second, 'ADDED'));
    expect(refused.changeIds).toContain(changeOf(third, 'RETRACTED'));
    expect(refused.message).toContain(changeOf(second, 'ADDED'));
    const { undone } = await undo('pia', changeOf(first, 'ADDED'), true);
    expect(
      undone.map((each: { changeId: string }) => each.changeId).slice(0, refused.changeIds.length),
    ).toEqual(refused.changeIds);
    expect((await stored('pia')).filter(({ t }) => !t.includes(',RETRACTED,'))).toEqual(before);
    expect(await list('pia')).toEqual(['user lives_in Lisbon']);
    expect(kinds(await read('pia', lisbon.factId))[0]).toBe('UNDONE');
  });

  test('of what came earlier, leaves nothing superseded by what is not there', async () => {
    const porto = await say('quin', 9, 'lives_in', 'Porto');
    const lisbon = await say('quin', 1, 'lives_in', 'Lisbon');
    await undo('quin', changeOf(await read('quin', porto.factId), 'ADDED'));
    expect(await read('quin', porto.factId)).toMatchObject({ status: 'RETRACTED', sources: [] });
    expect(await read('quin', lisbon.factId)).toMatchObject({
      status: 'ACTIVE',
      supersededBy: null,
      validUntil: null,
    });
    // What was undone is not learned again from the same words, but from others.
    const again = {
      turnId: porto.turnId ?? '',
      saidAt: '2024-01-09T00:00:00Z',
      predicate: 'lives_in',
      object: 'Porto',
    };
    expect((await learn(app, 'quin', [again]))[0]?.outcome).toBe('KNOWN');
    expect(await list('quin')).toEqual(['user lives_in Lisbon']);
    expect((await say('quin', 10, 'lives_in', 'Porto')).outcome).toBe('MERGED');
    expect(await list('quin')).toEqual(['user lives_in Porto']);
  });

  test('cannot be undone itself', async () => {
    const fact = await add('rex', 'likes', 'tea');
    await undo('rex', changeOf(fact, 'ADDED'));
    const undoing = changeOf(await read('rex', fact.factId), 'UNDONE');
    expect((await undo('rex', undoing)).message).toContain(
      'an undoing, or what a deletion changed, cannot be undone',
    );
    expect(await undo('rex', crypto.randomUUID())).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('lists', () => {
  test('what was true at an instant, and what was held to be so at another', async () => {
    await say('sol', 1, 'lives_in', 'Lisbon');
    await say('sol', 3, 'likes', 'tea', { validUntil: '2024-01-05T00:00:00Z' });
    const [{ now: known } = { now: new Date() }] = await app.sql<{ now: Date }>(
      'select clock_timestamp() as now',
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    await say('sol', 9, 'lives_in', 'Porto');
    const at = (day: number) => new Date(Date.UTC(2024, 0, day)).toISOString();
    const [lisbon, porto, tea] = ['user lives_in Lisbon', 'user lives_in Porto', 'user likes tea'];
    expect(await list('sol')).toEqual([porto, tea]);
    expect(await list('sol', { status: null })).toEqual([porto, tea, lisbon]);
    expect(await list('sol', { asOf: '2023-12-31T00:00:00Z' })).toEqual([]);
    expect(await list('sol', { asOf: at(4) })).toEqual([tea, lisbon]);
    expect(await list('sol', { asOf: at(6) })).toEqual([lisbon]);
    expect(await list('sol', { asOf: at(9) })).toEqual([porto]);
    expect(await list('sol', { recordedAsOf: known.toISOString() })).toEqual([tea, lisbon]);
    // What was known then says that it still is so.
    expect(await list('sol', { recordedAsOf: known.toISOString(), asOf: at(9) })).toEqual([lisbon]);
    expect(await list('sol', { recordedAsOf: '2000-01-01T00:00:00Z' })).toEqual([]);
    expect(await list('sol', { asOf: at(4), status: 'SUPERSEDED' })).toEqual([lisbon]);
  });

  test('go by every condition, and all of them', async () => {
    await say('tom', 1, 'lives_in', 'Lisbon');
    await say('tom', 2, 'likes', 'black cats', { subject: 'Anna', origin: 'MODEL' });
    await add('tom', 'allergic_to', 'nuts');
    await app.record('another', ['hello'], 'tom');
    const all = ['user allergic to nuts', 'Anna likes black cats', 'user lives_in Lisbon'];
    expect(await list('tom', {})).toEqual(all);
    expect(await list('tom', { category: 'HEALTH' })).toEqual([all[0]]);
    expect(await list('tom', { subject: 'ANNA' })).toEqual([all[1]]);
    expect(await list('tom', { origin: 'MODEL' })).toEqual([all[1]]);
    expect(await list('tom', { text: 'cat' })).toEqual([all[1]]);
    expect(await list('tom', { text: 'black dogs' })).toEqual([]);
    // Without a word that carries meaning nothing is found.
    expect(await list('tom', { text: 'the' })).toEqual([]);
    expect(await list('tom', { conversationId: 'of tom' })).toEqual(all.slice(1));
    expect(await list('tom', { conversationId: 'another' })).toEqual([]);
    expect(await list('tom', { conversationId: 'of tom', category: 'PLACE', text: 'lisbon' })).toEqual([
      all[2],
    ]);
  });

  test('come in pages, with few statements', async () => {
    for (const pet of ['Ada', 'Bo', 'Cy', 'Di', 'Ed']) await add('uma', 'has_pet', pet);
    const page = (args: string) =>
      app.graphql(
        `{ facts(${args}) { edges { cursor node { object } } pageInfo { hasNextPage } nodes { ${FACT} } } }`,
        {},
        'uma',
      );
    app.statements.length = 0;
    const { data } = await page('first: 3');
    expect(app.statements.filter((name) => /fact/.test(name)).sort()).toEqual([
      expect.stringMatching(/^changes_of_facts/),
      expect.stringMatching(/^fact_page/),
      expect.stringMatching(/^facts_by_number/),
      expect.stringMatching(/^facts_superseded_by/),
      expect.stringMatching(/^sources_of_facts/),
    ]);
    const objects = (result: typeof data) =>
      result.facts.edges.map(({ node }: { node: { object: string } }) => node.object);
    expect(objects(data)).toEqual(['Ed', 'Di', 'Cy']);
    expect(data.facts.pageInfo.hasNextPage).toBe(true);
    const after = data.facts.edges[2].cursor;
    expect(objects((await page(`first: 3, after: "${after}"`)).data)).toEqual(['Bo', 'Ada']);
    expect(objects((await page(`last: 2, before: "${after}"`)).data)).toEqual(['Ed', 'Di']);
    expect((await page('first: 3, after: "x"')).errors?.[0]?.message).toContain('after');
  });
});
