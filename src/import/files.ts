import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ImportFileError } from './records.ts';

/** Bytes of one line; a longer one is reported and skipped without being held in memory. */
export const MAX_LINE_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;
const HASHED_BYTES = 1024 * 1024;
const FINGERPRINT_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** One line without its line break; `bytes` is null where the line is over {@link MAX_LINE_BYTES}. */
export type Line = { number: number; bytes: Buffer | null };

/** What a reader tells while it reads. */
export type Position = {
  /** How far the file has been read. */
  bytes: number;
  /** Where it begins; only readers of {@link Mark}s look at it. */
  from?: Mark | undefined;
  /** Where the element stands that is being read, for readers that can go on there. */
  mark?: Mark | undefined;
  /** The text is in another encoding than what the reader gives: their places differ. */
  isTranscoded?: boolean;
  /** What is passed over and is no record, and how often. */
  leftOut?: Map<string, number>;
};

/** A place between two elements of a file, and all that a reader needs to go on from it. */
export type Mark = {
  /** Where the next element begins, or something before it. */
  bytes: number;
  /** Elements before it, those of them that are whole, and the conversations in them. */
  elements: number;
  whole: number;
  line: number;
  /** 0: the next element stands at the top; 1: in an array there. */
  level: number;
  isInArray: boolean;
  isLittered: boolean;
};

/** Counts what a reader passes over, by what it is. */
export function countLeftOut(position: Position, what: readonly string[]): void {
  for (const each of what) position.leftOut?.set(each, (position.leftOut.get(each) ?? 0) + 1);
}

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
 * A name for this content of this file: path, size, when it was last written, and both ends.
 *
 * @throws ImportFileError where the file cannot be read
 */
export async function fingerprint(file: string): Promise<string> {
  const handle = await open(file).catch((error: unknown) => refuse(file, error));
  try {
    const { size, mtimeMs } = await handle.stat();
    const hash = createHash('sha256').update(`${resolve(file)}\0${size}\0${mtimeMs}\0`);
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
 * The hash (SHA-256) of all that a file holds.
 *
 * @throws ImportFileError where the file cannot be read
 */
export async function contentHash(file: string, position: Position): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: HASHED_BYTES })) {
      hash.update(chunk);
      position.bytes += chunk.length;
    }
  } catch (error) {
    refuse(file, error);
  }
  return hash.digest('hex');
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

/**
 * The encoding of a text that is no UTF-8: UTF-16, by its byte-order mark or, as JSON begins with a character of ASCII,
 * by the zero beside it. Null for all else.
 *
 * @param start the first bytes of the file
 */
export function wideEncoding(start: Buffer): 'utf-16le' | 'utf-16be' | null {
  const [first = 1, second = 1] = start;
  const begins = (byte: number) => '[{" \t\r\n'.includes(String.fromCharCode(byte));
  if ((first === 0xff && second === 0xfe) || (second === 0 && begins(first))) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && begins(second)) ? 'utf-16be' : null;
}

/** The bytes of a text in UTF-8, whichever of the two it was in. */
export function asUtf8(bytes: Buffer): Buffer {
  const encoding = wideEncoding(bytes);
  return encoding === null ? bytes : Buffer.from(new TextDecoder(encoding).decode(bytes));
}

/**
 * Reads a file in pieces, a text in UTF-16 as UTF-8, and says in `position` how far it is.
 *
 * @param start in bytes
 * @throws ImportFileError where the file cannot be read
 */
export async function* readChunks(file: string, position: Position, start = 0): AsyncGenerator<Buffer> {
  const stream: ReadStream = createReadStream(file, { highWaterMark: READ_BYTES, start });
  position.bytes = start;
  let decoder: TextDecoder | null = null;
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Buffer)) throw new TypeError('expected bytes');
      const encoding = position.bytes === 0 ? wideEncoding(chunk) : null;
      if (encoding) decoder = new TextDecoder(encoding);
      if (encoding) position.isTranscoded = true;
      position.bytes += chunk.length;
      yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk;
    }
    if (decoder) yield Buffer.from(decoder.decode());
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) refuse(file, error);
    throw error;
  } finally {
    stream.destroy();
  }
}

function refuse(file: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new ImportFileError(`"${file}" cannot be read: ${reason}`, { cause: error });
}
