import type { ServerResponse } from 'node:http';
import { type Relayed, type RelayObserver, relayThread, relayUnremembered } from '../domains/query/relay.ts';
import { EchoError } from '../errors.ts';
import { type Problem, problemOf } from '../http/problem.ts';
import { sendJson } from '../http/server.ts';
import { AnswerStream, type EventForm } from './answer-stream.ts';
import { type AskedChat, unrememberedBy } from './asked.ts';
import { BadField, renamed } from './errors.ts';
import { asHeader, conversationOf, isRetry, ownerOf, turnKeyOf } from './identity.ts';
import type { OpenAiRequest } from './request.ts';

/** How an answer is shown, whole or as events, in one of the forms of the protocol. */
export interface AnswerForm extends EventForm {
  whole(relayed: Relayed): unknown;
  /** The last events of an answer that is complete, and stored. */
  end(relayed: Relayed): string;
  /** The last events of one that broke off. */
  failed(problem: Problem): string;
}

/** What the answer is called before anything of it is there. */
export interface Place {
  readonly id: string;
  readonly created: number;
}

/** The stream holds text that turned out to be no answer, and nothing takes it back. */
class TakenBack extends EchoError {
  override readonly name = 'TakenBack';
  readonly code = 'ANSWER_TAKEN_BACK';
  override readonly httpStatus = 502;
  override readonly retryable = true;
  constructor() {
    super('The model broke off its answer; what came of it is void. Ask again.');
  }
}

/** Answers a thread with what is remembered, stores its new turn, and sends the answer in the form of the endpoint. */
export async function converse(
  given: OpenAiRequest,
  asked: AskedChat,
  formAt: (place: Place) => AnswerForm,
): Promise<void> {
  const { services, response, correlationId } = given;
  const form = formAt({ id: correlationId, created: Math.floor(Date.now() / 1_000) });
  const stream = asked.isStreamed ? new AnswerStream(response, form) : null;
  try {
    const relayed = await relay(given, asked, stream);
    if (!stream) return sendJson(response, 200, form.whole(relayed));
    // An answer that came from no stream.
    if (stream.isEmpty && relayed.isRefusal) stream.refusal(relayed.text);
    else if (stream.isEmpty && relayed.text !== '') stream.text(relayed.text);
    stream.end(() => form.end(relayed));
  } catch (error) {
    const named = renamed(error, { query: asked.questionField });
    if (!stream?.hasBegun) {
      stream?.leave();
      throw named;
    }
    const problem = problemOf(named, correlationId, services.log, { door: 'openai' });
    stream.end(() => form.failed(problem));
  }
}

async function relay(
  { services, principal, request, response }: OpenAiRequest,
  asked: AskedChat,
  stream: AnswerStream | null,
): Promise<Relayed> {
  const { thread, messages, metadata, user, isSaid } = asked;
  const { openWebUiSecret: secret } = services.config;
  const owner = await ownerOf(principal, { request, secret }, metadata, user);
  const off = isSaid ? unrememberedBy(request, asked) : asked.questionField;
  if (off !== null) {
    if (!services.config.languageModels)
      throw new BadField(
        off,
        'asks for an answer without memory, but no language model is configured, so that only memory answers',
      );
    response.setHeader('x-echo-memory', 'off');
    const observer = streamObserver(stream);
    return relayUnremembered(services, owner, thread, { observer, signal: leavingOf(response) });
  }
  const conversationId = conversationOf(request, metadata, messages);
  const input = {
    query: thread.question,
    conversationId,
    idempotencyKey: turnKeyOf(messages, thread.lastUser),
  };
  return relayThread(
    services,
    owner,
    { input, thread, isRetry: isRetry(request) },
    {
      ...streamObserver(stream),
      // Who closes a stream wants no more of it; who stops waiting for a whole answer may come back for it.
      ...(stream && { left: leavingOf(response) }),
      accepted: ({ turnId }) => {
        // Who waited for another request in vain is told of the turn once more, and may have heard a ping by then.
        if (!response.headersSent) {
          response.setHeader('x-echo-turn-id', turnId);
          response.setHeader('x-echo-conversation-id', asHeader(conversationId));
          response.setHeader('x-echo-memory', 'on');
        }
      },
      memories: (memories, degraded) => {
        const turns = memories.map(({ interaction }) => interaction);
        tellMemories(response, turns);
        if (degraded && !response.headersSent) response.setHeader('x-echo-memory-degraded', 'true');
      },
      asks: (turns, again) => {
        tellMemories(response, turns);
        if (again && !response.headersSent) response.setHeader('x-echo-memory', 'again');
      },
    },
  );
}

function streamObserver(stream: AnswerStream | null): RelayObserver {
  if (!stream) return {};
  return {
    delta: (text) => stream.text(text),
    toolCall: (piece) => stream.call(piece),
    restart: () => {
      if (!stream.isEmpty) throw new TakenBack();
    },
  };
}

/** Aborted when the client has gone. */
function leavingOf(response: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  if (response.destroyed) leaving.abort();
  else response.once('close', () => leaving.abort());
  return leaving.signal;
}

function tellMemories(response: ServerResponse, turns: readonly { readonly turnId: string }[]): void {
  if (response.headersSent) return;
  response.setHeader('x-echo-memory-ids', turns.map(({ turnId }) => turnId).join(','));
}
