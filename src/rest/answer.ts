import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Principal } from '../access/principals.ts';
import { InvalidInput } from '../errors.ts';
import { parseInput } from '../ground/input.ts';
import { readJson } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import { problemOf } from '../http/problem.ts';
import { sendJson } from '../http/server.ts';
import { present } from './failure.ts';
import type { Caller, RestServices, Tools } from './request.ts';
import { type Found, rowAt } from './router.ts';
import type { Asked } from './row.ts';

interface Visit {
  readonly services: RestServices;
  readonly hall: Hall;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly correlationId: string;
  readonly toolsFor: (caller: Caller) => Tools;
}

/** Finds the row that is asked for, lets the caller in, and answers. @throws HttpProblem, EchoError */
export async function answerRow(visit: Visit): Promise<void> {
  const { hall, request, response, correlationId } = visit;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const found = rowAt(request.method ?? '', pathname);
  const { row, address } = found;
  if (row.writesByGet) hall.guarded(request, address, (guard) => guard.checkSimpleRequest(request));
  const { needs, rate, points } = row.toll;
  const errand = { action: address, correlationId, needs, cost: { rate, points } };
  const answer = await hall.receive(request, errand, async (principal) => {
    const asked = await askedOf(visit, found, searchParams, principal);
    try {
      const given = row.run(asked);
      if (!(Symbol.asyncIterator in given)) return await given;
      return await sendEvents(visit, given);
    } catch (error) {
      throw renamed(error, row.fieldNames ?? {});
    }
  });
  if (!row.isStream) sendJson(response, 200, answer);
}

/** @throws HttpProblem, InvalidInput for the first value that is not as the row's schemas want it */
async function askedOf(
  { services, request, response, correlationId, toolsFor }: Visit,
  { row, path }: Found,
  search: URLSearchParams,
  principal: Principal,
): Promise<Asked> {
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key)) throw new InvalidInput('Idempotency-Key', 'must be given once');
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const { signal } = leaving;
  return {
    ...{ services, principal, signal },
    tools: toolsFor({ principal, request, correlationId, signal }),
    path: parseInput(row.path ?? NOTHING, path),
    query: parseInput(row.query ?? NOTHING, firstOfEach(search)),
    body: row.body && parseInput(row.body, await bodyOf(request, row.isBodyOptional ?? false)),
    idempotencyKey: row.isIdempotent ? key : undefined,
  };
}

const NOTHING = z.object({});

/** Verbs name a field as GraphQL does. */
function renamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof InvalidInput)) return error;
  const name = names[error.field];
  return name === undefined ? error : new InvalidInput(name, error.message.slice(error.field.length + 2));
}

function firstOfEach(search: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...search].toReversed());
}

/** What programs send that have nothing to say: no body, and often no type of one. */
async function bodyOf(request: IncomingMessage, isOptional: boolean): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && Number(length ?? 0) === 0) return isOptional ? {} : undefined;
  return readJson(request);
}

/** Sends events as they come. What fails before the first one is answered as a failure of any other request. */
async function sendEvents(visit: Visit, events: AsyncIterable<unknown>): Promise<void> {
  const { response, services, correlationId } = visit;
  const iterator = events[Symbol.asyncIterator]();
  let next = await iterator.next();
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // Proxies would gather what is to be seen at once.
    'x-accel-buffering': 'no',
  });
  try {
    for (; !next.done && !response.destroyed; next = await iterator.next()) await send(response, next.value);
  } catch (error) {
    const problem = problemOf(error, correlationId, services.log, { door: 'rest' });
    await send(response, { type: 'error', ...present(problem) });
  } finally {
    await iterator.return?.();
  }
  response.end();
}

async function send(response: ServerResponse, event: unknown): Promise<void> {
  if (response.destroyed || response.write(`data: ${JSON.stringify(event)}\n\n`)) return;
  const seen = new AbortController();
  const { signal } = seen;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    seen.abort(),
  );
}
