import { type TOTP, URI } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { operate } from './support/operate.ts';

const MASTER_KEY = '5e'.repeat(32);
const VALUE = 'sk-live-0123456789-abcd';
const STORE = `mutation ($name: String!, $value: String!) { storeCredential(input: { name: $name, value: $value }) {
  __typename ... on StoreCredentialSuccess { credential { name lastFour version updatedBy isReadable } }
  ... on Error { code message } ... on InvalidInputError { field } ... on NotConfiguredError { setting } } }`;
const REVEAL = `mutation ($name: String!, $code: String!) { revealCredential(input: { name: $name, code: $code }) {
  __typename ... on RevealCredentialSuccess { value } ... on Error { code message } } }`;
const LIST = '{ credentials { name lastFour version isReadable } }';
const DELETE =
  'mutation ($name: String!) { deleteCredential(name: $name) { __typename ... on Error { code message } } }';

/** Runs `npm run secrets` beside the server. */
async function secrets(app: TestApp, args: string[], stdin = '') {
  const { code, text } = await operate(app.directory, 'secrets', args, { stdin });
  return { code, text };
}

/** Gives the local admin, or another user, an authenticator. */
async function enrol(app: TestApp, ...args: string[]): Promise<TOTP> {
  const { text } = await secrets(app, ['enrol', ...args]);
  return URI.parse(/otpauth:\S+/.exec(text)?.[0] ?? '') as TOTP;
}

/** The code of this moment, or of another time step. */
const codeOf = (totp: TOTP, steps = 0) => totp.generate({ timestamp: Date.now() + steps * 30_000 });

const store = async (app: TestApp, name: string, value: string, user?: string) =>
  (await app.graphql(STORE, { name, value }, user)).data.storeCredential;
const reveal = (app: TestApp, name: string, code: string, user?: string) =>
  app.graphql(REVEAL, { name, code }, user);

/** What of a text stands in the database, whichever way it is written. */
async function traces(app: TestApp, text: string) {
  const tables = await app.sql<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
  );
  const forms = [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')];
  const found: string[] = [];
  for (const { name } of tables) {
    const [{ count } = { count: 0 }] = await app.sql<{ count: number }>(
      `select count(*)::int from ${name} t where to_jsonb(t)::text like any($1)`,
      [forms.map((form) => `%${form}%`)],
    );
    if (count > 0) found.push(name);
  }
  return found;
}

describe('a server with a master key', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { MASTER_KEY } });
  });
  afterAll(() => app.close());

  test('keeps a credential that nobody finds in the database', async () => {
    expect(await store(app, 'SMTP', VALUE)).toEqual({
      __typename: 'StoreCredentialSuccess',
      credential: { name: 'SMTP', lastFour: 'abcd', version: 1, updatedBy: 'default', isReadable: true },
    });
    expect(await traces(app, VALUE)).toEqual([]);
    expect(await traces(app, 'SMTP')).toContain('echo_credentials');
    expect((await store(app, 'SMTP', `${VALUE}x`)).credential).toMatchObject({
      version: 2,
      lastFour: 'bcdx',
    });
    expect((await store(app, 'SHORT', 'tiny')).credential.lastFour).toBeNull();
    expect((await app.graphql(LIST)).data.credentials.map(({ name }: { name: string }) => name)).toEqual([
      'SHORT',
      'SMTP',
    ]);
  });

  test.each([
    ['', 'x', 'name'],
    ['a b', 'x', 'name'],
    ['x'.repeat(101), 'x', 'name'],
    ['OK', '', 'value'],
    ['OK', 'x'.repeat(8_193), 'value'],
    ['OK', 'a\u0000b', 'value'],
  ])('refuses the name or value of %j', async (name, value, field) => {
    expect(await store(app, name, value)).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect((await app.graphql(LIST)).data.credentials).not.toContainEqual(expect.objectContaining({ name }));
  });

  test('takes the largest value and gives it back as it was', async () => {
    const value = `${'ü€😀'.repeat(2_000)}`;
    await store(app, 'LARGE', value);
    const totp = await enrol(app);
    expect((await reveal(app, 'LARGE', codeOf(totp))).data.revealCredential.value).toBe(value);
  });

  test('shows a value only to an admin with a code, and takes each code once', async () => {
    await store(app, 'PAID', VALUE);
    await app.sql('delete from echo_authenticators');
    const { data } = await reveal(app, 'PAID', '123456');
    expect(data.revealCredential).toMatchObject({ code: 'NOT_CONFIGURED' });
    expect(data.revealCredential.message).toContain('npm run secrets -- enrol --user "default"');
    const totp = await enrol(app);
    const code = codeOf(totp, -1);
    expect((await reveal(app, 'PAID', code)).data.revealCredential).toEqual({
      __typename: 'RevealCredentialSuccess',
      value: VALUE,
    });
    expect((await reveal(app, 'PAID', code)).data.revealCredential).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('used already'),
    });
    // An older one than the last that was taken says nothing, either.
    expect((await reveal(app, 'PAID', codeOf(totp, 1))).data.revealCredential.value).toBe(VALUE);
    expect((await reveal(app, 'PAID', codeOf(totp))).data.revealCredential.code).toBe('BAD_USER_INPUT');
    expect((await reveal(app, 'PAID', codeOf(totp, 7))).data.revealCredential.code).toBe('BAD_USER_INPUT');
  });

  test('is no use to a user who is no admin, or to the authenticator of another', async () => {
    await store(app, 'PAID', VALUE);
    for (const answer of [
      await app.graphql(LIST, {}, 'mallory'),
      await app.graphql(STORE, { name: 'PAID', value: 'x' }, 'mallory'),
      await reveal(app, 'PAID', codeOf(await enrol(app)), 'mallory'),
      await app.graphql(DELETE, { name: 'PAID' }, 'mallory'),
    ])
      expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const others = await enrol(app, '--user', 'other', '--tenant', 'elsewhere');
    const { data } = await reveal(app, 'PAID', codeOf(others), '@elsewhere:other');
    expect(data.revealCredential).toMatchObject({ code: 'NOT_FOUND' });
    expect((await reveal(app, 'PAID', codeOf(others, 1))).data.revealCredential.code).toBe('BAD_USER_INPUT');
  });

  test('looks at no code for a while after five wrong ones', async () => {
    await store(app, 'PAID', VALUE);
    await app.sql('delete from echo_authenticators');
    const totp = await enrol(app);
    for (let attempt = 0; attempt < 5; attempt++) {
      const wrong = codeOf(totp, 1_000 + attempt);
      expect((await reveal(app, 'PAID', wrong)).data.revealCredential.code).toBe('BAD_USER_INPUT');
    }
    const refused = await reveal(app, 'PAID', codeOf(totp));
    expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(refused.errors?.[0]?.extensions.retryAfterMs).toBeGreaterThan(890_000);
    // A new authenticator is no way around it.
    const renewed = await enrol(app);
    expect((await reveal(app, 'PAID', codeOf(renewed))).errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
    await app.sql("update echo_authenticators set wrong_at = now() - interval '16 minutes'");
    expect((await reveal(app, 'PAID', codeOf(renewed))).data.revealCredential.value).toBe(VALUE);
  });

  test('takes a code that is shown ten times at once once, and locks nobody out for it', async () => {
    await store(app, 'PAID', VALUE);
    await app.sql('delete from echo_authenticators');
    const totp = await enrol(app);
    const answers = await Promise.all(Array.from({ length: 10 }, () => reveal(app, 'PAID', codeOf(totp))));
    expect(answers.filter(({ data }) => data?.revealCredential.value === VALUE)).toHaveLength(1);
    expect((await reveal(app, 'PAID', codeOf(totp, 1))).data.revealCredential.value).toBe(VALUE);
  });

  test('keeps a thousand credentials of a tenant, and no more', async () => {
    await app.sql(
      `insert into echo_credentials (tenant_id, name, value, key_id, updated_by)
       select 'full', 'C' || n, '\\x00', 'none', 'x' from generate_series(1, 1000) n`,
    );
    expect(await store(app, 'ONE_MORE', VALUE, '@full:admin')).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'name',
      message: expect.stringContaining('1000'),
    });
    expect((await store(app, 'C1', VALUE, '@full:admin')).credential.version).toBe(2);
    await app.sql("delete from echo_credentials where tenant_id = 'full'");
  });

  test('tells all of it in the audit log', async () => {
    await app.sql('delete from echo_authenticators');
    await store(app, 'AUDITED', VALUE);
    await store(app, 'AUDITED', `${VALUE}2`);
    await reveal(app, 'AUDITED', '000000');
    const totp = await enrol(app);
    await reveal(app, 'AUDITED', codeOf(totp, 2_000));
    await reveal(app, 'AUDITED', '12345');
    await reveal(app, 'AUDITED', codeOf(totp));
    await app.graphql(DELETE, { name: 'AUDITED' });
    await app.app.services.audit.flush();
    const { data } = await app.graphql(
      '{ auditLog(first: 100) { entries { action target result actor } } verifyAudit { broken } }',
    );
    const told = data.auditLog.entries.filter(({ target }: { target: string }) => target === 'AUDITED');
    expect(told.map(({ action, result }: Record<string, string>) => `${action} ${result}`)).toEqual([
      'credential.store OK',
      'credential.store OK',
      'credential.reveal NOT_CONFIGURED',
      'credential.reveal BAD_USER_INPUT',
      'credential.reveal BAD_USER_INPUT',
      'credential.reveal OK',
      'credential.delete OK',
    ]);
    expect(data.verifyAudit.broken).toEqual([]);
    expect(await traces(app, VALUE)).toEqual([]);
  });

  test('does not open what was put in another place, or altered', async () => {
    await app.sql('delete from echo_authenticators');
    await store(app, 'HERS', VALUE);
    await store(app, 'MINE', 'something of mine, long enough');
    await app.sql(
      "update echo_credentials set value = (select value from echo_credentials where name = 'HERS') where name = 'MINE'",
    );
    const totp = await enrol(app);
    expect((await reveal(app, 'MINE', codeOf(totp))).data.revealCredential).toMatchObject({
      code: 'NOT_CONFIGURED',
      message: expect.stringContaining('altered, or belongs elsewhere'),
    });
    await app.sql(
      "update echo_credentials set value = set_byte(value, 20, get_byte(value, 20) # 1) where name = 'HERS'",
    );
    expect((await reveal(app, 'HERS', codeOf(totp, 1))).data.revealCredential.code).toBe('NOT_CONFIGURED');
  });

  test('forgets the authenticator and the name of an admin who is erased', async () => {
    await enrol(app, '--user', 'quillon');
    await store(app, 'BY_THEM', VALUE, '@default:quillon');
    expect(await traces(app, 'quillon')).toEqual(
      expect.arrayContaining(['echo_authenticators', 'echo_credentials']),
    );
    const { data } = await app.graphql(
      'mutation { eraseUser(userId: "quillon", confirm: "quillon") { __typename ... on Error { message } } }',
    );
    expect(data.eraseUser.__typename).toBe('EraseUserSuccess');
    expect(await traces(app, 'quillon')).toEqual([]);
  });
});

describe('the command', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { MASTER_KEY } });
  });
  afterAll(() => app.close());

  test('keeps what stands on standard input, lists and deletes it', async () => {
    const stored = await secrets(app, ['store', 'LLM_API_KEY'], `${VALUE}\n`);
    expect(stored).toEqual({ code: 0, text: expect.stringMatching(/^LLM_API_KEY {2}version 1 {2}…abcd/) });
    expect(stored.text).not.toContain(VALUE);
    expect(app.app.services.providerKeys).toBeDefined();
    expect((await secrets(app, ['list'])).text).toMatch(/^LLM_API_KEY /);
    expect((await secrets(app, ['delete', 'LLM_API_KEY'])).code).toBe(0);
    expect((await secrets(app, ['list'])).text).toBe('no credentials are kept for the tenant "default"');
    expect(await secrets(app, ['delete', 'LLM_API_KEY'])).toEqual({
      code: 1,
      text: expect.stringContaining('no such credential'),
    });
  });

  test.each([[[]], [['read']], [['list', '--all']]])('shows how it is used: %j', async (args: string[]) => {
    expect(await secrets(app, args)).toEqual({
      code: 2,
      text: expect.stringContaining('usage: npm run secrets'),
    });
  });
});

describe('a server without a master key', () => {
  test('keeps no credentials and says why', async () => {
    const app = await startTestApp();
    expect(await store(app, 'SMTP', VALUE)).toMatchObject({ code: 'NOT_CONFIGURED', setting: 'MASTER_KEY' });
    expect(await secrets(app, ['enrol'])).toEqual({ code: 1, text: expect.stringContaining('MASTER_KEY') });
    expect((await app.graphql(LIST)).data.credentials).toEqual([]);
    await app.close();
  });
});

describe('a new master key', () => {
  const NEW_KEY = Buffer.alloc(32, 'n').toString('base64');

  test('opens what the previous one closed, and then alone', async () => {
    const first = await startTestApp({ env: { MASTER_KEY } });
    await store(first, 'PAID', VALUE);
    const totp = await enrol(first);
    const DATABASE_URL = first.databaseUrl;
    const start = (env: Record<string, string>) => startTestApp({ env: { DATABASE_URL, ...env } });

    // More than one batch of others, of keys that nobody has.
    await first.sql(
      `insert into echo_credentials (tenant_id, name, value, key_id, updated_by)
       select 'many', 'C' || n, '\\x00', 'none', 'x' from generate_series(1, 1200) n`,
    );
    const wrong = await start({ MASTER_KEY: NEW_KEY });
    expect((await wrong.graphql(LIST)).data.credentials).toMatchObject([{ name: 'PAID', isReadable: false }]);
    expect(wrong.app.services.alerts.active).toContainEqual(
      expect.objectContaining({ name: 'secrets_unreadable', message: expect.stringMatching(/^1202 stored/) }),
    );
    expect((await reveal(wrong, 'PAID', codeOf(totp))).data.revealCredential.code).toBe('NOT_CONFIGURED');
    await wrong.close();

    await first.sql("delete from echo_credentials where tenant_id = 'many'");
    // A server that still has the old key alone goes on with the last value, and says so.
    expect((await store(first, 'LLM_API_KEY', VALUE)).__typename).toBe('StoreCredentialSuccess');
    await first.app.services.providerKeys.refresh();
    const rotated = await start({ MASTER_KEY: NEW_KEY, MASTER_KEY_PREVIOUS: MASTER_KEY });
    await first.app.services.providerKeys.refresh();
    expect(first.app.services.alerts.active.map(({ name }) => name)).toEqual(['provider_keys_unreadable']);
    expect(rotated.app.services.alerts.active).toEqual([]);
    await rotated.close();

    const after = await start({ MASTER_KEY: NEW_KEY });
    expect((await after.graphql(LIST)).data.credentials).toContainEqual(
      expect.objectContaining({ name: 'PAID', isReadable: true, version: 1 }),
    );
    expect((await reveal(after, 'PAID', codeOf(totp, 1))).data.revealCredential.value).toBe(VALUE);
    const actions = await first.sql<{ action: string }>('select action from echo_audit_log order by id');
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['credential.rekey', 'authenticator.rekey']),
    );
    await after.close();
    await first.close();
  });
});

describe('keys of providers', () => {
  let provider: OpenAiServer;
  let app: TestApp;
  const ask = async () => {
    await app.graphql('mutation { processQuery(input: { query: "What is love?" }) { __typename } }');
    return provider.requests.at(-1)?.headers.authorization;
  };
  beforeAll(async () => {
    provider = await startOpenAiServer();
    app = await startTestApp({
      env: { MASTER_KEY, LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' },
    });
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  test('are used as soon as they are stored, and no longer when they are deleted', async () => {
    expect(await ask()).toBeUndefined();
    await store(app, 'LLM_API_KEY', 'sk-stored-first-key');
    expect(await ask()).toBe('Bearer sk-stored-first-key');
    await store(app, 'LLM_API_KEY', 'sk-stored-second-key');
    expect(await ask()).toBe('Bearer sk-stored-second-key');
    await app.graphql(DELETE, { name: 'LLM_API_KEY' });
    expect(await ask()).toBeUndefined();
  });

  test('of another tenant are not the server’s', async () => {
    await store(app, 'LLM_API_KEY', 'sk-of-somebody-else', '@other:admin');
    expect(await ask()).toBeUndefined();
  });

  test('of the configuration come first', async () => {
    const configured = await startTestApp({
      env: {
        MASTER_KEY,
        LLM_BASE_URL: provider.url,
        LLM_MODELS: 'quick=small',
        LLM_API_KEY: 'sk-configured',
      },
    });
    await store(configured, 'LLM_API_KEY', 'sk-stored');
    await configured.graphql('mutation { processQuery(input: { query: "What is love?" }) { __typename } }');
    expect(provider.requests.at(-1)?.headers.authorization).toBe('Bearer sk-configured');
    await configured.close();
  });

  test('that another server stores are used within seconds', async () => {
    const other = await startTestApp({ env: { MASTER_KEY, DATABASE_URL: app.databaseUrl } });
    await store(other, 'LLM_API_KEY', 'sk-stored-elsewhere');
    await expect.poll(ask, { interval: 500 }).toBe('Bearer sk-stored-elsewhere');
    await app.graphql(DELETE, { name: 'LLM_API_KEY' });
    await other.close();
  });
});
