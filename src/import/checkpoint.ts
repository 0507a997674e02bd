import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fingerprint, type Mark } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import { ImportFileError } from './records.ts';
import type { Checked } from './tally.ts';

/** What an import depends on besides its file; another one starts from the beginning. */
export type Destination = { target: string; user: string | null; format: Format };

/** How far an import of one file has come. */
export type Reached = {
  /** Records of the file that are stored; 0 at the start. */
  recordsDone: number;
  /** Where reading can begin, and the records before that place; null: at the beginning. */
  place: Place | null;
};
export type Place = { records: number; mark: Mark };

/** What was found in a content, by the hash of all of it. */
export type CheckedContent = Checked & { hash: string };

/** How far an import of one file has come; survives the process. */
export type Checkpoint = Reached & {
  /** Null where the file is to be looked at, as at the start. */
  checked: CheckedContent | null;
  /** Why an existing checkpoint was not used; null where there is none or it was used. */
  ignored: string | null;
  /** Durable and atomic: a reader sees the old state or the new one. @throws Error of the file system */
  save: (reached: Reached, checked: CheckedContent) => Promise<void>;
  remove: () => Promise<void>;
};

/**
 * Opens the checkpoint of a file, named by its path, size, time and both ends; it is used for the content that it was
 * made of only.
 *
 * @param hash of the content now
 * @param restart ignore what an earlier run has left
 * @throws ImportFileError where the file cannot be read
 */
export async function openCheckpoint(
  directory: string,
  file: string,
  destination: Destination,
  { hash, restart }: { hash: string; restart: boolean },
): Promise<Checkpoint> {
  const path = join(directory, `import-${await fingerprint(file)}.json`);
  const found = restart ? null : await readCheckpoint(path);
  const ignored = found && whyNot(found, destination, hash);
  const used = ignored === null ? found : null;
  const made = { version: 2, reader: readerOf(destination.format), file };
  return {
    recordsDone: used?.recordsDone ?? 0,
    // Another reader would not know what it means.
    place: FORMATS[destination.format].goesOn ? (used?.place ?? null) : null,
    checked: used?.checked ?? null,
    ignored,
    save: (reached, checked) =>
      write(directory, path, JSON.stringify({ ...made, ...destination, ...reached, checked })),
    remove: () => rm(path, { force: true }),
  };
}

function readerOf(format: Format): number {
  return FORMATS[format].version ?? 1;
}

function whyNot(found: z.output<typeof Stored>, destination: Destination, hash: string): string | null {
  const isSame = Object.entries(destination).every(
    ([key, value]) => found[key as keyof Destination] === value,
  );
  if (!isSame) return `it is of an import to ${describe(found)}`;
  if (found.reader !== readerOf(destination.format))
    return `it is of another version, which counted what is in files of ${destination.format} otherwise`;
  return found.checked && found.checked.hash !== hash ? 'it is of another content of this file' : null;
}

const count = z.int().nonnegative();

const BadRecord = z.object({
  kind: z.literal('bad'),
  line: count,
  field: z.string().nullable(),
  message: z.string(),
  isEnd: z.literal(true).exactOptional(),
});

const Stored = z.object({
  /** 1 knew only how many records are stored. */
  version: z.union([z.literal(1), z.literal(2)]),
  reader: count.default(1),
  target: z.string(),
  user: z.string().nullable(),
  format: z.string(),
  recordsDone: count,
  place: z
    .object({
      records: count,
      mark: z.object({
        ...{ bytes: count, elements: count, whole: count, line: count, level: z.literal([0, 1]) },
        ...{ isInArray: z.boolean(), isLittered: z.boolean() },
      }),
    })
    .nullable()
    .default(null),
  checked: z
    .object({
      ...{
        hash: z.string(),
        records: count,
        badCount: count,
        bad: z.array(BadRecord),
        isCutOff: z.boolean(),
      },
      leftOut: z.array(z.tuple([z.string(), count])),
    })
    .nullable()
    .default(null),
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

function describe({ target, user, format }: z.output<typeof Stored>): string {
  return `${target}${user === null ? '' : ` for user ${user}`} as ${format}`;
}
