import { extname } from 'node:path';
import { type Metadata, NO_METADATA, readMetadata } from './metadata.ts';
import { openInside, readContent } from './opening.ts';

const MAX_SIDECAR_BYTES = 2 ** 20;

/**
 * What a file beside another says of it: `name.jpg.xmp`. The shorter `name.xmp` is taken only for files into which
 * programs don't write what they know (raw files, videos, BMP): of a JPEG it may be that of its raw file.
 */
export async function readSidecar(
  path: Buffer,
  roots: readonly string[],
  maySayShort: boolean,
): Promise<Metadata> {
  for (const candidate of candidatesOf(path, maySayShort)) {
    const text = await sidecarBytes(candidate, roots);
    if (text) return readMetadata(text);
  }
  return NO_METADATA;
}

function candidatesOf(path: Buffer, maySayShort: boolean): Buffer[] {
  const long = ['.xmp', '.XMP'].map((ending) => Buffer.concat([path, Buffer.from(ending)]));
  const extension = Buffer.byteLength(extname(path.toString('latin1')), 'latin1');
  if (!maySayShort || extension === 0) return long;
  const stem = path.subarray(0, path.length - extension);
  return [...long, ...['.xmp', '.XMP'].map((ending) => Buffer.concat([stem, Buffer.from(ending)]))];
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
