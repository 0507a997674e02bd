import { createHash } from 'node:crypto';
import { MAX_QUERY_LENGTH, MAX_RESPONSE_LENGTH, MAX_TITLE_LENGTH } from '../ground/input.ts';
import { beginningOf, inPieces, storableText } from '../texts.ts';
import { countLeftOut, type Position } from './files.ts';
import type { Message } from './messages.ts';
import { type ImportRecord, toTurnRecord } from './records.ts';

/** A conversation of an export, as it was seen. */
export type Conversation = {
  /** Whose export it is; begins the keys of its turns. */
  source: string;
  id: string;
  title?: string | null;
  messages: readonly Message[];
  /** Milliseconds since 1970 that stand in for a message's own time; the first that is known. */
  times?: readonly (number | null)[];
  /** The model of answers that name none. */
  model?: string | null;
  /** Nothing was said before; milliseconds since 1970. */
  since: number;
  /** Said of each of its turns. */
  metadata?: Record<string, unknown>;
  /** The ids of its messages are made from their texts, and mean nothing to anybody. */
  hasMadeIds?: boolean;
  /** What the format calls a field of a turn. */
  names?: Record<string, string>;
};

/**
 * The turns of a conversation: a user message and the answers after it become one, a text over the server's limit
 * further ones; what is not text is named in the metadata. Answers of several, one after the other, are turns of their
 * own.
 *
 * @param line counts in the format's unit
 * @param position told of answers to nobody that are no text
 */
export function* toTurnRecords(
  line: number,
  conversation: Conversation,
  position: Position,
): Generator<ImportRecord> {
  const { exchanges, leftOut } = pairMessages(conversation.messages);
  countLeftOut(position, leftOut);
  if (exchanges.length === 0) return;
  const id = nameFor(conversation.source, conversation.id);
  const title = conversation.title ? titleFor(conversation.title) : null;
  const times = timesOf(exchanges, conversation);
  for (const [index, exchange] of exchanges.entries()) {
    const named = exchange.messages.find((message) => message.isNamed) ?? exchange.messages[0];
    for (const turn of toTurns(id, exchange, times[index] ?? conversation.since, conversation)) {
      const record = toTurnRecord(line, turn, `message ${named?.id}: `, conversation.names);
      yield record.kind === 'turn' && title !== null ? { ...record, title } : record;
    }
  }
}

type Exchange = { query: Message | null; answers: Message[]; messages: Message[] };

function pairMessages(messages: readonly Message[]): { exchanges: Exchange[]; leftOut: string[] } {
  const exchanges: Exchange[] = [];
  for (const message of messages) {
    const last = exchanges.at(-1);
    const answered = last?.answers[0];
    const isOthers = answered !== undefined && answered.name !== message.name;
    if (message.role === 'user' || !last || isOthers) {
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
  const isSaid = ({ query, answers }: Exchange) => query !== null || answers.some(({ text }) => text !== '');
  return {
    exchanges: exchanges.filter(isSaid),
    leftOut: exchanges
      .filter((exchange) => !isSaid(exchange))
      .flatMap(({ messages: unsaid }) => unsaid.map(() => 'answers without a text')),
  };
}

/** A clock may be ahead by so much; what is later was said by nobody yet. */
const AHEAD_MS = 86_400_000;

/**
 * When each exchange was: by its own time, else its answer's, else that of the one before or behind, else as the
 * conversation says, and then never later than what followed. A time that has not come is none.
 */
function timesOf(exchanges: readonly Exchange[], { times: given = [], since }: Conversation): number[] {
  const latest = Date.now() + AHEAD_MS;
  const firstOf = (candidates: readonly (number | null)[]) =>
    candidates.find((time) => time !== null && time <= latest) ?? null;
  const own = exchanges.map(({ messages }) => firstOf(messages.map(({ time }) => time)));
  const fallback = firstOf(given) ?? since;
  let known: number | null = null;
  const before = own.map((time) => (known = time ?? known));
  known = null;
  const behind = own
    .toReversed()
    .map((time) => (known = time ?? known))
    .toReversed();
  const times = own.map((_time, index) => before[index] ?? behind[index] ?? fallback);
  // Its own time is what the file says, also where another message's is wrong.
  for (let index = times.length - 2; index >= 0; index--)
    if (own[index] === null) times[index] = Math.min(times[index] ?? since, times[index + 1] ?? since);
  return times;
}

/** The turn of an exchange, and of a text over the limit the turns before and behind it that hold the rest. */
function toTurns(
  conversationId: string,
  exchange: Exchange,
  time: number,
  { source, model: usualModel = null, metadata: more = {}, hasMadeIds = false }: Conversation,
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
  const key = toKey(source, conversationId, ids);
  const metadata = {
    source,
    ...more,
    ...(hasMadeIds ? {} : { messageIds: ids }),
    ...(others.length > 0 ? { nonTextParts: others } : {}),
  };
  const common = {
    conversationId,
    timestamp: new Date(time).toISOString(),
    ...(model ? { modelUsed: beginningOf(storableText(model), MAX_MODEL_LENGTH) } : {}),
  };
  const name = answers[0]?.name ? beginningOf(answers[0].name, MAX_SPEAKER_LENGTH) : null;
  const speaker = name ?? 'assistant';
  const responder = name !== null && answered !== '' ? { responder: name } : {};
  const main = { ...common, ...(query ? { response: answered, ...responder } : { speaker }) };
  const parts = [
    ...said.slice(0, -1).map((text) => ({ ...common, query: text, ...(query ? {} : { speaker }) })),
    { ...main, query: said.at(-1) ?? '' },
    ...rest.map((text) => ({ ...common, query: text, speaker })),
  ];
  return parts.map((part, index) => ({
    ...part,
    metadata: parts.length === 1 ? metadata : { ...metadata, part: { number: index + 1, of: parts.length } },
    idempotencyKey: parts.length === 1 ? key : toKey(source, `${key} part`, [String(index + 1)]),
  }));
}

const MAX_MODEL_LENGTH = 100;
const MAX_SPEAKER_LENGTH = 100;

/** The answer as far as a turn may hold it, and the rest in pieces that a query may hold. */
function answersFor(answer: string): string[] {
  const [first = '', ...rest] = inPieces(answer, MAX_RESPONSE_LENGTH);
  return [first, ...rest.flatMap((piece) => inPieces(piece, MAX_QUERY_LENGTH))];
}

function titleFor(title: string): string | null {
  const cleaned = beginningOf(storableText(title).trim(), MAX_TITLE_LENGTH).trim();
  return cleaned === '' ? null : cleaned;
}

const MAX_NAME_LENGTH = 100;

/** A name that a conversation can have: its id, or what follows from it where that is too long. */
export function nameFor(source: string, id: string): string {
  return id.length <= MAX_NAME_LENGTH ? id : `${source}-${createHash('sha256').update(id).digest('hex')}`;
}

/**
 * All messages' ids name the turn: a later export in which the answer goes on is another turn, not the same key with
 * another content.
 */
export function toKey(source: string, conversationId: string, messageIds: readonly string[]): string {
  const key = `${source}/${conversationId}/${messageIds.join('+')}`;
  return /^[\x20-\x7e]{1,255}$/.test(key)
    ? key
    : `${source}/${createHash('sha256').update(key).digest('hex')}`;
}
