import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateFlag, type Flag, flagOf } from '../src/domains/flags/evaluate.ts';
import { type FlagRow, WHOLE } from '../src/domains/flags/tables.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const row = (changes: Partial<FlagRow> = {}): FlagRow => ({
  ...{ key: 'new-editor', description: '', enabled: true, share: WHOLE, tenants: [], roles: [] },
  ...{ expiresAt: null, createdAt: new Date(NOW), updatedAt: new Date(NOW) },
  ...changes,
});
const user = (userId: string, tenantId = 'default') => ({ tenantId, userId, roles: ['USER'] as const });
const isOn = (flag: Flag, userId: string) => evaluateFlag(flag, user(userId), NOW).enabled;

describe('the share', () => {
  const PEOPLE = Array.from({ length: 100_000 }, (_, number) => `user-${number}`);

  test.each([
    [100, 60, 140],
    [1_000, 900, 1_100],
    [50_000, 49_400, 50_600],
  ])('of %i in 100,000 is that share of 100,000 users', (share, least, most) => {
    const flag = flagOf(row({ share }), []);
    const count = PEOPLE.filter((userId) => isOn(flag, userId)).length;
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count).toBeLessThanOrEqual(most);
  });

  test('of 0.1 % of ten users stays what it is for each of them, and grows by others only', () => {
    const ten = PEOPLE.slice(0, 10);
    const at = (share: number) => ten.filter((userId) => isOn(flagOf(row({ share }), []), userId));
    expect(at(100)).toEqual(at(100));
    let before: string[] = [];
    for (const share of [0, 100, 20_000, 40_000, 60_000, 80_000, WHOLE]) {
      const now = at(share);
      expect(now).toEqual(expect.arrayContaining(before));
      before = now;
    }
    expect(at(0)).toEqual([]);
    expect(before).toEqual(ten);
  });

  test('falls otherwise for another flag and for another tenant', () => {
    const half = flagOf(row({ share: WHOLE / 2 }), []);
    const other = flagOf(row({ key: 'old-editor', share: WHOLE / 2 }), []);
    const differ = (each: (userId: string) => [boolean, boolean]) =>
      PEOPLE.slice(0, 2_000).filter((userId) => new Set(each(userId)).size === 2).length;
    for (const count of [
      differ((userId) => [isOn(half, userId), isOn(other, userId)]),
      differ((userId) => [isOn(half, userId), evaluateFlag(half, user(userId, 'acme'), NOW).enabled]),
    ]) {
      expect(count).toBeGreaterThan(850);
      expect(count).toBeLessThan(1_150);
    }
  });

  test('is the same on every server and in every version', () => {
    const flag = flagOf(row({ share: 30_000 }), []);
    expect(PEOPLE.slice(0, 12).filter((userId) => isOn(flag, userId))).toEqual(PLACES);
  });
});

/** Written down once: whoever changes how places are made takes features from users. */
const PLACES = ['user-8', 'user-10'];

const SET = `mutation ($input: SetFeatureFlagInput!) { setFeatureFlag(input: $input) {
  ... on SetFeatureFlagSuccess { flag { key description enabled percentage tenants roles users { tenantId userId } expiresAt } }
  ... on InvalidInputError { field message } } }`;
const LOOK = `query ($key: String!, $as: FeatureFlagSubjectInput) { featureFlag(key: $key, as: $as) { enabled reason } enabledFeatures }`;

describe('a flag', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());
  const set = async (input: object) => (await app.graphql(SET, { input })).data.setFeatureFlag;
  const look = async (key: string, who?: string, as?: object) => {
    const { data, errors } = await app.graphql(LOOK, { key, as }, who);
    expect(errors).toBeUndefined();
    return [data.featureFlag.enabled, data.featureFlag.reason, data.enabledFeatures.includes(key)];
  };

  test('is off until it is on, for whom it names and for its share, and is seen by admins', async () => {
    expect(await look('editor', 'ada')).toEqual([false, 'UNKNOWN', false]);
    expect((await set({ key: 'editor', description: 'The new one' })).flag).toEqual({
      ...{ key: 'editor', description: 'The new one', enabled: false, percentage: 100 },
      ...{ tenants: [], roles: [], users: [], expiresAt: null },
    });
    expect(await look('editor', 'ada')).toEqual([false, 'OFF', false]);
    await set({ key: 'editor', enabled: true });
    expect(await look('editor', 'ada')).toEqual([true, 'WITHIN_SHARE', true]);
    await set({ key: 'editor', percentage: 0, users: [{ tenantId: 'default', userId: 'ada' }] });
    expect(await look('editor', 'ada')).toEqual([true, 'USER', true]);
    expect(await look('editor', 'bob')).toEqual([false, 'OUTSIDE_SHARE', false]);
    // A user of that name of another tenant is another one.
    expect(
      (await look('editor', undefined, { tenantId: 'acme', userId: 'ada', roles: [] })).slice(0, 2),
    ).toEqual([false, 'OUTSIDE_SHARE']);
    await set({ key: 'editor', roles: ['USER'] });
    expect(await look('editor', 'bob')).toEqual([true, 'ROLE', true]);
    await set({ key: 'editor', roles: [], tenants: ['default'] });
    expect(await look('editor', 'bob')).toEqual([true, 'TENANT', true]);
    const { data } = await app.graphql('{ featureFlags { key tenants percentage users { userId } } }');
    expect(data.featureFlags).toEqual([
      { key: 'editor', tenants: ['default'], percentage: 0, users: [{ userId: 'ada' }] },
    ]);
  });

  test('ends at its time, and lasts again when that is taken away', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    expect((await set({ key: 'trial', enabled: true, expiresAt })).flag.expiresAt).toBe(expiresAt);
    expect((await set({ key: 'trial', percentage: 99.999 })).flag).toMatchObject({
      ...{ expiresAt, percentage: 99.999 },
    });
    await app.sql("update feature_flags set expires_at = now() - interval '1 second' where key = 'trial'");
    app.app.services.flags.forget();
    expect((await look('trial', 'ada')).slice(0, 2)).toEqual([false, 'EXPIRED']);
    await set({ key: 'trial', expiresAt: null, percentage: 100 });
    expect(await look('trial', 'ada')).toEqual([true, 'WITHIN_SHARE', true]);
  });

  test.each([
    [{ key: 'No' }, 'key', 'small letters'],
    [{ key: 'x', percentage: 100.1 }, 'percentage', '0 to 100'],
    [{ key: 'x', percentage: -1 }, 'percentage', '0 to 100'],
    [{ key: 'x', percentage: 0.0001 }, 'percentage', 'three decimals'],
    [{ key: 'x', description: 'x'.repeat(501) }, 'description', '500'],
    [{ key: 'x', tenants: Array(101).fill('a') }, 'tenants', '100'],
    [{ key: 'x', users: Array(1_001).fill({ tenantId: 'a', userId: 'b' }) }, 'users', '1000'],
    [{ key: 'x', users: [{ tenantId: 'a', userId: '' }] }, 'users.0.userId', '1 to 100'],
    [{ key: 'x', expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt', 'ahead'],
  ])('is refused as %j', async (input, field, words) => {
    const refused = await set({ enabled: true, ...input });
    expect(refused).toMatchObject({ field, message: expect.stringContaining(words) });
    expect((await look('x')).slice(0, 2)).toEqual([false, 'UNKNOWN']);
  });

  test('is set, listed, deleted and looked at for others by admins only', async () => {
    await set({ key: 'kept', enabled: true });
    for (const operation of [
      '{ featureFlags { key } }',
      'mutation { setFeatureFlag(input: { key: "kept", enabled: false }) { __typename } }',
      'mutation { deleteFeatureFlag(key: "kept") { __typename } }',
      '{ featureFlag(key: "kept", as: { tenantId: "default", userId: "bob", roles: [ADMIN] }) { enabled } }',
    ]) {
      const { errors } = await app.graphql(operation, {}, 'eve');
      expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    }
    expect(await look('kept', 'eve')).toEqual([true, 'WITHIN_SHARE', true]);
    const remove =
      'mutation { deleteFeatureFlag(key: "kept") { __typename ... on NotFoundError { field } } }';
    expect((await app.graphql(remove)).data.deleteFeatureFlag).toEqual({
      __typename: 'DeleteFeatureFlagSuccess',
    });
    expect((await app.graphql(remove)).data.deleteFeatureFlag.field).toBe('key');
    expect((await look('kept', 'eve')).slice(0, 2)).toEqual([false, 'UNKNOWN']);
    const told = await app.sql(
      `select action, detail ->> 'enabled' as enabled, actor is not null as named from echo_audit_log
       where action like 'flag.%' order by id desc limit 2`,
    );
    expect(told).toEqual([
      { action: 'flag.delete', enabled: null, named: true },
      { action: 'flag.set', enabled: 'true', named: true },
    ]);
  });

  test('is no longer on by name for a user who is erased', async () => {
    await set({
      key: 'named',
      enabled: true,
      percentage: 0,
      users: [{ tenantId: 'default', userId: 'gone' }],
    });
    await app.graphql('mutation { eraseUser(userId: "gone", confirm: "gone") { __typename } }');
    expect(await app.sql("select * from feature_flag_users where user_id = 'gone'")).toEqual([]);
  });

  test('is read once by many who ask, and stays as it was while the database does not answer', async () => {
    await set({ key: 'asked', enabled: true });
    app.statements.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => look('asked', 'ada')));
    expect(app.statements.filter((name) => name === 'all_flags').length).toBe(1);
  });
});
