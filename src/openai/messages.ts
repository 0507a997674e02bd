import type { Thread } from '../domains/query/thread.ts';
import { BadField } from './errors.ts';

/** What a thread says, as far as memory needs it. */
export type SaidInThread = Pick<Thread, 'lastUser' | 'question' | 'said' | 'begun'>;

export interface Message {
  readonly role: (typeof ROLES)[number];
  readonly content?: unknown;
  /** The words of an assistant that refused, which has no content then. */
  readonly refusal?: unknown;
  readonly tool_calls?: unknown;
  readonly tool_call_id?: unknown;
}

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;
/** What is kept of a part that is no text: that there was one. */
const OTHERS: Readonly<Record<string, string>> = {
  image_url: '[image]',
  input_audio: '[audio]',
  file: '[file]',
};
/** What a picture and the like may cost; models differ. */
const TOKENS_OF_OTHERS = 1_000;
const TOKENS_PER_MESSAGE = 4;
const BYTES_PER_TOKEN = 4;

/** Looks at the messages of a request. @throws BadField */
export function readMessages(value: unknown): Message[] {
  if (!Array.isArray(value)) throw new BadField('messages', 'must be a list of messages');
  if (value.length === 0) throw new BadField('messages', 'must have at least 1 entry');
  const called = new Set<string>();
  return value.map((message: unknown, index) => {
    const field = `messages.${index}`;
    if (!isObject(message)) throw new BadField(field, 'must be an object');
    const role = ROLES.find((each) => each === message.role);
    if (!role) throw new BadField(`${field}.role`, `must be one of ${ROLES.join(', ')}`);
    checkContent(message, role, `${field}.content`);
    if (role === 'assistant') for (const id of callsOf(message, field)) called.add(id);
    if (role === 'tool') checkResult(message.tool_call_id, called, `${field}.tool_call_id`);
    return { ...message, role };
  });
}

function checkContent({ content, tool_calls }: Record<string, unknown>, role: string, field: string): void {
  if (typeof content === 'string') return;
  if (content === null || content === undefined) {
    if (role === 'assistant') return;
    throw new BadField(field, 'is missing');
  }
  if (!Array.isArray(content)) throw new BadField(field, 'must be text or a list of parts');
  if (content.length === 0 && tool_calls === undefined)
    throw new BadField(field, 'must have at least 1 part');
  for (const [index, part] of content.entries()) {
    if (!isObject(part) || typeof part.type !== 'string')
      throw new BadField(`${field}.${index}.type`, 'must be text');
    if (part.type === 'text' && typeof part.text !== 'string')
      throw new BadField(`${field}.${index}.text`, 'must be text');
  }
}

function callsOf({ tool_calls: calls }: Record<string, unknown>, field: string): string[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw new BadField(`${field}.tool_calls`, 'must be a list');
  return calls.map((call: unknown, index) => {
    if (isObject(call) && typeof call.id === 'string') return call.id;
    throw new BadField(`${field}.tool_calls.${index}.id`, 'must be text');
  });
}

function checkResult(id: unknown, called: ReadonlySet<string>, field: string): void {
  if (typeof id !== 'string') throw new BadField(field, 'must be text');
  if (!called.has(id)) throw new BadField(field, 'names no call of a tool in the messages before it');
}

/** What is said in a thread; null where no user says anything in words, so that there is nothing to remember. */
export function saidIn(messages: readonly Message[]): SaidInThread | null {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user');
  const question = lastUser < 0 ? '' : textOf(messages[lastUser]?.content);
  if (question.trim() === '') return null;
  const users = messages.filter(({ role }) => role === 'user');
  return {
    lastUser,
    question,
    said: new Set(users.map(({ content }) => textOf(content))),
    begun: begunIn(messages.slice(lastUser + 1)),
  };
}

/** About how many tokens messages have. */
export function tokensOf(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => {
    const { content, tool_calls: calls } = message;
    const text = Buffer.byteLength(saidBy(message));
    const called = calls ? Buffer.byteLength(JSON.stringify(calls)) : 0;
    const others = othersIn(content) * TOKENS_OF_OTHERS;
    return sum + Math.ceil((text + called) / BYTES_PER_TOKEN) + others + TOKENS_PER_MESSAGE;
  }, 0);
}

/** What the assistant wrote behind the last question: before it called something, or as a beginning to go on with. */
function begunIn(messages: readonly Message[]): string {
  return messages
    .map((message, index) => {
      const text = message.role === 'assistant' ? saidBy(message) : '';
      return text === '' || index === messages.length - 1 ? text : `${text}\n\n`;
    })
    .join('');
}

/** The words of a message: what it says, or with which it refuses. */
export function saidBy({ content, refusal }: Message): string {
  const text = textOf(content);
  return text === '' && typeof refusal === 'string' ? refusal : text;
}

/** The words of a content, and in square brackets what else it holds. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isObject)
    .map(({ type, text, refusal }) => [text, refusal, OTHERS[String(type)]].find(isText) ?? '')
    .filter((text) => text !== '')
    .join('\n');
}

/** Where a message holds something else than text; null: nowhere. */
export function placeOfOthers(messages: readonly Message[]): string | null {
  const at = messages.findIndex(({ content }) => othersIn(content) > 0);
  if (at < 0) return null;
  const parts = messages[at]?.content as readonly unknown[];
  return `messages.${at}.content.${parts.findIndex(isOther)}`;
}

function othersIn(content: unknown): number {
  return Array.isArray(content) ? content.filter(isOther).length : 0;
}

function isOther(part: unknown): boolean {
  return isObject(part) && part.type !== 'text' && part.type !== 'refusal';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
