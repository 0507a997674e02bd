import { countLeftOut, type Position } from './files.ts';
import { createIdMaker } from './keys.ts';
import { isValue, readValues } from './lines.ts';
import { membersWith } from './members.ts';
import { idOf, type Message, readTime, textOf } from './messages.ts';
import { bad, type ImportRecord, isObject } from './records.ts';
import { createWindow } from './windows.ts';

/**
 * Reads messages of any program: JSON Lines or a list of `{ role, content }`, or of conversations `{ id?, title?, messages }`
 * (`conversations` in data sets for training). Fields go by the names that are common for them (see the lists below). Lines
 * that name no conversation are one, told by its first message; who is neither user nor assistant speaks under the
 * name given.
 */
export async function* readMessages(file: string, position: Position): AsyncGenerator<ImportRecord> {
  const window = createWindow(position);
  const idFor = createIdMaker();
  let unnamed: string | null = null;
  for await (const read of readValues(file, position)) {
    if (!isValue(read)) {
      yield read;
      continue;
    }
    const { number, value } = read;
    const list = isObject(value) && listOf(value) === null ? membersWith('messages', value) : [value];
    for (const each of list) {
      if (!isObject(each)) {
        yield bad(number, null, 'must be a JSON object');
        continue;
      }
      const messages = listOf(each);
      const named = idOf(fieldOf(each, messages ? [...CONVERSATION, 'id', 'uuid'] : CONVERSATION));
      const first = messages ? messages[0] : each;
      const id: string = named ?? (messages ? null : unnamed) ?? `messages-${idFor(['chat', said(first)])}`;
      if (!messages && named === null) unnamed = id;
      const title = messages ? textOf(fieldOf(each, ['title', 'name'])) : null;
      for (const message of messages ?? [each]) {
        const parsed = toMessage(message, id, idFor);
        if (typeof parsed === 'string') yield bad(number, null, parsed);
        else if ('leftOut' in parsed) countLeftOut(position, [parsed.leftOut]);
        else {
          const outline = { source: 'messages', id, title, since: SINCE, hasMadeIds: parsed.hasMadeId };
          yield* window.add(number, outline, parsed.message);
        }
      }
    }
  }
  yield* window.flush();
}

/** Of messages without any time. */
const SINCE = Date.UTC(2000, 0, 1);

const CONVERSATION = [
  'conversation_id',
  'conversationId',
  'thread_id',
  'threadId',
  'chat_id',
  'chatId',
  'session_id',
  'sessionId',
];
const WHO = ['role', 'sender', 'from', 'author', 'speaker'];
const WHAT = ['content', 'text', 'message', 'value', 'parts'];
const WHEN = ['timestamp', 'created_at', 'createdAt', 'create_time', 'time', 'date', 'datetime', 'ts'];
const IDS = ['id', 'uuid', 'message_id', 'messageId'];
const ROLES: Record<string, Message['role'] | 'system' | 'tool'> = {
  ...{ user: 'user', human: 'user', me: 'user' },
  ...{ assistant: 'assistant', ai: 'assistant', bot: 'assistant', model: 'assistant', gpt: 'assistant' },
  ...{ system: 'system', developer: 'system', tool: 'tool', function: 'tool' },
};

function fieldOf(value: Record<string, unknown>, names: readonly string[]): unknown {
  return value[names.find((name) => value[name] !== undefined && value[name] !== null) ?? ''];
}

function listOf(value: Record<string, unknown>): unknown[] | null {
  const list = [value.messages, value.conversations].find(Array.isArray) as unknown[] | undefined;
  return list?.every((each) => !isObject(each) || listOf(each) === null) ? list : null;
}

/** What tells a conversation that has no name. */
function said(message: unknown): unknown {
  return isObject(message) ? [WHO, WHAT, WHEN].map((names) => fieldOf(message, names)) : message;
}

type Parsed = { message: Message; hasMadeId: boolean } | { leftOut: string } | string;

/** The message, why it is left out, or what is wrong with it. */
function toMessage(value: unknown, conversationId: string, idFor: ReturnType<typeof createIdMaker>): Parsed {
  if (!isObject(value)) return 'must be a JSON object';
  const author = fieldOf(value, WHO);
  const who = textOf(isObject(author) ? (author.role ?? author.name) : author);
  if (who === null) return `must say who speaks, by one of ${WHO.join(', ')}`;
  const content = fieldOf(value, WHAT);
  if (content === undefined && Array.isArray(value.tool_calls)) return { leftOut: 'calls of tools' };
  if (content === undefined) return `must say what was said, by one of ${WHAT.join(', ')}`;
  const role = ROLES[who.toLowerCase()];
  if (role === 'system') return { leftOut: 'messages of the system' };
  if (role === 'tool') return { leftOut: 'messages of tools' };
  const { text, others } = readContent(content);
  if (text === '' && others.length === 0)
    return { leftOut: Array.isArray(value.tool_calls) ? 'calls of tools' : 'messages without a text' };
  const given = idOf(fieldOf(value, IDS));
  const time = readTime(fieldOf(value, WHEN));
  const message: Message = {
    ...{
      id: given ?? idFor([conversationId, who, text, time]),
      role: role ?? 'assistant',
      text,
      others,
      time,
    },
    ...{ model: textOf(value.model), isNamed: true, ...(role ? {} : { name: who }) },
  };
  return { message, hasMadeId: given === null };
}

function readContent(content: unknown): { text: string; others: string[] } {
  const texts: string[] = [];
  const others: string[] = [];
  const parts = isObject(content) && Array.isArray(content.parts) ? content.parts : [content].flat();
  for (const part of parts) {
    const text = typeof part === 'string' ? part : isObject(part) ? part.text : null;
    if (typeof text !== 'string') others.push((isObject(part) && textOf(part.type)) || 'unknown');
    else if (text !== '') texts.push(textOf(text) ?? '');
  }
  return { text: texts.join('\n\n'), others };
}
