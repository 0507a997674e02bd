import { z } from 'zod';
import type { Owner } from '../access/principals.ts';
import type { MemoryHit } from '../domains/memory/hits.ts';
import { ANSWER_MODES, LEVELS, type ProcessQueryInput, REQUEST_TYPES } from '../domains/query/accepted.ts';
import { type ProcessedQuery, processQuery } from '../domains/query/query.ts';
import * as input from '../ground/input.ts';
import { ownerFor } from '../ground/ownership.ts';
import {
  body,
  decimal,
  decimalOf,
  decimalOrNull,
  degraded,
  optionalText,
  second,
  secondOf,
  text,
  user_id,
} from './formats.ts';
import { ANSWERING, type Asked, defineRow, type Row } from './row.ts';

export const Query = body({
  query: text.describe(`What is asked, 1 to ${input.MAX_QUERY_LENGTH} characters.`),
  context: input.jsonObject.nullish().describe('Kept with the turn and shown to the model.'),
  intelligence_level: z
    .enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` })
    .nullish()
    .describe('Which model to ask; absent: auto.'),
  user_id,
  conversation_id: optionalText.describe('The thread; made if absent.'),
  request_type: z
    .enum(REQUEST_TYPES, { error: `must be one of ${REQUEST_TYPES.join(', ')}` })
    .nullish()
    .describe('A system command is always refused and never executed; absent: conversation.'),
});

const Source = z
  .object({
    id: z.string().describe('The turn.'),
    content: z.string(),
    score: decimal.describe('0 to 1; comparable within one answer only.'),
    source: z.literal('conversation'),
    created_at: second,
  })
  .meta({ id: 'Source', description: 'A memory that went into an answer.' });

const answerFields = {
  response: z.string(),
  answer: z.string().describe('The same as response.'),
  model_used: z.string(),
  intelligence_level: z.string().nullable(),
  processing_time: decimal.describe('Seconds.'),
  execution_time_ms: decimal.describe('The same in milliseconds.'),
  escalation_path: z.array(z.string()),
  requires_clarification: z.boolean(),
  clarifying_questions: z.array(z.string()),
  conversation_id: z.string(),
  session_id: z.string().describe('The same as conversation_id.'),
  intent: z.string().nullable(),
  confidence: decimal.nullable(),
  sources: z.array(Source).describe('What went into the answer; empty for a retry.'),
  turn_id: z.string().describe('The stored turn, for /feedback.'),
  degraded,
  finish_reason: z.string().optional().describe('How the answer of a model ended.'),
  cost: decimal.optional().describe('What it cost, where that is known.'),
};
const Answer = z.object(answerFields).meta({ id: 'Answer', description: 'An answered query.' });

export const Question = body({
  question: text.describe(`1 to ${input.MAX_QUERY_LENGTH} characters.`),
  session_id: optionalText.describe('The thread; made if absent.'),
  allow_actions: z
    .boolean({ error: 'must be true or false' })
    .nullish()
    .describe('Accepted and never acted on.'),
  user_id,
});

export const QUESTION_NAMES = { query: 'question', conversationId: 'session_id' };

const QuestionAnswer = z
  .object({
    answer: z.string(),
    model: z.string(),
    agent: z.literal('echo-brain'),
    query_type: z.string().nullable(),
    confidence: decimal.nullable(),
    sources: z.array(Source),
    actions_taken: z.array(z.string()).max(0).describe('Always empty: nothing is ever executed.'),
    execution_time_ms: decimal,
    session_id: z.string(),
    timestamp: second,
    degraded,
  })
  .meta({ id: 'QuestionAnswer', description: 'An answered question.' });

const LIMITS = { least: 3, most: 500 };
const EpisodeQuery = body({
  query: text
    .pipe(input.text(LIMITS.most, LIMITS.least))
    .describe(`${LIMITS.least} to ${LIMITS.most} characters.`),
  user_id,
  episode_id: optionalText.describe('With the user, names the conversation.'),
  mode: z
    .enum(ANSWER_MODES, { error: `must be one of ${ANSWER_MODES.join(', ')}` })
    .nullish()
    .describe('How to phrase the answer; absent: as last time in this conversation.'),
});

/** What the verb is asked, whoever asks. */
export function askedInQuery({
  body: asked,
  idempotencyKey,
}: Asked<unknown, unknown, z.output<typeof Query>>) {
  return {
    query: asked.query,
    context: asked.context,
    intelligenceLevel: asked.intelligence_level ?? 'auto',
    conversationId: asked.conversation_id,
    requestType: asked.request_type ?? 'conversation',
    idempotencyKey,
  } satisfies ProcessQueryInput;
}

/** Answers to what people say: the turn is stored, whichever of these asks. */
export const queryRows: readonly Row[] = [
  defineRow({
    method: 'POST',
    at: ['/api/echo/query', '/api/echo/chat'],
    group: 'Answers',
    summary: 'Answers a query in context and stores the turn',
    toll: ANSWERING,
    body: Query,
    isIdempotent: true,
    gives: Answer,
    run: async (asked) => {
      const owner = ownerFor(asked.principal, asked.body.user_id);
      return shown(await processQuery(asked.services, owner, askedInQuery(asked), SHOWN));
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/query'],
    group: 'Episodes',
    summary: 'Answers a query; user and episode name the conversation',
    toll: ANSWERING,
    body: EpisodeQuery,
    isIdempotent: true,
    gives: z
      .object({ ...answerFields, episode_id: z.string().nullable() })
      .meta({ id: 'EpisodeAnswer', description: 'An answered query of an episode.' }),
    run: async ({ services, principal, body: asked, idempotencyKey }) => {
      const { query, episode_id: episodeId, mode } = asked;
      const given = { query, episodeId, mode, idempotencyKey };
      const processed = await processQuery(services, ownerFor(principal, asked.user_id), given, SHOWN);
      return { ...shown(processed), episode_id: episodeId ?? null };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/api/echo/ask'],
    group: 'Answers',
    summary: 'Answers a question and stores the turn',
    toll: ANSWERING,
    body: Question,
    fieldNames: QUESTION_NAMES,
    isIdempotent: true,
    gives: QuestionAnswer,
    run: ({ services, principal, body: asked, idempotencyKey }) =>
      answerQuestion(services, ownerFor(principal, asked.user_id), {
        ...{ query: asked.question, conversationId: asked.session_id, idempotencyKey },
      }),
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/ask'],
    group: 'Answers',
    summary: 'The same by an address',
    toll: ANSWERING,
    query: z.object({
      question: text,
      session_id: z.string().optional(),
      user_id: z.string().optional(),
      allow_actions: z.string().optional().describe('Accepted and never acted on.'),
    }),
    isIdempotent: true,
    writesByGet: true,
    fieldNames: QUESTION_NAMES,
    gives: QuestionAnswer,
    run: ({ services, principal, query: asked, idempotencyKey }) =>
      answerQuestion(services, ownerFor(principal, asked.user_id), {
        ...{ query: asked.question, conversationId: asked.session_id, idempotencyKey },
      }),
  }),
];

async function answerQuestion(
  services: Asked['services'],
  owner: Owner,
  given: ProcessQueryInput,
): Promise<z.output<typeof QuestionAnswer>> {
  const processed = await processQuery(services, owner, given, SHOWN);
  const { interaction, memories } = processed;
  return {
    answer: interaction.response,
    model: interaction.modelUsed,
    agent: 'echo-brain',
    query_type: interaction.intent,
    confidence: decimalOrNull(interaction.confidence),
    sources: memories.map(sourceOf),
    actions_taken: [],
    execution_time_ms: decimalOf(interaction.processingTime * 1_000),
    session_id: interaction.conversationId,
    timestamp: secondOf(interaction.timestamp),
    ...(processed.degraded && { degraded: processed.degraded }),
  };
}

function shown({ interaction, memories, degraded: isDegraded }: ProcessedQuery): z.output<typeof Answer> {
  return {
    response: interaction.response,
    answer: interaction.response,
    model_used: interaction.modelUsed,
    intelligence_level: interaction.intelligenceLevel,
    processing_time: decimalOf(interaction.processingTime),
    execution_time_ms: decimalOf(interaction.processingTime * 1_000),
    escalation_path: [...interaction.escalationPath],
    requires_clarification: interaction.requiresClarification,
    clarifying_questions: [...interaction.clarifyingQuestions],
    conversation_id: interaction.conversationId,
    session_id: interaction.conversationId,
    intent: interaction.intent,
    confidence: decimalOrNull(interaction.confidence),
    sources: memories.map(sourceOf),
    turn_id: interaction.turnId,
    // Not of the older service: only where memory could not be read, or a model answered.
    ...(isDegraded && { degraded: isDegraded }),
    ...(interaction.finishReason && { finish_reason: interaction.finishReason }),
    ...(interaction.cost !== null && { cost: decimalOf(Number(interaction.cost)) }),
  };
}

/** What of memories is shown here: who said what. */
const SHOWN = { memoryColumns: 'said' } as const;

function sourceOf({ interaction, score }: MemoryHit): z.output<typeof Source> {
  return {
    id: interaction.turnId,
    content: wordsOf(interaction),
    score: decimalOf(score),
    source: 'conversation',
    created_at: secondOf(interaction.timestamp),
  };
}

/** A whole turn as one text. */
export function wordsOf({ query, response }: { query: string; response: string }): string {
  return response === '' ? query : `${query}\n${response}`;
}
