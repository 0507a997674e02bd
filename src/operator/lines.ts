import type { Readable } from 'node:stream';

/** A message longer than this is no command of an operator. */
const MAX_LINE_BYTES = 4 * 1_048_576;

/** What a command is asked for, and what it answers, one JSON value a line. */
export type Asked =
  | { readonly command: string; readonly args: readonly string[] }
  /** To a question. */
  | { readonly answer: boolean }
  /** All of the standard input. */
  | { readonly input: string };
export type Told =
  | { readonly print: string; readonly to?: 'errors' | undefined }
  /** Whoever runs the command is to say yes or no. */
  | { readonly ask: string }
  /** The command wants its standard input. */
  | { readonly want: 'input' }
  /** The exit code; the last message. */
  | { readonly end: number }
  /** Why there is none: the last message, too. */
  | { readonly failed: string };

/**
 * Reads messages until the other side ends.
 *
 * @throws Error for a line that is too long; SyntaxError for one that is no JSON
 */
export async function* messages<T>(source: Readable): AsyncGenerator<T> {
  let rest = '';
  source.setEncoding('utf8');
  for await (const piece of source) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) throw new Error(`a message has more than ${MAX_LINE_BYTES} bytes`);
    for (const line of lines) yield JSON.parse(line) as T;
  }
}

export const lineOf = (message: Asked | Told): string => `${JSON.stringify(message)}\n`;
