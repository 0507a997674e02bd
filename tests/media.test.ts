import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boxAround } from '../src/domains/media-insights/places.ts';
import { thumbnailFolder, thumbnailPath } from '../src/domains/media-insights/thumbnails.ts';
import { exportedLines, restored } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashNamed, storeInsight } from './support/media.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** Names of the user's media in the order of the list. @param filter in GraphQL's words, without braces */
async function names(user: string, filter: string, page = '', as = user): Promise<string[] | string> {
  const { data, errors } = await app.graphql(
    `{ mediaInsights(${page ? `${page}, ` : ''}filter: { ${filter} }) { nodes { filePath } } }`,
    {},
    as,
  );
  return (
    errors?.[0]?.message ??
    data.mediaInsights.nodes.map(({ filePath }: { filePath: string }) => filePath.replace('/photos/', ''))
  );
}
const mutate = async (field: string, user?: string) => {
  const { data, errors } = await app.graphql(
    `mutation { result: ${field} { ... on MediaSuccess { insight { fileHash learned tags { name origin } } }
      ... on Error { code message } } }`,
    {},
    user,
  );
  return errors?.[0]?.extensions ?? data.result.insight ?? data.result;
};
const at = (day: string) => ({ dateTaken: new Date(`${day}T12:00:00Z`), dateTakenLocal: `${day}T12:00:00` });

describe('an insight', () => {
  test('says all that is known of it', async () => {
    await storeInsight(app, 'ada', 'full.jpg', {
      ...{ ...at('2024-05-01'), dateTakenOffset: '+02:00', dateTakenSource: 'EXIF DateTimeOriginal' },
      ...{
        latitude: 48.1,
        longitude: 11.5,
        fileSize: 3_000_000_000,
        durationSeconds: 1.5,
        qualityScore: 0.5,
      },
      locationData: { altitude: -3.5, places: { city: 'München', country: 'Germany' } },
      cameraMake: 'Canon',
      cameraModel: 'EOS 5D',
      cameraMetadata: {
        lens: 'EF 50mm',
        iso: 100,
        fNumber: 1.8,
        exposureSeconds: 0.01,
        focalLength: 50,
        flash: false,
      },
      colorPalette: [{ name: 'red', hex: '#ff0000', share: 0.75 }],
      perceptualHash: '00000000000000ff',
      visualAnalysis: { words: { title: 'A title', caption: null, keywords: ['one', 'two'] } },
      ...{ tags: ['mine'], ruleTags: ['dark'], modelTags: ['dog'], categories: ['animal'] },
      paths: ['/photos/b.jpg', '/photos/a.jpg'],
    });
    const { data, errors } = await app.graphql(
      `query ($hash: String!) { mediaInsight(fileHash: $hash) {
        fileHash userId filePath filePaths kind mediaType width height durationSeconds fileSize dateTaken dateTakenLocal
        dateTakenOffset dateTakenSource title caption keywords location { latitude longitude altitude place }
        camera { make model lens iso aperture exposureSeconds focalLengthMm focalLength35Mm flash }
        colorPalette { name hex share } perceptualHash qualityScore analysis { tier method confidence problem }
        compositionNotes categories tags { name origin } characters { characterName } learned state
        small: thumbnailUrl large: thumbnailUrl(size: LARGE) nearDuplicates { distance } } }`,
      { hash: hashNamed('full.jpg').toUpperCase() },
      'ada',
    );
    expect(errors).toBeUndefined();
    expect(data.mediaInsight).toEqual({
      ...{ fileHash: hashNamed('full.jpg'), userId: 'ada', filePath: '/photos/full.jpg' },
      ...{ filePaths: ['/photos/a.jpg', '/photos/b.jpg'], kind: 'IMAGE', mediaType: 'image/jpeg' },
      ...{ width: 40, height: 30, durationSeconds: 1.5, fileSize: 3_000_000_000 },
      ...{ dateTaken: '2024-05-01T12:00:00.000Z', dateTakenLocal: '2024-05-01T12:00:00' },
      ...{ dateTakenOffset: '+02:00', dateTakenSource: 'EXIF DateTimeOriginal' },
      ...{ title: 'A title', caption: null, keywords: ['one', 'two'] },
      location: { latitude: 48.1, longitude: 11.5, altitude: -3.5, place: 'München, Germany' },
      camera: {
        ...{
          make: 'Canon',
          model: 'EOS 5D',
          lens: 'EF 50mm',
          iso: 100,
          aperture: 1.8,
          exposureSeconds: 0.01,
        },
        ...{ focalLengthMm: 50, focalLength35Mm: null, flash: false },
      },
      colorPalette: [{ name: 'red', hex: '#ff0000', share: 0.75 }],
      ...{ perceptualHash: '00000000000000ff', qualityScore: 0.5 },
      analysis: { tier: 'FEATURES', method: 'sharp', confidence: 1, problem: null },
      ...{ compositionNotes: null, categories: ['animal'] },
      tags: [
        { name: 'mine', origin: 'PERSON' },
        { name: 'dog', origin: 'MODEL' },
        { name: 'dark', origin: 'RULE' },
      ],
      ...{ characters: [], learned: false, state: 'PRESENT', small: null, large: null, nearDuplicates: [] },
    });
  });

  test('of which little is known says null, and has no words of its own for that', async () => {
    await storeInsight(app, 'ben', 'bare', { width: null, height: null, fileSize: null });
    const { data } = await app.graphql(
      `{ mediaInsights { nodes { id width dateTaken dateTakenLocal location { latitude } camera { make } colorPalette { name }
        perceptualHash qualityScore visualAnalysis title keywords tags { name } nearDuplicates { distance } } } }`,
      {},
      'ben',
    );
    const [{ id, ...rest }] = data.mediaInsights.nodes;
    expect(rest).toEqual({
      ...{
        width: null,
        dateTaken: null,
        dateTakenLocal: null,
        location: null,
        camera: null,
        colorPalette: [],
      },
      ...{
        perceptualHash: null,
        qualityScore: null,
        visualAnalysis: null,
        title: null,
        keywords: [],
        tags: [],
      },
      nearDuplicates: [],
    });
    const found = await app.graphql(
      'query ($id: ID!) { node(id: $id) { ... on MediaInsight { filePath } } }',
      { id },
      'ben',
    );
    expect(found.data.node).toEqual({ filePath: '/photos/bare' });
    const foreign = await app.graphql('query ($id: ID!) { node(id: $id) { id } }', { id }, 'ada');
    expect(foreign.data.node).toBeNull();
  });

  test('is its user’s own; who may act for others names whose is meant', async () => {
    await storeInsight(app, 'cid', 'his');
    const ask = async (args: string, user?: string) => {
      const { data, errors } = await app.graphql(
        `{ mediaInsight(fileHash: "${hashNamed('his')}"${args}) { userId } }`,
        {},
        user,
      );
      return errors?.[0]?.extensions.code ?? data.mediaInsight;
    };
    expect(await ask('', 'cid')).toEqual({ userId: 'cid' });
    expect(await ask('', 'dora')).toBeNull();
    expect(await ask('')).toBeNull();
    expect(await ask(', userId: "cid"')).toEqual({ userId: 'cid' });
    expect(await ask(', userId: "cid"', 'dora')).toBe('FORBIDDEN');
    expect(await ask(', userId: "cid"', '@other:root')).toBeNull();
    const { errors } = await app.graphql('{ mediaInsight(fileHash: "../../etc/passwd") { id } }');
    expect(errors?.[0]).toMatchObject({
      message: 'fileHash: must be a SHA-256 of 64 hexadecimal digits',
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('the list', () => {
  const user = 'eli';
  beforeAll(async () => {
    await storeInsight(app, user, 'undated 1');
    await storeInsight(app, user, 'old', at('1999-12-31'));
    await storeInsight(app, user, 'new 1', at('2024-05-01'));
    await storeInsight(app, user, 'undated 2');
    await storeInsight(app, user, 'new 2', at('2024-05-01'));
    await storeInsight(app, user, 'before 1970', at('1912-04-15'));
  });
  const all = ['new 2', 'new 1', 'old', 'before 1970', 'undated 2', 'undated 1'];

  test('has the latest first and what has no date last, in pages of any size, from both ends', async () => {
    expect(await names(user, '')).toEqual(all);
    for (const size of [1, 2, 4, 100])
      for (const [name, forward] of [
        ['after', true],
        ['before', false],
      ] as const) {
        const found: string[] = [];
        for (let cursor: string | null = null; ; ) {
          const { data } = await app.graphql(
            `query ($cursor: String) { mediaInsights(${forward ? 'first' : 'last'}: ${size}, ${name}: $cursor) {
              nodes { filePath } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
            { cursor },
            user,
          );
          const { nodes, pageInfo } = data.mediaInsights;
          const page = nodes.map(({ filePath }: { filePath: string }) => filePath.replace('/photos/', ''));
          if (forward) found.push(...page);
          else found.unshift(...page);
          cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
          if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break;
        }
        expect([size, name, found]).toEqual([size, name, all]);
      }
  });

  test('refuses cursors of other lists and pages of other sizes', async () => {
    for (const cursor of ['none', 'x.1', '1.x', 'none.99999999999', '999999999999999999.1'])
      expect(await names(user, '', `after: "${Buffer.from(cursor).toString('base64url')}"`)).toBe(
        'after: is not a cursor of this list',
      );
    expect(await names(user, '', 'first: 101')).toContain('must be from 1 to 100');
  });

  test('is read by few statements, however long it is', async () => {
    app.statements.length = 0;
    await app.graphql(
      `{ mediaInsights(first: 50) { nodes { filePaths characters { characterName } tags { name } thumbnailUrl
        nearDuplicates { distance insight { filePaths } } } } }`,
      {},
      user,
    );
    const sent = app.statements.filter((name) => name.startsWith('media_') || name.startsWith('character'));
    expect(sent.map((name) => name.replace(/_[0-9a-f]{16}$/, ''))).toEqual(['media_page', 'media_paths']);
  });

  test.each<[string, string[]]>([
    ['takenAfter: "2024-05-01T12:00:00Z"', ['new 2', 'new 1']],
    ['takenAfter: "2024-05-01T12:00:00.001Z"', []],
    ['takenBefore: "2024-05-01T12:00:00Z"', ['old', 'before 1970']],
    ['takenBefore: "2000-01-01T00:00:00Z", takenAfter: "1999-01-01T00:00:00Z"', ['old']],
    ['state: PRESENT', all],
    ['state: VANISHED', []],
    ['learned: true', []],
    ['kind: VIDEO', []],
    ['kind: IMAGE', all],
    ['mediaType: "IMAGE/JPEG"', all],
    ['mediaType: "image"', []],
  ])('with %s', async (filter, expected) => {
    expect(await names(user, filter)).toEqual(expected);
  });
});

describe('places', () => {
  const user = 'flo';
  beforeAll(async () => {
    for (const [name, latitude, longitude] of [
      ['Munich', 48.137, 11.575],
      ['Augsburg', 48.371, 10.898],
      ['Fiji', -17.8, 178],
      ['Samoa', -13.8, -171.8],
      ['Taveuni', -16.8, 180],
      ['North pole', 89.9, 0],
      ['Alert', 82.5, -62.3],
      ['Null island', 0, 0],
    ] as const)
      await storeInsight(app, user, name, { latitude, longitude });
    await storeInsight(app, user, 'nowhere');
  });

  test.each<[string, string[]]>([
    ['box: { south: 48, north: 49, west: 10, east: 12 }', ['Augsburg', 'Munich']],
    ['box: { south: -20, north: -10, west: 175, east: -170 }', ['Taveuni', 'Samoa', 'Fiji']],
    ['box: { south: -20, north: -10, west: -170, east: 175 }', []],
    [
      'box: { south: -90, north: 90, west: -180, east: 180 }',
      ['Null island', 'Alert', 'North pole', 'Taveuni', 'Samoa', 'Fiji', 'Augsburg', 'Munich'],
    ],
    ['near: { latitude: 48.137, longitude: 11.575, radiusKm: 56 }', ['Munich']],
    ['near: { latitude: 48.137, longitude: 11.575, radiusKm: 58 }', ['Augsburg', 'Munich']],
    ['near: { latitude: -16.8, longitude: -179.9, radiusKm: 20 }', ['Taveuni']],
    ['near: { latitude: -16.8, longitude: 179.9, radiusKm: 260 }', ['Taveuni', 'Fiji']],
    ['near: { latitude: -15, longitude: -179, radiusKm: 800 }', ['Taveuni', 'Samoa', 'Fiji']],
    ['near: { latitude: 89.95, longitude: 180, radiusKm: 20 }', ['North pole']],
    ['near: { latitude: 90, longitude: 0, radiusKm: 900 }', ['Alert', 'North pole']],
    ['near: { latitude: 0, longitude: 0, radiusKm: 0.001 }', ['Null island']],
    [
      'near: { latitude: -90, longitude: 0, radiusKm: 20016 }',
      ['Null island', 'Alert', 'North pole', 'Taveuni', 'Samoa', 'Fiji', 'Augsburg', 'Munich'],
    ],
  ])('%s', async (filter, expected) => {
    expect(await names(user, filter)).toEqual(expected);
  });

  test.each<[string, string]>([
    ['box: { south: 2, north: 1, west: 0, east: 1 }', 'filter.box.south: south must not lie north of north'],
    ['box: { south: -91, north: 1, west: 0, east: 1 }', 'filter.box.south: must be from -90 to 90 degrees'],
    ['box: { south: 0, north: 1, west: 0, east: 181 }', 'filter.box.east: must be from -180 to 180 degrees'],
    [
      'near: { latitude: 0, longitude: 0, radiusKm: 0 }',
      'filter.near.radiusKm: must be more than 0 and at most 20016 km',
    ],
    ['near: { latitude: 0, longitude: 0, radiusKm: 20017 }', 'filter.near.radiusKm: must be more than 0'],
    ['minQuality: 1.1', 'filter.minQuality: must be from 0 to 1'],
    ['tag: ""', 'filter.tag: must have 1 to 100 characters, has 0'],
    [`text: "${'x'.repeat(1_001)}"`, 'filter.text: must have 1 to 1000 characters, has 1001'],
  ])('%s is refused', async (filter, message) => {
    expect(await names(user, filter)).toContain(message);
  });

  test('are listed, those with the most first, and each finds what was taken there', async () => {
    const owner = 'ivo';
    const city = (city: string) => ({ places: { city, country: 'Germany' } });
    const harbour = { latitude: 53.5461, longitude: 9.9661 };
    await storeInsight(app, owner, 'one', { ...harbour, dateTaken: new Date('2026-05-01T10:00:00Z') });
    await storeInsight(app, owner, 'two', { ...harbour, latitude: 53.5459, locationData: city('Hamburg') });
    await storeInsight(app, owner, 'three', { latitude: -89.999, longitude: -179.999 });
    await storeInsight(app, owner, 'elsewhere');
    const query = '{ mediaPlaces { latitude longitude name count latest square { south north west east } } }';
    const [first, second, ...others] = (await app.graphql(query, {}, owner)).data.mediaPlaces;
    expect(first).toMatchObject({ latitude: 53.55, longitude: 9.97, name: 'Hamburg, Germany', count: 2 });
    expect(first.latest).toBe('2026-05-01T10:00:00.000Z');
    expect(second).toMatchObject({ latitude: -90, longitude: -180, name: null, count: 1, latest: null });
    expect(others).toEqual([]);
    const within = ({ square: { south, north, west, east } }: typeof first) =>
      names(owner, `box: { south: ${south}, north: ${north}, west: ${west}, east: ${east} }`);
    expect(await within(first)).toEqual(['one', 'two']);
    expect(await within(second)).toEqual(['three']);
    expect((await app.graphql(query, {}, 'nobody')).data.mediaPlaces).toEqual([]);
  });

  test('a box around a circle has all of it, wherever that lies', () => {
    const radians = (degrees: number) => (degrees * Math.PI) / 180;
    for (const latitude of [-89, -45, 0, 30, 60, 89.9])
      for (const radiusKm of [0.1, 50, 900, 5_000]) {
        const box = boxAround({ latitude, longitude: 179.5, radiusKm });
        for (let bearing = 0; bearing < 360; bearing += 5) {
          const angle = (radiusKm / 6_371.0088) * 0.9999;
          const [from, turn] = [radians(latitude), radians(bearing)];
          const to = Math.asin(
            Math.sin(from) * Math.cos(angle) + Math.cos(from) * Math.sin(angle) * Math.cos(turn),
          );
          const east = Math.atan2(
            Math.sin(turn) * Math.sin(angle) * Math.cos(from),
            Math.cos(angle) - Math.sin(from) * Math.sin(to),
          );
          const longitude = ((179.5 + (east * 180) / Math.PI + 540) % 360) - 180;
          const isIn =
            box.west <= box.east
              ? longitude >= box.west && longitude <= box.east
              : longitude >= box.west || longitude <= box.east;
          expect([
            latitude,
            radiusKm,
            bearing,
            isIn && (to * 180) / Math.PI <= box.north && (to * 180) / Math.PI >= box.south,
          ]).toEqual([latitude, radiusKm, bearing, true]);
        }
      }
  });
});

test('a character is shown by the best of the caller’s pictures, all of a list by one statement', async () => {
  for (const characterName of ['Kai Nakamura', 'Mei', 'Yuki'])
    await app.graphql(
      'mutation ($input: CharacterInput!) { upsertCharacter(input: $input) { __typename ... on Error { message } } }',
      { input: { characterName, sourceFranchise: 'Echo Originals' } },
    );
  const isIn = (name: string) => ({ characterReferences: [{ name }] });
  await storeInsight(app, 'jo', 'blurred', { ...isIn('Kai Nakamura'), qualityScore: 0.2 });
  await storeInsight(app, 'jo', 'sharp', { ...isIn('Kai Nakamura'), qualityScore: 0.9 });
  await storeInsight(app, 'jo', 'gone', { ...isIn('Kai Nakamura'), qualityScore: 1, state: 'VANISHED' });
  await storeInsight(app, 'jo', 'other', { ...isIn('Mei'), qualityScore: 0.5 });
  const query = '{ characters(first: 50) { nodes { characterName portraitHash } } }';
  const portraits = async (user: string) => {
    const { data } = await app.graphql(query, {}, user);
    return Object.fromEntries(
      data.characters.nodes.map((node: { characterName: string; portraitHash: string | null }) => [
        node.characterName,
        node.portraitHash,
      ]),
    );
  };
  app.statements.length = 0;
  expect(await portraits('jo')).toMatchObject({
    'Kai Nakamura': hashNamed('sharp'),
    Mei: hashNamed('other'),
    Yuki: null,
  });
  expect(app.statements.filter((name) => name === 'portraits_of_characters')).toHaveLength(1);
  expect(await portraits('somebody')).toMatchObject({ 'Kai Nakamura': null, Mei: null });
});

describe('tags of persons', () => {
  const user = 'gil';
  const hash = hashNamed('tagged');
  const tag = (input: string, as = user) => mutate(`tagMedia(input: { fileHash: "${hash}", ${input} })`, as);
  const own = async () => {
    const { data } = await app.graphql(
      `{ mediaInsight(fileHash: "${hash}") { tags { name origin } } }`,
      {},
      user,
    );
    return data.mediaInsight.tags
      .filter(({ origin }: { origin: string }) => origin === 'PERSON')
      .map(({ name }: { name: string }) => name);
  };
  beforeAll(async () => {
    await storeInsight(app, user, 'tagged', { ruleTags: ['dark'], modelTags: ['dog'] });
  });

  test('are given and taken away, and found at once; those of rules and models stay', async () => {
    await tag('add: ["Holiday in Oslo", "cafe\u0301"]');
    expect(await own()).toEqual(['Holiday in Oslo', 'café']);
    expect(await names(user, 'text: "oslo"')).toEqual(['tagged']);
    expect(await names(user, 'tag: "holiday in OSLO"')).toEqual(['tagged']);
    // The same tag in another case stays as it is written.
    await tag('add: ["CAFÉ", "  x  "], remove: ["dark", "dog"]');
    expect(await own()).toEqual(['Holiday in Oslo', 'café', 'x']);
    const changed = await tag('remove: ["holiday IN oslo"], add: ["x"]');
    expect(changed.tags).toEqual([
      ...['café', 'x'].map((name) => ({ name, origin: 'PERSON' })),
      { name: 'dog', origin: 'MODEL' },
      { name: 'dark', origin: 'RULE' },
    ]);
    expect(await names(user, 'text: "oslo"')).toEqual([]);
    expect(await names(user, 'tag: "cafe"')).toEqual(['tagged']);
    const audited = await app.sql<{ action: string }>(
      "select action from echo_audit_log where action = 'media.change'",
    );
    expect(audited.length).toBeGreaterThan(2);
  });

  test.each<[string, string]>([
    ['add: [""]', 'add.0: must have 1 to 100 characters, has 0'],
    ['add: ["   "]', 'add.0: must have 1 to 100 characters, has 0'],
    [`add: ["${'é'.repeat(101)}"]`, 'add.0: must have 1 to 100 characters, has 101'],
    ['add: ["a\\nb"]', 'add.0: must not contain control characters'],
    ['add: ["a\\u0000b"]', 'add.0: must not contain the NUL character'],
    [`add: [${'"x",'.repeat(101)}]`, 'add: must have at most 100 tags'],
    ['add: []', 'input: names no tag in add or remove'],
  ])('refuse %s', async (input, message) => {
    const before = await own();
    expect(await tag(input)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message),
    });
    expect(await own()).toEqual(before);
  });

  test('are at most 100 of one insight', async () => {
    const some = (from: number, count: number) =>
      `add: [${Array.from({ length: count }, (_, at) => `"tag ${from + at}"`).join(',')}]`;
    await tag(some(0, 98));
    expect((await own()).length).toBe(100);
    expect(await tag(some(98, 1))).toMatchObject({
      message: 'add: an insight has at most 100 tags of persons, would have 101',
    });
    // One goes, one comes.
    await tag('remove: ["tag 0"], add: ["tag 98"]');
    expect((await own()).length).toBe(100);
  });

  test('that come at once are all kept', async () => {
    await storeInsight(app, user, 'busy');
    await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        mutate(`tagMedia(input: { fileHash: "${hashNamed('busy')}", add: ["t${at}"] })`, user),
      ),
    );
    const { data } = await app.graphql(
      `{ mediaInsight(fileHash: "${hashNamed('busy')}") { tags { name } } }`,
      {},
      user,
    );
    expect(data.mediaInsight.tags).toHaveLength(12);
  });

  test('are given by nobody else', async () => {
    for (const field of [
      `tagMedia(input: { fileHash: "${hash}", add: ["x"] })`,
      `markMediaLearned(fileHash: "${hash}", learned: true)`,
      `forgetMedia(fileHash: "${hash}")`,
    ]) {
      expect(await mutate(field, 'hal')).toEqual({
        code: 'NOT_FOUND',
        message: expect.stringContaining(`there is no insight of "${hash}"`),
      });
      expect(
        await mutate(
          field.replace(')', ', userId: "gil")').replace(' }, userId: "gil")', ', userId: "gil" })'),
          'hal',
        ),
      ).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(
      await mutate(`tagMedia(input: { fileHash: "${hash}", remove: ["tag 1"], userId: "gil" })`),
    ).toMatchObject({ fileHash: hash });
  });
});

test('what was learned is marked, and found by that', async () => {
  await storeInsight(app, 'ida', 'one');
  await storeInsight(app, 'ida', 'two');
  const mark = (learned: boolean) =>
    mutate(`markMediaLearned(fileHash: "${hashNamed('one')}", learned: ${learned})`, 'ida');
  expect(await mark(true)).toMatchObject({ learned: true });
  expect(await names('ida', 'learned: true')).toEqual(['one']);
  expect(await names('ida', 'learned: false')).toEqual(['two']);
  expect(await mark(false)).toMatchObject({ learned: false });
  expect(await names('ida', 'learned: true')).toEqual([]);
});

test('what is forgotten is gone with its thumbnails, and its files stay', async () => {
  const owner = { tenantId: 'default', userId: 'jon' };
  for (const name of ['gone', 'kept'])
    await storeInsight(app, 'jon', name, {
      perceptualHash: '0000ffff0000ffff',
      paths: [`/a/${name}`, `/b/${name}`],
    });
  await mkdir(thumbnailFolder(app.directory, owner), { recursive: true });
  for (const name of ['gone', 'kept'])
    for (const size of [256, 1024] as const)
      await writeFile(thumbnailPath(app.directory, owner, hashNamed(name), size), 'x');
  const { data } = await app.graphql(
    '{ mediaInsights { nodes { filePath thumbnailUrl large: thumbnailUrl(size: LARGE) } } }',
    {},
    'jon',
  );
  expect(data.mediaInsights.nodes[0]).toMatchObject({
    thumbnailUrl: `/media/${hashNamed('kept')}/256.webp`,
    large: `/media/${hashNamed('kept')}/1024.webp`,
  });
  expect(await mutate(`forgetMedia(fileHash: "${hashNamed('gone')}")`, 'jon')).toMatchObject({
    fileHash: hashNamed('gone'),
  });
  expect(await names('jon', '')).toEqual(['kept']);
  expect(await app.sql("select shown_path from echo_media_files where user_id = 'jon' order by 1")).toEqual([
    { shown_path: '/a/kept' },
    { shown_path: '/b/kept' },
  ]);
  expect(await app.sql("select 1 from echo_media_pairs where user_id = 'jon'")).toEqual([]);
  expect((await readdir(thumbnailFolder(app.directory, owner))).sort()).toEqual(
    [`${hashNamed('kept')}-1024.webp`, `${hashNamed('kept')}-256.webp`].sort(),
  );
  expect(await mutate(`forgetMedia(fileHash: "${hashNamed('gone')}")`, 'jon')).toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(await app.sql("select action from echo_audit_log where action = 'media.forget'")).toHaveLength(1);
});

test('figures say how much there is, here and to programs of the older service', async () => {
  await storeInsight(app, 'kim', 'a', {
    ...at('2024-01-01'),
    fileSize: 10,
    perceptualHash: '123456789abcdef0',
    paths: ['/a', '/b', '/c'],
  });
  await storeInsight(app, 'kim', 'b', {
    fileSize: 5,
    perceptualHash: '123456789abcdef1',
    learnedByEcho: true,
    dateIndexed: new Date('2020-01-01'),
  });
  await storeInsight(app, 'kim', 'c', {
    mediaType: 'video/mp4',
    fileSize: 7,
    state: 'VANISHED',
    paths: [],
    latitude: 1,
    longitude: 1,
  });
  await storeInsight(app, 'kim', 'd', {
    state: 'BROKEN',
    analysisProblem: 'cut short',
    fileSize: null,
    paths: [],
  });
  const fields = `total learned last24Hours present vanished broken bytes byType { mediaType count bytes } withDate withLocation
    problems unreadableFiles copies nearDuplicates`;
  const stats = {
    ...{ total: 4, learned: 1, last24Hours: 3, present: 2, vanished: 1, broken: 1, bytes: 22 },
    byType: [
      { mediaType: 'image/jpeg', count: 3, bytes: 15 },
      { mediaType: 'video/mp4', count: 1, bytes: 7 },
    ],
    ...{ withDate: 1, withLocation: 1, problems: 1, unreadableFiles: 0, copies: 2, nearDuplicates: 1 },
  };
  const { data } = await app.graphql(`{ mediaStats { ${fields} } }`, {}, 'kim');
  expect(data.mediaStats).toEqual(stats);
  expect((await app.graphql(`{ mediaStats(userId: "kim") { ${fields} } }`)).data.mediaStats).toEqual(stats);
  expect(
    (await app.graphql('{ mediaStats { total byType { count } } }', {}, 'nobody')).data.mediaStats,
  ).toEqual({ total: 0, byType: [] });
  const rest = async (search: string, user?: string) => {
    const response = await fetch(`${app.url}/api/echo/media/insights${search}`, {
      headers: user ? { 'x-test-user': user } : {},
    });
    return { status: response.status, body: (await response.json()) as object };
  };
  const older = { total_insights: 4, echo_learned: 1, recent_insights: 3, timestamp: expect.any(String) };
  expect(await rest('', 'kim')).toEqual({ status: 200, body: older });
  expect(await rest('?user_id=kim')).toEqual({ status: 200, body: older });
  expect((await rest('?user_id=kim', 'lea')).status).toBe(403);
  expect((await rest('', 'lea')).body).toMatchObject({ total_insights: 0 });
});

describe('an export', () => {
  test('has all that is known, and comes back byte by byte on another server', async () => {
    await storeInsight(app, 'mia', 'x', {
      ...{
        ...at('2024-05-01'),
        perceptualHash: 'fedcba9876543210',
        tags: ['ä', 'b'],
        ruleTags: ['dark'],
        learnedByEcho: true,
      },
      ...{
        visualAnalysis: { model: { text: 'a "quoted" \\u0000 text' } },
        colorPalette: [{ name: 'red', hex: '#f00000', share: 0.1 }],
      },
      ...{
        latitude: 1.25,
        longitude: -2.5,
        qualityScore: 0.1,
        analysisConfidence: 0.7,
        fileSize: 5_000_000_000,
      },
    });
    await storeInsight(app, 'mia', 'y', { perceptualHash: 'fedcba9876543211', state: 'VANISHED', paths: [] });
    const lines = await exportedLines(app, 'mia');
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['mediaInsight', 'mediaInsight']);
    const other = await startTestApp();
    try {
      await restored(other, 'mia', lines);
      expect(await exportedLines(other, 'mia')).toEqual(lines);
      // Again changes nothing.
      await restored(other, 'mia', lines);
      expect(await exportedLines(other, 'mia')).toEqual(lines);
      const { data } = await other.graphql(
        '{ mediaInsights(filter: { text: "red dark 2024-05" }) { nodes { nearDuplicates { distance } } } }',
        {},
        'mia',
      );
      expect(data.mediaInsights.nodes).toEqual([{ nearDuplicates: [] }]);
      expect(await other.sql('select distance from echo_media_pairs')).toEqual([{ distance: 1 }]);
      for (const [field, value, message] of [
        ['fileHash', '../x', 'must be a SHA-256'],
        ['perceptualHash', 'xyz', 'must have 16 hexadecimal digits'],
        ['latitude', 91, 'lines.0.latitude'],
        ['visualAnalysis', { a: 'b\0' }, 'must not contain U+0000'],
        ['userId', 'eve', 'an export goes back to the user'],
      ] as const)
        await expect(
          restored(other, 'mia', [JSON.stringify({ ...JSON.parse(lines[0] ?? ''), [field]: value })]),
        ).rejects.toThrow(message);
    } finally {
      await other.close();
    }
  });
});

test('an erasure takes the rows and the thumbnails of its user, and of nobody else', async () => {
  const [mine, theirs] = [
    { tenantId: 'default', userId: 'nia' },
    { tenantId: 'default', userId: 'ole' },
  ];
  for (const owner of [mine, theirs]) {
    await storeInsight(app, owner.userId, 'same', { perceptualHash: 'aaaaaaaaaaaaaaaa' });
    await storeInsight(app, owner.userId, 'like', { perceptualHash: 'aaaaaaaaaaaaaaab' });
    await mkdir(thumbnailFolder(app.directory, owner), { recursive: true });
    await writeFile(thumbnailPath(app.directory, owner, hashNamed('same'), 256), 'x');
  }
  const { data, errors } = await app.graphql(
    'mutation { eraseUser(userId: "nia", confirm: "nia") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
  );
  expect(errors).toBeUndefined();
  expect(data.eraseUser.receipt).toMatchObject({ erased: { media: 2 }, left: { media: 0 } });
  const left = async (table: string) =>
    (
      await app.sql<{ user_id: string }>(
        `select distinct user_id from ${table} where user_id in ('nia', 'ole')`,
      )
    ).map((row) => row.user_id);
  for (const table of ['echo_media_insights', 'echo_media_files', 'echo_media_pairs'])
    expect([table, await left(table)]).toEqual([table, ['ole']]);
  expect(existsSync(thumbnailFolder(app.directory, mine))).toBe(false);
  expect(existsSync(thumbnailPath(app.directory, theirs, hashNamed('same'), 256))).toBe(true);
});
