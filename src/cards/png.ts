import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { CardError } from './card-error.ts';

/** The eight bytes that every PNG file starts with. */
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Length (4), type (4) and CRC (4) of a chunk, in bytes. */
const CHUNK_FRAME_BYTES = 12;

/** Bytes that the texts of one image may have together when they are unpacked. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const TEXT_TYPES = ['tEXt', 'zTXt', 'iTXt'];

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** The chunk with its frame, as it stands in the file. */
  readonly bytes: Buffer;
}

export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE);
}

/**
 * The text chunks of a PNG file (`tEXt`, `zTXt`, `iTXt`) by keyword in lower case: all texts that stand under one, in their
 * order. The layout is that of the PNG specification, third edition, sections 5 and 11.3.3.
 *
 * @param maxBytes that the texts of these keywords may have together when they are unpacked
 * @param wanted keywords that are read, in lower case; absent: all
 * @throws CardError where the signature, a length or a checksum is wrong, a text is compressed in a wrong way or
 * unpacks to more, or the file ends before IEND
 */
export function readPngText(
  bytes: Buffer,
  maxBytes = MAX_TEXT_BYTES,
  wanted?: readonly string[],
): Map<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  let left = maxBytes;
  for (const chunk of chunksOf(bytes)) {
    const keyword = keywordOf(chunk);
    if (keyword === null || (wanted && !wanted.includes(keyword))) continue;
    const text = textOf(chunk.type, chunk.data.subarray(chunk.data.indexOf(0) + 1), left, maxBytes);
    left -= text.length;
    const known = texts.get(keyword);
    if (known) known.push(text);
    else texts.set(keyword, [text]);
  }
  return texts;
}

/** The image without the text chunks of these keywords; all other bytes stay as they are. @throws as `readPngText` */
export function withoutPngText(bytes: Buffer, keywords: readonly string[]): Buffer {
  const kept = [...chunksOf(bytes)].filter((chunk) => !keywords.includes(keywordOf(chunk) ?? ''));
  return Buffer.concat([PNG_SIGNATURE, ...kept.map((chunk) => chunk.bytes)]);
}

/** The image with these texts before its end, as Latin-1 in `tEXt` chunks. @throws as `readPngText` */
export function withPngText(
  bytes: Buffer,
  texts: readonly (readonly [keyword: string, text: string])[],
): Buffer {
  const chunks = [...chunksOf(bytes)].map((chunk) => chunk.bytes);
  const added = texts.map(([keyword, text]) =>
    pngChunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1')),
  );
  return Buffer.concat([PNG_SIGNATURE, ...chunks.slice(0, -1), ...added, ...chunks.slice(-1)]);
}

/** A picture of one colour, for a card without one. @param color red, green and blue, 0 to 255 each */
export function plainPng(width: number, height: number, color: readonly [number, number, number]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of each of three colours.
  header.set([8, 2], 8);
  const row = Buffer.concat([Buffer.of(0), ...Array<Buffer>(width).fill(Buffer.from(color))]);
  const pixels = deflateSync(Buffer.concat(Array<Buffer>(height).fill(row)));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** All chunks, the last of which is IEND; what stands behind it is not looked at. */
function* chunksOf(bytes: Buffer): Generator<Chunk> {
  if (!isPng(bytes)) throw new CardError('the file is not a PNG image');
  let offset = PNG_SIGNATURE.length;
  while (offset + CHUNK_FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    const end = offset + CHUNK_FRAME_BYTES + length;
    if (end > bytes.length) break;
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) {
      throw new CardError(
        `the PNG image is damaged: the checksum of its ${JSON.stringify(type)} chunk at byte ${offset} is wrong`,
      );
    }
    yield { type, data: bytes.subarray(offset + 8, end - 4), bytes: bytes.subarray(offset, end) };
    if (type === 'IEND') return;
    offset = end;
  }
  throw new CardError(
    `the PNG image is truncated: it ends at byte ${bytes.length}, inside the chunk that starts at byte ${offset}`,
  );
}

/** In lower case; null: the chunk is no text. */
function keywordOf({ type, data }: Chunk): string | null {
  const separator = data.indexOf(0);
  if (separator <= 0 || !TEXT_TYPES.includes(type)) return null;
  return data.toString('latin1', 0, separator).toLowerCase();
}

/** @param data what follows the keyword @param left bytes that are left of `maxBytes` */
function textOf(type: string, data: Buffer, left: number, maxBytes: number): string {
  const plain = (text: Buffer) => {
    if (text.length > left) throw tooLarge(maxBytes);
    return text;
  };
  if (type === 'tEXt') return plain(data).toString('latin1');
  // A byte for the method, 0: deflate.
  if (type === 'zTXt') return unpack(data.subarray(1), left, maxBytes).toString('latin1');
  // Whether it is compressed, the method, then language and translated keyword, each ended by a zero.
  const language = data.indexOf(0, 2);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  if (translated < 0) return '';
  const text = data.subarray(translated + 1);
  return (data[0] === 1 ? unpack(text, left, maxBytes) : plain(text)).toString('utf8');
}

function unpack(data: Buffer, left: number, maxBytes: number): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, left) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new CardError(
      `a compressed text of the PNG image cannot be unpacked: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function tooLarge(maxBytes: number): CardError {
  return new CardError(
    `a text of the PNG image cannot be unpacked: its texts may have at most ${maxBytes.toLocaleString('en-US')} bytes together`,
  );
}

function pngChunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
