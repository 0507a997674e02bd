import { z } from 'zod';
import type { SavedTurns } from '../domains/interactions/acknowledgement.ts';
import { MAX_TURNS_PER_CALL, recordTurns } from '../domains/interactions/interactions.ts';
import { MAX_QUERY_LENGTH, MAX_RESPONSE_LENGTH, MAX_TITLE_LENGTH } from '../ground/input.ts';
import * as argument from './arguments.ts';
import { userId } from './shapes.ts';
import { defineTool, type ToolCall } from './tool.ts';

/** Where something is kept that belongs to no conversation. */
const NOTES = 'notes';

const durability = z
  .enum(['COMMITTED', 'JOURNALED'])
  .describe(
    'COMMITTED: the database has it. JOURNALED: on disk, and the database gets it soon. Neither is ever lost.',
  );

const said = {
  speaker: argument.text(100, 'Who said it, if not the user.').optional(),
  timestamp: argument.instant('When it was said; absent: now.').optional(),
  metadata: argument.metadata.optional(),
  idempotencyKey: argument.idempotencyKey.optional(),
};

export const remember = defineTool({
  name: 'remember',
  title: 'Remember something',
  description:
    'Stores something that the user told or wants kept, word for word, so that it is found again in any later conversation. It is safe on disk when this returns. Facts are learned from it in the background.',
  effect: 'adds',
  isIdempotent: false,
  input: argument.argumentsOf({
    text: argument.text(
      MAX_QUERY_LENGTH,
      'What to remember, in the words of who said it, 1 to 32,000 characters.',
    ),
    conversationId: argument.text(100, `Conversation that it belongs to; absent: "${NOTES}".`).default(NOTES),
    ...said,
  }),
  output: z.object({
    turnId: z.string().describe('Its id, by which it can be forgotten.'),
    conversationId: z.string(),
    userId,
    at: z.string(),
    durability,
    replayed: z.boolean().describe('Whether it had been stored before, under the same key.'),
  }),
  run: async (call, { text, conversationId, ...rest }) => {
    const saved = await record(call, { conversationId, turns: [{ query: text, ...rest }] });
    const [turn] = saved.turns;
    if (!turn) throw new Error('a turn that was stored is missing');
    return {
      turnId: turn.row.turnId,
      conversationId,
      userId: call.owner.userId,
      at: turn.row.timestamp.toISOString(),
      durability: saved.durability,
      replayed: turn.replayed,
    };
  },
});

export const recordTurnsTool = defineTool({
  name: 'record_turns',
  title: 'Record turns of a conversation',
  description:
    'Stores 1 to 500 turns of one conversation, each what was said and what was answered, in their order, all or nothing. They are safe on disk when this returns. Give each an idempotencyKey if you may send it again.',
  effect: 'adds',
  isIdempotent: false,
  input: argument.argumentsOf({
    conversationId: argument.conversationId,
    title: argument
      .text(MAX_TITLE_LENGTH, 'What the conversation is called; taken where it never had a title.')
      .optional(),
    turns: z
      .array(
        argument.argumentsOf({
          query: argument.text(MAX_QUERY_LENGTH, 'What was said, 1 to 32,000 characters.'),
          response: argument
            .text(MAX_RESPONSE_LENGTH, 'What was answered, at most 200,000 characters; absent: nothing.')
            .optional(),
          responder: argument.text(100, 'Who answered, if not the assistant.').optional(),
          modelUsed: argument.text(100, 'The model that answered.').optional(),
          ...said,
        }),
        { error: 'must be a list of turns' },
      )
      .min(1, { error: 'must have at least 1 entry' })
      .max(MAX_TURNS_PER_CALL, { error: `must have at most ${MAX_TURNS_PER_CALL} entries` })
      .describe('The turns, oldest first.'),
  }),
  output: z.object({
    conversationId: z.string(),
    userId,
    turnIds: z.array(z.string()).describe('In the order given.'),
    durability,
    replayed: z.int().describe('How many of them had been stored before, under the same keys.'),
  }),
  run: async (call, args) => {
    const saved = await record(call, args);
    return {
      conversationId: args.conversationId,
      userId: call.owner.userId,
      turnIds: saved.turns.map(({ row }) => row.turnId),
      durability: saved.durability,
      replayed: saved.turns.filter(({ replayed }) => replayed).length,
    };
  },
});

function record(
  { services, owner }: ToolCall,
  given: Parameters<typeof recordTurns>[2],
): Promise<SavedTurns> {
  return recordTurns(services, owner, given);
}
