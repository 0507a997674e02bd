import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSources } from '../src/import/sources.ts';
import { badOf, directory, readAll, temporary, turnsOf, zip } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

let files = 0;
const chat = (id: string, text = `Text of ${id} ☕`) => ({
  id,
  title: `"[${id}]", {so}`,
  create_time: 1_700_000_000,
  current_node: 'n',
  mapping: {
    n: { message: { id: `m${id}`, author: { role: 'user' }, content: { parts: [text] } }, parent: null },
  },
});
const dialogue = (id: string) => ({
  id,
  turns: [{ id: '1', session: 1, date: '2023-05-08T13:56:00Z', speaker: 'Ines', text: `Text of ${id}` }],
});
async function read(format: 'chatgpt' | 'dialogue', content: string | Buffer) {
  const records = await readAll(format, await temporary(`broken-${++files}.json`, content));
  return {
    ids: [...new Set(turnsOf(records).map(({ conversationId }) => conversationId))],
    bad: badOf(records).map(({ line, message, isEnd }) => `${line} ${message}${isEnd ? ' (end)' : ''}`),
  };
}
const three = JSON.stringify(['a', 'b', 'c'].map((id) => chat(id)));

describe('a file that breaks off', () => {
  test('gives every whole conversation before, wherever it is cut', async () => {
    const bytes = Buffer.from(three);
    const ends = ['a', 'b', 'c'].map(
      (id) => three.indexOf(JSON.stringify(chat(id))) + JSON.stringify(chat(id)).length,
    );
    const byteEnds = ends.map((end) => Buffer.byteLength(three.slice(0, end)));
    for (let length = byteEnds[0]!; length < bytes.length; length += 7) {
      const { ids, bad } = await read('chatgpt', bytes.subarray(0, length));
      const whole = byteEnds.filter((end) => end <= length).length;
      expect(ids, `${length} bytes`).toEqual(['a', 'b', 'c'].slice(0, whole));
      expect(bad).toEqual([
        `${whole + 1} the file breaks off after element ${whole}, at byte ${length} (is it truncated?) (end)`,
      ]);
    }
  });

  test('before its first whole conversation is a clear error', async () => {
    for (const content of [three.slice(0, 40), '[', '[{', '[1', '{"conversations":[{"id":'])
      await expect(read(content.startsWith('{') ? 'dialogue' : 'chatgpt', content)).rejects.toThrow(
        /is not valid JSON after element 0 \(is it truncated\?\)/,
      );
  });

  test('that holds something else is said to', async () => {
    await expect(read('dialogue', '{"conversations":{"a":[]}}')).rejects.toThrow(
      /has no array "conversations"/,
    );
    await expect(read('chatgpt', '7 "[]"')).rejects.toThrow(/is not a JSON array/);
  });

  test('gives whole dialogues, too', async () => {
    const whole = JSON.stringify({ about: 'x', conversations: ['a', 'b'].map(dialogue) });
    const { ids, bad } = await read('dialogue', whole.slice(0, -20));
    expect(ids).toEqual(['a']);
    expect(bad).toEqual([expect.stringMatching(/^2 the file breaks off after element 1, .* \(end\)$/)]);
  });
});

describe('an element that is broken', () => {
  test.each([
    ['a line break in a text', '{"id":"x\n"}'],
    ['a control character', '{"id":"x\u0001"}'],
    ['an unknown escape', '{"id":"\\x41"}'],
    ['no value', '{"id":}'],
    ['a word', 'NaN'],
    ['single quotes', "{'id':1}"],
    ['a comment', '{/* so */}'],
    ['a bracket too many', '{"id":1}}'],
  ])('with %s keeps no other out', async (_what, broken) => {
    const { ids, bad } = await read(
      'chatgpt',
      `[${JSON.stringify(chat('a'))},${broken},${JSON.stringify(chat('b'))}]`,
    );
    expect(ids).toEqual(['a', 'b']);
    expect(bad).toEqual(['2 is not valid JSON']);
  });
});

describe('a file that is whole', () => {
  test.each([
    [
      'a byte-order mark and white space',
      `\uFEFF \r\n[ ${JSON.stringify(chat('a'), null, 4)}\n ,\t${JSON.stringify(chat('b'))} ] \n`,
    ],
    ['a comma behind its last element', `[${JSON.stringify(chat('a'))},${JSON.stringify(chat('b'))},]`],
    ['brackets, quotes and backslashes in texts', JSON.stringify([chat('a', '\\"]},{["\\'), chat('b', '"')])],
  ])('with %s is read whole', async (_what, content) => {
    expect(await read('chatgpt', content)).toEqual({ ids: ['a', 'b'], bad: [] });
  });

  test.each([
    [
      'a field of the same name deeper or in a text',
      { x: { conversations: [dialogue('no')] }, y: 'conversations', z: ['conversations', [1]] },
    ],
    ['a name in escapes before', { 'a"b': [1], ü: null }],
  ])('finds its dialogues behind %s', async (_what, before) => {
    const content = JSON.stringify({ ...before, conversations: [dialogue('a')], after: [dialogue('no')] });
    expect(await read('dialogue', content)).toEqual({ ids: ['a'], bad: [] });
    const escaped = content.replace('"conversations":[{"id":"a"', '"conv\\u0065rsations" : [{"id":"a"');
    expect(await read('dialogue', escaped)).toEqual({ ids: ['a'], bad: [] });
  });

  test('with elements of many sizes over the chunks of reading stays whole', async () => {
    const chats = Array.from({ length: 60 }, (_, index) =>
      chat(`c${index}`, 'é🌱"\\['.repeat(index * 331 + 1)),
    );
    expect(await read('chatgpt', JSON.stringify(chats))).toEqual({ ids: chats.map(({ id }) => id), bad: [] });
  });
});

test('a part of an archive that has not the checksum that it says is refused', async () => {
  const bytes = zip({ 'a.json': three });
  const opened = async () => {
    const sources = openSources(
      [await temporary('sum.zip', bytes)],
      join(directory, 'unpacked'),
      () => undefined,
    );
    let count = 0;
    for await (const source of sources) count += source.isNamed ? 1 : 0;
    return count;
  };
  expect(await opened()).toBe(1);
  const place = bytes.indexOf('PK\x01\x02') + 16;
  bytes.writeUInt32LE((bytes.readUInt32LE(place) ^ 1) >>> 0, place);
  await expect(opened()).rejects.toThrow(/a\.json is damaged: its checksum is wrong/);
});
