import { createWriteStream } from 'node:fs';
import { open, stat, utimes } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import { CARD_FILE } from '../cards/container.ts';
import { MAX_CARD_FILES, MAX_UPLOADED_ARCHIVE_BYTES, MAX_UPLOADED_CARD_BYTES } from '../cards/limits.ts';
import { fileSize } from './files.ts';
import type { ProgressSink } from './progress.ts';
import { ImportFileError } from './records.ts';

/** How files are called that may hold something to import. */
export const EXTENSIONS = ['.json', '.jsonl', '.ndjson', '.png', '.zip', '.charx'];
/** Of one part of an archive, and how much larger than in the archive. */
const MAX_UNPACKED_BYTES = 16 * 1024 ** 3;
const MAX_RATIO = 200;
/** What is smaller may be packed as tightly as it likes, but not very many of that. */
const SMALL_BYTES = 64 * 1024 ** 2;
const SMALL_TOTAL_BYTES = 1024 ** 3;
/** Of one archive. */
const MAX_PARTS = 100_000;

/** Bytes that may still be unpacked of what the user named, archives within it included. */
export type Budget = { bytes: number };

/** What a file may become when it is unpacked. */
export async function budgetOf(file: string): Promise<Budget> {
  return { bytes: SMALL_TOTAL_BYTES + MAX_RATIO * (await fileSize(file)) };
}

/** By how a file begins, whatever it is called. @throws ImportFileError where it cannot be read */
export async function isArchive(file: string): Promise<boolean> {
  const handle = await open(file).catch((error: Error) => {
    throw new ImportFileError(`"${file}" cannot be read: ${error.message}`);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const start = buffer.toString('latin1', 0, bytesRead);
    return start === 'PK\x03\x04' || start === 'PK\x05\x06';
  } finally {
    await handle.close();
  }
}

/**
 * The parts of an archive that may hold something to import: what each is, its content tells. Data comes first, pictures
 * that could be cards and archives behind it. `card`: it is a CHARX card, to be read as one.
 *
 * @throws ImportFileError where there is none, or more than {@link MAX_PARTS}
 */
export async function partsOf(file: string, archive: yauzl.ZipFile): Promise<yauzl.Entry[] | 'card'> {
  const parts: yauzl.Entry[] = [];
  const all: yauzl.Entry[] = [];
  let hasPages = false;
  try {
    for await (const entry of archive.eachEntry()) {
      all.push(entry);
      hasPages ||= extname(entry.fileName).toLowerCase() === '.html';
      if (isOfInterest(entry.fileName)) parts.push(entry);
      if (all.length > MAX_PARTS)
        throw new ImportFileError(`"${file}" holds more than ${MAX_PARTS} files that could be imported`);
    }
  } catch (error) {
    throw broken(file, error);
  }
  // A character with its pictures; where the server would not take it so, without them.
  const card = all.find(({ fileName }) => fileName === CARD_FILE);
  if (card) return (await isTaken(file, all)) ? 'card' : [card];
  const advice = hasPages ? '; its pages (HTML) are not read: order the export as JSON' : '';
  if (parts.length === 0)
    throw new ImportFileError(
      `"${file}" is a ZIP archive that holds nothing to import: no JSON file, no card and no archive${advice}`,
    );
  const rank = (entry: yauzl.Entry) => (isArchiveName(entry.fileName) ? 2 : isPicture(entry) ? 1 : 0);
  return parts.sort((a, b) => rank(a) - rank(b) || (a.fileName < b.fileName ? -1 : 1));
}

/** Whether the server takes a CHARX card with all that is in it. */
async function isTaken(file: string, entries: readonly yauzl.Entry[]): Promise<boolean> {
  const sizes = entries.map(({ uncompressedSize }) => uncompressedSize);
  return (
    (await fileSize(file)) <= MAX_UPLOADED_CARD_BYTES &&
    entries.length <= MAX_CARD_FILES &&
    Math.max(...sizes) <= MAX_UPLOADED_CARD_BYTES &&
    sizes.reduce((sum, size) => sum + size, 0) <= MAX_UPLOADED_ARCHIVE_BYTES
  );
}

function isOfInterest(name: string): boolean {
  // What a Mac puts beside each file.
  const isShadow = name.startsWith('__MACOSX/') || basename(name).startsWith('._');
  return !name.endsWith('/') && !isShadow && EXTENSIONS.includes(extname(name).toLowerCase());
}

/** Whether a part may be a card, by its name. */
export function isPicture({ fileName }: yauzl.Entry): boolean {
  return extname(fileName).toLowerCase() === '.png';
}

/** Whether a part is an archive of its own, by its name. */
export function isArchiveName(name: string): boolean {
  return EXTENSIONS.slice(4).includes(extname(name).toLowerCase());
}

type Part = { file: string; archive: yauzl.ZipFile; part: yauzl.Entry };

/**
 * Writes one part of an archive to a file of its own, which gets the times of the archive.
 *
 * @throws ImportFileError for a part that is encrypted, damaged or too large, alone or with those before it
 */
export async function unpack(
  { file, archive, part }: Part,
  into: string,
  left: Budget,
  progress: ProgressSink,
): Promise<void> {
  const { fileName, uncompressedSize, compressedSize } = part;
  if (part.isEncrypted())
    throw new ImportFileError(`"${file}": ${fileName} is encrypted; unpack it and import what is in it`);
  const isBomb = uncompressedSize > SMALL_BYTES && uncompressedSize > compressedSize * MAX_RATIO;
  if (uncompressedSize > MAX_UNPACKED_BYTES || isBomb)
    throw new ImportFileError(
      `"${file}": ${fileName} would unpack to ${uncompressedSize} bytes; at most ${MAX_RATIO} times its packed size and 16 GiB are taken`,
    );
  if (uncompressedSize > left.bytes)
    throw new ImportFileError(
      `"${file}": ${fileName} is not unpacked, as the archive would unpack to more than ${MAX_RATIO} times its size`,
    );
  left.bytes -= uncompressedSize;
  let done = 0;
  progress.start('unpacking', uncompressedSize, () => ({ done }));
  try {
    const stream = await archive.openReadStreamPromise(part);
    const count = (seen: number) => {
      done = seen;
    };
    await pipeline(stream, asSaid(part, count), createWriteStream(into, { mode: 0o600 }));
    // The same part of the same archive is the same file to whoever goes on after a stop.
    const { atime, mtime } = await stat(file);
    await utimes(into, atime, mtime);
  } catch (error) {
    throw broken(file, error);
  } finally {
    progress.stop();
  }
}

/** What an archive says of a part may be wrong, or the part may be damaged: the library does not look at checksums. */
function asSaid(
  { fileName, uncompressedSize, crc32: said }: yauzl.Entry,
  count: (seen: number) => void,
): Transform {
  let seen = 0;
  let checksum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      count(seen);
      checksum = crc32(chunk, checksum);
      if (seen > uncompressedSize) done(new Error(`${fileName} holds more than it says`));
      else done(null, chunk);
    },
    flush(done) {
      done(checksum === said ? null : new Error(`${fileName} is damaged: its checksum is wrong`));
    },
  });
}

/** To be closed by who opens it. @throws ImportFileError where it is damaged */
export async function openArchive(file: string): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.openPromise(file, { autoClose: false, lazyEntries: true });
  } catch (error) {
    throw broken(file, error);
  }
}

function broken(file: string, error: unknown): ImportFileError {
  if (error instanceof ImportFileError) return error;
  return new ImportFileError(`"${file}" is a ZIP archive that cannot be read: ${(error as Error).message}`, {
    cause: error,
  });
}
