import { createHash } from 'node:crypto';
import { z } from 'zod';
import { deleteConversation } from '../domains/conversations/conversations.ts';
import { findConversation } from '../domains/conversations/views.ts';
import { retractFact } from '../domains/facts/by-hand.ts';
import { findFact } from '../domains/facts/views.ts';
import { deleteInteraction } from '../domains/interactions/deletions.ts';
import { InvalidInput, NotFound } from '../errors.ts';
import * as argument from './arguments.ts';
import { userId } from './shapes.ts';
import { defineTool, type ToolCall } from './tool.ts';

const Forgotten = z.object({
  userId,
  forgotten: z.enum(['TURN', 'FACT', 'CONVERSATION', 'NOTHING']),
  id: z.string().describe('The id that was given.'),
  turns: z.int().describe('Turns that were deleted; of a preview, that would be.'),
  confirmToken: z
    .string()
    .nullable()
    .describe(
      'Nothing was deleted yet: ask the user, then call again with this as `confirm`. Null: it is done.',
    ),
});

export const forget = defineTool({
  name: 'forget',
  title: 'Forget something',
  description:
    'Deletes one turn for good (turnId), takes one fact back (factId), or deletes a whole conversation (conversationId): give exactly one of them. A turn takes along what was learned from it alone. A conversation is deleted only by a second call, with the confirmToken that the first one gives, after the user has agreed.',
  effect: 'deletes',
  isIdempotent: true,
  input: argument.argumentsOf({
    turnId: argument.id('the turn to delete').optional(),
    factId: argument.id('the fact to take back').optional(),
    conversationId: argument.text(100, 'Name of the conversation to delete.').optional(),
    confirm: argument.text(100, '`confirmToken` of the call before; for conversations only.').optional(),
  }),
  output: Forgotten,
  run: async (call, { confirm, ...given }) => {
    const named = Object.entries(given).filter(([, value]) => value !== undefined);
    if (named.length !== 1)
      throw new InvalidInput('turnId', 'give exactly one of turnId, factId and conversationId');
    if (given.turnId !== undefined) return forgetTurn(call, given.turnId);
    if (given.factId !== undefined) return forgetFact(call, given.factId);
    return forgetConversation(call, given.conversationId ?? '', confirm);
  },
});

async function forgetTurn({ services, owner }: ToolCall, turnId: string) {
  const id = await deleteInteraction(services, owner, turnId);
  return { userId: owner.userId, forgotten: 'TURN' as const, id, turns: 1, confirmToken: null };
}

async function forgetFact({ services, principal, owner }: ToolCall, factId: string) {
  // Who may act for others names for whom; an id alone reaches nobody else's.
  const { factId: id } = await findFact(services, owner, factId);
  await retractFact(services, principal, id);
  return { userId: owner.userId, forgotten: 'FACT' as const, id, turns: 0, confirmToken: null };
}

async function forgetConversation(
  { services, owner }: ToolCall,
  conversationId: string,
  confirm: string | undefined,
) {
  const stored = await findConversation(services, owner, conversationId);
  if (!stored) throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
  const about = { userId: owner.userId, id: conversationId };
  // Of what would be deleted as it is now: who was shown less is asked again.
  const token = createHash('sha256')
    .update(JSON.stringify([owner.tenantId, owner.userId, stored.id, stored.nextSequence]))
    .digest('base64url')
    .slice(0, 16);
  if (confirm === undefined) {
    const turns = stored.nextSequence - 1 - stored.deletedTurns;
    return { ...about, forgotten: 'NOTHING' as const, turns, confirmToken: token };
  }
  if (confirm !== token)
    throw new InvalidInput(
      'confirm',
      'is not the confirmToken of this conversation as it is now; call again without confirm for a new one',
    );
  const turns = await deleteConversation(services, owner, conversationId);
  return { ...about, forgotten: 'CONVERSATION' as const, turns, confirmToken: null };
}
