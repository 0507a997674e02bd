import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const ASK = `mutation ($input: ProcessQueryInput!) {
  processQuery(input: $input) {
    __typename
    ... on ProcessQuerySuccess {
      replayed durability
      interaction {
        turnId conversationId sequence userId query response modelUsed intelligenceLevel escalationPath intent confidence
        status stepTimings processingTimeMs requiresClarification clarifyingQuestions metadata
        character { characterName conversationMentions }
      }
      conversation { conversationId episodeId lastMode context intentHistory interactionCount }
      memories { score tier reasons interaction { turnId query } }
    }
    ... on Error { code message }
    ... on InvalidInputError { field }
    ... on NotFoundError { field }
    ... on IdempotencyKeyReusedError { field }
  }
}`;

/** What is read for a query that a profile answers, besides what its result asks for once more. */
const READ = ['place_of_query', 'interactions_latest', 'turns_about_answered_otherwise', 'memories_by_id'];
/** What is read for others only. */
const NOT_READ = [
  'settings_of_user',
  'facts_with_terms',
  'index_postings',
  'index_turns',
  'index_texts',
  'pooled_turns',
  'recent_turns',
];
/** What stores its turn. */
const STORED = ['lock_conversations', 'stored_turns', 'insert_turns', 'update_conversations_and_mentions'];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

async function ask(input: Record<string, unknown>, user?: string) {
  const { data, errors } = await app.graphql(ASK, { input }, user);
  expect(errors).toBeUndefined();
  return data.processQuery;
}

async function turnCount(conversationId?: string): Promise<number> {
  const rows = await app.sql<{ count: number }>(
    'select count(*)::int as count from echo_unified_interactions where $1::text is null or conversation_id = $1',
    [conversationId ?? null],
  );
  return rows[0]?.count ?? -1;
}

describe('a query', () => {
  test('about a character is answered from the character database', async () => {
    const before = await app.graphql('{ character(name: "Kai Nakamura") { conversationMentions } }');
    const { interaction, conversation, durability, replayed } = await ask({
      query: 'Tell me about Kai Nakamura',
    });
    expect(interaction).toMatchObject({
      userId: 'default',
      sequence: 1,
      query: 'Tell me about Kai Nakamura',
      intent: 'character_query',
      confidence: 0.98,
      modelUsed: 'character_database',
      escalationPath: ['character_database_lookup'],
      status: 'ANSWERED',
      requiresClarification: false,
      clarifyingQuestions: [],
    });
    expect(interaction.response).toContain('Salvage diver');
    expect(interaction.character).toEqual({
      characterName: 'Kai Nakamura',
      conversationMentions: before.data.character.conversationMentions + 1,
    });
    expect(conversation).toMatchObject({
      conversationId: interaction.conversationId,
      intentHistory: ['character_query'],
      interactionCount: 1,
    });
    expect({ durability, replayed }).toEqual({ durability: 'COMMITTED', replayed: false });
  });

  test.each([
    ["What is Kai's job?", 'Kai Nakamura'],
    ['who is KAI NAKAMURA', 'Kai Nakamura'],
    ['芽衣について教えて', 'Mei'],
    ['Explain meiosis to me', null],
  ])('%j mentions %j', async (query, name) => {
    const { interaction } = await ask({ query });
    expect(interaction.character?.characterName ?? null).toBe(name);
    expect(interaction.intent === 'character_query').toBe(name !== null);
  });

  test('reads what belongs to it while it is written, and nothing twice', async () => {
    const { store } = app.app.services;
    const input = { query: 'Tell me about Kai Nakamura', conversationId: 'steps' };
    await app.record('of Kai', [{ query: 'Kai Nakamura dived at dawn.', response: 'Noted.' }]);
    await ask(input);
    const accept = store.accept.bind(store);
    let before: string[] = [];
    app.statements.length = 0;
    store.accept = async (turn) => {
      // Would never end if this were waited for first.
      await expect.poll(() => app.statements).toContain('interactions_latest');
      before = [...app.statements];
      return accept(turn);
    };
    await ask(input).finally(() => {
      store.accept = accept;
    });
    expect(before).not.toContain('insert_turns');
    // Others go on beside it: its own are known by their names, those of searches without the digits of their form.
    const sent = app.statements.map((name) => name.replace(/_[0-9a-f]{16}$/, ''));
    const times = (meant: string) => sent.filter((name) => name === meant).length;
    for (const name of [...READ, ...STORED]) expect([name, times(name)]).toEqual([name, 1]);
    for (const name of NOT_READ) expect([name, times(name)]).toEqual([name, 0]);
    expect([times('conversations_by_name'), times('characters_by_ids')]).toEqual([1, 2]);
  });

  test('reads of memories what is shown of them', async () => {
    await app.record('of Kai', [{ query: 'Kai Nakamura dived at dawn.', response: 'Noted.' }]);
    const read = async (selection: string, more = {}) => {
      app.statements.length = 0;
      const { data, errors } = await app.graphql(
        `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { ... on ProcessQuerySuccess {
           interaction { response stepTimings } ${selection} } } }`,
        { input: { query: 'Tell me about Kai Nakamura', conversationId: `shows ${selection}`, ...more } },
      );
      expect(errors).toBeUndefined();
      expect(data.processQuery.interaction.response).toContain('dived at dawn');
      return app.statements.filter((name) => name === 'memories_by_id');
    };
    expect(await read('')).toEqual([]);
    expect(await read('memories { score reasons }')).toEqual([]);
    expect(await read('memories { interaction { rating } }')).toEqual(['memories_by_id']);
    expect(await read('', { idempotencyKey: 'shown' })).toEqual([]);
  });

  test('a retry beside it gets the same memories, and may show more of them', async () => {
    const { store } = app.app.services;
    await app.record('of Kai', [{ query: 'Kai Nakamura dived at dawn.', response: 'Noted.' }]);
    const input = { query: 'Tell me about Kai Nakamura', conversationId: 'beside', idempotencyKey: 'beside' };
    const read = (selection: string) =>
      app.graphql(
        `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { ... on ProcessQuerySuccess {
           replayed memories { score reasons ${selection} } } ... on Error { message } } }`,
        { input },
      );
    const accept = store.accept.bind(store);
    const retry = Promise.withResolvers<Awaited<ReturnType<typeof read>>>();
    app.statements.length = 0;
    store.accept = async (turn) => {
      read('interaction { query rating }').then(retry.resolve, retry.reject);
      await expect.poll(() => app.statements.filter((name) => name === 'place_of_query').length).toBe(2);
      return accept(turn);
    };
    const first = await read('').finally(() => {
      store.accept = accept;
    });
    const second = await retry.promise;
    expect([first.errors, second.errors]).toEqual([undefined, undefined]);
    const [one, other] = [first.data.processQuery, second.data.processQuery];
    expect([one.replayed, other.replayed]).toEqual([false, true]);
    const shown = (memories: { score: number; reasons: string[] }[]) =>
      memories.map(({ score, reasons }) => ({ score, reasons }));
    expect(shown(other.memories)).toEqual(shown(one.memories));
    expect(other.memories).toContainEqual(
      expect.objectContaining({
        interaction: expect.objectContaining({ query: 'Kai Nakamura dived at dawn.', rating: null }),
      }),
    );
  });

  test('about a character cites what was said of it last, and what else it asks for where it asks for more', async () => {
    const said = (query: string) => ({ query, response: 'Noted.' });
    await app.record(
      'of Raze',
      [
        'Raze won the regatta of Brindle Bay.',
        ...Array.from({ length: 60 }, (_, day) => `Raze slept late on day ${day}.`),
      ].map(said),
    );
    const { interaction: who, memories } = await ask({ query: 'Who is Raze?' });
    expect(who).toMatchObject({
      modelUsed: 'character_database',
      response: expect.stringContaining('on day 59'),
    });
    expect(memories.map((memory: { tier: string }) => memory.tier)).toEqual(Array(10).fill('CHARACTER'));
    const { interaction: what } = await ask({ query: 'Tell me about Raze and the regatta of Brindle Bay' });
    expect(what).toMatchObject({
      modelUsed: 'character_database',
      response: expect.stringContaining('won the regatta'),
    });
  });

  test('keeps the time of each step', async () => {
    const { interaction } = await ask({ query: 'How does a tide table work?' });
    const { total, ...steps } = interaction.stepTimings;
    expect(Object.keys(steps)).toEqual(expect.arrayContaining(['classify', 'context', 'answer']));
    for (const ms of Object.values(steps)) expect(ms).toBeGreaterThanOrEqual(0);
    expect(total).toBeCloseTo(interaction.processingTimeMs, 3);
  });

  test('without a model is answered by the built-in answerer, which says so', async () => {
    const { interaction } = await ask({ query: 'Please summarise the history of lighthouses for me' });
    expect(interaction.modelUsed).toBe('builtin_answerer');
    expect(interaction.response).toMatch(/no language model/i);
  });

  test('is classified, and the conversation keeps the intents', async () => {
    const conversationId = 'intents';
    for (const query of ['Tell me about Yuki', 'What did I say about my sister?', 'generate anime of a cat'])
      await ask({ query, conversationId });
    const { data } = await app.graphql('{ conversation(conversationId: "intents") { intentHistory } }');
    expect(data.conversation.intentHistory).toEqual(['character_query', 'memory_recall', 'anime_generation']);
  });

  test('cites what was said before', async () => {
    const said = await ask({
      query: 'My sister Ana moved to Lisbon in the spring and bought a bakery there.',
      conversationId: 'memories',
    });
    await ask({ query: 'The weather was dull all week.', conversationId: 'memories' });
    const { memories, interaction } = await ask({ query: 'What did I say about the bakery in Lisbon?' });
    const [best] = memories.toSorted((a: { score: number }, b: { score: number }) => b.score - a.score);
    expect(best.interaction.turnId).toBe(said.interaction.turnId);
    expect(best.tier).toMatch(/^(KEYWORDS|PHRASE)$/);
    expect(interaction.response).toContain('My sister Ana moved to Lisbon');
  });

  test('never finds what another user said', async () => {
    await ask({ query: 'The password of the greenhouse is zwiebelkuchen.' }, 'alice');
    const { memories, interaction } = await ask(
      { query: 'What did I say about the zwiebelkuchen greenhouse?' },
      'bob',
    );
    expect(memories).toEqual([]);
    expect(interaction.response).not.toContain('password');
  });
});

describe('the conversation of a query', () => {
  test('is made when absent', async () => {
    const first = await ask({ query: 'One of two questions' });
    const second = await ask({ query: 'The other of two questions' });
    expect(first.conversation.interactionCount).toBe(1);
    expect(second.conversation.conversationId).not.toBe(first.conversation.conversationId);
  });

  test('follows from user and episode, and the last mode is remembered', async () => {
    const episode = { query: 'What is the episode about?', episodeId: 'ep 42 ✓' };
    const first = await ask({ ...episode, mode: 'ENGINEER_ANGLE' });
    const second = await ask(episode);
    const other = await ask(episode, 'carol');
    expect(first.conversation).toMatchObject({ episodeId: 'ep 42 ✓', lastMode: 'ENGINEER_ANGLE' });
    expect(second.conversation).toEqual({
      ...first.conversation,
      interactionCount: 2,
      intentHistory: expect.any(Array),
    });
    expect(other.conversation.conversationId).not.toBe(first.conversation.conversationId);
    const third = await ask({ ...episode, mode: 'PLAIN_ENGLISH' });
    expect(third.conversation).toMatchObject({ lastMode: 'PLAIN_ENGLISH', interactionCount: 3 });
  });

  test('of two first queries for one episode at the same time is one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        ask({ query: `Question ${n} at the same time`, episodeId: 'at once' }),
      ),
    );
    const [name, ...others] = new Set(answers.map((answer) => answer.conversation.conversationId));
    expect(others).toEqual([]);
    expect(answers.map((answer) => answer.interaction.sequence).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await turnCount(name)).toBe(6);
  });

  test('merges the context of its queries', async () => {
    const conversationId = 'context';
    await ask({ query: 'First with context', conversationId, context: { a: 1, keep: { deep: true } } });
    const { conversation, interaction } = await ask({
      query: 'Second with context',
      conversationId,
      context: { a: 2, b: [null] },
    });
    expect(conversation.context).toEqual({ a: 2, b: [null], keep: { deep: true } });
    expect(interaction.metadata.context).toEqual({ a: 2, b: [null] });
  });

  test('of somebody else does not exist: its name leads to one of the caller', async () => {
    await ask({ query: 'This is mine alone', conversationId: 'of-dora', context: { dora: true } }, 'dora');
    const { interaction, conversation, memories } = await ask(
      { query: 'What is mine alone?', conversationId: 'of-dora' },
      'erik',
    );
    expect(interaction.sequence).toBe(1);
    expect(conversation.context).toEqual({});
    expect(memories).toEqual([]);
  });
});

describe('an idempotency key', () => {
  const key = { query: 'Count me once', conversationId: 'keys', idempotencyKey: 'k-1' };

  test('stores one turn, and a retry gets the same answer', async () => {
    const first = await ask(key);
    const again = await ask(key);
    expect([first.replayed, again.replayed]).toEqual([false, true]);
    expect(again.interaction).toEqual(first.interaction);
    expect(await turnCount('keys')).toBe(1);
    expect(await ask({ ...key, query: 'Something else' })).toMatchObject({
      __typename: 'IdempotencyKeyReusedError',
      code: 'IDEMPOTENCY_KEY_REUSED',
      field: 'idempotencyKey',
    });
    expect(await turnCount('keys')).toBe(1);
  });

  test('holds for ten retries at the same time', async () => {
    const input = { ...key, conversationId: 'parallel' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(input)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.interaction))).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await turnCount('parallel')).toBe(1);
  });

  test('holds where the conversation is not known yet', async () => {
    const input = { query: 'The answer was lost on the way', idempotencyKey: 'no conversation' };
    const first = await ask(input);
    const again = await ask(input);
    expect(again.replayed).toBe(true);
    expect(again.interaction).toEqual(first.interaction);
  });

  test('is another one for another user', async () => {
    const input = { query: 'The same words', idempotencyKey: 'shared key' };
    const [one, two] = [await ask(input, 'fay'), await ask(input, 'gus')];
    expect(two.replayed).toBe(false);
    expect(two.interaction.turnId).not.toBe(one.interaction.turnId);
  });
});
