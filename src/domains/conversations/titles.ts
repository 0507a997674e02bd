import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { analyse, hasAll, requiredWords } from '../word-index/analysis.ts';

/** Titles that are analysed between two pauses: about a millisecond. Requests come first. */
const TITLES_BETWEEN_PAUSES = 200;

/**
 * Ids of an owner's conversations whose title has all words of a text, in any form of theirs: by the analysis of the
 * word index, made anew each time, so that titles never lag behind it.
 */
export async function conversationsTitled(db: Database, owner: Owner, search: string): Promise<number[]> {
  const wanted = requiredWords(search);
  if (wanted.length === 0) return [];
  const { rows } = await db.pool.query<{ id: number; title: string }>({
    name: replicable('conversation_titles'),
    text: `select id, title from echo_conversations where user_id = $1 and tenant_id = $2 and title <> ''`,
    values: [owner.userId, owner.tenantId],
  });
  const found: number[] = [];
  for (const [index, { id, title }] of rows.entries()) {
    if (index % TITLES_BETWEEN_PAUSES === TITLES_BETWEEN_PAUSES - 1)
      await new Promise((resolve) => setImmediate(resolve));
    if (hasAll(wanted, analyse(title))) found.push(id);
  }
  return found;
}
