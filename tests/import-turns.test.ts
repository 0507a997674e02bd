import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES } from '../src/import/files.ts';
import { parseInstant } from '../src/import/records.ts';
import { TURNS_FORMAT } from '../src/import/turns.ts';
import { badOf, directory, fixture, readAll, temporary, turnsOf } from './fixtures/import/support.ts';

afterAll(() => rm(directory, { recursive: true }));

describe('turns', () => {
  test('every field arrives, null is absence, an empty response is none, blank lines only count', async () => {
    const records = turnsOf(await readAll('turns', fixture('turns.jsonl')));
    expect(records.map(({ line, conversationId }) => [line, conversationId])).toEqual([
      [1, 'garden'],
      [2, 'garden'],
      [4, 'garden'],
      [5, 'garden'],
      [6, 'kitchen'],
    ]);
    expect(records[0]!.turn).toEqual({
      query: 'When should I sow carrots?',
      response: 'From March, once the soil is warmer than 7 degrees.',
      timestamp: '2024-03-02T08:15:00.000Z',
      sessionId: 'spring',
      modelUsed: 'almanac-1',
      processingTimeMs: 41.5,
      intent: 'question',
      metadata: { bed: 'north', rows: [1, 2] },
      idempotencyKey: 'garden-1',
    });
    expect(records[1]!.turn).toEqual({ query: 'And leeks? 🌱', speaker: 'Odile', responder: 'Bram' });
    expect(records[4]!.turn).toEqual({ query: 'Thanks' });
  });

  test('every bad line is named by number and field', async () => {
    const records = await readAll('turns', fixture('turns-bad.jsonl'));
    expect(turnsOf(records).map(({ line }) => line)).toEqual([1, 18]);
    expect(badOf(records).map(({ line, field, message }) => `${line} ${field}: ${message}`)).toEqual([
      '2 conversationId: must be text',
      '3 query: must be text',
      '4 query: must have 1 to 32000 characters, has 0',
      '5 answer: is not a known field',
      '6 query: must not contain lone surrogates (broken UTF-16)',
      '7 response: must not contain the NUL character (U+0000)',
      '8 metadata: must not contain lone surrogates (broken UTF-16)',
      '9 timestamp: must be an instant in ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z',
      '10 timestamp: names a day that does not exist: 2024-02-30',
      '11 timestamp: must be an instant in ISO 8601 with time zone, such as 2026-11-20T09:30:00.000Z',
      expect.stringMatching(/^12 processingTimeMs: /),
      '13 metadata: must be a JSON object',
      '14 idempotencyKey: must be 1 to 255 printable ASCII characters',
      '15 conversationId: must be text',
      '16 null: must be a JSON object',
      expect.stringMatching(/^17 null: is not JSON: (broken at position|it ends too early)/),
    ]);
    expect(JSON.stringify(badOf(records))).not.toContain('cut');
  });

  test('byte-order mark, CRLF, a last line without a break, and invalid UTF-8', async () => {
    const line = '{"conversationId":"a","query":"é"}';
    const file = await temporary(
      'bytes.jsonl',
      Buffer.concat([
        Buffer.from(`\uFEFF${line}\r\n\r\n`),
        Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
        Buffer.from(line),
      ]),
    );
    const records = await readAll('turns', file);
    expect(turnsOf(records).map((record) => [record.line, record.turn.query])).toEqual([
      [1, 'é'],
      [4, 'é'],
    ]);
    expect(badOf(records)).toEqual([
      { kind: 'bad', line: 3, field: null, message: 'the line is not valid UTF-8' },
    ]);
  });

  test('a line over 1 MiB is bad, a line of exactly 1 MiB is read, lines across read chunks stay whole', async () => {
    const start = '{"conversationId":"a","query":"long"';
    const line = (length: number) => `${start}${' '.repeat(length - start.length - 1)}}`;
    const file = await temporary(
      'long.jsonl',
      [
        line(MAX_LINE_BYTES + 1),
        line(MAX_LINE_BYTES),
        line(700_000),
        line(5 * MAX_LINE_BYTES),
        line(50),
      ].join('\n'),
    );
    const records = await readAll('turns', file);
    expect(records.map(({ kind, line: number }) => `${number} ${kind}`)).toEqual([
      '1 bad',
      '2 turn',
      '3 turn',
      '4 bad',
      '5 turn',
    ]);
    expect(badOf(records)[0]).toMatchObject({
      field: null,
      message: 'the line is longer than 1048576 bytes',
    });
  });

  test('limits are those of the server, counted in characters and not in UTF-16 units', async () => {
    const line = (query: string, rest = {}) => JSON.stringify({ conversationId: 'a', query, ...rest });
    const file = await temporary(
      'limits.jsonl',
      [
        line('🌱'.repeat(32_000)),
        line('x'.repeat(32_001)),
        line('x', { response: '\u0001'.repeat(160_000) }),
        line('x', { response: 'y'.repeat(200_001) }),
        line('x', { sessionId: 's'.repeat(256) }),
        line('x', { metadata: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }),
      ].join('\n'),
    );
    const records = await readAll('turns', file);
    expect(turnsOf(records).map(({ line: number }) => number)).toEqual([1]);
    expect(badOf(records).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'query: must have 1 to 32000 characters, has 32001',
      expect.stringContaining('null: must have at most 917504 bytes as JSON'),
      'response: must have at most 200000 characters, has 200001',
      'sessionId: must have 1 to 255 characters, has 256',
      'metadata: must be nested at most 32 levels deep',
    ]);
  });

  test('the documented format names every field that is accepted', async () => {
    const all = JSON.parse(readFileSync(fixture('turns.jsonl'), 'utf8').split('\n')[0]!);
    for (const field of [...Object.keys(all), 'speaker', 'responder']) {
      expect(TURNS_FORMAT).toMatch(new RegExp(`^ {2}${field} `, 'm'));
    }
  });

  test.each([
    ['2024-05-08T13:56Z', '2024-05-08T13:56:00.000Z'],
    ['2024-02-29T00:00:00.5-0130', '2024-02-29T01:30:00.500Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2023-02-29T00:00:00Z', null],
    ['2023-13-01T00:00:00Z', null],
    ['2023-01-01T25:00:00Z', null],
    ['2023-01-01', null],
    ['0000-12-31T00:00:00Z', null],
  ])('the instant %s is %s', (text, expected) => expect(parseInstant(text)).toBe(expected));
});
