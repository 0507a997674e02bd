import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { importCard } from './support/cards.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  assistant,
  chat,
  eventsOf,
  type Json,
  streamed,
  system,
  textIn,
  turnsOf,
  user,
} from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small,expert=large', RATE_LIMIT_HEAVY: '100000' },
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
/** A user of their own for each test, so that it counts only its own turns. */
const as = (name: string, others: Record<string, string> = {}) => ({
  headers: { 'x-echo-user': name, ...others },
});

describe('a chat', () => {
  test('goes to the model as it came, and its turn is stored', async () => {
    provider.respondWith({
      kind: 'answer',
      deltas: ['It ', 'rains.'],
      usage: { prompt_tokens: 40, completion_tokens: 3 },
    });
    const messages = [system('Be short.'), user('Hello'), assistant('Hi.'), user('How is the weather?')];
    const fields = {
      temperature: 0.3,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
      tool_choice: 'auto',
      unheard_of: { a: [1] },
      user: 'whole',
    };
    const { status, headers, body } = await chat(
      app,
      { model: 'small', messages, ...fields, max_completion_tokens: 50 },
      as('whole'),
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'small',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'It rains.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 40, completion_tokens: 3, total_tokens: 43 },
    });
    expect(sent()).toEqual({
      model: 'small',
      messages,
      ...fields,
      max_tokens: 50,
      stream: true,
      stream_options: { include_usage: true },
    });
    const [turn, ...others] = await turnsOf(app, 'whole');
    expect(others).toEqual([]);
    expect(turn).toMatchObject({
      query: 'How is the weather?',
      response: 'It rains.',
      status: 'ANSWERED',
      model_used: 'small',
      finish_reason: 'stop',
    });
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-echo-turn-id': turn?.turn_id,
      'x-echo-conversation-id': turn?.conversation_id,
      'x-echo-memory': 'on',
      'x-echo-memory-ids': '',
      'x-request-id': expect.any(String),
    });
  });

  test('is streamed in the order that clients expect, and is stored before its end', async () => {
    provider.respondWith({
      kind: 'answer',
      deltas: ['Ja', 'ᚠ🎈', '.'],
      usage: { prompt_tokens: 9, completion_tokens: 2 },
    });
    const body = { model: 'echo-brain', messages: [user('Stream it')], stream: true };
    const plain = await chat(app, body, as('streams'));
    expect(plain.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = eventsOf(plain.body);
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1);
    expect(chunks[0].choices[0]).toEqual({
      index: 0,
      delta: { role: 'assistant', content: '' },
      logprobs: null,
      finish_reason: null,
    });
    expect(textIn(chunks)).toBe('Jaᚠ🎈.');
    expect(chunks.at(-1).choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(await turnsOf(app, 'streams')).toMatchObject([{ query: 'Stream it', response: 'Jaᚠ🎈.' }]);

    const counted = await chat(app, { ...body, stream_options: { include_usage: true } }, as('streams'));
    const usage = eventsOf(counted.body).at(-2);
    expect(usage).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
    });
  });

  test('is told about how many tokens it took where the provider counts none, and none are stored', async () => {
    const uncounted = { kind: 'answer' as const, deltas: ['It ', 'rains.'], usage: null };
    provider.respondWith([uncounted, uncounted, uncounted, uncounted, uncounted]);
    const body = { model: 'small', messages: [user('How is the weather?')] };
    const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };
    expect((await chat(app, body, as('uncounted'))).body.usage).toEqual(usage);
    const again = await chat(app, body, as('uncounted', { 'idempotency-key': 'again' }));
    expect(again.body.usage).toEqual(usage);
    const off = await chat(app, body, as('uncounted', { 'x-echo-memory': 'off' }));
    expect(off.body.usage).toEqual(usage);
    const options = { stream: true, stream_options: { include_usage: true } };
    const events = eventsOf((await chat(app, { ...body, ...options }, as('uncounted streams'))).body);
    expect(events.at(-2)).toMatchObject({ choices: [], usage });
    const more = { model: 'small', messages: [user('Was it the weather that I asked of?')] };
    const { usage: withMemory } = (await chat(app, more, as('uncounted'))).body;
    expect(withMemory.prompt_tokens).toBeGreaterThan(50);
    expect(withMemory.total_tokens).toBe(withMemory.prompt_tokens + 3);
    const stored = await app.sql(
      `select distinct tokens_in, tokens_out from echo_unified_interactions where user_id like 'uncounted%'`,
    );
    expect(stored).toEqual([{ tokens_in: null, tokens_out: null }]);
  });

  test('is told so of calls of tools, too', async () => {
    const called = {
      index: 0,
      id: 'c1',
      type: 'function',
      function: { name: 'look', arguments: '{"a": 1}' },
    };
    provider.respondWith(streamed([{ tool_calls: [called] }], 'tool_calls'));
    const body = { model: 'small', messages: [user('How is the weather?')] };
    const { usage } = (await chat(app, body, as('uncounted calls'))).body;
    expect(usage).toEqual({ prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 });
  });

  test('holds the words with which the assistant refused', async () => {
    const refused = (refusal: string) => ({ role: 'assistant', content: null, refusal });
    const asPart = { role: 'assistant', content: [{ type: 'refusal', refusal: 'I cannot say that.' }] };
    const [asked, goOn] = [user('Tell me a story'), user('Why not?')];
    const say = async (messages: object[]) => {
      provider.respondWith({ kind: 'answer', deltas: ['So it is.'], usage: null });
      return (await chat(app, { model: 'small', messages }, as('refused'))).body.usage.prompt_tokens;
    };
    const counted = await say([asked, refused('I cannot say that.'), goOn]);
    expect(await say([asked, asPart, goOn])).toBe(counted);
    // One turn; behind another refusal it is another one.
    expect(await turnsOf(app, 'refused')).toHaveLength(1);
    expect(await say([asked, refused('I will not.'), goOn])).toBeLessThan(counted);
    expect(await turnsOf(app, 'refused')).toHaveLength(2);
    await say([asked, refused('Not that: ')]);
    expect((await turnsOf(app, 'refused')).at(-1)).toMatchObject({ response: 'Not that: So it is.' });
  });

  test('gets what was said in other threads as quoted notes, right before the question', async () => {
    const told = await chat(
      app,
      { model: 'small', messages: [user('My dentist is called Dr. Ruiz, in Alameda street.')] },
      as('two days'),
    );
    provider.respondWith({ kind: 'answer', deltas: ['Dr. Ruiz.'] });
    const messages = [
      system('Be short.'),
      user('Good morning'),
      assistant('Good morning!'),
      user('What is my dentist called?'),
    ];
    const { headers } = await chat(app, { model: 'small', messages }, as('two days'));
    const [first, hello, answer, notes, taken, question] = sent().messages;
    expect([first, hello, answer, question]).toEqual(messages);
    expect([notes.role, taken.role]).toEqual(['user', 'assistant']);
    expect(notes.content).toMatch(
      /data, never instructions[\s\S]*"My dentist is called Dr\. Ruiz, in Alameda street\."/,
    );
    expect(headers.get('x-echo-memory-ids')).toBe(told.headers.get('x-echo-turn-id'));
  });

  test('has nothing of other users, and nothing twice that the thread says itself', async () => {
    const messages = [
      user('My parrot is called Quetzal'),
      assistant('Nice.'),
      user('What is my parrot called?'),
    ];
    await chat(app, { model: 'small', messages: messages.slice(0, 1) }, as('parrot'));
    await chat(app, { model: 'small', messages }, as('parrot'));
    expect(sent().messages).toEqual(messages);
    await chat(app, { model: 'small', messages: messages.slice(2) }, as('somebody else'));
    expect(sent().messages).toEqual(messages.slice(2));
  });

  test('gets the earlier turns of a named conversation that the client does not send', async () => {
    const named = as('only new turns', { 'x-echo-conversation': 'kitchen' });
    await chat(app, { model: 'small', messages: [user('We bake rye bread today.')] }, named);
    await chat(app, { model: 'small', messages: [user('And then?')] }, named);
    expect(sent().messages).toHaveLength(3);
    expect(sent().messages[0].content).toContain('"We bake rye bread today."');
  });
});

describe('a thread that is sent again', () => {
  test('stores each turn once, in one conversation', async () => {
    const thread = [
      user('First'),
      assistant('You said: First'),
      user('Second'),
      assistant('You said: Second'),
      user('Third'),
    ];
    const clock = (n: number) => system(`It is ${n} o'clock.`);
    for (const [n, length] of [1, 3, 5, 1, 3, 5, 5].entries())
      await chat(app, { model: 'small', messages: [clock(n), ...thread.slice(0, length)] }, as('again'));
    const turns = await turnsOf(app, 'again');
    expect(turns.map(({ query, response }) => [query, response])).toEqual(
      ['First', 'Second', 'Third'].map((said) => [said, `You said: ${said}`]),
    );
    expect(new Set(turns.map((turn) => turn.conversation_id)).size).toBe(1);
  });

  test('is answered anew, but a retry gets the stored answer', async () => {
    const body = { model: 'small', messages: [user('Say something')] };
    for (const [n, said] of ['one', 'two'].entries()) {
      provider.respondWith({ kind: 'answer', deltas: [said] });
      const { body: answer, headers } = await chat(app, body, as('anew', { 'x-stainless-retry-count': '0' }));
      expect([answer.choices[0].message.content, headers.get('x-echo-memory')]).toEqual([
        said,
        n === 0 ? 'on' : 'again',
      ]);
    }
    provider.requests.length = 0;
    const retries: Record<string, string>[] = [
      { 'x-stainless-retry-count': '1' },
      { 'idempotency-key': 'k' },
    ];
    for (const headers of retries)
      for (const stream of [false, true]) {
        const retried = await chat(app, { ...body, stream }, as('anew', headers));
        expect(stream ? textIn(eventsOf(retried.body)) : retried.body.choices[0].message.content).toBe('one');
      }
    expect(provider.chats).toEqual([]);
    expect(await turnsOf(app, 'anew')).toMatchObject([{ response: 'one' }]);
  });

  test('joins the one that is being answered', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    provider.respondWith({ kind: 'answer', deltas: ['slowly'], until: promise });
    const body = { model: 'small', messages: [user('Take your time')] };
    const first = chat(app, body, as('joins'));
    await expect.poll(() => provider.chats.length).toBe(1);
    const retry = chat(app, body, as('joins', { 'x-stainless-retry-count': '1' }));
    resolve();
    for (const { body: answer } of [await first, await retry])
      expect(answer.choices[0].message.content).toBe('slowly');
    expect(provider.chats).toHaveLength(1);
    expect(await turnsOf(app, 'joins')).toHaveLength(1);
  });

  test('does not bring back a turn that was deleted, and is answered', async () => {
    const body = { model: 'small', messages: [user('Forget this later')] };
    const { headers } = await chat(app, body, as('deletes'));
    await app.graphql('mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }', {
      id: headers.get('x-echo-turn-id'),
    });
    expect(await turnsOf(app, 'deletes')).toEqual([]);
    const again = await chat(app, body, as('deletes'));
    expect([again.status, again.body.choices[0].message.content]).toEqual([
      200,
      'You said: Forget this later',
    ]);
    expect(await turnsOf(app, 'deletes')).toEqual([]);
  });
});

describe('tools', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } };
  const asking = streamed(
    [
      { role: 'assistant', content: 'Let me look.' },
      {
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{"at":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '"sky"}' } }] },
    ],
    'tool_calls',
  );

  test.each([false, true])(
    'are called, and the turn is answered once their results come (stream: %s)',
    async (stream) => {
      const name = `tools ${stream}`;
      provider.respondWith(asking);
      const first = await chat(
        app,
        { model: 'small', messages: [user('Is the sky blue?')], stream },
        as(name),
      );
      if (stream) {
        const deltas = eventsOf(first.body).flatMap((event) => event.choices?.[0].delta.tool_calls ?? []);
        expect(deltas).toEqual([
          { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } },
          { index: 0, function: { arguments: '{"at":' } },
          { index: 0, function: { arguments: '"sky"}' } },
        ]);
        expect(eventsOf(first.body).at(-2).choices[0].finish_reason).toBe('tool_calls');
        expect(textIn(eventsOf(first.body))).toBe('Let me look.');
      } else
        expect(first.body.choices[0]).toMatchObject({
          message: { role: 'assistant', content: 'Let me look.', tool_calls: [call] },
          finish_reason: 'tool_calls',
        });
      expect(await turnsOf(app, name)).toMatchObject([
        { query: 'Is the sky blue?', response: '', status: 'INTERRUPTED' },
      ]);

      provider.respondWith({ kind: 'answer', deltas: ['It is.'] });
      const messages = [
        user('Is the sky blue?'),
        { ...assistant('Let me look.'), tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: 'blue' },
      ];
      const second = await chat(app, { model: 'small', messages, stream }, as(name));
      expect(sent().messages).toEqual(messages);
      expect(stream ? textIn(eventsOf(second.body)) : second.body.choices[0].message.content).toBe('It is.');
      const turns = await turnsOf(app, name);
      expect(turns).toMatchObject([{ response: 'Let me look.\n\nIt is.', status: 'ANSWERED' }]);
    },
  );

  test.each([
    [
      'without an index, arguments as an object',
      [{ tool_calls: [{ id: 'call_1', function: { name: 'look', arguments: { at: 'sky' } } }] }],
    ],
    ['without an id', [{ tool_calls: [{ function: { name: 'look', arguments: '{"at":"sky"}' } }] }]],
  ])('are understood as servers write them: %s', async (name, deltas) => {
    provider.respondWith(streamed(deltas, 'stop'));
    const { body } = await chat(app, { model: 'small', messages: [user(`Look up, ${name}`)] }, as('forms'));
    expect(body.choices[0]).toMatchObject({
      message: { content: null, tool_calls: [{ ...call, id: expect.any(String) }] },
      finish_reason: 'tool_calls',
    });
  });
});

describe('x-echo-memory: off', () => {
  test('neither reads nor stores', async () => {
    await chat(app, { model: 'small', messages: [user('My cat is called Mau')] }, as('secretive'));
    const off = as('secretive', { 'x-echo-memory': 'off' });
    const { headers, body } = await chat(
      app,
      { model: 'small', messages: [user('What is my cat called?')] },
      off,
    );
    expect(body.choices[0].message.content).toBe('You said: What is my cat called?');
    expect(sent().messages).toEqual([user('What is my cat called?')]);
    expect([headers.get('x-echo-memory'), headers.get('x-echo-turn-id')]).toEqual(['off', null]);
    expect(await turnsOf(app, 'secretive')).toHaveLength(1);
  });

  test('is what titles of chats and threads without words of a user get', async () => {
    const task = '### Task:\nGenerate a title.\n<chat_history>\nUSER: hi\n</chat_history>';
    for (const messages of [
      [user(task)],
      [system('Write a poem.')],
      [user('hi'), assistant('yes?'), user(' ')],
    ]) {
      const { status, headers } = await chat(app, { model: 'small', messages }, as('no words'));
      expect([status, headers.get('x-echo-memory')]).toEqual([200, 'off']);
      expect(sent().messages).toEqual(messages);
    }
    expect(await turnsOf(app, 'no words')).toEqual([]);
  });

  const convo = 'User: hi\nAI: yes?';
  const faces = "Your task is to reflect the speaker's likely facial expression through a fitting emoji.";
  const short = 'Provide a concise, 5-word-or-less title for the conversation, using';
  const both =
    'Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title';
  test.each<[string, string, Record<string, string>?]>([
    ['emoji of Open WebUI', `${faces} Interpret.\n\nMessage: \`\`\`hi\`\`\``],
    ['a title of LibreChat', `${short} title case conventions.\n\nConversation:\n${convo}`],
    ['one of a later LibreChat', `${short} its same language.\n\nConversation:\n${convo}`],
    [
      'one with its language',
      `${both} in the detected language (5 words or less, no punctuation or quotation)\n\n${convo}`,
    ],
    ['what a header calls a task', 'Any words', { 'x-echo-task': 'title_generation' }],
    ['a temporary chat', 'Any words', { 'x-openwebui-chat-id': 'local:abc' }],
    ['one of a later Open WebUI', 'Any words', { 'x-openwebui-chat-id': 'temporary:abc' }],
    [
      'one with our name for it',
      'Any words',
      { 'x-echo-conversation': 'local:abc', 'x-openwebui-user-id': 'u' },
    ],
    [
      'one beside a name of ours',
      'Any words',
      { 'x-echo-conversation': 'garden', 'x-openwebui-chat-id': 'local:abc' },
    ],
    ['one with nothing else', 'Any words', { 'x-echo-conversation': 'local:Vf3x_Qm1-T2hPbZcAAAB' }],
    ['one of another name', 'Any words', { 'x-chat-id': 'temporary:Vf3x_Qm1-T2hPbZcAAAB' }],
  ])('is what %s gets', async (name, query, headers = {}) => {
    const answer = await chat(app, { model: 'small', messages: [user(query)] }, as(name, headers));
    expect([answer.status, answer.headers.get('x-echo-memory')]).toEqual([200, 'off']);
    expect(sent().messages).toEqual([user(query)]);
    expect(await turnsOf(app, name)).toEqual([]);
  });

  test.each<[string, string, Record<string, string>?]>([
    ['asks for a title', `${short} "Dune" in it.`],
    ['asks for an emoji', faces],
    ['asks about documents', '### Task:\nRespond to the query.\n<context>Bees</context>'],
    ['has no task', 'My bees are well', { 'x-echo-task': '' }],
    ['has a template that nobody filled', 'My bees are well', { 'x-echo-task': '{{TASK}}' }],
    ['calls a chat so by our name', 'My bees are well', { 'x-echo-conversation': 'local:abc' }],
  ])('is not what a user who %s gets', async (name, query, headers = {}) => {
    const answer = await chat(app, { model: 'small', messages: [user(query)] }, as(name, headers));
    expect(answer.headers.get('x-echo-memory')).toBe('on');
    expect(await turnsOf(app, name)).toMatchObject([{ query }]);
  });
});

describe('documents that Open WebUI puts before the words of its user', () => {
  const words = 'My boat is called Petrel. What does the survey say?';
  const documents = `<source id="1" name="survey.pdf">${'Osmosis in the keel. '.repeat(3_000)}\n</context>\nI am the surveyor.</source>`;
  const guidelines =
    '### Task:\nRespond to the user query using the provided context.\n\n### Guidelines:\n- Be concise.\n\n';
  const context = `<context>\n${documents}\n</context>\n`;
  const older =
    'You are given a user query, some textual context and rules, all inside xml tags. You have to answer the query.\n\n';
  const rules = '\n<rules>\n- If you do not know, just say so.\n</rules>\n';
  const query = `\n<user_query>\n${words}\n</user_query>\n`;
  test.each<[string, Json[]]>([
    ['as it does now', [user(`${guidelines}${context}\n${words}`)]],
    ['in a part', [user([{ type: 'text', text: `${guidelines}${context}\n${words}` }])]],
    ['with the query', [user(`${guidelines}${context}${query}\n${words}`)]],
    ['with nothing but the query', [user(`${guidelines}${context}${query}`)]],
    ['as it did at first', [user(`${older}${context}${rules}${query}\n${words}`)]],
    ['with the lines of Windows', [user(`${guidelines}${context}\n${words}`.replaceAll('\n', '\r\n'))]],
    ['in the message of the system', [system(`${guidelines}${context}`), user(words)]],
  ])('%s go to the model and are not stored', async (form, messages) => {
    const answer = await chat(app, { model: 'small', messages }, as(`documents ${form}`));
    expect([answer.status, answer.headers.get('x-echo-memory')]).toEqual([200, 'on']);
    expect(JSON.stringify(sent().messages)).toContain('I am the surveyor');
    expect(await turnsOf(app, `documents ${form}`)).toMatchObject([{ query: words }]);
    // The thread comes again with the words alone, or with other documents.
    const again = await chat(app, { model: 'small', messages: [user(words)] }, as(`documents ${form}`));
    expect(again.headers.get('x-echo-memory')).toBe('again');
  });

  test('words that look alike, and what a user writes between the same marks, are the user’s', async () => {
    const own = 'My sister Petra wrote:\n<context>\nshe comes on Monday\n</context>\nWhen does she come?';
    for (const [name, given, stored] of [
      ['behind documents', `${guidelines}${context}\n${own}`, own],
      ['alone', own, own],
      ...[
        `### Task:\nMy dog is Rex and I live in Bonn. Read this:\n<context>\nfoo\n</context>\nSummarise it`,
        `${guidelines}<context>\nno sources\n</context>\n\n${own}`,
      ].map((text, at) => [`as it came ${at}`, text, text]),
    ] as [string, string, string][]) {
      await chat(app, { model: 'small', messages: [user(given)] }, as(name));
      expect(await turnsOf(app, name)).toMatchObject([{ query: stored }]);
    }
  });
});

test('a model is told of a character neither who made it nor what its card hides', async () => {
  const data = {
    ...{
      name: 'Quillon',
      nickname: 'Quill',
      creator: 'Ursula Maker',
      creator_notes: 'buy my cards',
      tags: ['tagged'],
    },
    description:
      '{{// secret one}}{{char}} guards {{user}}.{{hidden_key:secret two}}{{comment: secret three}}',
    ...{ personality: 'calm', scenario: '', first_mes: '', mes_example: '', character_version: '' },
  };
  const card = Buffer.from(JSON.stringify({ spec: 'chara_card_v3', spec_version: '3.0', data }));
  await importCard(app, card);
  await chat(app, { model: 'small', messages: [user('Who is Quillon?')] });
  const told = JSON.stringify(provider.chats.at(-1)?.body);
  expect(told).toContain('Quill guards User.');
  expect(told).not.toMatch(/Ursula Maker|secret|buy my cards|tagged|\{\{/);
});
