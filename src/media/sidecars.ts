import { type Metadata, NO_METADATA, readMetadata } from './metadata.ts';
import { openInside, readContent } from './opening.ts';
import { sidecarMark, sidecarsOf } from './sidecar-names.ts';

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
  for (const candidate of sidecarsOf(path, maySayShort)) {
    const text = await sidecarBytes(candidate, roots);
    if (text) return { said: await readMetadata(text), mark };
  }
  return { said: NO_METADATA, mark };
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
