import { tokensIn } from '../domains/query/context.ts';
import type { Relayed } from '../domains/query/relay.ts';
import { BUILT_IN_ANSWERER, CHARACTER_DATABASE, SECURITY_POLICY } from '../domains/utterances/recalled.ts';
import { readJson } from '../http/body.ts';
import { eventOf } from './answer-stream.ts';
import { type AskedChat, readChat } from './asked.ts';
import { type AnswerForm, converse, type Place } from './converse.ts';
import { present } from './errors.ts';
import { MAX_BYTES, type OpenAiRequest, OWN_MODEL } from './request.ts';

/** POST /v1/chat/completions */
export async function postChat(given: OpenAiRequest): Promise<void> {
  const asked = readChat(given.services, await readJson(given.request, MAX_BYTES));
  await converse(given, asked, (place) => chatForm(asked, place));
}

function chatForm({ model, wantsUsage }: AskedChat, { id, created }: Place): AnswerForm {
  const named = { id: `chatcmpl-${id}`, created };
  const event = (delta: object, finish: string | null = null) =>
    eventOf({
      ...named,
      object: 'chat.completion.chunk',
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(wantsUsage && { usage: null }),
    });
  return {
    whole: (relayed) => ({
      ...named,
      object: 'chat.completion',
      model: modelOf(relayed),
      choices: [{ index: 0, message: messageOf(relayed), logprobs: null, finish_reason: finishOf(relayed) }],
      usage: usageOf(relayed),
    }),
    begin: () => event({ role: 'assistant', content: '' }),
    text: (content) => event({ content }),
    refusal: (refusal) => event({ refusal }),
    call: ({ index, id: callId, name, arguments: more }) =>
      event({
        tool_calls: [
          {
            index,
            ...(callId !== undefined && { id: callId, type: 'function' }),
            function: { ...(name !== undefined && { name }), ...(more !== undefined && { arguments: more }) },
          },
        ],
      }),
    end: (relayed) => {
      const counted = { object: 'chat.completion.chunk', model, choices: [], usage: usageOf(relayed) };
      return [
        event({}, finishOf(relayed)),
        wantsUsage ? eventOf({ ...named, ...counted }) : '',
        'data: [DONE]\n\n',
      ].join('');
    },
    failed: (problem) => eventOf(present(problem)),
  };
}

function messageOf({ text, isRefusal, toolCalls }: Relayed) {
  return {
    role: 'assistant',
    content: isRefusal || (text === '' && toolCalls.length > 0) ? null : text,
    refusal: isRefusal ? text : null,
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map(({ id, ...called }) => ({ id, type: 'function', function: called })),
    }),
  };
}

/** The name of the model that answered; what the server answers itself has its name. */
export function modelOf({ modelUsed }: Relayed): string {
  return isOwn(modelUsed) ? OWN_MODEL : modelUsed;
}

function isOwn(modelUsed: string): boolean {
  return [BUILT_IN_ANSWERER, CHARACTER_DATABASE, SECURITY_POLICY].includes(modelUsed);
}

/**
 * How it ended, in the words of the protocol: a refusal ends by itself, and what was cut short, by whomever, is no whole answer. Clients throw
 * away what ends with `content_filter`.
 */
export function finishOf({ isRefusal, toolCalls, finishReason }: Relayed): string {
  if (toolCalls.length > 0) return 'tool_calls';
  if (isRefusal) return 'stop';
  if (finishReason !== null && CUT_SHORT.has(finishReason)) return 'length';
  return finishReason === 'content_filter' ? 'content_filter' : 'stop';
}

const CUT_SHORT: ReadonlySet<string> = new Set(['length', 'timeout', 'cancelled']);

/** As the provider counted, and where it did not, about: by our own count. Where no model was asked, there was none. */
export function usageOf({ text, toolCalls, modelUsed, ...counted }: Relayed) {
  if (isOwn(modelUsed)) return { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const written = toolCalls.reduce((sum, call) => sum + tokensIn(call.name + call.arguments), tokensIn(text));
  const prompt = counted.tokensIn ?? counted.tokensSent;
  const completion = counted.tokensOut ?? written;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}
