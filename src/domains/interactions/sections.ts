import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import {
  checkLineOwner,
  type ErasedUsers,
  type ExportedLine,
  type Place,
  type Restoration,
  type Section,
} from '../../ground/section.ts';
import { type DeletionMark, marksOfConversation } from '../conversations/marks.ts';
import { ConversationLine, DeletedLine } from '../conversations/restored.ts';
import { type ConversationRow, conversations as table } from '../conversations/tables.ts';
import { type Part, restorePart } from './restored-conversation.ts';
import { lineOf, TurnLine } from './rows.ts';
import { interactions } from './tables.ts';
import { isOwnTurnId } from './turn.ts';

/** Conversations that are read at once. */
const AT_ONCE = 20;
/** Turns that are read at once: a turn has up to a megabyte. */
const TURNS_AT_ONCE = 20;

interface Parts {
  readonly db: Database;
  /** Told of turns that were stored. */
  readonly indexWorker: { wake(turns: number): void };
  readonly vectorWorker: { wake(): void };
}

/**
 * Each conversation, followed by its turns and by what holds the places of deleted ones. A place is a conversation and
 * the number of a turn in it (0: behind the line of the conversation itself).
 *
 * Each turn is restored under its own id and at its place, checked against the hash that ties it to its predecessor; one
 * that is there already is passed over. Turns that were deleted since come back, because an export is a copy that
 * somebody means to have; turns that were erased do not.
 */
export const conversations: Section<Parts> = {
  kinds: ['conversation', 'turn', 'deleted'],
  lines: exportedConversations,
  restoration: (owner, erased) => new RestoredConversations(owner, erased),
};

async function* exportedConversations(
  { db }: Pick<Parts, 'db'>,
  owner: Owner,
  after: Place,
  limit: number,
): AsyncGenerator<ExportedLine> {
  let place = after;
  let coming: { conversationId: string; line: string }[] = [];
  for (let left = limit; left > 0; left--) {
    while (place.key !== '') {
      const asked = Math.min(left, TURNS_AT_ONCE);
      const turns = await turnsAfter(db, owner, place, asked);
      for (const { line, sequence } of turns) {
        place = { ...place, number: sequence };
        yield { line, after: place };
      }
      left -= turns.length;
      if (turns.length < asked || left <= 0) break;
    }
    if (left <= 0) return;
    if (coming.length === 0) coming = await conversationsAfter(db, owner, place.key);
    const conversation = coming.shift();
    if (!conversation) return;
    place = { key: conversation.conversationId, number: 0 };
    yield { line: conversation.line, after: place };
  }
}

/** In the order of their bytes, which is the same everywhere, and not that of their making. */
async function conversationsAfter(db: Database, owner: Owner, after: string) {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_conversation',
    text: `select * from echo_conversations where user_id = $1 and tenant_id = $2 and conversation_id collate "C" > $3
           order by conversation_id collate "C" limit ${AT_ONCE}`,
    values: [owner.userId, owner.tenantId, after],
  });
  return rows.map((raw) => {
    const row = mapRow(table, raw);
    return { conversationId: row.conversationId, line: JSON.stringify(exportedConversation(row)) };
  });
}

function exportedConversation(row: ConversationRow) {
  return {
    kind: 'conversation',
    tenantId: row.tenantId,
    userId: row.userId,
    conversationId: row.conversationId,
    episodeId: row.episodeId,
    lastMode: row.lastMode,
    lastInteraction: row.lastInteraction,
    intentHistory: row.intentHistory,
    context: row.context,
    title: row.title,
    pinned: row.pinned,
    // Exports of conversations without characters are those of the versions before there were any.
    ...(row.characters.length > 0 && { characters: row.characters, greeting: row.greeting }),
    chainHash: row.chainHash?.toString('hex') ?? null,
  };
}

async function turnsAfter(
  db: Database,
  owner: Owner,
  { key: conversationId, number: sequence }: Place,
  limit: number,
) {
  const { rows } = await db.pool.query<RawRow & { character: string | null; characters: string[] | null }>({
    name: 'export_turns',
    text: `select i.*, c.character_name as "character", array(
             select n.character_name from unnest(i.character_ids) with ordinality as named(id, place)
             join character_profiles n on n.id = named.id order by named.place
           )::text[] as characters
           from echo_unified_interactions i
           left join character_profiles c on c.id = i.character_id
           where i.conversation_id = $3 and i.user_id = $1 and i.tenant_id = $2 and i.sequence > $4
           order by i.sequence limit $5`,
    values: [owner.userId, owner.tenantId, conversationId, sequence, limit],
  });
  const turns = rows.map((raw) => {
    const row = mapRow(interactions, raw);
    return { sequence: row.sequence, line: lineOf(row, raw) };
  });
  const marks = await marksOfConversation(db, owner, conversationId, { after: sequence, limit });
  const deleted = marks.map((mark) => ({
    sequence: mark.sequence,
    line: JSON.stringify(exportedMark(mark, conversationId)),
  }));
  return [...turns, ...deleted].sort((a, b) => a.sequence - b.sequence).slice(0, limit);
}

/** What holds the place of a deleted turn in the chain of hashes. */
function exportedMark({ turnId, sequence, chainHash, deletedAt }: DeletionMark, conversationId: string) {
  return {
    kind: 'deleted',
    conversationId,
    turnId,
    sequence,
    chainHash: chainHash.toString('hex'),
    deletedAt,
  };
}

/** Lines by conversation; a page may begin in the middle of one. */
class RestoredConversations implements Restoration<Parts> {
  readonly #owner: Owner;
  readonly #erased: ErasedUsers;
  readonly #parts: Part[] = [];

  constructor(owner: Owner, erased: ErasedUsers) {
    this.#owner = owner;
    this.#erased = erased;
  }

  take(value: unknown, line: number): void {
    if ((value as { kind?: unknown }).kind === 'conversation') {
      const conversation = input.parseInput(ConversationLine, value, `lines.${line}`);
      checkLineOwner(this.#owner, conversation, line);
      this.#parts.push({ conversation, conversationId: conversation.conversationId, turns: [] });
      return;
    }
    const turn = this.#turnOf(value, line);
    let part = this.#parts.at(-1);
    if (part?.conversationId !== turn.conversationId) {
      part = { conversation: null, conversationId: turn.conversationId, turns: [] };
      this.#parts.push(part);
    }
    part.turns.push({ line, turn });
  }

  /** @throws InvalidInput naming the line; NotFound for turns of a conversation that is not there */
  async store(client: Parameters<typeof restorePart>[0]) {
    const total = { turn: 0, replayed: 0 };
    for (const part of this.#parts) {
      const done = await restorePart(client, this.#owner, part);
      total.turn += done.turns;
      total.replayed += done.replayed;
    }
    return total;
  }

  stored({ indexWorker, vectorWorker }: Parts, { turn = 0 }: Readonly<Record<string, number>>): void {
    indexWorker.wake(turn);
    vectorWorker.wake();
  }

  #turnOf(value: unknown, line: number): TurnLine | DeletedLine {
    if ((value as { kind?: unknown }).kind === 'deleted')
      return input.parseInput(DeletedLine, value, `lines.${line}`);
    const turn = input.parseInput(TurnLine, value, `lines.${line}`);
    // Its id tells whether it was erased; see `restorePart`.
    this.#erased.check(this.#owner, turn.timestamp, `lines.${line}.timestamp`, true);
    if (isOwnTurnId(this.#owner, turn)) return turn;
    throw new InvalidInput(
      `lines.${line}.turnId`,
      'does not follow from the user, the conversation and the idempotency key',
    );
  }
}
