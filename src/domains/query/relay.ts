import type { Owner } from '../../access/principals.ts';
import type { ModelLevel } from '../../config/values.ts';
import { InteractionDeleted } from '../../errors.ts';
import { codePoints, MAX_RESPONSE_LENGTH } from '../../ground/input.ts';
import type { ModelAnswer, ModelRequest, ToolCall, ToolCallPiece } from '../../models/language-model.ts';
import type { RoutedAnswer } from '../../models/router.ts';
import { storableText } from '../../texts.ts';
import type { FinishReason, InteractionRow } from '../interactions/tables.ts';
import { accept, type ProcessQueryInput } from './accepted.ts';
import { answerQuery, type QueryAnswer } from './answer.ts';
import { costOf } from './cost.ts';
import { NoAnswer } from './errors.ts';
import { type GatheredContext, gatherContext } from './gather.ts';
import {
  type PatientServices,
  patient,
  processQuery,
  type QueryObserver,
  type QueryServices,
} from './query.ts';
import { promptOfThread, requestOfThread, type Thread } from './thread.ts';
import { intentByRules } from './unsure.ts';

/** What a client gets for its thread. */
export interface Relayed {
  /** What was written for this request. */
  readonly text: string;
  /** The text is a refusal, marked as one by the model. */
  readonly isRefusal: boolean;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason | null;
  readonly modelUsed: string;
  /** As counted by the provider; null where nobody did. */
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  /** About how many tokens the request had, by our own count: the thread, and what of memory went along. */
  readonly tokensSent: number;
}

export interface RelayObserver extends QueryObserver {
  toolCall?(piece: ToolCallPiece): void;
  /** Told before a model is asked what of memory goes along; `again`: the turn has been stored with another answer. */
  asks?(turns: readonly InteractionRow[], again: boolean): void;
}

export interface RelayRequest {
  /** The new turn; its key follows from the thread, so that it is stored once, however often the thread is sent. */
  readonly input: ProcessQueryInput & { readonly idempotencyKey: string };
  readonly thread: Thread;
  /** Whether this is the same request once more, which wants the stored answer and not a new one. */
  readonly isRetry: boolean;
}

/** How often somebody who waited for the same turn, in vain, tries it for themselves. */
const MAX_JOINS = 3;

/**
 * Passes a thread on to a model with what is remembered, and stores the user's last message with the answer, as
 * `processQuery` does: on disk before the model is asked, and stored before this returns.
 *
 * A turn that ends with calls of tools stays interrupted until the thread comes back with their results, and then gets
 * its answer. A turn that has its answer is answered anew where the client asks for it again, and not stored again.
 *
 * @throws NoAnswer, InvalidInput; InteractionDeleted if the turn was deleted while it was answered
 */
export async function relayThread(
  services: QueryServices,
  owner: Owner,
  { input, thread, isRetry }: RelayRequest,
  observer: RelayObserver,
): Promise<Relayed> {
  let relayed: Relayed | null = null;
  const answer = async (...[patiently, , gathered, { signal }]: Parameters<typeof answerQuery>) => {
    const written = await ask(patiently, owner, { thread, gathered, observer, signal, again: false });
    relayed = written.relayed;
    return turnAnswer(patiently, thread, gathered, written);
  };
  const { languageModels } = services.config;
  // Of what is remembered, the model is told who said what.
  const told = { ...observer, memoryColumns: 'said' as const };
  for (let joins = 0; ; joins++) {
    const asked = processQuery(services, owner, input, told, languageModels ? answer : answerQuery);
    const processed = await asked.catch((error: unknown) => {
      // What was deleted while it was answered is kept nowhere, and is not passed on as if it were.
      if (languageModels && !relayed && error instanceof InteractionDeleted) return null;
      throw error;
    });
    if (relayed) return relayed;
    if (processed === null) return answerAnew(services, owner, { input, thread }, observer);
    const { interaction } = processed;
    const isAnswered = interaction.status !== 'INTERRUPTED' && interaction.status !== 'PROCESSING';
    if (!isAnswered && joins < MAX_JOINS) continue;
    if (!isAnswered) throw new NoAnswer([]);
    if (!languageModels || isRetry) return stored(interaction, thread);
    return answerAnew(services, owner, { input, thread }, observer);
  }
}

/** Passes a thread on, and neither reads nor stores anything. @throws NoAnswer */
export async function relayUnremembered(
  services: QueryServices,
  owner: Owner,
  thread: Thread,
  { observer, signal }: { observer: RelayObserver; signal: AbortSignal },
): Promise<Relayed> {
  await services.quotas.checkModels(owner.tenantId, 'messages');
  const request = requestOfThread(thread);
  observer.asks?.([], false);
  const level = levelFor(services, thread, 'conversation');
  const routed = await route(services, owner, { level, request, thread, observer, signal });
  return relayedOf(routed);
}

/** Answers a turn that is stored with an answer, or was deleted: nothing is stored. */
async function answerAnew(
  services: QueryServices,
  owner: Owner,
  { input, thread }: Pick<RelayRequest, 'input' | 'thread'>,
  observer: RelayObserver,
): Promise<Relayed> {
  await services.quotas.checkModels(owner.tenantId, 'messages');
  const patiently = patient(services);
  const query = await accept(patiently, owner, input);
  const anew = async (signal: AbortSignal) => {
    const gathered = await gatherContext(patiently, query, { profileAnswers: false, columns: 'said' });
    observer.memories?.(gathered.memories, gathered.degraded);
    const { relayed } = await ask(patiently, owner, { thread, gathered, observer, signal, again: true });
    return relayed;
  };
  return services.running.run(query, anew, observer.left);
}

interface Asking {
  readonly thread: Thread;
  readonly gathered: GatheredContext;
  readonly observer: RelayObserver;
  readonly signal: AbortSignal;
  readonly again: boolean;
}

interface Written {
  readonly relayed: Relayed;
  readonly routed: RoutedAnswer;
  readonly level: ModelLevel;
}

async function ask(
  services: PatientServices,
  owner: Owner,
  { thread, gathered, observer, signal, again }: Asking,
): Promise<Written> {
  const prompt = promptOfThread(thread, gathered);
  const level = levelFor(services, thread, intentByRules(gathered.classification));
  const onRequest = (sent: ModelRequest) => observer.asks?.(prompt.turnsIn(sent), again);
  const { request } = prompt;
  const routed = await route(services, owner, { level, request, thread, observer, signal, onRequest });
  // Nobody waits any more, and nothing was written.
  if (!routed.answer && signal.aborted)
    return { relayed: { ...NOTHING, tokensSent: routed.tokensSent }, routed, level };
  return { relayed: relayedOf(routed), routed, level };
}

const NOTHING: Omit<Relayed, 'tokensSent'> = {
  text: '',
  isRefusal: false,
  toolCalls: [],
  finishReason: 'cancelled',
  modelUsed: 'none',
  tokensIn: null,
  tokensOut: null,
};

interface Routed extends RoutedAnswer {
  /** Of the request that was sent last: a model with a small window gets a shorter one. */
  readonly tokensSent: number;
}

async function route(
  services: Pick<QueryServices, 'models'>,
  { tenantId, userId }: Owner,
  asking: Pick<Asking, 'thread' | 'observer' | 'signal'> & {
    readonly level: ModelLevel;
    readonly request: ModelRequest;
    readonly onRequest?: (sent: ModelRequest) => void;
  },
): Promise<Routed> {
  const { level, request, thread, observer, signal, onRequest } = asking;
  let tokensSent = request.tokens ?? thread.tokens;
  const routed = await services.models.answer(level, request, {
    caller: JSON.stringify([tenantId, userId]),
    only: thread.model,
    signal,
    onDelta: (text) => observer.delta?.(text),
    onToolCall: (piece) => observer.toolCall?.(piece),
    onRestart: () => observer.restart?.(),
    onRequest: (sent) => {
      tokensSent = sent.tokens ?? tokensSent;
      onRequest?.(sent);
    },
  });
  return { ...routed, tokensSent };
}

function levelFor({ models }: Pick<QueryServices, 'models'>, thread: Thread, intent: string): ModelLevel {
  const named = models.models().find(({ name }) => name === thread.model);
  return named?.level ?? models.levelFor(thread.question, intent);
}

/** @throws NoAnswer */
function relayedOf({ answer, modelUsed, failures, tokensSent }: Routed): Relayed {
  if (!answer || modelUsed === null) throw new NoAnswer(failures);
  const { text, isRefusal = false, toolCalls = [], finishReason, tokensIn, tokensOut } = answer;
  return { text, isRefusal, toolCalls, finishReason, modelUsed, tokensIn, tokensOut, tokensSent };
}

/** An answer that was stored by an earlier request, or that no model wrote. */
function stored(turn: InteractionRow, thread: Thread): Relayed {
  const { response, status, finishReason, modelUsed, tokensIn, tokensOut } = turn;
  const isRefusal = status === 'FAILED' && finishReason === 'content_filter';
  const counted = { tokensIn, tokensOut, tokensSent: thread.tokens };
  return { text: response, isRefusal, toolCalls: [], finishReason, modelUsed, ...counted };
}

/**
 * What is stored of it. A turn that waits for the results of tools has no answer yet, and what a client cut off, or a model refused, is
 * none: the next answer takes its place.
 */
function turnAnswer(
  { config }: PatientServices,
  thread: Thread,
  { classification, memories }: GatheredContext,
  { relayed, routed, level }: Written,
): QueryAnswer {
  const { text, isRefusal, toolCalls, finishReason, modelUsed } = relayed;
  const isOpen = toolCalls.length > 0 || text === '';
  const isFinal = !isOpen && !isRefusal && finishReason !== 'cancelled';
  const { answer, escalationPath, waitedMs } = routed;
  const cost = isOpen || !answer ? null : costIn(config, routed, answer);
  return {
    text: isOpen ? '' : wholeAnswer(thread, text),
    modelUsed,
    level: answer ? routed.level : level,
    escalationPath,
    classification,
    status: isFinal ? 'ANSWERED' : 'INTERRUPTED',
    tokensIn: relayed.tokensIn,
    tokensOut: relayed.tokensOut,
    ...(!isOpen && finishReason && { finishReason }),
    ...(cost !== null && { cost }),
    memories,
    ...(waitedMs > 0 && { waitedMs }),
  };
}

function costIn({ languageModels }: PatientServices['config'], routed: RoutedAnswer, answer: ModelAnswer) {
  const { level, modelUsed } = routed;
  return languageModels && modelUsed !== null
    ? costOf(languageModels, { level, model: modelUsed }, answer)
    : null;
}

/** With what the assistant had written before it called something, as far as both can be stored. */
function wholeAnswer({ begun }: Thread, text: string): string {
  const whole = storableText(begun) + text;
  return codePoints(whole) > MAX_RESPONSE_LENGTH ? text : whole;
}
