import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { conversationId as conversationIdSchema, parseInput } from '../../ground/input.ts';
import { type DeletionMark, marksOfConversation } from '../conversations/marks.ts';
import { conversationByName } from '../conversations/reads.ts';
import type { ConversationRow } from '../conversations/tables.ts';
import { interactionsOfConversations } from './reads.ts';
import { lostResponder } from './responders.ts';
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
  /** Turns that were deleted one by one; their marks stand for them in the chain. */
  readonly deleted: number;
  readonly problems: readonly ChainProblem[];
}

const PAGE_SIZE = 500;
const MAX_PROBLEMS = 100;

/**
 * Recomputes the hashes of a conversation's turns and compares them with those that were stored: finds turns that
 * were altered, removed or put in since, other than by a deletion. Whoever can rewrite all hashes and the conversation's own can hide it.
 *
 * @throws InvalidInput, NotFound
 */
export async function verifyConversation(
  db: Database,
  owner: Owner,
  conversationId: string,
): Promise<ChainVerification> {
  const found = await look(db, owner, conversationId);
  if (found.problems.length === 0) return found;
  // What is stored or deleted while a conversation is read looks wrong once; at another look, other turns do.
  const again = await look(db, owner, conversationId);
  const first = new Set(found.problems.map(nameOf));
  return { ...again, problems: again.problems.filter((problem) => first.has(nameOf(problem))) };
}

const nameOf = ({ kind, sequence, turnId }: ChainProblem) => `${kind} ${sequence} ${turnId}`;

async function look(db: Database, owner: Owner, conversationId: string): Promise<ChainVerification> {
  parseInput(conversationIdSchema, conversationId, 'conversationId');
  const conversation = await conversationByName(db, owner, conversationId);
  if (!conversation) throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
  const problems: ChainProblem[] = [];
  const marks = await allMarks(db, owner, conversationId);
  const link: Link = { sequence: 0, chainHash: null, isKnown: true };
  let turns = 0;
  for (;;) {
    const page = { after: link.sequence, before: null, limit: PAGE_SIZE, inverted: false };
    const [rows = []] = await interactionsOfConversations(db, [conversation], page);
    for (const row of rows) problems.push(...checkLink(link, marks, row, await isComplete(db, owner, row)));
    turns += rows.length;
    if (rows.length < PAGE_SIZE || problems.length > MAX_PROBLEMS) break;
  }
  problems.push(...checkEnd(link, marks, conversation));
  return { conversationId, turns, deleted: marks.size, problems: problems.slice(0, MAX_PROBLEMS) };
}

/** By sequence. */
type Marks = ReadonlyMap<number, DeletionMark>;

async function allMarks(db: Database, owner: Owner, conversationId: string): Promise<Marks> {
  const marks = new Map<number, DeletionMark>();
  for (let after = 0; ; ) {
    const page = await marksOfConversation(db, owner, conversationId, { after, limit: PAGE_SIZE });
    for (const mark of page) marks.set(mark.sequence, mark);
    if (page.length < PAGE_SIZE) return marks;
    after = page.at(-1)?.sequence ?? after;
  }
}

interface Link {
  sequence: number;
  chainHash: Buffer | null;
  /** Whether the hash is that of the turn at this place. */
  isKnown: boolean;
}

/** Goes over places without a turn: a mark of a deletion takes the turn's part in the chain. */
function passOver(link: Link, marks: Marks, last: number): ChainProblem[] {
  const missing: ChainProblem[] = [];
  while (link.sequence < last && missing.length < MAX_PROBLEMS) {
    const mark = marks.get(++link.sequence);
    if (!mark) missing.push({ kind: 'MISSING', sequence: link.sequence, turnId: null });
    link.chainHash = mark?.chainHash ?? null;
    link.isKnown = mark !== undefined;
  }
  return missing;
}

/** Whether the answer of a turn that was interrupted is the one that it got later. */
async function isComplete(db: Database, owner: Owner, row: InteractionRow): Promise<boolean> {
  const { chainHash, completionHash } = row;
  // No hash covers the answer of an interrupted turn, because it has none.
  if (!completionHash) return row.status !== 'INTERRUPTED' || row.response === '';
  if (completionHashOf(chainHash, row).equals(completionHash)) return true;
  return (await lostResponder(db.pool, owner, row, { chainHash, completionHash })) !== null;
}

function checkLink(link: Link, marks: Marks, row: InteractionRow, isComplete: boolean): ChainProblem[] {
  const { sequence, turnId } = row;
  const problems = passOver(link, marks, sequence - 1);
  if (marks.has(sequence)) problems.push({ kind: 'INSERTED', sequence, turnId });
  // Behind a gap the predecessor's hash is unknown: the turn itself shows at the next link.
  const isWhole = !link.isKnown || chainHashOf(link.chainHash, row).equals(row.chainHash);
  if (!isWhole || !isComplete) problems.push({ kind: 'ALTERED', sequence, turnId });
  link.sequence = sequence;
  link.chainHash = row.chainHash;
  link.isKnown = true;
  return problems;
}

function checkEnd(link: Link, marks: Marks, conversation: ConversationRow): ChainProblem[] {
  const last = conversation.nextSequence - 1;
  if (link.sequence > last) return [{ kind: 'INSERTED', sequence: link.sequence, turnId: null }];
  const missing = passOver(link, marks, last);
  if (missing.length > 0 || last === 0) return missing;
  const isSame = link.chainHash && conversation.chainHash?.equals(link.chainHash);
  return isSame ? [] : [{ kind: 'ALTERED', sequence: last, turnId: null }];
}
