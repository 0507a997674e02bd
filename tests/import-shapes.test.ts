import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { detectFormat } from '../src/import/detect.ts';
import type { ImportFileError } from '../src/import/records.ts';
import { openSources } from '../src/import/sources.ts';
import { badOf, directory, readAll, temporary, turnsOf, zip } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

type Fields = Record<string, unknown>;
let files = 0;
/** A conversation of a question and its answer, as an export has it. */
function chat(
  id: string,
  each: (node: Fields, message: Fields) => void = () => undefined,
  more: Fields = {},
) {
  const said = (name: string, role: string, text: string) => ({
    id: name,
    author: { role },
    create_time: 1_700_000_000,
    content: { content_type: 'text', parts: [text] },
  });
  const mapping: Record<
    string,
    { id: string; message: Fields | null; parent: unknown; children: unknown[] }
  > = {
    root: { id: 'root', message: null, parent: null, children: ['q'] },
    q: { id: 'q', message: said('q', 'user', `Question ${id}`), parent: 'root', children: ['a'] },
    a: { id: 'a', message: said('a', 'assistant', `Answer ${id}`), parent: 'q', children: [] },
  };
  for (const node of Object.values(mapping)) each(node, node.message ?? {});
  return { id, title: `About ${id}`, create_time: 1_700_000_000, mapping, current_node: 'a', ...more };
}

/** What is read of a file whose format is told by its content. */
async function read(content: string | Buffer) {
  const file = await temporary(`shape-${++files}.json`, content);
  const format = await detectFormat(file);
  const records = await readAll(format, file);
  return {
    format,
    turns: turnsOf(records).map(({ conversationId, turn }) => [conversationId, turn.query, turn.response]),
    bad: badOf(records).map(({ line, field, message }) => `${line} ${field ?? ''} ${message}`),
  };
}
const of = (...ids: string[]) => ({
  format: 'chatgpt',
  turns: ids.map((id) => [id, `Question ${id}`, `Answer ${id}`]),
  bad: [] as string[],
});
const json = JSON.stringify;
const utf16 = (text: string, isBigEndian = false) =>
  isBigEndian ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, 'utf16le');

describe('conversations', () => {
  test.each<[string, string | Buffer, string[]]>([
    ['alone', json(chat('a')), ['a']],
    ['alone over many lines', json(chat('a'), null, 2), ['a']],
    ['one for each line', `${json(chat('a'))}\r\n${json(chat('b'))}\n`, ['a', 'b']],
    ['in an object', json({ conversations: [chat('a'), chat('b')] }), ['a', 'b']],
    ['in an object of another name', json({ version: 2, items: [chat('a')] }), ['a']],
    ['in lists of their own', json([[chat('a')], [chat('b')]]), ['a', 'b']],
    ['in two arrays', `${json([chat('a')])}\n${json([chat('b')])}`, ['a', 'b']],
    ['in UTF-16', utf16(`\ufeff${json([chat('é🌱')])}`), ['é🌱']],
    ['in UTF-16 of the other order', utf16(`\ufeff${json([chat('a')])}`, true), ['a']],
    ['in UTF-16 without a mark', utf16(json([chat('a')])), ['a']],
    ['in UTF-16 of the other order without a mark', utf16(json(chat('a')), true), ['a']],
  ])('%s are read', async (_what, content, ids) => {
    expect(await read(content)).toEqual(of(...ids));
  });

  test('beside text that is no JSON are read, and that text is told of', async () => {
    expect(await read(`${json([chat('a')])} and so on`)).toMatchObject({
      turns: of('a').turns,
      bad: ['2  stands beside text that is no JSON'],
    });
  });

  test('one by one give all whole ones before a break', async () => {
    const lines = ['a', 'b'].map((id) => json(chat(id))).join('\n');
    expect(await read(lines.slice(0, -5))).toMatchObject({
      turns: of('a').turns,
      bad: [expect.stringMatching(/^2 {2}the file breaks off after element 1/)],
    });
  });

  test('in UTF-16 that is cut within a character over the chunks of reading stay whole', async () => {
    const large = chat('large', (_node, message) =>
      Object.assign(message, { padding: '🌱é'.repeat(60_001) }),
    );
    expect(await read(utf16(json([large])))).toEqual(of('large'));
  });
});

describe('a tree of messages', () => {
  test.each<[string, (node: Fields, message: Fields) => void, Fields?]>([
    ['whose parents only their children tell', (node) => delete node.parent],
    [
      'whose parents only their children tell, without a current one',
      (node) => delete node.parent,
      { current_node: null },
    ],
    ['whose parents are unknown', (node) => Object.assign(node, { parent: 'gone' })],
    [
      'with an author that is a word',
      (_node, message) => Object.assign(message, { author: (message.author as Fields | undefined)?.role }),
    ],
    [
      'with a role beside the author',
      (_node, message) =>
        Object.assign(message, { role: (message.author as Fields | undefined)?.role, author: null }),
    ],
    ['whose contents are texts', (_node, message) => Object.assign(message, { content: partOf(message) })],
    [
      'whose parts are texts',
      (_node, message) => Object.assign(message, { content: { parts: partOf(message) } }),
    ],
    [
      'whose contents are lists',
      (_node, message) => Object.assign(message, { content: [{ type: 'text', text: partOf(message) }] }),
    ],
    [
      'whose parts hold null',
      (_node, message) => Object.assign(message, { content: { parts: [null, partOf(message)] } }),
    ],
  ])('%s is read', async (_what, each, more) => {
    expect(await read(json([chat('t', each, more)]))).toEqual(of('t'));
  });

  test('in a list, or with numbers for ids, is read', async () => {
    const list = { ...chat('l'), mapping: Object.values(chat('l').mapping) };
    const number = (id: unknown) => ({ root: 0, q: 1, a: 2 })[String(id)] ?? id;
    const numbered = chat('n', (node, message) => {
      Object.assign(node, { id: number(node.id), parent: number(node.parent) });
      if (message.id) message.id = number(message.id);
    });
    const mapping = Object.fromEntries(
      Object.entries(numbered.mapping).map(([id, node]) => [number(id), node]),
    );
    expect(await read(json([list, { ...numbered, mapping, current_node: 2 }]))).toEqual(of('l', 'n'));
  });

  test('that is none is a bad record', async () => {
    for (const mapping of ['x', 7, true])
      expect(await read(json([{ ...chat('x'), mapping }, chat('b')]))).toEqual({
        ...of('b'),
        bad: ['1 mapping must be an object'],
      });
  });

  test.each<[unknown, string | null]>([
    [1_700_000_000_000_000, '2023-11-14T22:13:20.000Z'],
    ['1700000000000000000', '2023-11-14T22:13:20.000Z'],
    ['1700000000.5', '2023-11-14T22:13:20.500Z'],
    ['2023-11-14 22:13:20', '2023-11-14T22:13:20.000Z'],
    ['2023-11-14T22:13', '2023-11-14T22:13:00.000Z'],
    ['2023-11-14', '2023-11-14T00:00:00.000Z'],
    ['2024-02-30T10:00:00Z', null],
    ['2023-02-29', null],
    ['2023-04-31 10:00', null],
    [-5, null],
    [Number.MAX_VALUE, null],
    [{}, null],
    [true, null],
  ])('with the time %j', async (time, expected) => {
    const timed = chat('t', (_node, message) => Object.assign(message, { create_time: time }));
    const [record] = turnsOf(await readAll('chatgpt', await temporary('timed.json', json([timed]))));
    expect(record?.turn.timestamp).toBe(expected ?? '2023-11-14T22:13:20.000Z');
    // The time of the conversation stands in for one that is none.
    const other = { ...timed, create_time: 1_600_000_000 };
    const [again] = turnsOf(await readAll('chatgpt', await temporary('timed.json', json([other]))));
    expect(again?.turn.timestamp).toBe(expected ?? '2020-09-13T12:26:40.000Z');
  });

  test('a time that has not come is none: that of the answer or the conversation counts', async () => {
    const ahead = chat('ahead', (node, message) =>
      Object.assign(message, { create_time: node.id === 'q' ? 4_102_444_800 : 1_500_000_005 }),
    );
    const alone = chat('alone', (_node, message) => Object.assign(message, { create_time: 4_102_444_800 }));
    const records = turnsOf(
      await readAll('chatgpt', await temporary('ahead.json', JSON.stringify([ahead, alone]))),
    );
    expect(records[0]?.turn.timestamp).toBe('2017-07-14T02:40:05.000Z');
    expect(records.at(-1)?.turn.timestamp).toBe('2023-11-14T22:13:20.000Z');
  });
});

function partOf(message: Fields): unknown {
  return (message.content as { parts: unknown[] } | undefined)?.parts[0];
}

describe('turns', () => {
  const turn = (query: string) => ({ conversationId: 'c', query });
  test.each<[string, string | Buffer]>([
    ['in an array', json([turn('one'), turn('two')])],
    ['in an array over many lines', `\ufeff${json([turn('one'), turn('two')], null, 2)}`],
    ['each over many lines', [turn('one'), turn('two')].map((each) => json(each, null, 2)).join('\r\n')],
    ['a line in UTF-16', utf16(`\ufeff${json(turn('one'))}\r\n${json(turn('two'))}`)],
  ])('%s are read', async (_what, content) => {
    expect(await read(content)).toMatchObject({
      format: 'turns',
      turns: [
        ['c', 'one', undefined],
        ['c', 'two', undefined],
      ],
      bad: [],
    });
  });

  test('in an array with a bad one among them', async () => {
    expect(
      await read(json([turn('one'), null, { ...turn('x'), timestamp: '2026-02-30T10:00:00Z' }])),
    ).toMatchObject({
      turns: [['c', 'one', undefined]],
      bad: ['2  must be a JSON object', '3 timestamp names a day that does not exist: 2026-02-30'],
    });
  });
});

test('dialogues whose ids are numbers are read', async () => {
  const said = { id: 1, session: 1, date: '2023-05-08T13:56:00Z', speaker: 'Ines', text: 'Hello' };
  expect(await read(json({ conversations: [{ id: 7, turns: [said] }] }))).toEqual({
    format: 'dialogue',
    turns: [['7', 'Hello', undefined]],
    bad: [],
  });
});

describe('archives', () => {
  test('in archives are opened, and a broken one keeps nothing else out', async () => {
    const inner = zip({ 'conversations.json': json([chat('a')]) });
    const outer = await temporary(
      'outer.zip',
      zip({
        'export.zip': inner,
        'broken.zip': inner.subarray(0, 40),
        'more/ada.charx': zip({ 'card.json': '{"spec":"chara_card_v2","data":{"name":"Ada"}}' }),
        'turns.jsonl': json({ conversationId: 'c', query: 'q' }),
      }),
    );
    expect(await namesIn(outer)).toEqual({
      names: [
        'outer.zip: turns.jsonl',
        'outer.zip: export.zip: conversations.json',
        'outer.zip: more/ada.charx',
      ],
      problems: [expect.stringMatching(/outer\.zip: broken\.zip" is a ZIP archive that cannot be read/)],
    });
  });

  test('are opened four deep', async () => {
    let archive = zip({ 'turns.jsonl': '{}' });
    for (let depth = 1; depth < 4; depth++) archive = zip({ 'in.zip': archive });
    expect((await namesIn(await temporary('four.zip', archive))).names).toHaveLength(1);
    const { names, problems } = await namesIn(await temporary('five.zip', zip({ 'in.zip': archive })));
    expect([names, problems]).toEqual([[], [expect.stringMatching(/lies 4 archives deep/)]]);
  });

  test('and files that a folder links to are opened; links to folders are not followed', async () => {
    const target = await temporary('target.jsonl', '{}');
    const folder = join(directory, 'links');
    await mkdir(folder, { recursive: true });
    await symlink(target, join(folder, 'linked.jsonl'));
    await symlink(folder, join(folder, 'self.json'));
    await symlink(join(directory, 'nowhere'), join(folder, 'gone.json'));
    const { names, problems } = await namesIn(folder);
    expect(names).toEqual(['linked.jsonl']);
    expect(problems).toEqual([expect.stringMatching(/gone\.json" cannot be read: ENOENT/)]);
  });
});

async function namesIn(path: string) {
  const names: string[] = [];
  const problems: string[] = [];
  const tell = (problem: ImportFileError) => void problems.push(problem.message);
  for await (const { name } of openSources([path], join(directory, 'unpacked'), tell))
    names.push(name.slice(name.lastIndexOf('/', name.indexOf(':') < 0 ? undefined : name.indexOf(':')) + 1));
  return { names, problems };
}
