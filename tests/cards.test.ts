import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArchive } from '../src/cards/archive.ts';
import { readPngText } from '../src/cards/png.ts';
import { png, pngText, zip } from './fixtures/import/support.ts';
import {
  base64,
  type Card,
  compressedText,
  containers,
  exportCard,
  importCard,
  mixed,
  PIXELS,
  v1,
  v2,
  v3,
} from './support/cards.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { DEFAULT_CREATOR: 'the house' } });
});
afterAll(() => app.close());

const LIMITS = { fileBytes: 1e6, archiveBytes: 1e6, files: 10 };
const parsed = (content: Buffer): Card => JSON.parse(content.toString('utf8'));
const inPng = (content: Buffer, keyword: string): Card =>
  parsed(Buffer.from(readPngText(content).get(keyword)?.[0] ?? '', 'base64'));

const versions: Record<string, (name: string) => Card> = {
  1: v1,
  2: v2,
  3: v3,
  '2 as SillyTavern writes it': (name) => mixed(v2(name)),
  '3 as SillyTavern writes it': (name) => mixed(v3(name)),
};
const FORMATS: Record<string, string> = { 1: 'V1', 2: 'V2', 3: 'V3' };
const cards = Object.entries(containers).flatMap(([container, write], row) =>
  // Who fills the fields twice does so in any container.
  Object.entries(versions)
    .slice(0, row < 2 ? 5 : 3)
    .map(([version, make], column) => ({
      name: `Keeper ${row}${column}`,
      container,
      version,
      ...{ write, make },
    })),
);

describe('cards come in and go out again', () => {
  test('in every format and version', () => expect(cards.length).toBeGreaterThanOrEqual(30));

  test.each(cards)('version $version, $container', async ({ name, version, write, make }) => {
    const card = make(name);
    expect(await importCard(app, write(card))).toMatchObject({
      outcome: 'CREATED',
      character: { characterName: name, personalityTraits: 'patient' },
    });
    const format = FORMATS[version[0] ?? ''] ?? '';
    const asJson = await exportCard(app, name, `JSON_${format}`);
    expect(asJson).toMatchObject({ mediaType: 'application/json' });
    expect(parsed(asJson.content)).toEqual(card);
    const picture = (await exportCard(app, name, `PNG_${format}`)).content;
    expect(inPng(picture, format === 'V3' ? 'ccv3' : 'chara')).toEqual(card);
    // What goes out comes in again, and is the same.
    expect(await importCard(app, picture)).toMatchObject({ character: { characterName: name } });
    expect(parsed((await exportCard(app, name, `JSON_${format}`)).content)).toEqual(card);
  });

  test('another version has all that it has a place for', async () => {
    const name = 'Keeper of versions';
    await importCard(app, Buffer.from(JSON.stringify(v3(name))));
    const second = parsed((await exportCard(app, name, 'JSON_V2')).content);
    const { data, ...spec } = second;
    expect(spec).toEqual({ spec: 'chara_card_v2', spec_version: '2.0' });
    expect(data).toEqual({ ...(v2(name).data as Card), a_later_version: { keeps: ['this'] } });
    expect(parsed((await exportCard(app, name, 'JSON_V1')).content)).toEqual(v1(name));
    await importCard(app, Buffer.from(JSON.stringify(v1('Keeper of old'))));
    const third = parsed((await exportCard(app, 'Keeper of old', 'JSON_V3')).content);
    expect(third).toMatchObject({
      spec: 'chara_card_v3',
      data: {
        ...v1('Keeper of old'),
        tags: [],
        alternate_greetings: [],
        group_only_greetings: [],
        extensions: {},
      },
    });
  });

  test('a picture keeps every byte that is not its card', async () => {
    const bare = png(...PIXELS);
    await importCard(
      app,
      png(PIXELS[0] as Buffer, pngText('chara', base64(v2('Painted'))), PIXELS[1] as Buffer),
    );
    const { content, mediaType, fileName } = await exportCard(app, 'Painted', 'PNG_V2');
    expect([mediaType, fileName]).toEqual(['image/png', 'Painted.png']);
    expect(content.indexOf(bare.subarray(0, -12))).toBe(0);
    expect([...readPngText(content).keys()]).toEqual(['software', 'chara']);
    const files = await readArchive((await exportCard(app, 'Painted', 'CHARX')).content, LIMITS);
    expect(files.get('assets/icon/images/main.png')).toEqual(bare);
    expect(parsed(files.get('card.json') as Buffer)).toMatchObject({
      data: { assets: [{ type: 'icon', uri: 'embeded://assets/icon/images/main.png' }] },
    });
  });

  test('a CHARX archive keeps its files, and a PNG shows its icon', async () => {
    const card = v3('Archived');
    (card.data as Card).assets = [
      { type: 'icon', uri: 'embeded://assets/icon/images/a.png', name: 'main', ext: 'png' },
    ];
    const icon = png(...PIXELS);
    const files = {
      'card.json': JSON.stringify(card),
      'assets/icon/images/a.png': icon,
      'module.risum': 'app data',
    };
    await importCard(app, zip(files));
    const out = await readArchive((await exportCard(app, 'Archived', 'CHARX')).content, LIMITS);
    expect(parsed(out.get('card.json') as Buffer)).toEqual(card);
    expect(out.get('assets/icon/images/a.png')).toEqual(icon);
    expect(out.get('module.risum')?.toString()).toBe('app data');
    expect(out.size).toBe(3);
    const picture = (await exportCard(app, 'Archived', 'PNG_V3')).content;
    expect(picture.indexOf(icon.subarray(0, -12))).toBe(0);
  });

  test('what was changed in the profile since goes out, and comes in again', async () => {
    const name = 'Changing';
    await importCard(app, Buffer.from(JSON.stringify(v3(name))));
    await app.graphql(
      `mutation { upsertCharacter(input: { characterName: "Changing", personalityTraits: "bold", hairColor: "red", age: 40,
        physicalDescription: "Tall." }) { __typename } }`,
    );
    const { content } = await exportCard(app, name, 'JSON_V3');
    const { data } = parsed(content) as { data: Card };
    expect(data).toEqual({
      ...(v3(name).data as Card),
      personality: 'bold',
      extensions: {
        ...((v3(name).data as Card).extensions as Card),
        echo_brain: expect.objectContaining({ hairColor: 'red', age: 40, physicalDescription: 'Tall.' }),
      },
    });
    await importCard(app, content, 'other');
    const { data: read } = await app.graphql(
      '{ character(name: "Changing") { shared hairColor age personalityTraits } }',
      {},
      'other',
    );
    expect(read.character).toEqual({ shared: false, hairColor: 'red', age: 40, personalityTraits: 'bold' });
  });

  test('a character without a card goes out as one, with a picture', async () => {
    await app.graphql(
      'mutation { upsertCharacter(input: { characterName: "Handmade", backgroundStory: "Made by hand.", notes: "n", styleElements: ["ink"] }) { __typename } }',
    );
    const { content } = await exportCard(app, 'Handmade', 'PNG_V3');
    expect(inPng(content, 'ccv3')).toMatchObject({
      data: {
        name: 'Handmade',
        description: 'Made by hand.',
        creator: 'the house',
        creator_notes: 'n',
        tags: ['ink'],
      },
    });
    expect(inPng(content, 'chara')).toMatchObject({ spec: 'chara_card_v2' });
    expect(await exportCard(app, 'Nobody at all', 'JSON_V3')).toBeNull();
  });

  test('the same card again changes nothing, another card of the name does', async () => {
    const card = (greeting: string) => Buffer.from(JSON.stringify({ ...v1('Twice'), first_mes: greeting }));
    expect(await importCard(app, card('one'))).toMatchObject({ outcome: 'CREATED' });
    expect(await importCard(app, card('one'))).toMatchObject({ outcome: 'UNCHANGED' });
    expect(await importCard(app, card('two'))).toMatchObject({ outcome: 'CHANGED' });
  });
});

const good = v2('Broken');
const huge = Buffer.alloc(40_000_000, 'A');
const damaged = png(pngText('chara', base64(good)));
damaged[50]! ^= 1;

describe('broken cards', () => {
  test.each<[string, Buffer, RegExp]>([
    ['a wrong checksum', damaged, /damaged: the checksum of its "tEXt" chunk at byte \d+ is wrong/],
    ['a cut file', png(pngText('chara', base64(good))).subarray(0, 300), /truncated: it ends at byte 300/],
    ['a bomb in zTXt', png(compressedText('chara', huge)), /texts may have at most 2,402,048 bytes together/],
    [
      'a bomb in CHARX',
      zip({ 'card.json': huge }),
      /"card.json" of the archive would unpack to 40,000,000 bytes/,
    ],
    [
      'many large files',
      zip(
        Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}`, huge.subarray(0, 600_000)])),
      ),
      /would unpack to more than 4,000,000 bytes/,
    ],
    [
      'two chunks that differ',
      png(pngText('chara', base64(good)), pngText('Chara', base64(v2('Other')))),
      /2 "chara" chunks that say different things/,
    ],
    ['no card in the picture', png(...PIXELS), /no text chunk named "ccv3" or "chara"/],
    ['no card in the archive', zip({ 'other.json': '{}' }), /no file "card.json"/],
    [
      'an encrypted archive',
      zip({ 'card.json': '{}' }, { flags: 1 }),
      /"card.json" of the archive is encrypted/,
    ],
    [
      'a path out of the archive',
      zip({ '../card.json': '{}' }),
      /archive cannot be read: invalid relative path/,
    ],
    ['text that is not Base64', png(pngText('ccv3', '{"name":"x"}')), /"ccv3" chunk is not Base64/],
    ['text that is not JSON', png(pngText('ccv3', 'aGVsbG8=')), /"ccv3" chunk is not JSON in UTF-8/],
    [
      'a lorebook',
      Buffer.from('{"spec":"lorebook_v3","data":{"entries":[]}}'),
      /is a lorebook without a char/,
    ],
    ['a world', Buffer.from('{"entries":{"0":{"key":["a"],"content":"b"}}}'), /lorebook without a character/],
    ['an unknown kind', Buffer.from('{"spec":"chara_card_v9","data":{}}'), /unknown kind "chara_card_v9"/],
    ['no data', Buffer.from('{"spec":"chara_card_v3"}'), /chara_card_v3 card without "data"/],
    [
      'no name',
      Buffer.from(JSON.stringify({ ...v1(''), description: 'x' })),
      /name of the character must be text of 1 to 100/,
    ],
    [
      'a card too large',
      Buffer.from(JSON.stringify({ ...v1('Large'), more: 'x'.repeat(600_000) })),
      /a card may have at most 600,000/,
    ],
    [
      'an extension of ours that is wrong',
      Buffer.from(
        JSON.stringify({
          spec: 'chara_card_v3',
          data: { name: 'X', extensions: { echo_brain: { age: 'old' } } },
        }),
      ),
      /age: must be a whole number/,
    ],
  ])('%s', async (_name, content, message) => {
    const before = await app.sql('select count(*) from character_profiles');
    const refused = await importCard(app, content);
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field: 'content' });
    expect(refused.message).toMatch(message);
    expect(await app.sql('select count(*) from character_profiles')).toEqual(before);
  });

  test('content that is no Base64, and what is too long', async () => {
    for (const [content, message] of [
      ['not base64!', /^content: must be Base64/],
      ['A'.repeat(940_000), /may have at most 700,000 bytes, has 705,000/],
    ] as const) {
      const { data } = await app.graphql(
        'mutation ($content: String!) { importCharacter(input: { content: $content }) { ... on Error { message } } }',
        { content },
      );
      expect(data.importCharacter.message).toMatch(message);
    }
  });
});

test('what a user took in is theirs alone, and is exported and erased with them', async () => {
  const [owner, other] = ['cara', 'dora'];
  await importCard(app, png(pngText('ccv3', base64(v3('Secret Keeper'))), ...PIXELS), owner);
  expect(await exportCard(app, 'Secret Keeper', 'JSON_V3', other)).toBeNull();
  expect(parsed((await exportCard(app, 'Secret Keeper', 'JSON_V3', owner)).content)).toEqual(
    v3('Secret Keeper'),
  );
});
