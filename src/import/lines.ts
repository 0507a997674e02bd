import { BrokenElement, objectsBeside, readElements } from './elements.ts';
import { MAX_LINE_BYTES, type Position, readChunks, readLines } from './files.ts';
import { type BadRecord, bad, badElement } from './records.ts';

/** A JSON value and where it stands: its line, or its number among the elements. */
export type Numbered = { number: number; value: unknown };

/**
 * The values of a JSON Lines file, in constant memory: a line that is no JSON is a bad record with its number; a
 * byte-order mark and CRLF line ends are accepted, and several objects in a line. Of an array, and of objects over several lines, the elements are
 * counted.
 */
export async function* readValues(file: string, position: Position): AsyncGenerator<Numbered | BadRecord> {
  if (await isInElements(file)) {
    let number = 0;
    for await (const element of readElements(file, position, null)) {
      number++;
      yield element instanceof BrokenElement ? badElement(number, element) : { number, value: element };
    }
    return;
  }
  for await (const { number, bytes } of readLines(file, position)) {
    if (bytes === null) {
      yield bad(number, null, `the line is longer than ${MAX_LINE_BYTES} bytes`);
      continue;
    }
    yield* parseLine(number, bytes);
  }
}

/** Whether it is a value, and no bad record in its place. */
export function isValue(read: Numbered | BadRecord): read is Numbered {
  return 'value' in read;
}

/** Whether the file begins with an array, or with an object that goes on in the next line. */
async function isInElements(file: string): Promise<boolean> {
  for await (const chunk of readChunks(file, { bytes: 0 }))
    return /^\ufeff?\s*(?:\[|\{[^\S\n]*\n)/.test(chunk.toString('utf8'));
  return false;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a line holds: one value, nothing, or objects that two writers put into it at a time. */
function parseLine(number: number, bytes: Buffer): readonly (Numbered | BadRecord)[] {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return [bad(number, null, 'the line is not valid UTF-8')];
  }
  if (number === 1 && text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.trim() === '') return [];
  try {
    return [{ number, value: JSON.parse(text) }];
  } catch (error) {
    const objects = objectsBeside(bytes);
    if (objects) return objects.map((value) => ({ number, value }));
    return [bad(number, null, `is not JSON: ${reasonWithoutText(error)}`)];
  }
}

/** The parser's message quotes the line, which belongs to the user and not into a log. */
function reasonWithoutText(error: unknown): string {
  const message = error instanceof Error ? error.message : 'cannot be parsed';
  const place = /position \d+/.exec(message)?.[0];
  if (place) return `broken at ${place}`;
  return message.includes('end of JSON') || message.includes('Unterminated') ? 'it ends too early' : 'broken';
}
