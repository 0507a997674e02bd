import type { IncomingMessage } from 'node:http';

/** Bytes of a request body; more gets 413. */
export const MAX_BODY_BYTES = 1_048_576;

/** A request that is refused before its content matters. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** Milliseconds after which the same request may be taken; null: never. */
  readonly retryAfterMs: number | null;
  constructor(status: number, code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The path takes other methods, which the answer names. */
export class MethodNotAllowed extends HttpProblem {
  readonly allowed: readonly string[];
  constructor(...allowed: readonly string[]) {
    super(405, 'METHOD_NOT_ALLOWED', `use ${allowed.join(' or ')}`);
    this.allowed = allowed;
  }
}

/**
 * Reads a whole body as UTF-8.
 *
 * @throws HttpProblem 413 over the limit, 415 for a compressed or non-UTF-8 body, 400 for broken UTF-8 or a body
 *   that ends early
 */
export async function readText(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<string> {
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity')
    throw new HttpProblem(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `content-encoding "${encoding}" is not accepted; send the body uncompressed`,
    );
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset && !/^utf-?8$/i.test(charset))
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'charset: only utf-8 is accepted');
  const said = request.headers['content-length'];
  if (Number(said ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let chunks: Buffer[];
  try {
    chunks = await (said === undefined ? readUpTo(request, maxBytes) : readSaid(request));
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, 'BAD_REQUEST', 'the body ended early');
  }
  try {
    return UTF8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the body is not valid UTF-8');
  }
}

/** A body of a length that nobody said. */
async function readUpTo(request: IncomingMessage, maxBytes: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks;
}

/** A body whose length was said, which Node holds to it. (An iterator costs more than all the rest of reading it.) */
function readSaid(request: IncomingMessage): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const endedEarly = () => reject(new Error('the body ended early'));
    // It may have been given up while its caller was looked up.
    if (request.destroyed && !request.complete) return endedEarly();
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => resolve(chunks))
      .once('error', endedEarly)
      .once('close', () => request.readableEnded || endedEarly());
  });
}

/** Whether a request says that its body is JSON; browsers ask before they send such a one to another origin. */
export function hasJsonBody(request: IncomingMessage): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}

/** Reads a body that says that it is JSON. @throws HttpProblem as `readText`, 415 for another type, 400 for invalid JSON */
export async function readJson(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  if (!hasJsonBody(request)) throw notJson();
  return parsedJson(await readText(request, maxBytes));
}

/** @throws HttpProblem 400 */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the body is not valid JSON');
  }
}

export function notJson(): HttpProblem {
  return new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'content-type: only application/json is accepted');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(413, 'PAYLOAD_TOO_LARGE', `the body must have at most ${maxBytes} bytes`);
}
