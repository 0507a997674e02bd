import { type EchoError, fieldOf } from '../../errors.ts';
import { builder, HEAVY, WRITES } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { MemoryHitRef } from '../memory/graphql.ts';
import type { ProcessQueryInput } from './accepted.ts';
import { ProcessQueryInputRef, ProcessQuerySuccess } from './graphql.ts';
import { type QueryEvent, type QueryStep, streamQuery } from './stream.ts';

const QueryEventRef = builder.interfaceRef<QueryEvent>('QueryEvent').implement({
  description: 'A step on the way to an answer.',
  fields: (t) => ({
    type: t.field({ type: QueryEventType(), description: 'Which step.', resolve: (event) => event.type }),
    cursor: t.exposeID('cursor', { description: 'Position in this stream.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
  }),
});

function QueryEventType() {
  return builder.enumType('QueryEventType', {
    description: 'The steps of an answer.',
    values: {
      ACCEPTED: {
        description: 'The query is valid; it will be answered and stored even if the client leaves.',
      },
      INTENT: { description: 'It was classified.' },
      MEMORIES: { description: 'Memories were gathered.' },
      DELTA: { description: 'A piece of the answer.' },
      RESTARTED: {
        description: 'The pieces so far are void: their model failed and another one starts over.',
      },
      COMPLETED: { description: 'The turn is stored; nothing follows.' },
      FAILED: { description: 'The query was refused; nothing is stored and nothing follows.' },
    } satisfies Record<QueryStep['type'], { description: string }>,
  });
}

type EventOf<T extends QueryStep['type']> = QueryEvent & { type: T };

/** As plain data: an Error that a resolver returns counts as thrown. */
interface QueryProblem extends Pick<EchoError, 'message' | 'code' | 'retryable'> {
  readonly field: string | null;
}

const QueryFailure = builder.objectRef<QueryProblem>('QueryFailure').implement({
  description: 'Why a query was refused.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What was wrong and what the limit is, for people.' }),
    code: t.exposeString('code', { description: 'Names the kind of failure, for programs.' }),
    retryable: t.exposeBoolean('retryable', {
      description: 'Whether the same request may succeed later, unchanged.',
    }),
    field: t.exposeString('field', {
      nullable: true,
      description: 'Path of the input field, as errors of mutations name it; null where it lies in none.',
    }),
  }),
});

builder.objectRef<EventOf<'ACCEPTED'>>('QueryAccepted').implement({
  description: 'The query is valid; it will be answered and stored even if the client leaves.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'ACCEPTED',
  fields: (t) => ({
    turnId: t.exposeID('turnId', { description: 'The id that the turn will have.' }),
    conversationId: t.exposeString('conversationId', { description: 'The thread that it belongs to.' }),
  }),
});

builder.objectRef<EventOf<'INTENT'>>('QueryIntent').implement({
  description: 'The query was classified.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'INTENT',
  fields: (t) => ({
    intent: t.exposeString('intent', { description: 'What it asks for.' }),
    confidence: t.exposeFloat('confidence', { description: '0 to 1.' }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model that decided, of `LLM_INTENT_MODEL`; null: rules did.',
    }),
  }),
});

builder.objectRef<EventOf<'MEMORIES'>>('QueryMemories').implement({
  description: 'Memories were gathered.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'MEMORIES',
  fields: (t) => ({
    memories: t.field({
      type: [MemoryHitRef],
      description: 'Oldest first: the first is cited as [1].',
      resolve: (event) => [...event.memories],
    }),
    degraded: t.exposeBoolean('degraded', {
      description: 'Whether a part of what is remembered could not be read in time.',
    }),
  }),
});

builder.objectRef<EventOf<'DELTA'>>('QueryDelta').implement({
  description:
    'A piece of the answer; the pieces since the start or the last restart, joined, are the response.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'DELTA',
  fields: (t) => ({ text: t.exposeString('text', { description: 'The piece.' }) }),
});

builder.objectRef<EventOf<'RESTARTED'>>('QueryRestarted').implement({
  description: 'The pieces so far are void: their model failed and another one starts over.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'RESTARTED',
});

builder.objectRef<EventOf<'COMPLETED'>>('QueryCompleted').implement({
  description: 'The turn is stored.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'COMPLETED',
  fields: (t) => ({
    result: t.expose('result', {
      type: ProcessQuerySuccess,
      description: 'The same as `processQuery` returns.',
    }),
  }),
});

builder.objectRef<EventOf<'FAILED'>>('QueryFailed').implement({
  description: 'The query was refused; nothing is stored.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'FAILED',
  fields: (t) => ({
    error: t.field({
      type: QueryFailure,
      description: 'Why.',
      resolve: ({ error }) => ({
        ...{ message: error.message, code: error.code, retryable: error.retryable },
        field: fieldOf(error),
      }),
    }),
  }),
});

builder.subscriptionField('processQueryStream', (t) =>
  t.field({
    authScopes: { permission: 'WRITE' },
    extensions: { ...HEAVY, ...WRITES },
    type: QueryEventRef,
    description:
      'The same as `processQuery`, step by step, with the answer as it is written. The turn is stored even if the client leaves.',
    args: { input: t.arg({ type: ProcessQueryInputRef, required: true, description: 'The query.' }) },
    subscribe: (_root, { input }, { services, principal }) => {
      const { userId, ...query } = input;
      return streamQuery(services, ownerFor(principal, userId), query as ProcessQueryInput);
    },
    resolve: (event) => event,
  }),
);
