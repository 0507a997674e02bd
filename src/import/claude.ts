import { storableText } from '../texts.ts';
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
 * Reads the `conversations.json` of a Claude export: conversations with `chat_messages`. Of a tree of messages the path
 * to the current one, else to the newest, is what the user saw. What a message says stands in the text blocks of its
 * `content` (`text` beside them holds placeholders for the others); documents that the assistant wrote belong to its
 * answer, and the text of attached files to what the user said. `line` counts conversations.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readClaude(file: string, position: Position): AsyncGenerator<ImportRecord> {
  for await (const { line, value } of readMembers(file, position, 'chat_messages'))
    yield* toRecords(line, value, position);
}

function* toRecords(line: number, conversation: unknown, position: Position): Generator<ImportRecord> {
  if (conversation instanceof BrokenElement) return yield badElement(line, conversation);
  if (!isObject(conversation)) return yield bad(line, null, 'must be an object');
  const given = conversation.chat_messages ?? [];
  if (!Array.isArray(given)) return yield bad(line, 'chat_messages', 'must be an array');
  const broken: string[] = [];
  const { messages, leftOut } = visibleIn(
    nodesOfList(objectsIn(given, broken).map(toNode)),
    idOf(conversation.current_leaf_message_uuid),
  );
  countLeftOut(position, [...leftOut, ...broken]);
  if (messages.length === 0) return;
  const id = idOf(conversation.uuid) ?? messages[0]?.id;
  if (id === undefined) return yield bad(line, 'uuid', 'must be text');
  yield* toTurnRecords(
    line,
    {
      source: 'claude',
      id,
      title: textOf(conversation.name),
      messages,
      times: [readTime(conversation.created_at), readTime(conversation.updated_at)],
      model: textOf(conversation.model),
      since: SINCE,
      names: { query: 'text', response: 'text of the answers', conversationId: 'uuid' },
    },
    position,
  );
}

/** Of a message without any time in its conversation: the service is no older. */
const SINCE = Date.UTC(2023, 2, 14);

function toNode(message: Record<string, unknown>, index: number): Node & { id: string } {
  const id = idOf(message.uuid) ?? `message ${index + 1}`;
  const time = readTime(message.created_at);
  return {
    id,
    parent: idOf(message.parent_message_uuid),
    content: toMessage(id, message, time),
    time: time ?? 0,
  };
}

const ROLES: Record<string, Message['role']> = { human: 'user', user: 'user', assistant: 'assistant' };

function toMessage(
  id: string,
  message: Record<string, unknown>,
  time: number | null,
): Message | string | null {
  const { texts, others, leftOut } = readContent(message);
  for (const attachment of objectsIn(message.attachments, leftOut)) {
    const name = textOf(attachment.file_name) ?? 'file';
    const text = textIn(attachment.extracted_content, leftOut);
    if (text === null) others.push(name);
    else texts.push(`[${name}]\n${text}`);
  }
  for (const file of objectsIn(message.files, leftOut)) others.push(textOf(file.file_name) ?? 'file');
  const role = ROLES[String(message.sender)];
  if (texts.length === 0 && others.length === 0) return leftOut[0] ?? null;
  if (!role) return 'messages of the system';
  return { id, role, text: texts.join('\n\n'), others, time, model: null, isNamed: true, leftOut };
}

type Content = { texts: string[]; others: string[]; leftOut: string[] };

/** Blocks that nobody said, and what they are counted as. */
const INNER: Record<string, string> = {
  thinking: 'thoughts',
  redacted_thinking: 'thoughts',
  tool_use: 'calls of tools',
  tool_result: 'messages of tools',
};
/** Notes of the service to itself. */
const NOTES = ['token_budget', 'flag'];

function readContent({ content, text }: Record<string, unknown>): Content {
  const found: Content = { texts: [], others: [], leftOut: [] };
  const blocks =
    typeof content === 'string' ? [{ type: 'text', text: content }] : objectsIn(content, found.leftOut);
  for (const block of blocks) {
    const kind = textOf(block.type) ?? 'unknown';
    const said =
      kind === 'text' ? textIn(block.text, found.leftOut) : kind === 'tool_use' ? readDocument(block) : null;
    const inner = INNER[kind];
    if (said !== null) found.texts.push(said);
    else if (inner) found.leftOut.push(inner);
    else if (kind !== 'text' && !NOTES.includes(kind)) found.others.push(kind);
  }
  const whole = blocks.length === 0 ? textIn(text, found.leftOut) : null;
  if (whole !== null) found.texts.push(whole);
  return found;
}

/** What the assistant wrote into a document beside the conversation; null for calls of other tools. */
function readDocument({ name, input }: Record<string, unknown>): string | null {
  if (!isObject(input) || typeof name !== 'string' || !/artifact|create_file|str_replace/.test(name))
    return null;
  const texts = [input.content, input.file_text, input.new_str].filter(
    (text) => typeof text === 'string' && text !== '',
  );
  return texts.length === 0 ? null : storableText(texts.join('\n\n'));
}
