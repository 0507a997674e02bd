import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
/** How many turns each conversation has, by its name. */
const LENGTHS = { none: 0, one: 1, three: 3, many: 40 };
beforeAll(async () => {
  app = await startTestApp();
  for (const user of ['ann', 'ben'])
    for (const [name, count] of Object.entries(LENGTHS)) {
      const turns = Array.from({ length: Math.max(1, count) }, (_, n) => ({
        query: `“${user}” said \u{1f99c} ${n + 1} of ${name}`,
        response: n % 2 ? `it is\n"so" ${n}` : undefined,
        speaker: n % 3 ? user : undefined,
        timestamp: new Date(Date.UTC(2026, 0, 1, 0, n, 0, n)).toISOString(),
      }));
      const recorded = await app.record(name, turns, user);
      if (count === 0) await remove(recorded[0]?.turnId, user);
    }
  await app.sql("update echo_conversations set pinned = true where conversation_id in ('one', 'many')");
});
beforeEach(() => vi.restoreAllMocks());
afterAll(() => app.close());

async function remove(turnId: unknown, user: string): Promise<void> {
  const { errors } = await app.graphql(
    'mutation ($turnId: ID!) { deleteInteraction(turnId: $turnId) { __typename } }',
    { turnId },
    user,
  );
  expect(errors).toBeUndefined();
}

const TURN =
  'id turnId sequence query response speaker responder modelUsed status timestamp userId conversationId';
const PAGE = `nodes { ${TURN} } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
const THREAD = 'id conversationId title pinned createdAt lastInteraction interactionCount';

/** The statements that read conversations or their turns, without their shapes. */
const reads = () =>
  app.statements
    .map((name) => name.replace(/_[0-9a-f]{16}$/, ''))
    .filter((name) => /^(conversation|interactions?_of)/.test(name));

async function asked(query: string, variables: Record<string, unknown> = {}, user = 'ann') {
  app.statements.length = 0;
  const { data, errors } = await app.graphql(query, variables, user);
  expect(errors).toBeUndefined();
  return { list: data.conversations, reads: reads() };
}

type Node = { conversationId: string; interactions: { nodes: { query: string }[] } };

/** The same list, of which each conversation is asked for its turns by itself. */
async function oneByOne(list: string, turns: string, user = 'ann') {
  const { list: page } = await asked(
    `{ conversations${list} { nodes { ${THREAD} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
    {},
    user,
  );
  const nodes = [];
  for (const node of page.nodes as Node[]) {
    const { data } = await app.graphql(
      `query ($name: String!) { conversation(conversationId: $name) { interactions${turns} { ${PAGE} } } }`,
      { name: node.conversationId },
      user,
    );
    nodes.push({ ...node, interactions: data.conversation.interactions });
  }
  return { ...page, nodes };
}

const LISTS = [
  '(first: 5)',
  '(first: 2)',
  '(last: 2)',
  '(orderBy: CREATED, first: 3)',
  '(orderBy: CREATED, last: 3)',
  '(pinned: true, first: 4)',
  '(episodeId: "none", first: 4)',
];
const ENDS = ['(last: 3)', '(last: 1)', '(last: 30)', '(first: 3)', ''];

describe('conversations and their turns in one statement', () => {
  test.each(LISTS.flatMap((list) => ENDS.map((turns) => [list, turns] as const)))(
    'say what each says by itself: conversations%s, interactions%s',
    async (list, turns) => {
      const whole = await asked(
        `{ conversations${list} { nodes { ${THREAD} interactions${turns} { ${PAGE} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      );
      expect(whole.reads).toEqual(['conversation_page_with_turns']);
      expect(whole.list).toEqual(await oneByOne(list, turns));
      expect(whole.list.nodes).toHaveLength(
        list.includes('none')
          ? 0
          : list.includes('2')
            ? 2
            : list.includes('pinned')
              ? 2
              : list.includes('3')
                ? 3
                : 4,
      );
    },
  );

  test('are of one user, and page by cursors of the list', async () => {
    const query = `query ($after: String, $last: Int!) { conversations(first: 3, after: $after) {
      nodes { conversationId interactions(last: $last) { nodes { query } } } pageInfo { endCursor } } }`;
    for (const user of ['ann', 'ben']) {
      const first = await asked(query, { last: 2 }, user);
      const second = await asked(query, { last: 2, after: first.list.pageInfo.endCursor }, user);
      const nodes: Node[] = [...first.list.nodes, ...second.list.nodes];
      expect(nodes.map(({ conversationId }) => conversationId).sort()).toEqual(Object.keys(LENGTHS).sort());
      for (const { conversationId, interactions } of nodes) {
        const count = LENGTHS[conversationId as keyof typeof LENGTHS];
        const numbers = Array.from({ length: count }, (_, n) => n + 1).slice(-2);
        expect(interactions.nodes.map((turn) => turn.query)).toEqual(
          numbers.map((number) => `“${user}” said \u{1f99c} ${number} of ${conversationId}`),
        );
      }
      expect([...first.reads, ...second.reads]).toEqual(Array(2).fill('conversation_page_with_turns'));
    }
    const { list } = await asked(query, { last: 2 }, 'nobody');
    expect(list.nodes).toEqual([]);
  });

  test('are found through aliases, edges and fragments', async () => {
    const { list, reads: sent } = await asked(`
      query { conversations { edges { node { ...Thread } } } }
      fragment Thread on Conversation { name: conversationId ... on Node { id } latest: interactions(last: 1) { edges { node { ...Turn } } } }
      fragment Turn on Interaction { said: query }`);
    expect(sent).toEqual(['conversation_page_with_turns']);
    const latest = list.edges.map(
      ({ node }: { node: { name: string; latest: { edges: { node: { said: string } }[] } } }) => [
        node.name,
        node.latest.edges.map((edge) => edge.node.said),
      ],
    );
    expect(Object.fromEntries(latest)).toEqual({
      none: [],
      one: ['“ann” said 🦜 1 of one'],
      three: ['“ann” said 🦜 3 of three'],
      many: ['“ann” said 🦜 40 of many'],
    });
  });
});

describe('turns are read for themselves', () => {
  const by = (nodes: Node[]) =>
    Object.fromEntries(
      nodes.map(({ conversationId, interactions }) => [
        conversationId,
        interactions.nodes.map(({ query }) => query.replace(/ of .*/, '').replace(/.* /, '')),
      ]),
    );
  const LAST_TWO = { none: [], one: ['1'], three: ['2', '3'], many: ['39', '40'] };
  const TWO_STATEMENTS = ['conversation_page_listed', 'interactions_of_conversations'];

  test.each([
    [
      'asked for twice',
      'interactions(last: 2) { nodes { query } } first: interactions(first: 1) { nodes { query } }',
      [...TWO_STATEMENTS, TWO_STATEMENTS[1]],
    ],
    [
      'asked for with what is stored beside them',
      'interactions(last: 2) { nodes { query metadata } }',
      TWO_STATEMENTS,
    ],
    [
      'of whole conversations',
      'context interactions(last: 2) { nodes { query } }',
      ['conversation_page', TWO_STATEMENTS[1]],
    ],
    ['under a condition', 'interactions(last: 2) @include(if: true) { nodes { query } }', TWO_STATEMENTS],
  ])('where they are %s', async (_what, fields, statements) => {
    const { list, reads: sent } = await asked(`{ conversations { nodes { conversationId ${fields} } } }`);
    expect(by(list.nodes)).toEqual(LAST_TWO);
    expect(sent).toEqual(statements);
  });

  test('where they begin at a cursor', async () => {
    const { list } = await asked(
      `{ conversations { nodes { conversationId interactions(last: 1) { pageInfo { startCursor } } } } }`,
    );
    const { startCursor } = list.nodes.find(({ conversationId }: Node) => conversationId === 'three')
      .interactions.pageInfo;
    const before = await asked(
      'query ($before: String) { conversations { nodes { conversationId interactions(last: 1, before: $before) { nodes { query } } } } }',
      { before: startCursor },
    );
    expect(by(before.list.nodes)).toEqual({ none: [], one: ['1'], three: ['2'], many: ['2'] });
    expect(before.reads).toEqual(TWO_STATEMENTS);
  });

  test('while turns of the user wait for the database, which are shown behind the stored ones', async () => {
    const { store, db } = app.app.services;
    const { rows } = await db.pool.query('select count(*)::int as count from echo_unified_interactions');
    expect(rows).toEqual([{ count: 2 * (0 + 1 + 3 + 40) }]);
    const [stored] = store.pending.ofUser({ tenantId: 'default', userId: 'ann' });
    expect(stored).toBeUndefined();
    const waiting = {
      turnId: '018f0000-0000-7000-8000-000000000001',
      query: 'waits of one',
      status: 'RECORDED',
    };
    vi.spyOn(store.pending, 'ofUser').mockReturnValue([waiting as never]);
    vi.spyOn(store.pending, 'ofConversation').mockImplementation((_owner, name) =>
      name === 'one' ? [waiting as never] : [],
    );
    const { list, reads: sent } = await asked(
      '{ conversations { nodes { conversationId interactions(last: 2) { nodes { query } } } } }',
    );
    expect(by(list.nodes)).toEqual({ ...LAST_TWO, one: ['1', 'waits'] });
    expect(sent).toEqual(TWO_STATEMENTS);
  });

  test('of a conversation whose counter does not fit its turns', async () => {
    await app.sql(
      "update echo_conversations set next_sequence = next_sequence + 7 where conversation_id = 'many' and user_id = 'ann'",
    );
    try {
      const query =
        '{ conversations { nodes { conversationId interactions(last: 2) { nodes { query } pageInfo { hasPreviousPage } } } } }';
      const { list, reads: sent } = await asked(query);
      expect(by(list.nodes)).toEqual(LAST_TWO);
      expect(
        list.nodes.find(({ conversationId }: Node) => conversationId === 'many').interactions.pageInfo,
      ).toEqual({ hasPreviousPage: true });
      expect(sent).toEqual([
        'conversation_page_with_turns',
        ...Array(2).fill('interactions_of_conversations'),
      ]);
    } finally {
      await app.sql(
        "update echo_conversations set next_sequence = next_sequence - 7 where conversation_id = 'many' and user_id = 'ann'",
      );
    }
  });

  test.each([
    ['last: 0', 'last'],
    ['first: 101', 'first'],
    ['first: 1, last: 1', 'first'],
    ['after: "x"', 'after'],
  ])('and refused where their page is wrong: %s', async (turns, field) => {
    const { errors } = await app.graphql(
      `{ conversations(first: 1) { nodes { interactions(${turns}) { nodes { query } } } } }`,
      {},
      'ann',
    );
    expect(errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', field }) }),
    ]);
  });
});
