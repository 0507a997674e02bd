import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { type Pack, pack as tarPack } from 'tar-stream';
import type { Database } from '../../db/client.ts';
import type { Journal } from '../../journal/journal.ts';
import { type KeptFile, keptFilesOf } from '../media-insights/kept-files.ts';
import { type BackupKeys, encrypted } from './encryption.ts';
import { BackupPlaceUnusable } from './errors.ts';
import {
  ENTRY,
  FORMAT,
  FORMAT_VERSION,
  type Header,
  type JournalLine,
  KEPT_FILES,
  type Manifest,
  WITHOUT_MEDIA,
} from './format.ts';
import { atOneInstant, CHAIN_HEADS, type Snapshot } from './snapshot.ts';

export interface Source {
  readonly db: Database;
  readonly journal: Journal;
  readonly dataDirectory: string;
}

export interface WriteOptions {
  readonly backupId: string;
  readonly keys: BackupKeys;
  readonly wordIndex: Header['wordIndex'];
  /** Whether pictures and videos that this server keeps itself are in it. */
  readonly media: 'included' | 'left';
  readonly signal: AbortSignal;
  /** Told now and then how many of about how many bytes were read, and of what. */
  readonly progress: (done: number, total: number, note: string) => void;
  /** Takes the file; what it throws ends the backup. */
  readonly sink: (file: Readable) => Promise<void>;
}

/** What was written. */
export interface Written {
  readonly point: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
  readonly migrations: number;
}

/** Bytes of one entry of the archive. */
const PART_BYTES = 1_048_576;
const JOURNAL_PAGE = 500;
/** Tables that are made again of the turns. */
const WORD_INDEX = /^echo_index_/;

/**
 * Writes a backup: what the journal holds, then everything in the database at one instant after that. So all that was
 * acknowledged before the point is in it: it waited in the journal, or was in the database already.
 *
 * @throws BackupPlaceUnusable, the reason of the signal, or what the database says
 */
export async function writeBackup(source: Source, options: WriteOptions): Promise<Written> {
  const { keys, signal, sink } = options;
  const point = new Date().toISOString();
  const lines = await journalLines(source.journal);
  const pack = tarPack();
  const seen = observed();
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const file = (await encrypted(chained(pack as unknown as Readable, compress), keys)) as Readable;
  const abort = () => pack.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  const taken = sink(chained(file, seen.stream));
  // Told below; meanwhile nobody listens.
  taken.catch((error: unknown) => pack.destroy(error as Error));
  try {
    signal.throwIfAborted();
    const content = await atOneInstant(source.db, (snapshot) =>
      fill(pack, snapshot, source, lines, point, options),
    );
    pack.finalize();
    await taken;
    return { point, ...seen.result(), ...content };
  } catch (error) {
    pack.destroy(error as Error);
    const failed = await taken.then(
      () => null,
      (reason: unknown) => reason,
    );
    // What the sink says is the cause of what came after it.
    throw failed instanceof BackupPlaceUnusable ? failed : signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Reads all tables into the archive. */
async function fill(
  pack: Pack,
  snapshot: Snapshot,
  source: Source,
  lines: readonly JournalLine[],
  point: string,
  { backupId, wordIndex, media, signal, progress }: WriteOptions,
): Promise<{ rows: number; migrations: number }> {
  const isWanted = (name: string) => wordIndex === 'included' || !WORD_INDEX.test(name);
  const tables = snapshot.tables.filter(({ name }) => isWanted(name));
  const origin = await snapshot.origin();
  const kept = media === 'included' ? await keptFiles(snapshot, source.dataDirectory) : [];
  const header: Header = {
    format: FORMAT,
    version: kept.length > 0 ? FORMAT_VERSION : WITHOUT_MEDIA,
    backupId,
    point,
    ...origin,
    tables,
    wordIndex,
  };
  await addJson(pack, ENTRY.header, header);
  const journal = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await add(pack, ENTRY.journal, journal);
  const files = await addFiles(pack, source.dataDirectory);
  const sizes = await snapshot.sizes();
  const sizeOfMedia = kept.reduce((sum, { size }) => sum + size, 0);
  const total = tables.reduce((sum, { name }) => sum + (sizes.get(name) ?? 0), sizeOfMedia);
  const read: Manifest['tables'] = [];
  let done = 0;
  for (const table of tables) {
    signal.throwIfAborted();
    progress(done, Math.max(total, done), table.name);
    const before = done;
    const stream = snapshot.rows(table);
    const counted = await addRows(pack, table.name, stream, (bytes) => {
      signal.throwIfAborted();
      done += bytes;
      progress(done, Math.max(total, done), table.name);
    });
    done = before + (sizes.get(table.name) ?? 0);
    read.push({ name: table.name, rows: stream.rowCount, ...counted });
  }
  const pictures: Manifest['media'] = [];
  for (const file of kept) {
    signal.throwIfAborted();
    progress(done, Math.max(total, done), 'pictures and videos');
    const added = await addMedia(pack, source.dataDirectory, file, signal);
    if (added) pictures.push(added);
    done += file.size;
  }
  const manifest: Manifest = {
    tables: read,
    sequences: await snapshot.sequences(),
    journal: { entries: lines.length, sha256: createHash('sha256').update(journal).digest('hex') },
    files,
    media: pictures,
    chains: await chainsOf(snapshot),
  };
  await addJson(pack, ENTRY.manifest, manifest);
  return { rows: read.reduce((sum, { rows }) => sum + rows, 0), migrations: origin.migrations.length };
}

/** Heads of the chains of turns and of the audit log. */
export async function chainsOf(snapshot: Snapshot): Promise<Manifest['chains']> {
  const stream = snapshot.result(CHAIN_HEADS);
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return { conversations: stream.rowCount, sha256: hash.digest('hex'), audit: await snapshot.lastSeal() };
}

/** Rows in parts, since an archive says the size of an entry before it. */
async function addRows(
  pack: Pack,
  name: string,
  rows: AsyncIterable<unknown>,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let [bytes, part, waiting] = [0, 0, 0];
  let chunks: Buffer[] = [];
  const flush = async () => {
    if (waiting === 0) return;
    await add(pack, ENTRY.table(name, part++), Buffer.concat(chunks));
    [chunks, waiting] = [[], 0];
  };
  for await (const chunk of rows as AsyncIterable<Buffer>) {
    hash.update(chunk);
    chunks.push(chunk);
    bytes += chunk.length;
    waiting += chunk.length;
    if (waiting < PART_BYTES) continue;
    onBytes(waiting);
    await flush();
  }
  await flush();
  return { bytes, sha256: hash.digest('hex') };
}

async function addFiles(pack: Pack, directory: string): Promise<Manifest['files']> {
  const kept: Manifest['files'] = [];
  for (const name of KEPT_FILES) {
    const content = await readFile(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!content) continue;
    await add(pack, ENTRY.file(name), content);
    kept.push({ name, sha256: createHash('sha256').update(content).digest('hex') });
  }
  return kept;
}

/** What this server keeps of those who have media at the instant: of whoever was erased, nothing is to be kept. */
async function keptFiles(snapshot: Snapshot, dataDirectory: string): Promise<KeptFile[]> {
  const files: KeptFile[] = [];
  for (const owner of await snapshot.mediaOwners()) files.push(...(await keptFilesOf(dataDirectory, owner)));
  return files;
}

/** @returns null: it is not there any more, since its user was erased meanwhile */
async function addMedia(
  pack: Pack,
  directory: string,
  { path, size }: KeptFile,
  signal: AbortSignal,
): Promise<Manifest['media'][number] | null> {
  const file = await open(join(directory, 'media', path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!file) return null;
  const seen = observed();
  const entry = pack.entry({ name: ENTRY.media(path), size, mode: 0o600, mtime: new Date(0) });
  const content = file.createReadStream({ end: Math.max(size - 1, 0) });
  await pipeline(content, seen.stream, entry as unknown as NodeJS.WritableStream, { signal });
  return { path, ...seen.result() };
}

async function journalLines(journal: Journal): Promise<JournalLine[]> {
  const lines: JournalLine[] = [];
  for (let after = 0; ; ) {
    const page = await journal.waiting(after, JOURNAL_PAGE);
    for (const { kind, stream, body, acceptedAt } of page)
      lines.push({ kind, stream, body, acceptedAt, reason: null });
    if (page.length < JOURNAL_PAGE) break;
    after = page.at(-1)?.seq ?? after;
  }
  for (let after = 0; ; ) {
    const page = await journal.dead(after, JOURNAL_PAGE);
    for (const { kind, stream, body, acceptedAt, reason, isDamaged, discardedAt } of page)
      if (!isDamaged && discardedAt === null) lines.push({ kind, stream, body, acceptedAt, reason });
    if (page.length < JOURNAL_PAGE) return lines;
    after = page.at(-1)?.seq ?? after;
  }
}

function addJson(pack: Pack, name: string, value: unknown): Promise<void> {
  return add(pack, name, Buffer.from(JSON.stringify(value)));
}

/** Resolves when there is room for the next one. */
function add(pack: Pack, name: string, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(error);
    pack.once('error', failed);
    pack.entry({ name, mode: 0o600, mtime: new Date(0) }, content, (error) => {
      pack.off('error', failed);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Lets a stream go through another; whoever fails ends both. */
export function chained<T extends Transform | ReturnType<typeof createZstdCompress>>(
  from: Readable,
  through: T,
): T {
  from.on('error', (error) => through.destroy(error));
  through.on('close', () => from.destroy());
  return from.pipe(through as unknown as NodeJS.WritableStream) as unknown as T;
}

/** Counts and hashes what goes through. */
export function observed() {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ bytes, sha256: hash.digest('hex') }) };
}
