import { Clock, type Ended, ReaderFailed } from './chat-clock.ts';
import { DECLINED, describeError, type Failed, failed, refusalOf } from './chat-failure.ts';
import { readChat } from './chat-stream.ts';
import { type FinishReason, type ModelAnswer, ModelFailure, type ModelRequest } from './language-model.ts';
import { finishReasonOf, ModelOutput, type OutputReader, Refusal, tokenCount } from './model-output.ts';
import { connectionTo, type ProviderOptions } from './provider.ts';
import { ToolCalls } from './tool-calls.ts';

/** A model behind an endpoint, and how long it may take for how much. */
export interface ChatOptions extends ProviderOptions {
  /** The provider's id of the model. */
  model: string;
  /** Limit for the whole answer, from its first piece on. */
  timeoutMs: number;
  /** Limit for the wait for the first piece, retries and their delays included; at most `timeoutMs`. */
  firstTokenMs: number;
  /** Limit for the wait between two pieces. */
  stallMs: number;
  /** Characters of an answer; what is beyond is cut off. */
  maxCharacters: number;
}

export type Answered = { answer: ModelAnswer };
export interface Attempt {
  readonly options: ChatOptions;
  readonly request: ModelRequest;
  /** Further fields of the request. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly firstTokenMs: number;
  readonly reader: OutputReader;
}

/** One request. Only what the reader throws comes as an exception. */
export async function attempt(given: Attempt): Promise<Answered | Failed> {
  const { options, request, signal, reader } = given;
  const question = request.messages.at(-1)?.content ?? '';
  const { maxCharacters } = options;
  const output = new ModelOutput({ maxCharacters, question, instructions: instructionsOf(request), reader });
  const calls = new ToolCalls({ maxCharacters: options.maxCharacters, reader });
  const refusal = new Refusal(options.maxCharacters);
  const progress: Progress = {
    hasBegun: false,
    finish: null,
    tokensIn: null,
    tokensOut: null,
    calls,
    refusal,
  };
  const clock = new Clock(given);
  const cancel = () => clock.stop('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    const ended = await clock.watch(() => exchange(given, clock, output, progress));
    return conclude(given, ended, output, progress);
  } finally {
    signal.removeEventListener('abort', cancel);
    // Whatever is left of the connection is closed.
    clock.close();
  }
}

interface Progress {
  hasBegun: boolean;
  /** As the server named it. */
  finish: string | null;
  tokensIn: number | null;
  tokensOut: number | null;
  readonly calls: ToolCalls;
  readonly refusal: Refusal;
}

async function exchange(
  given: Attempt,
  clock: Clock,
  output: ModelOutput,
  progress: Progress,
): Promise<Ended> {
  clock.signal.throwIfAborted();
  const response = await send(given, clock.signal);
  for await (const event of readChat(response)) {
    clock.signal.throwIfAborted();
    if (event.type === 'done') return { by: 'done' };
    if (event.type === 'usage') {
      progress.tokensIn = tokenCount(event.tokensIn) ?? progress.tokensIn;
      progress.tokensOut = tokenCount(event.tokensOut) ?? progress.tokensOut;
    } else if (event.type === 'finish') {
      progress.finish = event.reason;
      clock.awaitAfterword();
    } else {
      progress.hasBegun = true;
      if (progress.finish === null) clock.tick();
      if (event.type === 'progress') continue;
      if (event.type === 'refusal') {
        progress.refusal.push(event.text);
        if (progress.refusal.isFull) return { by: 'full' };
        continue;
      }
      try {
        if (event.type === 'text') output.push(event.text);
        // Whoever did not offer anything to be called has no use for it.
        else if (given.request.verbatim) progress.calls.push(event.calls);
      } catch (error) {
        throw new ReaderFailed('the reader failed', { cause: error });
      }
      if (output.isFull || progress.calls.isFull) return { by: 'full' };
    }
  }
  clock.signal.throwIfAborted();
  return { by: 'end' };
}

/** What was asked for before the conversation. */
function instructionsOf({ system, verbatim }: ModelRequest): string {
  const own = (verbatim?.messages ?? []) as readonly { role?: unknown; content?: unknown }[];
  const given = own.flatMap(({ role, content }) =>
    role === 'system' || role === 'developer'
      ? [typeof content === 'string' ? content : JSON.stringify(content)]
      : [],
  );
  return [system, ...given].join('\n');
}

async function send({ options, request, fields }: Attempt, signal: AbortSignal): Promise<Response> {
  const { url, fetch } = connectionTo(options);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  const system = request.system === '' ? [] : [{ role: 'system', content: request.system }];
  const body = {
    model: options.model,
    messages: request.verbatim?.messages ?? [...system, ...shown(request)],
    ...fields,
    stream: true,
  };
  const response = await fetch(url.href, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
    body: JSON.stringify(body),
    signal,
  });
  if (response.ok) return response;
  throw await refusalOf(response);
}

/** Its messages, the last one with the pictures that go with it. */
function shown({ messages, images = [] }: ModelRequest): readonly object[] {
  const last = messages.at(-1);
  if (!last || images.length === 0) return messages;
  const pictures = images.map(({ mediaType, base64 }) => ({
    type: 'image_url',
    image_url: { url: `data:${mediaType};base64,${base64}` },
  }));
  return [
    ...messages.slice(0, -1),
    { role: last.role, content: [{ type: 'text', text: last.content }, ...pictures] },
  ];
}

/** What the exchange comes to: text that was written is kept where only its rest is missing by our own doing. */
function conclude(
  { options, signal }: Attempt,
  ended: Ended,
  output: ModelOutput,
  progress: Progress,
): Answered | Failed {
  const { tokensIn, tokensOut, hasBegun } = progress;
  const answerWith = (finishReason: FinishReason, missing: () => Failed): Answered | Failed => {
    const said = output.end();
    const refusal = progress.refusal.end();
    // Calls that were cut may be anything.
    const toolCalls = CUT_SHORT.includes(finishReason) ? [] : progress.calls.whole;
    const isNothing = said === '' && toolCalls.length === 0;
    // Of what somebody stopped, nobody knows how it would have gone on.
    if (isNothing && (refusal === '' || finishReason === 'cancelled'))
      return finishReason === 'content_filter' ? failed(options, 'DECLINED', DECLINED) : missing();
    const counts = { tokensIn, tokensOut };
    if (isNothing)
      return { answer: { text: refusal, ...counts, finishReason: 'content_filter', isRefusal: true } };
    const text = refusal === '' ? said : output.append(refusal);
    const end = refusal !== '' && finishReason === 'stop' ? 'content_filter' : finishReason;
    return { answer: { text, ...counts, finishReason: end, ...(toolCalls.length > 0 && { toolCalls }) } };
  };
  const isShown = output.isShown || progress.calls.isShown;
  const empty = () =>
    failed(options, 'EMPTY', hasBegun ? 'answered with nothing that can be seen' : 'answered with nothing');
  if (ended.by === 'full') return answerWith('length', empty);
  if (ended.by === 'cancelled' || signal.aborted)
    return answerWith('cancelled', () => failed(options, 'ABORTED', 'was stopped by the caller'));
  if (progress.finish !== null) {
    const reason = finishReasonOf(progress.finish);
    return reason === null ? brokenOff(options, isShown) : answerWith(reason, empty);
  }
  if (ended.by === 'done') return answerWith('other', empty);
  if (ended.by === 'timeout')
    return answerWith('timeout', () =>
      failed(options, 'TIMEOUT', `did not finish within ${seconds(options.timeoutMs)}`),
    );
  if (ended.by === 'silent') {
    const ms = Math.min(options.firstTokenMs, options.timeoutMs);
    return failed(options, 'STALLED', `did not begin within ${seconds(ms)}`);
  }
  if (ended.by === 'stalled') {
    const outcome = failed(options, 'STALLED', `sent nothing for ${seconds(options.stallMs)}`);
    return { ...outcome, failure: new ModelFailure('STALLED', outcome.failure.message, null, hasBegun) };
  }
  if (ended.by !== 'error') return failed(options, 'BROKEN_STREAM', 'broke off its answer');
  const outcome = describeError(options, ended.error);
  return isShown ? { ...outcome, retryable: false, lesson: null } : outcome;
}

/** How an answer ends whose calls are not whole. */
const CUT_SHORT: readonly FinishReason[] = ['length', 'content_filter', 'timeout', 'cancelled'];

function brokenOff(options: ChatOptions, isShown: boolean): Failed {
  return { ...failed(options, 'BROKEN_STREAM', 'broke off its answer'), retryable: !isShown };
}

export function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
