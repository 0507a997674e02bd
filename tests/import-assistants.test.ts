import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, fixture, temporary } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const CONVERSATION = `query ($id: String!) { conversation(conversationId: $id) {
  title interactions(first: 100) { nodes { query response speaker responder timestamp modelUsed metadata } }
} }`;

async function stored(id: string) {
  const { data } = await app.graphql(CONVERSATION, { id });
  const { title, interactions } = data.conversation;
  return { title, turns: interactions.nodes as Record<string, unknown>[] };
}
const textsOf = ({ turns }: Awaited<ReturnType<typeof stored>>) =>
  turns.map(({ query, response }) => [query, response]);

/** Imports a file twice, the second time to no effect. @returns what the first run printed */
async function importTwice(file: string, format: string, turns: number) {
  const first = await importInto(app.url, [file]);
  expect(first, first.stderr).toMatchObject({ code: 0, sent: turns, stored: turns, again: 0 });
  expect(first.stdout).toContain(`imported as ${format}`);
  expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: turns, stored: 0, again: turns });
  return first.stdout;
}

describe('Claude', () => {
  test('the newest branch is taken with what was said, attached and written into documents', async () => {
    const printed = await importTwice(fixture('claude.json'), 'claude', 3);
    expect(printed).toContain(
      'left out: calls of tools 2, thoughts 1, messages of tools 1, messages of other branches 1',
    );
    const gutter = await stored('c1a0de00-0000-4000-8000-000000000001');
    expect(gutter).toMatchObject({
      title: 'The leaking gutter',
      turns: [
        {
          query: 'Which sealant for a copper gutter?\n\n[notes.txt]\nThe seam is 40 cm long.',
          response: 'Use butyl tape.\n\n# Shopping\n2 m of butyl tape',
          timestamp: '2025-03-04T08:00:01.500Z',
          metadata: { source: 'claude', messageIds: ['g1', 'g3'], nonTextParts: ['seam.jpg'] },
        },
        { query: 'Thanks!', response: null, timestamp: '2025-03-04T08:02:00.000Z' },
      ],
    });
  });

  test('of an older export the texts count, in their order, at the time of the conversation', async () => {
    await importInto(app.url, [fixture('claude.json')]);
    expect(await stored('c1a0de00-0000-4000-8000-000000000003')).toMatchObject({
      title: 'An older export',
      turns: [
        {
          query: 'Is the ferry running?',
          response: 'Not on Mondays.',
          timestamp: '2023-09-01T10:00:00.000Z',
        },
      ],
    });
  });

  test('the current leaf decides where the export names it', async () => {
    const [gutter] = JSON.parse(await readFile(fixture('claude.json'), 'utf8'));
    const file = await temporary(
      'leaf.json',
      JSON.stringify({ ...gutter, uuid: 'leaf', current_leaf_message_uuid: 'g2' }),
    );
    await importTwice(file, 'claude', 1);
    expect(textsOf(await stored('leaf')).map(([, response]) => response)).toEqual(['Silicone, perhaps.']);
  });

  test('a parent that is not in the export does not cut the conversation off', async () => {
    const said = (uuid: string, sender: string, parent: string) => ({
      ...{ uuid, sender, text: `${uuid} said`, parent_message_uuid: parent },
      created_at: '2025-01-01T00:00:00Z',
    });
    const chat_messages = [
      said('p1', 'human', 'gone'),
      said('p2', 'assistant', 'lost'),
      said('p3', 'human', 'p2'),
    ];
    await importTwice(
      await temporary('orphans.json', JSON.stringify([{ uuid: 'orphans', chat_messages }])),
      'claude',
      2,
    );
    expect(textsOf(await stored('orphans'))).toEqual([
      ['p1 said', 'p2 said'],
      ['p3 said', null],
    ]);
  });
});

describe('Open WebUI', () => {
  test('the current branch is taken, without thoughts and tools; what the answerer folded away itself stays', async () => {
    const printed = await importTwice(fixture('openwebui.json'), 'openwebui', 3);
    expect(printed).toContain(
      'left out: messages of the system 1, thoughts 1, calls of tools 1, messages of other branches 2',
    );
    expect(await stored('0be7-chat-1')).toMatchObject({
      title: 'Bees in May',
      turns: [
        {
          query: 'When do bees swarm?',
          response: 'Mostly in May. <details><summary>Why</summary>Nectar flow.</details>',
          timestamp: '2025-05-01T08:00:00.000Z',
          modelUsed: 'qwen3:8b',
          metadata: { source: 'openwebui', nonTextParts: ['hive.png'] },
        },
        { query: 'And in June?', response: null, metadata: { nonTextParts: ['image_url'] } },
      ],
    });
    expect(await stored('0be7-chat-2')).toMatchObject({
      title: 'A list',
      turns: [
        {
          ...{ query: 'How many frames has a hive?', response: 'Ten.', modelUsed: 'phi3' },
          timestamp: '2023-11-14T22:46:40.000Z',
        },
      ],
    });
  });
});

describe('LibreChat', () => {
  test('the newest branch of a tree is taken, without thoughts, tools and errors', async () => {
    const printed = await importTwice(fixture('librechat.json'), 'librechat', 2);
    expect(printed).toContain(
      'left out: errors 1, thoughts 1, calls of tools 1, messages of other branches 1',
    );
    expect(await stored('1b7ec4a7-0000-4000-8000-000000000001')).toMatchObject({
      title: 'Bread on Sundays',
      turns: [
        {
          query: 'How long does rye dough rest?',
          response: 'Twelve hours, in the cool.\n\nThen an hour in the warm.',
          timestamp: '2025-06-01T07:00:00.250Z',
          modelUsed: 'claude-sonnet-4',
          metadata: { source: 'librechat', messageIds: ['b1', 'b3'], nonTextParts: ['dough.jpg'] },
        },
        { query: 'And wheat?', response: null },
      ],
    });
  });

  test('a tree that is a thousand messages deep is read', async () => {
    let children: unknown[] = [];
    for (let index = 2_000; index > 0; index--)
      children = [
        {
          ...{ messageId: `d${index}`, text: `message ${index}`, isCreatedByUser: index % 2 === 1, children },
          createdAt: new Date(1_750_000_000_000 + index * 1000).toISOString(),
        },
      ];
    const deep = { conversationId: 'deep', endpoint: 'openAI', messagesTree: children };
    const file = await temporary('deep.json', JSON.stringify(deep));
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1_000 });
    expect(textsOf(await stored('deep')).slice(0, 2)).toEqual([
      ['message 1', 'message 2'],
      ['message 3', 'message 4'],
    ]);
  });

  test('a list of messages with all branches is the same conversation as their tree', async () => {
    const tree = JSON.parse(await readFile(fixture('librechat.json'), 'utf8'));
    const list: unknown[] = [];
    const walk = ({ children, ...message }: { children: never[] }) => {
      list.push(message);
      children.forEach(walk);
    };
    tree.messagesTree.forEach(walk);
    const { messagesTree, ...conversation } = tree;
    expect(messagesTree).toHaveLength(1);
    await importInto(app.url, [fixture('librechat.json')]);
    const file = await temporary(
      'list.json',
      JSON.stringify({ ...conversation, recursive: false, messages: list }),
    );
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 2, stored: 0, again: 2 });
  });
});

describe('Gemini', () => {
  test('the prompts of a day are a conversation in their order, with their answers as text', async () => {
    const first = await importInto(app.url, [fixture('gemini.json')]);
    expect(first).toMatchObject({ code: 1, stored: 3, skipped: 1 });
    expect(first.stdout).toContain('activity 7: time must be an instant');
    expect(first.stdout).toContain(
      'left out: activities that are no prompts 2, activities of other products 1',
    );
    expect(await stored('gemini-2026-02-02')).toMatchObject({
      turns: [
        {
          query: 'How often do I water the lemon tree?',
          response:
            "It depends:\n\n- in summer daily & early\n- else when it's dry\n\n5 < 10 litres\nare enough.",
          timestamp: '2026-02-02T08:00:00.000Z',
          metadata: { source: 'gemini', nonTextParts: ['lemon-1.png'] },
        },
        {
          query: 'And in winter?',
          response: 'Twice a week.\n\nOr less.',
          timestamp: '2026-02-02T08:00:30.500Z',
        },
      ],
    });
    expect(textsOf(await stored('gemini-2026-02-01'))).toEqual([
      ['Prompt eingegeben: Wann blüht der Flieder?', 'Im Mai.'],
    ]);
  });

  test('halves of an emoji in its HTML are what they are when they are whole, or marked', async () => {
    const html = '<p>A &#xD83D; B &#55357;&#56832; C &#0; D &#x110000;</p>';
    const activity = {
      ...{ header: 'Gemini Apps', products: ['Gemini Apps'], time: '2026-03-03T08:00:00Z' },
      ...{ title: 'Prompted Who is cut?', safeHtmlItem: [{ html }] },
    };
    const file = await temporary('halves.json', JSON.stringify([activity]));
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 1 });
    expect(textsOf(await stored('gemini-2026-03-03'))).toEqual([
      ['Who is cut?', 'A \ufffd B 😀 C \ufffd D \ufffd'],
    ]);
  });

  test('a later export brings only what is new', async () => {
    await importInto(app.url, [fixture('gemini.json')]);
    const activities = JSON.parse(await readFile(fixture('gemini.json'), 'utf8'));
    const later = { ...activities[1], title: 'Prompted And snow?', time: '2026-02-02T20:00:00Z' };
    const file = await temporary('later.json', JSON.stringify([later, ...activities]));
    expect(await importInto(app.url, [file])).toMatchObject({ sent: 4, stored: 1, again: 3 });
  });
});

describe('SillyTavern', () => {
  test('a chat has its character as the one who answers, and the swipe that is shown', async () => {
    const file = fixture('sillytavern.jsonl');
    const first = await importInto(app.url, [file]);
    expect(first).toMatchObject({ code: 1, stored: 2, skipped: 1 });
    expect(first.stdout).toContain('line 7: is not JSON');
    expect(first.stdout).toContain('left out: other swipes 3, greetings 1, thoughts 1, hidden messages 1');
    expect(await stored('5e9b0f9e-mara')).toMatchObject({
      title: 'Mara',
      turns: [
        {
          ...{
            query: 'What does the mill grind?',
            response: 'Spelt, mostly.',
            speaker: null,
            responder: 'Mara',
          },
          ...{ timestamp: '2024-01-05T10:23:04.056Z', modelUsed: 'mistral-small' },
          metadata: { source: 'sillytavern', nonTextParts: ['image'] },
        },
        { query: 'Since when?', response: null, timestamp: '2024-01-05T10:25:00.000Z' },
      ],
    });
    expect(await importInto(app.url, [file])).toMatchObject({ stored: 0, again: 2 });
  });

  const chatOf = (name: string, id: string, lines: readonly object[]) =>
    temporary(
      name,
      [{ chat_metadata: { integrity: id }, user_name: 'Tom', character_name: 'Mara' }, ...lines]
        .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
        .join('\n'),
    );
  const mara = { name: 'Mara', is_user: false, send_date: '2024-03-01T10:00:00Z' };
  const tom = { name: 'Tom', is_user: true, send_date: '2024-03-01T10:01:00Z' };

  test('what a character says first is its greeting, unless somebody may have spoken before', async () => {
    const opening = [
      { ...mara, name: 'System', is_system: true, mes: 'Group of two' },
      { ...mara, name: 'Tale', extra: { type: 'narrator' }, mes: 'It is dusk.' },
      { ...mara, mes: 'Hello, wanderer.' },
      { ...mara, name: 'Oskar', mes: 'Ahoy!' },
      { ...mara, mes: 'The lamp is lit.' },
      { ...tom, mes: 'Who lit it?' },
      { ...mara, name: 'Ines', mes: 'I did.' },
    ];
    const file = await chatOf('opening.jsonl', 'greeting-opening', opening);
    expect(await importTwice(file, 'sillytavern', 3)).toContain('left out: hidden messages 1, greetings 2');
    expect(textsOf(await stored('greeting-opening'))).toEqual([
      ['It is dusk.', null],
      ['The lamp is lit.', null],
      ['Who lit it?', 'I did.'],
    ]);
    const asked = [
      { ...tom, is_system: true, mes: 'A hidden question' },
      { ...mara, mes: 'An answer.' },
    ];
    await importTwice(await chatOf('asked.jsonl', 'greeting-asked', asked), 'sillytavern', 1);
    const unread = await chatOf('unread.jsonl', 'greeting-unread', [
      { ...tom, mes: 7 },
      { ...mara, mes: 'So?' },
    ]);
    expect(await importInto(app.url, [unread])).toMatchObject({ code: 1, stored: 1, skipped: 1 });
    const alone = await chatOf('alone.jsonl', 'greeting-alone', [{ ...mara, mes: 'Hello, wanderer.' }]);
    const nothing = await importInto(app.url, [alone]);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toMatch(
      /holds nothing that can be imported as sillytavern .*; left out: greetings 1$/m,
    );
  });

  test('a chat whose greeting an earlier version stored brings nothing twice', async () => {
    const lines = [
      { ...mara, mes: 'Hello, wanderer.' },
      { ...tom, mes: 'Hello, Mara.' },
      { ...mara, send_date: '2024-03-01T10:02:00Z', mes: 'Hello, wanderer.' },
    ];
    const id = 'greeting-before';
    const file = await chatOf('before.jsonl', id, lines);
    // As that version made it of this file: keys and all.
    const hashOf = (line: (typeof lines)[number]) =>
      createHash('sha256')
        .update(JSON.stringify([id, line.name, line.is_user, Date.parse(line.send_date), line.mes]))
        .digest('hex')
        .slice(0, 32);
    const [greeting = '', ...rest] = lines.map(hashOf);
    const key = (ids: readonly string[]) => `sillytavern/${id}/${ids.join('+')}`;
    const metadata = { source: 'sillytavern' };
    const turns = [
      {
        ...{ query: 'Hello, wanderer.', speaker: 'Mara', timestamp: mara.send_date, metadata },
        idempotencyKey: key([greeting]),
      },
      {
        ...{
          query: 'Hello, Mara.',
          response: 'Hello, wanderer.',
          responder: 'Mara',
          timestamp: tom.send_date,
        },
        ...{ metadata, idempotencyKey: key(rest) },
      },
    ];
    const { errors } = await app.graphql(
      'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }',
      { input: { conversationId: id, turns } },
    );
    expect(errors).toBeUndefined();
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 1, stored: 0, again: 1 });
    expect((await stored(id)).turns).toHaveLength(2);
  });

  test('in a group each has a turn of its own', async () => {
    await importTwice(fixture('sillytavern-group.jsonl'), 'sillytavern', 3);
    const { data } = await app.graphql('{ conversations(first: 50) { nodes { conversationId title } } }');
    const group = data.conversations.nodes.find(({ conversationId }: { conversationId: string }) =>
      conversationId.startsWith('sillytavern-'),
    );
    expect((await stored(group.conversationId)).turns).toMatchObject([
      { query: 'Who keeps the lighthouse?', response: 'My aunt does.', speaker: null, responder: 'Mara' },
      { query: 'She did. Now it is me.\n\nSince spring.', response: null, speaker: 'Oskar' },
      { query: 'Good to know.', response: null, speaker: null },
    ]);
  });

  test('a branch that was saved beside its chat brings only what is its own', async () => {
    await importInto(app.url, [fixture('sillytavern.jsonl')]);
    const lines = (await readFile(fixture('sillytavern.jsonl'), 'utf8')).split('\n').slice(0, 4);
    const header = JSON.parse(lines[0]!);
    header.chat_metadata.main_chat = 'Mara - 1';
    const own = { name: 'Tom', is_user: true, send_date: '2024-01-06T10:00:00Z', mes: 'Another way?' };
    const file = await temporary(
      'branch.jsonl',
      [JSON.stringify(header), ...lines.slice(1), JSON.stringify(own)].join('\n'),
    );
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, sent: 2, stored: 1, again: 1 });
  });
});

describe('messages of any program', () => {
  const conversationOf = async (text: string) => {
    const { data } = await app.graphql(
      'query ($text: String!) { interactions(filter: { text: $text }, first: 1) { nodes { conversationId } } }',
      { text },
    );
    return data.interactions.nodes[0].conversationId as string;
  };

  test('one a line, are a conversation; what is said twice is kept twice', async () => {
    const file = fixture('messages.jsonl');
    const first = await importInto(app.url, [file]);
    expect(first).toMatchObject({ code: 1, stored: 3, skipped: 1 });
    expect(first.stdout).toContain('line 6: must say what was said, by one of content, text');
    expect(first.stdout).toContain(
      'left out: messages of the system 1, calls of tools 1, messages of tools 1',
    );
    expect((await stored(await conversationOf('puffins'))).turns).toMatchObject([
      {
        ...{ query: 'Where do puffins breed?', response: 'On Runde.', modelUsed: 'gpt-4o' },
        ...{ timestamp: '2025-02-03T10:00:00.000Z', metadata: { nonTextParts: ['image_url'] } },
      },
      { query: 'Thanks', response: null },
      { query: 'Thanks', response: null },
    ]);
    expect(await importInto(app.url, [file])).toMatchObject({ stored: 0, again: 3 });
  });

  test.each<[string, unknown]>([
    ['in conversations', [{ id: 'k1', title: 'Kiln', messages: [{ role: 'user', content: 'How hot?' }] }]],
    ['in an object', { conversations: [{ id: 'k2', messages: [{ role: 'user', content: 'How hot?' }] }] }],
    ['of a data set for training', [{ id: 'k3', conversations: [{ from: 'human', value: 'How hot?' }] }]],
    ['that name their conversation', [{ thread_id: 'k4', sender: 'Human', text: 'How hot?', id: 9 }]],
  ])('%s are read', async (_what, content) => {
    const text = JSON.stringify(content);
    const id = /k\d/.exec(text)?.[0] ?? '';
    await importTwice(await temporary(`${id}.json`, text), 'messages', 1);
    expect(textsOf(await stored(id))).toEqual([['How hot?', null]]);
  });

  test('of several conversations in a file stay apart, also where they take turns', async () => {
    const said = (thread: string, content: string) =>
      JSON.stringify({ role: 'user', content, thread_id: thread });
    const lines = [said('one', 'a'), said('two', 'b'), said('one', 'c')];
    await importTwice(await temporary('threads.jsonl', lines.join('\n')), 'messages', 3);
    expect(textsOf(await stored('one'))).toEqual([
      ['a', null],
      ['c', null],
    ]);
    expect(textsOf(await stored('two'))).toEqual([['b', null]]);
  });

  test('of others than user and assistant are said under their names', async () => {
    const said = (role: string, content: string) =>
      JSON.stringify({ role, content, conversation_id: 'table' });
    const lines = [said('user', 'Who cooks?'), said('Ines', 'I do.'), said('Omar', 'We both do.')];
    await importTwice(await temporary('table.jsonl', lines.join('\n')), 'messages', 2);
    expect((await stored('table')).turns).toMatchObject([
      { query: 'Who cooks?', response: 'I do.', responder: 'Ines' },
      { query: 'We both do.', response: null, speaker: 'Omar' },
    ]);
  });

  test('in their ten thousands are stored whole and in order', async () => {
    const lines = Array.from({ length: 12_000 }, (_, index) =>
      JSON.stringify({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: `part ${index}`,
        chat_id: 'long',
      }),
    );
    const file = await temporary('long.jsonl', lines.join('\n'));
    expect(await importInto(app.url, [file])).toMatchObject({ code: 0, stored: 6_000 });
    expect(textsOf(await stored('long'))[99]).toEqual(['part 198', 'part 199']);
  });
});
