import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import * as yauzl from 'yauzl';
import { CARD_FILE } from '../cards/container.ts';
import { MAX_CARD_FILES, MAX_UPLOADED_ARCHIVE_BYTES, MAX_UPLOADED_CARD_BYTES } from '../cards/limits.ts';
import { detectFormat } from './detect.ts';
import { fileSize, fingerprint } from './files.ts';
import { type ProgressSink, silentProgress } from './progress.ts';
import { ImportFileError } from './records.ts';

/** A file to import. */
export type Source = {
  /** Where it lies. */
  file: string;
  /** What people know it by: of a part of an archive, the archive and the part. */
  name: string;
  /** What is looked for was named by the user: another kind of file is an error, not something to pass over. */
  isNamed: boolean;
  /** Of a folder: how many of its files come before, of how many; absent: it lies in none. */
  place?: { done: number; of: number };
};

const EXTENSIONS = ['.json', '.jsonl', '.ndjson', '.png', '.zip', '.charx'];
/** Archives within archives are opened so deep. */
const MAX_ARCHIVE_DEPTH = 4;
/** Of one part of an archive, and how much larger than in the archive. */
const MAX_UNPACKED_BYTES = 16 * 1024 ** 3;
const MAX_RATIO = 200;
/** What is smaller may be packed as tightly as it likes, but not very many of that. */
const SMALL_BYTES = 64 * 1024 ** 2;
const SMALL_TOTAL_BYTES = 1024 ** 3;
/** Of one archive. */
const MAX_PARTS = 100_000;

/**
 * The files that paths mean: folders with all that is in them, ZIP archives with their JSON files,
 * cards and archives, CHARX cards. What an archive holds is unpacked one part at a time, and removed after it.
 *
 * @param unpackInto a folder for what is unpacked
 * @param onProblem told of each file of a folder or archive that cannot be opened; the others follow
 * @throws ImportFileError for a path that cannot be read, and an archive that is damaged, encrypted or too large
 */
export async function* openSources(
  paths: readonly string[],
  unpackInto: string,
  onProblem: (problem: ImportFileError) => void,
  progress: ProgressSink = silentProgress,
): AsyncGenerator<Source> {
  const opening = { unpackInto, onProblem, progress };
  for (const path of paths) {
    const status = await stat(path).catch((error: Error) => {
      throw new ImportFileError(`"${path}" cannot be read: ${error.message}`);
    });
    if (!status.isDirectory()) {
      yield* openFile({ file: path, name: path, isNamed: true }, opening);
      continue;
    }
    const files = await filesIn(path);
    if (files.length === 0)
      throw new ImportFileError(
        `the folder "${path}" holds no file that can be imported (${EXTENSIONS.join(', ')})`,
      );
    for (const [done, file] of files.entries()) {
      try {
        const place = { done, of: files.length };
        for await (const source of openFile({ file, name: file, isNamed: false }, opening))
          yield { ...source, place };
      } catch (error) {
        if (!(error instanceof ImportFileError)) throw error;
        onProblem(error);
      }
    }
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // Links to folders are not followed, as they may lead in circles; one that leads nowhere is a problem to tell of.
    if (entry.isDirectory()) files.push(...(await filesIn(path)));
    else if (EXTENSIONS.includes(extname(entry.name).toLowerCase())) {
      const isFile = entry.isSymbolicLink() && !(await stat(path).catch(() => null))?.isDirectory();
      if (entry.isFile() || isFile) files.push(path);
    }
  }
  return files.sort();
}

type Opening = {
  unpackInto: string;
  onProblem: (problem: ImportFileError) => void;
  progress: ProgressSink;
};

async function* openFile(
  source: Source,
  opening: Opening,
  depth = 0,
  budget?: Budget,
): AsyncGenerator<Source> {
  const { file, name, isNamed } = source;
  const { unpackInto, onProblem, progress } = opening;
  if (!(await isArchive(file))) {
    yield source;
    return;
  }
  if (depth === MAX_ARCHIVE_DEPTH)
    throw new ImportFileError(
      `"${file}" lies ${depth} archives deep, and no deeper is looked; unpack it and import what is in it`,
    );
  const left = budget ?? { bytes: SMALL_TOTAL_BYTES + MAX_RATIO * (await fileSize(file)) };
  const folder = join(unpackInto, (await fingerprint(file)).slice(0, 32));
  const archive = await openArchive(file);
  let isChatExport = false;
  try {
    const parts = await partsOf(file, archive);
    if (parts === 'card') return yield source;
    for (const part of parts) {
      // An export of chats holds many, and none is a card.
      if (isChatExport && isPicture(part)) continue;
      // A name of our own: those in an archive may point anywhere.
      const hash = createHash('sha256').update(part.fileName).digest('hex').slice(0, 16);
      const unpacked = join(folder, `${hash}${extname(part.fileName)}`);
      const partName = `${name}: ${part.fileName}`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await unpack({ file, archive, part }, unpacked, left, progress);
        const inner = { file: unpacked, name: partName, isNamed: isNamed && parts.length === 1 };
        if (!isArchiveName(part.fileName)) {
          isChatExport ||= await isChat(unpacked);
          yield inner;
        } else yield* openFile(inner, opening, depth + 1, left);
      } catch (error) {
        // Of an archive in it: what else it holds is whole.
        if (!(error instanceof ImportFileError) || !isArchiveName(part.fileName)) throw error;
        onProblem(new ImportFileError(error.message.replaceAll(unpacked, partName), { cause: error }));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  } finally {
    archive.close();
  }
}

/** Bytes that may still be unpacked of what the user named, archives within it included. */
type Budget = { bytes: number };

/** Whether a file is of a format that holds what was said; others hold settings, cards, or nothing that is known. */
async function isChat(file: string): Promise<boolean> {
  try {
    return (await detectFormat(file)) !== 'character';
  } catch (error) {
    // Whoever reads it says what is wrong with it.
    if (error instanceof ImportFileError) return false;
    throw error;
  }
}

async function isArchive(file: string): Promise<boolean> {
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
async function partsOf(file: string, archive: yauzl.ZipFile): Promise<yauzl.Entry[] | 'card'> {
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

function isPicture({ fileName }: yauzl.Entry): boolean {
  return extname(fileName).toLowerCase() === '.png';
}

function isArchiveName(name: string): boolean {
  return EXTENSIONS.slice(4).includes(extname(name).toLowerCase());
}

type Part = { file: string; archive: yauzl.ZipFile; part: yauzl.Entry };

async function unpack(
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

async function openArchive(file: string): Promise<yauzl.ZipFile> {
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
