import { z } from 'zod';
import type { Fetch } from '../../outbound/outbound.ts';
import type { Failure, Outcome } from '../deliveries/channel.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

export interface TelegramOptions {
  /** Asked with each request: it may be changed while the server runs. */
  readonly token: () => string | null;
  readonly chatId: string;
  /** Of a group with topics; null: in its general one. */
  readonly topicId: number | null;
  readonly apiUrl: string;
  readonly fetch: Fetch;
}

/** Of a message, in UTF-16 units; Telegram takes 4,096. */
const MAX_TEXT = 4_000;
/** Words of the Bot API that come back in an error. */
const MAX_WORDS = 200;

const Answer = z.object({
  ok: z.boolean(),
  description: z.string().optional(),
  parameters: z
    .object({ retry_after: z.number().nonnegative().optional(), migrate_to_chat_id: z.number().optional() })
    .optional(),
});
type Answered = z.output<typeof Answer> & { readonly status: number };

/**
 * Writes into a chat through the Bot API. Pauses that Telegram asks for (429, `retry_after`) are kept for the whole bot; a wrong
 * token, an unknown chat and one that blocked the bot are HELD, with words that say what to do. The token is in no error: it
 * stands in the URL, so nothing of a request's URL is told.
 */
export class TelegramWay implements AlertWay {
  readonly name = 'telegram';
  readonly #options: TelegramOptions;
  /** Groups get another id when they become supergroups. */
  #chatId: string;

  constructor(options: TelegramOptions) {
    this.#options = options;
    this.#chatId = options.chatId;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<Outcome> {
    return this.#sendText(textOf(message), signal, true);
  }

  async check(signal: AbortSignal): Promise<string | null> {
    for (const [method, body] of [
      ['getMe', {}],
      ['getChat', { chat_id: this.#chatId }],
    ] as const) {
      const answer = await this.#call(method, body, signal);
      if ('kind' in answer) return answer.kind === 'DELIVERED' ? null : wordsOf(answer);
      if (!answer.ok) return wordsOf(outcomeOf(answer));
    }
    return null;
  }

  async #sendText(text: string, signal: AbortSignal, mayMove: boolean): Promise<Outcome> {
    const { topicId } = this.#options;
    const body = {
      chat_id: this.#chatId,
      ...(topicId !== null && { message_thread_id: topicId }),
      ...{ text, link_preview_options: { is_disabled: true } },
    };
    const answer = await this.#call('sendMessage', body, signal);
    if ('kind' in answer) return answer;
    const moved = answer.parameters?.migrate_to_chat_id;
    if (moved !== undefined && mayMove) {
      this.#chatId = String(moved);
      return this.#sendText(text, signal, false);
    }
    return answer.ok ? { kind: 'DELIVERED', status: answer.status } : outcomeOf(answer);
  }

  async #call(method: string, body: object, signal: AbortSignal): Promise<Answered | Outcome> {
    const { token, apiUrl, fetch } = this.#options;
    const secret = token();
    if (secret === null)
      return { kind: 'HELD', status: null, error: 'TELEGRAM_BOT_TOKEN is not set any more' };
    try {
      const response = await fetch(`${apiUrl.replace(/\/+$/, '')}/bot${secret}/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      });
      const { status } = response;
      const parsed = Answer.safeParse(jsonOf(await response.text()));
      if (parsed.success) return { ...parsed.data, status };
      return failed(status, `it answered ${status}, and nothing that the Bot API would`);
    } catch (error) {
      if (signal.aborted) throw error;
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      // Nothing of the error: its words may hold the URL, and so the token.
      return failed(null, isLate ? 'Telegram did not answer in time' : 'Telegram could not be reached');
    }
  }
}

/** @returns null for what is no JSON, such as the page of a proxy */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function textOf({ subject, lines }: AlertMessage): string {
  const text = [subject, ...lines].join('\n').toWellFormed();
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
}

function outcomeOf({ status, description = '', parameters }: Answered): Outcome {
  const words = description.slice(0, MAX_WORDS);
  const held = (what: string): Outcome => ({ kind: 'HELD', status, error: `${what} (${status}: ${words})` });
  if (status === 429)
    return {
      ...failed(status, 'Telegram asks for a pause'),
      retryAfterMs: (parameters?.retry_after ?? 1) * 1_000 + Math.round(Math.random() * 500),
    };
  if (status === 401 || status === 404)
    return held('the bot’s token is wrong or was revoked; see TELEGRAM_BOT_TOKEN');
  if (status === 403)
    return held('the chat does not let the bot write: it was blocked or removed, or never started');
  if (status === 400 && /topic|thread/i.test(words))
    return held('the topic is not there or is closed; see TELEGRAM_TOPIC_ID');
  if (status === 400) return held('the chat cannot be written to; see TELEGRAM_CHAT_ID');
  return failed(status, `Telegram answered ${status}: ${words}`);
}

const failed = (status: number | null, error: string): Failure => ({
  ...{ kind: 'FAILED', reach: 'TARGET', status, error, retryAfterMs: null },
});

const wordsOf = (outcome: Outcome) => ('error' in outcome ? outcome.error : 'it could not be tried');
