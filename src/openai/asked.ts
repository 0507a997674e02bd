import type { IncomingMessage } from 'node:http';
import type { Thread } from '../domains/query/thread.ts';
import { asSaid } from './documents.ts';
import { BadField } from './errors.ts';
import { headerOf, temporaryChat } from './identity.ts';
import { isObject, type Message, placeOfOthers, readMessages, saidIn, tokensOf } from './messages.ts';
import { modelNamed } from './models.ts';
import { type OpenAiServices, OWN_MODEL } from './request.ts';

/** A request for a chat, as it was understood. */
export interface AskedChat {
  readonly model: string;
  /** As users wrote them; the thread has them as they came. */
  readonly messages: readonly Message[];
  readonly thread: Thread;
  /** Whether anything is said in it that can be remembered. */
  readonly isSaid: boolean;
  /** Where the question stands in the request. */
  readonly questionField: string;
  readonly isStreamed: boolean;
  readonly wantsUsage: boolean;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly user: unknown;
}

/** Takes the name of what a client asks for its own sake (`{{TASK}}` of Open WebUI); empty for what a user says. */
const TASK = 'x-echo-task';
/** How prompts of programs begin, and what else is in each of them, so that no user's own words are taken for one. */
const TASKS: readonly (readonly [begin: string, inside: string])[] = [
  // Open WebUI: titles, tags, follow-ups, searches, pictures, completions; its prompt with documents has no history.
  ['### Task:', '<chat_history>'],
  // Open WebUI: emoji.
  [
    "Your task is to reflect the speaker's likely facial expression through a fitting emoji.",
    '\n\nMessage: ```',
  ],
  // LibreChat: titles, in the words of its versions.
  ['Provide a concise, 5-word-or-less title for the conversation, using ', '\n\nConversation:\n'],
  [
    'Analyze this conversation and provide:\n1. The detected language of the conversation\n',
    '\n2. A concise title in the detected language (5 words or less, no punctuation or quotation)\n\n',
  ],
];

/** Levels of lists and objects within each other; schemas of tools have a few dozen at most. */
const MAX_DEPTH = 100;
const OUR_METADATA = ['x-echo-user', 'x-echo-conversation', 'user_id', 'conversation_id'];
/** Answers would hold what is not passed on. */
const NOT_PASSED_ON: readonly (readonly [
  field: string,
  isWanted: (value: unknown) => boolean,
  instead: string,
])[] = [
  ['logprobs', Boolean, 'are not passed on; leave them out'],
  ['functions', Boolean, 'are not passed on; use tools'],
  ['function_call', Boolean, 'is not passed on; use tool_choice'],
  ['audio', Boolean, 'is not passed on; ask for text'],
  [
    'modalities',
    (value) => !Array.isArray(value) || value.some((each) => each !== 'text'),
    'may only be ["text"]',
  ],
];

/** Looks at the body of a request for a chat. @throws BadField, UnknownModel */
export function readChat(services: OpenAiServices, body: unknown): AskedChat {
  if (!isObject(body)) throw new BadField('body', 'must be a JSON object');
  for (const [field, value] of Object.entries(body))
    if (isDeeperThan(value, MAX_DEPTH))
      throw new BadField(field, `must be nested at most ${MAX_DEPTH} levels deep`);
  const { model, messages: given, stream, stream_options: streaming, n, metadata, ...others } = body;
  const { max_tokens: maxTokens, max_completion_tokens: maxCompletion, ...fields } = others;
  if (typeof model !== 'string') throw new BadField('model', 'must be the name of a model');
  const named = modelNamed(services, model);
  const messages = readMessages(given);
  if (n !== undefined && n !== null && n !== 1)
    throw new BadField('n', 'must be 1: one answer is made and stored');
  for (const [field, isWanted, instead] of NOT_PASSED_ON)
    if (fields[field] !== undefined && fields[field] !== null && isWanted(fields[field]))
      throw new BadField(field, instead);
  const limit = tokenLimit(maxCompletion, 'max_completion_tokens') ?? tokenLimit(maxTokens, 'max_tokens');
  const kept = checkedMetadata(metadata);
  const written = asSaid(messages);
  const said = saidIn(written);
  if (!services.config.languageModels) checkBuiltIn(messages, said !== null, fields);
  return {
    model,
    messages: written,
    isSaid: said !== null,
    questionField: `messages.${said?.lastUser ?? 0}.content`,
    isStreamed: flag(stream, 'stream'),
    wantsUsage: usageWanted(streaming),
    metadata: isObject(metadata) ? metadata : null,
    user: fields.user,
    thread: {
      ...(said ?? {
        lastUser: 0,
        question: '',
        said: new Set<string>(),
        begun: '',
      }),
      tokens: tokensOf(messages),
      messages,
      model: named,
      fields: { ...fields, ...(kept && { metadata: kept }), ...(limit !== null && { max_tokens: limit }) },
    },
  };
}

/** What nothing but a model can do. @throws BadField */
function checkBuiltIn(messages: readonly Message[], isSaid: boolean, fields: Record<string, unknown>): void {
  const place = placeOfOthers(messages);
  if (place)
    throw new BadField(place, `only text is understood by ${OWN_MODEL}: no language model is configured`);
  if (!isSaid) throw new BadField('messages', 'must have a message of the role user with text');
  const { tool_choice: choice, response_format: format } = fields;
  if (isObject(choice) || choice === 'required')
    throw new BadField('tool_choice', 'no language model is configured, and nothing else calls tools');
  if (isObject(format) && format.type !== 'text')
    throw new BadField('response_format', 'no language model is configured, and answers are text');
}

/** What is no name of ours, for the model's provider. */
function checkedMetadata(metadata: unknown): Record<string, unknown> | null {
  if (metadata === undefined || metadata === null) return null;
  if (!isObject(metadata)) throw new BadField('metadata', 'must be an object');
  const kept = Object.entries(metadata).filter(([key]) => !OUR_METADATA.includes(key));
  return kept.length > 0 ? Object.fromEntries(kept) : null;
}

function tokenLimit(value: unknown, field: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new BadField(field, 'must be a whole number from 1');
}

function flag(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new BadField(field, 'must be true or false');
  return value;
}

function usageWanted(streaming: unknown): boolean {
  if (streaming === undefined || streaming === null) return false;
  if (!isObject(streaming)) throw new BadField('stream_options', 'must be an object');
  return flag(streaming.include_usage, 'stream_options.include_usage');
}

/**
 * The name of what says that nothing is to be read or stored for this request: a header, or where the question stands
 * if that is a client's own; null: it is remembered.
 *
 * @throws BadField
 */
export function unrememberedBy(request: IncomingMessage, asked: AskedChat): string | null {
  const memory = headerOf(request, 'x-echo-memory')?.toLowerCase() ?? 'on';
  if (memory !== 'on' && memory !== 'off') throw new BadField('x-echo-memory', 'must be on or off');
  if (memory === 'off') return 'x-echo-memory';
  const temporary = temporaryChat(request, asked.metadata);
  if (temporary !== null) return temporary;
  const task = headerOf(request, TASK)?.trim() ?? '';
  // Who does not know the template leaves it as it stands.
  if (task !== '' && !task.startsWith('{{')) return TASK;
  return isTaskOfClient(asked.thread.question) ? asked.questionField : null;
}

/** What programs ask for their own sake, such as titles of chats: it holds the chat, which is stored already. */
function isTaskOfClient(question: string): boolean {
  return TASKS.some(([begin, inside]) => question.startsWith(begin) && question.includes(inside));
}

function isDeeperThan(root: unknown, limit: number): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}
