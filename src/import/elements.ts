import { type Position, readChunks } from './files.ts';
import { ImportFileError } from './records.ts';

/** An element of an array that cannot be used, and why; for the user. */
export class BrokenElement {
  readonly problem: string;
  /** Nothing behind it can be read. */
  readonly isEnd: boolean;

  constructor(problem: string, isEnd: boolean) {
    this.problem = problem;
    this.isEnd = isEnd;
  }
}

/** Bytes of the file that one element may take, so that a broken file cannot fill the memory. */
const MAX_ELEMENT_BYTES = 256 * 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING = [0x7b, 0x5b];
const CLOSING = [0x7d, 0x5d];
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
/** White space of JSON, and the bytes of a byte-order mark. */
const BLANK = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf];

/**
 * Streams the elements of a JSON file's top-level array, or of one array in its top-level object. Only brackets and
 * quotes are followed until an element is whole, and each is parsed alone: one that is broken keeps no other out, and
 * of a file that breaks off, all whole elements are read (a JSON parser for streams gives up both).
 *
 * @param key the name of the array in the top-level object; null for a top-level array
 * @throws ImportFileError where the file cannot be read, or breaks off before its first whole element
 */
export async function* readElements(
  file: string,
  position: Position,
  key: string | null,
): AsyncGenerator<unknown> {
  const scan = createScan(key);
  let count = 0;
  let whole = 0;
  for await (const chunk of readChunks(file, position)) {
    for (const piece of scan.take(chunk)) {
      count++;
      const element = toElement(piece);
      if (!(element instanceof BrokenElement)) whole++;
      yield element;
    }
    if (scan.isDone()) return;
  }
  const rest = scan.rest();
  const last = rest === null ? null : toElement(rest);
  // Numbers could be cut, and nobody could tell.
  const isWhole = typeof last === 'object' && last !== null && !(last instanceof BrokenElement);
  if (isWhole) {
    whole++;
    count++;
    yield last;
  }
  if (scan.isElsewhere())
    throw new ImportFileError(`"${file}" ${key === null ? 'is not a JSON array' : `has no array "${key}"`}`);
  if (whole === 0)
    throw new ImportFileError(`"${file}" is not valid JSON after element ${count} (is it truncated?)`);
  yield new BrokenElement(
    `the file breaks off after element ${count}, at byte ${position.bytes} (is it truncated?)`,
    true,
  );
}

/** The bytes of an element; null where they were too many. */
type Piece = Buffer | null;

function toElement(piece: Piece): unknown {
  if (piece === null)
    return new BrokenElement(`takes more than ${MAX_ELEMENT_BYTES / 1024 / 1024} MiB`, false);
  try {
    return JSON.parse(piece.toString('utf8'));
  } catch {
    // The parser's message quotes the text, which belongs to the user and not into a log.
    return new BrokenElement('is not valid JSON', false);
  }
}

/** Cuts bytes, chunk by chunk, into the elements of the array that is looked for. */
function createScan(key: string | null) {
  const level = key === null ? 1 : 2;
  let depth = 0;
  let isInArray = false;
  let isDone = false;
  let isInString = false;
  let isEscaped = false;
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** The last name of the top-level object while its value is awaited. */
  let name: string | null = null;
  let string: number[] | null = null;

  const hold = (part: Buffer) => {
    heldBytes += part.length;
    if (heldBytes > MAX_ELEMENT_BYTES) held = [];
    else if (part.length > 0) held.push(Buffer.from(part));
  };
  const release = (): Piece => {
    const piece = heldBytes > MAX_ELEMENT_BYTES ? null : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return piece;
  };
  /** Outside of the array: follows what leads to it. */
  const approach = (byte: number) => {
    if (byte === COLON && depth === 1 && string) name = nameIn(string);
    else if (OPENING.includes(byte)) {
      depth++;
      isInArray = byte === ARRAY && depth === level && (key === null || name === key);
    } else if (CLOSING.includes(byte)) depth--;
    if (byte === COMMA || OPENING.includes(byte)) name = null;
    if (!BLANK.includes(byte)) string = null;
  };
  return {
    *take(chunk: Buffer): Generator<Piece> {
      let start = isInArray ? 0 : chunk.length;
      for (let index = 0; index < chunk.length && !isDone; index++) {
        const byte = chunk[index] ?? 0;
        if (isInString) {
          if (isEscaped) isEscaped = false;
          else if (byte === BACKSLASH) isEscaped = true;
          else if (byte === QUOTE) isInString = false;
          if (!isInArray && isInString) string?.push(byte);
        } else if (byte === QUOTE) {
          isInString = true;
          string = isInArray || depth !== 1 ? null : [];
        } else if (!isInArray) {
          approach(byte);
          start = isInArray ? index + 1 : chunk.length;
        } else if (OPENING.includes(byte)) depth++;
        else if (depth > level && CLOSING.includes(byte)) depth--;
        else if (depth === level && (byte === COMMA || byte === ARRAY_END)) {
          hold(chunk.subarray(start, index));
          start = index + 1;
          isDone = byte === ARRAY_END;
          const piece = release();
          if (piece === null || !isBlank(piece)) yield piece;
        }
      }
      if (isInArray && !isDone) hold(chunk.subarray(start));
    },
    isDone: () => isDone,
    /** The text came to its end, and the array is not in it. */
    isElsewhere: () => !isInArray && !isInString && depth === 0,
    /** What stands behind the last comma; null where that is nothing. */
    rest: () => (heldBytes === 0 || heldBytes > MAX_ELEMENT_BYTES ? null : release()),
  };
}

function isBlank(piece: Buffer): boolean {
  return piece.every((byte) => BLANK.includes(byte));
}

function nameIn(bytes: readonly number[]): string | null {
  try {
    return String(JSON.parse(`"${Buffer.from(bytes).toString('utf8')}"`));
  } catch {
    return null;
  }
}
