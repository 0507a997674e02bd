import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, eventsOf, type Json, streamed, turnsOf } from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small', RATE_LIMIT_HEAVY: '100000' },
  });
});
beforeEach(() => {
  provider.requests.length = 0;
  provider.respondWith([]);
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

const sent = () => provider.chats.at(-1)?.body as Json;
/** Asks for a response. @param name a user of its own, so that each test counts only its own turns */
const respond = (name: string, body: object, headers: Record<string, string> = {}) =>
  chat(
    app,
    { model: 'small', ...body },
    { path: '/v1/responses', headers: { 'x-echo-user': name, ...headers } },
  );
const message = (text: string) => ({
  id: expect.stringMatching(/^msg_/),
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
});

test('a response is a chat in the newer form, and is stored like one', async () => {
  provider.respondWith({
    kind: 'answer',
    deltas: ['It ', 'rains.'],
    usage: { prompt_tokens: 40, completion_tokens: 3 },
  });
  const { status, body, headers } = await respond('whole', {
    instructions: 'Be short.',
    input: 'How is the weather?',
    temperature: 0.3,
    max_output_tokens: 50,
    reasoning: { effort: 'low' },
    text: { format: { type: 'json_schema', name: 'w', schema: { type: 'object' }, strict: true } },
    metadata: { conversation_id: 'weather' },
    store: false,
  });
  expect([status, body]).toEqual([
    200,
    {
      id: expect.stringMatching(/^resp_/),
      object: 'response',
      created_at: expect.any(Number),
      status: 'completed',
      error: null,
      incomplete_details: null,
      model: 'small',
      output: [message('It rains.')],
      usage: { input_tokens: 40, output_tokens: 3, total_tokens: 43 },
    },
  ]);
  expect(sent()).toMatchObject({
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'How is the weather?' },
    ],
    ...{ temperature: 0.3, max_tokens: 50, reasoning_effort: 'low' },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'w', schema: { type: 'object' }, strict: true },
    },
  });
  const [turn, ...others] = await turnsOf(app, 'whole');
  expect(others).toEqual([]);
  expect(turn).toMatchObject({
    conversation_id: 'weather',
    query: 'How is the weather?',
    response: 'It rains.',
  });
  expect(headers.get('x-echo-turn-id')).toBe(turn?.turn_id);
});

test('it is streamed as named events in the order that clients expect, stored before the last one', async () => {
  provider.respondWith({ kind: 'answer', deltas: ['It ', 'rains.'] });
  const { body } = await respond('streamed', { input: 'How is the weather?', stream: true });
  const events = eventsOf(body);
  expect(events.map(({ type }) => type)).toEqual([
    ...[
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ],
    ...['response.output_text.delta', 'response.output_text.delta', 'response.output_text.done'],
    ...['response.content_part.done', 'response.output_item.done', 'response.completed'],
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  for (const { type } of events) expect(body).toContain(`event: ${type}\ndata: {"type":"${type}"`);
  expect(events.at(-1).response).toMatchObject({ status: 'completed', output: [message('It rains.')] });
  expect(await turnsOf(app, 'streamed')).toMatchObject([{ response: 'It rains.', status: 'ANSWERED' }]);
});

test.each([
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Wait' }] }, '[DONE]'],
  ['/v1/responses', { input: 'Wait' }, 'response.completed'],
] as const)('%s: a stream does not end before its turn is stored', async (path, asked, end) => {
  const { promise: locked, resolve } = Promise.withResolvers<void>();
  provider.respondWith({ kind: 'answer', deltas: ['All of it.'], until: locked });
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-echo-user': `stored ${path}` },
    body: JSON.stringify({ ...asked, model: 'small', stream: true }),
  });
  let seen = '';
  const reading = (async () => {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) seen += text;
  })();
  await expect.poll(() => seen).toContain('All of it.');
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  try {
    await locker.query('begin; lock table echo_unified_interactions in share mode');
    resolve();
    const waiting = `select 1 from pg_locks where not granted and relation = 'echo_unified_interactions'::regclass`;
    await expect.poll(async () => (await locker.query(waiting)).rowCount).toBeGreaterThan(0);
    // What it wrote by then has come.
    expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    expect(seen).not.toContain(end);
  } finally {
    await locker.end();
  }
  await reading;
  expect(seen).toContain(end);
  expect(await turnsOf(app, `stored ${path}`)).toMatchObject([{ response: 'All of it.' }]);
});

test('a client that reads late gets all of it, in its order', async () => {
  const deltas = Array.from({ length: 30_000 }, (_, n) => `${n} `);
  provider.respondWith({ kind: 'answer', deltas });
  const body = JSON.stringify({ model: 'small', input: 'A long one', stream: true });
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.pause();
  socket.write(
    `POST /v1/responses HTTP/1.1\r\nhost: ${hostname}\r\nx-echo-user: late\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await expect.poll(() => turnsOf(app, 'late'), { timeout: 60_000 }).toMatchObject([{ status: 'ANSWERED' }]);
  // Without the marks of chunks, which stand on lines of their own.
  const events = eventsOf((await textOf(socket)).replaceAll(/\r\n[0-9a-f]+\r\n/g, ''));
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  const shown = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
  expect(shown.join('')).toBe(deltas.join(''));
  expect(events.find(({ type }) => type === 'response.output_text.done').text).toBe(deltas.join(''));
});

test.each([
  ['for its length', 'length', 'max_output_tokens'],
  ['by a filter', 'content_filter', 'content_filter'],
])('an answer that was cut %s is said to be incomplete', async (_name, finishReason, reason) => {
  const incomplete = { status: 'incomplete', incomplete_details: { reason } };
  provider.respondWith({ kind: 'answer', deltas: ['It'], finishReason });
  const whole = await respond('cut', { input: `How is the weather, ${reason}?` });
  expect(whole.body).toMatchObject(incomplete);
  provider.respondWith({ kind: 'answer', deltas: ['It'], finishReason });
  const { body } = await respond('cut', { input: `How is the sea, ${reason}?`, stream: true });
  expect(eventsOf(body).at(-1)).toMatchObject({ type: 'response.incomplete', response: incomplete });
});

test.each([false, true])('tools are called, and answered by their results (stream: %s)', async (stream) => {
  const name = `tools ${stream}`;
  const tools = [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: true }];
  provider.respondWith(
    streamed(
      [
        {
          tool_calls: [
            { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } },
          ],
        },
        { tool_calls: [{ index: 0, function: { arguments: '{"at":"sky"}' } }] },
        { content: 'Let me look.' },
      ],
      'tool_calls',
    ),
  );
  const question = { role: 'user', content: [{ type: 'input_text', text: 'Is the sky blue?' }] };
  const tool_choice = { type: 'function', name: 'look' };
  const { body } = await respond(name, { input: [question], tools, tool_choice, stream });
  expect(sent()).toMatchObject({
    tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' }, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'look' } },
  });
  const events = stream ? eventsOf(body) : [];
  const output = stream ? events.at(-1).response.output : body.output;
  const call = {
    ...{ id: expect.stringMatching(/^fc_/), type: 'function_call', status: 'completed' },
    ...{ call_id: 'call_1', name: 'look', arguments: '{"at":"sky"}' },
  };
  // A stream tells of items where they began; each is told again as it was in the end.
  expect(output).toEqual(stream ? [call, message('Let me look.')] : [message('Let me look.'), call]);
  const done = events.filter(({ type }) => type === 'response.output_item.done');
  for (const { output_index, item } of done) expect(item).toEqual(output[output_index]);
  expect(done).toHaveLength(stream ? 2 : 0);

  provider.respondWith({ kind: 'answer', deltas: ['It is.'] });
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [] };
  const result = { type: 'function_call_output', call_id: 'call_1', output: 'blue' };
  await respond(name, { input: [question, reasoning, ...output, result], tools, stream });
  expect(sent().messages.map(({ role }: Json) => role)).toEqual(
    stream ? ['user', 'assistant', 'assistant', 'tool'] : ['user', 'assistant', 'assistant', 'tool'],
  );
  expect(await turnsOf(app, name)).toMatchObject([{ query: 'Is the sky blue?', status: 'ANSWERED' }]);
});

test('a model that fails in the middle is told of by an event of its own', async () => {
  provider.respondWith({ kind: 'cut', after: ['It '] });
  const { body } = await respond('failing', { input: 'How is the weather?', stream: true });
  expect(eventsOf(body).at(-1)).toMatchObject({
    type: 'error',
    message: expect.any(String),
    code: expect.any(String),
  });
  expect(body).not.toContain('response.completed');
});

test.each<[string, object, string, RegExp, number?]>([
  ['no input', {}, 'input', /text or a list/],
  ['an item that is none', { input: ['x'] }, 'input.0', /object/],
  ['an item of another kind', { input: [{ type: 'file_search_call' }] }, 'input.0.type', /file_search_call/],
  [
    'a part of another kind',
    { input: [{ role: 'user', content: [{ type: 'input_video' }] }] },
    'input.0.content.0.type',
    /input_text, output_text/,
  ],
  ['an earlier response', { input: 'x', previous_response_id: 'resp_1' }, 'previous_response_id', /not kept/],
  ['a stored conversation', { input: 'x', conversation: 'conv_1' }, 'conversation', /x-echo-conversation/],
  ['work in the background', { input: 'x', background: true }, 'background', /stream/],
  ['a hosted tool', { input: 'x', tools: [{ type: 'web_search' }] }, 'tools.0.type', /function/],
  ['instructions that are none', { input: 'x', instructions: 7 }, 'instructions', /text/],
  ['an unknown model', { input: 'x', model: 'gpt-9' }, 'model', /there is no model/, 404],
  ['an unknown role', { input: [{ role: 'boss', content: 'x' }] }, 'input.0.role', /system, developer/],
  ['a question without words', { input: [{ role: 'user', content: [] }] }, 'input', /at least 1 part/],
  ['a question that is too long', { input: 'x'.repeat(32_001) }, 'input', /32,?000/],
  [
    'a result without its call',
    { input: [{ type: 'function_call_output', call_id: 'c', output: '' }] },
    'input.0.call_id',
    /no function_call/,
  ],
])('it is refused by its field: %s', async (_name, given, param, words, status = 400) => {
  const { status: got, body } = await respond('refused', given);
  expect([got, body.error]).toMatchObject([status, { type: 'invalid_request_error', param }]);
  expect(body.error.message).toMatch(words);
  expect(provider.chats).toEqual([]);
});

test.each([false, true])('a response tells about how many tokens it took, streamed: %s', async (stream) => {
  provider.respondWith({ kind: 'answer', deltas: ['It rains.'], usage: null });
  const { body } = await respond(`uncounted ${stream}`, { input: 'How is the weather?', stream });
  const { usage } = stream ? eventsOf(body).at(-1).response : body;
  expect(usage).toEqual({ input_tokens: 9, output_tokens: 3, total_tokens: 12 });
});
