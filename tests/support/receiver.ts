import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A message as a receiver got it. */
export interface Received {
  readonly id: string;
  readonly headers: IncomingMessage['headers'];
  readonly raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies have the shape that each test asks for
  readonly body: any;
  readonly status: number;
}

/** What a receiver answers: a status, a status with headers, or nothing at all. */
export type Answer = number | readonly [number, Record<string, string>] | null;

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

/** Somebody to whom webhooks are posted. @param port 0: any */
export async function startReceiver(
  answer: (message: Omit<Received, 'status'>) => Answer = () => 204,
  port = 0,
) {
  const got: Received[] = [];
  let answerOf = answer;
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const raw = await text(request);
    const message = {
      id: String(request.headers['webhook-id']),
      headers: request.headers,
      raw,
      body: parsed(raw),
    };
    const told = answerOf(message);
    const [status, headers] = typeof told === 'number' ? [told, {}] : (told ?? [0, {}]);
    got.push({ ...message, status });
    if (told !== null) response.writeHead(status, headers).end();
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    url: `http://127.0.0.1:${own}/hook`,
    /** Every message, in order of arrival. */
    got,
    /** Those that were taken. */
    get taken() {
      return got.filter(({ status }) => status >= 200 && status < 300);
    },
    answers(other: typeof answer) {
      answerOf = other;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whether a message bears the signature of whoever has the secret. */
export function isSigned({ id, headers, raw }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${id}.${headers['webhook-timestamp']}.${raw}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}
