import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fingerprint } from './files.ts';
import { ImportFileError } from './records.ts';

/** What an import depends on besides its file; another one starts from the beginning. */
export type Destination = { target: string; user: string | null; format: string };

/** How far an import of one file has come; survives the process. */
export type Checkpoint = {
  /** Records of the file that are stored; 0 at the start. */
  recordsDone: number;
  /** Why an existing checkpoint was not used; null where there is none or it was used. */
  ignored: string | null;
  /** Durable and atomic: a reader sees the old number or the new one. @throws Error of the file system */
  save: (recordsDone: number) => Promise<void>;
  remove: () => Promise<void>;
};

/**
 * Opens the checkpoint of a file, named by its path, size, time and both ends, so that a changed file starts anew.
 *
 * @param restart ignore what an earlier run has left
 * @throws ImportFileError where the file cannot be read
 */
export async function openCheckpoint(
  directory: string,
  file: string,
  destination: Destination,
  restart: boolean,
): Promise<Checkpoint> {
  const path = join(directory, `import-${await fingerprint(file)}.json`);
  const found = restart ? null : await readCheckpoint(path);
  const isSame =
    found !== null &&
    Object.entries(destination).every(([key, value]) => found[key as keyof Destination] === value);
  return {
    recordsDone: found && isSame ? found.recordsDone : 0,
    ignored: found && !isSame ? `it is of an import to ${describe(found)}` : null,
    save: (recordsDone) =>
      write(directory, path, JSON.stringify({ version: 1, file, ...destination, recordsDone })),
    remove: () => rm(path, { force: true }),
  };
}

const Stored = z.object({
  version: z.literal(1),
  target: z.string(),
  user: z.string().nullable(),
  format: z.string(),
  recordsDone: z.int().nonnegative(),
});

async function readCheckpoint(path: string): Promise<z.output<typeof Stored> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new ImportFileError(`the checkpoint "${path}" cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return Stored.parse(JSON.parse(text));
  } catch (error) {
    throw new ImportFileError(`the checkpoint "${path}" is damaged; --restart ignores it`, { cause: error });
  }
}

async function write(directory: string, path: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function describe({ target, user, format }: Destination): string {
  return `${target}${user === null ? '' : ` for user ${user}`} as ${format}`;
}
