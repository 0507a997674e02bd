import { z } from 'zod';
import { findConversation } from '../domains/conversations/views.ts';
import { positionOfTurn, userTurns } from '../domains/interactions/views.ts';
import { NotFound } from '../errors.ts';
import * as argument from './arguments.ts';
import { cursorOf, fitted, positionOf, positions } from './paging.ts';
import { NOTICE, nextCursor, notice, shortenedTurn, shownTurn, Turn, userId } from './shapes.ts';
import { defineTool, type McpServices, type ToolCall } from './tool.ts';

export const Conversation = z.object({
  userId,
  notice,
  conversationId: z.string(),
  title: z.string().nullable(),
  turnCount: z.int().nullable().describe('Turns that are stored; null: none is yet.'),
  turns: z
    .array(Turn)
    .describe('A part of the conversation, oldest first; the first page ends with the latest turn.'),
  nextCursor: nextCursor.describe('Leads to the turns before these; null: there are none.'),
});

export const getConversation = defineTool({
  name: 'get_conversation',
  title: 'Read a conversation',
  description:
    'Reads the turns of one conversation in their order, from the latest page back to the beginning.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    conversationId: argument.conversationId,
    limit: argument.limit(20),
    maxTokens: argument.maxTokens,
    cursor: argument.cursor,
  }),
  output: Conversation,
  run: ({ services, owner }, args) => conversationPage(services, owner, args),
});

/** A part of a conversation, as tools and resources show it. @throws InvalidInput, NotFound */
export async function conversationPage(
  services: McpServices,
  owner: ToolCall['owner'],
  asked: { conversationId: string; limit: number; maxTokens: number; cursor?: string | undefined },
): Promise<z.output<typeof Conversation>> {
  const { conversationId, limit, maxTokens, cursor } = asked;
  const after = positionOf('turns', positions.turn, cursor);
  const page = { after, before: null, limit: limit + 1, inverted: false };
  const [stored, rows] = await Promise.all([
    findConversation(services, owner, conversationId),
    userTurns(services, owner, { conversationId }, page),
  ]);
  if (!stored && rows.length === 0)
    throw new NotFound('conversationId', `there is no conversation "${conversationId.slice(0, 100)}"`);
  const { shown } = fitted(rows.slice(0, limit).map(shownTurn), maxTokens, shortenedTurn);
  const last = rows[shown.length - 1];
  const place = last && positionOfTurn(last);
  return {
    userId: owner.userId,
    notice: NOTICE,
    conversationId,
    title: stored?.title || null,
    turnCount: stored ? stored.nextSequence - 1 - stored.deletedTurns : null,
    turns: shown.toReversed(),
    nextCursor:
      place && rows.length > shown.length
        ? cursorOf('turns', [place.at.getTime(), place.id, ...(place.waits ?? [])])
        : null,
  };
}
