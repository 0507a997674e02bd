import { fileTypeFromBuffer } from 'file-type';

/** How a file is read. */
export type Way = 'sharp' | 'heif' | 'bmp' | 'header' | 'video' | 'none';

export interface Kind {
  readonly way: Way;
  /** By content; null: unknown. */
  readonly mediaType: string | null;
}

const BY_SHARP = ['jpeg', 'png', 'apng', 'webp', 'gif', 'tiff', 'avif'].map((name) => `image/${name}`);
const BY_HEIF = ['heic', 'heif', 'heic-sequence', 'heif-sequence'].map((name) => `image/${name}`);
/** Drawings, whose rendering could reach for other files. */
const NEVER = ['image/svg+xml', 'image/wmf', 'image/emf'];
/** What holds videos and sound alike. */
const CONTAINERS = ['application/mp4', 'application/ogg', 'application/mxf', 'application/vnd.rn-realmedia'];

/** By its first bytes, whatever its name is. */
export async function kindOf(bytes: Buffer): Promise<Kind> {
  const found = (await fileTypeFromBuffer(bytes).catch(() => undefined))?.mime ?? null;
  const mediaType = found === null ? cutShort(bytes) : (RENAMED[found] ?? found);
  return { way: wayOf(mediaType), mediaType };
}

/** What the library names in its own way. */
const RENAMED: Readonly<Record<string, string>> = { 'video/MP1S': 'video/mpeg', 'video/MP2P': 'video/mpeg' };

/** The library looks for directories of TIFF at their place, which is behind the end of a file that is cut short. */
function cutShort(bytes: Buffer): string | null {
  const beginning = bytes.subarray(0, 4).toString('latin1');
  return ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(beginning) ? 'image/tiff' : null;
}

function wayOf(mediaType: string | null): Way {
  if (mediaType === null || NEVER.includes(mediaType)) return 'none';
  if (BY_SHARP.includes(mediaType)) return 'sharp';
  if (BY_HEIF.includes(mediaType)) return 'heif';
  if (mediaType === 'image/bmp') return 'bmp';
  if (mediaType.startsWith('video/') || CONTAINERS.includes(mediaType)) return 'video';
  return mediaType.startsWith('image/') ? 'header' : 'none';
}

const IMAGE_NAMES =
  /\.(?:jpe?g|jpe|jfif|mpo|png|apng|webp|gif|tiff?|avif|hei[cf]|hif|bmp|dib|jp2|j2k|jpx|jxl|psd|nef|cr[23]|arw|dng|orf|rw2|raf|pef|srw)$/i;
const VIDEO_NAMES = /\.(?:mp4|m4v|mov|qt|3gp|3g2|webm|mkv|avi|wmv|asf|flv|mpe?g|mts|m2ts|ogv)$/i;

/** What a file's name says that it is: one that is something else is broken, not merely something else. */
export function claimOf(path: Buffer): 'image' | 'video' | null {
  const name = path.toString('latin1');
  if (IMAGE_NAMES.test(name)) return 'image';
  return VIDEO_NAMES.test(name) ? 'video' : null;
}
