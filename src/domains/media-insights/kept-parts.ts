import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { hashInName, keptFilesOf, keptFolder, takeKeptFile } from './kept-files.ts';
import { thumbnailFolder } from './thumbnails.ts';

/** Bytes of one part: in Base64 it fits into a request. */
export const PART_BYTES = 480_000;
/** Bytes of a whole file. */
const MAX_BYTES = 4 * 2 ** 30;
/** Files of a user of which only some parts are there; of more, the oldest are given up. */
const MAX_UNFINISHED = 8;
const UNFINISHED = 'restored-';

const count = z.int().min(1);

/** A part of a picture or video that the server keeps itself, as a line of an export. */
export const KeptFileLine = z
  .object({
    kind: z.literal('kept_file'),
    tenantId: z.string(),
    userId: z.string(),
    name: z.string().refine((name) => hashInName(name) !== null, {
      error: 'must be a SHA-256 of 64 hexadecimal digits, with how pictures and videos end',
    }),
    keptAt: input.writtenInstant,
    bytes: count.max(MAX_BYTES),
    /** From 1. */
    part: count,
    parts: count,
    content: z.base64({ error: 'must be Base64' }).max(Math.ceil(PART_BYTES / 3) * 4),
  })
  .refine(({ bytes, parts, part }) => parts === Math.ceil(bytes / PART_BYTES) && part <= parts, {
    error: `must be a part of a file in parts of ${PART_BYTES} bytes`,
    path: ['part'],
  });

/** Lines of a kept file that is whole; none: it is not, or not on this server. @param skipped parts before these */
export async function* keptParts(
  dataDirectory: string,
  owner: Owner,
  { hash, keptAt }: { readonly hash: string; readonly keptAt: Date },
  skipped: number,
): AsyncGenerator<{ line: string; part: number; parts: number }> {
  const file = (await keptFilesOf(dataDirectory, owner, hash))[0];
  if (!file) return;
  const path = join(dataDirectory, 'media', file.path);
  // What is damaged would not be taken back.
  if (skipped === 0 && (await hashOf(path)) !== hash) return;
  const parts = Math.ceil(file.size / PART_BYTES);
  const handle = await open(path);
  try {
    for (let part = skipped + 1; part <= parts; part++) {
      const { buffer, bytesRead } = await handle.read({
        ...{ buffer: Buffer.alloc(PART_BYTES), position: (part - 1) * PART_BYTES },
      });
      const content = buffer.subarray(0, bytesRead).toString('base64');
      const line = {
        kind: 'kept_file',
        ...owner,
        name: file.name,
        keptAt,
        bytes: file.size,
        part,
        parts,
        content,
      };
      yield { line: JSON.stringify(line), part, parts };
    }
  } finally {
    await handle.close();
  }
}

/**
 * Takes a part; with the last one that was missing, the file is there.
 *
 * @returns `there`: the whole file was there before @throws InvalidInput: together they are not what the name says
 */
export async function takePart(
  dataDirectory: string,
  owner: Owner,
  { name, bytes, part, parts, content }: z.output<typeof KeptFileLine>,
): Promise<'there' | 'part' | 'whole'> {
  if (await exists(join(keptFolder(dataDirectory, owner), name))) return 'there';
  const piece = Buffer.from(content, 'base64');
  if (piece.length !== (part < parts ? PART_BYTES : bytes - (parts - 1) * PART_BYTES))
    throw new InvalidInput(
      'lines',
      `the part ${part} of ${name} has ${piece.length} bytes, which is another number`,
    );
  const work = join(thumbnailFolder(dataDirectory, owner), 'work');
  const folder = join(work, `${UNFINISHED}${name}`);
  const at = (number: number) => join(folder, String(number).padStart(6, '0'));
  if (!(await exists(folder))) await giveUpOldest(work);
  await mkdir(folder, { recursive: true });
  await writeFile(`${at(part)}.half`, piece, { mode: 0o600 });
  await rename(`${at(part)}.half`, at(part));
  const there = (await readdir(folder)).filter((each) => /^\d+$/.test(each));
  if (there.length < parts) return 'part';
  const all = async function* () {
    for (let number = 1; number <= parts; number++) yield* createReadStream(at(number));
  };
  const path = join(keptFolder(dataDirectory, owner), name).slice(join(dataDirectory, 'media').length + 1);
  const isWhole = await takeKeptFile(dataDirectory, path, all() as AsyncIterable<Buffer>);
  await rm(folder, { recursive: true, force: true });
  if (!isWhole) throw new InvalidInput('lines', `the parts of ${name} are not the file that it names`);
  return 'whole';
}

async function giveUpOldest(work: string): Promise<void> {
  const names = (await readdir(work).catch(() => [])).filter((name) => name.startsWith(UNFINISHED));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(work, name)).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const many = aged.sort((a, b) => b.at - a.at).slice(MAX_UNFINISHED - 1);
  for (const { name } of many) await rm(join(work, name), { recursive: true, force: true });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
