import { createHash } from 'node:crypto';
import { OlderRow, type RawRow, type Tell } from './older-row.ts';
import type { OlderTable, Source } from './source.ts';
import { AdoptedConversation, type TurnOwner } from './turns.ts';

export const TURNS = 'echo_unified_interactions';
export const CONVERSATIONS = 'echo_conversations';
/** The conversation of turns that name none. */
const NAMELESS = 'older-turns-without-conversation';
const LONG_AGO = '1970-01-01T00:00:00.000Z';
const MAX_INTENTS = 50;
const MAX_NAME = 100;

/** Whose a row is, by what it says. */
export type OwnerOf = (userId: unknown) => TurnOwner;

/** A row of turns, and the conversation that it belongs to. */
export interface TurnRow {
  readonly row: RawRow;
  readonly owner: TurnOwner;
  /** As the older database names it, shortened where it is too long. */
  readonly conversationId: string;
}

/** A conversation's row, which comes before its turns. */
export interface ConversationRow {
  readonly conversation: RawRow;
  readonly owner: TurnOwner;
  readonly conversationId: string;
}

/**
 * Goes through turns and conversations side by side, both in the order of the conversations' names, so that neither has to
 * fit into memory. Each conversation's row comes before its turns, if it has any.
 */
export async function* turnsOfConversations(
  source: Source,
  tables: ReadonlyMap<string, OlderTable>,
  ownerOf: OwnerOf,
): AsyncGenerator<TurnRow | ConversationRow> {
  const order = { names: ['conversation_id'], columns: ['id', 'timestamp'] };
  const turns = tables.get(TURNS);
  const conversations = tables.get(CONVERSATIONS);
  const rest = conversations ? source.rows(conversations, order) : noRows();
  let coming = await rest.next();
  const told = (conversation: RawRow): ConversationRow => ({
    conversation,
    owner: ownerOf(conversation.user_id),
    conversationId: nameOf(conversation.conversation_id, NAMELESS),
  });
  let name: unknown;
  for await (const row of turns ? source.rows(turns, order) : noRows()) {
    if (row.conversation_id !== name) {
      name = row.conversation_id;
      while (!coming.done && isUpTo(coming.value.conversation_id, name)) {
        yield told(coming.value);
        coming = await rest.next();
      }
    }
    yield { row, owner: ownerOf(row.user_id), conversationId: nameOf(row.conversation_id, NAMELESS) };
  }
  for (; !coming.done; coming = await rest.next()) yield told(coming.value);
}

async function* noRows(): AsyncGenerator<RawRow> {
  // A table that is not there has none.
}

/** Whether one name stands at or before another: in the order of their bytes, those that say nothing at the end. */
function isUpTo(name: unknown, other: unknown): boolean {
  const [first, second] = [said(name), said(other)];
  if (second === '') return true;
  return first !== '' && Buffer.compare(Buffer.from(first), Buffer.from(second)) <= 0;
}

function said(name: unknown): string {
  return name === null || name === undefined ? '' : String(name);
}

/** A name that fits: a longer one ends in a hash of all of it. */
export function nameOf(value: unknown, otherwise: string): string {
  const name = said(value).toWellFormed();
  if (name === '') return otherwise;
  const points = [...name];
  if (points.length <= MAX_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${points.slice(0, MAX_NAME - 17).join('')}-${hash}`;
}

/** The line of a conversation, and the conversation that its turns are put into. */
export function begin(
  owner: TurnOwner,
  conversationId: string,
  raw: RawRow | null,
  tell: Tell,
): { line: Readonly<Record<string, unknown>>; conversation: AdoptedConversation } {
  const row = new OlderRow(CONVERSATIONS, raw ?? {}, conversationId, tell);
  row.raw('conversation_id');
  row.raw('user_id');
  const created = row.instant('created_at');
  const last = row.instant('last_interaction');
  const intents = row.texts('intent_history', 50, 1_000_000);
  const intentHistory = intents.slice(-MAX_INTENTS);
  if (intents.length > MAX_INTENTS)
    row.changed('intent_history', intentHistory, `has more than ${MAX_INTENTS} intents: the latest are kept`);
  const line = {
    kind: 'conversation',
    ...owner,
    conversationId,
    episodeId: row.text('episode_id', 255),
    lastMode: lastModeOf(row),
    lastInteraction: last ?? created ?? LONG_AGO,
    intentHistory,
    context: row.object('context'),
    title: row.text('title', 200),
    pinned: false,
    characters: [],
    greeting: 0,
    chainHash: null,
  };
  const conversation = new AdoptedConversation(owner, conversationId, created ?? last ?? LONG_AGO);
  return { line, conversation };
}

const MODES = ['plain_english', 'founder_takeaway', 'engineer_angle'];

function lastModeOf(row: OlderRow): string | null {
  const mode = row.text('last_mode', 100);
  if (mode === null || MODES.includes(mode)) return mode;
  return row.changed('last_mode', null, `is none of ${MODES.join(', ')}`);
}
