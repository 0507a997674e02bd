import { type Mark, type Position, readChunks } from './files.ts';
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
 * Streams the elements of a JSON file's top-level arrays and its top-level objects (one for each line, one alone), or
 * of one array in its top-level object. Only brackets and quotes are followed until an element is whole, and each is
 * parsed alone: one that is broken keeps no other out, and of a file that breaks off, all whole elements are read (a JSON
 * parser for streams gives up both).
 *
 * @param key the name of the array in the top-level object; null for what stands at the top
 * @param places told where each element ends, for whoever goes on there (`position.from`); not for texts in UTF-16
 * @throws ImportFileError where the file cannot be read, or breaks off before its first whole element
 */
export async function* readElements(
  file: string,
  position: Position,
  key: string | null,
  places?: (place: Omit<Mark, 'line'>) => void,
): AsyncGenerator<unknown> {
  const from = places && position.from;
  const scan = createScan(key, from);
  let count = from?.elements ?? 0;
  let whole = from?.whole ?? 0;
  for await (const chunk of readChunks(file, position, from?.bytes)) {
    const start = position.bytes - chunk.length;
    for (const piece of scan.take(chunk)) {
      count++;
      const element = toElement(piece);
      if (!(element instanceof BrokenElement)) whole++;
      const { offset, ...place } = scan.place();
      if (!position.isTranscoded) places?.({ ...place, bytes: start + offset, elements: count, whole });
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

/** The objects that stand one behind the other in a text; null where it holds anything else, or only one. */
export function objectsBeside(text: Buffer): object[] | null {
  const scan = createScan(null);
  const elements = [...scan.take(text)].map(toElement);
  const isAll = scan.isWhole() && !scan.isLittered() && elements.length > 1;
  const objects = elements.filter(
    (element): element is object =>
      typeof element === 'object' && element !== null && !(element instanceof BrokenElement),
  );
  return isAll && objects.length === elements.length ? objects : null;
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
function createScan(key: string | null, from?: Mark) {
  /** How deep the elements stand: 0 is an object at the top. */
  let level = from?.level ?? (key === null ? 1 : 2);
  let isInArray = from?.isInArray ?? false;
  let depth = isInArray ? level : 0;
  let hasFound = from !== undefined;
  let isLittered = from?.isLittered ?? false;
  /** Of the chunk, what stands behind the element that ended last. */
  let offset = 0;
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
          offset = index + 1;
          const piece = release();
          if (piece === null || !isBlank(piece)) yield piece;
        }
      }
      if (isInArray && !isDone) hold(chunk.subarray(start));
    },
    isDone: () => isDone,
    place: () => ({ offset, level, isInArray, isLittered }),
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
