import { rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's log: a header, then frames of a header and a page (https://sqlite.org/fileformat2.html#walformat). */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Of the journal's file, as it is made. */
export const PAGE_BYTES = 4096;
const BIG_ENDIAN_MAGIC = 0x377f0683;

/** A log whose checksums break off before its last commit. */
export interface BrokenLog {
  /** Of its frames, up to the last that ends a commit. */
  readonly frames: number;
  /** Frames before the first one that does not check out: what SQLite reads of it, at most. */
  readonly whole: number;
  /** The main file as it would be without the frames that do not check out, and with them. */
  readonly images: (main: Buffer) => Buffer[];
}

/**
 * Looks whether a log is damaged in its middle. SQLite ends its recovery at the first frame whose checksum is wrong: at
 * the end of the log that is a commit which was never acknowledged, but what follows it may hold what was.
 *
 * @returns null for a log that is whole, or torn off at its end
 */
export function findBrokenLog(log: Buffer): BrokenLog | null {
  if (log.length < LOG_HEADER_BYTES) return null;
  const frames = framesOf(log);
  const bad = frames.findIndex((frame) => !frame.isWhole);
  const whole = hasWholeHeader(log) ? bad : 0;
  if (whole < 0 || frames.length === 0) return null;
  return {
    frames: frames.length,
    whole,
    images: (main) => [
      imageOf(
        main,
        frames.filter((frame) => frame.isWhole),
      ),
      imageOf(main, frames),
    ],
  };
}

/**
 * Reads an image as a database of its own.
 *
 * @param path of a file beside the journal, made and removed here
 */
export function readImage(image: Buffer, path: string, read: (db: DatabaseSync) => void): void {
  writeFileSync(path, image, { mode: 0o600 });
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      read(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(path, { force: true });
  }
}

interface Frame {
  readonly page: number;
  /** Pages of the database after the commit that it ends; 0 if it ends none. */
  readonly pagesAfter: number;
  readonly content: Buffer;
  /** Its checksum follows from that of the frame before it. */
  readonly isWhole: boolean;
}

/** A log with another header is not read at all. */
function hasWholeHeader(log: Buffer): boolean {
  const [first, second] = checksum(log.subarray(0, 24), [0, 0], isLittleEndian(log));
  return first === log.readUInt32BE(24) && second === log.readUInt32BE(28);
}

function isLittleEndian(log: Buffer): boolean {
  return log.readUInt32BE(0) !== BIG_ENDIAN_MAGIC;
}

/** The frames of the log's current generation, up to the last that ends a commit. */
function framesOf(log: Buffer): Frame[] {
  const littleEndian = isLittleEndian(log);
  // Of a damaged header nothing is believed; the first frame is of the current generation.
  const salts = hasWholeHeader(log)
    ? log.subarray(16, 24)
    : log.subarray(LOG_HEADER_BYTES + 8, LOG_HEADER_BYTES + 16);
  const frames: Frame[] = [];
  let commits = 0;
  let stored: [number, number] = [log.readUInt32BE(24), log.readUInt32BE(28)];
  const frameBytes = FRAME_HEADER_BYTES + PAGE_BYTES;
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const header = log.subarray(at, at + FRAME_HEADER_BYTES);
    const content = log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes);
    const sums = checksum(content, checksum(header.subarray(0, 8), stored, littleEndian), littleEndian);
    // Each frame's checksum goes on from the one before: as that is written, so that one bad frame is one bad frame.
    stored = [header.readUInt32BE(16), header.readUInt32BE(20)];
    const isCurrent = header.subarray(8, 16).equals(salts);
    const isWhole = isCurrent && sums[0] === stored[0] && sums[1] === stored[1];
    const pagesAfter = header.readUInt32BE(4);
    frames.push({ page: header.readUInt32BE(0), pagesAfter, content, isWhole });
    if (pagesAfter !== 0 && isWhole) commits = frames.length;
  }
  return frames.slice(0, commits);
}

function checksum(
  bytes: Buffer,
  [first, second]: readonly [number, number],
  littleEndian: boolean,
): [number, number] {
  let [a, b] = [first, second];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) + b) >>> 0;
    b = (b + (littleEndian ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

/** The main file with the pages of these frames, as a file without a log. */
function imageOf(main: Buffer, frames: readonly Frame[]): Buffer {
  const pages = frames.findLast(({ pagesAfter }) => pagesAfter !== 0)?.pagesAfter ?? 0;
  const image = Buffer.alloc(Math.max(pages * PAGE_BYTES, main.length));
  main.copy(image);
  for (const { page, content } of frames)
    if (page >= 1 && page * PAGE_BYTES <= image.length) content.copy(image, (page - 1) * PAGE_BYTES);
  // Bytes 18 and 19 say that there is a log: there is none any more.
  image.fill(1, 18, 20);
  return image;
}
