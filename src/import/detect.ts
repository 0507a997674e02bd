import { open } from 'node:fs/promises';
import { openPromise } from 'yauzl';
import { isZip } from '../cards/archive.ts';
import { CARD_FILE, isVersion1, LOREBOOK_ALONE } from '../cards/container.ts';
import { PNG_SIGNATURE } from '../cards/png.ts';
import { asUtf8, fileSize } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import { ImportFileError, UnknownFormatError } from './records.ts';

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
  if (isZip(start) && (await isCharx(file))) return 'character';
  const other = otherKind(start);
  if (other) throw new ImportFileError(`"${file}" ${other}`);
  const text = start.toString('latin1');
  const seen = new Set<string>();
  for (const { depth, key } of scanKeys(text)) seen.add(`${depth}.${key}`);
  const has = (level: number, ...keys: string[]) => keys.every((key) => seen.has(`${level}.${key}`));
  for (const [format, isIt] of RULES) if (isIt(has, text)) return format;
  if (isLorebook(has, text)) throw new UnknownFormatError(`"${file}" ${LOREBOOK_ALONE}`);
  if (/^[\s\u00ef\u00bb\u00bf]*(\[\s*\]|\{\s*\})\s*$/.test(text))
    throw new ImportFileError(`"${file}" holds nothing: it is empty JSON`);
  throw new UnknownFormatError(
    [`"${file}" is of no known format. Known are:`, ...describeFormats()].join('\n'),
  );
}

type Has = (level: number, ...keys: string[]) => boolean;

/**
 * What tells each format, the most telling first. Levels: 1 an object at the top (alone or one a line), 2 the objects of a
 * list at the top, 3 those of a list in either.
 */
const RULES: readonly [Format, (has: Has, text: string) => boolean][] = [
  ['turns', (has) => [1, 2].some((level) => has(level, 'conversationId', 'query'))],
  ['chatgpt', isChatGpt],
  ['claude', (has) => [1, 2, 3].some((level) => has(level, 'chat_messages'))],
  [
    'openwebui',
    (has, text) => [1, 2].some((level) => has(level, 'chat')) && /"(?:history|messages)"\s*:/.test(text),
  ],
  ['librechat', isLibreChat],
  [
    'gemini',
    (has, text) => has(2, 'header', 'title', 'time') && /"header"\s*:\s*"[^"]*(?:Gemini|Bard)/.test(text),
  ],
  ['aistudio', (has) => [1, 2].some((level) => has(level, 'chunkedPrompt'))],
  ['grok', (has) => has(3, 'conversation', 'responses')],
  ['sillytavern', isSillyTavern],
  ['claude-memory', (has) => [1, 2].some((level) => has(level, 'conversations_memory'))],
  ['mem0', isMem0],
  ['hindsight', isHindsight],
  ['server-memory', isServerMemory],
  ['character', (has, text) => has(1, 'spec') && /"spec"\s*:\s*"chara_card_v/.test(text)],
  ['messages', isMessages],
  ['dialogue', isDialogue],
  ['character', isCard],
];

function isSillyTavern(has: Has): boolean {
  return (
    [1, 2].some((level) => has(level, 'mes', 'is_user')) ||
    has(1, 'chat_metadata') ||
    has(1, 'user_name', 'character_name')
  );
}

function isMem0(has: Has): boolean {
  const beside = ['hash', 'user_id', 'agent_id', 'created_at', 'categories'];
  return [1, 2, 3].some((level) => has(level, 'memory') && beside.some((key) => has(level, key)));
}

function isHindsight(has: Has): boolean {
  const beside = ['fact_type', 'mentioned_at', 'occurred_start', 'proof_count'];
  return [1, 2, 3].some(
    (level) =>
      has(level, 'original_text', 'facts') || (has(level, 'text') && beside.some((key) => has(level, key))),
  );
}

function isServerMemory(has: Has): boolean {
  return [1, 2, 3].some(
    (level) => has(level, 'name', 'entityType', 'observations') || has(level, 'from', 'to', 'relationType'),
  );
}

/** Much has an author and a text; here somebody is called as in chats with assistants. */
function isMessages(has: Has, text: string): boolean {
  const isNamed = /"(?:role|sender|from)"\s*:\s*"(?:user|human|assistant|gpt|model|bot|ai)"/i.test(text);
  const isList = [1, 2, 3].some((level) => has(level, 'messages') || has(level, 'conversations'));
  const isLine = [1, 2].some((level) =>
    ['role', 'sender', 'from'].some(
      (who) => has(level, who) && ['content', 'text', 'message', 'value'].some((what) => has(level, what)),
    ),
  );
  return isNamed && (isList || isLine);
}

/** Settings and manifests have a field of that name, too; in a dialogue it is a list of objects. */
function isDialogue(has: Has, text: string): boolean {
  return has(1, 'conversations') && /"conversations"\s*:\s*(?:\[\s*(?:[\]{]|null|$)|$)/.test(text);
}

/** Much has a name and a description; see {@link isVersion1}. */
function isCard(has: Has): boolean {
  const fields = ['name', 'first_mes', 'personality', 'scenario', 'description'];
  return isVersion1(Object.fromEntries(fields.filter((field) => has(1, field)).map((field) => [field, ''])));
}

/**
 * A conversation of an export: one that was never used has no messages, but still a title and its times. Elsewhere than
 * in a list at the top (alone, one for each line, in a list of a list) much has a mapping or a title.
 */
function isChatGpt(has: Has): boolean {
  if (has(2, 'mapping') || has(2, 'title', 'create_time')) return true;
  const beside = ['title', 'create_time', 'current_node', 'conversation_id'];
  return [1, 3].some((level) => has(level, 'mapping') && beside.some((key) => has(level, key)));
}

function isLibreChat(has: Has): boolean {
  return [1, 2].some(
    (level) =>
      has(level, 'messagesTree') ||
      (has(level, 'conversationId', 'messages') && (has(level, 'endpoint') || has(level, 'recursive'))),
  );
}

/** Of SillyTavern, its entries are fields of an object; of the specification of cards, it says what it is. */
function isLorebook(has: Has, text: string): boolean {
  const isWorld = has(1, 'entries') && /"(?:key|keysecondary)"\s*:\s*\[/.test(text);
  return isWorld || (has(1, 'spec') && /"spec"\s*:\s*"lorebook_v3"/.test(text));
}

function describeFormats(): string[] {
  return Object.entries(FORMATS).map(([name, { description }]) => `  ${name.padEnd(14)} ${description}`);
}

/** What a file is that people try to import, and what to do with it; null for all others. */
function otherKind(start: Buffer): string | null {
  const begins = (...bytes: number[]) => start.subarray(0, bytes.length).equals(Buffer.from(bytes));
  const text = start.toString('latin1', 0, 512).trimStart().toLowerCase();
  if (begins(0x50, 0x4b, 0x03, 0x04) || begins(0x50, 0x4b, 0x05, 0x06))
    return 'is a ZIP archive that holds nothing to import';
  if (begins(0x1f, 0x8b)) return 'is compressed with gzip; unpack it and import what is in it';
  if (begins(0x25, 0x50, 0x44, 0x46)) return 'is a PDF document, not data; export it as JSON';
  if (begins(0xff, 0xd8, 0xff)) return 'is a JPEG image, which holds no character card';
  if (/^(<!doctype html|<html|<\?xml)/.test(text))
    return 'is a page (HTML or XML), not data; of a ChatGPT export import the whole ZIP, and order My Activity of Google Takeout as JSON';
  return null;
}

/** Whether an archive is a character with its pictures. */
async function isCharx(file: string): Promise<boolean> {
  try {
    const archive = await openPromise(file, { autoClose: false, lazyEntries: true });
    try {
      for await (const { fileName } of archive.eachEntry()) if (fileName === CARD_FILE) return true;
    } finally {
      archive.close();
    }
  } catch {
    // What is wrong with it, whoever opens it says.
  }
  return false;
}

async function readStart(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(DETECTION_BYTES), 0, DETECTION_BYTES, 0);
    return asUtf8(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/**
 * The keys of top-level objects (depth 1), of objects in a top-level array (depth 2), and of those in a list of either
 * (depth 3).
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
      const isNear =
        opened.length === 1 ||
        (opened.length === 2 && opened[0] === '[') ||
        (opened.length === 3 && opened[1] === '[');
      if (isKey && isNear) yield { depth: opened.length, key: text.slice(start, index) };
    }
  }
}
