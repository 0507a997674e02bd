import { open } from 'node:fs/promises';
import { readCharacter } from './character.ts';
import { readChatGpt } from './chatgpt.ts';
import { readDialogue } from './dialogue.ts';
import { fileSize, type Position } from './files.ts';
import { PNG_SIGNATURE } from './png.ts';
import { ImportFileError, type ImportRecord } from './records.ts';
import { readTurns } from './turns.ts';

export type Format = 'turns' | 'dialogue' | 'chatgpt' | 'character';
type Reader = {
  /** What `line` of a record counts. */
  unit: string;
  description: string;
  read: (file: string, position: Position) => AsyncGenerator<ImportRecord>;
};

/** All formats; a new one is one line here. */
export const FORMATS: Readonly<Record<Format, Reader>> = {
  turns: { unit: 'line', description: 'JSON Lines, one turn a line', read: readTurns },
  dialogue: {
    unit: 'utterance',
    description: 'JSON with "conversations" of named speakers',
    read: readDialogue,
  },
  chatgpt: { unit: 'conversation', description: 'conversations.json of a ChatGPT export', read: readChatGpt },
  character: {
    unit: 'character',
    description: 'SillyTavern character card, JSON or PNG',
    read: readCharacter,
  },
};

/** Bytes from the start of a file that are looked at to recognise it. */
const DETECTION_BYTES = 1024 * 1024;

/**
 * Recognises a file by what it holds, whatever its name is.
 *
 * @throws ImportFileError where it is missing, empty, or of no known format (the message lists them)
 */
export async function detectFormat(file: string): Promise<Format> {
  await fileSize(file);
  const start = await readStart(file);
  if (start.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return 'character';
  const seen = new Set<string>();
  for (const { depth, key } of scanKeys(start.toString('latin1'))) {
    seen.add(`${depth}.${key}`);
    if (seen.has('1.conversationId') || seen.has('1.query')) return 'turns';
    if (seen.has('1.conversations')) return 'dialogue';
    if (seen.has('2.mapping')) return 'chatgpt';
    if (seen.has('1.spec')) return 'character';
    if (
      seen.has('1.name') &&
      ['description', 'personality', 'first_mes'].some((name) => seen.has(`1.${name}`))
    )
      return 'character';
  }
  const known = Object.entries(FORMATS).map(
    ([name, { description }]) => `  ${name.padEnd(10)} ${description}`,
  );
  throw new ImportFileError([`"${file}" is of no known format. Known are:`, ...known].join('\n'));
}

async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DETECTION_BYTES), 0, DETECTION_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * The keys of top-level objects (depth 1) and of objects in a top-level array (depth 2).
 * No parser, because the text may be cut, hold many values, or be broken in a way that the format's reader names better.
 */
function* scanKeys(text: string): Generator<{ depth: number; key: string }> {
  const opened: string[] = [];
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '{' || character === '[') opened.push(character);
    else if (character === '}' || character === ']') opened.pop();
    else if (character === '"') {
      const start = index + 1;
      for (index = start; index < text.length && text.charAt(index) !== '"'; index++)
        if (text.charAt(index) === '\\') index++;
      const isKey = /^\s*:/.test(text.slice(index + 1, index + 20));
      const isNear = opened.length === 1 || (opened.length === 2 && opened[0] === '[');
      if (isKey && isNear) yield { depth: opened.length, key: text.slice(start, index) };
    }
  }
}
