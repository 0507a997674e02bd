import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeArchive } from '../src/cards/archive.ts';
import { openCard } from '../src/cards/container.ts';
import { plainPng, withPngText } from '../src/cards/png.ts';
import { createHttpSender } from '../src/import/client.ts';
import { sendBatch } from '../src/import/operations.ts';
import { createLogger } from '../src/log.ts';
import { base64, v3 } from './support/cards.ts';
import { exportedLines, restored } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const MEGABYTE = 2 ** 20;
const LENA = { 'x-test-user': 'lena' };
const PLAIN = plainPng(8, 8, [1, 2, 3]);
const LIMITS = { cardBytes: 600_000, fileBytes: 50 * MEGABYTE, archiveBytes: 100 * MEGABYTE, files: 200 };

/** A chunk of a PNG that no reader has to understand. */
function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length);
  head.write(type, 4, 'latin1');
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])));
  return Buffer.concat([head, data, checksum]);
}

/** A picture of at least so many bytes, with a card in it. */
function large(name: string, bytes: number): Buffer {
  const plain = withPngText(PLAIN, [['ccv3', base64(v3(name))]]);
  const noise = Buffer.alloc(bytes, name);
  // Before its last chunk.
  return Buffer.concat([plain.subarray(0, -12), chunk('noIs', noise), plain.subarray(-12)]);
}

const at = (path: string) => `${app.url}/api/characters/cards${path}`;
async function upload(
  body: Buffer | string,
  type = 'image/png',
  query = '',
  headers: Record<string, string> = {},
) {
  const bytes = typeof body === 'string' ? body : new Uint8Array(body);
  const response = await fetch(at(query), {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body: bytes,
  });
  const answer = await response.json();
  return { status: response.status, answer, message: answer.errors?.[0]?.message };
}
const downloaded = async (name: string, format: string, headers: Record<string, string> = {}) => {
  const response = await fetch(at(`/${encodeURIComponent(name)}?format=${format}`), { headers });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
};

test('a card with a large picture comes in and goes out as it was, in an export and back, too', async () => {
  const file = large('Large Lena', 3 * MEGABYTE);
  const { status, answer } = await upload(file, 'image/png', '?shared=false', LENA);
  expect({ status, answer }).toEqual({
    status: 200,
    answer: { characterName: 'Large Lena', outcome: 'CREATED', told: expect.any(Array) },
  });
  const { bytes, type } = await downloaded('Large Lena', 'PNG_V3', LENA);
  expect(type).toBe('image/png');
  const [came, went] = [await openCard(file, LIMITS), await openCard(bytes, LIMITS)];
  expect(went.card).toEqual(came.card);
  expect(went.picture?.equals(came.picture ?? Buffer.alloc(0))).toBe(true);
  expect((await upload(file, 'application/octet-stream', '?shared=false', LENA)).answer.outcome).toBe(
    'UNCHANGED',
  );
  const lines = await exportedLines(app, 'lena');
  const parts = lines.filter((line) => line.includes('"piece"')).map((line) => JSON.parse(line).piece.part);
  expect(parts).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const theirs = lines.map((line) => line.replace('"userId":"lena"', '"userId":"ann"'));
  for (const line of theirs) await restored(app, 'ann', [line]);
  await restored(app, 'ann', theirs.slice(-1));
  const again = await app.graphql(
    '{ exportCharacter(name: "Large Lena", format: PNG_V3) { content } }',
    {},
    'ann',
  );
  expect(again.data.exportCharacter.content).toBe(bytes.toString('base64'));
  const first = lines.find((line) => line.includes('"piece":{"part":7')) ?? '';
  const line = JSON.parse(first);
  line.content = Buffer.alloc(Buffer.from(line.content, 'base64').length).toString('base64');
  for (const each of lines.filter((one) => !one.includes('"part":7')))
    await restored(app, 'bob', [each.replace('"userId":"lena"', '"userId":"bob"')]);
  await expect(restored(app, 'bob', [JSON.stringify(line)])).rejects.toThrow(
    /parts of a file of "Large Lena"/,
  );
});

test('an archive with large files comes in and goes out; one that would unpack to too much does not', async () => {
  const voice = Buffer.alloc(2 * MEGABYTE, 'la');
  const archive = await writeArchive([
    ['card.json', Buffer.from(JSON.stringify(v3('Archie Vale')))],
    ['assets/other/audio/voice.ogg', voice],
  ]);
  expect((await upload(archive, 'application/zip')).status).toBe(200);
  const { bytes } = await downloaded('Archie Vale', 'CHARX');
  expect((await openCard(bytes, LIMITS)).files.get('assets/other/audio/voice.ogg')?.equals(voice)).toBe(true);
  const zeros = Buffer.alloc(45 * MEGABYTE);
  const bomb = await writeArchive([
    ['card.json', Buffer.from(JSON.stringify(v3('Bomb')))],
    ...[1, 2, 3].map((number) => [`assets/${number}.bin`, zeros] as const),
  ]);
  expect(bomb.length).toBeLessThan(MEGABYTE);
  expect(await upload(bomb, 'application/zip')).toMatchObject({
    status: 422,
    message: 'file: the archive would unpack to more than 104,857,600 bytes',
  });
});

describe('what is wrong is named', () => {
  test.each([
    ['no card', PLAIN, 'image/png', '', 422, /^file: the PNG image holds no character/],
    ['nothing', '', 'application/json', '', 422, /^file: must not be empty/],
    ['a wrong type', 'x', 'text/plain', '', 415, /^content-type: must be one of/],
    ['a form', 'x', 'multipart/form-data; boundary=x', '', 415, /^content-type: must be one of/],
    ['half a picture', large('Half', MEGABYTE).subarray(0, MEGABYTE), 'image/png', '', 422, /^file: /],
    ['a word for a flag', '{}', 'application/json', '?shared=perhaps', 422, /^shared: must be true or false/],
    [
      'a large card',
      JSON.stringify({ ...v3('Wide'), x: 'x'.repeat(600_000) }),
      'application/json',
      '',
      422,
      /at most 600,000/,
    ],
  ])('%s', async (_what, body, type, query, status, message) => {
    expect(await upload(body, type, query)).toMatchObject({
      status,
      message: expect.stringMatching(message),
    });
  });

  test('ways and names that there are not', async () => {
    expect((await fetch(at(''))).status).toBe(405);
    expect((await fetch(at('/a/b'))).status).toBe(404);
    expect((await fetch(at('/%ff'))).status).toBe(404);
    expect((await downloaded('Nobody', 'PNG_V3')).status).toBe(404);
    expect((await downloaded('Nobody', 'GIF')).status).toBe(422);
    expect((await upload('{}', 'application/json', '', { 'content-encoding': 'gzip' })).status).toBe(415);
  });
});

/** Sends a head, and bytes that do not fit it. @returns the status; null: the connection is cut */
function raw(
  headers: Record<string, string | number>,
  parts: readonly Buffer[],
  ends: boolean | Promise<unknown>,
): Promise<number | null> {
  return new Promise((resolve) => {
    const sent = request(at(''), { method: 'POST', headers: { 'content-type': 'image/png', ...headers } });
    sent.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    sent.on('error', () => resolve(null));
    for (const part of parts) sent.write(part);
    if (ends === true) sent.end();
    else
      void Promise.resolve(ends || new Promise((over) => setTimeout(over, 200))).then(() => sent.destroy());
  });
}

/** Until it is answered. */
const answered = new Promise<never>(() => undefined);

test('a body that is cut off, longer than said or too long is not taken, and nothing stays of it', async () => {
  const file = large('Cut Off', MEGABYTE);
  expect(await raw({ 'content-length': file.length }, [file.subarray(0, 500_000)], false)).toBeNull();
  expect(await raw({ 'content-length': 51 * MEGABYTE }, [file.subarray(0, 10)], answered)).toBe(413);
  const many = Array.from({ length: 51 }, () => Buffer.alloc(MEGABYTE));
  expect([413, null]).toContain(await raw({ 'transfer-encoding': 'chunked' }, many, true));
  const { data } = await app.graphql('{ character(name: "Cut Off") { characterName } }');
  expect(data.character).toBeNull();
  expect(await readdir(join(app.directory, 'uploads'))).toEqual([]);
});

test('two at once of one character are one after the other; of too many some are asked to come again', async () => {
  const file = large('Twice Told', MEGABYTE);
  const both = await Promise.all([upload(file), upload(file)]);
  expect(both.map(({ answer }) => answer.outcome).sort()).toEqual(['CREATED', 'UNCHANGED']);
  const over = Promise.withResolvers<void>();
  // One more than there is room for: it is told so, and the others wait for the rest of theirs.
  const open = Array.from({ length: 9 }, () =>
    raw({ 'content-length': file.length }, [file.subarray(0, 10)], over.promise),
  );
  expect(await Promise.race(open)).toBe(503);
  expect((await upload('{}', 'application/json')).status).toBe(503);
  over.resolve();
  await Promise.all(open);
  await expect.poll(async () => (await upload(file)).status).toBe(200);
});

test('the import uploads what is too large for GraphQL', async () => {
  const send = createHttpSender({ url: app.url, apiKey: null, log: createLogger('silent') });
  const card = large('Sent Sam', MEGABYTE).toString('base64');
  const character = { characterName: 'Sent Sam', card };
  const batch = { kind: 'characters', characters: [character] } as unknown as Parameters<typeof sendBatch>[0];
  expect(await sendBatch(batch, null, send)).toMatchObject({ sent: 1, changedCharacters: [] });
  expect((await downloaded('Sent Sam', 'PNG_V3')).bytes.length).toBeGreaterThan(MEGABYTE);
  const broken = { ...character, card: large('Sent Sam', MEGABYTE).subarray(0, MEGABYTE).toString('base64') };
  await expect(sendBatch({ ...batch, characters: [broken] } as typeof batch, null, send)).rejects.toThrow(
    /^BAD_USER_INPUT: file: /,
  );
});

test('who may not write brings nothing in, and own cards are nobody else’s', async () => {
  const closed = await startTestApp({ realAccess: true, env: { AUTH: 'required', API_KEY: 'k'.repeat(40) } });
  try {
    const url = `${closed.url}/api/characters/cards`;
    const body = new Uint8Array(large('Key Kay', 1_000));
    const headers = { 'content-type': 'image/png' };
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(401);
    expect((await fetch(`${url}/Key%20Kay`)).status).toBe(401);
    const authorization = `Bearer ${'k'.repeat(40)}`;
    expect((await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body })).status).toBe(
      200,
    );
  } finally {
    await closed.close();
  }
  await upload(large('Mine Alone', 1_000), 'image/png', '?shared=false');
  const { data } = await app.graphql(
    '{ exportCharacter(name: "Mine Alone", format: PNG_V3) { fileName } }',
    {},
    'eve',
  );
  expect(data.exportCharacter).toBeNull();
});
