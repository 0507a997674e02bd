import { createHash } from 'node:crypto';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { exportedCharacters } from '../characters/own.ts';
import { type DeletionMark, marksOfConversation } from '../conversations/marks.ts';
import { type ConversationRow, conversations } from '../conversations/tables.ts';
import { lineOf } from '../interactions/rows.ts';
import { interactions } from '../interactions/tables.ts';
import { exportedSettings } from '../settings/exported.ts';

export const EXPORT_FORMAT = 'echo-brain-export/1';
/** Lines of one page, at most. */
export const MAX_LINES = 500;
/** Conversations that are read at once. */
const AT_ONCE = 20;
/** Characters that are read at once: one has up to half a megabyte. */
const CHARACTERS_AT_ONCE = 20;
/** Turns that are read at once: a turn has up to a megabyte. */
const TURNS_AT_ONCE = 20;
/** A page ends behind the line that reaches so many. */
const PAGE_CHARACTERS = 1_000_000;

/**
 * Where a page begins: after this turn of this conversation (0: after the line of the conversation itself). With an
 * empty conversation, which nobody can have: after so many characters.
 */
export interface ExportPosition {
  readonly conversationId: string;
  readonly sequence: number;
}

export interface ExportPage {
  /** JSON, one object a line: settings and own characters of the user, then each conversation, followed by its turns. */
  readonly lines: readonly string[];
  /** Null: that was all. */
  readonly next: ExportPosition | null;
}

/** What a whole export holds; two memories with the same content have the same one. */
export interface ExportManifest {
  readonly format: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly characters: number;
  readonly conversations: number;
  readonly turns: number;
  /** SHA-256 over all lines, each with a line feed; hexadecimal. */
  readonly sha256: string;
}

/** The next lines of a user's export, about a megabyte at most. @param limit lines, 1 to MAX_LINES */
export async function exportPage(
  db: Database,
  owner: Owner,
  after: ExportPosition | null,
  limit: number,
): Promise<ExportPage> {
  const lines: string[] = after ? [] : await exportedSettings(db, owner);
  let characters = 0;
  let position = after;
  // First, because turns name the characters that they mention.
  while (position === null || position.conversationId === '') {
    const place: number = position?.sequence ?? 0;
    const page = await exportedCharacters(
      db,
      owner,
      place,
      Math.min(limit - lines.length, CHARACTERS_AT_ONCE),
    );
    for (const line of page) characters += line.length;
    lines.push(...page);
    position = { conversationId: '', sequence: place + page.length };
    if (lines.length >= limit || characters >= PAGE_CHARACTERS) return { lines, next: position };
    if (page.length < CHARACTERS_AT_ONCE) break;
  }
  let coming: { conversationId: string; line: string }[] = [];
  while (lines.length < limit) {
    if (position?.conversationId) {
      const turns = await turnsAfter(db, owner, position, Math.min(limit - lines.length, TURNS_AT_ONCE));
      for (const { line, sequence } of turns) {
        lines.push(line);
        characters += line.length;
        position = { ...position, sequence };
        if (lines.length >= limit || characters >= PAGE_CHARACTERS) return { lines, next: position };
      }
      if (turns.length === TURNS_AT_ONCE) continue;
    }
    if (coming.length === 0) coming = await conversationsAfter(db, owner, position?.conversationId ?? '');
    const conversation = coming.shift();
    if (!conversation) return { lines, next: null };
    lines.push(conversation.line);
    position = { conversationId: conversation.conversationId, sequence: 0 };
  }
  return { lines, next: position };
}

/** Reads the whole export to say what it holds. */
export async function exportManifest(db: Database, owner: Owner): Promise<ExportManifest> {
  const hash = createHash('sha256');
  const counts = { characters: 0, conversations: 0, turns: 0 };
  let after: ExportPosition | null = null;
  do {
    const page: ExportPage = await exportPage(db, owner, after, MAX_LINES);
    for (const line of page.lines) {
      hash.update(`${line}\n`);
      if (line.startsWith('{"kind":"conversation"')) counts.conversations++;
      else if (line.startsWith('{"kind":"character"')) counts.characters++;
      else if (line.startsWith('{"kind":"turn"')) counts.turns++;
    }
    after = page.next;
  } while (after);
  return { format: EXPORT_FORMAT, ...owner, ...counts, sha256: hash.digest('hex') };
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
    const row = mapRow(conversations, raw);
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
    chainHash: row.chainHash?.toString('hex') ?? null,
  };
}

async function turnsAfter(
  db: Database,
  owner: Owner,
  { conversationId, sequence }: ExportPosition,
  limit: number,
) {
  const { rows } = await db.pool.query<RawRow & { character: string | null }>({
    name: 'export_turns',
    text: `select i.*, c.character_name as "character" from echo_unified_interactions i
           left join character_profiles c on c.id = i.character_id
           where i.conversation_id = $3 and i.user_id = $1 and i.tenant_id = $2 and i.sequence > $4
           order by i.sequence limit $5`,
    values: [owner.userId, owner.tenantId, conversationId, sequence, limit],
  });
  const turns = rows.map((raw) => {
    const row = mapRow(interactions, raw);
    return { sequence: row.sequence, line: lineOf(row, raw.character) };
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
