import type { IncomingMessage, ServerResponse } from 'node:http';
import proxyAddress from 'proxy-addr';
import type { Logger } from '../log.ts';
import { HttpProblem } from './body.ts';
import { CONVERSATIONS_OF_OTHERS, SIGNED_USER, USERS_OF_OTHERS } from './identity-headers.ts';

/** Who may reach the server from where. */
export interface WebPolicy {
  /** Nobody is asked who they are: only programs of this machine may get in, and no page of another site. */
  readonly localOnly: boolean;
  /** Origins whose pages may read answers; the server's own may always. */
  readonly origins: readonly string[];
  /** Addresses whose word is taken for whom they forward. */
  readonly trustedProxies: readonly string[];
}

const LOCAL_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
/** What proxies add; not all of them do. */
const PROXY_HEADERS = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
];
const READING = ['GET', 'HEAD', 'OPTIONS'];
/** What clients send: ours, those of traces (W3C), and those that GraphQL clients add of themselves. */
const ALLOWED_HEADERS = [
  'content-type',
  'authorization',
  'x-api-key',
  'idempotency-key',
  'graphql-require-preflight',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'x-requested-with',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  // Of the Model Context Protocol.
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'x-echo-user',
  'x-echo-conversation',
  'x-echo-memory',
  'x-echo-task',
  ...USERS_OF_OTHERS,
  ...CONVERSATIONS_OF_OTHERS,
  SIGNED_USER,
  // Of the OpenAI SDKs, in every request.
  'openai-organization',
  'openai-project',
  ...[
    'arch',
    'async',
    'custom-poll-interval',
    'helper-method',
    'lang',
    'os',
    'package-version',
    'poll-helper',
    'read-timeout',
    'retry-count',
    'runtime',
    'runtime-version',
    'timeout',
  ].map((name) => `x-stainless-${name}`),
].join(', ');
const EXPOSED_HEADERS = [
  'retry-after',
  'www-authenticate',
  'x-request-id',
  'x-should-retry',
  'x-echo-turn-id',
  'x-echo-conversation-id',
  'x-echo-memory',
  'x-echo-memory-ids',
  'x-echo-memory-degraded',
].join(', ');
/** Origins that are told in the log once each, and no more of them: strangers choose them. */
const MAX_TOLD = 100;
/** Seconds that browsers remember what they may send. */
const PREFLIGHT_S = '600';
/** Headers that a page of another site can't send without asking first. */
const PREFLIGHTED = [
  'graphql-require-preflight',
  'apollo-require-preflight',
  'x-requested-with',
  'authorization',
  'x-api-key',
];
const HEADERS = Object.entries({
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
});

/** What every door of the server asks of a request before anything is done for it. */
export class WebGuard {
  readonly #policy: WebPolicy;
  readonly #trusts: (address: string, hops: number) => boolean;
  readonly #log: Logger;
  readonly #told = new Set<string>();

  /** @throws TypeError for a proxy that is no address and no range of them */
  constructor(policy: WebPolicy, log: Logger) {
    this.#policy = policy;
    this.#log = log;
    this.#trusts = proxyAddress.compile([...policy.trustedProxies]);
  }

  /** Where a request comes from: an IP address, of the client if a trusted proxy says so. */
  addressOf(request: IncomingMessage): string {
    const { remoteAddress = '' } = request.socket;
    const isDirect =
      request.headers['x-forwarded-for'] === undefined || this.#policy.trustedProxies.length === 0;
    return (isDirect ? remoteAddress : proxyAddress(request, this.#trusts)).replace(/^::ffff:/, '');
  }

  /**
   * Sets the headers that tell browsers what not to do, and answers a browser that asks what it may send.
   *
   * @returns whether the request is answered
   * @throws HttpProblem 403 for a request that was not meant for this server, 400 for one that names two
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    for (const [name, value] of HEADERS) response.setHeader(name, value);
    this.#checkHost(request);
    const { origin } = request.headers;
    // Forms and images reach any site without asking; where nobody is asked who they are, they must not write.
    if (this.#policy.localOnly && !READING.includes(request.method ?? '')) this.#checkOrigin(request);
    if (origin === undefined) return false;
    if (!this.#policy.origins.includes(origin)) {
      if (request.method === 'OPTIONS') this.#refuseOrigin(origin);
      return false;
    }
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
    response.setHeader('vary', 'origin');
    response.setHeader('cross-origin-resource-policy', 'cross-origin');
    if (request.method !== 'OPTIONS') return false;
    response.writeHead(204, {
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': PREFLIGHT_S,
    });
    response.end();
    return true;
  }

  /**
   * Browsers open WebSockets to any site, without asking. @throws HttpProblem 403 for a page of another site
   */
  checkUpgrade(request: IncomingMessage): void {
    this.#checkHost(request);
    this.#checkOrigin(request);
  }

  /** For doors that no page of another site may use, whatever it shows. @throws HttpProblem 403 */
  checkPage(request: IncomingMessage): void {
    this.#checkOrigin(request);
  }

  #checkOrigin({ headers: { origin, host } }: IncomingMessage): void {
    if (origin === undefined || this.#policy.origins.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === host) return;
    this.#refuseOrigin(origin);
  }

  #refuseOrigin(origin: string): never {
    if (!this.#told.has(origin) && this.#told.size < MAX_TOLD) {
      this.#told.add(origin);
      this.#log.warn(
        { origin: origin.slice(0, 200) },
        'CORS_ORIGINS does not name this site; its pages are refused',
      );
    }
    throw new HttpProblem(403, 'FORBIDDEN', 'origin: pages of this site may not connect; see CORS_ORIGINS');
  }

  /**
   * An address can be put into a page of another site, and browsers fetch it without asking. What a program sends, and
   * a page that may read the answer, passes.
   *
   * @throws HttpProblem 403
   */
  checkSimpleRequest(request: IncomingMessage): void {
    if (isPreflighted(request)) return;
    const { origin, 'sec-fetch-site': site, 'user-agent': agent = '' } = request.headers;
    if (origin !== undefined) this.#checkOrigin(request);
    // Browsers that do not say from where they ask all call themselves so.
    const isForeign =
      site === undefined ? /^Mozilla\//i.test(agent) : site !== 'same-origin' && site !== 'none';
    if (origin !== undefined || !isForeign) return;
    throw new HttpProblem(
      403,
      'FORBIDDEN',
      'a GET of a page of another site needs its origin in CORS_ORIGINS, or the header graphql-require-preflight (any value)',
    );
  }

  /** A name that somebody else made to mean this machine would let their pages read what is here. */
  #checkHost({ headers, rawHeaders }: IncomingMessage): void {
    let hosts = 0;
    for (let at = 0; at < rawHeaders.length; at += 2)
      if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') hosts++;
    if (hosts > 1) throw new HttpProblem(400, 'BAD_REQUEST', 'host: must be given once');
    if (!this.#policy.localOnly) return;
    if (!LOCAL_HOST.test(headers.host ?? ''))
      throw new HttpProblem(403, 'FORBIDDEN', 'host: without access control (AUTH) only localhost is served');
    if (PROXY_HEADERS.some((name) => headers[name] !== undefined))
      throw new HttpProblem(
        403,
        'FORBIDDEN',
        'x-forwarded-for: without access control (AUTH) nothing is served to those behind a proxy',
      );
  }
}

/** Whether a page of another site would have had to ask before it could send this request. */
export function isPreflighted({ headers }: IncomingMessage): boolean {
  return (
    PREFLIGHTED.some((name) => headers[name] !== undefined) ||
    /^application\/json\b/i.test(headers['content-type'] ?? '')
  );
}
