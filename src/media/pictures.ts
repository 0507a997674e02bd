import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { type Features, THUMBNAIL_SIZES } from './facts.ts';
import { paletteOf } from './palette.ts';
import { HASH_SIDE, perceptualHashOf } from './perceptual-hash.ts';
import { qualityOf } from './quality.ts';

sharp.cache(false);
sharp.concurrency(1);
// Only these formats are decoded, whatever a file pretends to be.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadJpegFile',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadPngFile',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadWebpFile',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadNsgifFile',
    'VipsForeignLoadTiffBuffer',
    'VipsForeignLoadTiffFile',
    'VipsForeignLoadHeifBuffer',
    'VipsForeignLoadHeifFile',
  ],
});

const LARGEST = Math.max(...THUMBNAIL_SIZES);
/** Sides of the pictures that are measured: the same for all, so that measures of different pictures compare. */
const QUALITY_SIDE = 512;
const PALETTE_SIDE = 64;
/** Of 6: half the time of the usual 4, for some percent more bytes. */
const WEBP_EFFORT = 2;

/** A picture no larger than the largest thumbnail, upright, in sRGB. */
export interface Rendering {
  readonly pixels: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

export interface DecodeOptions {
  readonly maxPixels: number;
  /** Turned as EXIF says; not where the format turns it by itself (HEIF). */
  readonly isTurnedByExif: boolean;
  readonly raw?: { readonly width: number; readonly height: number; readonly channels: 3 | 4 };
}

/** @throws Error what the decoder says */
export async function render(input: Buffer | string, options: DecodeOptions): Promise<Rendering> {
  const settings: SharpOptions = {
    limitInputPixels: options.maxPixels,
    failOn: 'error',
    sequentialRead: true,
    ...(options.raw ? { raw: options.raw } : {}),
  };
  const opened = sharp(input, settings);
  const upright = options.isTurnedByExif ? opened.autoOrient() : opened;
  const { data, info } = await upright
    .resize(LARGEST, LARGEST, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height, channels: info.channels };
}

export async function measure(rendering: Rendering): Promise<Features> {
  const opaque = (side: number, fit: 'inside' | 'fill') =>
    again(rendering)
      .flatten({ background: '#ffffff' })
      .resize(side, side, { fit, withoutEnlargement: fit === 'inside' });
  const grey = (picture: Sharp) =>
    picture.toColourspace('b-w').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const small = await grey(opaque(HASH_SIDE, 'fill'));
  const middle = await grey(opaque(QUALITY_SIDE, 'inside'));
  const colors = await opaque(PALETTE_SIDE, 'inside')
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return {
    palette: paletteOf(threeBytes(colors.data, colors.info.channels)),
    perceptualHash: perceptualHashOf(oneByte(small.data, small.info.channels)),
    ...qualityOf({
      values: oneByte(middle.data, middle.info.channels),
      width: middle.info.width,
      height: middle.info.height,
    }),
  };
}

/**
 * Writes thumbnails without what the file says of itself; each appears whole or not at all.
 *
 * @throws Error of the file system, such as ENOSPC
 */
export async function writeThumbnails(rendering: Rendering, folder: string, name: string): Promise<number[]> {
  await mkdir(folder, { recursive: true });
  for (const size of THUMBNAIL_SIZES) {
    const bytes = await again(rendering)
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80, effort: WEBP_EFFORT })
      .toBuffer();
    await writeWhole(join(folder, `${name}-${size}.webp`), bytes);
  }
  return [...THUMBNAIL_SIZES];
}

/** A thumbnail as JPEG, for models that know no WebP. */
export function asJpeg(path: string, side: number): Promise<Buffer> {
  return sharp(path)
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer();
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function again({ pixels, width, height, channels }: Rendering): Sharp {
  return sharp(pixels, { raw: { width, height, channels } });
}

function threeBytes(pixels: Buffer, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  const count = pixels.length / channels;
  return Uint8Array.from({ length: count * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3) * channels;
    return pixels[channels > 3 ? pixel + (at % 3) : pixel] ?? 0;
  });
}

function oneByte(pixels: Buffer, channels: number): Uint8Array {
  return channels === 1
    ? pixels
    : Uint8Array.from({ length: pixels.length / channels }, (_, at) => pixels[at * channels] ?? 0);
}
