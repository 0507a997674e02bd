import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { pick } from 'stream-json/filters/pick.js';
import { streamArray } from 'stream-json/streamers/stream-array.js';
import { ImportFileError } from './records.ts';

/** Bytes of one line; a longer one is reported and skipped without being held in memory. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Bytes of the file that one element of a streamed array may take, so that a broken file cannot fill the memory. */
const MAX_ELEMENT_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const FINGERPRINT_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** One line without its line break; `bytes` is null where the line is over {@link MAX_LINE_BYTES}. */
export type Line = { number: number; bytes: Buffer | null };

/** How far a file has been read, in bytes; written by the readers of this module. */
export type Position = { bytes: number };

/**
 * Reads a file line by line in constant memory.
 *
 * @throws ImportFileError where the file cannot be read
 */
export async function* readLines(file: string, position: Position): AsyncGenerator<Line> {
  let number = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const take = (last: Buffer): Line => {
    const tooLong = heldBytes + last.length > MAX_LINE_BYTES;
    const bytes = tooLong ? null : held.length === 0 ? last : Buffer.concat([...held, last]);
    held = [];
    heldBytes = 0;
    number++;
    return { number, bytes };
  };
  for await (const chunk of readChunks(file, position)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    heldBytes += rest.length;
    if (heldBytes > MAX_LINE_BYTES) held = [];
    else if (rest.length > 0) held.push(rest);
  }
  if (heldBytes > 0) yield take(Buffer.alloc(0));
}

/**
 * Streams the elements of a JSON file's top-level array, or of one array in its top-level object.
 *
 * @param key the name of the array in the top-level object; null for a top-level array
 * @throws ImportFileError where the JSON is broken (naming the last whole element) or an element is too large
 */
export async function* readElements(
  file: string,
  position: Position,
  key: string | null,
): AsyncGenerator<unknown> {
  let count = 0;
  let elementStart = 0;
  const source = readChunks(file, position, () => {
    if (position.bytes - elementStart > MAX_ELEMENT_BYTES) {
      throw new ImportFileError(
        `element ${count + 1} takes more than ${MAX_ELEMENT_BYTES / 1024 / 1024} MiB`,
      );
    }
  });
  try {
    for await (const element of parseElements(source, key)) {
      elementStart = position.bytes;
      count++;
      yield element.value;
    }
  } catch (error) {
    if (error instanceof ImportFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImportFileError(
      `"${file}" is not valid JSON after element ${count} (is it truncated?): ${reason}`,
      { cause: error },
    );
  }
}

/**
 * A name for this content of this file: path, size, and both ends.
 *
 * @throws ImportFileError where the file cannot be read
 */
export async function fingerprint(file: string): Promise<string> {
  const handle = await open(file).catch((error: unknown) => refuse(file, error));
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(`${resolve(file)}\0${size}\0`);
    for (const position of [0, Math.max(0, size - FINGERPRINT_BYTES)]) {
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(FINGERPRINT_BYTES),
        0,
        FINGERPRINT_BYTES,
        position,
      );
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

/**
 * The size of a file in bytes.
 *
 * @throws ImportFileError where it does not exist, is empty or is not a regular file
 */
export async function fileSize(file: string): Promise<number> {
  const status = await stat(file).catch((error: unknown) => refuse(file, error));
  if (!status.isFile()) throw new ImportFileError(`"${file}" is not a file`);
  if (status.size === 0) throw new ImportFileError(`"${file}" is empty`);
  return status.size;
}

async function* readChunks(file: string, position: Position, check?: () => void): AsyncGenerator<Buffer> {
  const stream: ReadStream = createReadStream(file, { highWaterMark: READ_BYTES });
  position.bytes = 0;
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Buffer)) throw new TypeError('expected bytes');
      position.bytes += chunk.length;
      check?.();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) refuse(file, error);
    throw error;
  } finally {
    stream.destroy();
  }
}

async function* parseElements(
  source: AsyncIterable<Buffer>,
  key: string | null,
): AsyncGenerator<{ value: unknown }> {
  const elements =
    key === null ? streamArray.withParserAsStream({ streamValues: false }) : streamArray.asStream();
  const picks =
    key === null ? [] : [pick.withParserAsStream({ filter: key, once: true, streamValues: false })];
  // An error of any stage reaches the loop below, because pipeline destroys the last stream with it.
  pipeline([source, ...picks, elements], () => undefined);
  yield* elements;
}

function refuse(file: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new ImportFileError(`"${file}" cannot be read: ${reason}`, { cause: error });
}
