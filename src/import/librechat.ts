import { BrokenElement } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
import { readMembers } from './members.ts';
import {
  idOf,
  type Message,
  type Node,
  nodesOfList,
  objectsIn,
  readTime,
  textIn,
  textOf,
  visibleIn,
} from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';

/**
 * Reads a conversation that LibreChat exported as JSON, or a list of them: with `messages` in a list (one branch, or all
 * of them told by `parentMessageId`) or with `messagesTree`. The export does not say which branch was current: the
 * newest is taken. `line` counts conversations.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readLibreChat(file: string, position: Position): AsyncGenerator<ImportRecord> {
  for await (const { line, value } of readMembers(file, position, null))
    yield* toRecords(line, value, position);
}

function* toRecords(line: number, conversation: unknown, position: Position): Generator<ImportRecord> {
  if (conversation instanceof BrokenElement) return yield badElement(line, conversation);
  if (!isObject(conversation)) return yield bad(line, null, 'must be an object');
  const given = conversation.messagesTree ?? conversation.messages ?? [];
  if (!Array.isArray(given)) return yield bad(line, 'messages', 'must be an array');
  const broken: string[] = [];
  const { messages, leftOut } = visibleIn(nodesOfList(flat(given, broken)), null);
  countLeftOut(position, [...leftOut, ...broken]);
  if (messages.length === 0) return;
  const id = idOf(conversation.conversationId) ?? messages[0]?.id;
  if (id === undefined) return yield bad(line, 'conversationId', 'must be text');
  const options = isObject(conversation.options) ? conversation.options : {};
  yield* toTurnRecords(
    line,
    {
      source: 'librechat',
      id,
      title: textOf(conversation.title),
      messages,
      model: textOf(options.model),
      since: SINCE,
      names: { query: 'text', response: 'text of the answers' },
    },
    position,
  );
}

/** Of a message without any time in its conversation: the program is no older. */
const SINCE = Date.UTC(2023, 1, 1);

/** All messages of a list, each before its children. No recursion: a tree may be as deep as the conversation is long. */
function flat(given: readonly unknown[], broken: string[]): (Node & { id: string })[] {
  const nodes: (Node & { id: string })[] = [];
  const toMessages = (list: unknown, parent: string | null) =>
    objectsIn(list, broken)
      .map((message) => ({ message, parent }))
      .reverse();
  const waiting = toMessages(given, null);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { message } = next;
    const id = idOf(message.messageId) ?? `message ${nodes.length + 1}`;
    const time = readTime(message.createdAt);
    const parent = next.parent ?? idOf(message.parentMessageId);
    nodes.push({ id, parent, content: toMessage(id, message, time), time: time ?? 0 });
    for (const child of toMessages(message.children, id)) waiting.push(child);
  }
  return nodes;
}

function toMessage(
  id: string,
  message: Record<string, unknown>,
  time: number | null,
): Message | string | null {
  const isUser = message.isCreatedByUser ?? String(message.sender).toLowerCase() === 'user';
  const { texts, others, leftOut } = readContent(message);
  for (const file of Array.isArray(message.files) ? message.files.filter(isObject) : [])
    others.push(textOf(file.filename) ?? textOf(file.type) ?? 'file');
  if (message.error === true) return 'errors';
  if (texts.length === 0 && others.length === 0) return leftOut[0] ?? null;
  if (message.sender === 'System' || message.sender === 'system') return 'messages of the system';
  return {
    id,
    role: isUser === true ? 'user' : 'assistant',
    text: texts.join('\n\n'),
    others,
    time,
    model: isUser === true ? null : textOf(message.model),
    isNamed: true,
    leftOut,
  };
}

type Content = { texts: string[]; others: string[]; leftOut: string[] };

const INNER: Record<string, string> = { think: 'thoughts', tool_call: 'calls of tools', error: 'errors' };

function readContent({ content, text }: Record<string, unknown>): Content {
  const found: Content = { texts: [], others: [], leftOut: [] };
  const parts = objectsIn(content, found.leftOut);
  for (const part of parts) {
    const kind = textOf(part.type) ?? 'unknown';
    const inner = INNER[kind];
    const said =
      kind === 'text'
        ? textIn(isObject(part.text) ? (part.text.value ?? part.text) : part.text, found.leftOut)
        : null;
    if (said !== null) found.texts.push(said);
    else if (inner) found.leftOut.push(inner);
    else if (kind !== 'text') found.others.push(kind);
  }
  const whole = parts.length === 0 ? textIn(text, found.leftOut) : null;
  if (whole !== null) found.texts.push(whole);
  return found;
}
