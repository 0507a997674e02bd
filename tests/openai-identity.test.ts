import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, eventsOf, type Json, textIn, turnsOf, user } from './support/openai-door.ts';
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
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

const bodyOf = (said: string, others: object = {}) => ({ model: 'small', messages: [user(said)], ...others });

describe('whose memory it is, for who may act for others', () => {
  test.each<[string, Record<string, string>, object]>([
    [
      'x-echo-user',
      { 'x-echo-user': 'ada', 'x-openwebui-user-id': 'bob' },
      { user: 'bob', metadata: { user_id: 'bob' } },
    ],
    ['metadata', { 'x-user-id': 'bob' }, { user: 'bob', metadata: { user_id: 'ada' } }],
    ['metadata by our name', {}, { user: 'bob', metadata: { 'x-echo-user': 'ada' } }],
    ['x-openwebui-user-id', { 'x-openwebui-user-id': 'ada' }, { user: 'bob' }],
    ['x-sm-user-id', { 'x-sm-user-id': 'ada' }, { user: 'bob' }],
    ['user', {}, { user: 'ada' }],
    ['percent-encoded', { 'x-echo-user': '%61da' }, {}],
  ])('is said by %s', async (name, headers, others) => {
    await chat(app, bodyOf(`I am Ada, by ${name}`, others), { headers });
    expect((await turnsOf(app, 'ada')).at(-1)?.query).toBe(`I am Ada, by ${name}`);
    expect(await turnsOf(app, 'bob')).toEqual([]);
  });

  test('is the own one of who may not, whatever their program calls its users', async () => {
    const { status } = await chat(app, bodyOf('Mine', { user: 'ada' }), {
      headers: { 'x-test-user': 'carla', 'x-openwebui-user-id': 'ada' },
    });
    expect(status).toBe(200);
    expect(await turnsOf(app, 'carla')).toMatchObject([{ query: 'Mine' }]);
  });

  test('and nobody else gets it by our names', async () => {
    for (const [headers, metadata] of [
      [{ 'x-echo-user': 'ada' }, {}],
      [{}, { user_id: 'ada' }],
    ] as const) {
      const refused = await chat(app, bodyOf('What did Ada say?', { metadata }), {
        headers: { 'x-test-user': 'carla', ...headers },
      });
      expect([refused.status, refused.body.error.type]).toEqual([403, 'permission_error']);
    }
    expect(provider.chats).toEqual([]);
  });
});

describe('whom an Open WebUI signs for', () => {
  const SECRET = 'what both of them know';
  const signed = (claims: { secret?: string; expires?: string; issuer?: string } = {}) =>
    new SignJWT({ email: 'ada@example.com' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ada signed')
      .setIssuer(claims.issuer ?? 'open-webui')
      .setExpirationTime(claims.expires ?? '5m')
      .sign(Buffer.from(claims.secret ?? SECRET));
  const ask = async (server: TestApp, jwt: string, others: Record<string, string> = {}) =>
    chat(server, bodyOf(`Signed ${jwt.slice(-9)}`), { headers: { 'x-openwebui-user-jwt': jwt, ...others } });

  test('is refused while nobody knows who signs, but for who acts for nobody else', async () => {
    const refused = await ask(app, await signed());
    expect([refused.status, refused.body.error.param]).toEqual([400, 'x-openwebui-user-jwt']);
    expect(refused.body.error.message).toContain('OPENWEBUI_JWT_SECRET');
    // A name that is empty names nobody.
    expect((await ask(app, await signed(), { 'x-echo-user': '' })).status).toBe(400);
    expect(await turnsOf(app, 'ada signed')).toEqual([]);
    expect((await ask(app, await signed(), { 'x-test-user': 'carla' })).status).toBe(200);
    expect((await ask(app, await signed(), { 'x-echo-user': 'dora' })).status).toBe(200);
  });

  test('has the own memory, where the signature holds', async () => {
    const knows = await startTestApp({
      env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small', OPENWEBUI_JWT_SECRET: SECRET },
    });
    try {
      const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await signed()).split('.')[1]}.`;
      for (const wrong of [
        await signed({ secret: 'what nobody else knows' }),
        await signed({ expires: '-1m' }),
        await signed({ issuer: 'somebody else' }),
        ...[none, 'x', ''],
      ])
        expect((await ask(knows, wrong)).status).toBe(400);
      expect(await knows.sql('select 1 from echo_unified_interactions')).toEqual([]);
      expect((await ask(knows, await signed(), { 'x-openwebui-user-id': 'bob' })).status).toBe(200);
      expect(await turnsOf(knows, 'ada signed')).toHaveLength(1);
    } finally {
      await knows.close();
    }
  });
});

describe('which conversation it is', () => {
  test.each<[string, Record<string, string>, object, string | RegExp]>([
    ['a header', { 'x-echo-conversation': 'k%C3%BCche 1', 'x-openwebui-chat-id': 'no' }, {}, 'küche 1'],
    [
      'metadata',
      { 'x-conversation-id': 'no' },
      { metadata: { conversation_id: 'meta 1', kept: 'yes' } },
      'meta 1',
    ],
    ['the header of Open WebUI', { 'x-openwebui-chat-id': 'web-1' }, {}, 'web-1'],
    ...(
      [
        'x-sm-conversation-id',
        'x-conversation-id',
        'x-chat-id',
        'x-session-id',
        'session-id',
        'session_id',
      ] as const
    ).map((name): [string, Record<string, string>, object, string] => [
      name,
      { [name]: 'theirs' },
      {},
      'theirs',
    ]),
    ['no name that counts', { 'x-echo-conversation': 'new' }, {}, /^chat-[0-9a-f]{32}$/],
  ])('is said by %s', async (name, headers, others, expected) => {
    const answer = await chat(app, bodyOf(`Named by ${name}`, others), {
      headers: { 'x-echo-user': name, ...headers },
    });
    const [turn] = await turnsOf(app, name);
    expect(turn?.conversation_id).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
    expect(decodeURIComponent(answer.headers.get('x-echo-conversation-id') ?? '')).toBe(
      turn?.conversation_id,
    );
    // What is ours is not the provider's.
    const sent = provider.chats.at(-1)?.body as Json;
    expect(sent.metadata).toEqual('metadata' in others ? { kept: 'yes' } : undefined);
  });
});

test('callers are asked who they are, and what they may', async () => {
  const guarded = await startTestApp({
    realAccess: true,
    env: {
      API_KEY: 'the-operators-own-key-0123456789',
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small',
    },
  });
  try {
    const wrong = await chat(guarded, bodyOf('Hello'));
    expect([wrong.status, wrong.body.error]).toEqual([
      401,
      { message: expect.any(String), type: 'authentication_error', param: null, code: 'invalid_api_key' },
    ]);
    const models = await fetch(`${guarded.url}/v1/models`);
    expect(models.status).toBe(401);
    const headers = { authorization: 'Bearer the-operators-own-key-0123456789' };
    expect((await chat(guarded, bodyOf('Hello'), { headers })).status).toBe(200);
  } finally {
    await guarded.close();
  }
});

test('limits hold, and say when to come back', async () => {
  const key = 'the-operators-own-key-0123456789';
  // An admin has twenty times as much.
  const limited = await startTestApp({ realAccess: true, env: { API_KEY: key, RATE_LIMIT_HEAVY: '1' } });
  try {
    const ask = () =>
      chat(
        limited,
        { model: 'echo-brain', input: 'x' },
        { path: '/v1/embeddings', headers: { authorization: `Bearer ${key}` } },
      );
    for (let n = 1; n <= 20; n++) expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect([refused.status, refused.body.error]).toEqual([
      429,
      {
        message: expect.any(String),
        type: 'rate_limit_error',
        param: null,
        code: 'rate_limit_exceeded',
      },
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('x-should-retry')).toBe('true');
    const unknown = await chat(limited, bodyOf('Hello'), { headers: { authorization: 'Bearer none' } });
    expect([unknown.status, unknown.headers.get('x-should-retry')]).toEqual([401, 'false']);
  } finally {
    await limited.close();
  }
});

test('GET /v1/models names what answers, also without /v1', async () => {
  for (const prefix of ['/v1', '']) {
    const list = (await (await fetch(`${app.url}${prefix}/models`)).json()) as Json;
    expect(list.object).toBe('list');
    expect(list.data.map((model: Json) => model.id).slice(0, 2)).toEqual(['echo-brain', 'small']);
    const one = (await (await fetch(`${app.url}${prefix}/models/small`)).json()) as Json;
    expect(one).toEqual({
      id: 'small',
      object: 'model',
      created: expect.any(Number),
      owned_by: 'configured',
    });
    expect((await fetch(`${app.url}${prefix}/models/other`)).status).toBe(404);
  }
});

describe('embeddings', () => {
  test('are those of memory, as floats or in base64', async () => {
    const list = (await (await fetch(`${app.url}/v1/models`)).json()) as Json;
    const model = list.data.at(-1).id;
    const ask = (others: object) =>
      chat(app, { model, input: ['cat', 'dog'], ...others }, { path: '/v1/embeddings' });
    const floats = await ask({});
    const coded = await ask({ encoding_format: 'base64' });
    expect(floats.body.data.map((each: Json) => each.index)).toEqual([0, 1]);
    expect(floats.body.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
    const decoded = coded.body.data.map(({ embedding }: Json) => {
      const bytes = Buffer.from(embedding, 'base64');
      return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
    });
    expect(decoded).toEqual(floats.body.data.map(({ embedding }: Json) => embedding));
    expect(floats.body.data[0].embedding).not.toEqual(floats.body.data[1].embedding);
    const length = Math.hypot(...floats.body.data[0].embedding);
    expect(length).toBeCloseTo(1, 5);
  });

  test.each<[object, string, number?]>([
    [{ model: 'ada-002' }, 'model', 404],
    [{ input: [[1, 2, 3]] }, 'input.0'],
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: Array(257).fill('x') }, 'input'],
    [{ dimensions: 3 }, 'dimensions'],
    [{ encoding_format: 'hex' }, 'encoding_format'],
  ])('refuse %j', async (others, param, status = 400) => {
    const { status: got, body } = await chat(
      app,
      { model: 'echo-brain', input: 'x', ...others },
      { path: '/v1/embeddings' },
    );
    expect([got, body.error.param]).toEqual([status, param]);
  });
});

describe('without a language model', () => {
  let bare: TestApp;
  beforeAll(async () => {
    bare = await startTestApp({ seed: true, env: { RATE_LIMIT_HEAVY: '100000' } });
  });
  afterAll(() => bare.close());

  test('the server answers itself, from memory', async () => {
    await chat(bare, {
      model: 'echo-brain',
      messages: [user('My bicycle is green and was built in Utrecht.')],
    });
    const ask = { model: 'echo-brain', messages: [user('Where was my bicycle built?')] };
    const { body, headers } = await chat(bare, ask);
    expect(body).toMatchObject({
      model: 'echo-brain',
      choices: [{ finish_reason: 'stop' }],
      usage: { total_tokens: 0 },
    });
    expect(body.choices[0].message.content).toContain('Utrecht');
    expect(headers.get('x-echo-memory-ids')).toBe((await turnsOf(bare))[0]?.turn_id);
    const streamed = eventsOf((await chat(bare, { ...ask, stream: true })).body);
    expect(textIn(streamed)).toBe(body.choices[0].message.content);
    expect(await turnsOf(bare)).toHaveLength(2);
  });

  test.each<[string, object, string, Record<string, string>?]>([
    [
      'a picture',
      { messages: [user([{ type: 'image_url', image_url: { url: 'data:,' } }])] },
      'messages.0.content.0',
    ],
    ['a call that must be', { tool_choice: 'required' }, 'tool_choice'],
    ['JSON', { response_format: { type: 'json_object' } }, 'response_format'],
    ['no words', { messages: [{ role: 'system', content: 'x' }] }, 'messages'],
    ['no memory', {}, 'x-echo-memory', { 'x-echo-memory': 'off' }],
    ['a temporary chat', {}, 'x-openwebui-chat-id', { 'x-openwebui-chat-id': 'local:abc' }],
    ['a task', {}, 'x-echo-task', { 'x-echo-task': 'title_generation' }],
    ['a title', { messages: [user('### Task:\n<chat_history>')] }, 'messages.0.content'],
    ['a model of others', { model: 'gpt-4o' }, 'model'],
  ])('it cannot do everything: %s', async (_name, others, param, headers = {}) => {
    const { status, body } = await chat(
      bare,
      { model: 'echo-brain', messages: [user('x')], ...others },
      { headers },
    );
    expect([status, body.error.param]).toEqual([param === 'model' ? 404 : 400, param]);
  });
});
