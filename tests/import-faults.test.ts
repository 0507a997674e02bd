import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { FORMATS } from '../src/import/formats.ts';
import type { ImportRecord } from '../src/import/records.ts';
import { badOf, directory, png, pngText, readAll, temporary, turnsOf } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

let files = 0;
type Node = { message: unknown; parent: string | null };
const said = (role: string, text: unknown, more: Record<string, unknown> = {}) => ({
  id: `${role}-${++files}`,
  author: { role },
  content: typeof text === 'string' ? { content_type: 'text', parts: [text] } : text,
  ...more,
});
/** A conversation of these messages, one after the other. */
function chat(messages: unknown[], more: Record<string, unknown> = {}) {
  const mapping: Record<string, Node> = {};
  for (const [index, message] of messages.entries())
    mapping[`n${index}`] = { message, parent: index === 0 ? null : `n${index - 1}` };
  return { id: 'c', mapping, current_node: `n${messages.length - 1}`, ...more };
}
async function read(...conversations: unknown[]) {
  const records = await readAll(
    'chatgpt',
    await temporary(`chat-${++files}.json`, JSON.stringify(conversations)),
  );
  return { turns: turnsOf(records), bad: badOf(records) };
}
const texts = (turns: Awaited<ReturnType<typeof read>>['turns']) =>
  turns.map(({ turn }) => [turn.query, turn.response]);

describe('a ChatGPT export', () => {
  const good = [said('user', 'How deep is the well?'), said('assistant', '12 metres.')];
  const whole = [['How deep is the well?', '12 metres.']];

  test.each([
    ['no mapping', { id: 'x', title: 'New chat', create_time: 1 }],
    ['an empty mapping', { id: 'x', mapping: {}, current_node: null }],
    ['nothing but system messages', chat([said('system', 'be nice')])],
  ])('a conversation with %s holds nothing, and is not bad', async (_what, empty) => {
    const { turns, bad } = await read(empty, chat(good));
    expect([texts(turns), bad]).toEqual([whole, []]);
  });

  test.each([
    ['no current message', { current_node: undefined }],
    ['a current message that is null', { current_node: null }],
    ['a current message that is unknown', { current_node: 'nowhere' }],
    ['a current message that is a number', { current_node: 7 }],
  ])('of %s goes to the newest message', async (_what, more) => {
    expect(texts((await read(chat(good, more))).turns)).toEqual(whole);
  });

  test('takes the newest of several ends by time, not by place', async () => {
    const mapping = {
      root: { message: said('user', 'q', { create_time: 1_700_000_000 }), parent: null },
      late: { message: said('assistant', 'new', { create_time: 1_700_000_100 }), parent: 'root' },
      early: { message: said('assistant', 'old', { create_time: 1_700_000_050 }), parent: 'root' },
    };
    expect(texts((await read({ id: 'c', mapping })).turns)).toEqual([['q', 'new']]);
  });

  test('takes an end without times, and leaves a current message that shows nothing', async () => {
    const mapping = {
      last: { message: said('assistant', 'yes'), parent: 'first' },
      first: { message: said('user', 'Is it?'), parent: 'root' },
      root: { message: null, parent: null },
    };
    for (const more of [{}, { current_node: 'root' }])
      expect(texts((await read({ id: 'c', mapping, ...more })).turns)).toEqual([['Is it?', 'yes']]);
  });

  test('instructions that go along with messages are not said by anybody', async () => {
    const { turns } = await read(
      chat([said('user', { content_type: 'user_editable_context', user_profile: 'x' }), ...good]),
    );
    expect(texts(turns)).toEqual(whole);
  });

  test('a path ends at a parent that is missing, and where it bites its tail', async () => {
    const missing = chat(good);
    missing.mapping.n0!.parent = 'gone';
    const circle = chat(good);
    circle.mapping.n0!.parent = 'n1';
    for (const each of [missing, circle]) expect(texts((await read(each)).turns)).toEqual(whole);
  });

  test('NUL and halves of emoji are replaced, everywhere', async () => {
    const { turns, bad } = await read(
      chat(
        [
          said('user', 'a\u0000b \ud83d'),
          said('assistant', '\ude00 yes', { metadata: { model_slug: 'm\u0000' } }),
        ],
        {
          title: 't\u0000',
        },
      ),
    );
    expect(bad).toEqual([]);
    expect(texts(turns)).toEqual([['a\ufffdb \ufffd', '\ufffd yes']]);
    expect([turns[0]!.title, turns[0]!.turn.modelUsed]).toEqual(['t\ufffd', 'm\ufffd']);
  });

  const at = (seconds: unknown) => ({ create_time: seconds });
  test.each<[string, unknown[], Record<string, unknown>, string[]]>([
    [
      'its own',
      [said('user', 'q', at(1_600_000_000.25)), said('assistant', 'a', at(1_600_000_009))],
      {},
      ['2020-09-13T12:26:40.250Z'],
    ],
    [
      "its answer's",
      [said('user', 'q'), said('assistant', 'a', at(1_700_000_001))],
      {},
      ['2023-11-14T22:13:21.000Z'],
    ],
    [
      "a neighbour's",
      [said('user', 'q'), said('assistant', 'a'), said('user', 'r', at(1_700_000_060))],
      {},
      ['2023-11-14T22:14:20.000Z', '2023-11-14T22:14:20.000Z'],
    ],
    ["the conversation's", [said('user', 'q')], { create_time: 1_600_000_000 }, ['2020-09-13T12:26:40.000Z']],
    [
      'its last change',
      [said('user', 'q')],
      { create_time: null, update_time: 1_600_000_000.25 },
      ['2020-09-13T12:26:40.250Z'],
    ],
    ['a text', [said('user', 'q', at('2021-05-05T10:00:00Z'))], {}, ['2021-05-05T10:00:00.000Z']],
    ['milliseconds', [said('user', 'q', at(1_600_000_000_250))], {}, ['2020-09-13T12:26:40.250Z']],
    ['none at all', [said('user', 'q')], {}, ['2022-11-30T00:00:00.000Z']],
    [
      'its own, whatever followed',
      [said('user', 'q', at(1_700_000_100)), said('user', 'r'), said('user', 's', at(1))],
      {},
      ['2023-11-14T22:15:00.000Z', '1970-01-01T00:00:01.000Z', '1970-01-01T00:00:01.000Z'],
    ],
  ])('the time of a message is %s', async (_whose, messages, more, expected) => {
    const { turns } = await read(chat(messages, more));
    expect(turns.map(({ turn }) => turn.timestamp)).toEqual(expected);
  });

  test('a message over the limit comes in as several turns, with its answer', async () => {
    const words = Array.from({ length: 12_000 }, (_, n) => `word${n}`).join(' ');
    const { turns, bad } = await read(
      chat([said('user', `${words} 🙂`), said('assistant', 'A summary with kumquats.')]),
    );
    expect(bad).toEqual([]);
    expect(turns.map(({ turn }) => turn.query).join('')).toBe(`${words} 🙂`);
    expect(turns.length).toBeGreaterThan(2);
    expect(turns.map(({ turn }) => turn.response)).toEqual([
      ...Array(turns.length - 1).fill(undefined),
      'A summary with kumquats.',
    ]);
    expect(new Set(turns.map(({ turn }) => turn.idempotencyKey)).size).toBe(turns.length);
  });

  test('an answer over the limit goes on in further turns', async () => {
    const answer = 'x'.repeat(250_000);
    const { turns, bad } = await read(chat([said('user', 'q'), said('assistant', answer)]));
    expect(bad).toEqual([]);
    expect(
      turns[0]!.turn.response! +
        turns
          .slice(1)
          .map(({ turn }) => turn.query)
          .join(''),
    ).toBe(answer);
    expect(turns.slice(1).every(({ turn }) => turn.speaker === 'assistant')).toBe(true);
  });

  test('code, canvases and quotes are text; thoughts are not', async () => {
    const { turns } = await read(
      chat([
        said('user', 'Copy it.'),
        said('assistant', { content_type: 'thoughts', thoughts: [{ content: 'secret' }], text: 'secret' }),
        said('assistant', {
          content_type: 'code',
          language: 'python',
          text: 'shutil.copytree(src, dst_quagmire)',
        }),
        said(
          'assistant',
          {
            content_type: 'code',
            text: JSON.stringify({ name: 'd', type: 'document', content: 'The whole deed.' }),
          },
          { recipient: 'canmore.create_textdoc' },
        ),
        said('assistant', JSON.stringify({ updates: [{ pattern: '.*', replacement: 'A better deed.' }] }), {
          recipient: 'canmore.update_textdoc',
        }),
        said('assistant', '{"query":"x"}', { recipient: 'browser' }),
        said('assistant', 'Done, see the canvas.'),
        said('user', { content_type: 'code', text: 'print(1)' }),
      ]),
    );
    expect(texts(turns)).toEqual([
      [
        'Copy it.',
        'shutil.copytree(src, dst_quagmire)\n\nThe whole deed.\n\nA better deed.\n\nDone, see the canvas.',
      ],
      ['print(1)', undefined],
    ]);
    expect(turns[0]!.turn.metadata).toMatchObject({ nonTextParts: ['thoughts'] });
  });

  test("the conversation's usual model is the model of answers that name none", async () => {
    const { turns } = await read(chat(good, { default_model_slug: 'gpt-9', title: 'Wells' }));
    expect([turns[0]!.turn.modelUsed, turns[0]!.title]).toEqual(['gpt-9', 'Wells']);
  });
});

describe('a character card', () => {
  const CARD = { spec: 'chara_card_v2', data: { name: 'Ada', personality: 'calm', first_mes: 'Hello.' } };
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const cardOf = async (content: string | Buffer) => {
    const [record] = await readAll('character', await temporary(`card-${++files}`, content));
    return record;
  };
  const ADA = { kind: 'character', character: { characterName: 'Ada', personalityTraits: 'calm' } };

  test.each<[string, Buffer]>([
    ['a keyword in another case', png(pngText('Chara', base64(CARD)))],
    ['line breaks', png(pngText('chara', base64(CARD).replace(/.{20}/g, '$&\r\n')))],
    [
      'letters for addresses and no padding',
      png(pngText('chara', base64(CARD).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))),
    ],
    ['a broken copy beside a good one', png(pngText('ccv3', 'e30'), pngText('chara', base64(CARD)))],
  ])('in a PNG with %s is read', async (_what, bytes) => {
    expect(await cardOf(bytes)).toMatchObject(ADA);
  });

  test('what is decoration is shortened, and told', async () => {
    const data = {
      ...CARD.data,
      creator: 'c'.repeat(207),
      tags: ['sea', 7, null],
      description: 'd'.repeat(15_000),
      scenario: 's'.repeat(15_000),
      alternate_greetings: ['a', 'b'],
      character_book: { entries: [{ keys: ['Silverpine'], content: 'a walled town' }] },
    };
    const record = await cardOf(JSON.stringify({ spec: 'chara_card_v2', data }));
    expect(record).toMatchObject({
      kind: 'character',
      character: { creator: 'c'.repeat(100), styleElements: ['sea', '7'] },
    });
    const { told = [], character } = record as unknown as {
      told?: string[];
      character: { backgroundStory: string };
    };
    expect(character.backgroundStory).toHaveLength(20_000);
    expect(told.join(' | ')).toMatch(/creator.*100/);
    expect(told.join(' | ')).toMatch(/description and scenario.*20000/);
  });

  test.each([
    ['no name', { ...CARD.data, name: '' }],
    [
      'a name of a megabyte',
      { ...CARD.data, name: 'n'.repeat(2 ** 20), description: '{{char}}'.repeat(100_000) },
    ],
  ])('with %s is a bad record that names it', async (_what, data) => {
    const record = await cardOf(JSON.stringify({ spec: 'chara_card_v2', data }));
    expect(record).toMatchObject({
      kind: 'bad',
      field: 'name',
      message: 'must be text of 1 to 100 characters',
    });
  });

  test('that names its character a hundred thousand times is read', async () => {
    const data = { ...CARD.data, description: '{{char}} '.repeat(100_000) };
    expect(await cardOf(JSON.stringify({ spec: 'chara_card_v2', data }))).toMatchObject(ADA);
  });

  test('must be one: a package is not, whatever format is named', async () => {
    await expect(cardOf('{"name":"x","description":"y","version":"1.0.0"}')).rejects.toThrow(
      /is not a character card/,
    );
  });
});

describe('what is left out of a ChatGPT export', () => {
  test('is counted by its kind', async () => {
    const hidden = { metadata: { is_visually_hidden_from_conversation: true } };
    const conversation = chat([
      said('system', ''),
      said('system', 'be nice'),
      said('user', { content_type: 'user_editable_context', user_profile: 'x' }),
      said('user', 'a quagga?', { weight: 0 }),
      said('assistant', 'search("quagga")', { recipient: 'browser' }),
      said('tool', 'found 3 pages'),
      said('assistant', 'wait', hidden),
      said('assistant', 'It died out in 1883.'),
    ]);
    Object.assign(conversation.mapping, { other: { message: said('assistant', 'No idea.'), parent: 'n5' } });
    const leftOut = new Map<string, number>();
    const file = await temporary('left-out.json', JSON.stringify([conversation, conversation]));
    const records: ImportRecord[] = [];
    for await (const record of FORMATS.chatgpt.read(file, { bytes: 0, leftOut })) records.push(record);
    expect(turnsOf(records)[0]!.turn).toMatchObject({ query: 'a quagga?', response: 'It died out in 1883.' });
    expect(Object.fromEntries(leftOut)).toEqual({
      'messages of the system': 2,
      instructions: 2,
      'calls of tools': 2,
      'messages of tools': 2,
      'hidden messages': 2,
      'messages of other branches': 2,
    });
  });
});

test.each([
  ['a number', { id: 5, conversation_id: 'other' }, '5'],
  ['empty', { id: '', conversation_id: 'other' }, 'other'],
  ['null', { id: null }, 'm1'],
  ['an object', { id: {}, conversation_id: [] }, 'm1'],
])('a conversation whose id is %s is not lost', async (_what, ids, name) => {
  const { turns, bad } = await read(chat([said('user', 'ok', { id: 'm1' })], ids));
  expect([turns.map(({ conversationId }) => conversationId), bad]).toEqual([[name], []]);
});
