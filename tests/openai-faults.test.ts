import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  assistant,
  chat,
  eventsOf,
  type Json,
  system,
  textIn,
  turnsOf,
  user,
} from './support/openai-door.ts';
import { type OpenAiServer, type Reply, startOpenAiServer } from './support/openai-server.ts';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: {
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small,standard=middle,expert=large',
      RATE_LIMIT_HEAVY: '100000',
    },
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

const as = (name: string, others: Record<string, string> = {}) => ({
  headers: { 'x-echo-user': name, ...others },
});
const hello = { model: 'small', messages: [user('Hello')] };
/** Lists within each other. */
const deep = `${'['.repeat(200)}${']'.repeat(200)}`;

describe('a request that cannot be', () => {
  test.each<[string, unknown, string | null, RegExp, number?]>([
    ['no object', [], 'body', /object/],
    ['no model', { messages: [user('x')] }, 'model', /name of a model/],
    [
      'an unknown model',
      { ...hello, model: 'gpt-9' },
      'model',
      /"gpt-9".*echo-brain, small, middle, large/,
      404,
    ],
    ['no messages', { model: 'small' }, 'messages', /list/],
    ['empty messages', { model: 'small', messages: [] }, 'messages', /at least 1/],
    ['a message that is none', { model: 'small', messages: ['hi'] }, 'messages.0', /object/],
    [
      'an unknown role',
      { model: 'small', messages: [{ role: 'boss', content: 'x' }] },
      'messages.0.role',
      /system, developer/,
    ],
    [
      'content that is a number',
      { model: 'small', messages: [user(7)] },
      'messages.0.content',
      /text or a list/,
    ],
    [
      'a user without content',
      { model: 'small', messages: [{ role: 'user' }] },
      'messages.0.content',
      /missing/,
    ],
    [
      'a part without type',
      { model: 'small', messages: [user([{ text: 'x' }])] },
      'messages.0.content.0.type',
      /text/,
    ],
    [
      'a text part without text',
      { model: 'small', messages: [user([{ type: 'text' }])] },
      'messages.0.content.0.text',
      /text/,
    ],
    [
      'a result of no call',
      { model: 'small', messages: [user('x'), { role: 'tool', tool_call_id: 'call_9', content: 'y' }] },
      'messages.1.tool_call_id',
      /names no call/,
    ],
    [
      'a result without the id of its call',
      { model: 'small', messages: [user('x'), { role: 'tool', content: 'y' }] },
      'messages.1.tool_call_id',
      /text/,
    ],
    ['n: 5', { ...hello, n: 5 }, 'n', /must be 1/],
    ['n: 0', { ...hello, n: 0 }, 'n', /must be 1/],
    ['logprobs', { ...hello, logprobs: true }, 'logprobs', /not passed on/],
    ['functions', { ...hello, functions: [{}] }, 'functions', /use tools/],
    ['audio', { ...hello, modalities: ['text', 'audio'] }, 'modalities', /text/],
    ['a limit that is none', { ...hello, max_tokens: 0 }, 'max_tokens', /from 1/],
    ['a limit of half a token', { ...hello, max_completion_tokens: 0.5 }, 'max_completion_tokens', /whole/],
    ['stream: "yes"', { ...hello, stream: 'yes' }, 'stream', /true or false/],
    ['stream_options: true', { ...hello, stream: true, stream_options: true }, 'stream_options', /object/],
    ['metadata as text', { ...hello, metadata: 'x' }, 'metadata', /object/],
    ['a user as a number in metadata', { ...hello, metadata: { user_id: 7 } }, 'metadata.user_id', /text/],
    [
      'a conversation with a long name',
      { ...hello, metadata: { conversation_id: 'x'.repeat(101) } },
      'metadata.conversation_id',
      /100/,
    ],
    ['a user with a long name', { ...hello, user: 'x'.repeat(101) }, 'user', /100/],
    [
      'NUL in the question',
      { model: 'small', messages: [system('x'), user('a\u0000b')] },
      'messages.1.content',
      /NUL/,
    ],
    [
      'half a character',
      '{"model":"small","messages":[{"role":"user","content":"\\ud800"}]}',
      'messages.0.content',
      /surrogate/,
    ],
    [
      'too long a question',
      { model: 'small', messages: [user('x'.repeat(32_001))] },
      'messages.0.content',
      /32000 characters, has 32001/,
    ],
    [
      'lists within lists',
      `{"model":"small","messages":[{"role":"user","content":"x"}],"tools":${deep}}`,
      'tools',
      /100 levels/,
    ],
    ['invalid JSON', '{"model":', null, /valid JSON/],
    [
      'more than 16 MiB',
      JSON.stringify({ ...hello, pad: 'x'.repeat(16_777_216) }),
      null,
      /at most 16777216 bytes/,
      413,
    ],
  ])('is refused by its field: %s', async (_name, body, param, message, status = 400) => {
    const refused = await chat(
      app,
      body,
      // A header of ours goes before what the body says of users.
      /^(?:metadata|user)/.test(param ?? '') ? {} : as('refused'),
    );
    expect([refused.status, refused.body]).toEqual([
      status,
      {
        error: {
          message: expect.stringMatching(message),
          type: 'invalid_request_error',
          param,
          code: expect.stringMatching(/^[a-z_]+$/),
        },
      },
    ]);
    expect(provider.chats).toEqual([]);
    for (const name of ['refused', 'default']) expect(await turnsOf(app, name)).toEqual([]);
  });

  test.each([
    ['x-echo-memory', 'sometimes'],
    ['x-echo-conversation', 'x'.repeat(101)],
    ['x-echo-conversation', '%zz'],
  ])('is refused by its header: %s', async (name, value) => {
    const { status, body } = await chat(app, hello, { headers: { [name]: value } });
    expect([status, body.error.param]).toEqual([400, name]);
  });

  test('is told of paths and methods in the same form', async () => {
    const unknown = await chat(app, hello, { path: '/v1/completions' });
    expect([unknown.status, unknown.body.error.type]).toEqual([404, 'invalid_request_error']);
    const got = await fetch(`${app.url}/v1/chat/completions`);
    expect([got.status, ((await got.json()) as Json).error.code]).toEqual([405, 'method_not_allowed']);
  });
});

test('10 MB of history and pictures go to the model, and only the question is stored', async () => {
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } };
  const messages = [
    ...Array.from({ length: 1_000 }, (_, n) =>
      n % 2 === 0 ? user(`${n} ${'x'.repeat(10_000)}`) : assistant('ok'),
    ),
    ...[user('one more'), assistant('ok')],
    ...Array.from({ length: 500 }, (_, n) => [
      user(`again ${n} ${'y'.repeat(10_000)}`),
      assistant('ok'),
    ]).flat(),
    user([{ type: 'text', text: 'What is this?' }, picture]),
  ];
  const { status } = await chat(app, { model: 'small', messages }, as('long'));
  expect(status).toBe(200);
  expect(provider.chats[0]?.body.messages).toEqual(messages);
  expect(await turnsOf(app, 'long')).toMatchObject([{ query: 'What is this?\n[image]' }]);
});

describe('a model that fails', () => {
  // A server for each, since circuits remember failures.
  let app: TestApp;
  beforeEach(async () => {
    app = await startTestApp({
      env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small,standard=middle,expert=large' },
    });
  });
  afterEach(() => app.close());

  test.each<[string, Reply, number, string]>([
    [
      'refuses',
      { kind: 'status', status: 400, body: { error: { message: 'secret words' } } },
      400,
      'model_refused',
    ],
    ['does not know our key', { kind: 'status', status: 401 }, 502, 'model_unavailable'],
    ['is overloaded', { kind: 'status', status: 503, retryAfter: '60' }, 503, 'model_busy'],
    ['cuts the connection', { kind: 'cut', after: [] }, 502, 'model_unavailable'],
    ['says nothing', { kind: 'answer', deltas: [] }, 502, 'model_unavailable'],
  ])(
    '%s: is told of, the turn is kept, and is answered when it is asked again',
    async (name, reply, status, code) => {
      const body = { model: 'middle', messages: [user(`Do it: ${name}`)] };
      for (const stream of [false, true]) {
        provider.respondWith(reply);
        const failed = await chat(app, { ...body, stream }, as(name));
        const { error } = failed.body;
        expect([failed.status, error.code, error.param]).toEqual([status, code, null]);
        expect(JSON.stringify(failed.body)).not.toContain('secret words');
        await expect.poll(() => turnsOf(app, name)).toMatchObject([{ response: '', status: 'INTERRUPTED' }]);
      }
      provider.respondWith([]);
      // Its circuit may be open.
      const again = await chat(app, { ...body, model: 'large' }, as(name));
      expect(again.status).toBe(200);
      expect(await turnsOf(app, name)).toMatchObject([
        { response: `You said: Do it: ${name}`, status: 'ANSWERED' },
      ]);
    },
  );

  test('is followed by another one where the server chooses, but not where the client named it', async () => {
    provider.respondWith(({ body }) =>
      body.model === 'small' ? { kind: 'status', status: 401 } : { kind: 'answer', deltas: ['I can.'] },
    );
    const chosen = await chat(app, { ...hello, model: 'echo-brain' }, as('chosen'));
    expect(chosen.body).toMatchObject({ model: 'middle', choices: [{ message: { content: 'I can.' } }] });
    expect((await chat(app, hello, as('named'))).status).toBe(502);
  });

  test('in the middle of a stream: the client gets an error and no end, and the answer when it asks again', async () => {
    const body = { model: 'large', messages: [user('Tell me a story')], stream: true };
    provider.respondWith({ kind: 'cut', after: ['Once ', 'upon'] });
    const { status, body: cut } = await chat(app, body, as('cut'));
    const events = eventsOf(cut);
    expect([status, textIn(events)]).toEqual([200, 'Once upon']);
    expect(events.at(-1)).toEqual({
      error: {
        message: expect.stringContaining('broke off'),
        type: 'server_error',
        param: null,
        code: expect.any(String),
      },
    });
    await expect.poll(() => turnsOf(app, 'cut')).toMatchObject([{ status: 'INTERRUPTED', response: '' }]);
    provider.respondWith({ kind: 'answer', deltas: ['Once upon a time.'] });
    const whole = await chat(app, body, as('cut'));
    expect(textIn(eventsOf(whole.body))).toBe('Once upon a time.');
    expect(await turnsOf(app, 'cut')).toMatchObject([{ response: 'Once upon a time.' }]);
  });
});

describe('a client that leaves', () => {
  const leaveAfter = async (body: object, name: string, isTime: () => Promise<unknown>) => {
    const leaving = new AbortController();
    const response = fetch(`${app.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-echo-user': name },
      body: JSON.stringify(body),
      signal: leaving.signal,
    });
    response.then((answer) => answer.text()).catch(() => undefined);
    await isTime();
    leaving.abort();
  };

  /** A stream that is read up to these words; `rest` reads what follows, and gives all of it. */
  const openStream = async (body: object, name: string, words: string) => {
    const response = await fetch(`${app.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-echo-user': name },
      body: JSON.stringify(body),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const text = () => textIn(eventsOf(seen.slice(0, seen.lastIndexOf('\n\n') + 2)));
    while (!text().includes(words)) seen += (await reader.read()).value ?? '';
    const rest = async () => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) seen += piece.value;
      return seen;
    };
    return { reader, rest };
  };

  /** Of a stream: after these words. */
  const leaveAt = async (body: object, name: string, words: string) => {
    const { reader } = await openStream(body, name, words);
    await reader.cancel();
    expect(await provider.chats.at(-1)?.ended).toBe('client left');
  };
  /** What is wrong with the conversation of a user who has one. */
  const problemsOf = async (name: string) => {
    const [turn] = await turnsOf(app, name);
    const verify = `query ($id: String!) { verifyConversation(conversationId: $id) { problems { kind } } }`;
    return (await app.graphql(verify, { id: turn?.conversation_id }, name)).data.verifyConversation.problems;
  };

  test('a stream: the model is stopped, and the text so far is stored, to be answered', async () => {
    provider.respondWith({ kind: 'stall', after: ['As far ', 'as this'] });
    const body = { model: 'large', messages: [user('Go on for ever')], stream: true };
    await leaveAt(body, 'stream left', 'as this');
    await expect
      .poll(() => turnsOf(app, 'stream left'))
      .toMatchObject([{ response: 'As far as this', status: 'INTERRUPTED', finish_reason: 'cancelled' }]);
    expect(await problemsOf('stream left')).toEqual([]);

    // What was cut off is no answer of which anybody is told, and the next one takes its place.
    provider.respondWith({ kind: 'answer', deltas: ['As far as the sea.'] });
    const again = await chat(app, body, as('stream left'));
    expect(again.headers.get('x-echo-memory')).toBe('on');
    expect(JSON.stringify(provider.chats.at(-1)?.body)).not.toContain('As far as this');
    await expect
      .poll(() => turnsOf(app, 'stream left'))
      .toMatchObject([{ response: 'As far as the sea.', status: 'ANSWERED', finish_reason: 'stop' }]);
    expect(await problemsOf('stream left')).toEqual([]);
  });

  test('a stream that is left twice: the later text is kept, told when it is answered, and a character that it names counts once', async () => {
    const told = () =>
      app.sql(
        "select kind from echo_events where user_id = 'left twice' and kind like 'interaction%' order by id",
      );
    const upsert = `mutation { upsertCharacter(input: { characterName: "Zenobia" }) { __typename } }`;
    await app.graphql(upsert, {}, 'left twice');
    const body = { model: 'large', messages: [user('Tell of Zenobia')], stream: true };
    for (const said of ['Zenobia was', 'Once Zenobia']) {
      provider.respondWith({ kind: 'stall', after: [said] });
      await leaveAt(body, 'left twice', said);
      const kept = { response: said, status: 'INTERRUPTED' };
      await expect.poll(() => turnsOf(app, 'left twice')).toMatchObject([kept]);
    }
    const added = { kind: 'interaction_added' };
    expect(await told()).toEqual([added]);
    provider.respondWith({ kind: 'answer', deltas: ['Zenobia was a queen.'] });
    await chat(app, body, as('left twice'));
    expect(await turnsOf(app, 'left twice')).toMatchObject([{ response: 'Zenobia was a queen.' }]);
    expect(await told()).toEqual([added, { kind: 'interaction_answered' }]);
    expect(await problemsOf('left twice')).toEqual([]);
    const counted = 'select conversation_mentions as count from character_profiles where character_name = $1';
    expect(await app.sql(counted, ['Zenobia'])).toEqual([{ count: 1 }]);
  });

  test('a stream without a word so far: the question is kept, to be answered', async () => {
    provider.respondWith({ kind: 'stall' });
    const body = { model: 'large', messages: [user('Nothing yet')], stream: true };
    await leaveAfter(body, 'early', () => expect.poll(() => provider.chats.length).toBe(1));
    await expect.poll(() => turnsOf(app, 'early')).toMatchObject([{ response: '', status: 'INTERRUPTED' }]);
  });

  test('a whole answer: it is finished and stored, and a retry gets it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    provider.respondWith({ kind: 'answer', deltas: ['In the end.'], until: promise });
    const body = { model: 'large', messages: [user('Finish it')] };
    await leaveAfter(body, 'whole left', () => expect.poll(() => provider.chats.length).toBe(1));
    resolve();
    await expect.poll(() => turnsOf(app, 'whole left')).toMatchObject([{ response: 'In the end.' }]);
    const retry = await chat(app, body, as('whole left', { 'x-stainless-retry-count': '1' }));
    expect(retry.body.choices[0].message.content).toBe('In the end.');
    expect(provider.chats).toHaveLength(1);
  });

  test('one that waits for the answer of another request does not end that one', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    provider.respondWith({ kind: 'answer', deltas: ['All ', 'of it.'], until: promise });
    const body = { model: 'large', messages: [user('Tell both of us')], stream: true };
    const { rest } = await openStream(body, 'both', 'All of it.');
    provider.respondWith([]);
    const asked = JSON.stringify(body);
    const { hostname, port } = new URL(app.url);
    const second = createConnection({ host: hostname, port: Number(port) });
    // It is read to its end before it is seen that its client is gone.
    second.end(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nx-echo-user: both\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(asked)}\r\n\r\n${asked}`,
    );
    second.resume();
    await once(second, 'close');
    // Goes the same way, behind it: by then that one waits, or has left.
    await chat(app, { model: 'large', messages: [user('Behind it')] }, as('behind'));
    resolve();
    const events = eventsOf(await rest());
    expect(events.at(-2).choices[0].finish_reason).toBe('stop');
    expect(await provider.chats[0]?.ended).toBe('finished');
    expect(await turnsOf(app, 'both')).toMatchObject([
      { response: 'All of it.', status: 'ANSWERED', finish_reason: 'stop' },
    ]);
  });

  test('one of two that want a turn answered anew ends its own answer only, and a cut answer is no whole one', async () => {
    const body = { model: 'large', messages: [user('Once more')], stream: true };
    await chat(app, body, as('anew'));
    const replies = ['first ', 'second '].map((word) => ({ kind: 'stall' as const, after: [word] }));
    provider.respondWith(replies);
    const first = await openStream(body, 'anew', 'first');
    const { rest } = await openStream(body, 'anew', 'second');
    await first.reader.cancel();
    const [, left, stays] = provider.chats;
    expect(await left?.ended).toBe('client left');
    const [turn] = await turnsOf(app, 'anew');
    const cancel = `mutation ($turnId: ID!) { cancelQuery(turnId: $turnId) { __typename } }`;
    await app.graphql(cancel, { turnId: turn?.turn_id }, 'anew');
    const events = eventsOf(await rest());
    expect(await stays?.ended).toBe('client left');
    expect(textIn(events)).toBe('second ');
    expect(events.at(-2).choices[0].finish_reason).toBe('length');
  });

  test('one that stops reading does not keep its turn from being stored', async () => {
    const deltas = Array.from({ length: 5_000 }, (_, n) => `${n} and so on for quite a while; `);
    provider.respondWith({ kind: 'answer', deltas });
    const body = JSON.stringify({ model: 'large', messages: [user('A long one')], stream: true });
    const { hostname, port } = new URL(app.url);
    const socket = createConnection({ host: hostname, port: Number(port) });
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nx-echo-user: stalls\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await expect
      .poll(() => turnsOf(app, 'stalls'), { timeout: 60_000 })
      .toMatchObject([{ status: 'ANSWERED' }]);
    expect((await turnsOf(app, 'stalls'))[0]?.response).toBe(deltas.join(''));
    socket.destroy();
  });
});

test('a thread that is too long for its model is told of as such, and kept', async () => {
  const message = "This model's maximum context length is 300 tokens, however you requested 900 tokens";
  provider.respondWith({ kind: 'status', status: 400, body: { error: { message } } });
  const { status, body } = await chat(
    app,
    { model: 'middle', messages: [user('long '.repeat(1_000))] },
    as('too long'),
  );
  expect([status, body.error.code, body.error.param]).toEqual([400, 'context_length_exceeded', 'messages']);
  await expect.poll(() => turnsOf(app, 'too long')).toMatchObject([{ status: 'INTERRUPTED' }]);
});
