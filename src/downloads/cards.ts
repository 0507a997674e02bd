import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { CARD_FORMATS, type CardFormat, exportCharacter } from '../domains/characters/card-export.ts';
import {
  type CardServices as Importing,
  importUploadedCard,
  MAX_UPLOADED_CARD_BYTES,
} from '../domains/characters/cards.ts';
import { InvalidInput } from '../errors.ts';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import { type Route, sendJson } from '../http/server.ts';

export type CardServices = Importing & { readonly config: Pick<Config, 'dataDirectory'> };

const PREFIX = '/api/characters/cards';
/** What a card may be sent as; what it is, its bytes say. A page of another site must ask before it sends any of these. */
const TYPES = new Set([
  ...['application/octet-stream', 'application/json', 'image/png', 'image/apng'],
  ...['application/zip', 'application/x-charx'],
]);
/** Cards that are on their way at once; further ones are asked to come again. */
const MAX_AT_ONCE = 8;
const RETRY_MS = 2_000;
/** About what a download costs as a GraphQL operation. */
const POINTS = 200;

/** Files of character cards as they are, also such as are too large for GraphQL: POST takes one in, GET gives one out. */
export function cardRoute({ services, hall }: { services: CardServices; hall: Hall }): Route {
  const intake = new Intake(services);
  return {
    door: 'cards',
    prefix: PREFIX,
    handle: async (request, response, correlationId) => {
      const [path = '', search = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
      const asked = new URLSearchParams(search);
      if (path === PREFIX) {
        const { method } = request;
        if (method !== 'POST') throw new MethodNotAllowed('POST');
        checkType(request);
        const options = { shared: flag(asked, 'shared'), replace: flag(asked, 'replace') };
        const cost = { rate: 'WRITE', points: 1 } as const;
        const errand = { action: PREFIX, correlationId, needs: 'WRITE', cost } as const;
        const { row, outcome, told } = await hall.receive(request, errand, (principal) =>
          intake.take(request, (bytes) => importUploadedCard(services, principal, { ...options, bytes })),
        );
        return sendJson(response, 200, { characterName: row.characterName, outcome, told });
      }
      const name = nameIn(path);
      if (request.method !== 'GET') throw new MethodNotAllowed('GET');
      hall.guarded(request, PREFIX, (guard) => guard.checkSimpleRequest(request));
      const cost = { rate: 'READ', points: POINTS } as const;
      const errand = { action: PREFIX, correlationId, needs: 'READ', cost } as const;
      const card = await hall.receive(request, errand, (principal) =>
        exportCharacter(services, principal, name, formatIn(asked)),
      );
      send(response, card);
    },
  };
}

/** @throws HttpProblem 415 */
function checkType({ headers }: IncomingMessage): void {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!TYPES.has(type))
    throw new HttpProblem(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `content-type: must be one of ${[...TYPES].join(', ')}; the body is the file itself`,
    );
  const encoding = headers['content-encoding'];
  if (encoding && encoding !== 'identity')
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'content-encoding: send the file as it is');
}

/** @throws InvalidInput */
function flag(asked: URLSearchParams, name: string): boolean | undefined {
  const value = asked.get(name);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw new InvalidInput(name, 'must be true or false');
  return value === 'true';
}

/** @throws HttpProblem 404 */
function nameIn(path: string): string {
  try {
    const name = decodeURIComponent(path.slice(PREFIX.length + 1));
    if (name !== '' && !path.slice(PREFIX.length + 1).includes('/')) return name;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
}

/** @throws InvalidInput */
function formatIn(asked: URLSearchParams): CardFormat {
  const value = asked.get('format') ?? 'PNG_V3';
  const format = CARD_FORMATS.find((each) => each === value);
  if (!format) throw new InvalidInput('format', `must be one of ${CARD_FORMATS.join(', ')}`);
  return format;
}

function send(
  response: ServerResponse,
  { fileName, mediaType, content }: Awaited<ReturnType<typeof exportCharacter>>,
) {
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': content.length,
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(content);
}

/** Where uploads arrive: on disk, however slowly they come, and one after the other in memory. */
class Intake {
  readonly #directory: string;
  #arriving = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ config }: CardServices) {
    this.#directory = join(config.dataDirectory, 'uploads');
  }

  /** @throws HttpProblem 400, 413, 503; whatever `work` throws */
  async take<T>(request: IncomingMessage, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_UPLOADED_CARD_BYTES) throw tooLarge();
    if (this.#arriving >= MAX_AT_ONCE)
      throw new HttpProblem(503, 'OVERLOADED', `${MAX_AT_ONCE} cards are on their way already`, RETRY_MS);
    this.#arriving++;
    let file: FileHandle | undefined;
    try {
      file = await this.#nameless();
      const size = await received(request, file);
      return await this.#inTurn(async () => work(await whole(file as FileHandle, size)));
    } finally {
      await file?.close();
      this.#arriving--;
    }
  }

  /** A file that goes with its last user, also with a server that is killed. */
  async #nameless(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    await rm(path);
    return file;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** @returns bytes @throws HttpProblem */
async function received(request: IncomingMessage, file: FileHandle): Promise<number> {
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_UPLOADED_CARD_BYTES) throw tooLarge();
      await file.writeFile(chunk);
    }
  } catch (error) {
    if (request.complete || error instanceof HttpProblem) throw error;
    throw new HttpProblem(400, 'BAD_REQUEST', 'the body ended early');
  }
  if (!request.complete) throw new HttpProblem(400, 'BAD_REQUEST', 'the body ended early');
  if (size === 0) throw new InvalidInput('file', 'must not be empty');
  return size;
}

async function whole(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) throw new Error('an upload is shorter than what was written');
    at += bytesRead;
  }
  return bytes;
}

function tooLarge(): HttpProblem {
  return new HttpProblem(
    413,
    'PAYLOAD_TOO_LARGE',
    `a card may have at most ${MAX_UPLOADED_CARD_BYTES.toLocaleString('en-US')} bytes`,
  );
}
