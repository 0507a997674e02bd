import { readInstant } from '../ground/instants.ts';
import { storableText } from '../texts.ts';
import { isObject } from './records.ts';

/** What the user or the assistant said, as an export has it. */
export type Message = {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  /** What of it is not text, by its kind. */
  others: string[];
  /** Milliseconds since 1970, as far as it is known. */
  time: number | null;
  model: string | null;
  /** Its id is a part of the turn's key. Canvases came later: with them, older imports would get other keys. */
  isNamed: boolean;
  /** Who answered, where that is not just the assistant. */
  name?: string;
  /** What of it nobody said: thoughts, calls of tools. */
  leftOut?: readonly string[];
};

/** What was said and seen, and of each message that was not, why it is left out. */
export type Visible = { messages: Message[]; leftOut: string[] };

/** A message in a tree of them. */
export type Node = {
  parent: string | null;
  /** What was said, why it is left out, or null where there is nothing. */
  content: Message | string | null;
  /** Milliseconds since 1970; 0 where it is not known, -1 where there is no message. */
  time: number;
};

/**
 * The messages of a tree that the user saw, in their order: from the message that was current to its root. Where that
 * is not known, or shows nothing, the newest message without an answer counts; where a parent is missing, or comes by
 * again, the path begins.
 */
export function visibleIn(nodes: ReadonlyMap<string, Node>, current: string | null): Visible {
  const shown = current === null ? [] : pathTo(nodes, current);
  const path = contentsOf(nodes, shown).some(isMessage) ? shown : pathTo(nodes, newestLeaf(nodes));
  const onPath = new Set(path);
  const others = [...nodes.keys()].filter((nodeId) => !onPath.has(nodeId));
  const contents = contentsOf(nodes, path);
  const messages = contents.filter(isMessage);
  return {
    messages,
    leftOut: [
      ...contents.filter((each) => typeof each === 'string'),
      ...messages.flatMap((message) => message.leftOut ?? []),
      ...contentsOf(nodes, others).map(() => 'messages of other branches'),
    ],
  };
}

/** Messages that stand in a list: each follows the one before, where it does not say which it follows. */
export function nodesOfList(messages: readonly (Node & { id: string })[]): Map<string, Node> {
  const ids = new Set(messages.map(({ id }) => id));
  const nodes = new Map<string, Node>();
  let previous: string | null = null;
  for (const { id, ...node } of messages) {
    const isKnown = node.parent === ROOT || (node.parent !== null && ids.has(node.parent));
    nodes.set(id, isKnown ? node : { ...node, parent: previous });
    previous = id;
  }
  return nodes;
}

/** What several programs give the first message of a conversation for its parent. */
const ROOT = '00000000-0000-0000-0000-000000000000';

function isMessage(content: Message | string): content is Message {
  return typeof content === 'object';
}

function contentsOf(nodes: ReadonlyMap<string, Node>, nodeIds: readonly string[]): (Message | string)[] {
  return nodeIds.flatMap((nodeId) => nodes.get(nodeId)?.content ?? []);
}

function pathTo(nodes: ReadonlyMap<string, Node>, end: string | null): string[] {
  const path = new Set<string>();
  for (let nodeId = end; nodeId !== null && !path.has(nodeId); ) {
    const node = nodes.get(nodeId);
    if (!node) break;
    path.add(nodeId);
    nodeId = node.parent;
  }
  return [...path].reverse();
}

/** Of messages that nobody's parent is (of all, where they go in circles): the newest by time, else the last. */
function newestLeaf(nodes: ReadonlyMap<string, Node>): string | null {
  const parents = new Set([...nodes.values()].map(({ parent }) => parent));
  const leaves = [...nodes].filter(([nodeId]) => !parents.has(nodeId));
  let [newest, newestTime]: [string | null, number] = [null, Number.NEGATIVE_INFINITY];
  for (const [nodeId, { time }] of leaves.length > 0 ? leaves : nodes)
    if (time >= newestTime) [newest, newestTime] = [nodeId, time];
  return newest;
}

/** Names are text; some exports number them. */
export function idOf(id: unknown): string | null {
  return typeof id === 'number' ? String(id) : typeof id === 'string' && id !== '' ? storableText(id) : null;
}

/** What stands where something of another type belongs, and is no more than that to anybody: it is counted. */
export const OF_WRONG_TYPE = 'parts of a wrong type' as const;

/** A text that is there; what is no text is counted. */
export function textIn(value: unknown, leftOut: string[]): string | null {
  if (typeof value !== 'string' && value !== undefined && value !== null) leftOut.push(OF_WRONG_TYPE);
  return textOf(value);
}

/** The objects of a list; what stands in the place of one, or of the list, is counted. */
export function objectsIn(value: unknown, leftOut: string[]): Record<string, unknown>[] {
  const isList = Array.isArray(value);
  const objects: Record<string, unknown>[] = [];
  for (const each of isList ? (value as unknown[]) : [value]) {
    if (isList && isObject(each)) objects.push(each);
    else if (each !== undefined && each !== null) leftOut.push(OF_WRONG_TYPE);
  }
  return objects;
}

/** A text that is there. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? storableText(value) : null;
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
