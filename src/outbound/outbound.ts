import { lookup as lookUp } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Agent, WebSocket } from 'undici';
import { UrlForbidden } from '../errors.ts';
import { isThisMachine, type Reach, whyForbidden } from './addresses.ts';

/** `fetch`, as the platform has it, that goes only where it may. */
export type Fetch = typeof globalThis.fetch;

export interface OutboundOptions {
  /** Addresses and ranges (CIDR) that may be called though they are not public. */
  readonly allowed: readonly string[];
  /** How names become addresses; tests give their own. */
  readonly lookUp?: typeof lookUp;
}

export interface FetchLimits {
  /** For the whole exchange, the last byte of the answer included. */
  readonly timeoutMs: number;
  /** Of an answer, after decompression. */
  readonly maxBytes: number;
}

/** A setting names an address that may not be called; the message is for the operator. */
export class SettingForbidden extends Error {
  override readonly name = 'SettingForbidden';
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The one client for requests to other servers. It checks scheme, credentials in the URL, port, and every address that
 * the name stands for, and connects to exactly those; it follows no redirects, and cuts what takes too long or is too
 * large.
 */
export class Outbound {
  readonly #allowed: readonly string[];
  readonly #lookUp: typeof lookUp;
  /** One pool for each port and kind of reach: answers of a look-up are judged with these. */
  readonly #agents = new Map<string, Agent>();

  constructor({ allowed, lookUp: own }: OutboundOptions) {
    this.#allowed = allowed;
    this.#lookUp = own ?? lookUp;
  }

  /** For addresses that somebody may have saved: public ones, and those that are allowed. */
  fetcher(limits: FetchLimits): Fetch {
    return this.#fetcher(null, limits);
  }

  /** For an address that the operator wrote into the configuration: that host and port only, which may be private. */
  fetcherTo(url: string, limits: FetchLimits): Fetch {
    return this.#fetcher(new URL(url), limits);
  }

  /** A WebSocket to a server that the operator wrote into the configuration. @param url with the scheme of HTTP */
  async socketTo(url: string): Promise<WebSocket> {
    const { port } = checkForm(url);
    const reach = { allowed: this.#allowed, isNamed: true };
    checkLiteral(url, reach);
    const undici = await import('undici');
    const dispatcher = this.#agentFor(undici, port, reach);
    return new undici.WebSocket(url.replace(/^http/, 'ws'), { dispatcher });
  }

  /**
   * Looks at an address before it is saved. A name that nobody knows just now passes: it is looked at again when it is
   * called.
   *
   * @throws UrlForbidden
   */
  async check(url: string): Promise<void> {
    const { hostname, port } = checkForm(url);
    const reach = { allowed: this.#allowed, isNamed: false };
    checkLiteral(url, reach);
    if (isIP(bare(hostname))) return;
    await new Promise<void>((resolve, reject) => {
      this.#guardedLookUp(port, reach)(hostname, { all: true }, (error) =>
        error instanceof UrlForbidden ? reject(error) : resolve(),
      );
    });
  }

  /** The same for an address that a setting names. @throws SettingForbidden */
  async checkSetting(setting: string, url: string): Promise<void> {
    await this.check(url).catch((error: unknown) => {
      if (!(error instanceof UrlForbidden)) throw error;
      throw new SettingForbidden(`${setting}: ${error.code}: ${error.message}; see OUTBOUND_ALLOW`);
    });
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #fetcher(named: URL | null, { timeoutMs, maxBytes }: FetchLimits): Fetch {
    const reach = { allowed: this.#allowed, isNamed: named !== null };
    const guarded = async (url: string, init: RequestInit = {}) => {
      const { port, origin } = checkForm(url);
      if (named && origin !== named.origin)
        throw new UrlForbidden(`only ${named.origin} may be called here, not ${origin}`);
      checkLiteral(url, reach);
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
      // Loaded by the first who calls somebody.
      const undici = await import('undici');
      const response = await undici
        .fetch(url, {
          ...(init as object),
          signal,
          redirect: 'manual',
          dispatcher: this.#agentFor(undici, port, reach),
        })
        .catch((error: Error) => {
          throw error.cause instanceof UrlForbidden ? error.cause : error;
        });
      return capped(response as unknown as Response, maxBytes);
    };
    // A request object can't be looked at without reading it; nobody here makes one.
    return ((input, init) => guarded(String(input), init)) as Fetch;
  }

  #agentFor(undici: typeof import('undici'), port: number, reach: Reach): Agent {
    const key = `${reach.isNamed} ${port}`;
    const known = this.#agents.get(key);
    if (known) return known;
    const agent = new undici.Agent({
      connect: { lookup: this.#guardedLookUp(port, reach), timeout: CONNECT_TIMEOUT_MS },
    });
    this.#agents.set(key, agent);
    return agent;
  }

  /** A look-up that fails if any of its answers may not be called. The connection goes to these answers and no others. */
  #guardedLookUp(port: number, reach: Reach): LookupFunction {
    return (hostname, options, done) => {
      this.#lookUp(hostname, { ...options, all: true }, (error, answers) => {
        if (error) return done(error, []);
        for (const { address } of answers) {
          const why = whyForbidden(address, port, reach);
          if (why) return done(new UrlForbidden(`${hostname} stands for ${why}`), []);
        }
        if (options.all) return done(null, answers);
        done(null, answers[0]?.address ?? '', answers[0]?.family);
      });
    };
  }
}

/** @throws UrlForbidden for other schemes, credentials, or what is no URL */
function checkForm(url: string): { hostname: string; port: number; origin: string } {
  if (!URL.canParse(url)) throw new UrlForbidden('it is no URL');
  const { protocol, hostname, port, origin, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UrlForbidden(`it must begin with http:// or https://, not ${protocol}`);
  if (username !== '' || password !== '') throw new UrlForbidden('it must not hold a user name or password');
  return { hostname, origin, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
}

/**
 * No look-up happens for addresses that are written out, in whatever form: `URL` has made plain ones of them. Names of
 * this very machine are judged here, too, whatever a look-up makes of them (RFC 6761).
 */
function checkLiteral(url: string, reach: Reach): void {
  const { hostname, port } = checkForm(url);
  const address = /(?:^|\.)localhost\.?$/.test(hostname) ? '127.0.0.1' : bare(hostname);
  if (reach.isNamed && isThisMachine(address)) return;
  const why = isIP(address) ? whyForbidden(address, port, reach) : null;
  if (why) throw new UrlForbidden(why);
}

/** An IPv6 address without its brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The same response, whose body fails when it grows beyond the limit. */
function capped(response: Response, maxBytes: number): Response {
  if (!response.body) return response;
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size > maxBytes) controller.error(new Error(`the answer is larger than ${maxBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}
