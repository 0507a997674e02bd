import { BrokenElement } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
import { readMembers } from './members.ts';
import {
  idOf,
  type Message,
  type Node,
  nodesOfList,
  OF_WRONG_TYPE,
  objectsIn,
  readTime,
  textOf,
  type Visible,
  visibleIn,
} from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';

/**
 * Reads chats that Open WebUI exported, all of a user or one: `{ id, title, chat: { history: { messages, currentId } } }`.
 * Of the tree of messages the path to the current one is what the user saw; an older export holds a list of them. Blocks
 * of thoughts and of tools in answers are left out. `line` counts conversations.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readOpenWebUi(file: string, position: Position): AsyncGenerator<ImportRecord> {
  for await (const { line, value } of readMembers(file, position, 'chat'))
    yield* toRecords(line, value, position);
}

function* toRecords(line: number, element: unknown, position: Position): Generator<ImportRecord> {
  if (element instanceof BrokenElement) return yield badElement(line, element);
  if (!isObject(element)) return yield bad(line, null, 'must be an object');
  const { chat } = element;
  if (!isObject(chat)) return yield bad(line, 'chat', 'must be an object');
  const { messages, leftOut } = visibleOf(chat);
  countLeftOut(position, leftOut);
  if (messages.length === 0) return;
  const id = idOf(element.id) ?? idOf(chat.id) ?? messages[0]?.id;
  if (id === undefined) return yield bad(line, 'id', 'must be text');
  const [model] = Array.isArray(chat.models) ? chat.models : [];
  yield* toTurnRecords(
    line,
    {
      source: 'openwebui',
      id,
      title: textOf(element.title) ?? textOf(chat.title),
      messages,
      times: [element.created_at, chat.timestamp, element.updated_at].map(readTime),
      model: textOf(model),
      since: SINCE,
      names: { query: 'content', response: 'content of the answers', conversationId: 'id' },
    },
    position,
  );
}

/** Of a message without any time in its conversation: the program is no older. */
const SINCE = Date.UTC(2023, 9, 1);

function visibleOf(chat: Record<string, unknown>): Visible {
  const broken: string[] = [];
  const visible = visibleIn(...treeOf(chat, broken));
  return { ...visible, leftOut: [...visible.leftOut, ...broken] };
}

/** The messages by their ids, and the current one where it is told; what is none is counted. */
function treeOf(chat: Record<string, unknown>, broken: string[]): [Map<string, Node>, string | null] {
  const [history = {}] = objectsIn(isNothing(chat.history) ? [] : [chat.history], broken);
  if (isObject(history.messages)) {
    const nodes = new Map<string, Node>();
    for (const [key, message] of Object.entries(history.messages))
      for (const each of objectsIn([message], broken)) nodes.set(key, toNode(key, each));
    return [nodes, idOf(history.currentId)];
  }
  if (!isNothing(history.messages)) broken.push(OF_WRONG_TYPE);
  const list = objectsIn(chat.messages, broken);
  return [
    nodesOfList(
      list.map((message, index) => {
        const id = idOf(message.id) ?? `message ${index + 1}`;
        return { id, ...toNode(id, message) };
      }),
    ),
    null,
  ];
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function toNode(id: string, message: Record<string, unknown>): Node {
  const time = readTime(message.timestamp);
  return { parent: idOf(message.parentId), content: toMessage(id, message, time), time: time ?? 0 };
}

function toMessage(
  id: string,
  message: Record<string, unknown>,
  time: number | null,
): Message | string | null {
  const { role } = message;
  const parts = [message.content].flat();
  const texts = parts.flatMap((part) => textOf(isObject(part) ? part.text : part) ?? []);
  const others = parts.flatMap((part) =>
    isObject(part) && typeof part.text !== 'string' ? [textOf(part.type) ?? 'unknown'] : [],
  );
  for (const file of Array.isArray(message.files) ? message.files.filter(isObject) : [])
    others.push(textOf(file.name) ?? textOf(file.type) ?? 'file');
  const said = texts.join('\n\n');
  const { text, leftOut } = role === 'assistant' ? withoutBlocks(said) : { text: said, leftOut: [] };
  for (const part of parts)
    if (typeof part !== 'string' && !isObject(part) && !isNothing(part)) leftOut.push(OF_WRONG_TYPE);
  if (text === '' && others.length === 0)
    return isObject(message.error) || message.error === true ? 'errors' : (leftOut[0] ?? null);
  if (role !== 'user' && role !== 'assistant')
    return role === 'tool' ? 'messages of tools' : 'messages of the system';
  const model = textOf(message.model) ?? textOf(message.modelName);
  return { id, role, text, others, time, model: role === 'user' ? null : model, isNamed: true, leftOut };
}

const BLOCKS: Record<string, string> = {
  reasoning: 'thoughts',
  tool_calls: 'calls of tools',
  code_interpreter: 'calls of tools',
};
const [OPENING, CLOSING] = ['<details', '</details>'];

/** An answer without the blocks that the program writes into it; one that is not closed is text. */
function withoutBlocks(said: string): { text: string; leftOut: string[] } {
  const kept: string[] = [];
  const leftOut: string[] = [];
  let from = 0;
  for (let start = said.indexOf(OPENING); start >= 0; start = said.indexOf(OPENING, start)) {
    const end = said.indexOf(CLOSING, start);
    if (end < 0) break;
    const tag = said.slice(start, Math.min(end, said.indexOf('>', start)));
    const what = BLOCKS[/\btype="(\w+)"/.exec(tag)?.[1] ?? ''];
    if (what) {
      kept.push(said.slice(from, start));
      leftOut.push(what);
      from = end + CLOSING.length;
    }
    start = end + CLOSING.length;
  }
  return { text: leftOut.length > 0 ? [...kept, said.slice(from)].join('').trim() : said, leftOut };
}
