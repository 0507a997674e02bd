import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { InvalidInput } from '../../errors.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { deletionsAmong, type KnownDeletion } from '../conversations/marks.ts';
import {
  beginConversation,
  type ConversationLine,
  type DeletedLine,
  moveConversation,
  removeMarks,
  restoreMarks,
} from '../conversations/restored.ts';
import { lostResponder } from './responders.ts';
import { restoreTurns } from './restored.ts';
import type { TurnLine } from './rows.ts';
import { chainHashOf, completionHashOf } from './turn.ts';

/** Lines of one conversation; a page of an export may begin in the middle of one. */
export interface Part {
  readonly conversation: ConversationLine | null;
  readonly conversationId: string;
  readonly turns: { readonly line: number; readonly turn: TurnLine | DeletedLine }[];
}

/**
 * Puts the lines of one conversation back, in the transaction of `client`.
 *
 * @throws InvalidInput naming the line, NotFound
 */
export async function restorePart(
  client: PoolClient,
  owner: Owner,
  part: Part,
): Promise<{ turns: number; replayed: number }> {
  const held = await beginConversation(client, owner, part);
  const turnIds = part.turns.map(({ turn }) => turn.turnId.toLowerCase());
  const stored = await storedBefore(client, owner, turnIds);
  const deleted = await deletionsAmong(client, owner, turnIds);
  const added: TurnLine[] = [];
  const marks: DeletedLine[] = [];
  const revived: string[] = [];
  let previous = held.chainHash;
  let next = held.nextSequence;
  let filled = 0;
  for (const { line, turn } of part.turns) {
    const turnId = turn.turnId.toLowerCase();
    if (isStored(stored.get(turnId), turn, line)) continue;
    const mark = deleted.get(turnId);
    if (turn.kind === 'turn') refuseErased(mark, line);
    if (isPlaced(mark, turn)) {
      // It has its place: only a turn can fill it, and only the very one that was there.
      if (turn.kind === 'deleted') continue;
      added.push(await checked(client, owner, await hashBefore(client, owner, turn), { turn, line }));
      filled++;
    } else {
      if (turn.sequence !== next)
        throw new InvalidInput(
          `lines.${line}.sequence`,
          `must be ${next}, the next place in its conversation`,
        );
      next++;
      if (turn.kind === 'turn') added.push(await checked(client, owner, previous, { turn, line }));
      else marks.push(turn);
      previous = Buffer.from(turn.chainHash, 'hex');
    }
    if (turn.kind === 'turn' && mark) revived.push(turnId);
  }
  await restoreTurns(client, owner, added);
  await restoreMarks(client, owner, marks);
  await removeMarks(client, owner, revived);
  await auditRestored(client, owner, part.conversationId, added.length);
  await moveConversation(client, owner, part.conversationId, {
    next,
    previous,
    deleted: marks.length - filled,
    latest: latestOf(added),
  });
  return { turns: added.length, replayed: part.turns.length - added.length - marks.length };
}

function latestOf(turns: readonly TurnLine[]): Date | null {
  const said = turns.map(({ timestamp }) => new Date(timestamp).getTime());
  return said.length === 0 ? null : new Date(Math.max(...said));
}

interface Stored {
  readonly id: string;
  readonly chain: Buffer;
  readonly own: boolean;
}

async function storedBefore(client: PoolClient, owner: Owner, turnIds: readonly string[]) {
  const { rows } = await client.query<Stored>({
    name: 'restored_before',
    text: `select turn_id as id, chain_hash as chain, user_id = $2 and tenant_id = $3 as own
           from echo_unified_interactions where turn_id = any($1::uuid[])`,
    values: [turnIds, owner.userId, owner.tenantId],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** @throws InvalidInput if another turn has its id */
function isStored(stored: Stored | undefined, turn: TurnLine | DeletedLine, line: number): boolean {
  if (!stored) return false;
  if (stored.own && stored.chain.toString('hex') === turn.chainHash) return true;
  throw new InvalidInput(`lines.${line}.turnId`, 'there is another turn of this id');
}

function refuseErased(mark: KnownDeletion | undefined, line: number): void {
  if (mark?.isErased)
    throw new InvalidInput(`lines.${line}.turnId`, 'was erased with its user, and is not taken again');
}

/** Whether a mark holds the very place of a line. */
function isPlaced(mark: KnownDeletion | undefined, turn: TurnLine | DeletedLine): boolean {
  return (
    mark !== undefined &&
    mark.conversationId === turn.conversationId &&
    mark.sequence === turn.sequence &&
    mark.chainHash?.toString('hex') === turn.chainHash
  );
}

/** The chain hash at the place before a turn's, of a turn or of a mark. */
async function hashBefore(
  client: PoolClient,
  owner: Owner,
  { conversationId, sequence }: TurnLine,
): Promise<Buffer | null> {
  const { rows } = await client.query<{ chainHash: Buffer }>({
    name: 'restore_hash_before',
    text: `select chain_hash as "chainHash" from echo_unified_interactions
           where conversation_id = $1 and tenant_id = $2 and user_id = $3 and sequence = $4
           union all
           select chain_hash from echo_deleted_turns
           where conversation_id = $1 and tenant_id = $2 and subject = $5 and sequence = $4`,
    values: [conversationId, owner.tenantId, owner.userId, sequence - 1, subjectOf(owner)],
  });
  return rows[0]?.chainHash ?? null;
}

async function auditRestored(client: PoolClient, owner: Owner, conversationId: string, turns: number) {
  if (turns === 0) return;
  await client.query({
    name: 'restore_audited',
    text: `select echo_audit($1, $2, 'turns.restore', $3, 'OK', jsonb_build_object('turns', $4::int), echo_audit_teller())`,
    values: [owner.tenantId, owner.userId, conversationId, turns],
  });
}

/** @returns the turn as it was answered @throws InvalidInput if the line was altered, or belongs elsewhere */
async function checked(
  client: PoolClient,
  owner: Owner,
  previous: Buffer | null,
  { turn, line }: { readonly turn: TurnLine; readonly line: number },
): Promise<TurnLine> {
  const completionHash = turn.completionHash ? Buffer.from(turn.completionHash, 'hex') : null;
  const chainHash = chainHashOf(previous, { ...turn, ...owner, completionHash });
  if (chainHash.toString('hex') === turn.chainHash) {
    if (!completionHash || completionHashOf(chainHash, turn).equals(completionHash)) return turn;
    const responder = await lostResponder(client, owner, turn, { chainHash, completionHash });
    if (responder !== null) return { ...turn, responder };
  }
  throw new InvalidInput(
    `lines.${line}.chainHash`,
    'does not fit the turn and the one before it: one was altered',
  );
}
