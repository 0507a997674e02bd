import { z } from 'zod';
import { addresses, oneOf, origins, type RawSettings, url, wholeNumber } from './values.ts';

/** Who may come in, from where, and how often. */
export const settings = {
  AUTH: oneOf('auto', 'off', 'required').prefault('auto'),
  API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters; `openssl rand -hex 32` makes one')
    .optional(),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  JWT_JWKS_URL: url('http:', 'https:').optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  MCP_RESOURCE_URL: url('http:', 'https:').optional(),
  OPENWEBUI_JWT_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  CORS_ORIGINS: origins.prefault(''),
  TRUSTED_PROXIES: addresses.prefault(''),
  AUDIT_RETENTION_DAYS: wholeNumber(30, 36_500).prefault('400'),
  RATE_LIMIT_READS: wholeNumber(1, 1_000_000_000).prefault('100000'),
  RATE_LIMIT_WRITES: wholeNumber(1, 1_000_000_000).prefault('600'),
  RATE_LIMIT_HEAVY: wholeNumber(1, 1_000_000_000).prefault('30'),
  RATE_LIMIT_STORE: oneOf('memory', 'postgres').prefault('memory'),
  TENANTS: oneOf('any', 'created').prefault('any'),
  ECHO_API_KEY: z.string().optional(),
};
const Values = z.object(settings);

export function checkAccess(raw: RawSettings): string[] {
  const problems: string[] = [];
  const auth = raw.AUTH?.toLowerCase();
  if (auth === 'off' && raw.HOST && !isLoopback(raw.HOST))
    problems.push(`AUTH: must not be off on "${raw.HOST}", which is not a loopback address`);
  if (raw.JWT_SECRET && raw.JWT_JWKS_URL) problems.push('JWT_SECRET: must not be set beside JWT_JWKS_URL');
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'])
    if ((raw.JWT_SECRET || raw.JWT_JWKS_URL) && !raw[name])
      problems.push(`${name}: must be set when tokens (JWT_SECRET, JWT_JWKS_URL) are`);
  return [...problems, ...checkMcpResource(raw)];
}

/** What clients would refuse, or go astray with: they compare the address with the one that they call, and tokens must not travel in the open. */
function checkMcpResource(raw: RawSettings): string[] {
  const { MCP_RESOURCE_URL: resource, JWT_ISSUER: issuer = '' } = raw;
  if (!resource || !URL.canParse(resource)) return [];
  const { protocol, hostname, origin, pathname } = new URL(resource);
  // Compared letter by letter, by hosts and with tokens: another spelling of the same address is another one.
  const isPlain = resource === origin + pathname && pathname.endsWith('/mcp');
  const hasTokens = raw.JWT_SECRET || raw.JWT_JWKS_URL;
  return [
    !hasTokens && 'needs tokens (JWT_SECRET, JWT_JWKS_URL)',
    !isPlain &&
      'must be the address of /mcp as clients have it and in its usual spelling, with nothing behind it',
    protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')) && 'must begin with https://',
    hasTokens &&
      !isWebAddress(issuer) &&
      'needs a JWT_ISSUER that is a URL, where clients find the identity provider',
  ].flatMap((problem) => (problem ? `MCP_RESOURCE_URL: ${problem}` : []));
}

/** Who must say who they are; off only where nobody else can reach the server and nothing to show was set up. */
export function accessOf(values: z.output<typeof Values> & { HOST: string }) {
  const { AUTH, API_KEY, JWT_SECRET, JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, MCP_RESOURCE_URL } = values;
  const source = JWT_SECRET ? ('SECRET' as const) : JWT_JWKS_URL ? { keysUrl: JWT_JWKS_URL } : null;
  const isSetUp = API_KEY !== undefined || source !== null;
  const required = AUTH === 'required' || (AUTH === 'auto' && (isSetUp || !isLoopback(values.HOST)));
  const mcpAudience = MCP_RESOURCE_URL ?? null;
  return {
    access: {
      required,
      tokens:
        source && JWT_ISSUER && JWT_AUDIENCE
          ? { source, issuer: JWT_ISSUER, audience: JWT_AUDIENCE, mcpAudience }
          : null,
      rates: {
        READ: values.RATE_LIMIT_READS,
        WRITE: values.RATE_LIMIT_WRITES,
        HEAVY: values.RATE_LIMIT_HEAVY,
      },
      rateStore: values.RATE_LIMIT_STORE,
      /** Whether a tenant has to be created before anybody of it may call. */
      onlyCreatedTenants: values.TENANTS === 'created',
      corsOrigins: values.CORS_ORIGINS,
      trustedProxies: values.TRUSTED_PROXIES,
    },
    /** Signs who uses an Open WebUI in front of `/v1`; null: none does. */
    openWebUiSecret: values.OPENWEBUI_JWT_SECRET ?? null,
    /** What clients of MCP are told of who issues tokens; null: nothing, a key or token is given to them. */
    mcpOAuth:
      required && mcpAudience !== null && JWT_ISSUER
        ? {
            resource: mcpAudience,
            authorizationServer: JWT_ISSUER,
            metadataUrl: metadataUrlOf(mcpAudience),
          }
        : null,
    audit: { retentionDays: values.AUDIT_RETENTION_DAYS },
    /** What the import command shows to the server. */
    clientApiKey: values.ECHO_API_KEY ?? API_KEY ?? null,
  } as const;
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

/** The well-known path stands between the origin and the path of what is protected (RFC 9728, 3.1). */
function metadataUrlOf(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
