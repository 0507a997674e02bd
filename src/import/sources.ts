import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  type Budget,
  budgetOf,
  EXTENSIONS,
  isArchive,
  isArchiveName,
  isPicture,
  openArchive,
  partsOf,
  unpack,
} from './archives.ts';
import { detectFormat } from './detect.ts';
import { fingerprint } from './files.ts';
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

/** Archives within archives are opened so deep. */
const MAX_ARCHIVE_DEPTH = 4;
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
  const left = budget ?? (await budgetOf(file));
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
