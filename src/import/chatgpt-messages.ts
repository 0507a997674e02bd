import { isObject } from './records.ts';
import { storable } from './storable.ts';

/** What the user or the assistant said, as an export has it. */
export type Message = {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  /** Content types of the parts that are not text. */
  others: string[];
  /** Milliseconds since 1970, as far as it is known. */
  time: number | null;
  model: string | null;
  /** Its id is a part of the turn's key. Canvases came later: with them, older imports would get other keys. */
  isNamed: boolean;
};

/** What was said and seen, and of each message that was not, why it is left out. */
export type Visible = { messages: Message[]; leftOut: string[] };

/**
 * The messages that the user saw, in their order: from the message that was current to its root. Where that is not
 * known, the newest message without an answer counts; where a parent is missing, or comes by again, the path begins.
 */
export function visibleMessages(conversation: Record<string, unknown>): Visible {
  const mapping = isObject(conversation.mapping) ? conversation.mapping : {};
  const { current_node: current } = conversation;
  const shown = typeof current === 'string' ? pathTo(mapping, current) : [];
  const path = messagesOf(mapping, shown).length > 0 ? shown : pathTo(mapping, newestLeaf(mapping));
  const onPath = new Set(path);
  const others = Object.keys(mapping).filter((nodeId) => !onPath.has(nodeId));
  return {
    messages: messagesOf(mapping, path),
    leftOut: [
      ...read(mapping, path).filter((each) => typeof each === 'string'),
      ...messagesOf(mapping, others).map(() => 'messages of other branches'),
    ],
  };
}

function pathTo(mapping: Record<string, unknown>, end: string | null): string[] {
  const path = new Set<string>();
  for (let nodeId: unknown = end; typeof nodeId === 'string' && !path.has(nodeId); ) {
    const node = ownOf(mapping, nodeId);
    if (!isObject(node)) break;
    path.add(nodeId);
    nodeId = node.parent;
  }
  return [...path].reverse();
}

function messagesOf(mapping: Record<string, unknown>, nodeIds: readonly string[]): Message[] {
  return read(mapping, nodeIds).filter((each) => typeof each === 'object');
}

function read(mapping: Record<string, unknown>, nodeIds: readonly string[]): (Message | LeftOut)[] {
  return nodeIds.flatMap((nodeId) => {
    const node = ownOf(mapping, nodeId);
    return (isObject(node) ? toMessage(nodeId, node.message) : null) ?? [];
  });
}

function ownOf(mapping: Record<string, unknown>, nodeId: string): unknown {
  return Object.hasOwn(mapping, nodeId) ? mapping[nodeId] : undefined;
}

/** Of messages that nobody's parent is (of all, where they go in circles): the newest by time, else the last. */
function newestLeaf(mapping: Record<string, unknown>): string | null {
  const nodes = Object.entries(mapping).filter((entry): entry is [string, Record<string, unknown>] =>
    isObject(entry[1]),
  );
  const parents = new Set(nodes.map(([, { parent }]) => parent));
  const leaves = nodes.filter(([nodeId]) => !parents.has(nodeId));
  let [newest, newestTime]: [string | null, number] = [null, Number.NEGATIVE_INFINITY];
  for (const [nodeId, { message }] of leaves.length > 0 ? leaves : nodes) {
    const time = isObject(message) ? (readTime(message.create_time) ?? 0) : -1;
    if (time >= newestTime) [newest, newestTime] = [nodeId, time];
  }
  return newest;
}

/** Why a message is none that somebody said. */
type LeftOut =
  | 'messages of the system'
  | 'messages of tools'
  | 'hidden messages'
  | 'calls of tools'
  | 'instructions';

/** The message, or why it is left out; null where there is none, or nothing in it. */
function toMessage(nodeId: string, message: unknown): Message | LeftOut | null {
  if (!isObject(message) || !isObject(message.author)) return null;
  const { role } = message.author;
  const metadata = isObject(message.metadata) ? message.metadata : {};
  const recipient = typeof message.recipient === 'string' ? message.recipient : 'all';
  const isNamed = role === 'user' || recipient === 'all';
  const content = isNamed ? readContent(message.content) : readCanvas(recipient, message.content);
  if (content && content.text === '' && content.others.length === 0) return null;
  if (role !== 'user' && role !== 'assistant')
    return role === 'system' ? 'messages of the system' : 'messages of tools';
  if (metadata.is_visually_hidden_from_conversation === true) return 'hidden messages';
  if (!content) return 'calls of tools';
  // Instructions that go along with every message, and that nobody said.
  if (role === 'user' && content.text === '' && content.others.every((kind) => INNER.includes(kind)))
    return 'instructions';
  return {
    id: storable(typeof message.id === 'string' ? message.id : nodeId),
    role,
    ...content,
    time: readTime(message.create_time),
    model: typeof metadata.model_slug === 'string' ? metadata.model_slug : null,
    isNamed,
  };
}

type Content = { text: string; others: string[] };

/** Contents that the assistant writes for itself: its texts are no answer. */
const INNER = ['thoughts', 'reasoning_recap', 'model_editable_context', 'user_editable_context'];

function readContent(content: unknown): Content {
  if (!isObject(content)) return { text: '', others: [] };
  const kind = nameOf(content);
  if (!Array.isArray(content.parts)) {
    const isText = typeof content.text === 'string' && content.text !== '' && !INNER.includes(kind);
    return isText ? { text: storable(String(content.text)), others: [] } : { text: '', others: [kind] };
  }
  const texts: string[] = [];
  const others: string[] = [];
  for (const part of content.parts) {
    const text = typeof part === 'string' ? part : isObject(part) ? part.text : null;
    if (typeof text !== 'string') others.push(nameOf(part));
    else if (text !== '') texts.push(storable(text));
  }
  return { text: texts.join('\n\n'), others };
}

/** What the assistant wrote into a document beside the conversation; null for calls of other tools. */
function readCanvas(recipient: string, content: unknown): Content | null {
  if (!recipient.startsWith('canmore.') || !isObject(content)) return null;
  const raw = Array.isArray(content.parts)
    ? content.parts.filter((part) => typeof part === 'string').join('')
    : content.text;
  if (typeof raw !== 'string' || raw === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    // Cut off while it was written, or of another form: what is there was shown all the same.
    return { text: storable(raw), others: [] };
  }
  const texts = isObject(value)
    ? [value.content, ...fieldsOf(value.updates, 'replacement'), ...fieldsOf(value.comments, 'comment')]
    : [];
  const text = texts.filter((each) => typeof each === 'string' && each !== '').join('\n\n');
  return { text: storable(text), others: [] };
}

function fieldsOf(list: unknown, field: string): unknown[] {
  return Array.isArray(list) ? list.map((item) => (isObject(item) ? item[field] : null)) : [];
}

function nameOf(part: unknown): string {
  return isObject(part) && typeof part.content_type === 'string' ? storable(part.content_type) : 'unknown';
}

/** Seconds beyond this are milliseconds: the year 5138. */
const MOST_SECONDS = 1e11;
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

/** Milliseconds since 1970 of seconds, milliseconds, or a text; null where it is no time. */
export function readTime(value: unknown): number | null {
  const isDigits = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value);
  const number = typeof value === 'number' || isDigits ? Number(value) : Number.NaN;
  const ms =
    typeof value === 'string' && !isDigits
      ? Date.parse(value)
      : number < MOST_SECONDS
        ? number * 1000
        : number;
  return ms > 0 && ms < YEAR_10000_MS ? ms : null;
}
