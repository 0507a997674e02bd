import { readFile, rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { detectFormat } from '../src/import/detect.ts';
import { ImportFileError } from '../src/import/records.ts';
import { directory, fixture, png, pngText, readAll, temporary, zip } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

describe('character', () => {
  const expected = {
    characterName: 'Marlo Quill',
    creator: 'fixture author',
    sourceFranchise: 'SillyTavern card',
    personalityTraits: 'patient, dry',
    backgroundStory: 'Marlo Quill keeps the lighthouse at Grey Point.\n\nA storm is coming; User knocks.',
    styleElements: ['sea', 'night'],
    notes: 'Invented for a test.',
  };
  const card = (name: string) => ({ spec: 'chara_card_v3', data: { name, nickname: 'M', description: 'd' } });
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

  test('JSON of version 2 and version 1', async () => {
    expect(await readAll('character', fixture('card-v2.json'))).toEqual([
      {
        kind: 'character',
        line: 1,
        character: expected,
        card: (await readFile(fixture('card-v2.json'))).toString('base64'),
      },
    ]);
    expect(await readAll('character', fixture('card-v1.json'))).toMatchObject([
      { character: { characterName: 'Tin', backgroundStory: 'A small kettle.', personalityTraits: 'loud' } },
    ]);
  });

  test('the file is sent whole; of a larger one what the server takes, and what is left out is told', async () => {
    const record = async (bytes: Buffer) => {
      const [only] = await readAll('character', await temporary('size', bytes));
      return only as { card?: string; told?: string[] };
    };
    const text = pngText('ccv3', base64(card('Old')));
    const picture = png(text);
    expect(await record(picture)).toMatchObject({ card: picture.toString('base64') });
    const large = await record(png(pngText('comment', 'x'.repeat(50 * 2 ** 20)), text));
    expect(JSON.parse(Buffer.from(large.card ?? '', 'base64').toString())).toEqual(card('Old'));
    expect(large.told).toEqual(['left out: the picture, since the file has more than 52428800 bytes']);
    const huge = { ...card('Old'), data: { name: 'Old', extensions: { x: 'x'.repeat(700_000) } } };
    const told = ['left out: all but the profile, since the card has more than 600000 bytes'];
    const profile = await record(Buffer.from(JSON.stringify(huge)));
    expect(profile).toMatchObject({ character: { characterName: 'Old' }, told });
    expect(profile.card).toBeUndefined();
  });

  test('CHARX: the archive is sent with all that is in it', async () => {
    const archive = zip({ 'card.json': JSON.stringify(card('Ada')), 'assets/icon/images/main.png': png() });
    const file = await temporary('ada.charx', archive);
    expect(await detectFormat(file)).toBe('character');
    expect(await readAll('character', file)).toMatchObject([
      { character: { characterName: 'Ada', aliases: ['M'] }, card: archive.toString('base64') },
    ]);
    await expect(readAll('character', await temporary('cut.charx', archive.subarray(0, 90)))).rejects.toThrow(
      ImportFileError,
    );
  });

  test('PNG: ccv3 is preferred to chara, in either order', async () => {
    const chara = pngText('chara', base64(card('Old')));
    const ccv3 = pngText('ccv3', base64(card('Nëw')));
    for (const chunks of [
      [chara, ccv3],
      [ccv3, chara],
    ]) {
      const records = await readAll('character', await temporary('card.png', png(...chunks)));
      expect(records).toMatchObject([{ character: { characterName: 'Nëw', aliases: ['M'] } }]);
    }
    const only = await readAll('character', await temporary('old.png', png(chara)));
    expect(only).toMatchObject([{ character: { characterName: 'Old' } }]);
  });

  test('PNG: every truncation and every damaged byte of a chunk is refused', async () => {
    const whole = png(pngText('chara', base64(card('Old'))));
    for (let length = 8; length < whole.length; length++) {
      const file = await temporary('cut.png', whole.subarray(0, length));
      await expect(readAll('character', file), `${length} bytes`).rejects.toThrow(/truncated/);
    }
    for (let offset = 8; offset < whole.length; offset++) {
      const damaged = Buffer.from(whole);
      damaged[offset]! ^= 0x01;
      const file = await temporary('damaged.png', damaged);
      await expect(readAll('character', file), `byte ${offset}`).rejects.toThrow(/damaged|truncated/);
    }
  });

  test.each([
    ['no card', png(), /holds no character/],
    ['not Base64', png(pngText('chara', '{"name":"x"}')), /"chara" chunk is not Base64/],
    ['not JSON', png(pngText('chara', 'aGVsbG8=')), /"chara" chunk is not JSON/],
    ['unknown kind', Buffer.from('{"spec":"chara_card_v9","data":{}}'), /unknown kind "chara_card_v9"/],
    ['no data', Buffer.from('{"spec":"chara_card_v2"}'), /without "data"/],
    ['an array', Buffer.from('[]'), /must be a JSON object/],
  ])('%s is a clear error', async (_name, bytes, message) => {
    await expect(readAll('character', await temporary('bad-card', bytes))).rejects.toThrow(message);
  });

  test('a field that the server would refuse is a bad record named as in the card', async () => {
    const file = await temporary('field.json', JSON.stringify({ name: 'x'.repeat(101), first_mes: 'd' }));
    expect(await readAll('character', file)).toEqual([
      { kind: 'bad', line: 1, field: 'name', message: 'must be text of 1 to 100 characters' },
    ]);
    const number = await temporary(
      'number.json',
      JSON.stringify({ name: 'x', first_mes: 'y', description: {} }),
    );
    expect(await readAll('character', number)).toMatchObject([
      {
        character: { characterName: 'x' },
        told: ['left out: description, which is no text'],
      },
    ]);
  });
});
