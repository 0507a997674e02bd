import { decode as decodeBmp } from 'bmp-ts';
import sharp from 'sharp';
import { openHeif } from './heif.ts';
import type { Kind } from './kinds.ts';
import type { Metadata } from './metadata.ts';
import type { FileContent, OpenFile } from './opening.ts';
import { type Rendering, render } from './pictures.ts';

/** libheif's memory in WebAssembly holds the whole picture, uncompressed and more than once. */
const MAX_HEIF_PIXELS = 64_000_000;

/** What decoding an image comes to. */
export interface Decoded {
  readonly width: number | null;
  readonly height: number | null;
  readonly codec: string | null;
  /** Of an animation, once through. */
  readonly durationSeconds: number | null;
  readonly rendering: Rendering | null;
  readonly isBroken: boolean;
  readonly problem: string | null;
  readonly method: string;
}

export interface ImageSource {
  readonly file: OpenFile;
  readonly content: FileContent;
  readonly kind: Kind;
  readonly metadata: Metadata;
  readonly maxPixels: number;
}

export const NOTHING_DECODED: Decoded = {
  width: null,
  height: null,
  codec: null,
  durationSeconds: null,
  rendering: null,
  isBroken: false,
  problem: null,
  method: 'header only',
};

/** Size and pixels of an image; a problem instead of pixels where they can't or must not be decoded. */
export function decodeImage(source: ImageSource): Promise<Decoded> {
  const { way } = source.kind;
  if (way === 'sharp') return bySharp(source);
  if (way === 'heif') return byHeif(source);
  if (way === 'bmp') return byBmp(source);
  return Promise.resolve(byHeader(source));
}

async function bySharp(source: ImageSource): Promise<Decoded> {
  const { file, content, maxPixels, metadata } = source;
  const input = content.isWhole ? content.bytes : file.descriptorPath;
  const header = await sharp(input, { limitInputPixels: false }).metadata().catch(problemOf);
  if (header instanceof DecoderProblem) return unopened(source, header.message);
  if (header.format === 'heif' && header.compression !== 'av1') return byHeif(source);
  const isTurnedByExif = header.format !== 'heif';
  const own = isTurnedByExif ? header.autoOrient : header;
  // The canvas of a GIF is what it shows itself on; decoders take the size of its first picture for an absurd one.
  const shown = header.format === 'gif' && metadata.header ? metadata.header : own;
  const size = { width: shown.width, height: shown.height };
  const facts = {
    ...NOTHING_DECODED,
    ...size,
    codec: header.compression ?? null,
    durationSeconds: header.delay && header.delay.length > 1 ? sumOf(header.delay) / 1_000 : null,
  };
  const stored = Math.max(size.width * size.height, header.width * header.height);
  if (stored > maxPixels) return { ...facts, problem: tooLarge(size, maxPixels) };
  const rendering = await render(input, { maxPixels, isTurnedByExif }).catch(problemOf);
  if (rendering instanceof DecoderProblem) return { ...facts, isBroken: true, problem: rendering.message };
  return { ...facts, rendering, method: 'sharp' };
}

/** What sharp doesn't open: an animated AVIF or HEIF of which libheif still knows the size, or nothing at all. */
async function unopened(source: ImageSource, problem: string): Promise<Decoded> {
  if (source.kind.mediaType !== 'image/avif') {
    return { ...NOTHING_DECODED, ...source.metadata.header, isBroken: true, problem };
  }
  const picture = source.content.isWhole ? await openHeif(source.content.bytes) : null;
  if (!picture) return { ...NOTHING_DECODED, isBroken: true, problem };
  const { width, height } = picture;
  picture.free();
  return { ...NOTHING_DECODED, width, height, problem: 'animated AVIF is not decoded' };
}

async function byHeif({ content, maxPixels }: ImageSource): Promise<Decoded> {
  if (!content.isWhole) return { ...NOTHING_DECODED, problem: 'it is too large to decode' };
  const picture = await openHeif(content.bytes);
  if (!picture) return { ...NOTHING_DECODED, isBroken: true, problem: 'it is no readable HEIF file' };
  try {
    const size = { width: picture.width, height: picture.height };
    const facts = { ...NOTHING_DECODED, ...size, codec: 'hevc' };
    const limit = Math.min(maxPixels, MAX_HEIF_PIXELS);
    if (size.width * size.height > limit) return { ...facts, problem: tooLarge(size, limit) };
    const rendering = await picture
      .pixels()
      .then(({ data, channels }) =>
        render(data, { maxPixels, isTurnedByExif: false, raw: { ...size, channels } }),
      )
      .catch(problemOf);
    if (rendering instanceof DecoderProblem) return { ...facts, isBroken: true, problem: rendering.message };
    return { ...facts, rendering, method: 'libheif' };
  } finally {
    picture.free();
  }
}

async function byBmp({ content, maxPixels }: ImageSource): Promise<Decoded> {
  const { bytes, isWhole } = content;
  if (bytes.length < 26) return { ...NOTHING_DECODED, isBroken: true, problem: 'it is cut short' };
  const isOld = bytes.readUInt32LE(14) === 12;
  const width = isOld ? bytes.readUInt16LE(18) : Math.abs(bytes.readInt32LE(18));
  const height = isOld ? bytes.readUInt16LE(20) : Math.abs(bytes.readInt32LE(22));
  const facts = { ...NOTHING_DECODED, width, height };
  if (width * height > maxPixels) return { ...facts, problem: tooLarge(facts, maxPixels) };
  if (width * height === 0) return { ...NOTHING_DECODED, isBroken: true, problem: 'it has no pixels' };
  if (!isWhole) return { ...facts, problem: 'it is too large to decode' };
  try {
    const { data } = decodeBmp(bytes, { toRGBA: true });
    const pixels = opaque(data);
    const raw = { width, height, channels: 4 as const };
    return {
      ...facts,
      rendering: await render(pixels, { maxPixels, isTurnedByExif: false, raw }),
      method: 'bmp-ts',
    };
  } catch (error) {
    return { ...facts, isBroken: true, problem: problemOf(error).message };
  }
}

/** Most bitmaps leave the fourth byte empty: one in which all is transparent is meant to be seen. */
function opaque(pixels: Buffer): Buffer {
  for (let index = 3; index < pixels.length; index += 4) if (pixels[index] !== 0) return pixels;
  for (let index = 3; index < pixels.length; index += 4) pixels[index] = 255;
  return pixels;
}

/** Formats that nothing here decodes, but whose first bytes say their size. */
function byHeader({ content, kind, metadata }: ImageSource): Decoded {
  const problem = `${kind.mediaType} is not decoded`;
  return { ...NOTHING_DECODED, ...(sizeInHeader(kind.mediaType, content.bytes) ?? metadata.header), problem };
}

function sizeInHeader(mediaType: string | null, bytes: Buffer): { width: number; height: number } | null {
  if (mediaType === 'image/vnd.adobe.photoshop' && bytes.length >= 22) {
    return { width: bytes.readUInt32BE(18), height: bytes.readUInt32BE(14) };
  }
  if (mediaType !== 'image/jp2' && mediaType !== 'image/jpx') return null;
  const at = bytes.subarray(0, 512).indexOf('ihdr', 0, 'latin1');
  if (at < 0 || bytes.length < at + 12) return null;
  return { width: bytes.readUInt32BE(at + 8), height: bytes.readUInt32BE(at + 4) };
}

class DecoderProblem extends Error {}

/** The first line of what a decoder says. */
function problemOf(error: unknown): DecoderProblem {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return new DecoderProblem(`it can't be decoded: ${line.slice(0, 300)}`);
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

function tooLarge(size: { width: number | null; height: number | null }, limit: number): string {
  return `it says that it has ${size.width} × ${size.height} pixels; more than ${limit} are not decoded`;
}
