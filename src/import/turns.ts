import { BrokenElement, readElements } from './elements.ts';
import { MAX_LINE_BYTES, type Position, readChunks, readLines } from './files.ts';
import { bad, badElement, type ImportRecord, toTurnRecord } from './records.ts';

/** What a line of a `turns` file may hold; quoted by the README and by the usage text. */
export const TURNS_FORMAT = `\
One JSON object a line (JSON Lines, at most 1 MiB a line; empty lines are ignored), or a JSON array of them:
  conversationId    text, required: 1 to 100 characters
  query             text, required: what was said, 1 to 32,000 characters
  response          text: what was answered, at most 200,000 characters; absent where nobody answered
  speaker           text: who said it, if not the user, at most 100 characters
  responder         text: who answered, if not the assistant, at most 100 characters
  timestamp         text: ISO 8601 with a time zone, such as 2024-05-08T13:56:00Z
  sessionId         text: utterances of one sitting share it, at most 255 characters
  modelUsed         text: at most 100 characters
  processingTimeMs  number: milliseconds, 0 or more
  intent            text: at most 50 characters
  metadata          JSON object: at most 64 KiB, 32 levels deep
  idempotencyKey    text: 1 to 255 printable ASCII characters; made from the content if absent
A null field is an absent one. Any other field makes the line a bad record.`;

/**
 * Reads a JSON Lines file of turns ({@link TURNS_FORMAT}) in constant memory. A line that is not a turn is a bad
 * record with its number; a byte-order mark and CRLF line ends are accepted. Of an array, and of objects over several
 * lines, the elements are counted.
 */
export async function* readTurns(file: string, position: Position): AsyncGenerator<ImportRecord> {
  if (await isInElements(file)) {
    let number = 0;
    for await (const element of readElements(file, position, null)) {
      number++;
      yield element instanceof BrokenElement ? badElement(number, element) : toTurnRecord(number, element);
    }
    return;
  }
  for await (const { number, bytes } of readLines(file, position)) {
    if (bytes === null) {
      yield bad(number, null, `the line is longer than ${MAX_LINE_BYTES} bytes`);
      continue;
    }
    const record = toRecord(number, bytes);
    if (record) yield record;
  }
}

/** Whether the file begins with an array, or with an object that goes on in the next line. */
async function isInElements(file: string): Promise<boolean> {
  for await (const chunk of readChunks(file, { bytes: 0 }))
    return /^\ufeff?\s*(?:\[|\{[^\S\n]*\n)/.test(chunk.toString('utf8'));
  return false;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function toRecord(number: number, bytes: Buffer): ImportRecord | null {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return bad(number, null, 'the line is not valid UTF-8');
  }
  if (number === 1 && text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return bad(number, null, `is not JSON: ${reasonWithoutText(error)}`);
  }
  return toTurnRecord(number, value);
}

/** The parser's message quotes the line, which belongs to the user and not into a log. */
function reasonWithoutText(error: unknown): string {
  const message = error instanceof Error ? error.message : 'cannot be parsed';
  const place = /position \d+/.exec(message)?.[0];
  if (place) return `broken at ${place}`;
  return message.includes('end of JSON') || message.includes('Unterminated') ? 'it ends too early' : 'broken';
}
