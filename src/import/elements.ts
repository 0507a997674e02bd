import { type Position, readChunks } from './files.ts';
import { ImportFileError, isObject } from './records.ts';

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
 * Streams the elements of a JSON file's top-level arrays and its top-level objects (one for each line, one alone), or
 * of one array in its top-level object. Only brackets and quotes are followed until an element is whole, and each is
 * parsed alone: one that is broken keeps no other out, and of a file that breaks off, all whole elements are read (a JSON
 * parser for streams gives up both).
 *
 * @param key the name of the array in the top-level object; null for what stands at the top
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
  if (scan.isWhole()) {
    if (scan.isLittered()) yield new BrokenElement('stands beside text that is no JSON', false);
    return;
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

/**
 * The objects with this field that an element is: itself, or, as some tools write them, those of a list or of the lists
 * in an object.
 */
export function membersWith(field: string, element: unknown): readonly unknown[] {
  if (Array.isArray(element) && element.length > 0) return element;
  if (!isObject(element) || field in element) return [element];
  const lists = Object.values(element).filter(
    (value): value is unknown[] =>
      Array.isArray(value) && value.some((each) => isObject(each) && field in each),
  );
  return lists.length > 0 ? lists.flat() : [element];
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
  /** How deep the elements stand: 0 is an object at the top. */
  let level = key === null ? 1 : 2;
  let depth = 0;
  let isInArray = false;
  let hasFound = false;
  let isLittered = false;
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
    else if (key === null) {
      isInArray = OPENING.includes(byte);
      if (isInArray) depth = 1;
      else if (!BLANK.includes(byte)) isLittered = true;
      if (isInArray) level = byte === ARRAY ? 1 : 0;
    } else if (OPENING.includes(byte)) {
      depth++;
      isInArray = byte === ARRAY && depth === level && name === key;
    } else if (CLOSING.includes(byte)) depth--;
    hasFound ||= isInArray;
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
          // Most of a file is plain text of strings, in which nothing but its end matters.
          else if (string === null) index = endOfPlain(chunk, index) - 1;
          if (!isInArray && isInString) string?.push(byte);
        } else if (byte === QUOTE) {
          isInString = true;
          if (!isInArray && key === null) isLittered = true;
          string = isInArray || depth !== 1 ? null : [];
        } else if (!isInArray) {
          approach(byte);
          start = isInArray ? index + (level === 0 ? 0 : 1) : chunk.length;
        } else if (OPENING.includes(byte)) depth++;
        else {
          const isInside = depth > level;
          if (isInside && CLOSING.includes(byte)) depth--;
          const isEnd = level === 0 ? depth === 0 : !isInside && (byte === COMMA || byte === ARRAY_END);
          if (!isEnd) continue;
          hold(chunk.subarray(start, level === 0 ? index + 1 : index));
          isDone = key !== null && byte === ARRAY_END;
          // At the top another array or object may follow.
          if (key === null && byte !== COMMA) [isInArray, depth] = [false, 0];
          start = isInArray ? index + 1 : chunk.length;
          const piece = release();
          if (piece === null || !isBlank(piece)) yield piece;
        }
      }
      if (isInArray && !isDone) hold(chunk.subarray(start));
    },
    isDone: () => isDone,
    /** The text came to its end, and the array is not in it. */
    isElsewhere: () => !hasFound && !isInString && depth === 0,
    /** What stands at the top came to its end. */
    isWhole: () => key === null && hasFound && !isInArray && !isInString,
    /** Something else stands at the top, too. */
    isLittered: () => isLittered,
    /** What stands behind the last comma; null where that is nothing. */
    rest: () => (heldBytes === 0 || heldBytes > MAX_ELEMENT_BYTES ? null : release()),
  };
}

/** The place of the next quote or backslash, or the end of the chunk. A loop: most texts are too short for two searches. */
function endOfPlain(chunk: Buffer, from: number): number {
  let index = from;
  while (index < chunk.length && chunk[index] !== QUOTE && chunk[index] !== BACKSLASH) index++;
  return index;
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
