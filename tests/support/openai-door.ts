import type { TestApp } from './harness.ts';
import type { Reply } from './openai-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies have the shape that each test asks for
export type Json = any;

export interface Chatted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** A request of a chat, as a client of the protocol sends it. */
export async function chat(
  app: TestApp,
  body: unknown,
  options: { headers?: Record<string, string>; path?: string; signal?: AbortSignal } = {},
): Promise<Chatted> {
  const response = await fetch(`${app.url}${options.path ?? '/v1/chat/completions'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-any', ...options.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: options.signal ?? null,
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** The data of a stream's events. */
export function eventsOf(stream: string): Json[] {
  return stream
    .split('\n\n')
    .flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? [])
    .map((data) => (data === '[DONE]' ? data : JSON.parse(data)));
}

/** The text that a stream shows. */
export function textIn(events: readonly Json[]): string {
  return events.map((event) => event.choices?.[0]?.delta.content ?? '').join('');
}

export const system = (content: string) => ({ role: 'system', content });
export const user = (content: Json) => ({ role: 'user', content });
export const assistant = (content: string) => ({ role: 'assistant', content });

/** A reply that consists of these deltas, as a server streams them. */
export function streamed(deltas: readonly object[], finish: string): Reply {
  const chunk = (delta: object, reason: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  return {
    kind: 'raw',
    pieces: [...deltas.map((delta) => chunk(delta)), chunk({}, finish), 'data: [DONE]\n\n'],
  };
}

/** All turns of a user, the oldest first. */
export async function turnsOf(app: TestApp, userId = 'default') {
  return app.sql<{
    turn_id: string;
    conversation_id: string;
    query: string;
    response: string;
    status: string;
    finish_reason: string | null;
    model_used: string;
  }>(
    `select turn_id, conversation_id, query, response, status, finish_reason, model_used
     from echo_unified_interactions where user_id = $1 order by id`,
    [userId],
  );
}
