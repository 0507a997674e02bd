import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What the Bot API answers to a message: that it took it, a refusal, or nothing at all. */
export type TelegramAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error_code: number;
      readonly description: string;
      readonly parameters?: { readonly retry_after: number };
    }
  | null;

export type TelegramDouble = Awaited<ReturnType<typeof startTelegram>>;

/** Somebody who speaks the Bot API as far as alerts need it. */
export async function startTelegram() {
  let answer: TelegramAnswer = { ok: true };
  const asked: {
    readonly text: string;
    readonly topic: number | null;
    readonly at: number;
    readonly isTaken: boolean;
  }[] = [];
  const server = createServer(async (request, response) => {
    const { text = '', message_thread_id: topic = null } = (await json(request)) as {
      text?: string;
      message_thread_id?: number;
    };
    const isMessage = request.url?.endsWith('/sendMessage');
    const said = isMessage ? answer : { ok: true };
    if (isMessage) asked.push({ text, topic, at: Date.now(), isTaken: said?.ok === true });
    if (said === null) return;
    response
      .writeHead('error_code' in said ? said.error_code : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(said));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      TELEGRAM_BOT_TOKEN: '123456:a-token-that-nobody-may-see',
      TELEGRAM_CHAT_ID: '-100',
      TELEGRAM_API_URL: `http://127.0.0.1:${port}`,
    },
    /** Every message that was sent to it, in order. */
    asked,
    /** Those that begin with these words, and were taken. */
    taken: (words: string) => asked.filter(({ text, isTaken }) => isTaken && text.startsWith(words)),
    answers(other: TelegramAnswer) {
      answer = other;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
