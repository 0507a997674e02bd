import { basename } from 'node:path';
import { type Metadata, NO_METADATA, readMetadata, withSidecar } from './metadata.ts';
import { openInside, readContent } from './opening.ts';
import { sidecarMark, sidecarsOf } from './sidecar-names.ts';
import { takeoutMetadata } from './takeout.ts';
import { takeoutSidecarsOf } from './takeout-names.ts';

const MAX_SIDECAR_BYTES = 2 ** 20;

/** What a file beside another says of it, and the mark by which one sees that it is another one. */
export async function readSidecar(
  path: Buffer,
  roots: readonly string[],
  maySayShort: boolean,
): Promise<{ readonly said: Metadata; readonly mark: string | null }> {
  // Before it is read: what changes meanwhile is read again.
  const mark = await sidecarMark(path, maySayShort);
  if (mark === null) return { said: NO_METADATA, mark };
  const xmp = await firstOf(sidecarsOf(path, maySayShort), roots);
  const takeout = await firstOf(takeoutSidecarsOf(path), roots);
  const said = xmp ? await readMetadata(xmp) : NO_METADATA;
  const name = basename(path.toString('utf8'));
  return { said: takeout ? withSidecar(said, takeoutMetadata(takeout, name)) : said, mark };
}

async function firstOf(candidates: readonly Buffer[], roots: readonly string[]): Promise<Buffer | null> {
  for (const candidate of candidates) {
    const text = await sidecarBytes(candidate, roots);
    if (text) return text;
  }
  return null;
}

async function sidecarBytes(path: Buffer, roots: readonly string[]): Promise<Buffer | null> {
  const file = await openInside(path, roots).catch(() => null);
  if (!file) return null;
  try {
    return file.stat.size > 0 && file.stat.size <= MAX_SIDECAR_BYTES ? (await readContent(file)).bytes : null;
  } catch {
    // It is changing at this moment: the picture is there all the same.
    return null;
  } finally {
    await file.handle.close();
  }
}
