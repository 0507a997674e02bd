import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChildServer } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { connectMcp } from './support/mcp.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { type ReceivedSpan, startOtlpReceiver } from './support/otlp-receiver.ts';

const ASK = `mutation Whatever($input: ProcessQueryInput!) { alias: processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { turnId } } ... on Error { message } } }`;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SECRET_WORD = 'Quetzalcoatlus';

let collector: Awaited<ReturnType<typeof startOtlpReceiver>>;
let models: OpenAiServer;
let app: TestApp;
let isClosed = false;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  models = await startOpenAiServer();
  app = await startTestApp({
    env: {
      ...{ LLM_BASE_URL: models.url, LLM_MODELS: 'standard=small' },
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-scope=one%20two',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
      OTEL_SERVICE_NAME: 'brain-of-tests',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tests',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: '200',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    },
  });
});
afterAll(async () => {
  if (!isClosed) await app.close();
  await models.close();
  await collector.close();
});

const post = (query: string, variables: object, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
const ofTrace = (id: string) => collector.spans.filter(({ traceId }) => traceId === id);

test('one trace leads from who called to the statements and to the model, which is told of it', async () => {
  models.respondWith({
    kind: 'answer',
    deltas: ['Yes.'],
    usage: { prompt_tokens: 12, completion_tokens: 3 },
  });
  const input = { query: `Please tell of ${SECRET_WORD}`, conversationId: 'traced' };
  const response = await post(ASK, { input }, { traceparent: `00-${TRACE}-${PARENT}-01` });
  expect((await response.json()).errors).toBeUndefined();
  await expect.poll(() => ofTrace(TRACE).some(({ kind }) => kind === 2)).toBe(true);
  const spans = ofTrace(TRACE);
  const [request] = spans.filter(({ kind }) => kind === 2);
  expect(request).toMatchObject({
    name: 'POST /graphql',
    parentSpanId: PARENT,
    attributes: { 'http.route': '/graphql', 'http.response.status_code': 200 },
  });
  const [operation] = spans.filter(({ name }) => name === 'mutation processQuery');
  expect(operation?.parentSpanId).toBe(request?.spanId);
  const [call] = spans.filter(({ name }) => name === 'chat small');
  expect(call).toMatchObject({
    kind: 3,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'small',
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.response.finish_reasons': ['stop'],
      'echo.model.purpose': 'answer',
    },
  });
  expect(ancestorsOf(call, spans)).toContain(operation?.spanId);
  expect(models.chats.at(-1)?.headers.traceparent).toBe(`00-${TRACE}-${call?.spanId}-01`);
  const statements = spans.filter(({ attributes }) => attributes['db.system.name'] === 'postgresql');
  expect(statements.map(({ name }) => name)).toContain('insert_turns');
  for (const statement of statements) expect(ancestorsOf(statement, spans)).toContain(request?.spanId);
  expect(JSON.stringify(collector.received)).not.toMatch(
    new RegExp(`${SECRET_WORD}|Whatever|alias|"traced"`),
  );
  expect(collector.resource('/v1/traces')).toMatchObject({
    'service.name': 'brain-of-tests',
    'deployment.environment.name': 'tests',
  });
  expect(collector.received[0]?.headers['x-scope']).toBe('one two');
});

test('a call of an MCP tool belongs to the trace that its message names, and a refusal is told', async () => {
  const [named, brought] = [TRACE.replaceAll('f', '7'), TRACE.replaceAll('f', '8')];
  const client = await connectMcp(app.url, { traceparent: `00-${brought}-${PARENT}-01` });
  const call = (args: object, meta: object) =>
    client.callTool({ name: 'recall', arguments: { ...args }, _meta: { ...meta } });
  await call({ query: SECRET_WORD }, { traceparent: `00-${named}-${PARENT}-01` });
  await call({ query: '' }, { traceparent: 'nonsense' });
  await client.close();
  const calls = (trace: string) => ofTrace(trace).filter(({ name }) => name === 'tools/call recall');
  await expect.poll(() => [calls(named).length, calls(brought).length]).toEqual([1, 1]);
  expect(calls(named)[0]).toMatchObject({
    ...{ kind: 2, parentSpanId: PARENT },
    attributes: { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'recall' },
  });
  expect(calls(named)[0]?.attributes['error.type']).toBeUndefined();
  expect(calls(brought)[0]?.attributes['error.type']).toBe('tool_error');
  expect(calls(brought)[0]?.parentSpanId).not.toBe(PARENT);
  const statements = ofTrace(named).filter(({ attributes }) => attributes['db.system.name']);
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements)
    expect(ancestorsOf(statement, ofTrace(named))).toContain(calls(named)[0]?.spanId);
  expect(JSON.stringify(collector.received)).not.toContain(SECRET_WORD);
});

test('what its caller does not want to see is not brought away; what is no traceparent begins a trace', async () => {
  const other = TRACE.replaceAll('4', '5');
  await post('{ me { userId } }', {}, { traceparent: `00-${other}-${PARENT}-00` });
  await post('{ metrics { requests } }', {}, { traceparent: `00-${'0'.repeat(32)}-${PARENT}-01` });
  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  await expect.poll(() => named('query metrics').length).toBe(1);
  expect(named('query me')).toEqual([]);
  const [request] = ofTrace(named('query metrics')[0]?.traceId ?? '').filter(({ kind }) => kind === 2);
  expect(request?.parentSpanId ?? '').toBe('');
});

test('failures say their code, and tasks are traces of their own', async () => {
  await post('{ metricsHistory(name: "none", since: "2026-01-01T00:00:00Z") { name } }', {});
  await post('mutation { createTask(input: { type: "heartbeat" }) { __typename } }', {});
  const named = (name: string) => collector.spans.find((span) => span.name === name);
  await expect.poll(() => [named('query metricsHistory'), named('job heartbeat')].every(Boolean)).toBe(true);
  expect(named('query metricsHistory')?.attributes['error.type']).toBe('BAD_USER_INPUT');
  const job = named('job heartbeat');
  expect(job).toMatchObject({
    attributes: { 'echo.task.type': 'heartbeat', 'echo.task.outcome': 'COMPLETED' },
  });
  expect(job?.parentSpanId ?? '').toBe('');
  expect(ofTrace(job?.traceId ?? '').length).toBeGreaterThan(1);
});

test('metrics are brought under their own names', async () => {
  const counted = () => collector.metrics.get('echo_turns_stored_total');
  await expect.poll(() => counted()?.sum.dataPoints[0]?.asDouble).toBeGreaterThan(0);
  expect(counted()).toMatchObject({ sum: { isMonotonic: true, aggregationTemporality: 2 } });
  const spread = collector.metrics.get('echo_graphql_operation_seconds');
  expect(spread).toMatchObject({ unit: 's' });
  for (const { bucketCounts, count, explicitBounds } of spread.histogram.dataPoints) {
    expect(bucketCounts).toHaveLength(explicitBounds.length + 1);
    expect(bucketCounts.reduce((sum: number, each: number) => sum + Number(each), 0)).toBe(Number(count));
  }
  expect(collector.metrics.get('echo_database_up').gauge.dataPoints[0].asDouble).toBe(1);
});

describe('a collector that', () => {
  const lost = async (signal: string) => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return Number(
      new RegExp(`^echo_telemetry_lost_total\\{signal="${signal}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? -1,
    );
  };
  test.each([400, 500, 'stall'] as const)(
    'answers %s costs no request anything, and what is lost is counted',
    async (answer) => {
      const before = await lost('traces');
      collector.answerWith(answer);
      for (let n = 0; n < 20; n++) expect((await post('{ me { userId } }', {})).status).toBe(200);
      await expect.poll(() => lost('traces')).toBeGreaterThan(before);
      collector.answerWith(200);
    },
  );

  test('takes nothing for a while has each span that it does not get counted, also those for which there was no room', async () => {
    const settled = TRACE.replaceAll('4', '7');
    await post('{ me { userId } }', {}, { traceparent: `00-${settled}-${PARENT}-01` });
    // What was sent before has arrived, or is lost, by then.
    await expect.poll(() => ofTrace(settled).length).toBe(2);
    collector.answerWith('stall');
    const before = { lost: await lost('traces'), had: collector.spans.length };
    for (let n = 0; n < 10; n++)
      await Promise.all(Array.from({ length: 50 }, () => post('{ me { userId } }', {})));
    // A second is all that a batch of at most as many as may wait takes.
    await expect.poll(() => lost('traces')).toBeGreaterThan(before.lost + 250);
    collector.answerWith(200);
    const accounted = async () => (await lost('traces')) - before.lost + collector.spans.length - before.had;
    await expect.poll(accounted).toBe(1_000);
  });
});

test('a stop brings away what is left, within a bound', async () => {
  collector.answerWith(200);
  await post('{ conversation(conversationId: "last") { conversationId } }', {});
  isClosed = true;
  await app.close();
  expect(collector.spans.map(({ name }) => name)).toContain('query conversation');
});

test('lines of the log say to which trace they belong', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'echo-traced-'));
  const child = await startChildServer(directory, {
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100', SQL_ECHO: 'true' },
  });
  try {
    const own = TRACE.replaceAll('4', '6');
    const query =
      'mutation { recordTurns(input: { conversationId: "x", turns: [{ query: "Hello" }] }) { __typename } }';
    const headers = { 'content-type': 'application/json', traceparent: `00-${own}-${PARENT}-01` };
    await fetch(`${child.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const lines = () => child.logged.filter((line) => line.includes(`"trace_id":"${own}"`));
    await expect.poll(() => lines().length).toBeGreaterThan(0);
    const line = JSON.parse(lines()[0] ?? '');
    expect(line).toMatchObject({ msg: 'sql', span_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
    await expect.poll(() => ofTrace(own).map(({ name }) => name)).toContain('mutation recordTurns');
  } finally {
    child.signal('SIGTERM');
    expect(await child.exited).toBe(0);
    await rm(directory, { recursive: true, force: true });
  }
});

/** The ids of what a span is a part of. */
function ancestorsOf(span: ReceivedSpan | undefined, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span?.parentSpanId);
  return parent ? [parent.spanId, ...ancestorsOf(parent, spans)] : [];
}
