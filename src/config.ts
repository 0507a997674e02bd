import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import {
  addresses,
  masterKey,
  models,
  oneOf,
  origins,
  prices,
  timeZone,
  url,
  vaultPath,
  webhookKey,
  wholeNumber,
  windows,
} from './config-values.ts';

export type Config = Readonly<ReturnType<typeof toConfig>>;

/** Settings that may come from Vault; the only ones that do. */
export const SECRET_SETTINGS = [
  'DATABASE_URL',
  'QDRANT_API_KEY',
  'LLM_API_KEY',
  'EMBEDDINGS_API_KEY',
  'API_KEY',
  'JWT_SECRET',
  'MASTER_KEY',
  'MASTER_KEY_PREVIOUS',
  'ALERT_WEBHOOK_SECRET',
] as const;
export type SecretSetting = (typeof SECRET_SETTINGS)[number];
export type SecretValues = Readonly<Partial<Record<SecretSetting, string>>>;

/** Where secrets are kept, and how the server shows who it is. */
export interface VaultOptions {
  readonly address: string;
  /** As `vault kv get` takes it (`secret/echo-brain`), or as the API has it (`secret/data/echo-brain`). */
  readonly path: string;
  readonly namespace: string | null;
  readonly login: { readonly token: string } | { readonly roleId: string; readonly secretId: string };
  readonly refreshMs: number;
}

/** All wrong settings of one start, each named; shown to the operator as one block. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      ['Echo Brain cannot start with this configuration:', ...problems.map((p) => `  - ${p}`)].join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the configuration once. Precedence: variable, `.env`, the file named by `ECHO_CONFIG`, Vault, default.
 *
 * @param environment the process environment (tests pass their own)
 * @param directory where `.env` is looked for and relative paths start
 * @param fromVault what Vault holds
 * @throws ConfigError naming every wrong value at once
 */
export function readConfig(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
  fromVault: SecretValues = {},
): Config {
  const local = readLayers(environment, directory);
  const raw = { ...fromVault, ...local };
  const parsed = Settings.safeParse(raw);
  const problems = [...(parsed.error?.issues.map(describeIssue) ?? []), ...crossCheck(raw)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data, directory, secretsOf(local));
}

/** Where Vault is, if it is to be asked before the configuration can be read. @throws ConfigError */
export function readVaultOptions(
  environment: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): VaultOptions | null {
  const raw = readLayers(environment, directory);
  if (!raw.VAULT_ADDR) return null;
  const parsed = VaultSettings.safeParse(raw);
  const problems = [...(parsed.error?.issues.map(describeIssue) ?? []), ...crossCheckVault(raw)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return vaultOf(parsed.data);
}

/** @returns why a secret that was changed while the server runs cannot be used; null if it can */
export function secretProblem(name: SecretSetting, value: string): string | null {
  return Settings.shape[name].safeParse(value).error?.issues[0]?.message ?? null;
}

function readLayers(environment: NodeJS.ProcessEnv, directory: string): Record<string, string> {
  const layers = [environment, readEnvFile(resolve(directory, '.env'), false)];
  const named = environment.ECHO_CONFIG ?? layers[1]?.ECHO_CONFIG;
  if (named) layers.push(readEnvFile(resolve(directory, named), true));
  const raw: Record<string, string> = {};
  for (const layer of layers.reverse()) {
    for (const [name, value] of Object.entries(layer))
      if (value !== undefined && value !== '') raw[name] = value;
  }
  return raw;
}

function secretsOf(raw: Readonly<Record<string, string>>): SecretValues {
  return Object.fromEntries(
    SECRET_SETTINGS.flatMap((name) => (raw[name] === undefined ? [] : [[name, raw[name]]])),
  );
}

/** Every variable that the server reads. Names are a contract with operators. */
const Settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).prefault('4000'),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  QDRANT_URL: url('http:', 'https:').optional(),
  QDRANT_API_KEY: z.string().optional(),
  QDRANT_COLLECTION: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, { error: 'must be 1 to 100 letters, digits, - or _' })
    .default('echo_turns'),
  LLM_BASE_URL: url('http:', 'https:').optional(),
  LLM_API_KEY: z.string().optional(),
  LLM_MODELS: models.optional(),
  LLM_TIMEOUT_MS: wholeNumber(100, 600_000).prefault('60000'),
  LLM_STALL_MS: wholeNumber(100, 600_000).prefault('20000'),
  LLM_FIRST_TOKEN_MS: wholeNumber(100, 600_000).prefault('60000'),
  LLM_CONCURRENCY: wholeNumber(1, 1_000).prefault('4'),
  LLM_MAX_TOKENS: wholeNumber(16, 200_000).prefault('4096'),
  LLM_WINDOWS: windows.optional(),
  LLM_PRICES: prices.optional(),
  EMBEDDINGS_BASE_URL: url('http:', 'https:').optional(),
  EMBEDDINGS_API_KEY: z.string().optional(),
  EMBEDDINGS_MODEL: z.string().max(200, 'must be at most 200 characters').optional(),
  EMBEDDINGS_DIMENSIONS: wholeNumber(1, 8_192).optional(),
  ACK_POLICY: oneOf('journal', 'strict').prefault('journal'),
  ACK_DEADLINE_MS: wholeNumber(10, 60_000).prefault('1000'),
  JOURNAL_MAX_BYTES: wholeNumber(1_048_576, 1_099_511_627_776).prefault('1073741824'),
  CANARY_INTERVAL_MS: wholeNumber(0, 3_600_000).prefault('60000'),
  MAX_CONTEXT_MESSAGES: wholeNumber(0, 100).prefault('6'),
  CONTEXT_TOKEN_BUDGET: wholeNumber(100, 1_000_000).prefault('4000'),
  CLEANUP_DAYS_OLD: wholeNumber(1, 36_500).prefault('30'),
  SLOW_QUERY_MS: wholeNumber(0, 600_000).prefault('100'),
  SQL_ECHO: oneOf('true', 'false').prefault('false'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').prefault('info'),
  SEED: oneOf('on', 'off').prefault('on'),
  GRAPHIQL: oneOf('on', 'off').prefault('on'),
  AUTH: oneOf('auto', 'off', 'required').prefault('auto'),
  API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters; `openssl rand -hex 32` makes one')
    .optional(),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  JWT_JWKS_URL: url('http:', 'https:').optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  CORS_ORIGINS: origins.prefault(''),
  TRUSTED_PROXIES: addresses.prefault(''),
  AUDIT_RETENTION_DAYS: wholeNumber(30, 36_500).prefault('400'),
  RATE_LIMIT_READS: wholeNumber(1, 1_000_000_000).prefault('100000'),
  RATE_LIMIT_WRITES: wholeNumber(1, 1_000_000_000).prefault('600'),
  RATE_LIMIT_HEAVY: wholeNumber(1, 1_000_000_000).prefault('30'),
  RATE_LIMIT_STORE: oneOf('memory', 'postgres').prefault('memory'),
  MASTER_KEY: masterKey.optional(),
  MASTER_KEY_PREVIOUS: masterKey.optional(),
  OUTBOUND_ALLOW: addresses.prefault(''),
  ALERT_WEBHOOK_URL: url('http:', 'https:').optional(),
  ALERT_WEBHOOK_SECRET: webhookKey.optional(),
  ECHO_API_KEY: z.string().optional(),
  DEFAULT_TIME_ZONE: timeZone.default('UTC'),
  DEFAULT_CREATOR: z.string().max(100, 'must be at most 100 characters').default('unknown'),
});

type SettingsValues = z.output<typeof Settings>;

/** What has to be known before Vault can be asked for the rest. */
const VaultSettings = z.object({
  VAULT_ADDR: url('http:', 'https:'),
  VAULT_PATH: vaultPath,
  VAULT_TOKEN: z.string().optional(),
  VAULT_ROLE_ID: z.string().optional(),
  VAULT_SECRET_ID: z.string().optional(),
  VAULT_NAMESPACE: z.string().optional(),
  VAULT_REFRESH_MS: wholeNumber(100, 86_400_000).prefault('60000'),
});

function crossCheckVault(raw: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  if (hasLogin(raw.VAULT_ADDR)) problems.push('VAULT_ADDR: must not hold a user name or password');
  if (raw.VAULT_TOKEN && (raw.VAULT_ROLE_ID || raw.VAULT_SECRET_ID))
    problems.push('VAULT_TOKEN: must not be set beside VAULT_ROLE_ID and VAULT_SECRET_ID');
  else if (!raw.VAULT_TOKEN && !(raw.VAULT_ROLE_ID && raw.VAULT_SECRET_ID))
    problems.push('VAULT_TOKEN: must be set, or VAULT_ROLE_ID and VAULT_SECRET_ID, when VAULT_ADDR is');
  return problems;
}

function vaultOf(values: z.output<typeof VaultSettings>): VaultOptions {
  const { VAULT_TOKEN: token, VAULT_ROLE_ID: roleId = '', VAULT_SECRET_ID: secretId = '' } = values;
  return {
    address: values.VAULT_ADDR,
    path: values.VAULT_PATH,
    namespace: values.VAULT_NAMESPACE ?? null,
    login: token === undefined ? { roleId, secretId } : { token },
    refreshMs: values.VAULT_REFRESH_MS,
  };
}

/** Looks at what was given, so that it finds its problems beside those of single values. */
function crossCheck(raw: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  if (raw.LLM_BASE_URL && !raw.LLM_MODELS)
    problems.push('LLM_MODELS: must name at least one model when LLM_BASE_URL is set');
  for (const name of ['LLM_WINDOWS', 'LLM_PRICES'])
    if (raw[name] && !raw.LLM_MODELS)
      problems.push(`LLM_MODELS: must name at least one model when ${name} is set`);
  if (raw.LLM_MODELS && !raw.LLM_BASE_URL) problems.push('LLM_BASE_URL: must be set when LLM_MODELS is set');
  if (raw.EMBEDDINGS_BASE_URL && !raw.EMBEDDINGS_MODEL)
    problems.push('EMBEDDINGS_MODEL: must be set when EMBEDDINGS_BASE_URL is set');
  if (raw.EMBEDDINGS_MODEL && !raw.EMBEDDINGS_BASE_URL)
    problems.push('EMBEDDINGS_BASE_URL: must be set when EMBEDDINGS_MODEL is set');
  for (const [address, key] of [
    ['LLM_BASE_URL', 'LLM_API_KEY'],
    ['EMBEDDINGS_BASE_URL', 'EMBEDDINGS_API_KEY'],
  ] as const)
    if (raw[key] && hasLogin(raw[address]))
      problems.push(`${key}: must not be set when ${address} holds a user name or password`);
  if (raw.MASTER_KEY_PREVIOUS && !raw.MASTER_KEY)
    problems.push('MASTER_KEY: must be set when MASTER_KEY_PREVIOUS is');
  const auth = raw.AUTH?.toLowerCase();
  if (auth === 'off' && raw.HOST && !isLoopback(raw.HOST))
    problems.push(`AUTH: must not be off on "${raw.HOST}", which is not a loopback address`);
  if (raw.JWT_SECRET && raw.JWT_JWKS_URL) problems.push('JWT_SECRET: must not be set beside JWT_JWKS_URL');
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'])
    if ((raw.JWT_SECRET || raw.JWT_JWKS_URL) && !raw[name])
      problems.push(`${name}: must be set when tokens (JWT_SECRET, JWT_JWKS_URL) are`);
  return problems;
}

/** Who must say who they are; off only where nobody else can reach the server and nothing to show was set up. */
function accessOf(values: SettingsValues) {
  const { AUTH, API_KEY, JWT_SECRET, JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE } = values;
  const source = JWT_SECRET ? ('SECRET' as const) : JWT_JWKS_URL ? { keysUrl: JWT_JWKS_URL } : null;
  const isSetUp = API_KEY !== undefined || source !== null;
  return {
    required: AUTH === 'required' || (AUTH === 'auto' && (isSetUp || !isLoopback(values.HOST))),
    tokens:
      source && JWT_ISSUER && JWT_AUDIENCE ? { source, issuer: JWT_ISSUER, audience: JWT_AUDIENCE } : null,
    rates: { READ: values.RATE_LIMIT_READS, WRITE: values.RATE_LIMIT_WRITES, HEAVY: values.RATE_LIMIT_HEAVY },
    rateStore: values.RATE_LIMIT_STORE,
    auditRetentionDays: values.AUDIT_RETENTION_DAYS,
    corsOrigins: values.CORS_ORIGINS,
    trustedProxies: values.TRUSTED_PROXIES,
  };
}

function toConfig(values: SettingsValues, directory: string, secrets: SecretValues) {
  return {
    /** Secrets that stand in the environment or in files, as they were written. */
    secrets,
    masterKey: values.MASTER_KEY ?? null,
    /** With which earlier secrets were encrypted. */
    previousMasterKey: values.MASTER_KEY_PREVIOUS ?? null,
    /** Addresses that are not public and may be called by requests that others cause. */
    outboundAllow: values.OUTBOUND_ALLOW,
    alertWebhook: values.ALERT_WEBHOOK_URL
      ? { url: values.ALERT_WEBHOOK_URL, key: values.ALERT_WEBHOOK_SECRET ?? null }
      : null,
    host: values.HOST,
    port: values.PORT,
    /** Where the server is reached once it listens; with port 0 nobody knows beforehand. */
    url: `http://${values.HOST.includes(':') ? `[${values.HOST}]` : values.HOST}:${values.PORT}`,
    dataDirectory: resolve(directory, values.DATA_DIR),
    databaseUrl: values.DATABASE_URL ?? null,
    slowQueryMs: values.SLOW_QUERY_MS,
    sqlEcho: values.SQL_ECHO === 'true',
    logLevel: values.LOG_LEVEL,
    seed: values.SEED === 'on',
    graphiql: values.GRAPHIQL === 'on',
    access: accessOf(values),
    /** What the import command shows to the server. */
    clientApiKey: values.ECHO_API_KEY ?? values.API_KEY ?? null,
    defaultCreator: values.DEFAULT_CREATOR,
    /** Of users who chose none. */
    defaultTimeZone: values.DEFAULT_TIME_ZONE,
    qdrant: values.QDRANT_URL
      ? {
          url: values.QDRANT_URL,
          collection: values.QDRANT_COLLECTION,
        }
      : null,
    embeddings:
      values.EMBEDDINGS_BASE_URL && values.EMBEDDINGS_MODEL
        ? {
            baseUrl: values.EMBEDDINGS_BASE_URL,
            model: values.EMBEDDINGS_MODEL,
            /** Null: the model's own. */
            dimensions: values.EMBEDDINGS_DIMENSIONS ?? null,
          }
        : null,
    ackPolicy: values.ACK_POLICY,
    ackDeadlineMs: values.ACK_DEADLINE_MS,
    journalMaxBytes: values.JOURNAL_MAX_BYTES,
    canaryIntervalMs: values.CANARY_INTERVAL_MS,
    maxContextMessages: values.MAX_CONTEXT_MESSAGES,
    contextTokenBudget: values.CONTEXT_TOKEN_BUDGET,
    cleanupDaysOld: values.CLEANUP_DAYS_OLD,
    languageModels:
      values.LLM_BASE_URL && values.LLM_MODELS
        ? {
            baseUrl: values.LLM_BASE_URL,
            levels: values.LLM_MODELS,
            timeoutMs: values.LLM_TIMEOUT_MS,
            stallMs: values.LLM_STALL_MS,
            firstTokenMs: values.LLM_FIRST_TOKEN_MS,
            /** Requests at once to one model. */
            concurrency: values.LLM_CONCURRENCY,
            /** Tokens that an answer is asked to have at most. */
            maxTokens: values.LLM_MAX_TOKENS,
            /** Tokens of prompt and answer together, where they are known. */
            windows: values.LLM_WINDOWS ?? {},
            /** For a million tokens, by level; absent: nobody knows. */
            prices: values.LLM_PRICES ?? {},
          }
        : null,
  } as const;
}

function hasLogin(address: string | undefined): boolean {
  if (!address || !URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username !== '' || password !== '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readEnvFile(path: string, required: boolean): NodeJS.Dict<string> {
  if (existsSync(path)) return parseEnv(readFileSync(path, 'utf8'));
  if (required) throw new ConfigError([`ECHO_CONFIG: the file "${path}" does not exist`]);
  return {};
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`;
}
