import type { Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Result, TestApp } from './harness.ts';

/**
 * Runs an operation over server-sent events.
 *
 * @returns its results in their order; ends with the stream. Stopping early closes the connection.
 */
export async function* overServerSentEvents(
  app: TestApp,
  query: string,
  variables: Record<string, unknown> = {},
  user?: string,
): AsyncGenerator<Result, void, undefined> {
  const leave = new AbortController();
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'text/event-stream' },
      ...(user && { 'x-test-user': user }),
    },
    body: JSON.stringify({ query, variables }),
    signal: leave.signal,
  });
  let buffered = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      buffered += chunk;
      const events = buffered.split('\n\n');
      buffered = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: ?(.*)$/m.exec(event)?.[1];
        if (/^event: ?next$/m.test(event) && data) yield JSON.parse(data) as Result;
      }
    }
  } finally {
    leave.abort();
  }
}

/** Runs an operation over WebSocket; stopping early completes it. An error of the operation becomes a result. */
export async function* overWebSocket(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
): AsyncGenerator<Result, void, undefined> {
  try {
    for await (const result of client.iterate({ query, variables })) yield result as Result;
  } catch (errors) {
    if (!Array.isArray(errors)) throw errors;
    yield { errors: errors as NonNullable<Result['errors']> };
  }
}

/** The first `count` results, then stops; without a count all of them. */
export async function take(
  results: AsyncIterable<Result>,
  count = Number.POSITIVE_INFINITY,
): Promise<Result[]> {
  const taken: Result[] = [];
  for await (const result of results) if (taken.push(result) >= count) break;
  return taken;
}

/** A WebSocket without a protocol library: what it receives, and how it ends. */
export function openSocket(app: TestApp, protocols: string[] = ['graphql-transport-ws']) {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, protocols);
  const received: { type: string; id?: string; payload?: unknown }[] = [];
  const waiting: (() => void)[] = [];
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)));
    for (const wake of waiting.splice(0)) wake();
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    received,
    opened,
    send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    /** Waits for a message of a type. */
    async next(type: string) {
      for (;;) {
        const found = received.find((message) => message.type === type);
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    closed: new Promise<number>((resolve) => {
      socket.once('close', resolve);
    }),
  };
}
