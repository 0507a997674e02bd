import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { OpenStreams } from '../access/open-streams.ts';
import type { Principal } from '../access/principals.ts';
import { InvalidInput, NotFound } from '../errors.ts';
import { parseInput } from '../ground/input.ts';
import { hasJsonBody, notJson, parsedJson, readJson, readText } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import { sendJson } from '../http/server.ts';
import { sendEvents, sendLasting } from './event-stream.ts';
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
  /** Streams that last. */
  readonly open: OpenStreams;
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
      const stream = { response, correlationId, log: visit.services.log };
      if (!row.lasts) return await sendEvents(stream, given);
      return await sendLasting(stream, { ...visit, caller: { principal, request } }, given);
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

/** Verbs name a field as GraphQL does, in its groups; a request of this door has none. */
function renamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof InvalidInput || error instanceof NotFound)) return error;
  const { field, message } = error;
  const inSnakeCase = field
    .replace(/^filter\./, '')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const Kind = error instanceof NotFound ? NotFound : InvalidInput;
  return new Kind(names[field] ?? inSnakeCase, message.slice(field.length + 2));
}

function firstOfEach(search: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...search].toReversed());
}

/** What programs send that have nothing to say: no body, and often no type of one; where nobody said its length, it is seen when it has come. */
async function bodyOf(request: IncomingMessage, isOptional: boolean): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const nothing = isOptional ? {} : undefined;
  if (encoding === undefined) return Number(length ?? 0) === 0 ? nothing : readJson(request);
  const text = await readText(request);
  if (text === '') return nothing;
  if (!hasJsonBody(request)) throw notJson();
  return parsedJson(text);
}
