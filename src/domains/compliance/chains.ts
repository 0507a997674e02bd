import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { verifyConversation } from '../interactions/verify.ts';

/** What was seen of the chains of turns. */
export interface ChainsSeen {
  readonly conversations: number;
  readonly turns: number;
  /** Numbers of conversations that do not fit their chain; they name nobody. Looked at again by each check until they fit. */
  readonly damaged: readonly number[];
  /** The next check goes on behind this one; 0: it begins anew. */
  readonly goesOnAfter: number;
}

interface Numbered extends Owner {
  readonly id: number;
  readonly conversationId: string;
}

const PAGE_SIZE = 200;
/** Conversations that are known to be damaged. */
const MAX_DAMAGED = 500;

/**
 * Verifies conversations, first those that did not fit the last time, then others behind where that check ended.
 *
 * @param most how many others
 * @param until the time (milliseconds since 1970) at which it ends, wherever it is
 */
export async function verifyChains(
  db: Database,
  last: Pick<ChainsSeen, 'damaged' | 'goesOnAfter'> | null,
  { most, until }: { readonly most: number; readonly until: number },
  task: Pick<RunningTask, 'signal' | 'progress'>,
): Promise<ChainsSeen> {
  const seen = { conversations: 0, turns: 0, damaged: new Set<number>() };
  const look = async (conversation: Numbered) => {
    task.signal.throwIfAborted();
    const chain = await chainOf(db, conversation);
    if (!chain) return;
    seen.conversations++;
    seen.turns += chain.turns;
    if (chain.problems.length > 0 && seen.damaged.size < MAX_DAMAGED) seen.damaged.add(conversation.id);
    task.progress(seen.conversations, null, 'conversations');
  };
  for (const conversation of await conversationsOf(db, last?.damaged ?? [])) await look(conversation);
  let place = last?.goesOnAfter ?? 0;
  for (let left = most; left > 0; ) {
    const asked = Math.min(left, PAGE_SIZE);
    const page = await conversationsBehind(db, place, asked);
    for (const conversation of page) {
      if (Date.now() > until) return { ...seen, damaged: [...seen.damaged], goesOnAfter: place };
      await look(conversation);
      place = conversation.id;
    }
    left -= page.length;
    if (page.length < asked) return { ...seen, damaged: [...seen.damaged], goesOnAfter: 0 };
  }
  return { ...seen, damaged: [...seen.damaged], goesOnAfter: place };
}

/** Null for a conversation that was deleted meanwhile. */
function chainOf(db: Database, conversation: Numbered) {
  return verifyConversation(db, conversation, conversation.conversationId).catch((error: unknown) => {
    if (error instanceof NotFound) return null;
    throw error;
  });
}

const COLUMNS =
  'id, tenant_id as "tenantId", user_id as "userId", conversation_id as "conversationId" from echo_conversations';

async function conversationsBehind(db: Database, after: number, limit: number): Promise<Numbered[]> {
  const { rows } = await db.pool.query<Numbered>({
    name: 'conversations_to_verify',
    text: `select ${COLUMNS} where id > $1 and tenant_id <> '${CANARY_TENANT}' order by id limit $2`,
    values: [after, limit],
  });
  return rows;
}

async function conversationsOf(db: Database, ids: readonly number[]): Promise<Numbered[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.pool.query<Numbered>({
    name: 'conversations_to_verify_again',
    text: `select ${COLUMNS} where id = any($1) order by id`,
    values: [ids],
  });
  return rows;
}
