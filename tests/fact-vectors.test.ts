import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cosineTo, directionOf } from '../src/domains/fact-vectors/direction.ts';
import { embeddedFact } from '../src/domains/fact-vectors/embedded-fact.ts';
import { recall } from '../src/domains/query/recall.ts';
import { learn } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type EmbeddingsReply, type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

/** Words of one line mean the same. */
const MEANINGS = [
  ['pets', 'animals', 'beagle', 'iguana'],
  ['instrument', 'violin'],
  ['spouse', 'married'],
];
const DIMENSIONS = MEANINGS.length + 1;
const settled = { interval: 50 };
const FACTS = `query ($query: String!, $filter: MemoryFilter) { memorySearch(query: $query, filter: $filter) {
  facts { reasons score fact { factId statement } } } }`;

/** Vectors by meanings; for what has none, one that is like all unrelated texts. */
function vectorsOf(texts: readonly string[]): EmbeddingsReply {
  const data = texts.map((text, index) => {
    const embedding = MEANINGS.map((words) => (words.some((word) => text.includes(word)) ? 1 : 0));
    return { index, embedding: [0.5 + text.length / 10_000, ...embedding] };
  });
  return { body: { data } };
}

let provider: OpenAiServer;
let app: TestApp;
let modelled: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  provider.embedWith(vectorsOf);
  const env = {
    ...{ EMBEDDINGS_BASE_URL: provider.url, EMBEDDINGS_MODEL: 'meanings' },
    EMBEDDINGS_DIMENSIONS: String(DIMENSIONS),
  };
  app = await startTestApp({ env });
  modelled = await startTestApp({ env: { ...env, LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' } });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(() => {
  provider.embedWith(vectorsOf);
});
afterAll(async () => {
  await app.close();
  await modelled.close();
  await provider.close();
});

async function add(user: string, predicate: string, object: string, on: TestApp = app, more: object = {}) {
  const { data, errors } = await on.graphql(
    `mutation ($input: FactInput!) { addFact(input: $input) {
      ... on FactSuccess { fact { factId statement } change { changeId } } ... on Error { message } } }`,
    { input: { predicate, object, ...more } },
    user,
  );
  expect(errors).toBeUndefined();
  return { ...data.addFact.fact, changeId: data.addFact.change.changeId };
}

async function factsFor(user: string, query: string, filter: object = {}, on: TestApp = app) {
  const { data, errors } = await on.graphql(FACTS, { query, filter }, user);
  expect(errors).toBeUndefined();
  return data.memorySearch.facts as {
    reasons: string[];
    score: number;
    fact: { factId: string; statement: string };
  }[];
}
const statements = async (...of: Parameters<typeof factsFor>) =>
  (await factsFor(...of)).map(({ fact }) => fact.statement);

/** Rows of vectors of a user, and how many have one. */
async function vectorsKept(user: string, on: TestApp = app) {
  const [counts] = await on.sql<{ rows: number; made: number }>(
    `select count(*)::int as rows, count(v.vector)::int as made from echo_fact_vectors v where v.user_id = $1`,
    [user],
  );
  return counts;
}

describe('a fact is found by what it means', () => {
  test('one that was entered by hand, in other words than its own', async () => {
    const user = randomUUID();
    const beagle = await add(user, 'has_pet', 'a beagle called Biscuit');
    await add(user, 'plays', 'the violin');
    await expect
      .poll(() => factsFor(user, 'What animals are mine?'), settled)
      .toMatchObject([
        {
          fact: { factId: beagle.factId, statement: beagle.statement },
          reasons: ['means something like it', 'was entered by a person'],
        },
      ]);
    expect(await statements(user, 'Which instrument do I practise?')).toEqual([
      expect.stringContaining('violin'),
    ]);
    expect(await statements(user, 'Which newspaper do I read?')).toEqual([]);
    expect(await statements(user, 'What animals are mine?', { minScore: 0.5 })).toEqual([]);
    expect(await statements(user, 'What animals are mine?', { until: '2001-01-01T00:00:00Z' })).toEqual([]);
    expect(await statements(randomUUID(), 'What animals are mine?')).toEqual([]);
    expect(await statements(`@elsewhere:${user}`, 'What animals are mine?')).toEqual([]);
  });

  test('one that was learned from a turn, within its conversation', async () => {
    const user = randomUUID();
    const conversationId = randomUUID();
    const [turn] = await app.record(conversationId, [{ query: 'My beagle is called Biscuit.' }], user);
    await app.record('elsewhere', [{ query: 'Something else.' }], user);
    const saidAt = new Date().toISOString();
    await learn(app, user, [
      {
        ...{ turnId: turn?.turnId ?? '', saidAt, predicate: 'has_pet', object: 'a beagle' },
        quote: 'My beagle',
        statement: 'user has a beagle',
      },
    ]);
    await expect
      .poll(() => statements(user, 'What animals are mine?', { conversationId }), settled)
      .toEqual(['user has a beagle']);
    expect(await statements(user, 'What animals are mine?', { conversationId: 'elsewhere' })).toEqual([]);
  });

  test('behind those that share its words, each once', async () => {
    const user = randomUUID();
    const shops = await add(user, 'likes', 'instrument shops');
    const violin = await add(user, 'owns', 'the violin of a friend');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 2, made: 2 });
    const found = await factsFor(user, 'instrument?');
    expect(found.map(({ fact }) => fact.factId)).toEqual([shops.factId, violin.factId]);
    expect(found[0]?.reasons).toContain('speaks of: instrument');
    expect(found[0]?.score).toBeGreaterThan(found[1]?.score ?? 1);
  });

  test('of others only where they are asked about', async () => {
    const user = randomUUID();
    await add(user, 'has_pet', 'an iguana', app, { subject: 'Anna' });
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 1, made: 1 });
    expect(await statements(user, 'What animals are mine?')).toEqual([]);
    expect(await statements(user, 'What animals does Anna keep?')).toEqual([
      expect.stringContaining('iguana'),
    ]);
  });
});

describe('an answer', () => {
  const ask = async (on: TestApp, user: string, query: string) => {
    const { data } = await on.graphql(
      `mutation ($query: String!) { processQuery(input: { query: $query }) {
        ... on ProcessQuerySuccess { interaction { response status } } } }`,
      { query },
      user,
    );
    return data.processQuery.interaction as { response: string; status: string };
  };

  test('by a model is told of it', async () => {
    const user = randomUUID();
    await add(user, 'has_pet', 'a beagle', modelled);
    await expect.poll(() => vectorsKept(user, modelled), settled).toMatchObject({ made: 1 });
    expect(await ask(modelled, user, 'What animals are mine?')).toMatchObject({ status: 'ANSWERED' });
    expect(JSON.stringify(provider.chats[0]?.body.messages)).toContain('beagle');
    provider.requests.length = 0;
    await ask(modelled, user, 'Which newspaper do I read?');
    expect(JSON.stringify(provider.chats[0]?.body.messages)).not.toContain('beagle');
  });

  test('made of memory alone does not take it for the answer', async () => {
    const user = randomUUID();
    await add(user, 'has_pet', 'a beagle');
    await expect.poll(() => vectorsKept(user), settled).toMatchObject({ made: 1 });
    expect((await ask(app, user, 'What animals are mine?')).response).not.toContain('beagle');
    expect((await ask(app, user, 'Do I have a beagle?')).response).toContain('beagle');
  });

  test('of another program is told of it, too', async () => {
    const user = randomUUID();
    await add(user, 'has_pet', 'a beagle');
    await expect.poll(() => vectorsKept(user), settled).toMatchObject({ made: 1 });
    const owner = { tenantId: 'default', userId: user };
    const told = (query: string) => recall(app.app.services, owner, { query, maxTokens: 500 });
    expect((await told('What animals are mine?')).context).toContain('beagle');
    expect((await told('Which newspaper do I read?')).context).not.toContain('beagle');
  });
});

describe('the vector follows the words', () => {
  const change = async (user: string, call: string) => {
    const { data, errors } = await app.graphql(`mutation { it: ${call} { __typename } }`, {}, user);
    expect([errors, data.it.__typename]).not.toContain('Error');
  };

  test('of what was corrected, taken back, and put back', async () => {
    const user = randomUUID();
    const fact = await add(user, 'has_pet', 'a beagle');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 1, made: 1 });
    await change(user, `retractFact(factId: "${fact.factId}")`);
    expect(await vectorsKept(user)).toEqual({ rows: 0, made: 0 });
    expect(await statements(user, 'What animals are mine?')).toEqual([]);
    const again = await add(user, 'has_pet', 'a beagle');
    await expect.poll(() => statements(user, 'What animals are mine?'), settled).toEqual([again.statement]);
    await change(
      user,
      `correctFact(factId: "${again.factId}", input: { predicate: "plays", object: "the violin" })`,
    );
    await expect
      .poll(() => statements(user, 'Which instrument do I practise?'), settled)
      .toEqual([expect.stringContaining('violin')]);
    expect(await statements(user, 'What animals are mine?')).toEqual([]);
  });

  test('of words that change while they are embedded', async () => {
    const user = randomUUID();
    const held: { release?: () => void } = {};
    const { factId } = await add(user, 'plays', 'nothing');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 1, made: 1 });
    const original = app.app.services.embedder.embed;
    app.app.services.embedder.embed = async (texts, ...rest) => {
      const vectors = await original.call(app.app.services.embedder, texts, ...rest);
      if (texts.some((text) => text.includes('violin'))) {
        await new Promise<void>((resolve) => {
          held.release = resolve;
        });
      }
      return vectors;
    };
    const say = (statement: string) =>
      app.sql('update echo_learned_facts set statement = $2 where fact_id = $1', [factId, statement]);
    try {
      await say('user plays the violin');
      await expect.poll(() => held.release, settled).toBeDefined();
      await say('user has a beagle');
    } finally {
      app.app.services.embedder.embed = original;
      held.release?.();
    }
    await expect
      .poll(() => statements(user, 'What animals are mine?'), settled)
      .toEqual(['user has a beagle']);
    expect(await statements(user, 'Which instrument do I practise?')).toEqual([]);
  });

  test('goes with the turn that said it, and with its user', async () => {
    const user = randomUUID();
    const [turn] = await app.record('notes', [{ query: 'My beagle is called Biscuit.' }], user);
    const said = { turnId: turn?.turnId ?? '', saidAt: new Date().toISOString(), predicate: 'has_pet' };
    await learn(app, user, [
      { ...said, object: 'a beagle', quote: 'My beagle', statement: 'user has a beagle' },
    ]);
    await add(user, 'plays', 'the violin');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 2, made: 2 });
    await change(user, `deleteInteraction(turnId: "${turn?.turnId}")`);
    expect(await vectorsKept(user)).toEqual({ rows: 1, made: 1 });
    const { data } = await app.graphql(
      `mutation { eraseUser(userId: "${user}", confirm: "${user}") { __typename } }`,
    );
    expect(data.eraseUser.__typename).not.toContain('Error');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 0, made: 0 });
  });
});

describe('the embedding model', () => {
  test('is away: facts are found by their words, and get their vectors when it is back', async () => {
    provider.embedWith(503);
    const user = randomUUID();
    const beagle = await add(user, 'has_pet', 'a beagle');
    expect(await statements(user, 'Do I have a beagle?')).toEqual([beagle.statement]);
    expect(await statements(user, 'What animals are mine?')).toEqual([]);
    expect(await vectorsKept(user)).toEqual({ rows: 1, made: 0 });
    provider.embedWith(vectorsOf);
    await expect.poll(() => statements(user, 'What animals are mine?'), settled).toEqual([beagle.statement]);
  });

  test('refuses the words of one: it is found by them, and others get their vectors', async () => {
    provider.embedWith((texts) => (texts.some((text) => text.includes('poison')) ? 400 : vectorsOf(texts)));
    const user = randomUUID();
    const poison = await add(user, 'likes', 'poison');
    const beagle = await add(user, 'has_pet', 'a beagle');
    await expect.poll(() => statements(user, 'What animals are mine?'), settled).toEqual([beagle.statement]);
    expect(await statements(user, 'Do I like poison?')).toEqual([poison.statement]);
    await expect
      .poll(async () => (await app.sql('select from echo_fact_vectors where model is null')).length, settled)
      .toBe(0);
  });

  test('goes away with the words of one: others get their vectors all the same', {
    timeout: 60_000,
  }, async () => {
    let awayUntil = 0;
    provider.embedWith((texts) => {
      if (performance.now() < awayUntil) return 'cut';
      if (!texts.some((text) => text.includes('deadly'))) return vectorsOf(texts);
      awayUntil = performance.now() + 1_000;
      return 'cut';
    });
    const user = randomUUID();
    const beagle = await add(user, 'has_pet', 'a beagle');
    await add(user, 'likes', 'deadly nightshade');
    await expect.poll(() => statements(user, 'What animals are mine?'), settled).toEqual([beagle.statement]);
    await expect
      .poll(async () => (await app.sql('select from echo_fact_vectors where model is null')).length, settled)
      .toBe(0);
  });

  test('of other vectors makes again what another one made long ago, and no other', async () => {
    const [user, other] = [randomUUID(), randomUUID()];
    const beagle = await add(user, 'has_pet', 'a beagle');
    await add(other, 'has_pet', 'a beagle');
    await expect.poll(() => vectorsKept(user), settled).toEqual({ rows: 1, made: 1 });
    await expect.poll(() => vectorsKept(other), settled).toEqual({ rows: 1, made: 1 });
    const by = (whose: string, model: string, ago: string) =>
      app.sql(
        `update echo_fact_vectors set model = $2, vector = '\\x01', asked_at = now() - $3::interval where user_id = $1`,
        [whose, model, ago],
      );
    await by(other, 'zzz@9', '1 minute');
    for (const model of ['aaa@9', 'zzz@9']) {
      await by(user, model, '2 hours');
      await expect
        .poll(() => statements(user, 'What animals are mine?'), settled)
        .toEqual([beagle.statement]);
    }
    const [left] = await app.sql('select model from echo_fact_vectors where user_id = $1', [other]);
    expect(left).toEqual({ model: 'zzz@9' });
  });
});

test('the rounds that make them do not fail', () => {
  const states = [app, modelled].flatMap(({ app: { services } }) =>
    services.keepers.statuses().filter(({ name }) => name === 'vectors of facts'),
  );
  expect(states).toHaveLength(2);
  for (const state of states) expect(state).toMatchObject({ lastError: null, failures: 0 });
});

test('without a model that knows meaning nothing is made', async () => {
  const plain = await startTestApp();
  try {
    await add('ada', 'has_pet', 'a beagle', plain);
    expect(await statements('ada', 'What animals are mine?', {}, plain)).toEqual([]);
    expect(await vectorsKept('ada', plain)).toEqual({ rows: 1, made: 0 });
    expect(plain.statements).not.toContain('facts_without_vector');
  } finally {
    await plain.close();
  }
});

test.each([
  ['user', 'user has a dog', 'I has a dog'],
  ['User', "User's name is Ada", 'my name is Ada'],
  ['user', 'username of the user', 'username of the user'],
  ['Anna', 'Anna lives in Turin', 'Anna lives in Turin'],
])('of %s: "%s" is embedded as "%s"', (subject, statement, expected) => {
  expect(embeddedFact({ subject, statement })).toBe(expected);
});

test('directions keep cosines', () => {
  const vectors = Array.from({ length: 20 }, (_, seed) => {
    const values = Float32Array.from({ length: 384 }, (_each, at) => Math.sin((seed + 1) * (at + 1) * 1.7));
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  });
  for (const a of vectors)
    for (const b of vectors) {
      const exact = a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
      expect(Math.abs((cosineTo(a, directionOf(b)) ?? 9) - exact)).toBeLessThan(0.01);
    }
  expect(cosineTo(new Float32Array(3), directionOf(new Float32Array(4)))).toBeNull();
  expect(cosineTo(new Float32Array([1, 0]), directionOf(new Float32Array(2)))).toBeNull();
});
