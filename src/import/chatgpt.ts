import { createHash } from 'node:crypto';
import { MAX_QUERY_LENGTH, MAX_RESPONSE_LENGTH, MAX_TITLE_LENGTH } from '../ground/input.ts';
import { type Message, readTime, visibleMessages } from './chatgpt-messages.ts';
import { BrokenElement, readElements } from './elements.ts';
import type { Position } from './files.ts';
import { bad, badElement, type ImportRecord, isObject, toTurnRecord } from './records.ts';
import { inPieces, storable } from './storable.ts';

/**
 * Reads the `conversations.json` of a ChatGPT export: an array of conversations (or one alone, or one a line), each a tree of messages of which
 * the path from the root to `current_node` is what the user saw. A user message and the assistant's texts after it
 * become one turn, a text over the server's limit further turns; what is not text is named in the metadata.
 * Conversations without messages hold nothing. `line` counts conversations.
 *
 * What nobody said or saw is counted in `position.leftOut`.
 *
 * @throws ImportFileError where the JSON breaks off before its first conversation
 */
export async function* readChatGpt(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const element of readElements(file, position, null))
    for (const conversation of conversationsIn(element)) yield* toRecords(++line, conversation, position);
}

/** Some tools write each conversation in a list of its own, or all of them into an object. */
function conversationsIn(element: unknown): readonly unknown[] {
  if (Array.isArray(element) && element.length > 0) return element;
  if (!isObject(element) || 'mapping' in element) return [element];
  const lists = Object.values(element).filter(
    (value): value is unknown[] =>
      Array.isArray(value) && value.some((each) => isObject(each) && 'mapping' in each),
  );
  return lists.length > 0 ? lists.flat() : [element];
}

function* toRecords(line: number, conversation: unknown, position: Position): Generator<ImportRecord> {
  if (conversation instanceof BrokenElement) return yield badElement(line, conversation);
  if (!isObject(conversation)) return yield bad(line, null, 'must be an object');
  const { mapping } = conversation;
  if (mapping !== undefined && mapping !== null && typeof mapping !== 'object')
    return yield bad(line, 'mapping', 'must be an object');
  const { messages, leftOut } = visibleMessages(conversation);
  for (const what of leftOut) position.leftOut?.set(what, (position.leftOut.get(what) ?? 0) + 1);
  const exchanges = pairMessages(messages);
  const [first] = exchanges;
  if (!first) return;
  const given = [conversation.id, conversation.conversation_id, first.messages[0]?.id]
    .map((name) => (typeof name === 'number' ? String(name) : name))
    .find((name) => typeof name === 'string' && name !== '');
  if (typeof given !== 'string') return yield bad(line, 'id', 'must be text (or "conversation_id")');
  const id = nameFor(storable(given));
  const title = typeof conversation.title === 'string' ? titleFor(conversation.title) : null;
  const times = timesOf(exchanges, conversation);
  const model = conversation.default_model_slug;
  for (const [index, exchange] of exchanges.entries()) {
    const named = exchange.messages.find((message) => message.isNamed) ?? exchange.messages[0];
    for (const turn of toTurns(
      id,
      exchange,
      times[index] ?? OLDEST_MS,
      typeof model === 'string' ? model : null,
    )) {
      const record = toTurnRecord(line, turn, `message ${named?.id}: `, NAMES);
      yield record.kind === 'turn' && title !== null ? { ...record, title } : record;
    }
  }
}

type Exchange = { query: Message | null; answers: Message[]; messages: Message[] };

/** What this format calls a field of a turn. */
const NAMES = {
  query: 'content',
  response: 'content of the answers',
  conversationId: 'id',
  timestamp: 'create_time',
};

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

/** Of a message without any time in its conversation: the service is no older. */
const OLDEST_MS = Date.UTC(2022, 10, 30);

/** A clock may be ahead by so much; what is later was said by nobody yet. */
const AHEAD_MS = 86_400_000;

/**
 * When each exchange was: by its own time, else its answer's, else that of the one before or behind, else as the
 * conversation says, and then never later than what followed. A time that has not come is none.
 */
function timesOf(exchanges: readonly Exchange[], conversation: Record<string, unknown>): number[] {
  const latest = Date.now() + AHEAD_MS;
  const firstOf = (given: readonly (number | null)[]) =>
    given.find((time) => time !== null && time <= latest) ?? null;
  const own = exchanges.map(({ messages }) => firstOf(messages.map(({ time }) => time)));
  const fallback =
    firstOf([readTime(conversation.create_time), readTime(conversation.update_time)]) ?? OLDEST_MS;
  const times = own.map(
    (time, index) =>
      time ??
      own.slice(0, index).findLast((each) => each !== null) ??
      own.slice(index + 1).find((each) => each !== null) ??
      fallback,
  );
  // Its own time is what the file says, also where another message's is wrong.
  for (let index = times.length - 2; index >= 0; index--)
    if (own[index] === null)
      times[index] = Math.min(times[index] ?? OLDEST_MS, times[index + 1] ?? OLDEST_MS);
  return times;
}

/** The turn of an exchange, and of a text over the limit the turns before and behind it that hold the rest. */
function toTurns(
  conversationId: string,
  exchange: Exchange,
  time: number,
  usualModel: string | null,
): Record<string, unknown>[] {
  const { query, answers, messages } = exchange;
  const others = messages.flatMap((message) => message.others);
  const answer = answers.flatMap(({ text }) => (text === '' ? [] : [text])).join('\n\n');
  const model =
    answers.findLast((message) => message.model !== null)?.model ?? (answers.length > 0 ? usualModel : null);
  const named = messages.filter(({ isNamed }) => isNamed);
  const ids = (named.length > 0 ? named : messages).map(({ id }) => id);
  const said = inPieces(query ? query.text || `[${query.others.join(', ')}]` : answer, MAX_QUERY_LENGTH);
  const [answered = '', ...rest] = query ? answersFor(answer) : [''];
  const key = toKey(conversationId, ids);
  const metadata = {
    source: 'chatgpt',
    messageIds: ids,
    ...(others.length > 0 ? { nonTextParts: others } : {}),
  };
  const common = {
    conversationId,
    timestamp: new Date(time).toISOString(),
    ...(model ? { modelUsed: cut(storable(model), MAX_MODEL_LENGTH) } : {}),
  };
  const main = { ...common, ...(query ? { response: answered } : { speaker: 'assistant' }) };
  const parts = [
    ...said
      .slice(0, -1)
      .map((text) => ({ ...common, query: text, ...(query ? {} : { speaker: 'assistant' }) })),
    { ...main, query: said.at(-1) ?? '' },
    ...rest.map((text) => ({ ...common, query: text, speaker: 'assistant' })),
  ];
  return parts.map((part, index) => ({
    ...part,
    metadata: parts.length === 1 ? metadata : { ...metadata, part: { number: index + 1, of: parts.length } },
    idempotencyKey: parts.length === 1 ? key : toKey(`${key} part`, [String(index + 1)]),
  }));
}

const MAX_MODEL_LENGTH = 100;

/** The answer as far as a turn may hold it, and the rest in pieces that a query may hold. */
function answersFor(answer: string): string[] {
  const [first = '', ...rest] = inPieces(answer, MAX_RESPONSE_LENGTH);
  return [first, ...rest.flatMap((piece) => inPieces(piece, MAX_QUERY_LENGTH))];
}

function cut(text: string, maximum: number): string {
  return Array.from(text).slice(0, maximum).join('');
}

function titleFor(title: string): string | null {
  const cleaned = cut(storable(title).trim(), MAX_TITLE_LENGTH).trim();
  return cleaned === '' ? null : cleaned;
}

const MAX_NAME_LENGTH = 100;

/** A name that a conversation can have: its id, or what follows from it where that is too long. */
function nameFor(id: string): string {
  return id.length <= MAX_NAME_LENGTH ? id : `chatgpt-${createHash('sha256').update(id).digest('hex')}`;
}

/**
 * All messages' ids name the turn: a later export in which the answer goes on is another turn, not the same key with
 * another content.
 */
function toKey(conversationId: string, messageIds: readonly string[]): string {
  const key = `chatgpt/${conversationId}/${messageIds.join('+')}`;
  return /^[\x20-\x7e]{1,255}$/.test(key) ? key : `chatgpt/${createHash('sha256').update(key).digest('hex')}`;
}
