import { BrokenElement, readElements } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
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
 * Reads the `prod-grok-backend.json` of a Grok export: `{ conversations: [{ conversation, responses: [{ response }] }] }`.
 * Each response says which it follows; of several branches the one to the newest is what the user saw. Cards in a text
 * (citations, calls of tools) are no words. `line` counts conversations.
 *
 * @throws ImportFileError where it has no array `conversations`, or breaks off before its first conversation
 */
export async function* readGrok(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const element of readElements(file, position, 'conversations'))
    yield* toRecords(++line, element, position);
}

function* toRecords(line: number, element: unknown, position: Position): Generator<ImportRecord> {
  if (element instanceof BrokenElement) return yield badElement(line, element);
  if (!isObject(element)) return yield bad(line, null, 'must be an object');
  const { responses = [] } = element;
  if (!Array.isArray(responses)) return yield bad(line, 'responses', 'must be an array');
  const about = element.conversation ?? {};
  if (!isObject(about)) return yield bad(line, 'conversation', 'must be an object');
  const broken: string[] = [];
  const list = objectsIn(responses, broken).map(({ response }) => response);
  const { messages, leftOut } = visibleIn(
    nodesOfList(objectsIn(list, broken).map(toNode)),
    idOf(about.leaf_response_id),
  );
  countLeftOut(position, [...leftOut, ...broken]);
  if (messages.length === 0) return;
  const id = idOf(about.id) ?? messages[0]?.id;
  if (id === undefined) return yield bad(line, 'conversation.id', 'must be text');
  yield* toTurnRecords(
    line,
    {
      ...{ source: 'grok', id, title: textOf(about.title), messages, since: SINCE },
      times: [timeOf(about.create_time), timeOf(about.modify_time)],
      names: { query: 'message', response: 'message of the answers', conversationId: 'conversation.id' },
    },
    position,
  );
}

/** Of a message without any time in its conversation: the service is no older. */
const SINCE = Date.UTC(2023, 10, 4);

const ROLES: Record<string, Message['role']> = { human: 'user', user: 'user', assistant: 'assistant' };

function toNode(response: Record<string, unknown>, index: number): Node & { id: string } {
  const id = idOf(response._id) ?? `response ${index + 1}`;
  const time = timeOf(response.create_time);
  return {
    id,
    parent: idOf(response.parent_response_id),
    content: toMessage(id, response, time),
    time: time ?? 0,
  };
}

function toMessage(
  id: string,
  response: Record<string, unknown>,
  time: number | null,
): Message | string | null {
  const leftOut: string[] = [];
  const text = withoutCards(textIn(response.message, leftOut) ?? '').trim();
  const others = Array.isArray(response.file_attachments) ? response.file_attachments.map(() => 'file') : [];
  if (textOf(response.thinking_trace) !== null) leftOut.push('thoughts');
  if (text === '' && others.length === 0) return leftOut[0] ?? null;
  const role = ROLES[String(response.sender).toLowerCase()];
  if (!role) return 'messages of the system';
  const model = role === 'user' ? null : textOf(response.model);
  return { id, role, text, others, time, model, isNamed: true, leftOut };
}

/** Where its programs show a source or the call of a tool, as the elements that stand in the text. */
const CARDS = ['grok:render', 'xai:tool_usage_card'];

function withoutCards(text: string): string {
  let rest = text;
  for (const name of CARDS) {
    const kept: string[] = [];
    let from = 0;
    for (let start = rest.indexOf(`<${name}`); start >= 0; start = rest.indexOf(`<${name}`, from)) {
      const end = rest.indexOf(`</${name}>`, start);
      if (end < 0) break;
      kept.push(rest.slice(from, start));
      from = end + name.length + 3;
    }
    rest = [...kept, rest.slice(from)].join('');
  }
  return rest;
}

/** Of responses it is written as a database writes it: `{ "$date": { "$numberLong": "1705312200000" } }`. */
function timeOf(value: unknown): number | null {
  const date = isObject(value) ? value.$date : value;
  return readTime(isObject(date) ? date.$numberLong : date);
}
