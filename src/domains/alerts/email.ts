import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { createTransport } from 'nodemailer';
import type { Outcome } from '../deliveries/channel.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

export interface EmailOptions {
  /** Asked with each message: it may be changed while the server runs. */
  readonly url: () => string | null;
  readonly to: readonly string[];
  /** Null: by the user of the URL, or the name of the machine. */
  readonly from: string | null;
}

const CONNECT_MS = 8_000;
const GREETING_MS = 8_000;
const IDLE_MS = 10_000;
/** Of a whole message. */
const MOST_MS = 25_000;
const MAX_SUBJECT = 200;
/** Words of the mail server that come back in an error. */
const MAX_WORDS = 200;

/**
 * Sends mail by SMTP, one connection for each message. A server that stalls is left within half a minute; 4xx is tried again,
 * what is refused for good (5xx, a wrong login) is HELD. Passwords go over encrypted connections only, unless the
 * server is this machine.
 */
export class EmailWay implements AlertWay {
  readonly name = 'email';
  readonly #options: EmailOptions;

  constructor(options: EmailOptions) {
    this.#options = options;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<Outcome> {
    const server = this.#server();
    if (server === null) return { kind: 'HELD', status: null, error: 'SMTP_URL is not set any more' };
    const transport = createTransport(server.options);
    try {
      const from = this.#options.from ?? server.from;
      // One receiver who has it is enough: sent again, they would have it twice.
      const { rejected } = await transport.sendMail({
        ...{
          from,
          to: [...this.#options.to],
          ...written(message),
          messageId: `<${message.id}@${from.split('@')[1]}>`,
        },
        ...(message.severity === 'CRITICAL' && { priority: 'high' as const }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]),
      });
      return { kind: 'DELIVERED', status: null, ...(rejected.length > 0 && { note: noteOf(rejected) }) };
    } catch (error) {
      if (signal.aborted) throw error;
      return outcomeOf(error as MailError, server.secrets);
    } finally {
      transport.close();
    }
  }

  async reach(signal: AbortSignal): Promise<string | null> {
    const server = this.#server();
    if (server === null) return 'SMTP_URL is not set any more';
    const transport = createTransport(server.options);
    try {
      await transport.verify();
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const outcome = outcomeOf(error as MailError, server.secrets);
      return 'error' in outcome ? outcome.error : null;
    } finally {
      transport.close();
    }
  }

  #server() {
    const text = this.#options.url();
    if (text === null) return null;
    const { protocol, hostname: name, port, username, password } = new URL(text);
    const user = decodeURIComponent(username);
    const pass = decodeURIComponent(password);
    const host = name.replace(/^\[(.*)\]$/, '$1');
    const secure = protocol === 'smtps:';
    return {
      from: user.includes('@') ? user : `echo-brain@${hostname() || 'localhost'}`,
      secrets: [pass, user].filter((each) => each !== ''),
      options: {
        ...{ host, secure, port: port === '' ? (secure ? 465 : 587) : Number(port) },
        ...(user !== '' && { auth: { user, pass } }),
        requireTLS: !secure && pass !== '' && !isThisMachine(host),
        ...{
          connectionTimeout: CONNECT_MS,
          greetingTimeout: GREETING_MS,
          dnsTimeout: CONNECT_MS,
          socketTimeout: IDLE_MS,
        },
        ...{ disableFileAccess: true, disableUrlAccess: true },
      },
    };
  }
}

const isThisMachine = (host: string) =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** In a header no line may break, whatever an alert says. */
function written({ subject, lines }: AlertMessage) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a header
  const line = subject.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').toWellFormed();
  return {
    subject: `[Echo Brain] ${line.slice(0, MAX_SUBJECT).toWellFormed()}`,
    text: `${[subject, '', ...lines].join('\n').toWellFormed()}\n`,
  };
}

/** Receivers are named by as much of their address as tells who in ALERT_EMAIL_TO is meant. */
function noteOf(rejected: readonly (string | { readonly address: string })[]): string {
  const names = rejected.map((each) =>
    (typeof each === 'string' ? each : each.address).replace(/^(.{0,2})[^@]*/u, '$1…'),
  );
  return `the mail server does not take it for ${names.join(', ')}; see ALERT_EMAIL_TO`;
}

type MailError = Error & {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly permanent?: boolean;
};

function outcomeOf(
  { code = 'unknown', responseCode, response = '', permanent }: MailError,
  secrets: string[],
): Outcome {
  const status = responseCode ?? null;
  const said = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), response).slice(0, MAX_WORDS);
  if (code === 'EAUTH' && permanent !== false)
    return {
      kind: 'HELD',
      status,
      error: `the mail server refuses the login (${status ?? code}); see SMTP_URL`,
    };
  if (permanent === true)
    return { kind: 'HELD', status, error: `the mail server refuses the message for good: ${said || code}` };
  const isLate = code === 'ETIMEDOUT' || code === 'EABORT';
  const words = isLate
    ? 'did not answer in time'
    : status === null
      ? `could not be reached (${code})`
      : `answered ${said}`;
  return { kind: 'FAILED', reach: 'TARGET', status, error: `the mail server ${words}`, retryAfterMs: null };
}
