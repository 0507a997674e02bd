/**
 * The result of a promise, or an error when it takes too long. The work itself goes on.
 *
 * @throws DeadlineExceeded
 */
export async function within<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(message)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** No connection is made before the database is prepared: its schema may be another version's. */
export class NotPrepared extends Error {
  override readonly name = 'NotPrepared';
  constructor() {
    super('no connection is made before the database is prepared');
  }
}

/** What the system says of a connection, whatever was being done. Files and folders have codes of their own. */
const NETWORK_CODES: ReadonlySet<unknown> = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'ENOTCONN',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
  ],
  ...['EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETRESET', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EPROTO'],
]);
/** Of these every failure is one of a connection, as of a socket in the file system that is not there. */
const NETWORK_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);
/** How the driver begins what it says of a connection; it has no codes of its own. */
const DRIVER_WORDS =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client was closed|Client has encountered a connection error|The server does not support SSL|There was an error establishing an SSL)/;

/** Whether an error says that there is no working connection, rather than that the server refused something. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof DeadlineExceeded || error instanceof NotPrepared) return true;
  if (!(error instanceof Error)) return false;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return NETWORK_CODES.has(code) || NETWORK_CALLS.has(syscall) || DRIVER_WORDS.test(message);
}
