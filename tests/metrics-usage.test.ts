import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { rulesIn, selectionsOf } from './support/promql.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { message } } }`;
const RATE = `mutation ($input: RateInteractionInput!) { rateInteraction(input: $input) { __typename } }`;

let models: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  models = await startOpenAiServer({ embeddingDimensions: 16 });
  app = await startTestApp({
    env: {
      ...{ LLM_BASE_URL: models.url, LLM_MODELS: 'standard=small' },
      ...{ EMBEDDINGS_BASE_URL: models.url, EMBEDDINGS_MODEL: 'words', EMBEDDINGS_DIMENSIONS: '16' },
    },
  });
});
afterAll(async () => {
  await app.close();
  await models.close();
});

const exposed = async () => (await fetch(`${app.url}/metrics`)).text();
/** The value of one series; 0: it is not there. */
async function value(series: string): Promise<number> {
  const line = (await exposed()).split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}
const reads = (series: string) => expect.poll(() => value(series));

async function ask(query: string): Promise<string> {
  const { data } = await app.graphql(ASK, { input: { query, conversationId: 'c' } });
  return data.processQuery.interaction.turnId;
}

test('calls of models are timed by what they are for, their tokens counted, their failures named', async () => {
  models.respondWith({
    kind: 'answer',
    deltas: ['Yes.'],
    usage: { prompt_tokens: 120, completion_tokens: 7 },
  });
  await ask('Please continue the story');
  expect(await value('echo_model_call_seconds_count{kind="answer",model="small"}')).toBe(1);
  const firsts = () => value('echo_model_first_seconds_count{kind="answer",model="small"}');
  expect(await firsts()).toBe(1);
  expect(await value('echo_model_call_tokens_total{kind="answer",model="small",direction="in"}')).toBe(120);
  expect(await value('echo_model_call_tokens_total{kind="answer",model="small",direction="out"}')).toBe(7);
  await reads('echo_model_call_seconds_count{kind="turn",model="words"}').toBeGreaterThan(0);
  expect(await value('echo_model_call_seconds_count{kind="question",model="words"}')).toBeGreaterThan(0);
  models.respondWith({ kind: 'status', status: 401 });
  await ask('And then?');
  expect(await value('echo_model_call_failures_total{kind="answer",model="small",reason="REFUSED"}')).toBe(1);
  expect(await firsts()).toBe(1);
  models.respondWith([]);
});

test('of turns that others answered no figure keeps what they say of the model', async () => {
  const before = await value('echo_turns_stored_total');
  await app.graphql(
    `mutation { recordTurns(input: { conversationId: "told", turns: [
      { query: "Hello", response: "Yes?", modelUsed: "the model of Zuleika" }] }) { __typename ... on Error { message } } }`,
  );
  await reads('echo_turns_stored_total').toBe(before + 1);
  expect(await exposed()).not.toContain('Zuleika');
});

test('searches say whether they found something, answers whether it was of use, users what they thought of it', async () => {
  const search = (query: string) =>
    app.graphql('query ($q: String!) { memorySearch(query: $q) { hits { score } } }', { q: query });
  await app.record('before', ['My bicycle is called Rosalind']);
  const count = (name: string, outcome: string) => value(`echo_${name}_total{outcome="${outcome}"}`);
  const before = [await count('memory_searches', 'found'), await count('answer_memories', 'used')];
  await search('What is my bicycle called?');
  expect(await count('memory_searches', 'found')).toBe((before[0] ?? 0) + 1);
  expect(await value('echo_memory_search_seconds_count')).toBeGreaterThan(before[0] ?? 0);
  const turnId = await ask('What is my bicycle called?');
  expect(await count('answer_memories', 'used')).toBe((before[1] ?? 0) + 1);
  for (const [rating, word] of [
    [1, 'good'],
    [-0.5, 'bad'],
    [0, 'neutral'],
  ] as const) {
    await app.graphql(RATE, { input: { turnId, rating } });
    expect(await value(`echo_ratings_total{rating="${word}"}`)).toBe(1);
  }
});

test('tasks are timed, and counted by what became of them', async () => {
  const { data } = await app.graphql(
    'mutation { createTask(input: { type: "heartbeat" }) { __typename ... on Error { message } } }',
  );
  expect(data.createTask).toEqual({ __typename: 'CreateTaskSuccess' });
  await reads('echo_tasks_ended_total{type="heartbeat",outcome="COMPLETED"}').toBe(1);
  expect(await value('echo_task_seconds_count{type="heartbeat"}')).toBe(1);
});

test('caches say how often they had what was asked for', async () => {
  const use = (cache: string, result: string) =>
    value(`echo_cache_requests_total{cache="${cache}",result="${result}"}`);
  const loaded = [await use('loaders', 'hit'), await use('loaders', 'miss')];
  await app.graphql(
    '{ a: conversation(conversationId: "c") { conversationId } b: conversation(conversationId: "c") { conversationId } }',
  );
  expect(await use('loaders', 'hit')).toBe((loaded[0] ?? 0) + 1);
  expect(await use('loaders', 'miss')).toBe((loaded[1] ?? 0) + 1);
  const names = await use('character_names', 'hit');
  await ask('And who is Kai?');
  expect(await use('character_names', 'hit')).toBeGreaterThan(names);
  for (const cache of ['shared_reads', 'analysed_turns', 'character_lore', 'api_keys', 'metrics_history'])
    expect(await exposed()).toContain(`echo_cache_requests_total{cache="${cache}",result="miss"}`);
});

test('the promises come first', async () => {
  const names = [...(await exposed()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names.slice(0, 5)).toEqual([
    'echo_promise_kept',
    'echo_alert_active',
    'echo_database_up',
    'echo_journal_depth',
    'echo_journal_oldest_age_seconds',
  ]);
  expect(new Set(names).size).toBe(names.length);
});

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

/** What a started server gives: labels of each name that samples have. */
async function emitted(): Promise<Map<string, Set<string>>> {
  const { registry } = app.app.services.metrics;
  const labelsOf = new Map<string, Set<string>>([['up', new Set()]]);
  for (const [, name = '', type] of (await exposed()).matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const { labelNames = [] } = registry.getSingleMetric(name) as { labelNames?: readonly string[] };
    const given = new Set<string>(labelNames);
    if (type !== 'histogram') labelsOf.set(name, given);
    else for (const end of ['_sum', '_count']) labelsOf.set(name + end, given);
    if (type === 'histogram') labelsOf.set(`${name}_bucket`, new Set([...given, 'le']));
  }
  return labelsOf;
}

/** What Prometheus itself puts to each sample. */
const TARGET = ['job', 'instance'];

function unknownIn(
  expressions: readonly string[],
  known: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  return expressions.flatMap((expression) =>
    selectionsOf(expression).flatMap(({ name, labels }) => {
      const own = known.get(name);
      if (!own) return [`no metric ${name}: ${expression}`];
      const others = [...labels].filter((label) => !own.has(label) && !TARGET.includes(label));
      return others.map((label) => `${name} has no label ${label}: ${expression}`);
    }),
  );
}

test('what Grafana and Prometheus are told to look at is there, by name and label', async () => {
  const known = await emitted();
  const dashboard = JSON.parse(read('docs/grafana/echo-brain.json'));
  const expressions = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  );
  expect(expressions.length).toBeGreaterThan(40);
  const [variable] = dashboard.templating.list.flatMap(
    ({ query }: { query: { query?: string } }) => /label_values\((\w+),/.exec(query.query ?? '')?.[1] ?? [],
  );
  expect(unknownIn([...expressions, variable], known)).toEqual([]);
  const rules = rulesIn(read('docs/prometheus/alerts.yml'));
  expect(rules.expressions.length).toBeGreaterThan(15);
  for (const name of rules.recorded) known.set(name, new Set());
  expect(unknownIn(rules.expressions, known)).toEqual([]);
  const headings = new Set(
    [...read('docs/runbook.md').matchAll(/^#+ (.+)$/gm)].map(([, name = '']) => name.toLowerCase()),
  );
  const sections = rules.runbooks.flatMap((link) => /runbook\.md#([a-z_]+)$/.exec(link)?.[1] ?? []);
  expect(sections.length).toBeGreaterThan(8);
  expect(sections.filter((section) => !headings.has(section))).toEqual([]);
});

test('the page on metrics has every metric of the server, with its labels, and nothing else', async () => {
  const known = await emitted();
  const names = new Set([...known.keys()].map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
  const own = [...names].filter((name) => name.startsWith('echo_'));
  const rows = [...read('docs/metrics.md').matchAll(/^\| (`echo_[^|]*) \|([^|]*)\|([^|]*)\|/gm)];
  const documented = new Map(
    rows.flatMap(([, cell = '', , labels = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => [name, labels.trim()] as const),
    ),
  );
  expect([...documented.keys()].toSorted()).toEqual(own.toSorted());
  for (const [name, labels] of documented) {
    // One row may be of several, of which only the last has labels.
    if (name === 'echo_pressure_level') continue;
    const given = labels === '' ? [] : labels.split(', ');
    expect([name, given.toSorted()]).toEqual([
      name,
      [...(known.get(name) ?? known.get(`${name}_count`) ?? [])].toSorted(),
    ]);
  }
});
