import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Page, TimePosition } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import { conversationByName, conversationPage } from './reads.ts';
import type { ConversationRow } from './tables.ts';

/** One user's conversation by its name; null where none is stored. @throws InvalidInput */
export async function findConversation(
  { db }: { readonly db: Database },
  owner: Owner,
  conversationId: string,
): Promise<ConversationRow | null> {
  const name = input.parseInput(input.conversationId, conversationId, 'conversationId');
  return conversationByName(db, owner, name);
}

/** A page of a user's conversations, the one with the latest turn first. */
export async function conversationsOf(
  { db }: { readonly db: Database },
  owner: Owner,
  page: Page<TimePosition>,
): Promise<ConversationRow[]> {
  return conversationPage(db, owner, {}, page);
}
