import { z } from 'zod';
import type { Owner } from '../access/principals.ts';
import type { ProcessQueryInput } from '../domains/query/accepted.ts';
import { streamQuery } from '../domains/query/stream.ts';
import { ownerFor } from '../ground/ownership.ts';
import { decimal, decimalOf, decimalOrNull, degraded, second } from './formats.ts';
import { askedInQuery, QUESTION_NAMES, Query, Question } from './query.ts';
import type { RestServices } from './request.ts';
import { ANSWERING, defineStream, type Row } from './row.ts';

const Event = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('start'),
      conversation_id: z.string(),
      turn_id: z.string().describe('The id that the turn will have.'),
      query: z.string(),
    }),
    z.object({ type: z.literal('intent'), intent: z.string().nullable(), confidence: decimal.nullable() }),
    z.object({ type: z.literal('token'), content: z.string().describe('A piece of the answer.') }),
    z
      .object({ type: z.literal('restart') })
      .describe('The pieces so far are void: another model starts over.'),
    z.object({ type: z.literal('response'), response: z.string(), model_used: z.string(), degraded }),
    z.object({
      type: z.literal('complete'),
      conversation_id: z.string(),
      turn_id: z.string(),
      processing_time: decimal,
      degraded,
    }),
    z
      .object({ type: z.literal('error'), detail: z.string(), error_code: z.string(), timestamp: second })
      .describe('What went wrong after the start; nothing follows.'),
  ])
  .meta({ id: 'StreamEvent', description: 'One event: the JSON after `data:`.' });
type StreamEvent = z.output<typeof Event>;

/** Answers that are told as they are written. */
export const streamRows: readonly Row[] = [
  defineStream({
    method: 'POST',
    at: ['/api/echo/stream-query', '/api/echo/query/stream'],
    group: 'Answers',
    summary: 'The same as a query, told as it is written (server-sent events)',
    toll: ANSWERING,
    body: Query,
    isIdempotent: true,
    gives: Event,
    run: (asked) =>
      eventsOf(asked.services, ownerFor(asked.principal, asked.body.user_id), askedInQuery(asked)),
  }),
  defineStream({
    method: 'POST',
    at: ['/api/echo/ask/stream'],
    group: 'Answers',
    summary: 'The same as a question, told as it is written (server-sent events)',
    toll: ANSWERING,
    body: Question,
    fieldNames: QUESTION_NAMES,
    isIdempotent: true,
    gives: Event,
    run: ({ services, principal, body: asked, idempotencyKey }) =>
      eventsOf(services, ownerFor(principal, asked.user_id), {
        ...{ query: asked.question, conversationId: asked.session_id, idempotencyKey },
      }),
  }),
];

/** @throws EchoError for a query that is refused */
async function* eventsOf(
  services: RestServices,
  owner: Owner,
  given: ProcessQueryInput,
): AsyncGenerator<StreamEvent> {
  let hasIntent = false;
  for await (const step of streamQuery(services, owner, given)) {
    switch (step.type) {
      case 'ACCEPTED':
        yield {
          type: 'start',
          conversation_id: step.conversationId,
          turn_id: step.turnId,
          query: given.query,
        };
        break;
      case 'INTENT':
        hasIntent = true;
        yield { type: 'intent', intent: step.intent, confidence: decimalOf(step.confidence) };
        break;
      case 'DELTA':
        yield { type: 'token', content: step.text };
        break;
      case 'RESTARTED':
        yield { type: 'restart' };
        break;
      case 'FAILED':
        throw step.error;
      case 'COMPLETED': {
        const { interaction: turn, degraded: isDegraded } = step.result;
        const missing = isDegraded && { degraded: isDegraded };
        // A retry is not classified again.
        if (!hasIntent)
          yield { type: 'intent', intent: turn.intent, confidence: decimalOrNull(turn.confidence) };
        yield { type: 'response', response: turn.response, model_used: turn.modelUsed, ...missing };
        yield {
          type: 'complete',
          conversation_id: turn.conversationId,
          turn_id: turn.turnId,
          processing_time: decimalOf(turn.processingTime),
          ...missing,
        };
      }
    }
  }
}
