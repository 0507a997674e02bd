import { ResultRefused } from './errors.ts';

/** Escapes that `jsonb` refuses: NUL and halves of surrogate pairs, where the backslash is none that was escaped. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i;

/**
 * A value as JSON that `jsonb` can store; `undefined` is null.
 *
 * @param what names it in the message
 * @param most bytes
 * @throws ResultRefused that says why it cannot be kept
 */
export function storedJson(value: unknown, what: string, most: number): string {
  const text = written(value, what);
  // A character has at most three bytes here: most values need not be counted.
  const bytes = text.length * 3 > most ? Buffer.byteLength(text) : text.length;
  if (bytes > most)
    throw new ResultRefused(`${what} has ${bytes} bytes as JSON; at most ${most} can be kept`);
  if (UNSTORABLE.test(text))
    throw new ResultRefused(`${what} holds a NUL character or broken UTF-16, which cannot be kept`);
  return text;
}

function written(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    throw new ResultRefused(`${what} is not JSON: ${(error as Error).message}`);
  }
}
