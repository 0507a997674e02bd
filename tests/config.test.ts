import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, mistakenSettings, readConfig } from '../src/config.ts';

const TOKENS = {
  JWT_JWKS_URL: 'https://id.example/keys',
  JWT_ISSUER: 'https://id.example',
  JWT_AUDIENCE: 'a',
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-config-'));
});
afterEach(() => rm(directory, { recursive: true }));

const read = (environment: Record<string, string> = {}) => readConfig(environment, directory);

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(read()).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      dataDirectory: join(directory, 'data'),
      databaseUrls: [],
      languageModels: null,
      maxContextMessages: 6,
      slowQueryMs: 100,
      seed: true,
      graphiql: true,
    });
  });

  test('is taken from a variable, else .env, else the file of ECHO_CONFIG, else the default', async () => {
    await writeFile(
      join(directory, 'echo.env'),
      'PORT=1001\nSLOW_QUERY_MS=1001\nMAX_CONTEXT_MESSAGES=11\nLOG_LEVEL=error\n',
    );
    await writeFile(join(directory, '.env'), 'PORT=1002\nSLOW_QUERY_MS=1002\nECHO_CONFIG=echo.env\n');
    expect(read({ PORT: '1003' })).toMatchObject({
      port: 1003,
      slowQueryMs: 1002,
      maxContextMessages: 11,
      logLevel: 'error',
      seed: true,
    });
  });

  test('knows a slip of the hand in a name, wherever it stands, and leaves names of others alone', async () => {
    await writeFile(
      join(directory, '.env'),
      'MEDIA_ROOT=/pictures\nPOSTGRES_PASSWORD=x\nLLM_MODELS=quick=x\n',
    );
    const others = {
      HOME: '/',
      PATH: '/bin',
      HOSTNAME: 'here',
      PGHOST: 'db',
      LANG: 'C',
      npm_config_port: '1',
    };
    const slips = { DATABSE_URL: 'postgres://x', DATADIR: '/data', API_KEYS: 'x', PROT: '1' };
    expect(mistakenSettings({ ...others, ...slips, DATABASE_URL: 'y' }, directory)).toEqual(
      expect.arrayContaining([
        { name: 'MEDIA_ROOT', meant: 'MEDIA_ROOTS' },
        { name: 'DATABSE_URL', meant: 'DATABASE_URL' },
        { name: 'DATADIR', meant: 'DATA_DIR' },
        { name: 'API_KEYS', meant: 'API_KEY' },
      ]),
    );
    expect(mistakenSettings({ ...others, ...slips }, directory)).toHaveLength(4);
  });

  test('takes the file of ECHO_CONFIG from a variable first', async () => {
    await writeFile(join(directory, 'a.env'), 'PORT=1\n');
    await writeFile(join(directory, 'b.env'), 'PORT=2\n');
    await writeFile(join(directory, '.env'), 'ECHO_CONFIG=a.env\n');
    expect(read().port).toBe(1);
    expect(read({ ECHO_CONFIG: join(directory, 'b.env') }).port).toBe(2);
  });

  test('treats an empty variable as absent', async () => {
    await writeFile(join(directory, '.env'), 'PORT=1002\n');
    expect(read({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 1002, databaseUrls: [] });
  });

  test('resolves relative paths and reads quoted values and comments', async () => {
    await writeFile(
      join(directory, '.env'),
      '# a comment\nDATA_DIR="./my data"\nDEFAULT_CREATOR=\'x # y\'\n',
    );
    expect(read()).toMatchObject({ dataDirectory: join(directory, 'my data'), defaultCreator: 'x # y' });
  });

  test('reads models by level, with names that hold = and :', () => {
    const config = read({
      LLM_BASE_URL: 'http://localhost:11434/v1',
      LLM_MODELS: 'quick=llama3:8b, expert=a=b',
    });
    expect(config.languageModels).toMatchObject({
      baseUrl: 'http://localhost:11434/v1',
      levels: { quick: 'llama3:8b', expert: 'a=b' },
    });
  });
});

describe('wrong settings', () => {
  test('are all reported at once, by name', () => {
    const wrong = {
      PORT: '70000',
      DATABASE_URL: 'mysql://localhost/db',
      LLM_BASE_URL: 'localhost:11434',
      LLM_MODELS: 'fast=llama',
      LLM_TIMEOUT_MS: 'soon',
      MAX_CONTEXT_MESSAGES: '-1',
      SLOW_QUERY_MS: '1.5',
      SQL_ECHO: 'maybe',
      LOG_LEVEL: 'loud',
      SEED: 'yes',
      GRAPHIQL: '1',
    };
    const problems = problemsOf(wrong);
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(Object.keys(wrong).sort());
  });

  test('are one readable block', () => {
    expect(() => read({ PORT: 'x', SEED: 'x' })).toThrow(
      /configuration:\n {2}- \w+: must .*\n {2}- \w+: must .*$/,
    );
  });

  test.each([
    ['PORT', '65536', /0 to 65535/],
    ['PORT', '1e3', /whole number/],
    ['PORT', '-1', /0 to 65535/],
    ['LOG_LEVEL', 'loud', /fatal, error, warn/],
    ['DATABASE_URL', 'postgres', /postgres:\/\//],
    ['DATABASE_URL', 'postgres://u:p#x@host/db', /percent-encoded, "#" as %23/],
    ['DATABASE_URL', 'postgres://u:p/x@host/db', /"\/" as %2F/],
    ['DATABASE_URL', 'postgres://u:p?x[y@host/db', /"\?" as %3F, "\[" as %5B/],
    ['DATABASE_URL', 'postgres://u:p@host:70000/db', /host or its port/],
    ['LLM_MODELS', 'quick=', /quick=NAME/],
    ['LLM_MODELS', `quick=${'n'.repeat(101)}`, /at most 100 characters/],
    ['LLM_WINDOWS', 'quick=255', /from 256 to/],
    ['LLM_WINDOWS', 'quick=many', /whole numbers/],
    ['LLM_WINDOWS', '4096', /quick=TOKENS/],
    ['LLM_PRICES', 'quick=0.15', /two prices/],
    ['LLM_PRICES', 'quick=-1/2', /two prices/],
    ['LLM_PRICES', 'quick=1e3/2', /two prices/],
    ['LLM_PRICES', 'quick=100000/2', /two prices/],
    ['LLM_PRICES', 'small=1/2', /quick=INPUT\/OUTPUT/],
    ['LLM_CONCURRENCY', '0', /from 1 to 1000/],
    ['LLM_FIRST_TOKEN_MS', '99', /from 100 to/],
    ['LLM_MAX_TOKENS', '15', /from 16 to/],
    ['DEFAULT_CREATOR', 'c'.repeat(101), /100/],
    ['DEFAULT_TIME_ZONE', 'Europe/Bielefeld', /IANA name/],
    ['DEFAULT_TIME_ZONE', '+02:00', /IANA name/],
  ])('%s=%s says what is right', (name, value, message) => {
    expect(problemsOf({ [name]: value })[0]).toMatch(message);
  });

  test('need their other half', () => {
    expect(problemsOf({ LLM_BASE_URL: 'http://localhost/v1' })).toEqual([
      expect.stringMatching(/^LLM_MODELS: .*LLM_BASE_URL/),
    ]);
    expect(problemsOf({ LLM_MODELS: 'quick=a' })).toEqual([
      expect.stringMatching(/^LLM_BASE_URL: .*LLM_MODELS/),
    ]);
  });

  test('name a file that does not exist', () => {
    expect(problemsOf({ ECHO_CONFIG: 'nowhere.env' })).toEqual([
      expect.stringMatching(/^ECHO_CONFIG: .*nowhere/),
    ]);
  });

  test.each([
    '0.0.0.0',
    '::',
    '192.168.1.5',
    '10.0.0.1',
    'example.com',
    '127.0.0.1.evil.example',
    '2130706433',
  ])('turn access control off on the host %s, which others could reach', (HOST) => {
    expect(problemsOf({ HOST, AUTH: 'off' })).toEqual([expect.stringMatching(/^AUTH: .*loopback/)]);
    expect(read({ HOST }).access.required).toBe(true);
  });

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])(
    'may turn access control off on the host %s',
    (HOST) => {
      expect(read({ HOST }).access.required).toBe(false);
      expect(read({ HOST, AUTH: 'required' }).access.required).toBe(true);
      expect(read({ HOST, API_KEY: 'a key of the operator' }).access.required).toBe(true);
      expect(read({ HOST, AUTH: 'off', API_KEY: 'a key of the operator' }).access.required).toBe(false);
    },
  );

  test.each([
    [{ API_KEY: 'short' }, /^API_KEY: .*16/],
    [{ JWT_SECRET: 'short', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' }, /^JWT_SECRET: .*32/],
    [{ JWT_SECRET: 'x'.repeat(32), JWT_AUDIENCE: 'a' }, /^JWT_ISSUER: /],
    [{ JWT_JWKS_URL: 'https://id.example/keys', JWT_ISSUER: 'i' }, /^JWT_AUDIENCE: /],
    [{ MCP_RESOURCE_URL: 'https://a.example/mcp' }, /^MCP_RESOURCE_URL: needs tokens/],
    [
      { ...TOKENS, JWT_ISSUER: 'us', MCP_RESOURCE_URL: 'https://a.example/mcp' },
      /^MCP_RESOURCE_URL: .*JWT_ISSUER/,
    ],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'http://a.example/mcp' }, /^MCP_RESOURCE_URL: .*https/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'a.example/mcp' }, /^MCP_RESOURCE_URL: .*https/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://:pw@a.example/mcp' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example/mcp?' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example/mcp#' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://A.example:443/mcp' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example/x/../mcp' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [
      { ...TOKENS, JWT_ISSUER: 'https://', MCP_RESOURCE_URL: 'https://a.example/mcp' },
      /^MCP_RESOURCE_URL: .*JWT_ISSUER/,
    ],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example/mcp/' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://a.example/mcp?a=b' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ ...TOKENS, MCP_RESOURCE_URL: 'https://u@a.example/mcp' }, /^MCP_RESOURCE_URL: .*address of \/mcp/],
    [{ CORS_ORIGINS: 'https://a.example/path' }, /^CORS_ORIGINS: .*a\.example\/path/],
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS: /],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, /^TRUSTED_PROXIES: .*10\.0\.0\.0\/33/],
    [{ TRUSTED_PROXIES: 'proxy.example' }, /^TRUSTED_PROXIES: /],
    [{ OUTBOUND_ALLOW: 'intranet.example' }, /^OUTBOUND_ALLOW: .*intranet/],
    [{ RATE_LIMIT_STORE: 'redis' }, /^RATE_LIMIT_STORE: .*memory, postgres/],
    [{ MASTER_KEY: 'a passphrase of thirty-two chars' }, /^MASTER_KEY: .*32 bytes/],
    [
      { LLM_BASE_URL: 'http://u:p@a.example', LLM_MODELS: 'quick=a', LLM_API_KEY: 'x' },
      /^LLM_API_KEY: .*LLM_BASE_URL/,
    ],
    [
      { ALERT_WEBHOOK_URL: 'https://a.example', ALERT_WEBHOOK_SECRET: `whsec_${'!'.repeat(30)}` },
      /^ALERT_WEBHOOK_SECRET: .*24 to 64 bytes/,
    ],
    [{ MASTER_KEY: 'ab'.repeat(31) }, /^MASTER_KEY: .*32 bytes/],
    [{ MASTER_KEY_PREVIOUS: 'ab'.repeat(32) }, /^MASTER_KEY: must be set when MASTER_KEY_PREVIOUS/],
    [{ ALERT_WEBHOOK_URL: 'file:///etc/passwd' }, /^ALERT_WEBHOOK_URL: .*https/],
    [
      { ALERT_WEBHOOK_URL: 'https://a.example', ALERT_WEBHOOK_SECRET: 'short' },
      /^ALERT_WEBHOOK_SECRET: .*24/,
    ],
  ])('of access control %j', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringMatching(problem)]);
  });
});

test.each([
  ['hexadecimal digits', Buffer.alloc(32, 7).toString('hex')],
  ['base64', Buffer.alloc(32, 7).toString('base64')],
])('a master key is read from %s', (_form, MASTER_KEY) => {
  expect(read({ MASTER_KEY }).masterKey).toEqual(Buffer.alloc(32, 7));
});
