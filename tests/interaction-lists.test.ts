import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, connectMcp } from './support/mcp.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

const numbered = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, n) => ({ query: `turn ${n + 1}`, ...more }));

type Page = {
  nodes: { query: string }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
};
const PAGE = 'nodes { query } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

/** Reads a list page by page to its end. */
async function walk(direction: 'forward' | 'backward', read: (page: object) => Promise<Page>, size: number) {
  const pages: string[][] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Page =
      direction === 'forward'
        ? await read({ first: size, after: cursor })
        : await read({ last: size, before: cursor });
    pages.push(page.nodes.map((node) => node.query));
    const { pageInfo } = page;
    if (direction === 'forward' ? !pageInfo.hasNextPage : !pageInfo.hasPreviousPage) return pages;
    cursor = direction === 'forward' ? pageInfo.endCursor : pageInfo.startCursor;
  }
}

const VARIABLES = '$first: Int, $after: String, $last: Int, $before: String';
const ARGUMENTS = 'first: $first, after: $after, last: $last, before: $before';

async function readConversation(id: string, page: object): Promise<Page> {
  const { data, errors } = await app.graphql(
    `query ($id: String!, ${VARIABLES}) { conversation(conversationId: $id) { interactions(${ARGUMENTS}) { ${PAGE} } } }`,
    { id, ...page },
  );
  expect(errors).toBeUndefined();
  return data.conversation.interactions;
}

async function readInteractions(filter: object, page: object = {}): Promise<Page> {
  const { data, errors } = await app.graphql(
    `query ($filter: InteractionFilter, ${VARIABLES}) { interactions(filter: $filter, ${ARGUMENTS}) { ${PAGE} } }`,
    { filter, ...page },
  );
  expect(errors).toBeUndefined();
  return data.interactions;
}

describe('the turns of a conversation', () => {
  const count = 2_050;
  const all = numbered(count).map((turn) => turn.query);
  beforeAll(() => app.record('long', numbered(count)));

  test('are paged forward to the end without gap or duplicate', async () => {
    const pages = await walk('forward', (page) => readConversation('long', page), 100);
    expect(pages.flat()).toEqual(all);
    expect(pages).toHaveLength(21);
  });

  test('are paged backward to the start without gap or duplicate', async () => {
    const pages = await walk('backward', (page) => readConversation('long', page), 100);
    expect(pages.toReversed().flat()).toEqual(all);
  });

  test('come in pages of twenty unless asked otherwise', async () => {
    const page = await readConversation('long', {});
    expect(page.nodes.map((node) => node.query)).toEqual(all.slice(0, 20));
    expect(page.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  test('that are added while a reader pages are seen once, at the end', async () => {
    await app.record('growing', numbered(30));
    let added = 0;
    const pages = await walk(
      'forward',
      async (page) => {
        const result = await readConversation('growing', page);
        if (added < 5) await app.record('growing', [{ query: `late ${++added}` }]);
        return result;
      },
      10,
    );
    const late = Array.from({ length: pages.flat().length - 30 }, (_, n) => `late ${n + 1}`);
    expect(late.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual([...numbered(30).map((turn) => turn.query), ...late]);
  });

  test('that come last are found beyond deleted ones, also where one was deleted since its conversation was read', async () => {
    const turns = await app.record('thinned', numbered(12));
    for (const number of [12, 9, 8]) {
      const { data } = await app.graphql(
        'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
        { id: turns[number - 1]?.turnId },
      );
      expect(data.deleteInteraction.__typename).toBe('DeleteInteractionSuccess');
    }
    const left = [1, 2, 3, 4, 5, 6, 7, 10, 11].map((number) => `turn ${number}`);
    const lastOf = async (last: number) => {
      app.statements.length = 0;
      const { nodes, pageInfo } = await readConversation('thinned', { last });
      const reads = app.statements.filter((name) => name.startsWith('interactions_of_conversations'));
      const { hasPreviousPage } = pageInfo;
      return { turns: nodes.map(({ query }) => query), hasPreviousPage, reads: reads.length };
    };
    const known = (last: number, reads: number) => ({
      turns: left.slice(-last),
      hasPreviousPage: last < left.length,
      reads,
    });
    for (const last of [1, 3, 8, 9, 20]) expect(await lastOf(last), `${last}`).toEqual(known(last, 1));
    // What a reader knows who read the conversation before the deletions.
    await app.sql("update echo_conversations set deleted_turns = 0 where conversation_id = 'thinned'");
    for (const [last, reads] of [
      [1, 2],
      [3, 2],
      [8, 2],
      [9, 2],
      [20, 1],
    ] as const)
      expect(await lastOf(last), `${last}`).toEqual(known(last, reads));
  });

  test('show in lists what they show alone, whichever fields are asked for', async () => {
    const [turn] = await app.record('shown', [
      { query: 'What is it?', response: 'A lamp.', speaker: 'Ada', metadata: { a: 1 }, sessionId: 's' },
    ]);
    const type = (
      await app.graphql('{ __type(name: "Interaction") { fields { name type { kind ofType { kind } } } } }')
    ).data.__type as { fields: { name: string; type: { kind: string; ofType: { kind: string } | null } }[] };
    const leaves = type.fields
      .filter(({ type: { kind, ofType } }) => ['SCALAR', 'ENUM'].includes(ofType?.kind ?? kind))
      .map(({ name }) => name);
    expect(leaves.length).toBeGreaterThan(25);
    for (const name of ['__typename', ...leaves]) {
      const { data, errors } = await app.graphql(
        `query ($id: ID!) {
           alone: interaction(turnId: $id) { ${name} }
           listed: interactions(filter: { conversationId: "shown" }) { nodes { ...Turn } }
           conversation(conversationId: "shown") {
             interactions { edges { node { query ... on Node { id } ...Turn } } }
             last: interactions(last: 1) { nodes { turnId } }
             last: interactions(last: 1) { nodes { ... { ...Turn } } }
           }
         }
         fragment Turn on Interaction { ${name} }`,
        { id: turn?.turnId },
      );
      expect(errors, name).toBeUndefined();
      expect(data.listed.nodes, name).toEqual([data.alone]);
      expect(data.conversation.interactions.edges[0].node, name).toMatchObject(data.alone);
      expect(data.conversation.last.nodes[0], name).toMatchObject(data.alone);
    }
  });
});

describe('interactions', () => {
  const at = (minute: number) => new Date(Date.UTC(2024, 0, 1, 12, minute)).toISOString();

  test('come newest first, also where their times are equal', async () => {
    await app.record('same time', numbered(50, { timestamp: at(0) }));
    await app.record('same time', [{ query: 'older, but recorded later', timestamp: at(-5) }]);
    await app.record('same time', [{ query: 'newest', timestamp: at(5) }]);
    const filter = { conversationId: 'same time' };
    const expected = [
      'newest',
      ...numbered(50)
        .map((turn) => turn.query)
        .reverse(),
      'older, but recorded later',
    ];
    const forward = await walk('forward', (page) => readInteractions(filter, page), 7);
    const backward = await walk('backward', (page) => readInteractions(filter, page), 7);
    expect(forward.flat()).toEqual(expected);
    expect(backward.toReversed().flat()).toEqual(expected);
  });

  describe('filtered', () => {
    beforeAll(async () => {
      await app.record('filtered', [
        { query: 'The cats were sleeping', timestamp: at(0), intent: 'technical', response: 'Good.' },
        { query: 'A cat and a dog', timestamp: at(1), intent: 'conversation', response: 'Nice.' },
        { query: 'Only a dog', timestamp: at(2), intent: 'technical' },
        { query: '100% of_cats; it\'s \\ "quoted" & | ! ( :*', timestamp: at(3) },
      ]);
      await app.record('filtered elsewhere', [
        { query: 'A cat elsewhere', timestamp: at(1), intent: 'technical' },
      ]);
    });
    const first = 'The cats were sleeping';
    const [second, third, fourth] = ['A cat and a dog', 'Only a dog', '100%'];
    test.each([
      ['by intent', { intent: 'technical' }, [third, first]],
      ['since, inclusive', { since: at(2) }, [fourth, third]],
      ['until, inclusive', { until: at(1) }, [second, first]],
      ['between in another time zone', { since: '2024-01-01T13:01:00+01:00', until: at(1) }, [second]],
      ['by a word in any form', { text: 'cat' }, [fourth, second, first]],
      ['by words that must all occur', { text: 'dogs cats' }, [second]],
      ['by words of the response', { text: 'nice' }, [second]],
      ['by operators of a search language, as plain text', { text: "cat' & !( | :* <-> \\" }, 'anything'],
      ['by status', { status: 'RECORDED' }, [fourth, third]],
      ['by all at once', { intent: 'technical', text: 'dog', since: at(0), status: 'RECORDED' }, [third]],
      ['by an injection', { intent: "' or 1=1 --" }, []],
      ['with the archive', { includeArchived: true, intent: 'technical' }, [third, first]],
      ['with null for what is absent', { intent: null, since: null, text: null, status: null }, 'anything'],
    ])('%s', async (_name, filter, expected) => {
      const { nodes } = await readInteractions({ conversationId: 'filtered', ...filter });
      if (expected === 'anything') return;
      expect(nodes).toHaveLength(expected.length);
      for (const [n, start] of (expected as string[]).entries()) expect(nodes[n]?.query).toContain(start);
    });

    test('by any combination of conditions, at both ends and after a cursor', async () => {
      const conditions = Object.entries({
        conversationId: 'filtered',
        intent: 'technical',
        since: at(-60),
        until: at(60),
        text: 'dog',
        status: 'RECORDED',
      });
      const { pageInfo } = await readInteractions({});
      const { startCursor: before, endCursor: after } = pageInfo;
      // The names of prepared statements say their shape, and PostgreSQL cuts names at 63 bytes.
      for (let subset = 0; subset < 2 ** conditions.length; subset++) {
        const filter = Object.fromEntries(conditions.filter((_, n) => subset & (2 ** n)));
        for (const page of [
          { first: 3 },
          { last: 3 },
          { first: 3, after },
          { last: 3, before: after, after: before },
        ])
          await readInteractions(filter, page);
      }
    });

    test.each([
      ['a time without a zone', { since: '2024-01-01T12:00:00' }, /time zone/],
      ['a time that is none', { until: 'yesterday' }, /ISO 8601/],
      ['an unknown status', { status: 'LOST' }, /LOST/],
    ])('by %s is refused', async (_name, filter, message) => {
      const { errors } = await app.graphql(
        'query ($filter: InteractionFilter) { interactions(filter: $filter) { nodes { id } } }',
        { filter },
      );
      expect(errors?.[0]).toMatchObject({
        message: expect.stringMatching(message),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    });

    test.each(['conversationId', 'intent', 'text'])('by a %s with NUL is refused', async (field) => {
      const { errors } = await app.graphql(
        'query ($filter: InteractionFilter) { interactions(filter: $filter) { nodes { id } } }',
        { filter: { [field]: 'a\u0000b' } },
      );
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    });
  });
});

const LISTS = {
  interactions: 'interactions(ARGS) { nodes { id } }',
  conversations: 'conversations(ARGS) { nodes { id } }',
  characters: 'characters(ARGS) { nodes { id } }',
  'conversation.interactions':
    'conversation(conversationId: "paged") { interactions(ARGS) { nodes { id } } }',
};

describe.each(Object.entries(LISTS))('a page of %s', (name, list) => {
  beforeAll(() => app.record('paged', numbered(1)));
  const read = (args: string) => app.graphql(`{ ${list.replace('ARGS', args)} }`);

  test.each([0, -1, 101, 1_000_000, 2_147_483_647])('of %i objects is refused', async (size) => {
    for (const argument of ['first', 'last']) {
      const { errors } = await read(`${argument}: ${size}`);
      expect(errors?.[0]).toMatchObject({
        message: expect.stringMatching(new RegExp(`${argument}.*1 to 100`)),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
  });

  test('of more objects than an Int holds is refused without a statement', async () => {
    app.statements.length = 0;
    const { data, errors } = await read('first: 2147483648');
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toContain('2147483648');
    expect(app.statements.filter((statement) => statement.includes(name))).toEqual([]);
  });

  test('from both ends is refused', async () => {
    const { errors } = await read('first: 1, last: 1');
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  // A name is any text, so the list of characters takes any cursor as a name.
  if (name === 'characters') return;
  test.each([
    'garbage',
    'eyJhIjoxfQ',
    Buffer.from("1' or '1'='1").toString('base64url'),
    Buffer.from('99999999999999999999').toString('base64url'),
  ])('after the foreign cursor %j is refused', async (cursor) => {
    for (const argument of ['after', 'before']) {
      const { errors } = await read(`${argument}: "${cursor}"`);
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining(argument),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
  });
});

describe('the number of statements of a list does not grow with its rows', () => {
  const count = async (query: string) => {
    app.statements.length = 0;
    const { errors } = await app.graphql(query);
    expect(errors).toBeUndefined();
    // Whether names of characters have changed is asked by the clock.
    return app.statements.filter(
      (name) => /conversation|interaction|character/.test(name) && !/^characters_\w+_version$/.test(name),
    );
  };

  test.each([
    [
      'conversations',
      `conversations(first: SIZE) { nodes { interactions(first: 5) { nodes { character { characterName }
         conversation { conversationId } } } } }`,
      4,
    ],
    [
      'interactions',
      'interactions(first: SIZE) { nodes { character { characterName } conversation { context } } }',
      3,
    ],
    [
      'memories',
      'memorySearch(query: "Kai Nakamura turn", limit: SIZE) { hits { interaction { conversation { lastMode } character { notes } } } }',
      4,
    ],
    ['characters', 'characters(first: SIZE) { nodes { characterName } }', 1],
  ])('%s', async (_name, query, most) => {
    for (let n = 0; n < 6; n++)
      await app.graphql('mutation ($q: String!) { processQuery(input: { query: $q }) { __typename } }', {
        q: `Tell me about ${['Kai Nakamura', 'Mei', 'Yuki'][n % 3]}`,
      });
    const few = await count(`{ ${query.replace('SIZE', '1')} }`);
    const many = await count(`{ ${query.replace('SIZE', '12')} }`);
    expect(many).toEqual(few);
    expect(many.length).toBeLessThanOrEqual(most);
  });
});

describe('turns of one instant that wait for the database', () => {
  let app: TestApp;
  let holder: pg.Client;
  beforeAll(async () => {
    app = await startTestApp({ env: { ACK_DEADLINE_MS: '200' } });
    holder = new pg.Client({ connectionString: app.databaseUrl });
    await holder.connect();
  });
  afterAll(async () => {
    await holder.end();
    await app.close();
  });
  const timestamp = '2026-05-01T10:00:00.000Z';
  const readPage = async (page: Record<string, unknown>, userId: string): Promise<Page> => {
    const query = `query (${VARIABLES}) { interactions(${ARGUMENTS}) { ${PAGE} } }`;
    return (await app.graphql(query, page, userId)).data.interactions;
  };
  /** Some are stored, and as many wait until `free`; both of one instant. */
  const halfStored = async (userId: string) => {
    const all = numbered(100, { timestamp });
    await app.record('waiting', all.slice(0, 50), userId);
    await holder.query('begin; lock table echo_unified_interactions in share mode');
    const record = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { durability } ... on Error { message } } }`;
    const input = { conversationId: 'waiting', turns: all.slice(50) };
    const { data } = await app.graphql(record, { input }, userId);
    expect(data.recordTurns).toEqual({ durability: 'JOURNALED' });
    const free = async () => {
      await holder.query('commit');
      const stored = 'select count(*)::int as count from echo_unified_interactions where user_id = $1';
      await expect.poll(() => app.sql(stored, [userId])).toEqual([{ count: 100 }]);
    };
    return { queries: all.map(({ query }) => query), free };
  };

  test.each(['forward', 'backward'] as const)(
    'are all listed, each once, while they wait: %s',
    async (way) => {
      const { queries, free } = await halfStored(way);
      try {
        const pages = await walk(way, (page) => readPage({ ...page }, way), 20);
        expect(pages).toHaveLength(5);
        const inOrder =
          way === 'forward' ? pages.flat().toReversed() : pages.toReversed().flat().toReversed();
        expect(inOrder).toEqual(queries);
      } finally {
        await free();
      }
    },
  );

  test.each(['forward', 'backward'] as const)(
    'are not missed where they are stored meanwhile: %s',
    async (way) => {
      const userId = `${way} meanwhile`;
      const { queries, free } = await halfStored(userId);
      let reads = 0;
      const pages = await walk(
        way,
        async (page) => {
          // Backwards, the turns that wait come last.
          if (++reads === (way === 'forward' ? 2 : 4)) await free();
          return readPage({ ...page }, userId);
        },
        20,
      );
      expect(new Set(pages.flat())).toEqual(new Set(queries));
    },
  );

  test('are all read by get_conversation of MCP', async () => {
    const { queries, free } = await halfStored('guest');
    try {
      const client = await connectMcp(app.url, { 'x-test-user': 'guest' });
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await callTool(client, 'get_conversation', {
          ...{ conversationId: 'waiting', limit: 20, cursor },
        });
        seen.unshift(...page.turns.map(({ query }: { query: string }) => query));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      await client.close();
      expect(seen).toEqual(queries);
    } finally {
      await free();
    }
  });
});
