import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

const UPDATE = `mutation ($input: UpdateSettingsInput!) {
  updateSettings(input: $input) {
    ... on UpdateSettingsSuccess { settings { userId timeZone updatedAt } } ... on Error { code message }
  }
}`;
const ERASE = `mutation ($user: String!) { eraseUser(userId: $user, confirm: $user) {
  ... on EraseUserSuccess { receipt } ... on Error { message }
} }`;
const RESTORE = `mutation ($lines: [String!]!, $user: String) { restoreUser(lines: $lines, userId: $user) {
  ... on RestoreUserSuccess { turns } ... on Error { message }
} }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { DEFAULT_TIME_ZONE: 'Europe/Lisbon' } });
});
afterAll(() => app.close());

const zoneOf = async (user: string) => (await app.graphql('{ me { timeZone } }', {}, user)).data.me.timeZone;
const choose = async (timeZone: string | null, user: string) =>
  (await app.graphql(UPDATE, { input: { timeZone } }, user)).data.updateSettings;
const exported = async (userId: string): Promise<string[]> =>
  (await app.graphql('query ($userId: String) { exportUser(userId: $userId) { lines } }', { userId })).data
    .exportUser.lines;

describe('the time zone of a user', () => {
  test('is the default of the server until they choose one, and again when they take it back', async () => {
    expect(await zoneOf('ana')).toBe('Europe/Lisbon');
    expect((await choose('Asia/Kolkata', 'ana')).settings).toMatchObject({
      userId: 'ana',
      timeZone: 'Asia/Kolkata',
      updatedAt: expect.any(String),
    });
    expect(await zoneOf('ana')).toBe('Asia/Kolkata');
    expect(await zoneOf('ben')).toBe('Europe/Lisbon');
    expect((await app.graphql(UPDATE, { input: {} }, 'ana')).data.updateSettings.settings.timeZone).toBe(
      'Asia/Kolkata',
    );
    await choose(null, 'ana');
    expect(await zoneOf('ana')).toBe('Europe/Lisbon');
  });

  test.each([
    'Mars/Olympus',
    'Europe/Berlin ',
    '+05:30',
    'GMT+2',
    '',
    'x'.repeat(200),
    'Europe/Berlin\u0000',
    '../etc/passwd',
  ])('is refused by name where there is none: %j', async (timeZone) => {
    const { code, message } = await choose(timeZone, 'carl');
    expect([code, message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringMatching(/^timeZone: must be the IANA name/),
    ]);
    const search = await app.graphql(
      'query ($timeZone: String) { memorySearch(query: "q", timeZone: $timeZone) { tookMs } }',
      { timeZone },
    );
    expect(search.errors?.[0]?.message).toMatch(/^timeZone: must be the IANA name/);
    const query = await app.graphql(
      `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { ... on Error { message } } }`,
      { input: { query: 'q', timeZone } },
    );
    expect(query.data.processQuery.message).toMatch(/^timeZone: must be the IANA name/);
    expect(await zoneOf('carl')).toBe('Europe/Lisbon');
  });

  test('is chosen for others only by those who may act for them, and within a tenant', async () => {
    const forAna = { input: { userId: 'dora', timeZone: 'Asia/Tokyo' } };
    expect((await app.graphql(UPDATE, forAna, 'eve')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await app.graphql(UPDATE, forAna)).data.updateSettings.settings.userId).toBe('dora');
    expect(await zoneOf('dora')).toBe('Asia/Tokyo');
    expect(await zoneOf('@other:dora')).toBe('Europe/Lisbon');
    const rows = await app.sql(
      "select action from echo_audit_log where action like 'settings.%' order by id desc limit 1",
    );
    expect(rows).toEqual([{ action: 'settings.change' }]);
  });

  test('goes with an export and comes back, unless it was chosen anew since', async () => {
    await choose('Pacific/Apia', 'fay');
    const lines = await exported('fay');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        kind: 'settings',
        tenantId: 'default',
        userId: 'fay',
        timeZone: 'Pacific/Apia',
        updatedAt: expect.any(String),
      },
    ]);
    await choose('Pacific/Auckland', 'fay');
    await app.graphql(RESTORE, { lines, user: 'fay' });
    expect(await zoneOf('fay')).toBe('Pacific/Auckland');
    await app.sql("delete from echo_user_settings where user_id = 'fay'");
    expect((await app.graphql(RESTORE, { lines, user: 'fay' })).data.restoreUser).toEqual({ turns: 0 });
    expect(await zoneOf('fay')).toBe('Pacific/Apia');
    expect((await app.graphql(RESTORE, { lines, user: 'gus' })).data.restoreUser.message).toMatch(
      /^lines\.0\.userId: /,
    );
    const wrong = lines.map((line) => line.replace('Pacific/Apia', 'Pacific/Nowhere'));
    expect((await app.graphql(RESTORE, { lines: wrong, user: 'fay' })).data.restoreUser.message).toMatch(
      /^lines\.0\.timeZone: /,
    );
  });

  test('goes with an erasure and does not come back', async () => {
    await choose('Pacific/Chatham', 'hal');
    const lines = await exported('hal');
    const { receipt } = (await app.graphql(ERASE, { user: 'hal' })).data.eraseUser;
    expect([receipt.erased.settings, receipt.left.settings]).toEqual([1, 0]);
    expect(await zoneOf('hal')).toBe('Europe/Lisbon');
    expect((await app.graphql(RESTORE, { lines, user: 'hal' })).data.restoreUser.message).toMatch(
      /lines\.0\.updatedAt: must be after/,
    );
  });
});
