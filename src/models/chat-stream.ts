import { EventSourceParserStream } from 'eventsource-parser/stream';

/** What a server says of an answer, as it comes. */
export type ChatEvent =
  | { type: 'text'; text: string }
  /** The model says, marked as such, that it will not answer. */
  | { type: 'refusal'; text: string }
  /** The model wants something called; as the server wrote it. */
  | { type: 'calls'; calls: readonly unknown[] }
  /** The model thinks: no text, and a sign of life. */
  | { type: 'progress' }
  /** Numbers as the server wrote them. */
  | { type: 'usage'; tokensIn: unknown; tokensOut: unknown }
  | { type: 'finish'; reason: string }
  | { type: 'done' };

/** The stream holds something that is no part of an answer. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

/** The server says within the answer that it failed. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** What it said, as it said it: for recognition only, never to be shown. */
  readonly said: unknown;
  constructor(said: unknown) {
    super('the server reported an error');
    this.said = said;
  }
}

/** Between two pieces, servers write this much at most. */
const MAX_EVENT_CHARACTERS = 16_777_216;

/**
 * Reads an answer of the OpenAI chat protocol as servers really write it: as events or as one JSON document, with
 * parts missing, null, of other types or unknown. Only text, signs of life, counts and ends come out.
 *
 * A validating client threw whole answers away over one odd chunk behind them; this reads what it needs, and nothing
 * that it does not need can fail it.
 *
 * @throws UnreadableAnswer, ServerError, and what reading the body throws
 */
export async function* readChat(response: Response): AsyncGenerator<ChatEvent> {
  if (!response.body) return;
  const type = response.headers.get('content-type') ?? '';
  if (/\bjson\b/i.test(type) && !/event-stream|ndjson|jsonl/i.test(type)) {
    yield* eventsOf(parse(await response.text()));
    yield { type: 'done' };
    return;
  }
  const events = response.body
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    // The last event may lack the empty line that ends it.
    .pipeThrough(new TransformStream<string, string>({ flush: (controller) => controller.enqueue('\n\n') }))
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_EVENT_CHARACTERS }));
  for await (const { event, data } of events) {
    for (const value of valuesOf(data)) {
      if (value === DONE) return yield { type: 'done' };
      if (event === 'error') throw new ServerError(value);
      yield* eventsOf(value);
    }
  }
}

const DONE = Symbol('done');

/** The JSON values of one event: one, or one in each line where a server leaves out the empty lines between events. */
function valuesOf(data: string): unknown[] {
  const text = data.trim();
  if (text === '') return [];
  if (text === '[DONE]') return [DONE];
  if (!text.includes('\n')) return [parse(text)];
  try {
    return [JSON.parse(text)];
  } catch {
    return text.split('\n').flatMap(valuesOf);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableAnswer('it is not JSON');
  }
}

function* eventsOf(chunk: unknown): Generator<ChatEvent> {
  if (!isObject(chunk)) return;
  if (chunk.error || chunk.object === 'error') throw new ServerError(chunk.error || chunk);
  const choice = isObject(chunk.choices) ? firstChoice(Object.values(chunk.choices)) : null;
  if (choice) {
    const delta = [choice.delta, choice.message].find(isObject) ?? {};
    if (REASONING.some((name) => hasSomething(delta[name]))) yield { type: 'progress' };
    yield* textOf(hasSomething(delta.content) ? delta.content : choice.text);
    yield* refusalIn(delta);
    const { tool_calls: calls } = delta;
    if (hasSomething(calls)) yield { type: 'calls', calls: Array.isArray(calls) ? calls : [calls] };
  }
  const usage = [chunk.usage, isObject(chunk.x_groq) ? chunk.x_groq.usage : null].find(isObject);
  if (usage)
    yield {
      type: 'usage',
      tokensIn: usage.prompt_tokens ?? usage.input_tokens,
      tokensOut: usage.completion_tokens ?? usage.output_tokens,
    };
  const reason = choice?.finish_reason;
  if (typeof reason === 'string' && reason !== '') yield { type: 'finish', reason };
}

const REASONING = ['reasoning_content', 'reasoning', 'thinking', 'reasoning_details'];

function* refusalIn({ refusal }: Record<string, unknown>): Generator<ChatEvent> {
  if (typeof refusal === 'string' && refusal !== '') yield { type: 'refusal', text: refusal };
}

/** Text, or a list of parts, some of which may be thoughts, or refuse. */
function* textOf(content: unknown): Generator<ChatEvent> {
  if (typeof content === 'string') {
    if (content !== '') yield { type: 'text', text: content };
    return;
  }
  if (!Array.isArray(content)) return;
  for (const part of content) {
    if (typeof part === 'string') yield* textOf(part);
    else if (isObject(part) && typeof part.text === 'string' && (part.type ?? 'text') === 'text')
      yield* textOf(part.text);
    else if (isObject(part) && part.type === 'refusal') yield* refusalIn(part);
    else yield { type: 'progress' };
  }
}

/** Only one answer was asked for. */
function firstChoice(choices: readonly unknown[]): Record<string, unknown> | null {
  return choices.filter(isObject).find(({ index }) => (index ?? 0) === 0) ?? null;
}

function hasSomething(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) ? value.length > 0 : isObject(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
