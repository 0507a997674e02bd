import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renewSomeTerms } from '../src/domains/facts/renewed-terms.ts';
import { learn } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';
import { runTask, untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const JANUARY = (day: number) => new Date(Date.UTC(2024, 0, day)).toISOString();
/** Turns of a conversation, one a day. */
async function said(user: string, conversation: string, texts: readonly string[]) {
  const turns = await app.record(
    conversation,
    texts.map((query, at) => ({ query, timestamp: JANUARY(at + 1) })),
    user,
  );
  return turns.map(({ turnId }: { turnId: string }) => turnId) as string[];
}
const statements = (facts: { statement: string }[]) => facts.map(({ statement }) => statement);
async function data(query: string, variables: Record<string, unknown>, user: string) {
  const { data: answer, errors } = await app.graphql(query, variables, user);
  expect(errors).toBeUndefined();
  return answer;
}
const add = (user: string, input: Record<string, unknown>) =>
  data(
    `mutation ($input: FactInput!) { addFact(input: $input) { ... on FactSuccess { fact { factId } } ... on Error { message } } }`,
    { input },
    user,
  );

describe('turns and conversations', () => {
  test('show what they said, in the order of its words, also what holds no longer, and nobody else’s', async () => {
    const [lisbon = '', porto = '', other = ''] = await said('ada', 'life of ada', [
      'I have a dog. I live in Lisbon.',
      'I live in Porto.',
      'Nothing to know.',
    ]);
    await learn(app, 'ada', [
      {
        ...{ turnId: lisbon, saidAt: JANUARY(1), predicate: 'lives_in', object: 'Lisbon' },
        ...{ quote: 'I live in Lisbon.', startsAt: 14 },
      },
      { turnId: lisbon, saidAt: JANUARY(1), predicate: 'has_pet', object: 'a dog', quote: 'I have a dog.' },
      { turnId: porto, saidAt: JANUARY(2), predicate: 'lives_in', object: 'Porto' },
    ]);
    const answer = await data(
      `{ conversation(conversationId: "life of ada") {
          facts { statement status }
          interactions { nodes { turnId facts { statement status supersededBy { statement } } } } } }`,
      {},
      'ada',
    );
    expect(answer.conversation.facts).toEqual([
      { statement: 'user lives_in Porto', status: 'ACTIVE' },
      { statement: 'user has_pet a dog', status: 'ACTIVE' },
      { statement: 'user lives_in Lisbon', status: 'SUPERSEDED' },
    ]);
    const turns = answer.conversation.interactions.nodes;
    expect(turns.map(({ turnId }: { turnId: string }) => turnId)).toEqual([lisbon, porto, other]);
    expect(turns.map(({ facts }: { facts: { statement: string }[] }) => statements(facts))).toEqual([
      ['user has_pet a dog', 'user lives_in Lisbon'],
      ['user lives_in Porto'],
      [],
    ]);
    expect(turns[0].facts[1].supersededBy).toEqual({ statement: 'user lives_in Porto' });
    await data(`mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }`, { id: porto }, 'ada');
    const left = await data(
      '{ conversation(conversationId: "life of ada") { facts { statement status } } }',
      {},
      'ada',
    );
    expect(left.conversation.facts).toEqual([
      { statement: 'user has_pet a dog', status: 'ACTIVE' },
      { statement: 'user lives_in Lisbon', status: 'ACTIVE' },
    ]);
    // Another user may call a conversation the same, and has nothing of it.
    await said('bob', 'life of ada', ['Good morning.']);
    const his = await data(
      '{ conversation(conversationId: "life of ada") { facts { statement } } }',
      {},
      'bob',
    );
    expect(his.conversation.facts).toEqual([]);
  });

  test('take one statement each, whatever number of them there is', async () => {
    await Promise.all(['one', 'two', 'three'].map((name) => said('carl', name, ['First.', 'Second.'])));
    app.statements.length = 0;
    await data(
      '{ conversations { nodes { facts { factId } interactions { nodes { facts { factId } } } } } }',
      {},
      'carl',
    );
    expect(app.statements.filter((name) => /fact/.test(name)).sort()).toEqual([
      'facts_of_conversations',
      'facts_of_turns',
    ]);
  });

  test('show a hundred at most', async () => {
    const [turnId = ''] = await said('dora', 'many', ['A list.']);
    await learn(
      app,
      'dora',
      Array.from({ length: 102 }, (_, at) => ({
        ...{ turnId, saidAt: JANUARY(1), predicate: 'likes', object: `thing number ${at}`, startsAt: at },
      })),
    );
    const answer = await data(
      `query ($id: ID!) { interaction(turnId: $id) { facts { object } conversation { facts { object } } } }`,
      { id: turnId },
      'dora',
    );
    const objects = answer.interaction.facts.map(({ object }: { object: string }) => object);
    expect(objects).toHaveLength(100);
    expect(objects[99]).toBe('thing number 99');
    expect(answer.interaction.conversation.facts).toHaveLength(100);
  });
});

describe('memories of characters', () => {
  beforeAll(async () => {
    await app.graphql(
      `mutation { upsertCharacters(inputs: [
        { characterName: "Zoé Nakamura-Lind", aliases: ["Zo", "The Fox"] }, { characterName: "Bran" }]) { __typename } }`,
    );
  });
  const memories = async (name: string, page: string, user: string) => {
    const { character } = await data(
      `query ($name: String!) { character(name: $name) { memories${page} { nodes { statement }
        pageInfo { hasNextPage endCursor } } } }`,
      { name },
      user,
    );
    return character.memories;
  };

  test('are what is known of them under any of their names, now, in pages', async () => {
    for (const [subject, object] of [
      ['zoe nakamura lind', 'tea'],
      ['ZO', 'rain'],
      ['the fox', 'chess'],
      ['Bran', 'bread'],
      ['Zoltan', 'gulasch'],
    ])
      await add('erin', { subject, predicate: 'likes', object });
    for (const object of ['Rome', 'Oslo'])
      await add('erin', { subject: 'Zoé Nakamura-Lind', predicate: 'lives_in', object });
    await add('frank', { subject: 'Zo', predicate: 'likes', object: 'what only Frank knows' });
    const all = await memories('Zoé Nakamura-Lind', '', 'erin');
    expect(statements(all.nodes)).toEqual([
      'Zoé Nakamura-Lind lives in Oslo',
      'the fox likes chess',
      'ZO likes rain',
      'zoe nakamura lind likes tea',
    ]);
    const first = await memories('zoe nakamura-lind', '(first: 2)', 'erin');
    expect([statements(first.nodes), first.pageInfo.hasNextPage]).toEqual([
      statements(all.nodes).slice(0, 2),
      true,
    ]);
    const rest = await memories(
      'zoe nakamura-lind',
      `(first: 2, after: "${first.pageInfo.endCursor}")`,
      'erin',
    );
    expect([statements(rest.nodes), rest.pageInfo.hasNextPage]).toEqual([
      statements(all.nodes).slice(2),
      false,
    ]);
    expect(statements((await memories('Zoé Nakamura-Lind', '', 'gus')).nodes)).toEqual([]);
    expect(statements((await memories('Bran', '', 'erin')).nodes)).toEqual(['Bran likes bread']);
  });

  test('of a list take one statement', async () => {
    app.statements.length = 0;
    const { characters } = await data(
      '{ characters { nodes { memories(first: 1) { nodes { subject } } } } }',
      {},
      'erin',
    );
    expect(characters.nodes.length).toBeGreaterThan(1);
    expect(app.statements.filter((name) => /fact/.test(name))).toEqual(['facts_of_characters_desc']);
  });

  test('and texts find facts of a version that had no terms of this kind', async () => {
    await add('hal', { subject: 'Bran', predicate: 'likes', object: 'marmalade' });
    await app.sql(
      `update echo_learned_facts set subject_key = '', search_terms = '{}', terms_version = 0 where user_id = 'hal'`,
    );
    expect((await memories('Bran', '', 'hal')).nodes).toEqual([]);
    const found = async () => {
      const { facts } = await data(
        '{ facts(filter: { text: "marmalade" }) { nodes { statement } } }',
        {},
        'hal',
      );
      return statements(facts.nodes);
    };
    expect(await found()).toEqual([]);
    expect(await renewSomeTerms(app.app.services.db)).toBe(1);
    expect(await renewSomeTerms(app.app.services.db)).toBe(0);
    expect(await found()).toEqual(['Bran likes marmalade']);
    expect(statements((await memories('Bran', '', 'hal')).nodes)).toEqual(['Bran likes marmalade']);
  });
});

const WATCH = `subscription ($after: ID) { factChanged(after: $after) {
  cursor at kind change { changeId by undone } fact { statement status } } }`;

describe('whoever follows facts', () => {
  test('sees each change of their own, live, and goes on where they stopped', async () => {
    const following = take(overWebSocket(app.connect('ida'), WATCH, { after: '0-0' }), 5);
    const [lisbon = '', porto = ''] = await said('ida', 'moves', ['I live in Lisbon.', 'I live in Porto.']);
    await learn(app, 'ida', [
      { turnId: lisbon, saidAt: JANUARY(1), predicate: 'lives_in', object: 'Lisbon' },
    ]);
    await add('eve', { predicate: 'likes', object: 'what others do' });
    await learn(app, 'ida', [{ turnId: porto, saidAt: JANUARY(2), predicate: 'lives_in', object: 'Porto' }]);
    const { data: found } = await app.graphql(
      '{ facts { nodes { factId changes { changeId } } } }',
      {},
      'ida',
    );
    const [change] = found.facts.nodes[0].changes;
    await data(
      'mutation ($id: ID!) { undoLearningChange(changeId: $id) { __typename } }',
      { id: change.changeId },
      'ida',
    );
    const told = (await following).map(({ data: event, errors }) => {
      expect(errors).toBeUndefined();
      return event.factChanged;
    });
    expect(told.map(({ kind, fact, change: { by } }) => `${kind} ${fact.statement} ${by}`)).toEqual([
      ...['ADDED user lives_in Lisbon rules', 'ADDED user lives_in Porto rules'],
      ...['SUPERSEDED user lives_in Lisbon rules', 'UNDONE user lives_in Lisbon ida'],
      'UNDONE user lives_in Porto ida',
    ]);
    for (const stream of [overWebSocket(app.connect('ida'), WATCH, { after: told[1].cursor })]) {
      const resumed = await take(stream, 2);
      expect(resumed.map(({ data: event }) => event.factChanged.cursor)).toEqual(
        told.slice(2, 4).map(({ cursor }) => cursor),
      );
    }
    const [sent] = await take(overServerSentEvents(app, WATCH, { after: told[0].cursor }, 'ida'), 1);
    expect(sent?.data.factChanged.cursor).toBe(told[1].cursor);
  });

  test('is told nothing of a transaction that was not committed, and refused what is no cursor', async () => {
    const [turnId = ''] = await said('jon', 'lost', ['I live in Lisbon.']);
    const before = await app.sql("select 1 from echo_events where kind = 'fact_changed' and user_id = 'jon'");
    await app.sql(
      `create function refuse_jon() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
       create constraint trigger refuse_jon after insert on echo_fact_sources deferrable initially deferred
       for each row when (new.user_id = 'jon') execute function refuse_jon()`,
    );
    await expect(
      learn(app, 'jon', [{ turnId, saidAt: JANUARY(1), predicate: 'lives_in', object: 'Lisbon' }]),
    ).rejects.toThrow('refused');
    await app.sql('drop trigger refuse_jon on echo_fact_sources');
    expect(
      await app.sql("select 1 from echo_events where kind = 'fact_changed' and user_id = 'jon'"),
    ).toEqual(before);
    expect(before).toEqual([]);
    const [refused] = await take(overWebSocket(app.connect('jon'), WATCH, { after: 'yesterday' }), 1);
    expect(refused?.errors?.[0]).toMatchObject({ message: 'after: is not a cursor of this subscription' });
  });

  test('from before what is kept is told which cursor works', async () => {
    await add('kim', { predicate: 'likes', object: 'old things' });
    const [first] = await take(overWebSocket(app.connect('kim'), WATCH, { after: '0-0' }), 1);
    await app.sql("update echo_events set at = now() - interval '31 days'");
    await app.record('of kim', ['said just now'], 'kim');
    const { taskId } = await runTask(app, { type: 'retention', payload: { dryRun: false } });
    await untilTask(app, taskId, 'COMPLETED');
    const [expired] = await take(overWebSocket(app.connect('kim'), WATCH, { after: '0-0' }), 1);
    expect(expired?.errors?.[0]?.extensions).toMatchObject({ code: 'CURSOR_EXPIRED' });
    await add('kim', { predicate: 'likes', object: 'new things' });
    const { cursor } = expired?.errors?.[0]?.extensions ?? {};
    const [next] = await take(overWebSocket(app.connect('kim'), WATCH, { after: cursor }), 1);
    expect(next?.data.factChanged).toMatchObject({
      kind: 'ADDED',
      fact: { statement: 'user likes new things' },
    });
    expect(first?.data.factChanged.fact.statement).toBe('user likes old things');
  });

  test('finds nothing of what was erased', async () => {
    await add('lea', { predicate: 'likes', object: 'to be forgotten' });
    await data('mutation { eraseUser(userId: "lea", confirm: "lea") { __typename } }', {}, 'lea');
    expect(
      await app.sql("select 1 from echo_events where user_id = 'lea' and kind = 'fact_changed'"),
    ).toEqual([]);
  });
});
