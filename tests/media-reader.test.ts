import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { MediaFacts, MediaReader, Reading } from '../src/media/facts.ts';
import { type MediaReaderOptions, openMediaReader } from '../src/media/reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'media-reader-'));
const root = join(folder, 'root');
const thumbnails = join(folder, 'thumbnails');
const never = new AbortController().signal;
const readers: MediaReader[] = [];

mkdirSync(root);
function open(options: Partial<MediaReaderOptions> = {}): MediaReader {
  const log = { debug: () => undefined };
  const none = join(folder, 'no-program');
  const reader = openMediaReader({
    concurrency: 1,
    fileTimeoutMs: 60_000,
    maxPixels: 20_000_000,
    ffprobe: none,
    ffmpeg: none,
    log,
    ...options,
  });
  readers.push(reader);
  return reader;
}

let reader: MediaReader;
beforeAll(() => {
  reader = open();
});
afterAll(async () => {
  await Promise.all(readers.map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

const read = (path: Buffer | string, by = reader): Promise<Reading> =>
  by.read(Buffer.from(path), { roots: [root], thumbnails }, never);
async function factsOf(name: string, bytes: Buffer | Sharp | string, by = reader): Promise<MediaFacts> {
  const path = join(root, name);
  writeFileSync(path, typeof bytes === 'string' || Buffer.isBuffer(bytes) ? bytes : await bytes.toBuffer());
  const reading = await read(path, by);
  if (reading.outcome !== 'media') throw new Error(JSON.stringify(reading, (_, v) => `${v}`));
  return reading.facts;
}

/** A picture with things in it: coloured boxes on a gradient, always the same for the same seed. */
function scene(width: number, height: number, seed = 1): Sharp {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const boxes = Array.from({ length: 14 }, () => {
    const [x, y, w, h] = [random() * 90, random() * 90, 8 + random() * 35, 8 + random() * 35];
    const color = `hsl(${Math.floor(random() * 360)},${Math.floor(random() * 90)}%,${Math.floor(random() * 90)}%)`;
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${color}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 100 100" preserveAspectRatio="none"><rect width="100" height="100" fill="#7a8f6a"/>${boxes.join('')}</svg>`;
  return sharp(Buffer.from(svg)).flatten();
}
const plain = (color: string, width = 40, height = 30) =>
  sharp({ create: { width, height, channels: 3, background: color } });
const xmp = (fields: string) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">${fields}</rdf:Description></rdf:RDF></x:xmpmeta>`;

/** Processes of this one's that read media files, with the machine's own means. */
function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isOurs =
          readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === `${process.pid}`;
        return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('media/child.ts');
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A program of the name, made of a shell script. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
/** What makes a file a video for those who look at its content. */
const MP4 = Buffer.concat([
  Buffer.from([0, 0, 0, 24]),
  Buffer.from('ftypisom\0\0\x02\0isommp41'),
  Buffer.alloc(99),
]);

describe('what is read of an image', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('%s', async (format) => {
    const bytes = await scene(300, 200).toFormat(format).toBuffer();
    const path = join(root, `scene.${format}`);
    writeFileSync(path, bytes);
    const reading = await read(path);
    expect(reading).toMatchObject({
      outcome: 'media',
      fileHash: createHash('sha256').update(bytes).digest('hex'),
      stat: { size: bytes.length },
      facts: {
        kind: 'image',
        mediaType: `image/${format}`,
        width: 300,
        height: 200,
        isBroken: false,
        method: 'sharp',
      },
    });
    const { facts } = reading as { facts: MediaFacts };
    expect(facts.problem).toBeNull();
    expect(facts.features?.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    expect(facts.thumbnails).toEqual([256, 1024]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'orientation %i is applied, once, to size and thumbnails',
    async (orientation) => {
      const facts = await factsOf(
        `turned-${orientation}.jpg`,
        scene(300, 200).withMetadata({ orientation }).jpeg(),
      );
      const isTurned = orientation > 4;
      expect([facts.width, facts.height]).toEqual(isTurned ? [200, 300] : [300, 200]);
      const { fileHash } = (await read(join(root, `turned-${orientation}.jpg`))) as { fileHash: string };
      const thumbnail = await sharp(join(thumbnails, `${fileHash}-256.webp`)).metadata();
      expect([thumbnail.width, thumbnail.height]).toEqual(isTurned ? [171, 256] : [256, 171]);
      expect([thumbnail.exif, thumbnail.orientation]).toEqual([undefined, undefined]);
    },
  );

  test('thumbnails are never larger than the picture, and nothing is left of writing them', async () => {
    await factsOf('small.png', plain('#336699').png());
    const { fileHash } = (await read(join(root, 'small.png'))) as { fileHash: string };
    for (const size of [256, 1024]) {
      const { width, height } = await sharp(join(thumbnails, `${fileHash}-${size}.webp`)).metadata();
      expect([width, height]).toEqual([40, 30]);
    }
    expect(readdirSync(thumbnails).filter((name) => !name.endsWith('.webp'))).toEqual([]);
    const jpeg = await reader.jpeg(join(thumbnails, `${fileHash}-256.webp`), 20, never);
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 20, height: 15 });
  });

  test('a disk that takes no thumbnails costs the thumbnails only', async () => {
    writeFileSync(join(folder, 'no-folder'), '');
    const path = join(root, 'no-thumbnails.jpg');
    writeFileSync(path, await scene(100, 80).jpeg().toBuffer());
    const place = { roots: [root], thumbnails: join(folder, 'no-folder') };
    expect(await reader.read(Buffer.from(path), place, never)).toMatchObject({
      outcome: 'media',
      facts: {
        thumbnails: [],
        isBroken: false,
        problem: expect.stringContaining('thumbnails could not be written'),
      },
    });
  });

  test('CMYK, 16 bits, grey, transparent and animated pictures', async () => {
    const kinds = {
      'cmyk.jpg': scene(90, 60).toColourspace('cmyk').jpeg(),
      'deep.png': scene(90, 60).toColourspace('rgb16').png(),
      'grey.jpg': scene(90, 60).toColourspace('b-w').jpeg(),
      'clear.png': scene(90, 60).ensureAlpha(0.5).png(),
    };
    for (const [name, picture] of Object.entries(kinds)) {
      expect(await factsOf(name, picture)).toMatchObject({
        width: 90,
        height: 60,
        isBroken: false,
        problem: null,
      });
    }
    const pages = await Promise.all([1, 2, 3].map((seed) => scene(90, 60, seed).png().toBuffer()));
    const animated = sharp(pages, { join: { animated: true } }).gif({ delay: [100, 200, 300] });
    expect(await factsOf('moving.gif', animated)).toMatchObject({
      width: 90,
      height: 60,
      durationSeconds: 0.6,
    });
  });

  test('a bitmap, and one that is cut short', async () => {
    const bitmap = Buffer.alloc(54 + 8 * 4 * 3, 200);
    bitmap.fill(0, 0, 54).write('BM');
    bitmap.writeUInt32LE(bitmap.length, 2);
    for (const [at, value] of [
      [10, 54],
      [14, 40],
      [18, 8],
      [22, 4],
    ] as const)
      bitmap.writeUInt32LE(value, at);
    bitmap.writeUInt16LE(1, 26);
    bitmap.writeUInt16LE(24, 28);
    expect(await factsOf('old.bmp', bitmap)).toMatchObject({
      mediaType: 'image/bmp',
      width: 8,
      height: 4,
      method: 'bmp-ts',
      features: { perceptualHash: null, palette: [{ name: 'grey', share: 1 }] },
    });
    expect(await factsOf('cut.bmp', bitmap.subarray(0, 60))).toMatchObject({ width: 8, isBroken: true });
  });

  test('what lies behind the end of a JPEG does not matter, what is missing before it does', async () => {
    const bytes = await scene(300, 200).jpeg().toBuffer();
    const longer = Buffer.concat([bytes, Buffer.from('PK\u0003\u0004 an archive'.repeat(50))]);
    expect(await factsOf('longer.jpg', longer)).toMatchObject({ isBroken: false, width: 300 });
    expect(await factsOf('half.jpg', bytes.subarray(0, bytes.length / 2))).toMatchObject({
      isBroken: true,
      width: 300,
      height: 200,
      features: null,
      thumbnails: [],
      problem: expect.stringContaining("can't be decoded"),
    });
    const tiff = await scene(300, 200).tiff().toBuffer();
    expect(await factsOf('half.tif', tiff.subarray(0, tiff.length / 2))).toMatchObject({
      isBroken: true,
      mediaType: 'image/tiff',
    });
  });
});

describe('what kind of file it is', () => {
  test('is told by content, not by name', async () => {
    const png = await scene(60, 40).png().toBuffer();
    expect(await factsOf('really-a-png.jpg', png)).toMatchObject({ mediaType: 'image/png', isBroken: false });
    expect(await factsOf('no extension', png)).toMatchObject({ mediaType: 'image/png', isBroken: false });
  });

  test.each([
    ['notes.txt', 'only words'],
    ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    [
      'entities.svg',
      '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg>&e;</svg>',
    ],
    ['paper.pdf', '%PDF-1.7\n'],
    ['empty', ''],
  ])('%s is no media', async (name, text) => {
    writeFileSync(join(root, name), text);
    expect(await read(join(root, name))).toMatchObject({ outcome: 'other' });
  });

  test.each([
    ['empty.jpg', '', 'it is empty'],
    ['words.jpg', 'only words', 'it is no image'],
    ['page.png', '<!DOCTYPE html><p>', 'it is no image'],
    ['drawing.png', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'it is no image'],
    ['list.mp4', '#EXTM3U\nfile:///etc/passwd\n', 'it is no video'],
  ])('%s is a broken one', async (name, text, problem) => {
    expect(await factsOf(name, text)).toMatchObject({
      isBroken: true,
      width: null,
      features: null,
      problem: expect.stringContaining(problem),
    });
  });

  test('HEIF without a readable box is broken', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 0, 0, 24]),
      Buffer.from('ftypheic\0\0\0\0mif1heic\0\0\0\x05meta'),
    ]);
    expect(await factsOf('broken.heic', bytes)).toMatchObject({ mediaType: 'image/heic', isBroken: true });
  });

  test('JPEG 2000 and Photoshop files have their size', async () => {
    const size = Buffer.alloc(8);
    size.writeUInt32BE(409, 0);
    size.writeUInt32BE(300, 4);
    const jp2 = [
      Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220000000006a7032200000002d6a703268', 'hex'),
    ];
    jp2.push(Buffer.from('\0\0\0\x16ihdr'), size, Buffer.alloc(40));
    expect(await factsOf('old.jp2', Buffer.concat(jp2))).toMatchObject({
      width: 300,
      height: 409,
      features: null,
    });
    const psd = Buffer.concat([Buffer.from('8BPS\0\x01\0\0\0\0\0\0\0\x03'), size, Buffer.alloc(40)]);
    expect(await factsOf('layers.psd', psd)).toMatchObject({
      width: 300,
      height: 409,
      isBroken: false,
      problem: expect.stringContaining('not decoded'),
    });
  });
});

/** A PNG that says it is large. */
function claim(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 1], 8);
  const parts = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(9_999))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

test('pictures beyond the limit of pixels are recorded with their size, and not decoded', async () => {
  const gif = await plain('#ff0000').gif().toBuffer();
  gif.writeUInt16LE(65_535, 6);
  gif.writeUInt16LE(65_535, 8);
  const bitmap = Buffer.alloc(60);
  bitmap.write('BM');
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, 40_000],
    [22, 40_000],
  ] as const)
    bitmap.writeUInt32LE(value, at);
  const bombs = {
    'bomb.png': [claim(50_000, 50_000), 50_000],
    'bomb.gif': [gif, 65_535],
    'bomb.bmp': [bitmap, 40_000],
  };
  for (const [name, [bytes, side]] of Object.entries(bombs) as [string, [Buffer, number]][]) {
    expect(await factsOf(name, bytes)).toMatchObject({
      width: side,
      height: side,
      isBroken: false,
      features: null,
      method: 'header only',
      problem: expect.stringContaining(`${side} × ${side} pixels`),
    });
  }
});

describe('when it was taken', () => {
  const dated = (name: string, ifd2: Record<string, string>, ifd0: Record<string, string> = {}) =>
    factsOf(name, plain('#808080').jpeg().withExif({ IFD0: ifd0, IFD2: ifd2 })).then(({ taken }) => taken);

  test('original, with the decimals and the offset of its own', async () => {
    const fields = {
      DateTimeOriginal: '2024:05:01 12:30:00',
      SubSecTimeOriginal: '25',
      OffsetTimeOriginal: '-03:30',
    };
    expect(await dated('original.jpg', { ...fields, DateTimeDigitized: '2020:01:01 00:00:01' })).toEqual({
      local: '2024-05-01T12:30:00.25',
      offset: '-03:30',
      source: 'EXIF DateTimeOriginal',
    });
  });

  test.each([
    '0000:00:00 00:00:00',
    '    :  :     :  :  ',
    '2023:02:29 10:00:00',
    '2024:13:01 10:00:00',
    '2024:05:01 24:00:00',
    '2024:05:01 10:60:00',
    'NaN:NaN:NaN',
    '0001:01:01 00:00:00',
  ])('"%s" is no date; digitized is taken instead, or none', async (text) => {
    expect(await dated('no-date.jpg', { DateTimeOriginal: text })).toBeNull();
    expect(
      await dated('digitized.jpg', { DateTimeOriginal: text, DateTimeDigitized: '1923:06:01 12:00:00' }),
    ).toEqual({
      local: '1923-06-01T12:00:00',
      offset: null,
      source: 'EXIF DateTimeDigitized',
    });
  });

  test.each(['99:99', '+25:00', '+0a:00', '+05:75', ' '])('"%s" is no offset', async (OffsetTimeOriginal) => {
    const taken = await dated('no-offset.jpg', {
      DateTimeOriginal: '2024:05:01 12:30:00',
      OffsetTimeOriginal,
    });
    expect(taken).toMatchObject({ local: '2024-05-01T12:30:00', offset: null });
  });

  test('the offset without a name counts only where it is that of the same clock', async () => {
    const taken = '2024:05:01 12:30:00';
    const zone = { OffsetTime: '+02:00', DateTimeOriginal: taken };
    expect(await dated('same.jpg', zone, { DateTime: taken })).toMatchObject({ offset: '+02:00' });
    expect(await dated('edited.jpg', zone, { DateTime: '2024:06:01 12:30:00' })).toMatchObject({
      offset: null,
    });
  });

  test('a date of changing is none; XMP is asked after EXIF', async () => {
    expect(await dated('changed.jpg', {}, { DateTime: '2024:05:01 12:30:00' })).toBeNull();
    const withXmp = plain('#808080')
      .jpeg()
      .withXmp(xmp('<xmp:CreateDate>2021-01-02T03:04:05.5+01:00</xmp:CreateDate>'));
    expect((await factsOf('xmp.jpg', withXmp)).taken).toEqual({
      local: '2021-01-02T03:04:05.5',
      offset: '+01:00',
      source: 'XMP CreateDate',
    });
    const day = plain('#808080')
      .jpeg()
      .withXmp(xmp('<photoshop:DateCreated>2021-01-02</photoshop:DateCreated>'));
    expect((await factsOf('day.jpg', day)).taken).toEqual({
      local: '2021-01-02T00:00:00',
      offset: null,
      source: 'XMP DateCreated (day only)',
    });
  });

  test.each(['png', 'webp', 'avif'] as const)('EXIF in %s', async (format) => {
    const exif = { IFD0: { Make: 'Samsung' }, IFD2: { DateTimeOriginal: '2024:05:01 12:30:00' } };
    expect(await factsOf(`exif.${format}`, plain('#808080').toFormat(format).withExif(exif))).toMatchObject({
      taken: { local: '2024-05-01T12:30:00' },
      camera: { make: 'Samsung' },
    });
  });

  test('EXIF in a text profile of a PNG', async () => {
    const jpeg = await plain('#808080')
      .jpeg()
      .withExif({ IFD2: { DateTimeOriginal: '2024:05:01 12:30:00' } })
      .toBuffer();
    const exif = (await sharp(jpeg).metadata()).exif ?? Buffer.alloc(0);
    const text = `Raw profile type exif\0\nexif\n${String(exif.length).padStart(8)}\n${exif.toString('hex')}\n`;
    const body = Buffer.from(`tEXt${text}`, 'latin1');
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length - 4);
    check.writeUInt32BE(crc32(body));
    const png = await plain('#808080').png().toBuffer();
    const bytes = Buffer.concat([png.subarray(0, 33), length, body, check, png.subarray(33)]);
    expect((await factsOf('profile.png', bytes)).taken).toMatchObject({ local: '2024-05-01T12:30:00' });
  });

  test('a file beside it says what it does not say itself', async () => {
    const beside =
      '<exif:DateTimeOriginal>2019-09-09T09:09:09</exif:DateTimeOriginal><dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>';
    writeFileSync(join(root, 'beside.jpg.xmp'), xmp(beside));
    const dated = { IFD2: { DateTimeOriginal: '2024:05:01 12:30:00' } };
    expect(await factsOf('beside.jpg', plain('#808080').jpeg())).toMatchObject({
      taken: { local: '2019-09-09T09:09:09', source: 'XMP DateTimeOriginal' },
      words: { keywords: ['sea'] },
    });
    expect(await factsOf('beside.jpg', plain('#808080').jpeg().withExif(dated))).toMatchObject({
      taken: { local: '2024-05-01T12:30:00' },
      words: { keywords: ['sea'] },
    });
    for (const start of [
      '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>',
      '<?xml version="1.0"?>\n',
    ]) {
      writeFileSync(join(root, 'beside.jpg.xmp'), start + xmp(beside));
      const { taken } = await factsOf('beside.jpg', plain('#808080').jpeg());
      expect(taken).toMatchObject({ local: '2019-09-09T09:09:09' });
    }
    writeFileSync(join(root, 'short.xmp'), xmp(beside));
    expect((await factsOf('short.jpg', plain('#808080').jpeg())).taken).toBeNull();
  });

  test('IPTC says a day and a time in fields of their own, after XMP', async () => {
    const field = (number: number, text: string) =>
      Buffer.concat([Buffer.from([0x1c, 2, number, 0, text.length]), Buffer.from(text)]);
    const withIptc = async (jpeg: Sharp, ...fields: Buffer[]) => {
      const bytes = await jpeg.toBuffer();
      const body = Buffer.concat(fields);
      const [length, size] = [Buffer.alloc(2), Buffer.alloc(4)];
      size.writeUInt32BE(body.length);
      const pad = Buffer.alloc(body.length % 2);
      const start = Buffer.from('Photoshop 3.0\x008BIM\x04\x04\0\0', 'latin1');
      const data = Buffer.concat([start, size, body, pad]);
      length.writeUInt16BE(data.length + 2);
      return Buffer.concat([
        bytes.subarray(0, 2),
        Buffer.from([0xff, 0xed]),
        length,
        data,
        bytes.subarray(2),
      ]);
    };
    const day = field(55, '20240501');
    const takenWith = async (...fields: Buffer[]) =>
      (await factsOf('iptc.jpg', await withIptc(plain('#808080').jpeg(), ...fields))).taken;
    const source = 'IPTC DateCreated';
    expect(await takenWith(day, field(60, '123000+0200'))).toEqual({
      ...{ local: '2024-05-01T12:30:00', offset: '+02:00', source },
    });
    expect(await takenWith(day, field(60, '123000'))).toMatchObject({
      local: '2024-05-01T12:30:00',
      offset: null,
    });
    for (const other of [day, Buffer.concat([day, field(60, 'noon')])])
      expect(await takenWith(other)).toMatchObject({
        ...{ local: '2024-05-01T00:00:00', source: `${source} (day only)` },
      });
    for (const none of [field(55, '00000000'), field(55, '20240230'), field(60, '123000')])
      expect(await takenWith(none)).toBeNull();
    const both = plain('#808080').jpeg().withXmp(xmp('<xmp:CreateDate>2021-01-02T03:04:05</xmp:CreateDate>'));
    expect((await factsOf('both.jpg', await withIptc(both, day))).taken).toMatchObject({
      source: 'XMP CreateDate',
    });
  });

  const takeout = (more: object) =>
    JSON.stringify({ photoTakenTime: { timestamp: '1563198005', formatted: 'Jul 15, 2019' }, ...more });
  const long = 'a_very_long_name_of_a_photograph_from_the_lake_20.jpg';

  test.each([
    ['old.jpg', 'old.jpg.json'],
    ['new.jpg', 'new.jpg.supplemental-metadata.json'],
    ['MVIMG_20200207_134534~2.jpg', 'MVIMG_20200207_134534~2.jpg.supplemental-metad.json'],
    ['a_name_of_one_and_forty_characters_20.jpg', 'a_name_of_one_and_forty_characters_20.jpg.supp.json'],
    ['twice(1).jpg', 'twice.jpg(1).json'],
    ['Scan35(12).jpg', 'Scan35.jpg.supplemental-metadata(12).json'],
    ['own(1).jpg', 'own(1).jpg.json'],
    ['été.jpg', 'été.jpg.supplemental-metadata.json'],
    [long, `${long.slice(0, 46)}.json`],
  ])('of %s Takeout may say it in %s', async (name, sidecar) => {
    writeFileSync(join(root, sidecar), takeout({ title: name }));
    expect((await factsOf(name, plain('#808080').jpeg())).taken).toEqual({
      ...{ local: '2019-07-15T13:40:05', offset: '+00:00', source: 'Takeout photoTakenTime' },
    });
  });

  test('of Takeout the place and the words are taken, and what the file says itself goes first', async () => {
    const geoData = { latitude: 59.33, longitude: 18.06, altitude: 0 };
    writeFileSync(join(root, 'said.jpg.json'), takeout({ geoData, description: 'By the lake\0' }));
    expect(await factsOf('said.jpg', plain('#808080').jpeg())).toMatchObject({
      ...{
        location: { latitude: 59.33, longitude: 18.06, altitude: null },
        words: { caption: 'By the lake' },
      },
    });
    const dated = plain('#808080')
      .jpeg()
      .withExif({ IFD2: { DateTimeOriginal: '2024:05:01 12:30:00' } });
    expect((await factsOf('said.jpg', dated)).taken).toMatchObject({ source: 'EXIF DateTimeOriginal' });
    writeFileSync(join(root, 'said.jpg.xmp'), xmp('<xmp:CreateDate>2021-01-02T03:04:05</xmp:CreateDate>'));
    const { taken, location } = await factsOf('said.jpg', plain('#808080').jpeg());
    expect([taken?.source, location?.latitude]).toEqual(['XMP CreateDate', 59.33]);
  });

  test.each<[string, string]>([
    ['of another program', '{"taken":"2019-07-15"}'],
    ['of a list', '[{"photoTakenTime":{"timestamp":"1563198005"}}]'],
    ['of wrong types', '{"photoTakenTime":["1563198005"],"geoData":7}'],
    [
      'of wrong values',
      takeout({ photoTakenTime: { timestamp: '99999999999999999999' }, geoData: { latitude: 'x' } }),
    ],
    ['of no time', takeout({ photoTakenTime: { timestamp: '0' }, geoData: { latitude: 0, longitude: 0 } })],
    ['of a time before photographs', takeout({ photoTakenTime: { timestamp: '-9999999999' } })],
    ['that is broken', takeout({}).slice(0, -3)],
    ['that is deep', '['.repeat(500_000)],
    ['that is large', takeout({ description: 'x'.repeat(2 ** 20) })],
  ])('a JSON file beside it %s says nothing', async (_what, text) => {
    writeFileSync(join(root, 'none.jpg.json'), text);
    const facts = await factsOf('none.jpg', plain('#808080').jpeg());
    expect(facts).toMatchObject({ taken: null, location: null, isBroken: false, problem: null });
  });

  test('a JSON file whose name was cut says nothing of another photo of which it could be', async () => {
    writeFileSync(
      join(root, `${long.slice(0, 46)}.json`),
      takeout({ title: long.replace('20.jpg', '21.jpg') }),
    );
    expect((await factsOf(long, plain('#808080').jpeg())).taken).toBeNull();
  });
});

describe('where and with what it was taken', () => {
  const placed = (IFD3: Record<string, string>) =>
    factsOf('placed.jpg', plain('#808080').jpeg().withExif({ IFD3 })).then(({ location }) => location);
  const sydney = { GPSLatitude: '33/1 51/1 24/1', GPSLongitude: '151/1 12/1 54/1' };

  test('decimal degrees with the signs of their halves', async () => {
    const place = await placed({
      ...sydney,
      GPSLatitudeRef: 'S',
      GPSLongitudeRef: 'E',
    });
    expect(place?.latitude).toBeCloseTo(-33.856667, 5);
    expect(place?.longitude).toBeCloseTo(151.215, 5);
    const fields =
      '<exif:GPSLatitude>33,51.4S</exif:GPSLatitude><exif:GPSLongitude>151,12,54E</exif:GPSLongitude><exif:GPSAltitude>43/1</exif:GPSAltitude><exif:GPSAltitudeRef>1</exif:GPSAltitudeRef>';
    const { location } = await factsOf('placed-xmp.jpg', plain('#808080').jpeg().withXmp(xmp(fields)));
    expect(location?.latitude).toBeCloseTo(-33.856667, 5);
    expect(location?.longitude).toBeCloseTo(151.215, 5);
    expect(location?.altitude).toBe(-43);
  });

  test.each([
    ['without halves', sydney],
    [
      'at zero',
      { GPSLatitude: '0/1 0/1 0/1', GPSLongitude: '0/1 0/1 0/1', GPSLatitudeRef: 'N', GPSLongitudeRef: 'E' },
    ],
    [
      'beyond a pole',
      { ...sydney, GPSLatitude: '123/1 30/1 0/1', GPSLatitudeRef: 'N', GPSLongitudeRef: 'E' },
    ],
    [
      'beyond the date line',
      { ...sydney, GPSLongitude: '200/1 15/1 0/1', GPSLatitudeRef: 'N', GPSLongitudeRef: 'E' },
    ],
    ['divided by zero', { ...sydney, GPSLatitude: '0/0 0/0 0/0', GPSLatitudeRef: 'N', GPSLongitudeRef: 'E' }],
  ])('no place: %s', async (_name, fields) => expect(await placed(fields)).toBeNull());

  test('camera without padding, lens, exposure, words, names of places', async () => {
    const exif = {
      IFD0: { Make: 'NIKON   ', Model: '   ', ImageDescription: 'At the lake' },
      IFD2: {
        ExposureTime: '1/250',
        FNumber: '28/10',
        ISOSpeedRatings: '400',
        FocalLength: '50/1',
        Flash: '16',
      },
    };
    const fields =
      '<photoshop:City>Köln</photoshop:City><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Lake</rdf:li></rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li>boat</rdf:li></rdf:Bag></dc:subject>';
    expect(
      await factsOf('camera.jpg', plain('#808080').jpeg().withExif(exif).withXmp(xmp(fields))),
    ).toMatchObject({
      camera: {
        make: 'NIKON',
        model: null,
        exposureSeconds: 0.004,
        fNumber: 2.8,
        iso: 400,
        focalLength: 50,
        flash: false,
      },
      words: { title: 'Lake', caption: 'At the lake', keywords: ['lake', 'boat'] },
      placeNames: { city: 'Köln' },
    });
    expect(await factsOf('nothing.jpg', plain('#808080').jpeg())).toMatchObject({
      camera: null,
      location: null,
      placeNames: null,
      words: { title: null, caption: null, keywords: [] },
    });
  });
});

describe('what is measured of pixels', () => {
  const distance = (a: MediaFacts, b: MediaFacts) => {
    const [left, right] = [a, b].map(({ features }) => BigInt(`0x${features?.perceptualHash}`));
    return ((left ?? 0n) ^ (right ?? 0n)).toString(2).replaceAll('0', '').length;
  };

  test('copies are near, other pictures are far, flat ones are not compared', async () => {
    const original = await factsOf('original.png', scene(800, 600).png());
    const source = await scene(800, 600).png().toBuffer();
    const copies = {
      resized: sharp(source).resize(320).webp(),
      recompressed: sharp(source).jpeg({ quality: 40 }),
      cropped: sharp(source).extract({ left: 20, top: 15, width: 760, height: 570 }).jpeg(),
      brighter: sharp(source).modulate({ brightness: 1.25 }).jpeg(),
      grey: sharp(source).greyscale().jpeg(),
    };
    for (const [name, copy] of Object.entries(copies)) {
      expect([name, distance(original, await factsOf(`${name}.jpg`, copy)) <= 8]).toEqual([name, true]);
    }
    for (const seed of [2, 3, 4, 5]) {
      expect(
        distance(original, await factsOf(`other-${seed}.png`, scene(800, 600, seed).png())),
      ).toBeGreaterThan(8);
    }
    expect((await factsOf('flat.png', plain('#123456').png())).features?.perceptualHash).toBeNull();
  });

  test.each([
    ['#e01010', 'red'],
    ['#ff8c00', 'orange'],
    ['#ffd700', 'gold'],
    ['#ffff20', 'yellow'],
    ['#209020', 'green'],
    ['#008080', 'teal'],
    ['#1040e0', 'blue'],
    ['#800080', 'purple'],
    ['#ffb0c8', 'pink'],
    ['#7b4a1e', 'brown'],
    ['#f0e0b8', 'beige'],
    ['#0a0a0a', 'black'],
    ['#808080', 'grey'],
    ['#fafafa', 'white'],
  ])('%s is called %s', async (color, name) => {
    const { features } = await factsOf('color.png', plain(color).png());
    expect(features?.palette).toMatchObject([{ name, share: 1 }]);
  });

  test('shares of colours, the largest first', async () => {
    const half = await plain('#1040e0', 40, 10).png().toBuffer();
    const flag = plain('#e01010', 40, 40)
      .composite([{ input: half, top: 0, left: 0 }])
      .png();
    const palette = (await factsOf('flag.png', flag)).features?.palette ?? [];
    expect(palette.map(({ name }) => name)).toEqual(['red', 'blue']);
    expect(palette[0]?.share).toBeCloseTo(0.75, 1);
  });

  test('a blurred, a dark and a noisy copy are worse', async () => {
    const source = await scene(800, 600).png().toBuffer();
    const { features: good } = await factsOf('good.png', sharp(source).png());
    const { features: blurred } = await factsOf('blurred.png', sharp(source).blur(12).png());
    const { features: dark } = await factsOf('dark.png', sharp(source).linear(0.05, 0).png());
    const grain = await sharp({
      create: {
        width: 800,
        height: 600,
        channels: 3,
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
        background: '#000',
      },
    })
      .png()
      .toBuffer();
    const { features: noisy } = await factsOf(
      'noisy.png',
      sharp(source)
        .composite([{ input: grain, blend: 'soft-light' }])
        .png(),
    );
    expect(blurred?.sharpness).toBeLessThan(good?.sharpness ?? 0);
    expect(dark?.exposure).toBeLessThan(good?.exposure ?? 0);
    expect(noisy?.noise).toBeLessThan(good?.noise ?? 0);
    for (const worse of [blurred, dark]) expect(worse?.qualityScore).toBeLessThan(good?.qualityScore ?? 0);
    const expected = 0.5 * (good?.sharpness ?? 0) + 0.3 * (good?.exposure ?? 0) + 0.2 * (good?.noise ?? 0);
    expect(good?.qualityScore).toBeCloseTo(expected, 2);
  });
});

describe('which files are opened', () => {
  test('names that are no UTF-8, with newlines, of 255 bytes', async () => {
    const png = await plain('#336699').png().toBuffer();
    const names = [Buffer.from([0xff, 0xfe, 0x2e]), Buffer.from('two\nlines.png'), Buffer.alloc(255, 'a')];
    for (const name of names) {
      const path = Buffer.concat([Buffer.from(`${root}/`), name]);
      writeFileSync(path, png);
      expect(await read(path)).toMatchObject({ outcome: 'media', facts: { width: 40 } });
    }
  });

  test('nothing outside the folders, by no way', async () => {
    const outside = join(folder, 'outside.png');
    writeFileSync(outside, await plain('#336699').png().toBuffer());
    mkdirSync(`${root}-beside`);
    writeFileSync(`${root}-beside/a.png`, '');
    symlinkSync(outside, join(root, 'link-out.png'));
    symlinkSync(folder, join(root, 'folder-out'));
    const ways = [
      outside,
      `${root}/../outside.png`,
      `${root}/link-out.png`,
      `${root}/folder-out/outside.png`,
    ];
    for (const path of [...ways, `${root}-beside/a.png`]) {
      const problem = 'it lies outside the folders for media';
      expect(await read(path)).toEqual({ outcome: 'unreadable', problem, isGone: false });
      expect(await reader.identify(Buffer.from(path), { roots: [root] }, never)).toMatchObject({ problem });
    }
  });

  test('a link to a file inside is that file; a loop of links is none', async () => {
    writeFileSync(join(root, 'target.png'), await plain('#336699').png().toBuffer());
    symlinkSync('target.png', join(root, 'link.png'));
    expect(await read(join(root, 'link.png'))).toMatchObject({ outcome: 'media' });
    symlinkSync('loop-b', join(root, 'loop-a'));
    symlinkSync('loop-a', join(root, 'loop-b'));
    expect(await read(join(root, 'loop-a'))).toMatchObject({ outcome: 'unreadable', isGone: false });
  });

  test('no folder, no socket, nothing that is not there', async () => {
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await read(join(root, 'socket'))).toMatchObject({ outcome: 'unreadable', isGone: false });
    server.close();
    expect(await read(`${root}/.`)).toMatchObject({ outcome: 'unreadable' });
    expect(await read(join(root, 'gone.jpg'))).toMatchObject({ outcome: 'unreadable', isGone: true });
    const noRoot = { roots: [join(folder, 'unmounted')], thumbnails };
    expect(await reader.read(Buffer.from(join(folder, 'unmounted/a.jpg')), noRoot, never)).toMatchObject({
      outcome: 'unreadable',
      isGone: false,
    });
  });

  test('a hash without reading pixels', async () => {
    writeFileSync(join(root, 'bytes.jpg'), 'these bytes');
    expect(
      await reader.identify(Buffer.from(join(root, 'bytes.jpg')), { roots: [root] }, never),
    ).toMatchObject({
      outcome: 'identified',
      fileHash: createHash('sha256').update('these bytes').digest('hex'),
      stat: { size: 11 },
      other: null,
    });
    writeFileSync(join(root, 'notes.txt'), 'no picture');
    expect(
      await reader.identify(Buffer.from(join(root, 'notes.txt')), { roots: [root] }, never),
    ).toMatchObject({
      outcome: 'identified',
      other: { mediaType: null },
    });
  });
});

describe('videos', () => {
  const probed = {
    streams: [
      {
        codec_type: 'video',
        codec_name: 'h264',
        width: 320,
        height: 180,
        tags: { creation_time: '2022-03-07T09:11:12.000000Z' },
        side_data_list: [{ rotation: -90 }],
      },
    ],
    format: {
      duration: '2.500000',
      tags: {
        'com.apple.quicktime.creationdate': '2023-11-05T17:20:30-0300',
        'com.apple.quicktime.location.ISO6709': '-34.6037-058.3816+025.000/',
        'com.apple.quicktime.make': 'Apple',
      },
    },
  };
  const ffprobe = (answer: unknown, name = 'ffprobe') => {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(answer));
    return program(name, `printf '%s\\n' "$@" > ${folder}/${name}.args\ncat ${folder}/${name}.json`);
  };

  test('by ffprobe and ffmpeg, which may open nothing but this file', async () => {
    writeFileSync(join(folder, 'frame.png'), await scene(180, 320).png().toBuffer());
    const ffmpeg = program('ffmpeg', `printf '%s\\n' "$@" > ${folder}/ffmpeg.args\ncat ${folder}/frame.png`);
    const facts = await factsOf('turned.mp4', MP4, open({ ffprobe: ffprobe(probed), ffmpeg }));
    expect(facts).toMatchObject({
      kind: 'video',
      mediaType: 'video/mp4',
      width: 180,
      height: 320,
      durationSeconds: 2.5,
      codec: 'h264',
      taken: { local: '2023-11-05T17:20:30', offset: '-03:00' },
      location: { latitude: -34.6037, longitude: -58.3816, altitude: 25 },
      camera: { make: 'Apple' },
      isBroken: false,
      problem: null,
      method: 'ffmpeg',
      thumbnails: [256, 1024],
    });
    expect(facts.features?.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    for (const name of ['ffprobe', 'ffmpeg']) {
      const args = readFileSync(join(folder, `${name}.args`), 'utf8');
      expect(args).toMatch(/-protocol_whitelist\nfile\n-format_whitelist\nmov,/);
      expect(args).toMatch(/file:\/proc\/\d+\/fd\/\d+/);
    }
  });

  test('a time of 1970 is none, sound alone is no video, and neither is nothing', async () => {
    const [stream] = probed.streams;
    const epoch = { streams: [{ ...stream, tags: { creation_time: '1970-01-01T00:00:00Z' } }], format: {} };
    expect((await factsOf('epoch.mp4', MP4, open({ ffprobe: ffprobe(epoch, 'epoch') }))).taken).toBeNull();
    writeFileSync(join(root, 'sound.mp4'), MP4);
    const sound = { streams: [{ codec_type: 'audio' }, { ...stream, disposition: { attached_pic: 1 } }] };
    expect(await read(join(root, 'sound.mp4'), open({ ffprobe: ffprobe(sound, 'sound') }))).toMatchObject({
      outcome: 'other',
      mediaType: 'audio/mp4',
    });
    const failing = program('failing', 'echo "moov atom not found" >&2; exit 1');
    expect(await factsOf('cut.mp4', MP4, open({ ffprobe: failing }))).toMatchObject({
      isBroken: true,
      problem: 'ffprobe: moov atom not found',
    });
  });

  test('without programs: what the container says, and the reason', async () => {
    const { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Output, WebMOutputFormat } = await import(
      'mediabunny'
    );
    const output = new Output({ format: new WebMOutputFormat(), target: new BufferTarget() });
    const source = new EncodedVideoPacketSource('vp8');
    output.addVideoTrack(source);
    await output.start();
    const decoderConfig = { codec: 'vp8', codedWidth: 320, codedHeight: 180 };
    await source.add(new EncodedPacket(new Uint8Array(50), 'key', 0, 1.5), { decoderConfig });
    await output.finalize();
    expect(
      await factsOf('plain.webm', Buffer.from(output.target.buffer ?? new ArrayBuffer(0))),
    ).toMatchObject({
      kind: 'video',
      mediaType: 'video/webm',
      width: 320,
      height: 180,
      codec: 'vp8',
      isBroken: false,
      features: null,
      method: 'mediabunny',
      problem: expect.stringContaining('ffprobe is not there'),
    });
    expect(await factsOf('cut-short.mp4', MP4)).toMatchObject({ kind: 'video', isBroken: true });
  });
});

describe.skipIf(!existsSync('/proc/self/fd'))('processes', () => {
  beforeAll(async () => {
    writeFileSync(join(root, 'picture.png'), await plain('#336699').png().toBuffer());
    writeFileSync(join(root, 'words'), 'only words');
  });
  const slow = () => program('slow', 'exec sleep 20');
  const still = async () => expect(await read(join(root, 'picture.png'))).toMatchObject({ outcome: 'media' });

  test('a file that changes while it is read is not what it was', async () => {
    const changing = program('changing', `echo more >> ${root}/changing.mp4; echo '{}'`);
    writeFileSync(join(root, 'changing.mp4'), MP4);
    const problem = 'it changed while it was read';
    expect(await read(join(root, 'changing.mp4'), open({ ffprobe: changing }))).toMatchObject({
      outcome: 'unreadable',
      problem,
    });
    appendFileSync(join(root, 'changing.mp4'), 'and rests');
    expect(
      await read(join(root, 'changing.mp4'), open({ ffprobe: program('resting', 'echo {}') })),
    ).toMatchObject({ outcome: 'media' });
  });

  test('one that dies costs its file, and the next file is read', async () => {
    const fragile = open({ ffprobe: program('marking', `touch ${folder}/probing; exec sleep 20`) });
    writeFileSync(join(root, 'deadly.mp4'), MP4);
    const before = children();
    const lost = read(join(root, 'deadly.mp4'), fragile);
    await expect.poll(() => existsSync(join(folder, 'probing'))).toBe(true);
    for (const pid of children().filter((child) => !before.includes(child))) process.kill(pid, 'SIGKILL');
    expect(await lost).toEqual({ outcome: 'failed', problem: 'the process that read it died' });
    expect(await read(join(root, 'picture.png'), fragile)).toMatchObject({ outcome: 'media' });
  });

  test('one that died while it had nothing to do costs nothing', async () => {
    await still();
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    await still();
  });

  test('a file that takes too long is given up with its process', async () => {
    const hasty = open({ ffprobe: slow(), fileTimeoutMs: 450 });
    writeFileSync(join(root, 'slow.mp4'), MP4);
    const problem = 'it took more than 450 ms to read';
    expect(await read(join(root, 'slow.mp4'), hasty)).toEqual({ outcome: 'failed', problem });
    await expect.poll(async () => (await read(join(root, 'words'), hasty)).outcome).toBe('other');
  });

  test('whoever calls can give up, while it runs and while it waits', async () => {
    const busy = open({ ffprobe: slow() });
    writeFileSync(join(root, 'slow.mp4'), MP4);
    const [first, second] = [new AbortController(), new AbortController()];
    const place = { roots: [root], thumbnails };
    const running = busy.read(Buffer.from(join(root, 'slow.mp4')), place, first.signal);
    const waiting = busy.read(Buffer.from(join(root, 'picture.png')), place, second.signal);
    const refusals = Promise.allSettled([running, waiting]);
    await pause(300);
    second.abort(new Error('no longer wanted'));
    first.abort(new Error('stopped'));
    expect(await refusals).toMatchObject([
      { reason: { message: 'stopped' } },
      { reason: { message: 'no longer wanted' } },
    ]);
    expect(await read(join(root, 'picture.png'), busy)).toMatchObject({ outcome: 'media' });
    await expect(busy.read(Buffer.from('/'), place, AbortSignal.abort(new Error('before')))).rejects.toThrow(
      'before',
    );
  });

  test('they end when there is nothing to read, begin again, and know no secrets', async () => {
    await Promise.all(readers.map((each) => each.rest()));
    expect(children()).toEqual([]);
    await still();
    const [pid] = children();
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((line) => line.split('=')[0]);
    expect(
      environment.filter(
        (name) => !/^(?:PATH|LC_ALL|TZ|MALLOC_.*|NODE_CHANNEL_.*|NODE_COMPILE_CACHE|)$/.test(name ?? ''),
      ),
    ).toEqual([]);
  });

  test('one is replaced after a minute of work, whatever the number of its files', async () => {
    await still();
    const first = children();
    for (let file = 0; file < 20; file++) await still();
    expect(children()).toEqual(first);
    const began = performance.now();
    let looks = 0;
    // Between the beginning of a file and its end.
    vi.spyOn(performance, 'now').mockImplementation(() => began + looks++ * 60_000);
    await still();
    vi.restoreAllMocks();
    await still();
    expect(children()).toHaveLength(1);
    expect(children()).not.toEqual(first);
  });
});
