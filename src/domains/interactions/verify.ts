import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { conversationByName } from '../conversations/reads.ts';
import type { ConversationRow } from '../conversations/tables.ts';
import { NotFound } from '../errors.ts';
import { conversationId as conversationIdSchema, parseInput } from '../input.ts';
import { interactionsOfConversations } from './reads.ts';
import type { InteractionRow } from './tables.ts';
import { chainHashOf, completionHashOf } from './turn.ts';

/** Something that is not as it was stored. */
export interface ChainProblem {
  readonly kind: 'ALTERED' | 'MISSING' | 'INSERTED';
  /** The position at which it shows. */
  readonly sequence: number;
  /** Null for a missing turn. */
  readonly turnId: string | null;
}

export interface ChainVerification {
  readonly conversationId: string;
  /** Turns that were looked at. */
  readonly turns: number;
  readonly problems: readonly ChainProblem[];
}

const PAGE_SIZE = 500;
const MAX_PROBLEMS = 100;

/**
 * Recomputes the hashes of a conversation's turns and compares them with those that were stored: finds turns that
 * were altered, removed or put in since. Whoever can rewrite all hashes and the conversation's own can hide it.
 *
 * @throws InvalidInput, NotFound
 */
export async function verifyConversation(
  db: Database,
  owner: Owner,
  conversationId: string,
): Promise<ChainVerification> {
  parseInput(conversationIdSchema, conversationId, 'conversationId');
  const conversation = await conversationByName(db, owner, conversationId);
  if (!conversation) throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
  const problems: ChainProblem[] = [];
  const link: Link = { sequence: 0, chainHash: null };
  let turns = 0;
  for (;;) {
    const page = { after: link.sequence, before: null, limit: PAGE_SIZE, inverted: false };
    const [rows = []] = await interactionsOfConversations(db, [conversation], page);
    for (const row of rows) problems.push(...checkLink(link, row));
    turns += rows.length;
    if (rows.length < PAGE_SIZE || problems.length > MAX_PROBLEMS) break;
  }
  problems.push(...checkEnd(link, conversation));
  return { conversationId, turns, problems: problems.slice(0, MAX_PROBLEMS) };
}

interface Link {
  sequence: number;
  chainHash: Buffer | null;
}

function checkLink(link: Link, row: InteractionRow): ChainProblem[] {
  const problems: ChainProblem[] = [];
  for (
    let sequence = link.sequence + 1;
    sequence < row.sequence && problems.length < MAX_PROBLEMS;
    sequence++
  ) {
    problems.push({ kind: 'MISSING', sequence, turnId: null });
  }
  // Behind a gap the predecessor's hash is unknown: the turn itself shows at the next link.
  const isWhole = problems.length > 0 || chainHashOf(link.chainHash, row).equals(row.chainHash);
  // No hash covers the answer of an interrupted turn, because it has none.
  const isComplete = row.completionHash
    ? completionHashOf(row.chainHash, row).equals(row.completionHash)
    : row.status !== 'INTERRUPTED' || row.response === '';
  if (!isWhole || !isComplete) problems.push({ kind: 'ALTERED', sequence: row.sequence, turnId: row.turnId });
  link.sequence = row.sequence;
  link.chainHash = row.chainHash;
  return problems;
}

function checkEnd(link: Link, conversation: ConversationRow): ChainProblem[] {
  const last = conversation.nextSequence - 1;
  const missing: ChainProblem[] = [];
  for (let sequence = link.sequence + 1; sequence <= last && missing.length < MAX_PROBLEMS; sequence++) {
    missing.push({ kind: 'MISSING', sequence, turnId: null });
  }
  if (link.sequence > last) return [{ kind: 'INSERTED', sequence: link.sequence, turnId: null }];
  if (missing.length > 0 || last === 0) return missing;
  const isSame = link.chainHash && conversation.chainHash?.equals(link.chainHash);
  return isSame ? [] : [{ kind: 'ALTERED', sequence: last, turnId: null }];
}
