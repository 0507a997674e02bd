import { lstat } from 'node:fs/promises';
import { extname } from 'node:path';
import { takeoutDescribedBy, takeoutSidecarsOf } from './takeout-names.ts';

const ENDINGS = ['.xmp', '.XMP'].map((ending) => Buffer.from(ending));
const [ENDING = Buffer.of()] = ENDINGS;
/** Of files that may have a sidecar that is named without their own ending. */
const SHORT = [
  'bmp',
  'dib',
  'jp2',
  'j2k',
  'jpx',
  'jxl',
  'psd',
  'nef',
  'cr2',
  'cr3',
  'arw',
  'dng',
  'orf',
  'rw2',
]
  .concat(['raf', 'pef', 'srw', 'avif', 'mp4', 'm4v', 'mov', 'qt', '3gp', '3g2', 'webm', 'mkv', 'avi', 'wmv'])
  .concat(['asf', 'flv', 'mpg', 'mpeg', 'mts', 'm2ts', 'ogv'])
  .flatMap((ending) => [ending, ending.toUpperCase()]);

/**
 * Files beside another that may say something of it: `name.jpg.xmp`. The shorter `name.xmp` is taken only for files into
 * which programs don't write what they know (raw files, videos, BMP): of a JPEG it may be that of its raw file.
 */
export function sidecarsOf(path: Buffer, maySayShort: boolean): Buffer[] {
  const long = ENDINGS.map((ending) => Buffer.concat([path, ending]));
  const extension = Buffer.byteLength(extname(path.toString('latin1')), 'latin1');
  if (!maySayShort || extension === 0) return long;
  const stem = path.subarray(0, path.length - extension);
  return [...long, ...ENDINGS.map((ending) => Buffer.concat([stem, ending]))];
}

/** Files of which one may say something; none for one that is no sidecar by its name. */
export function describedBy(sidecar: Buffer): Buffer[] {
  const stem = sidecar.subarray(0, -ENDING.length);
  const ending = sidecar.subarray(-ENDING.length);
  if (stem.length === 0) return [];
  if (!ENDINGS.some((each) => each.equals(ending))) return takeoutDescribedBy(sidecar);
  return [stem, ...SHORT.map((extension) => Buffer.concat([stem, Buffer.from(`.${extension}`)]))];
}

/** By which one sees that what lies beside a file is as it was; null: nothing does. */
export async function sidecarMark(path: Buffer, maySayShort: boolean): Promise<string | null> {
  const beside = [...sidecarsOf(path, maySayShort), ...takeoutSidecarsOf(path)];
  const marks = await Promise.all(beside.map(markOf));
  return marks.some((mark) => mark !== NOTHING)
    ? [maySayShort ? SHORT_TOO : 'long', ...marks].join(' ')
    : null;
}

/** Whether something else lies beside a file than what the mark says. */
export async function isOtherBeside(path: Buffer, mark: string): Promise<boolean> {
  return (await sidecarMark(path, mark.startsWith(`${SHORT_TOO} `))) !== mark;
}

const SHORT_TOO = 'short';
const NOTHING = '-';

async function markOf(path: Buffer): Promise<string> {
  try {
    const stats = await lstat(path, { bigint: true });
    return stats.isFile() ? `${stats.size}:${stats.mtimeNs}:${stats.ino}` : NOTHING;
  } catch {
    return NOTHING;
  }
}
