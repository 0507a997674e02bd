import { crc32, inflateSync } from 'node:zlib';
import { ImportFileError } from './records.ts';

/** The eight bytes that every PNG file starts with. */
export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Length (4), type (4) and CRC (4) of a chunk, in bytes. */
const CHUNK_FRAME_BYTES = 12;

/** Bytes that a compressed text may have when it is unpacked. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/**
 * The text chunks of a PNG file (`tEXt`, `zTXt`, `iTXt`) by keyword in lower case, the last of equal ones.
 * The layout is that of the PNG specification, third edition, sections 5 and 11.3.3.
 *
 * @throws ImportFileError where the signature, a length or a checksum is wrong, a text is compressed in a wrong way or
 * unpacks to more than 64 MiB, or the file ends before IEND
 */
export function readPngText(bytes: Buffer): Map<string, string> {
  if (!bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE))
    throw new ImportFileError('the file is not a PNG image');
  const texts = new Map<string, string>();
  let offset = PNG_SIGNATURE.length;
  while (offset + CHUNK_FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(offset);
    const end = offset + CHUNK_FRAME_BYTES + length;
    if (end > bytes.length) break;
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) {
      throw new ImportFileError(
        `the PNG image is damaged: the checksum of its ${JSON.stringify(type)} chunk at byte ${offset} is wrong`,
      );
    }
    if (type === 'IEND') return texts;
    const data = bytes.subarray(offset + 8, end - 4);
    const separator = data.indexOf(0);
    if (separator > 0 && ['tEXt', 'zTXt', 'iTXt'].includes(type))
      texts.set(
        data.toString('latin1', 0, separator).toLowerCase(),
        textOf(type, data.subarray(separator + 1)),
      );
    offset = end;
  }
  throw new ImportFileError(
    `the PNG image is truncated: it ends at byte ${bytes.length}, inside the chunk that starts at byte ${offset}`,
  );
}

/** @param data what follows the keyword */
function textOf(type: string, data: Buffer): string {
  if (type === 'tEXt') return data.toString('latin1');
  // A byte for the method, 0: deflate.
  if (type === 'zTXt') return unpack(data.subarray(1)).toString('latin1');
  // Whether it is compressed, the method, then language and translated keyword, each ended by a zero.
  const language = data.indexOf(0, 2);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  if (translated < 0) return '';
  const text = data.subarray(translated + 1);
  return (data[0] === 1 ? unpack(text) : text).toString('utf8');
}

function unpack(data: Buffer): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: MAX_TEXT_BYTES });
  } catch (error) {
    throw new ImportFileError(
      `a compressed text of the PNG image cannot be unpacked: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
