import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInstant, writeInstant } from '../src/ground/instants.ts';
import { toTurnRecord } from '../src/import/records.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

/** Texts that name an instant, with the one form in which it is shown. */
const EXISTING: [text: string, shown: string][] = [
  ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00.000Z'],
  ['2026-01-01T10:00Z', '2026-01-01T10:00:00.000Z'],
  ['2026-01-01T10:00:00+0530', '2026-01-01T04:30:00.000Z'],
  ['2026-01-01T10:00:00+05:30', '2026-01-01T04:30:00.000Z'],
  ['2026-01-01T10:00+05', '2026-01-01T05:00:00.000Z'],
  ['2026-01-01T10:00-0930', '2026-01-01T19:30:00.000Z'],
  ['2026-01-01T23:00:00-02:00', '2026-01-02T01:00:00.000Z'],
  ['2026-01-01t10:00:00z', '2026-01-01T10:00:00.000Z'],
  ['2026-01-01 10:00:00Z', '2026-01-01T10:00:00.000Z'],
  ['20260101T100000Z', '2026-01-01T10:00:00.000Z'],
  ['2026-01-01T10:00:00.5Z', '2026-01-01T10:00:00.500Z'],
  ['2026-01-01T10:00:00,25Z', '2026-01-01T10:00:00.250Z'],
  ['2026-01-01T10:00:00.123456789Z', '2026-01-01T10:00:00.123Z'],
  ['2026-01-01T10:00:00.999999999Z', '2026-01-01T10:00:00.999Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['0004-02-29T00:00:00Z', '0004-02-29T00:00:00.000Z'],
  ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
];

const REFUSED: [text: string, why: RegExp][] = [
  ['2026-02-30T10:00:00Z', /day that does not exist: 2026-02-30/],
  ['2026-02-29T10:00:00Z', /day that does not exist/],
  ['1900-02-29T10:00:00Z', /day that does not exist/],
  ['2026-04-31T10:00:00Z', /day that does not exist/],
  ['2026-06-31T10:00Z', /day that does not exist/],
  ['2026-01-00T10:00:00Z', /day that does not exist/],
  ['2026-01-32T10:00:00Z', /day that does not exist/],
  ['2026-00-10T10:00:00Z', /day that does not exist/],
  ['2026-13-01T10:00:00Z', /day that does not exist/],
  ['0000-01-01T00:00:00Z', /day that does not exist/],
  ['20260230T100000Z', /day that does not exist/],
  ['2026-01-01T24:00:00Z', /time that does not exist/],
  ['2026-01-01T25:00:00Z', /time that does not exist/],
  ['2026-01-01T10:60:00Z', /time that does not exist/],
  ['2016-12-31T23:59:60Z', /time that does not exist/],
  ['2026-01-01T10:00:00+99:99', /offset that does not exist/],
  ['2026-01-01T10:00:00+24:00', /offset that does not exist/],
  ['2026-01-01T10:00:00-05:60', /offset that does not exist/],
  ['0001-01-01T00:00:00+01:00', /between the years 1 and 9999/],
  ['9999-12-31T23:59:59-01:00', /between the years 1 and 9999/],
  ['2026-01-01T10:00:00', /ISO 8601 with time zone/],
  ['2026-01-01', /ISO 8601 with time zone/],
  ['2026-01-01T1000Z', /ISO 8601/],
  ['20260101T10:00Z', /ISO 8601/],
  ['2026-1-1T10:00:00Z', /ISO 8601/],
  ['2026-01-01T10:00:00.Z', /ISO 8601/],
  ['2026-01-01T10:00:00.1234567890Z', /ISO 8601/],
  ['2026-01-01T10:00:00 Z', /ISO 8601/],
  [' 2026-01-01T10:00:00Z', /ISO 8601/],
  ['2026-01-01T10:00:00Z\n', /ISO 8601/],
  ['2026-01-01T10:00:00+5', /ISO 8601/],
  ['2026-01-01T10:00:00EST', /ISO 8601/],
  ['+002026-01-01T10:00:00Z', /ISO 8601/],
  ['-0001-01-01T10:00:00Z', /ISO 8601/],
  ['٢٠٢٦-01-01T10:00:00Z', /ISO 8601/],
  ['1767261600000', /ISO 8601/],
  ['', /ISO 8601/],
];

test.each(EXISTING)('%s is an instant', (text, shown) => {
  expect(readInstant(text).instant?.toISOString()).toBe(shown);
});

test.each(REFUSED)('%j is none', (text, why) => {
  expect(readInstant(text)).toEqual({ problem: expect.stringMatching(why) });
});

test.each(REFUSED)('an import refuses %j and names the field', (text, why) => {
  const record = toTurnRecord(1, { conversationId: 'c', query: 'q', timestamp: text });
  expect(record).toMatchObject({ kind: 'bad', field: 'timestamp', message: expect.stringMatching(why) });
});

describe('at every door', () => {
  test('instants are written as by toISOString', () => {
    const named = EXISTING.map(([text]) => Date.parse(text));
    const odd = [
      0, -1, 1, 86_399_999, 86_400_000, -62_198_755_200_000, 253_402_300_800_000, 8.64e15, -8.64e15,
    ];
    const spread = Array.from({ length: 200 }, (_, at) => 1_234_567_890_123 + at * 98_765_432_101);
    for (const ms of [...named.filter(Number.isFinite), ...odd, ...spread])
      expect(writeInstant(new Date(ms))).toBe(new Date(ms).toISOString());
    expect(() => writeInstant(new Date(Number.NaN))).toThrow(RangeError);
  });

  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  const RECORD = `mutation ($input: RecordTurnsInput!) {
    recordTurns(input: $input) { ... on RecordTurnsSuccess { interactions { timestamp } } ... on Error { message } }
  }`;
  const literal = (at: string, before = '') =>
    `mutation { recordTurns(input: { conversationId: "literal", turns: [${before}{ query: "q", timestamp: ${JSON.stringify(at)} }] }) {
      ... on RecordTurnsSuccess { interactions { timestamp } } ... on Error { message }
    } }`;

  const BEFORE = '{ query: "q", metadata: { a: ["b", [{ c: 1 }], 2] } }, ';

  test.each(EXISTING)('%s is taken in a variable and in the document', async (text, shown) => {
    const taken = { recordTurns: { interactions: [{ timestamp: shown }] } };
    const turns = [{ query: 'q', timestamp: text }];
    expect(await app.graphql(RECORD, { input: { conversationId: 'variable', turns } })).toEqual({
      data: taken,
    });
    expect(await app.graphql(literal(text))).toEqual({ data: taken });
  });

  test.each(REFUSED)('%j is refused in a variable and in the document', async (text, why) => {
    const turns = [{ query: 'q' }, { query: 'q', timestamp: text }];
    const variable = await app.graphql(RECORD, { input: { conversationId: 'refused', turns } });
    const document = await app.graphql(literal(text, BEFORE));
    for (const { errors } of [variable, document])
      expect(errors?.[0]).toMatchObject({
        message: expect.stringMatching(why),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    expect(variable.errors?.[0]?.message).toContain('input.turns[1].timestamp');
    expect(document.errors?.[0]?.message).toMatch(/^turns\.1\.timestamp: /);
    expect(document.errors?.[0]?.extensions.field).toBe('turns.1.timestamp');
  });

  test.each([
    ['interactions', 'since', 'interactions(filter: { since: "2026-02-30T10:00:00Z" }) { nodes { id } }'],
    ['interactions', 'until', 'interactions(filter: { until: "2026-04-31T10:00:00Z" }) { nodes { id } }'],
    [
      'memorySearch',
      'since',
      'memorySearch(query: "q", filter: { since: "2026-02-30T10:00:00Z" }) { tookMs }',
    ],
    ['memorySearch', 'until', 'memorySearch(query: "q", filter: { until: 5 }) { tookMs }'],
    ['memorySearch', 'until', 'memorySearch(query: "q", filter: { until: ["x"] }) { tookMs }'],
  ])('%s: %s', async (_name, field, selection) => {
    const { errors } = await app.graphql(`{ ${selection} }`);
    expect(errors?.[0]?.message).toMatch(new RegExp(`^filter\\.${field}: `));
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('a key does not expire on a day that does not exist', async () => {
    const { errors } = await app.graphql(
      'mutation { createApiKey(input: { name: "k", expiresAt: "2027-02-30T10:00:00Z" }) { __typename } }',
    );
    expect(errors?.[0]?.message).toMatch(/^expiresAt: names a day that does not exist/);
  });

  test('a restored line does not either', async () => {
    const line = JSON.stringify({
      ...{ kind: 'conversation', tenantId: 'default', userId: 'default', conversationId: 'r' },
      ...{ episodeId: null, lastMode: null, lastInteraction: '2026-02-30T10:00:00.000Z' },
      ...{ intentHistory: [], context: {}, chainHash: null },
    });
    const { data } = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { ... on Error { message } } }',
      { lines: [line] },
    );
    expect(data.restoreUser.message).toMatch(/lines\.0\.lastInteraction: names a day that does not exist/);
  });

  test.each(['999999999999999.1', '-999999999999999.1', '253402300800000.1'])(
    'a cursor does not lie outside the years 1 to 9999: %s',
    async (position) => {
      const cursor = Buffer.from(position).toString('base64url');
      const { errors } = await app.graphql(`{ interactions(after: "${cursor}") { nodes { id } } }`);
      expect(errors?.[0]?.message).toMatch(/after: is not a cursor of this list/);
    },
  );
});
