import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** How one chat request is answered. */
export type Reply =
  /**
   * Streams the reasoning, then the deltas, `delayMs` before each; `usage: null` leaves the token counts out. What
   * `until` is given is waited for before the end, so that a test says when that is.
   */
  | {
      kind: 'answer';
      deltas: readonly string[];
      reasoning?: readonly string[];
      delayMs?: number;
      until?: Promise<unknown>;
      finishReason?: string;
      usage?: Usage | null;
    }
  | { kind: 'status'; status: number; retryAfter?: string; body?: unknown }
  /** Without `after` not even headers are sent; with it, headers, those deltas, and then nothing more. */
  | { kind: 'stall'; after?: readonly string[] }
  /** The deltas, then the socket is destroyed. */
  | { kind: 'cut'; after: readonly string[] }
  /** The deltas, then a data line that is not JSON, then a proper end. */
  | { kind: 'invalid-json'; after: readonly string[] }
  /** The deltas, then an error object inside the stream. */
  | { kind: 'error-chunk'; after: readonly string[]; error: Record<string, unknown> }
  /** The deltas, then a clean end of the response without finish_reason. */
  | { kind: 'no-finish'; after: readonly string[] }
  /** Just these bytes, piece by piece, as other servers write them; with `open` the response does not end. */
  | { kind: 'raw'; pieces: readonly (string | Uint8Array)[]; contentType?: string; open?: boolean };

export type Usage = { prompt_tokens: number; completion_tokens: number };

/** One reply for every request, one for each (then the echo), or a choice by request. */
export type Script = Reply | readonly Reply[] | ((request: RecordedRequest) => Reply);

export interface RecordedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: ChatBody;
  /** How the exchange ended; settles when the connection is done with it. */
  ended: Promise<'finished' | 'client left' | 'cut'>;
}

export interface ChatBody {
  model?: string;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
  max_completion_tokens?: number;
  messages?: { role: string; content: string }[];
  response_format?: { type: string; json_schema?: { name: string; schema: unknown; strict: boolean } };
  temperature?: number;
  input?: string | string[];
  dimensions?: number;
}

/** How requests for embeddings end: with vectors, never, with a cut connection, an HTTP status, or this body. */
export type EmbeddingsReply = 'answer' | 'stall' | 'cut' | number | { readonly body: unknown };
export type EmbeddingsScript = EmbeddingsReply | ((texts: readonly string[]) => EmbeddingsReply);

export interface OpenAiServer {
  embedWith(reply: EmbeddingsScript): void;
  /** Ends in `/v1`. */
  url: string;
  /** Every request so far, oldest first. */
  requests: RecordedRequest[];
  /** Those for answers of a chat. */
  readonly chats: RecordedRequest[];
  respondWith(script: Script): void;
  close(): Promise<void>;
}

/**
 * A real HTTP server on 127.0.0.1 that speaks the OpenAI protocol: chat completions (streamed or whole),
 * embeddings, models. It answers so many chats at once as it has slots; others wait in silence. Until told otherwise it answers "You said: <last user message>".
 */
export async function startOpenAiServer(
  options: { embeddingDimensions?: number; models?: readonly string[]; slots?: number } = {},
): Promise<OpenAiServer> {
  const { embeddingDimensions = 16, models = ['small', 'large'], slots = Number.POSITIVE_INFINITY } = options;
  const waiting: (() => void)[] = [];
  let busy = 0;
  const requests: RecordedRequest[] = [];
  let script: Script = [];
  let queue: Reply[] = [];
  let embeddings: EmbeddingsScript = 'answer';

  const nextReply = (request: RecordedRequest): Reply => {
    if (typeof script === 'function') return script(request);
    if ('kind' in script) return script;
    return queue.shift() ?? echo(request.body);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const cut = { byServer: false };
    const request = await record(incoming, response, cut);
    requests.push(request);
    if (request.path === '/v1/chat/completions') {
      if (busy >= slots) await new Promise<void>((resolve) => waiting.push(resolve));
      busy++;
      await chat(request.body, nextReply(request), response, cut).finally(() => {
        busy--;
        waiting.shift()?.();
      });
    } else if (request.path === '/v1/embeddings') {
      const reply = typeof embeddings === 'function' ? embeddings(textsOf(request.body)) : embeddings;
      if (reply === 'answer') sendJson(response, 200, embed(request.body, embeddingDimensions));
      else if (reply === 'cut') destroy(response, cut);
      else if (typeof reply === 'object') sendJson(response, 200, reply.body);
      else if (reply !== 'stall') sendJson(response, reply, { error: { message: 'as told' } });
    } else if (request.path === '/v1/models') {
      sendJson(response, 200, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) });
    } else sendJson(response, 404, { error: { message: `no route ${request.path}` } });
  };
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendJson(response, 500, { error: { message: `the test server failed: ${error}` } });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    get chats() {
      return requests.filter(({ path }) => path === '/v1/chat/completions');
    },
    respondWith(next) {
      script = next;
      queue = Array.isArray(next) ? [...next] : [];
    },
    embedWith(reply) {
      embeddings = reply;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function record(
  incoming: IncomingMessage,
  response: ServerResponse,
  cut: { byServer: boolean },
): Promise<RecordedRequest> {
  const ended = new Promise<'finished' | 'client left' | 'cut'>((resolve) => {
    response.once('close', () =>
      resolve(response.writableFinished ? 'finished' : cut.byServer ? 'cut' : 'client left'),
    );
  });
  const body = incoming.method === 'POST' ? ((await json(incoming)) as ChatBody) : {};
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body, ended };
}

function echo(body: ChatBody): Reply {
  const said = body.messages?.findLast((message) => message.role === 'user')?.content ?? '';
  return { kind: 'answer', deltas: ['You said: ', said] };
}

async function chat(
  body: ChatBody,
  reply: Reply,
  response: ServerResponse,
  cut: { byServer: boolean },
): Promise<void> {
  if (reply.kind === 'status') {
    const headers = reply.retryAfter === undefined ? {} : { 'retry-after': reply.retryAfter };
    sendJson(
      response,
      reply.status,
      reply.body ?? { error: { message: `scripted ${reply.status}` } },
      headers,
    );
    return;
  }
  if (reply.kind === 'raw') return sendRaw(reply, response);
  const deltas = reply.kind === 'answer' ? reply.deltas : reply.after;
  if (deltas === undefined) return;
  if (body.stream !== true) {
    if (reply.kind === 'answer') sendJson(response, 200, wholeAnswer(body, reply));
    else if (reply.kind !== 'stall') destroy(response, cut);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const { reasoning = [], delayMs } = reply.kind === 'answer' ? reply : {};
  const pieces = [
    ...reasoning.map((text) => ({ reasoning: text })),
    ...deltas.map((content) => ({ content })),
  ];
  const sent = await sendPieces(body, pieces, delayMs, response);
  if (!sent) return;
  if (reply.kind === 'answer') {
    await reply.until;
    sendEnd(body, reply, response);
  } else if (reply.kind === 'cut') destroy(response, cut);
  else if (reply.kind === 'no-finish') response.end();
  else if (reply.kind === 'error-chunk') {
    response.write(`data: ${JSON.stringify({ error: reply.error })}\n\n`);
    response.end('data: [DONE]\n\n');
  } else if (reply.kind === 'invalid-json') {
    response.write('data: {"choices": [{"delta"\n\n');
    sendEnd(body, { kind: 'answer', deltas }, response);
  }
}

async function sendRaw(reply: Extract<Reply, { kind: 'raw' }>, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': reply.contentType ?? 'text/event-stream' });
  for (const piece of reply.pieces) {
    response.write(piece);
    await wait(2);
  }
  if (!reply.open) response.end();
}

/** @returns false when the client left meanwhile */
async function sendPieces(
  body: ChatBody,
  pieces: readonly object[],
  delayMs: number | undefined,
  response: ServerResponse,
): Promise<boolean> {
  response.write(chunk(body, { role: 'assistant', content: '' }));
  for (const piece of pieces) {
    if (delayMs !== undefined) await wait(delayMs);
    if (response.destroyed) return false;
    response.write(chunk(body, piece));
  }
  return true;
}

function sendEnd(body: ChatBody, reply: Extract<Reply, { kind: 'answer' }>, response: ServerResponse): void {
  response.write(chunk(body, {}, reply.finishReason ?? 'stop'));
  const usage = usageOf(body, reply);
  if (body.stream_options?.include_usage && usage) {
    response.write(`data: ${JSON.stringify({ ...envelope(body), choices: [], usage })}\n\n`);
  }
  response.end('data: [DONE]\n\n');
}

function chunk(body: ChatBody, delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...envelope(body), choices })}\n\n`;
}

function wholeAnswer(body: ChatBody, reply: Extract<Reply, { kind: 'answer' }>): object {
  const message = { role: 'assistant', content: reply.deltas.join('') };
  const choices = [{ index: 0, message, finish_reason: reply.finishReason ?? 'stop' }];
  return { ...envelope(body), object: 'chat.completion', choices, usage: usageOf(body, reply) };
}

function envelope(body: ChatBody): object {
  return { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1_700_000_000, model: body.model };
}

function usageOf(body: ChatBody, reply: Extract<Reply, { kind: 'answer' }>) {
  if (reply.usage === null) return undefined;
  const usage = reply.usage ?? {
    prompt_tokens: words((body.messages ?? []).map((message) => message.content).join(' ')).length,
    completion_tokens: words(reply.deltas.join('')).length,
  };
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
}

function destroy(response: ServerResponse, cut: { byServer: boolean }): void {
  cut.byServer = true;
  // Let the written deltas leave first, so that "cut after these" means what it says.
  setImmediate(() => response.destroy());
}

function embed(body: ChatBody, dimensions: number): object {
  const inputs = textsOf(body);
  const data = inputs.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: vectorOf(text, body.dimensions ?? dimensions),
  }));
  const tokens = inputs.reduce((sum, text) => sum + words(text).length, 0);
  return { object: 'list', model: body.model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

function textsOf({ input }: ChatBody): string[] {
  return typeof input === 'string' ? [input] : (input ?? []);
}

/**
 * A vector of length 1, the same for the same text: the sum of a pseudo-random vector per word, so that texts
 * that share words are near each other.
 */
export function vectorOf(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of words(text.toLowerCase())) {
    let state = 2_166_136_261;
    for (const character of word) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619);
    for (let i = 0; i < dimensions; i += 1) {
      state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 1;
      vector[i] = (vector[i] ?? 0) + (state >>> 8) / 2 ** 23 - 1;
    }
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}
