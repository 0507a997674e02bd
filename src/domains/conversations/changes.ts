import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type ConversationRow, conversations } from './tables.ts';

const Changes = z.object({
  conversationId: input.conversationId,
  /** Null takes it away. */
  title: input.conversationTitle.nullish(),
  pinned: z.boolean({ error: 'must be true or false' }).optional(),
});

export type ConversationChanges = z.input<typeof Changes>;

/**
 * Changes what a user calls a conversation, and whether they keep it at hand; what is absent stays as it is.
 *
 * @throws InvalidInput, NotFound
 */
export async function updateConversation(
  { db }: { readonly db: Database },
  owner: Owner,
  given: ConversationChanges,
): Promise<ConversationRow> {
  const { conversationId, title, pinned } = input.parseInput(Changes, given);
  const { rows } = await db.transaction((client) =>
    client.query<RawRow>({
      name: 'update_conversation',
      text: `update echo_conversations set title = coalesce($4, title), pinned = coalesce($5, pinned)
             where conversation_id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      // An empty title is one that was taken away: no import gives the conversation another.
      values: [conversationId, owner.tenantId, owner.userId, title === null ? '' : title, pinned],
    }),
  );
  if (!rows[0]) throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
  return mapRow(conversations, rows[0]);
}

/** Says which characters answer in a conversation, which is made where there is none. @param cast names of characters that its user knows, and which greeting of the first */
export async function setCharacters(
  { db }: { readonly db: Database },
  owner: Owner,
  conversationId: string,
  { characters, greeting }: { characters: readonly string[]; greeting: number },
): Promise<ConversationRow> {
  const stored = await db.transaction((client) =>
    client.query<RawRow>({
      name: 'set_conversation_characters',
      text: `insert into echo_conversations (conversation_id, tenant_id, user_id, characters, greeting)
             values ($1, $2, $3, $4, $5)
             on conflict (conversation_id, tenant_id, user_id)
             do update set characters = excluded.characters, greeting = excluded.greeting
             returning *`,
      values: [conversationId, owner.tenantId, owner.userId, characters, greeting],
    }),
  );
  return mapRow(conversations, onlyRow(stored));
}
