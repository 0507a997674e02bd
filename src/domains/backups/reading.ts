import { createHash, type Hash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { type Extract, extract } from 'tar-stream';
import type { z } from 'zod';
import { isKeptPath } from '../media-insights/kept-files.ts';
import { type BackupKeys, decrypted } from './encryption.ts';
import { BackupDamaged, BackupRefused } from './errors.ts';
import { ENTRY, FORMAT, FORMAT_VERSION, Header, JournalLine, KEPT_FILES, Manifest } from './format.ts';

/** What becomes of a backup's content as it is read. */
export interface Reader {
  /** The first: whoever cannot take it throws. */
  header(header: Header): Promise<void>;
  journal(lines: readonly JournalLine[]): Promise<void>;
  /** Of files of the data directory. */
  file(name: (typeof KEPT_FILES)[number], content: Buffer): Promise<void>;
  /** @param rows as COPY writes them; must be read to their end */
  table(table: Header['tables'][number], rows: Readable): Promise<{ readonly rows: number }>;
  /** A picture or video that the server kept. @param path below `DATA_DIR/media` @param content must be read to its end */
  media(path: string, content: Readable): Promise<void>;
  /** The last, when all that was read is as the manifest says. */
  manifest(manifest: Manifest): Promise<void>;
}

/** Bytes of an entry that is held in memory; the journal may be large. */
const MOST_BYTES = 4 * 2 ** 30;
const HEAD_BYTES = 64;
/** What zstd frames begin with. */
const ZSTD = Buffer.from('28b52ffd', 'hex');

/**
 * Reads a backup from its first byte to its last, and compares all of it with its manifest. Only what is left when this
 * returns may be relied on: what is wrong may show at the very end.
 *
 * @throws BackupDamaged, BackupRefused, or what the reader throws
 */
export async function readBackup(
  file: Readable,
  keys: BackupKeys,
  reader: Reader,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Header> {
  const archive = extract();
  const chain: { destroy(): void }[] = [file];
  const broken = Promise.withResolvers<never>();
  // Where it is not awaited any more it says nothing new.
  broken.promise.catch(() => undefined);
  try {
    const { head, whole } = await begun(file, onBytes);
    const plain = await decrypted(head, whole, keys);
    if (plain === whole && !head.subarray(0, ZSTD.length).equals(ZSTD))
      throw new BackupDamaged('this is no backup of Echo Brain: it begins with neither of the two formats');
    const unpacked = createZstdDecompress();
    chain.push(whole, plain, unpacked);
    for (const stream of [file, whole, plain, unpacked])
      stream.on('error', (error) => broken.reject(asDamage(error)));
    archive.on('error', (error: Error) => broken.reject(asDamage(error)));
    plain.pipe(unpacked).pipe(archive as unknown as NodeJS.WritableStream);
    return await Promise.race([new Walk(archive, reader).run(), broken.promise]);
  } catch (error) {
    throw asDamage(error);
  } finally {
    for (const stream of chain) stream.destroy();
    archive.destroy();
  }
}

/** Entries in the order in which they must come. */
class Walk {
  readonly #entries: AsyncIterator<Entry>;
  readonly #reader: Reader;
  #entry: Entry | null = null;

  constructor(archive: Extract, reader: Reader) {
    this.#entries = (archive as unknown as AsyncIterable<Entry>)[Symbol.asyncIterator]();
    this.#reader = reader;
  }

  async run(): Promise<Header> {
    await this.#next();
    const header = headerOf(await this.#json(ENTRY.header));
    await this.#reader.header(header);
    const journal = await this.#bytes(ENTRY.journal);
    await this.#reader.journal(linesOf(journal));
    const files = await this.#files();
    const tables: Manifest['tables'] = [];
    for (const table of header.tables) tables.push(await this.#table(table));
    const media = await this.#media();
    const manifest = parsed(Manifest, await this.#json(ENTRY.manifest), ENTRY.manifest);
    if (this.#entry) throw new BackupDamaged(`it has an entry "${this.#entry.header.name}" behind its end`);
    compare(manifest, {
      tables,
      files,
      media,
      journal: { entries: linesOf(journal).length, sha256: sha256(journal) },
    });
    await this.#reader.manifest(manifest);
    return header;
  }

  async #next(): Promise<void> {
    const { value, done } = await this.#entries.next();
    this.#entry = done ? null : (value as Entry);
  }

  async #bytes(name: string): Promise<Buffer> {
    const entry = this.#entry;
    if (entry?.header.name !== name)
      throw new BackupDamaged(
        `it has ${entry ? `"${entry.header.name}"` : 'nothing'} where "${name}" should be`,
      );
    if ((entry.header.size ?? 0) > MOST_BYTES) throw new BackupDamaged(`"${name}" is too large`);
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk);
    await this.#next();
    return Buffer.concat(chunks);
  }

  async #json(name: string): Promise<unknown> {
    const text = (await this.#bytes(name)).toString('utf8');
    try {
      return JSON.parse(text);
    } catch {
      throw new BackupDamaged(`"${name}" is no JSON`);
    }
  }

  async #files(): Promise<Manifest['files']> {
    const files: Manifest['files'] = [];
    for (const name of KEPT_FILES) {
      if (this.#entry?.header.name !== ENTRY.file(name)) continue;
      const content = await this.#bytes(ENTRY.file(name));
      await this.#reader.file(name, content);
      files.push({ name, sha256: sha256(content) });
    }
    return files;
  }

  async #media(): Promise<Manifest['media']> {
    const media: Manifest['media'] = [];
    for (;;) {
      const path = this.#entry?.header.name.slice(ENTRY.media('').length) ?? '';
      if (this.#entry?.header.name !== ENTRY.media(path) || !isKeptPath(path)) return media;
      const hash = createHash('sha256');
      const counts = { bytes: 0 };
      const content = Readable.from(counted(this.#entry, hash, counts), { objectMode: false });
      await this.#reader.media(path, content);
      if (!content.readableEnded) for await (const _ of content);
      media.push({ path, bytes: counts.bytes, sha256: hash.digest('hex') });
      await this.#next();
    }
  }

  async #table(table: Header['tables'][number]): Promise<Manifest['tables'][number]> {
    const hash = createHash('sha256');
    const counts = { bytes: 0 };
    const rows = Readable.from(this.#parts(table.name, hash, counts), { objectMode: false });
    const taken = await this.#reader.table(table, rows);
    if (!rows.readableEnded) for await (const _ of rows);
    return { name: table.name, rows: taken.rows, bytes: counts.bytes, sha256: hash.digest('hex') };
  }

  async *#parts(name: string, hash: Hash, counts: { bytes: number }): AsyncGenerator<Buffer> {
    for (let part = 0; this.#entry?.header.name === ENTRY.table(name, part); part++) {
      yield* counted(this.#entry, hash, counts);
      await this.#next();
    }
  }
}

async function* counted(entry: Entry, hash: Hash, counts: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of entry) {
    hash.update(chunk);
    counts.bytes += chunk.length;
    yield chunk;
  }
}

/** Reads the first bytes, which say how it is encrypted, and gives them again. */
async function begun(
  file: Readable,
  onBytes: (bytes: number) => void,
): Promise<{ head: Buffer; whole: Readable }> {
  const whole = new PassThrough();
  const head = Promise.withResolvers<Buffer>();
  let chunks: Buffer[] | null = [];
  file.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    if (!chunks) return;
    chunks.push(chunk);
    const known = Buffer.concat(chunks);
    if (known.length < HEAD_BYTES) return;
    chunks = null;
    head.resolve(known.subarray(0, HEAD_BYTES));
  });
  file.once('end', () => head.resolve(Buffer.concat(chunks ?? [])));
  file.once('error', (error) => head.reject(error));
  file.pipe(whole);
  return { head: await head.promise, whole };
}

function headerOf(value: unknown): Header {
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) throw new BackupDamaged('this is no backup of Echo Brain');
  if (typeof version === 'number' && version > FORMAT_VERSION)
    throw new BackupRefused(
      `a newer version of Echo Brain wrote it (format ${version}, this one reads ${FORMAT_VERSION}); restore it with that version`,
    );
  return parsed(Header, value, ENTRY.header);
}

function linesOf(journal: Buffer): JournalLine[] {
  const lines = journal.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    try {
      return JournalLine.parse(JSON.parse(line));
    } catch {
      throw new BackupDamaged(`a line of "${ENTRY.journal}" cannot be read`);
    }
  });
}

function parsed<T extends z.ZodType>(schema: T, value: unknown, name: string): z.output<T> {
  const { data, error } = schema.safeParse(value);
  if (error) throw new BackupDamaged(`"${name}" is not as it should be: ${error.issues[0]?.path.join('.')}`);
  return data;
}

function compare(manifest: Manifest, found: Pick<Manifest, 'tables' | 'files' | 'media' | 'journal'>): void {
  for (const [index, table] of manifest.tables.entries()) {
    const there = found.tables[index];
    if (JSON.stringify(there) !== JSON.stringify(table))
      throw new BackupDamaged(
        `the table ${table.name} is not as it was written: ${there?.rows ?? 0} of ${table.rows} rows, or other bytes`,
      );
  }
  if (manifest.tables.length !== found.tables.length) throw new BackupDamaged('it lacks tables');
  for (const part of ['files', 'media', 'journal'] as const)
    if (JSON.stringify(found[part]) !== JSON.stringify(manifest[part]))
      throw new BackupDamaged(`what it has of ${part} is not as it was written`);
}

/** What streams say of bytes that do not fit. */
function asDamage(error: unknown): unknown {
  if (error instanceof BackupDamaged || error instanceof BackupRefused) return error;
  const { message = '', code = '' } = (error ?? {}) as { message?: string; code?: string };
  const isOfStreams =
    /^(?:Z_|ZSTD_)/.test(code) ||
    /invalid tag|ciphertext|final chunk|stream (?:ended|contains)|Invalid tar header|Unexpected end of data|Writable stream closed prematurely/i.test(
      message,
    );
  return isOfStreams ? new BackupDamaged(`it was cut off or altered: ${message}`) : error;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Entry extends AsyncIterable<Buffer> {
  readonly header: { readonly name: string; readonly size?: number };
}
