import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { fingerprint } from './files.ts';
import { ImportFileError } from './records.ts';

/** A file to import. */
export type Source = {
  /** Where it lies. */
  file: string;
  /** What people know it by: of a part of an archive, the archive and the part. */
  name: string;
  /** What is looked for was named by the user: another kind of file is an error, not something to pass over. */
  isNamed: boolean;
};

const EXTENSIONS = ['.json', '.jsonl', '.ndjson', '.png', '.zip', '.charx'];
/** Archives within archives are opened so deep. */
const MAX_ARCHIVE_DEPTH = 4;
/** Of one part of an archive, and how much larger than in the archive. */
const MAX_UNPACKED_BYTES = 16 * 1024 ** 3;
const MAX_RATIO = 200;
/** What is smaller may be packed as tightly as it likes. */
const SMALL_BYTES = 64 * 1024 ** 2;

/**
 * The files that paths mean: folders with all that is in them, ZIP archives with their conversations (or, in others,
 * all JSON files, cards and archives), CHARX cards. What an archive holds is unpacked one part at a time, and removed after it.
 *
 * @param unpackInto a folder for what is unpacked
 * @param onProblem told of each file of a folder or archive that cannot be opened; the others follow
 * @throws ImportFileError for a path that cannot be read, and an archive that is damaged, encrypted or too large
 */
export async function* openSources(
  paths: readonly string[],
  unpackInto: string,
  onProblem: (problem: ImportFileError) => void,
): AsyncGenerator<Source> {
  for (const path of paths) {
    const status = await stat(path).catch((error: Error) => {
      throw new ImportFileError(`"${path}" cannot be read: ${error.message}`);
    });
    if (!status.isDirectory()) {
      yield* openFile({ file: path, name: path, isNamed: true }, unpackInto, onProblem);
      continue;
    }
    const files = await filesIn(path);
    if (files.length === 0)
      throw new ImportFileError(
        `the folder "${path}" holds no file that can be imported (${EXTENSIONS.join(', ')})`,
      );
    for (const file of files) {
      try {
        yield* openFile({ file, name: file, isNamed: false }, unpackInto, onProblem);
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

async function* openFile(
  source: Source,
  unpackInto: string,
  onProblem: (problem: ImportFileError) => void,
  depth = 0,
): AsyncGenerator<Source> {
  const { file, name, isNamed } = source;
  if (!(await isArchive(file))) {
    yield source;
    return;
  }
  if (depth === MAX_ARCHIVE_DEPTH)
    throw new ImportFileError(
      `"${file}" lies ${depth} archives deep, and no deeper is looked; unpack it and import what is in it`,
    );
  const folder = join(unpackInto, (await fingerprint(file)).slice(0, 32));
  const parts = await partsOf(file);
  if (parts.length === 0)
    throw new ImportFileError(
      `"${file}" is a ZIP archive that holds nothing to import: no JSON file, no card and no archive`,
    );
  for (const part of parts) {
    // A name of our own: those in an archive may point anywhere.
    const unpacked = join(
      folder,
      `${createHash('sha256').update(part).digest('hex').slice(0, 16)}${extname(part)}`,
    );
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await unpack(file, part, unpacked);
      const inner = { file: unpacked, name: `${name}: ${part}`, isNamed: isNamed && parts.length === 1 };
      if (!isArchiveName(part)) yield inner;
      else yield* openFile(inner, unpackInto, onProblem, depth + 1);
    } catch (error) {
      // Of an archive in it: what else it holds is whole.
      if (!(error instanceof ImportFileError) || !isArchiveName(part)) throw error;
      onProblem(
        new ImportFileError(error.message.replaceAll(unpacked, `${name}: ${part}`), { cause: error }),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
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

/** The parts of an archive that are imported, by their names in it. */
async function partsOf(file: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { fileName } of entriesOf(file)) names.push(fileName);
  // A character with its pictures.
  if (names.includes('card.json')) return ['card.json'];
  const conversations = names.filter((name) => /^conversations(-\d+)?\.json$/i.test(basename(name))).sort();
  if (conversations.length > 0) return conversations;
  return names
    .filter((name) => EXTENSIONS.includes(extname(name).toLowerCase()) && !name.startsWith('__MACOSX/'))
    .sort();
}

function isArchiveName(name: string): boolean {
  return EXTENSIONS.slice(4).includes(extname(name).toLowerCase());
}

async function* entriesOf(file: string): AsyncGenerator<yauzl.Entry> {
  const archive = await openArchive(file);
  try {
    for await (const entry of archive.eachEntry()) if (!entry.fileName.endsWith('/')) yield entry;
  } catch (error) {
    throw broken(file, error);
  } finally {
    archive.close();
  }
}

async function unpack(file: string, part: string, into: string): Promise<void> {
  const archive = await openArchive(file);
  try {
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName !== part) continue;
      if (entry.isEncrypted())
        throw new ImportFileError(`"${file}": ${part} is encrypted; unpack it and import what is in it`);
      const isBomb =
        entry.uncompressedSize > SMALL_BYTES && entry.uncompressedSize > entry.compressedSize * MAX_RATIO;
      if (entry.uncompressedSize > MAX_UNPACKED_BYTES || isBomb)
        throw new ImportFileError(
          `"${file}": ${part} would unpack to ${entry.uncompressedSize} bytes; at most ${MAX_RATIO} times its packed size and 16 GiB are taken`,
        );
      const stream = await archive.openReadStreamPromise(entry);
      await pipeline(stream, atMost(entry.uncompressedSize), createWriteStream(into, { mode: 0o600 }));
      return;
    }
  } catch (error) {
    throw broken(file, error);
  } finally {
    archive.close();
  }
}

/** What an archive says of sizes may be wrong. */
function atMost(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(new Error('it holds more than it says'));
      else done(null, chunk);
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
