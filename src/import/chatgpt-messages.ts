import { readInstant } from '../ground/instants.ts';
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
  const nodes = nodesOf(conversation.mapping);
  const current = toId(conversation.current_node);
  const shown = current === null ? [] : pathTo(nodes, current);
  const path = messagesOf(nodes, shown).length > 0 ? shown : pathTo(nodes, newestLeaf(nodes));
  const onPath = new Set(path);
  const others = [...nodes.keys()].filter((nodeId) => !onPath.has(nodeId));
  return {
    messages: messagesOf(nodes, path),
    leftOut: [
      ...read(nodes, path).filter((each) => typeof each === 'string'),
      ...messagesOf(nodes, others).map(() => 'messages of other branches'),
    ],
  };
}

type Nodes = ReadonlyMap<string, { parent: string | null; message: unknown }>;

/** By their ids, also of a list; a node whose parent is unknown has the one that names it as a child. */
function nodesOf(mapping: unknown): Nodes {
  const given: [string, Record<string, unknown>][] = [];
  for (const [key, node] of Object.entries(isObject(mapping) || Array.isArray(mapping) ? mapping : {}))
    if (isObject(node)) given.push([(Array.isArray(mapping) ? toId(node.id) : null) ?? key, node]);
  const nodes = new Map(
    given.map(([nodeId, { parent, message }]) => [nodeId, { parent: toId(parent), message }]),
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

function pathTo(nodes: Nodes, end: string | null): string[] {
  const path = new Set<string>();
  for (let nodeId = end; nodeId !== null && !path.has(nodeId); ) {
    const node = nodes.get(nodeId);
    if (!node) break;
    path.add(nodeId);
    nodeId = node.parent;
  }
  return [...path].reverse();
}

function messagesOf(nodes: Nodes, nodeIds: readonly string[]): Message[] {
  return read(nodes, nodeIds).filter((each) => typeof each === 'object');
}

function read(nodes: Nodes, nodeIds: readonly string[]): (Message | LeftOut)[] {
  return nodeIds.flatMap((nodeId) => toMessage(nodeId, nodes.get(nodeId)?.message) ?? []);
}

/** Of messages that nobody's parent is (of all, where they go in circles): the newest by time, else the last. */
function newestLeaf(nodes: Nodes): string | null {
  const parents = new Set([...nodes.values()].map(({ parent }) => parent));
  const leaves = [...nodes].filter(([nodeId]) => !parents.has(nodeId));
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
  | 'messages of nobody'
  | 'instructions';

/** The message, or why it is left out; null where there is none, or nothing in it. */
function toMessage(nodeId: string, message: unknown): Message | LeftOut | null {
  if (!isObject(message)) return null;
  const { author } = message;
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
  if (Array.isArray(content) || typeof content === 'string') return readParts([content].flat());
  if (!isObject(content)) return { text: '', others: [] };
  const kind = nameOf(content);
  if (Array.isArray(content.parts) || typeof content.parts === 'string')
    return readParts([content.parts].flat());
  const isText = typeof content.text === 'string' && content.text !== '' && !INNER.includes(kind);
  return isText ? { text: storable(String(content.text)), others: [] } : { text: '', others: [kind] };
}

function readParts(parts: readonly unknown[]): Content {
  const texts: string[] = [];
  const others: string[] = [];
  for (const part of parts) {
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

const YEAR_10000_MS = Date.UTC(10_000, 0, 1);
/** Numbers from here on are milliseconds, microseconds, nanoseconds; each with the least of them: the year 1973, 2001. */
const FINER: readonly [least: number, end: number, perMs: number][] = [
  [1e11, YEAR_10000_MS, 1],
  [1e15, 1e16, 1e3],
  [1e18, 1e19, 1e6],
];

/** Milliseconds since 1970 of a number since then (seconds or finer), or a text; null where it is no time. */
export function readTime(value: unknown): number | null {
  if (typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value)) return readWritten(value);
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const number = Number(value);
  const ms =
    number < 1e11
      ? number * 1000
      : number / (FINER.find(([least, end]) => number >= least && number < end)?.[2] ?? Number.NaN);
  return ms > 0 && ms < YEAR_10000_MS ? ms : null;
}

/** Without a zone it is UTC: that of this machine says nothing about the file. */
function readWritten(text: string): number | null {
  const { instant } =
    [text, `${text}Z`, `${text}T00:00Z`].map(readInstant).find((reading) => reading.instant) ?? {};
  return instant?.getTime() ?? null;
}
