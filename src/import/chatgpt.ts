import { createHash } from 'node:crypto';
import { type Position, readElements } from './files.ts';
import { bad, type ImportRecord, isObject, toTurnRecord } from './records.ts';

/**
 * Reads the `conversations.json` of a ChatGPT export: an array of conversations, each a tree of messages of which
 * the path from the root to `current_node` is what the user saw. A user message and the assistant's texts after it
 * become one turn; what is not text is named in the metadata. `line` counts conversations.
 *
 * @throws ImportFileError where the JSON is broken
 */
export async function* readChatGpt(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const conversation of readElements(file, position, null)) yield* toRecords(++line, conversation);
}

function* toRecords(line: number, conversation: unknown): Generator<ImportRecord> {
  if (!isObject(conversation)) return yield bad(line, null, 'must be an object');
  const id = conversation.id ?? conversation.conversation_id;
  if (typeof id !== 'string') return yield bad(line, 'id', 'must be text (or "conversation_id")');
  const path = findPath(conversation);
  if (!Array.isArray(path)) return yield bad(line, path.field, `${path.message} (conversation ${id})`);
  let fallbackTime = toSeconds(conversation.create_time);
  for (const exchange of pairMessages(path)) {
    const [first] = exchange.messages;
    // A message without its own time was sent no earlier than the one before it.
    fallbackTime = first?.time ?? fallbackTime;
    yield toTurnRecord(line, toTurn(id, exchange, fallbackTime), `message ${first?.id}: `, NAMES);
  }
}

type Message = {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  /** Content types of the parts that are not text. */
  others: string[];
  /** Seconds since 1970. */
  time: number | null;
  model: string | null;
};
type Exchange = { query: Message | null; answers: Message[]; messages: Message[] };

/** What this format calls a field of a turn. */
const NAMES = {
  query: 'content',
  response: 'content of the answers',
  conversationId: 'id',
  timestamp: 'create_time',
};

function findPath(conversation: Record<string, unknown>): Message[] | { field: string; message: string } {
  const { mapping, current_node: current } = conversation;
  if (!isObject(mapping)) return { field: 'mapping', message: 'must be an object' };
  if (typeof current !== 'string') return { field: 'current_node', message: 'must be text' };
  const messages: Message[] = [];
  const seen = new Set<string>();
  for (let nodeId: unknown = current; typeof nodeId === 'string'; ) {
    const node = Object.hasOwn(mapping, nodeId) ? mapping[nodeId] : undefined;
    if (!isObject(node)) return { field: 'mapping', message: `has no node "${nodeId}"` };
    if (seen.has(nodeId)) return { field: 'mapping', message: `has a cycle at node "${nodeId}"` };
    seen.add(nodeId);
    const message = toMessage(nodeId, node.message);
    if (message) messages.push(message);
    nodeId = node.parent;
  }
  return messages.reverse();
}

/** What the user or the assistant said; null for what nobody said: system and tool messages, calls of tools, hidden ones. */
function toMessage(nodeId: string, message: unknown): Message | null {
  if (!isObject(message) || !isObject(message.author)) return null;
  const { role } = message.author;
  if (role !== 'user' && role !== 'assistant') return null;
  const metadata = isObject(message.metadata) ? message.metadata : {};
  if (metadata.is_visually_hidden_from_conversation === true) return null;
  if (role === 'assistant' && typeof message.recipient === 'string' && message.recipient !== 'all')
    return null;
  const { text, others } = readContent(message.content);
  if (text === '' && others.length === 0) return null;
  return {
    id: typeof message.id === 'string' ? message.id : nodeId,
    role,
    text,
    others,
    time: toSeconds(message.create_time),
    model: typeof metadata.model_slug === 'string' ? metadata.model_slug : null,
  };
}

function readContent(content: unknown): { text: string; others: string[] } {
  if (!isObject(content)) return { text: '', others: [] };
  if (!Array.isArray(content.parts)) return { text: '', others: [nameOf(content)] };
  const texts: string[] = [];
  const others: string[] = [];
  for (const part of content.parts) {
    if (typeof part === 'string') {
      if (part !== '') texts.push(part);
    } else if (
      isObject(part) &&
      part.content_type === 'audio_transcription' &&
      typeof part.text === 'string'
    ) {
      texts.push(part.text);
    } else {
      others.push(nameOf(part));
    }
  }
  return { text: texts.join('\n\n'), others };
}

function nameOf(part: unknown): string {
  return isObject(part) && typeof part.content_type === 'string' ? part.content_type : 'unknown';
}

function pairMessages(messages: readonly Message[]): Exchange[] {
  const exchanges: Exchange[] = [];
  for (const message of messages) {
    const last = exchanges.at(-1);
    if (message.role === 'user' || !last) {
      const isUser = message.role === 'user';
      exchanges.push({
        query: isUser ? message : null,
        answers: isUser ? [] : [message],
        messages: [message],
      });
    } else {
      last.answers.push(message);
      last.messages.push(message);
    }
  }
  return exchanges.filter(({ query, answers }) => query !== null || answers.some(({ text }) => text !== ''));
}

function toTurn(conversationId: string, exchange: Exchange, time: number | null): Record<string, unknown> {
  const { query, answers, messages } = exchange;
  const others = messages.flatMap((message) => message.others);
  const answer = answers.flatMap(({ text }) => (text === '' ? [] : [text])).join('\n\n');
  const model = answers.findLast((message) => message.model !== null)?.model;
  const ids = messages.map(({ id }) => id);
  return {
    conversationId,
    // A message that is only an image still asked for its answer; the brackets name what is not here.
    ...(query
      ? { query: query.text || `[${query.others.join(', ')}]`, response: answer }
      : { query: answer, speaker: 'assistant' }),
    ...(time === null ? {} : { timestamp: new Date(time * 1000).toISOString() }),
    ...(model ? { modelUsed: model } : {}),
    metadata: {
      source: 'chatgpt',
      messageIds: ids,
      ...(others.length > 0 ? { nonTextParts: others } : {}),
    },
    idempotencyKey: toKey(conversationId, ids),
  };
}

/**
 * All messages' ids name the turn: a later export in which the answer goes on is another turn, not the same key with
 * another content. For the same reason the title, which changes, is not stored with the turns.
 */
function toKey(conversationId: string, messageIds: readonly string[]): string {
  const key = `chatgpt/${conversationId}/${messageIds.join('+')}`;
  return /^[\x20-\x7e]{1,255}$/.test(key) ? key : `chatgpt/${createHash('sha256').update(key).digest('hex')}`;
}

const YEAR_10000_SECONDS = Date.UTC(10_000, 0, 1) / 1000;

function toSeconds(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && value < YEAR_10000_SECONDS ? value : null;
}
