import { isUtf8 } from 'node:buffer';

/** Paths are bytes, as the file system has them: names need not be UTF-8. */

const SLASH = 0x2f;

/** A name in a folder. */
export function joined(folder: Buffer, name: Buffer): Buffer {
  return folder.at(-1) === SLASH
    ? Buffer.concat([folder, name])
    : Buffer.concat([folder, Buffer.of(SLASH), name]);
}

/** The folder that something lies in; of `/` itself. */
export function folderOf(path: Buffer): Buffer {
  const end = path.lastIndexOf(SLASH);
  return end <= 0 ? Buffer.of(SLASH) : path.subarray(0, end);
}

/** Whether a path is another one, or lies below it. */
export function isWithin(path: Buffer, folder: Buffer): boolean {
  if (path.equals(folder)) return true;
  const { from } = rangeBelow(folder);
  return path.length > from.length && path.subarray(0, from.length).equals(from);
}

/** All paths below a folder are from `from` on, and before `before`, byte by byte. */
export function rangeBelow(folder: Buffer): { readonly from: Buffer; readonly before: Buffer } {
  const from = joined(folder, Buffer.alloc(0));
  const before = Buffer.from(from);
  before[before.length - 1] = SLASH + 1;
  return { from, before };
}

/** A path as a key of a map. */
export function keyOfPath(path: Buffer): string {
  return path.toString('latin1');
}

/** For people: what is no UTF-8 is written as \xNN, byte by byte. */
export function shownPath(path: Buffer): string {
  if (isUtf8(path)) return path.toString('utf8');
  const parts: string[] = [];
  for (let at = 0; at < path.length; ) {
    const length = [1, 2, 3, 4].find((size) => isCharacter(path.subarray(at, at + size), size)) ?? 0;
    if (length === 0) parts.push(`\\x${(path[at] ?? 0).toString(16).padStart(2, '0')}`);
    else parts.push(path.toString('utf8', at, at + length));
    at += Math.max(1, length);
  }
  return parts.join('');
}

function isCharacter(bytes: Buffer, size: number): boolean {
  return bytes.length === size && isUtf8(bytes);
}
