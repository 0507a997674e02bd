import { storableText } from '../texts.ts';
import { type Message, type Node, OF_WRONG_TYPE, readTime, type Visible, visibleIn } from './messages.ts';
import { isObject } from './records.ts';

/** The messages of a ChatGPT conversation that the user saw; see {@link visibleIn}. */
export function visibleMessages(conversation: Record<string, unknown>): Visible {
  const broken: string[] = [];
  const visible = visibleIn(nodesOf(conversation.mapping, broken), toId(conversation.current_node));
  return { ...visible, leftOut: [...visible.leftOut, ...broken] };
}

/** By their ids, also of a list; a node whose parent is unknown has the one that names it as a child. */
function nodesOf(mapping: unknown, broken: string[]): Map<string, Node> {
  const given: [string, Record<string, unknown>][] = [];
  for (const [key, node] of Object.entries(isObject(mapping) || Array.isArray(mapping) ? mapping : {}))
    if (isObject(node)) given.push([(Array.isArray(mapping) ? toId(node.id) : null) ?? key, node]);
    else if (node !== null) broken.push(OF_WRONG_TYPE);
  const nodes = new Map<string, Node>(
    given.map(([nodeId, { parent, message }]) => [
      nodeId,
      {
        parent: toId(parent),
        content: toMessage(nodeId, message),
        time: isObject(message) ? (readTime(message.create_time) ?? 0) : -1,
      },
    ]),
  );
  for (const [nodeId, { children }] of given)
    for (const child of Array.isArray(children) ? children : []) {
      const node = nodes.get(toId(child) ?? '');
      if (node && (node.parent === null || !nodes.has(node.parent))) node.parent = nodeId;
    }
  return nodes;
}

function toId(id: unknown): string | null {
  return typeof id === 'number' ? String(id) : typeof id === 'string' ? id : null;
}

/** Why a message is none that somebody said. */
type LeftOut =
  | 'messages of the system'
  | 'messages of tools'
  | 'hidden messages'
  | 'calls of tools'
  | 'messages of nobody'
  | typeof OF_WRONG_TYPE
  | 'instructions';

/** The message, or why it is left out; null where there is none, or nothing in it. */
function toMessage(nodeId: string, message: unknown): Message | LeftOut | null {
  if (!isObject(message)) return message === null || message === undefined ? null : OF_WRONG_TYPE;
  const { author } = message;
  if (['number', 'boolean'].includes(typeof message.content)) return OF_WRONG_TYPE;
  const role = isObject(author) ? author.role : (author ?? message.role);
  const metadata = isObject(message.metadata) ? message.metadata : {};
  const recipient = typeof message.recipient === 'string' ? message.recipient : 'all';
  const isNamed = role === 'user' || recipient === 'all';
  const content = isNamed ? readContent(message.content) : readCanvas(recipient, message.content);
  if (content && content.text === '' && content.others.length === 0) return null;
  if (typeof role !== 'string') return 'messages of nobody';
  if (role !== 'user' && role !== 'assistant')
    return role === 'system' ? 'messages of the system' : 'messages of tools';
  if (metadata.is_visually_hidden_from_conversation === true) return 'hidden messages';
  if (!content) return 'calls of tools';
  // Instructions that go along with every message, and that nobody said.
  if (role === 'user' && content.text === '' && content.others.every((kind) => INNER.includes(kind)))
    return 'instructions';
  return {
    id: storableText(typeof message.id === 'string' ? message.id : nodeId),
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
  if (Array.isArray(content) || typeof content === 'string') return readParts([content].flat());
  if (!isObject(content)) return { text: '', others: [] };
  const kind = nameOf(content);
  if (Array.isArray(content.parts) || typeof content.parts === 'string')
    return readParts([content.parts].flat());
  const isText = typeof content.text === 'string' && content.text !== '' && !INNER.includes(kind);
  return isText ? { text: storableText(String(content.text)), others: [] } : { text: '', others: [kind] };
}

function readParts(parts: readonly unknown[]): Content {
  const texts: string[] = [];
  const others: string[] = [];
  for (const part of parts) {
    const text = typeof part === 'string' ? part : isObject(part) ? part.text : null;
    if (typeof text !== 'string') others.push(nameOf(part));
    else if (text !== '') texts.push(storableText(text));
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
    return { text: storableText(raw), others: [] };
  }
  const texts = isObject(value)
    ? [value.content, ...fieldsOf(value.updates, 'replacement'), ...fieldsOf(value.comments, 'comment')]
    : [];
  const text = texts.filter((each) => typeof each === 'string' && each !== '').join('\n\n');
  return { text: storableText(text), others: [] };
}

function fieldsOf(list: unknown, field: string): unknown[] {
  return Array.isArray(list) ? list.map((item) => (isObject(item) ? item[field] : null)) : [];
}

function nameOf(part: unknown): string {
  return isObject(part) && typeof part.content_type === 'string'
    ? storableText(part.content_type)
    : 'unknown';
}
