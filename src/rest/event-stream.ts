import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { keepChecking } from '../access/long-lived.ts';
import type { OpenStreams } from '../access/open-streams.ts';
import type { Principal } from '../access/principals.ts';
import { RateLimited } from '../errors.ts';
import type { Hall } from '../http/hall.ts';
import { problemOf } from '../http/problem.ts';
import { endStalled } from '../http/stalled.ts';
import type { Logger } from '../log.ts';
import { present } from './failure.ts';
import type { Caller } from './request.ts';

/** Programs and proxies take a connection on which nothing comes for dead. */
const SIGN_OF_LIFE_MS = 15_000;
/** What an `EventSource` waits before it comes again. */
const COME_AGAIN_MS = 5_000;

export interface EventStream {
  readonly response: ServerResponse;
  readonly correlationId: string;
  readonly log: Logger;
}

/**
 * Sends events as they come, the next one when the one before is on its way. What fails before the first one is thrown:
 * it is answered as a failure of any other request.
 *
 * @param preface what stands before the first event
 */
export async function sendEvents(
  { response, correlationId, log }: EventStream,
  events: AsyncIterable<unknown>,
  preface = '',
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  let next = await iterator.next();
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies would gather what is to be seen at once.
    'x-accel-buffering': 'no',
  });
  if (preface !== '') response.write(preface);
  try {
    for (; !next.done && !response.destroyed; next = await iterator.next()) await send(response, next.value);
  } catch (error) {
    const problem = problemOf(error, correlationId, log, { door: 'rest' });
    await send(response, { type: 'error', ...present(problem) });
  } finally {
    await iterator.return?.();
  }
  response.end();
}

/**
 * Sends events for as long as the caller stays, and may stay: a key that is revoked ends it, as does a caller who reads
 * nothing for long.
 *
 * @throws RateLimited for a caller who has too many open
 */
export async function sendLasting(
  stream: EventStream,
  { hall, open, caller }: { readonly hall: Hall; readonly open: OpenStreams; readonly caller: LastingCaller },
  events: AsyncIterable<unknown>,
): Promise<void> {
  const { response } = stream;
  const { principal, request } = caller;
  const leave = open.admitPrincipal(principal);
  if (!leave) throw new RateLimited('too many streams are open', COME_AGAIN_MS);
  const timers = [
    keepChecking(
      () => hall.authenticate(request),
      principal,
      () => response.destroy(),
    ),
    endStalled(response),
    setInterval(() => {
      // Who does not read gets no more of them, either.
      if (response.headersSent && !response.writableEnded && !response.writableNeedDrain)
        response.write(': alive\n\n');
    }, SIGN_OF_LIFE_MS).unref(),
  ];
  try {
    await sendEvents(stream, events, `retry: ${COME_AGAIN_MS}\n\n`);
  } finally {
    for (const timer of timers) clearInterval(timer);
    leave();
  }
}

type LastingCaller = Pick<Caller, 'request'> & { readonly principal: Principal };

async function send(response: ServerResponse, event: unknown): Promise<void> {
  if (response.destroyed || response.write(`data: ${JSON.stringify(event)}\n\n`)) return;
  const seen = new AbortController();
  const { signal } = seen;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    seen.abort(),
  );
}
