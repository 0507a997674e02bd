import {
  buildSchema,
  type ExecutionResult,
  execute,
  GraphQLBoolean,
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isObjectType,
  parse,
} from 'graphql';
import { createYoga } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, numberCursor } from '../src/graphql/connections.ts';
import { planOf } from '../src/graphql/plan.ts';
import { executePlan } from '../src/graphql/planned.ts';
import { wholeSchema } from '../src/lists/schema.ts';
import { callOf } from './support/every-field.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const schema = wholeSchema();

/** What Yoga's executor and the plan of the same operation answer, as text. */
async function bothOf(
  of: GraphQLSchema,
  query: string,
  rootValue: unknown,
  variableValues: Record<string, unknown> = {},
): Promise<{ usual: string; planned: string }> {
  const args = { schema: of, document: parse(query), rootValue, variableValues, contextValue: {} };
  const { execute: usual } = createYoga({ schema: of, maskedErrors: false, logging: false }).getEnveloped({});
  const plan = planOf(of, args.document, null);
  if (!plan) throw new Error(`no plan for ${query}`);
  const told = (result: ExecutionResult | null) =>
    JSON.stringify({
      ...result,
      causes: result?.errors?.map(({ originalError, nodes }) => [
        String(originalError),
        nodes?.map(({ loc }) => loc),
      ]),
    });
  return {
    usual: told((await usual(args)) as ExecutionResult),
    planned: told(await executePlan(plan, args)),
  };
}

describe('a plan answers as the usual executor', () => {
  const shop = buildSchema(`
    type Query { one: Thing, sure: Thing!, things: [Thing!], maybe: [Thing], all: [Any!]!, node: Named, add(a: Int = 2, b: Int!, of: Add): Int! , numbers: [Int!], many: [[Int!]]! }
    type Mutation { first: Int, second: Int!, third: Int }
    input Add { c: [Int!] = [4] }
    enum Color { RED GREEN }
    interface Named { name: String! }
    type Thing implements Named { name: String!, id: ID!, count: Int, size: Float, on: Boolean, color: Color, next: Thing, sure: Thing!, parts: [Thing!]! }
    type Other implements Named { name: String!, count: Int! }
    union Any = Thing | Other`);
  const late = <T>(value: T, ms = 1) => new Promise<T>((resolve) => setTimeout(resolve, ms, value));
  const broken = (message: string) => () => {
    throw new Error(message);
  };
  const thing = (more: object = {}): object => ({ __typename: 'Thing', name: 'a', id: 7, ...more });
  const cases: [query: string, root: object, variables?: Record<string, unknown>][] = [
    [
      '{ one { name id count size on color __typename next { name } } }',
      { one: thing({ count: 3, size: 1.5, on: true, color: 'RED', next: () => late(thing()) }) },
    ],
    ['{ b: one { z: name, a: id } a: one { n: name, n: name } }', { one: thing }],
    [
      '{ one { ...F ...F ... on Named { name } ... on Other { count } } } fragment F on Thing { id next { ...G } } fragment G on Thing { name }',
      { one: thing({ next: thing() }) },
    ],
    [
      '{ all { __typename ... on Thing { id } ... on Named { name } ... on Other { count } } }',
      { all: () => late([thing(), late({ __typename: 'Other', name: 'o', count: 1 })]) },
    ],
    // What goes wrong: where it may be null, and where it may not.
    ['{ one { name count } }', { one: thing({ name: broken('no name'), count: 'x' }) }],
    [
      '{ one { count next { name } } sure { name } }',
      { one: thing({ next: thing({ name: null }) }), sure: thing },
    ],
    ['{ one { name } sure { name } }', { one: thing, sure: () => late(null) }],
    [
      '{ things { name } maybe { name } }',
      {
        things: [thing(), thing({ name: late(null) }), thing()],
        maybe: [thing(), late(null), thing({ name: null }), new Error('item')],
      },
    ],
    ['{ things { name } one { name } }', { things: [late(thing(), 5), null], one: () => late(thing()) }],
    [
      '{ one { name on color size } numbers many }',
      {
        one: thing({ on: 'x', color: 'BLUE', size: Number.NaN }),
        numbers: [1, 'x', 3],
        many: [[1], null, [2.5], late([4])],
      },
    ],
    [
      '{ one { name } things { name } maybe { name } }',
      { one: broken('one'), things: 7, maybe: new Error('as a value') },
    ],
    [
      '{ one { name } sure { name } }',
      { one: () => Promise.reject('text'), sure: () => Promise.reject({ message: 'no error' }) },
    ],
    ['{ all { ... on Thing { id } } node { name } }', { all: [thing()], node: { ...thing({ name: null }) } }],
    [
      '{ one { sure { sure { name } } parts { parts { name } } } }',
      { one: thing({ sure: thing({ sure: late(null) }), parts: [thing({ parts: [] })] }) },
    ],
    // Arguments and variables.
    [
      'query ($n: Int = 5) { add(b: $n) x: add(a: 1, b: 2, of: { c: 3 }) y: add(b: $n, of: {}) }',
      {
        add: ({ a, b, of }: { a: number; b: number; of?: { c: number[] } }) =>
          a + b * 10 + (of?.c[0] ?? 0) * 100,
      },
    ],
    ['query ($n: Int) { add(b: $n) }', { add: 1 }, { n: 1 }],
    ['query ($n: Int = 1) { add(b: $n) }', { add: 1 }, { n: null }],
    ['mutation { first second third }', { first: () => late(1, 4), second: () => late(2), third: 3 }],
    [
      'mutation { first second third }',
      { first: broken('first'), second: () => late(null), third: broken('never') },
    ],
  ];
  test.each(cases)('%s', async (query, root, variables) => {
    const { usual, planned } = await bothOf(shop, query, root, variables);
    expect(planned).toBe(usual);
  });

  test.each([
    ['{ one { name @skip(if: true) } }'],
    ['query @x { one { name } }'],
    ['{ __schema { description } }'],
    ['{ __proto__: one { name } }'],
    [`{ one { name } } #${'x'.repeat(20_000)}`],
  ])('%s has none', (query) => {
    expect(planOf(shop, parse(query), null)).toBeNull();
  });
});

let app: TestApp;
const texts: string[] = [];
beforeAll(async () => {
  app = await startTestApp({
    seed: true,
    env: { MASTER_KEY: '5e'.repeat(32) },
    onSql: (_name, text) => texts.push(text),
  });
  await app.record('a thread', [
    { query: 'Who is Kai Nakamura?', response: 'A keeper' },
    { query: 'And then?' },
  ]);
});
afterAll(() => app.close());

const GIVEN: Record<string, unknown> = {
  conversationId: 'a thread',
  name: 'Kai Nakamura',
  query: 'a keeper',
  text: 'a keeper',
  id: Buffer.from('Conversation:default\0a thread').toString('base64'),
};
const fieldsOf = (type: string) => {
  const found = schema.getType(type);
  return isObjectType(found) ? Object.values(found.getFields()) : [];
};
/** What is another one each time. */
const steady = (text: string) => text.replaceAll(/"correlationId":"[^"]*"/g, '"correlationId":"…"');

/** The answers to texts that differ in a comment: the usual executor has both, a plan the second time one of them. */
async function answersOf(query: string, variables: object): Promise<{ usual: string[]; planned: string }> {
  const ask = async (comment: number) => {
    const response = await app.post('/graphql', { query: `${query} #${comment}`, variables });
    return `${response.status} ${steady(await response.text())}`;
  };
  const usual = [await ask(1), await ask(2)];
  const planned = await ask(2);
  return { usual: [...usual, await ask(3)], planned };
}

describe('every query is answered as before when it comes again', () => {
  test.each(fieldsOf('Query').map(({ name }) => name))('%s', async (field) => {
    for (const given of [GIVEN, {}]) {
      const place = { operation: 'query', field, path: [] } as const;
      const { query, variables } = callOf(schema, place, (path) => given[path.at(-1) ?? ''] ?? '');
      const { usual, planned } = await answersOf(query, variables);
      // Times, sizes and lists of what was counted change meanwhile: then the answer has the form of one of them.
      if (new Set(usual).size === 1) expect(planned).toBe(usual[0]);
      else expect(usual.map(formOf)).toContain(formOf(planned));
    }
  });
});

/** An answer without its values. */
function formOf(text: string): string {
  return text.replaceAll(/:(?:"(?:[^"\\]|\\.)*"|-?[\d.e+-]+|true|false|null)/g, ':0');
}

test('a document that comes again is planned once, and counted', async () => {
  const counted = async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    const count = (result: string) =>
      Number(
        new RegExp(`echo_cache_requests_total\\{cache="plans",result="${result}"\\} (\\d+)`).exec(text)?.[1],
      );
    return { hit: count('hit'), miss: count('miss') };
  };
  const before = await counted();
  for (let time = 0; time < 5; time++) await app.graphql('{ conversations { nodes { title } } } # counted');
  const after = await counted();
  expect(after).toEqual({ hit: before.hit + 3, miss: before.miss + 2 });
});

const TURN = 'turnId sequence query response modelUsed status timestamp';

describe('a read costs the statements and columns that it needs', () => {
  test.each([
    ['turns', `{ interactions(filter: { conversationId: "a thread" }) { nodes { ${TURN} } } }`, 1],
    [
      'conversations with turns',
      `{ conversations { nodes { conversationId title createdAt interactions(last: 3) { nodes { ${TURN} } } } } }`,
      1,
    ],
    [
      'conversations with turns from both ends',
      `{ conversations { nodes { title createdAt interactions(last: 3) { nodes { ${TURN} } } begin: interactions(first: 1) { nodes { ${TURN} } } } } }`,
      3,
    ],
    [
      'a character',
      '{ character(name: "Kai Nakamura") { characterName aliases age backgroundStory createdAt } }',
      1,
    ],
  ])('%s', async (_what, query, count) => {
    const reads = () =>
      texts.filter((text) => /echo_unified_interactions|echo_conversations|character_profiles/.test(text));
    for (const _time of ['usual', 'planned']) {
      // What the server does by itself may come between, but not each time.
      const counted = expect.poll(async () => {
        texts.length = 0;
        expect(JSON.stringify(await app.graphql(query))).toMatch(/"timestamp"|"createdAt"/);
        return reads().length;
      });
      await counted.toBe(count);
      for (const text of reads())
        expect(text).not.toMatch(/select "?\w+"?\.?\*|metadata|intent_history|chain_hash|reference_images/);
    }
  });

  test('nothing beyond a page where nobody asks whether there is more', async () => {
    const listed = new GraphQLObjectType({
      name: 'Listed',
      fields: () => ({
        nodes: {
          type: new GraphQLList(GraphQLInt),
          resolve: ({ edges }) => edges.map(({ node }: { node: number }) => node),
        },
        pageInfo: {
          type: new GraphQLObjectType({
            name: 'PageInfo',
            fields: { hasNextPage: { type: GraphQLBoolean }, endCursor: { type: GraphQLString } },
          }),
        },
      }),
    });
    const limits: number[] = [];
    const read = async ({ limit }: { limit: number }) => {
      limits.push(limit);
      return [1, 2, 3, 4, 5].slice(0, limit);
    };
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: {
        list: {
          type: listed,
          resolve: (_root, _args, _context, info) =>
            connect(
              { first: 3 },
              numberCursor<number>((row) => row),
              read,
              info,
            ),
        },
      },
    });
    const lists = new GraphQLSchema({ query });
    const ask = async (document: string) =>
      JSON.parse(JSON.stringify((await execute({ schema: lists, document: parse(document) })).data)).list;
    expect(await ask('{ list { nodes } }')).toEqual({ nodes: [1, 2, 3] });
    expect(await ask('{ list { nodes pageInfo { endCursor } } }')).toMatchObject({ nodes: [1, 2, 3] });
    expect(await ask('{ list { nodes ...F } } fragment F on Listed { pageInfo { hasNextPage } }')).toEqual({
      nodes: [1, 2, 3],
      pageInfo: { hasNextPage: true },
    });
    expect(limits).toEqual([3, 3, 4]);
  });

  test('whole rows where other fields are asked for', async () => {
    const { data, errors } = await app.graphql(`{
      conversations { nodes { context intentHistory interactions { nodes { metadata } } } }
      character(name: "Kai Nakamura") { referenceImages notes } }`);
    expect(errors).toBeUndefined();
    expect(data.conversations.nodes[0]).toMatchObject({ context: {}, interactions: { nodes: [{}, {}] } });
    expect(Object.keys(data.character)).toEqual(['referenceImages', 'notes']);
  });

  test.each([
    {
      what: 'by the names of conversations',
      nodes: 'interactions(last: 3) { nodes { query } } begin: interactions(first: 1) { nodes { query } }',
      form: / with ordinality .* k\.lowest/s,
      types: 'text, text[], text, int, int[]',
      values: `'default', '{${Array.from({ length: 20 }, (_, at) => `long ${1 + (at % 10)}`)}}', 'nobody', 3, array_fill(198, array[20])`,
    },
    {
      what: 'with their conversations',
      nodes: 'interactions(last: 3) { nodes { query } }',
      form: /select case when .* cross join lateral/s,
      types: 'text, text, int, int',
      values: `'nobody', 'default', 20, 3`,
    },
  ])('pages of turns are not planned anew each time: $what', async ({ what, nodes, form, types, values }) => {
    // Of few turns to a conversation PostgreSQL keeps the plan either way.
    await app.sql(`
      insert into echo_conversations (tenant_id, conversation_id, user_id, created_at, last_interaction, next_sequence)
      select 'default', 'long ' || c, 'nobody', now(), now(), 201 from generate_series(1, 10) c on conflict do nothing`);
    await app.sql(`
      insert into echo_unified_interactions (tenant_id, turn_id, conversation_id, sequence, user_id, query, response,
        model_used, processing_time, payload_hash, chain_hash, vector_state, learning_state, timestamp)
      select 'default', gen_random_uuid(), 'long ' || c, s, 'nobody', 'a word', 'yes', 'test', 0, '', '', 'EMBEDDED',
        'LEARNED', now() from generate_series(1, 10) c, generate_series(1, 200) s on conflict do nothing`);
    await app.sql('analyze echo_conversations, echo_unified_interactions');
    texts.length = 0;
    await app.graphql(`{ conversations { nodes { ${nodes} } } }`);
    const text = texts.find((each) => form.test(each));
    await app.sql(`prepare "${what}" (${types}) as ${text}`);
    for (let time = 0; time < 10; time++) await app.sql(`execute "${what}" (${values})`);
    const kept = await app.sql(
      `select generic_plans::int as plans from pg_prepared_statements where name = '${what}'`,
    );
    expect(kept).toEqual([{ plans: 5 }]);
  });
});
