import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import type { Fetch } from '../../outbound/outbound.ts';
import { BackupPlaceUnusable } from './errors.ts';
import type { BackupPlace, PlacedFile } from './place.ts';

export interface S3Settings {
  /** Of the endpoint, with the bucket as the first part of its path, and what names begin with behind it. */
  readonly url: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
}

/** Bytes that are sent and asked for at once; at most 10,000 of them make a file. */
export const PART_BYTES = 16 * 2 ** 20;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const LEFT_MS = 86_400_000;
const NAME = /^[\w.-]{1,200}$/;
/** Answers after which the same may succeed. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Backups in a bucket of S3, or of what speaks its protocol (paths, not host names, name the bucket). Each request has a limit,
 * within which also the last byte must come, and is tried again some times.
 */
export class BackupBucket implements BackupPlace {
  readonly name: string;
  readonly #settings: S3Settings;
  readonly #fetch: Fetch;
  readonly #bucket: URL;
  readonly #prefix: string;

  /** @param fetch has the limits: of time, and more than PART_BYTES for an answer */
  constructor(settings: S3Settings, fetch: Fetch) {
    const url = new URL(settings.url);
    const [bucket = '', ...prefix] = url.pathname.split('/').filter((part) => part !== '');
    this.name = settings.url;
    this.#settings = settings;
    this.#fetch = fetch;
    this.#bucket = new URL(`/${bucket}`, url);
    this.#prefix = prefix.map((part) => `${decodeURIComponent(part)}/`).join('');
  }

  async put(name: string, content: Readable, signal?: AbortSignal): Promise<void> {
    let upload: string | null = null;
    const tags: string[] = [];
    try {
      for await (const { part, isLast } of inParts(content)) {
        signal?.throwIfAborted();
        if (isLast && upload === null) {
          await this.#request('PUT', name, {}, part, signal);
          return;
        }
        upload ??= await this.#begin(name, signal);
        const query = { partNumber: String(tags.length + 1), uploadId: upload };
        const { headers } = await this.#request('PUT', name, query, part, signal);
        tags.push(headers.get('etag') ?? '');
      }
      if (upload !== null) await this.#complete(name, upload, tags, signal);
    } catch (error) {
      content.destroy();
      // What cannot be taken back now goes by `tidy`; it is no file of anybody's.
      if (upload !== null) await this.#request('DELETE', name, { uploadId: upload }).catch(() => undefined);
      throw error;
    }
  }

  async read(name: string): Promise<Readable | null> {
    const first = await this.#piece(name, 0, null);
    return first && Readable.from(this.#pieces(name, first), { objectMode: false });
  }

  async list(): Promise<readonly PlacedFile[]> {
    const files: PlacedFile[] = [];
    for (let token: string | null = null; ; ) {
      const query: Record<string, string> = { 'list-type': '2', prefix: this.#prefix };
      if (token !== null) query['continuation-token'] = token;
      const { text } = await this.#request('GET', null, query);
      for (const entry of elements(text, 'Contents')) {
        const name = (element(entry, 'Key') ?? '').slice(this.#prefix.length);
        if (NAME.test(name)) files.push({ name, bytes: Number(element(entry, 'Size')) });
      }
      token = element(text, 'IsTruncated') === 'true' ? element(text, 'NextContinuationToken') : null;
      if (token === null) return files;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#request('DELETE', name, {});
  }

  async tidy(): Promise<void> {
    const { text } = await this.#request('GET', null, { uploads: '', prefix: this.#prefix });
    for (const entry of elements(text, 'Upload')) {
      const name = (element(entry, 'Key') ?? '').slice(this.#prefix.length);
      const uploadId = element(entry, 'UploadId');
      const begun = Date.parse(element(entry, 'Initiated') ?? '');
      if (uploadId !== null && NAME.test(name) && Date.now() - begun > LEFT_MS)
        await this.#request('DELETE', name, { uploadId });
    }
  }

  async #begin(name: string, signal?: AbortSignal): Promise<string> {
    const { text } = await this.#request('POST', name, { uploads: '' }, undefined, signal);
    const upload = element(text, 'UploadId');
    if (upload === null) throw this.#problem('began no upload');
    return upload;
  }

  async #complete(
    name: string,
    uploadId: string,
    tags: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const parts = tags.map(
      (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    const { text } = await this.#request('POST', name, { uploadId }, body, signal);
    // It may find out after it has said that all is well.
    if (element(text, 'Code') !== null)
      throw this.#problem(`did not put the parts together: ${element(text, 'Code')}`);
  }

  async *#pieces(name: string, first: Piece): AsyncGenerator<Buffer> {
    yield first.bytes;
    for (let from = first.bytes.length; from < first.total; ) {
      const piece = await this.#piece(name, from, first.tag);
      if (!piece || piece.bytes.length === 0)
        throw this.#problem(`has no more of "${name}" from byte ${from}`);
      yield piece.bytes;
      from += piece.bytes.length;
    }
  }

  /** @param tag of the file as it was: another one of the same name is refused */
  async #piece(name: string, from: number, tag: string | null): Promise<Piece | null> {
    const headers = { range: `bytes=${from}-${from + PART_BYTES - 1}`, ...(tag && { 'if-match': tag }) };
    const answer = await this.#request('GET', name, {}, undefined, undefined, headers);
    if (answer.status === 404) return null;
    const total = Number(
      /\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? answer.bytes.length,
    );
    return { bytes: answer.bytes, total, tag: answer.headers.get('etag') };
  }

  /** @param name null: of the bucket @throws BackupPlaceUnusable, or the reason of the signal */
  async #request(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    name: string | null,
    query: Readonly<Record<string, string>>,
    body?: Buffer,
    signal?: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    if (name !== null && !NAME.test(name)) throw new RangeError(`"${name}" is no name of a file`);
    const url = new URL(this.#bucket);
    if (name !== null) url.pathname += `/${this.#prefix}${name}`;
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(method, url, body, signal, headers).catch((error: Error) => {
        signal?.throwIfAborted();
        if (error.name === 'UrlForbidden') throw this.#problem(`may not be called: ${error.message}`);
        return error;
      });
      const isLast = attempt === ATTEMPTS;
      if (answer instanceof Error) {
        const reason = answer.name === 'TimeoutError' ? 'does not answer in time' : 'cannot be reached';
        if (isLast)
          throw this.#problem(
            `${reason} (${(answer.cause as Error | undefined)?.message ?? answer.message})`,
          );
      } else if (answer.status < 300 || (answer.status === 404 && method !== 'PUT' && name !== null))
        return answer;
      else if (isLast || !PASSING.has(answer.status))
        throw this.#problem(`answers ${answer.status}${said(answer)}`);
      await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, signal ? { signal } : {});
    }
  }

  async #once(
    method: string,
    url: URL,
    body: Buffer | undefined,
    signal: AbortSignal | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { region, keyId, secret } = this.#settings;
    const content = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signed = await new AwsV4Signer({
      ...{ method, url: url.href, service: 's3', region, accessKeyId: keyId, secretAccessKey: secret },
      headers: { ...headers, 'x-amz-content-sha256': content },
    }).sign();
    const response = await this.#fetch(String(signed.url), {
      ...{ method, headers: signed.headers },
      ...(body && { body: new Uint8Array(body) }),
      ...(signal && { signal }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text: bytes.subarray(0, TEXT).toString('utf8'),
    };
  }

  #problem(what: string): BackupPlaceUnusable {
    return new BackupPlaceUnusable(`BACKUP_S3_URL: ${this.name} ${what}`);
  }
}

/** Bytes of an answer that are looked at as text: a list of a thousand names has less. */
const TEXT = 4 * 2 ** 20;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
}

interface Piece {
  readonly bytes: Buffer;
  readonly total: number;
  readonly tag: string | null;
}

/** Cuts a stream into pieces of PART_BYTES, of which the last may be shorter. */
async function* inParts(content: Readable): AsyncGenerator<{ part: Buffer; isLast: boolean }> {
  let [chunks, size]: [Buffer[], number] = [[], 0];
  for await (const chunk of content as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= PART_BYTES) continue;
    const all = Buffer.concat(chunks);
    yield { part: all.subarray(0, PART_BYTES), isLast: false };
    chunks = [all.subarray(PART_BYTES)];
    size = all.length - PART_BYTES;
  }
  yield { part: Buffer.concat(chunks), isLast: true };
}

/** What S3 says of an error, which names nobody. */
function said({ text }: Answer): string {
  const code = element(text, 'Code');
  return code === null ? '' : ` (${code}: ${(element(text, 'Message') ?? '').slice(0, 200)})`;
}

function elements(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs')), ([, inner = '']) => inner);
}

function element(xml: string, name: string): string | null {
  const found = elements(xml, name)[0];
  return found === undefined ? null : found.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
