import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { detectFormat } from '../src/import/detect.ts';
import { directory, fixture, png, temporary } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

describe('auto', () => {
  test.each([
    ['turns.jsonl', 'turns'],
    ['turns-bad.jsonl', 'turns'],
    ['dialogue.json', 'dialogue'],
    ['chatgpt.json', 'chatgpt'],
    ['chatgpt-bad.json', 'chatgpt'],
    ['card-v2.json', 'character'],
    ['card-v1.json', 'character'],
  ])('%s is %s', async (name, format) => expect(await detectFormat(fixture(name))).toBe(format));

  test('the content decides, not the name; a byte-order mark or a broken first line does not matter', async () => {
    expect(await detectFormat(await temporary('really.txt', png()))).toBe('character');
    expect(await detectFormat(await temporary('x.json', '\uFEFF \n{"conversationId":"a","query":"b"}'))).toBe(
      'turns',
    );
    expect(await detectFormat(await temporary('y.json', 'oops\n{"conversationId":"a","query":"b"}'))).toBe(
      'turns',
    );
    expect(
      await detectFormat(await temporary('z.json', '{"q\\"uery":1,"conversations":[{"query":1}]}')),
    ).toBe('dialogue');
  });

  test.each([
    ['plain text', 'conversationId and query', /is of no known format.*turns.*dialogue.*chatgpt.*character/s],
    ['other JSON', '{"a":{"query":1},"b":"\\"query\\":"}', /is of no known format/],
    ['an empty array', '[]', /holds nothing/],
    ['an empty object', '\uFEFF{ }', /holds nothing/],
    ['a package', '{"name":"x","description":"y","version":"1.0.0"}', /is of no known format/],
    ['a scenario', '{"name":"x","scenario":"y"}', /is of no known format/],
    ['an OpenAPI document', '{"spec":"openapi","name":"x"}', /is of no known format/],
    ['a request', '{"query":"{ me { userId } }"}', /is of no known format/],
    [
      'the lore of a world',
      '{"entries":{"0":{"uid":0,"key":["mill"],"content":"x"}}}',
      /is a lorebook without/,
    ],
    ['a lorebook', '{"spec":"lorebook_v3","data":{"entries":[]}}', /lorebook without a character.*as a card/],
    ['a page', '<!DOCTYPE html><html></html>', /is a page/],
    ['compressed data', '\u001f\u008b\u0008', /gzip|no known format/],
    ['an empty file', '', /is empty/],
  ])('%s is a clear error', async (_name, content, message) => {
    await expect(detectFormat(await temporary('unknown', content))).rejects.toThrow(message);
  });

  test('a missing file and a directory are clear errors', async () => {
    await expect(detectFormat(join(directory, 'nowhere'))).rejects.toThrow(/cannot be read: ENOENT/);
    await expect(detectFormat(directory)).rejects.toThrow(/is not a file/);
  });
});
