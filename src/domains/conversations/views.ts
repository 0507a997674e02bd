import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { onlyRow, type Page, type TimePosition } from '../../db/statements.ts';
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

/** One user's conversations that an episode names, the one with the latest turn first. */
export async function latestEpisodes(db: Database, owner: Owner, limit: number) {
  const page = { after: null, before: null, limit, inverted: false };
  const rows = await conversationPage(db, owner, { ofEpisodes: true }, page);
  return rows.map(({ episodeId, ...row }) => ({ ...row, episodeId: episodeId ?? '' }));
}

/** How many conversations there are in a scope. */
export async function countConversations(db: Database, scope: Scope): Promise<number> {
  const found = await db.pool.query<{ count: number }>({
    name: replicable('count_conversations'),
    text: `select count(*)::int as count from echo_conversations
           where tenant_id = $1 and ($2::text is null or user_id = $2)`,
    values: [scope.tenantId, scope.userId],
  });
  return onlyRow(found).count;
}
