import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { searchConfiguration } from '../src/domains/evaluation/configuration.ts';
import { PARAMETERS } from '../src/domains/evaluation/parameters.ts';
import { difference, meanScore, quantile, scoreOf } from '../src/domains/evaluation/score.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { untilTask } from './support/tasks.ts';

let app: TestApp;
let turnIds: string[];
beforeAll(async () => {
  app = await startTestApp();
  turnIds = (await app.record('kitchen', SAID, 'ada')).map(({ turnId }) => turnId);
});
afterAll(() => app.close());

const SAID = [
  'The oven is from Milan.',
  'My sister Ida repaired the kettle.',
  'We eat soup on Mondays.',
  'The kettle is red.',
];
const EVALUATE = `mutation ($set: GoldenSet!, $userId: String) { evaluateMemory(set: $set, userId: $userId) {
  ... on CreateTaskSuccess { task { taskId type } } ... on Error { code message } } }`;

const ask = async (questions: unknown, user = 'ada', more: object = {}) => {
  const { data, errors } = await app.graphql(EVALUATE, { set: { questions }, ...more }, user);
  const [refused] = errors ?? [];
  return data?.evaluateMemory ?? { code: refused?.extensions.code, message: refused?.message };
};
const evaluated = async (questions: unknown, user = 'ada') => {
  const { task } = await ask(questions, user);
  return (await untilTask(app, task.taskId, 'COMPLETED', user)).result;
};

describe('an evaluation of one’s own memory', () => {
  test('says how much of what was named is found, how it was searched, and what it took', async () => {
    const questions = [
      { question: 'Where is the oven from?', turnIds: [turnIds[0]] },
      { question: 'Who repaired the kettle?', turnIds: [turnIds[1]] },
      { question: 'xyzzy', turnIds: [turnIds[2], turnIds[3]] },
    ];
    const report = await evaluated(questions);
    // What was said within the last day is found by that.
    expect(report).toMatchObject({
      configuration: { hash: expect.stringMatching(/^[0-9a-f]{12}$/), vectors: null, reranking: null },
      ...{ questions: 3, degraded: 0, turnsGone: 0, before: null },
      recall: { 5: 1, 10: 1, 20: 1, 50: 1 },
      milliseconds: { p50: expect.any(Number), p95: expect.any(Number) },
    });
    expect(report.mrr).toBeGreaterThan(0.6);
    expect(report.ndcg).toBeLessThanOrEqual(1);
    expect(report.tokensOfTen).toBeGreaterThan(5);
    const again = await evaluated(questions);
    expect(again.before).toMatchObject({
      configurationHash: report.configuration.hash,
      changes: { recall: { 10: 0 }, mrr: 0, ndcg: 0 },
    });
    const { data } = await app.graphql(
      '{ tasks(filter: { type: "evaluate_memory" }) { nodes { result } } }',
      {},
      'ada',
    );
    expect(data.tasks.nodes).toHaveLength(2);
  });

  test('names what was missed, and does not count turns that are gone', async () => {
    const gone = await app.record('attic', ['The trunk holds maps.', 'The trunk is locked.'], 'ida');
    const early = Array.from({ length: 12 }, (_, at) => ({
      query: `The drawer number ${at} is empty and holds no maps of anywhere`,
      timestamp: '2020-05-01T00:00:00Z',
    }));
    const old = await app.record(
      'old',
      [...early, { query: 'Nothing', timestamp: '2020-05-01T00:00:00Z' }],
      'ida',
    );
    const report = await evaluated(
      [{ question: 'Which drawer holds maps of anywhere?', turnIds: [old[12]?.turnId] }],
      'ida',
    );
    expect(report.recall[10]).toBe(0);
    expect(report.missed).toEqual([
      { question: 'Which drawer holds maps of anywhere?', turnIds: [old[12]?.turnId] },
    ]);
    const { data } = await app.graphql(
      `mutation ($set: GoldenSet!) { evaluateMemory(set: $set) { ... on CreateTaskSuccess { task { taskId } } } }`,
      { set: { questions: [{ question: 'trunk', turnIds: gone.map(({ turnId }) => turnId) }] } },
      'ida',
    );
    expect((await untilTask(app, data.evaluateMemory.task.taskId, 'COMPLETED', 'ida')).result).toMatchObject({
      ...{ questions: 1, turnsGone: 0 },
      recall: { 5: 1 },
    });
  });

  test('counts as no search of anybody, and says by which numbers it searched', async () => {
    const searches = async () => {
      const exposed = await (await fetch(`${app.url}/metrics`)).text();
      return exposed.split('\n').filter((line) => /^echo_memory_search(es_total|_seconds_count)/.test(line));
    };
    await app.search('kettle', 'ada');
    const before = await searches();
    expect(before.join()).toMatch(
      /echo_memory_searches_total.*echo_memory_search|echo_memory_search_seconds_count/,
    );
    const report = await evaluated([{ question: 'Who repaired the kettle?', turnIds: [turnIds[1]] }]);
    expect(await searches()).toEqual(before);
    const { weights: _weights, ...others } = PARAMETERS;
    expect(report.configuration.parameters).toMatchObject(others);
    await app.search('kettle', 'ada');
    expect(await searches()).not.toEqual(before);
  });

  const one = (fields: object) => [{ question: 'Where?', turnIds: [turnIds[0]], ...fields }];
  const NOBODYS = '11111111-1111-4111-8111-111111111111';
  test.each<[string, () => unknown, RegExp]>([
    ['no questions', () => [], /^set\.questions: must be 1 to 200 questions/],
    ['too many', () => Array(201).fill(one({})[0]), /^set\.questions: must be 1 to 200 questions/],
    ['an empty question', () => one({ question: '' }), /^set\.questions\.0\.question: /],
    ['one too long', () => one({ question: 'x'.repeat(1_001) }), /^set\.questions\.0\.question: .*1,?000/],
    ['a NUL', () => one({ question: 'a\u0000' }), /^set\.questions\.0\.question: /],
    ['no turns', () => one({ turnIds: [] }), /^set\.questions\.0\.turnIds: must be 1 to 20 ids/],
    [
      'too many turns',
      () => one({ turnIds: Array(21).fill(NOBODYS) }),
      /^set\.questions\.0\.turnIds: must be 1 to 20/,
    ],
    [
      'what is no id',
      () => one({ turnIds: ['D1:3'] }),
      /^set\.questions\.0\.turnIds\.0: must be the id of a turn/,
    ],
    [
      'a turn that is not there',
      () => one({ turnIds: [turnIds[0], NOBODYS] }),
      /^set\.questions\.0\.turnIds\.1: there is no turn/,
    ],
    ['far too much', () => Array(100).fill(one({ question: 'x'.repeat(990) })[0]), /65,?536/],
  ])('%s is refused, and makes no task', async (_, questions, message) => {
    const count = () => app.sql('select id from autonomous_tasks');
    const before = (await count()).length;
    expect((await ask(questions())).message).toMatch(message);
    expect(await count()).toHaveLength(before);
  });

  test('is of one’s own turns only', async () => {
    expect(await ask(one({}), 'eve')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await ask(one({}), 'eve', { userId: 'ada' })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await ask(one({}), '@default:root', { userId: 'ada' })).task.type).toBe('evaluate_memory');
    const { data } = await app.graphql(
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { ... on Error { message } } }',
      { input: { type: 'evaluate_memory', payload: { questions: one({}) } } },
      'eve',
    );
    expect(data.createTask.message).toMatch(/^type: must be one of/);
  });
});

test('recall, MRR and nDCG are what they are called', () => {
  const score = scoreOf(['a', 'b', 'c', 'd', 'e', 'f'], new Set(['b', 'f', 'z']));
  expect(score.recall).toEqual({ 5: 1 / 3, 10: 2 / 3, 20: 2 / 3, 50: 2 / 3 });
  expect(score.mrr).toBe(1 / 2);
  const ideal = 1 + 1 / Math.log2(3) + 1 / Math.log2(4);
  expect(score.ndcg).toBeCloseTo((1 / Math.log2(3) + 1 / Math.log2(7)) / ideal, 10);
  expect(scoreOf(['a'], new Set(['b']))).toEqual({ recall: { 5: 0, 10: 0, 20: 0, 50: 0 }, mrr: 0, ndcg: 0 });
  const perfect = scoreOf(['b'], new Set(['b']));
  expect(meanScore([score, perfect]).mrr).toBe(0.75);
  expect(difference(perfect, score).mrr).toBe(0.5);
  expect(meanScore([]).ndcg).toBe(0);
  expect([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 1), quantile([], 0.5)]).toEqual([2, 3, 0]);
});

test('configurations are told apart by every number that the order depends on', () => {
  const asked = { embedder: { name: 'm', dimensions: 3 }, meaning: null, reranking: null };
  const withModel = { ...asked, meaning: {} as never };
  const hashes = (parameters: typeof PARAMETERS) =>
    [asked, withModel].map((services) => searchConfiguration(services, parameters).hash);
  const [byWords, byMeaning] = hashes(PARAMETERS);
  expect(byWords).not.toBe(byMeaning);
  expect(hashes(structuredClone(PARAMETERS))).toEqual([byWords, byMeaning]);
  for (const [group, values] of Object.entries(PARAMETERS))
    for (const name of Object.keys(values)) {
      const changed = { ...PARAMETERS, [group]: { ...values, [name]: 'another' } };
      const same = hashes(changed).filter((hash) => hash === byWords || hash === byMeaning);
      expect([name, same]).toEqual([name, { BY_WORDS: [byMeaning], BY_MEANING: [byWords] }[name] ?? []]);
    }
});

/** Numbers of the search that the order does not depend on, and why. */
const NO_PARAMETERS = {
  DAY_MS: 'a day has so many',
  MINUTE_MS: 'a minute has so many',
  MAX_MEMORIES: 'what may be asked for',
  NO_CHARACTER: 'the id of nobody',
  FAILURES: 'when a model that fails rests',
  QUESTION_LENGTH: 'a limit of models that put into order',
  MAX_WORDS: 'words in a reason',
  BLOCK_BITS: 'of memory, like those that follow',
  CELLS: '',
  HAS: '',
  OWN: '',
  NEAR: '',
  SUM: '',
  GAP: 'room between numbers',
  POOLED_VALUES: 'how many values a row has',
};

test('no number of the search is forgotten among them', () => {
  const folder = 'src/domains/memory';
  const files = [
    ...readdirSync(folder).map((name) => `${folder}/${name}`),
    ...['ranking', 'search', 'windows'].map((name) => `src/domains/word-index/${name}.ts`),
    'src/domains/fact-vectors/near.ts',
  ];
  const known = new Set([...Object.values(PARAMETERS).flatMap(Object.keys), ...Object.keys(NO_PARAMETERS)]);
  const numbers = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:export )?const ([A-Z][A-Z_]*) = -?\d/gm)].map(
      ([, name = '']) => name,
    ),
  );
  expect(numbers.length).toBeGreaterThan(40);
  expect(numbers.filter((name) => !known.has(name))).toEqual([]);
});
