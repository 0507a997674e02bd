import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readVaultOptions } from '../src/config.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { Vault } from '../src/secrets/vault.ts';
import { BARE_ENV, startChildServer } from './support/child-server.ts';
import { putCluster } from './support/prepared-cluster.ts';
import { startVaultDouble, type VaultDouble } from './support/vault-double.ts';

const KEY = 'key-of-the-operator';
const NEW_KEY = 'newer-key-of-the-operator';
let double: VaultDouble;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  double = await startVaultDouble({ API_KEY: KEY, UNKNOWN: 'of another program', PORT: '1' });
  closing.push(() => double.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Settings by which a server finds the double. */
const settings = (more: Record<string, string> = {}) => ({
  VAULT_ADDR: double.url,
  VAULT_ROLE_ID: double.roleId,
  VAULT_SECRET_ID: double.secretId,
  VAULT_PATH: 'secret/echo-brain',
  VAULT_REFRESH_MS: '100',
  ...more,
});

async function open(env: Record<string, string> = settings()) {
  const options = readVaultOptions(env, tmpdir());
  if (!options) throw new Error('no options');
  const vault = await Vault.open(options, fetch);
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  vault.start({ log, keepers: new Keepers(log, () => new Date()) }, () => undefined);
  closing.push(() => vault.stop());
  return { vault, lines };
}

const rounds = (more: number) => {
  const reads = () => double.calls.filter((call) => call.startsWith('GET secret/')).length;
  const before = reads();
  return expect.poll(reads, { interval: 20 }).toBeGreaterThanOrEqual(before + more);
};

describe('secrets in Vault', () => {
  test('are read with AppRole, and only those that the server knows', async () => {
    const { vault } = await open();
    expect(vault.values).toEqual({ API_KEY: KEY });
    expect(double.calls.slice(0, 2)).toEqual(['POST auth/approle/login', 'GET secret/data/echo-brain']);
  });

  test.each(['secret/echo-brain', 'secret/data/echo-brain'])('are read with a token, at %s', async (path) => {
    const { vault } = await open({
      VAULT_ADDR: double.url,
      VAULT_TOKEN: double.rootToken,
      VAULT_PATH: path,
      VAULT_REFRESH_MS: '100',
    });
    expect(vault.values).toEqual({ API_KEY: KEY });
    await rounds(2);
    expect(vault.trouble).toBeNull();
  });

  test('are replaced while the server runs; the log tells which, and no value', async () => {
    const { vault, lines } = await open();
    double.secret = { API_KEY: NEW_KEY, LLM_API_KEY: 'sk-model', MASTER_KEY: 'ab'.repeat(32) };
    await expect
      .poll(() => vault.values)
      .toEqual({ API_KEY: NEW_KEY, LLM_API_KEY: 'sk-model', MASTER_KEY: 'ab'.repeat(32) });
    const said = lines.find((line) => line.includes('were changed'));
    expect(JSON.parse(said ?? '{}')).toMatchObject({
      names: ['LLM_API_KEY', 'API_KEY', 'MASTER_KEY'],
      afterRestart: ['MASTER_KEY'],
    });
    expect(lines.join()).not.toMatch(/newer-key|sk-model|abab/);
  });

  test.each<[string, () => void, RegExp]>([
    ['is sealed', () => Object.assign(double, { sealed: true }), /Vault is sealed/],
    ['has them no more', () => Object.assign(double, { secret: null }), /404/],
    ['holds what is no key', () => Object.assign(double, { secret: { API_KEY: 'short' } }), /16 characters/],
    ['holds a number', () => Object.assign(double, { secret: { API_KEY: 1 } }), /must be text/],
    ['is gone', () => void double.close(), /cannot be reached/],
    [
      'refuses the role',
      () => {
        double.takesLogins = false;
        double.revokeAll();
      },
      /invalid role or secret ID/,
    ],
  ])('stay as they were when Vault %s', async (_what, change, trouble) => {
    const { vault, lines } = await open();
    change();
    await expect.poll(() => vault.trouble).toMatch(trouble);
    expect(vault.values).toEqual({ API_KEY: KEY });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(lines.filter((line) => line.includes('the last ones hold'))).toHaveLength(1);
  });

  test('are read again when Vault is unsealed', async () => {
    const { vault } = await open();
    double.sealed = true;
    await expect.poll(() => vault.trouble).not.toBeNull();
    Object.assign(double, { sealed: false, secret: { API_KEY: NEW_KEY } });
    await expect.poll(() => vault.values).toEqual({ API_KEY: NEW_KEY });
    expect(vault.trouble).toBeNull();
  });

  test('are read after a token was revoked: with a new login', async () => {
    const { vault } = await open();
    double.revokeAll();
    double.secret = { API_KEY: NEW_KEY };
    await expect.poll(() => vault.values).toEqual({ API_KEY: NEW_KEY });
    expect(double.calls.filter((call) => call.endsWith('/login'))).toHaveLength(2);
  });

  test('cost one login when a policy forbids them, not one for each look', async () => {
    const { vault } = await open();
    double.forbidden = true;
    await expect.poll(() => vault.trouble).toMatch(/permission denied/);
    await rounds(5);
    expect(double.calls.filter((call) => call.endsWith('/login'))).toHaveLength(2);
    double.forbidden = false;
    await expect.poll(() => vault.trouble).toBeNull();
  });

  test('that decide who has to show a key are used after a restart, and the log says so', async () => {
    double.secret = { LLM_API_KEY: 'sk-model' };
    const { lines } = await open();
    double.secret = { LLM_API_KEY: 'sk-newer', API_KEY: KEY };
    await expect.poll(() => lines.find((line) => line.includes('were changed'))).toBeDefined();
    const said = lines.find((line) => line.includes('were changed'));
    expect(JSON.parse(said ?? '{}')).toMatchObject({
      names: ['LLM_API_KEY', 'API_KEY'],
      afterRestart: ['API_KEY'],
    });
  });

  test('are read for longer than a token may live: it is renewed, and near its end there is a new one', async () => {
    Object.assign(double, { ttl: 3, maxTtl: 6 });
    const { vault } = await open();
    await expect
      .poll(() => double.calls.filter((call) => call.endsWith('/login')).length)
      .toBeGreaterThanOrEqual(2);
    expect(double.calls).toContain('POST auth/token/renew-self');
    double.secret = { API_KEY: NEW_KEY };
    await expect.poll(() => vault.values).toEqual({ API_KEY: NEW_KEY });
    expect(vault.trouble).toBeNull();
  });

  test.each([
    ['another secret id', { VAULT_SECRET_ID: 'wrong' }, 'invalid role or secret ID'],
    ['another path', { VAULT_PATH: 'secret/nothing' }, '404'],
  ])('cannot be read with %s', async (_what, wrong, why) => {
    await expect(open(settings(wrong))).rejects.toThrow(why);
  });

  test('are waited for when the server starts', async () => {
    double.sealed = true;
    setTimeout(() => Object.assign(double, { sealed: false }), 1_500);
    expect((await open()).vault.values).toEqual({ API_KEY: KEY });
  });
});

describe('settings of Vault', () => {
  test.each<[Record<string, string>, string]>([
    [{ VAULT_ADDR: 'vault:8200' }, 'VAULT_ADDR: must be a URL'],
    [{ VAULT_ADDR: 'https://user:secret@vault.example' }, 'VAULT_ADDR: must not hold a user name'],
    [{ VAULT_PATH: '' }, 'VAULT_PATH: must be set when VAULT_ADDR is'],
    [{ VAULT_PATH: 'secret' }, 'VAULT_PATH: must be a mount and a path'],
    [{ VAULT_PATH: '../sys/seal' }, 'VAULT_PATH: must be a mount and a path'],
    [{ VAULT_SECRET_ID: '' }, 'VAULT_TOKEN: must be set, or VAULT_ROLE_ID and VAULT_SECRET_ID'],
    [{ VAULT_TOKEN: 'x' }, 'VAULT_TOKEN: must not be set beside'],
    [{ VAULT_REFRESH_MS: '1' }, 'VAULT_REFRESH_MS: must be a whole number'],
  ])('are checked: %j', (wrong, problem) => {
    expect(() => readVaultOptions(settings(wrong), tmpdir())).toThrow(problem);
  });

  test('are not looked at without VAULT_ADDR', () => {
    expect(readVaultOptions({ VAULT_PATH: 'x' }, tmpdir())).toBeNull();
  });
});

describe('a server with its secrets in Vault', () => {
  test('takes the key that is there now, and says when it cannot look', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'echo-vault-'));
    await putCluster(directory);
    const server = await startChildServer(directory, settings());
    closing.push(async () => {
      server.signal('SIGTERM');
      await server.exited;
      await rm(directory, { recursive: true });
    });
    const ask = async (key: string, query: string) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: JSON.stringify({ query }),
      });
      return { status: response.status, text: await response.text() };
    };
    const me = async (key: string) => (await ask(key, '{ me { userId } }')).status;
    expect([await me(KEY), await me(NEW_KEY)]).toEqual([200, 401]);
    double.secret = { API_KEY: NEW_KEY };
    await expect.poll(() => me(NEW_KEY)).toBe(200);
    expect(await me(KEY)).toBe(401);
    double.sealed = true;
    await expect
      .poll(async () => (await ask(NEW_KEY, '{ alerts(first: 1) { edges { node { name state } } } }')).text)
      .toContain('"name":"secrets_stale","state":"RAISED"');
    expect(await me(NEW_KEY)).toBe(200);
  });

  test('names what is wrong beside Vault in the same breath', async () => {
    const run = promisify(execFile)(process.execPath, ['scripts/start.ts'], {
      env: { ...BARE_ENV, VAULT_ADDR: 'zzz', PORT: 'abc', RATE_LIMIT_STORE: 'redis' },
    });
    const { stderr, code } = await run.then(
      () => ({ stderr: '', code: 0 }),
      (error: { stderr: string; code: number }) => error,
    );
    expect(code).toBe(1);
    for (const name of ['VAULT_ADDR', 'VAULT_PATH', 'VAULT_TOKEN', 'PORT', 'RATE_LIMIT_STORE'])
      expect(stderr).toContain(`  - ${name}: `);
  });

  test('does not start with a wrong value in Vault, and names it', async () => {
    double.secret = { API_KEY: 'short', MASTER_KEY: 'zz' };
    const directory = await mkdtemp(join(tmpdir(), 'echo-vault-'));
    closing.push(() => rm(directory, { recursive: true }));
    await expect(startChildServer(directory, settings())).rejects.toThrow('the server ended (1)');
  });
});
