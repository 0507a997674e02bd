import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { readOnceAvailable } from '../../db/once-available.ts';
import type { Page, TimePosition } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { charactersByName } from '../characters/reads.ts';
import { conversationByName, conversationPage } from '../conversations/reads.ts';
import type { ConversationRow } from '../conversations/tables.ts';
import { type RequiredWords, requiredWords } from '../word-index/analysis.ts';
import { says, turnsSaying } from '../word-index/sayings.ts';
import {
  byPlace,
  isWithin,
  LAST_ID,
  type ListedTurn,
  listed,
  pageOfStored,
  type TurnPosition,
} from './places.ts';
import {
  type InteractionConditions,
  interactionPage,
  interactionsByTurnId,
  interactionsOfConversations,
  type TurnColumns,
} from './reads.ts';
import type { TurnStore } from './store.ts';
import { INTERACTION_STATUSES, type InteractionRow } from './tables.ts';

export { type ListedTurn, positionOfTurn, type TurnPosition } from './places.ts';
export { INTERACTION_STATUSES, type InteractionRow } from './tables.ts';

const Conditions = z.object({
  conversationId: input.conversationId.nullish(),
  intent: input.text(50).nullish(),
  status: z.enum(INTERACTION_STATUSES).nullish(),
  since: input.instant.nullish(),
  until: input.instant.nullish(),
  text: input.text(1_000).nullish(),
  character: input.text(100).nullish(),
  includeArchived: z.boolean().nullish(),
});

/** Which turns; all conditions must hold. */
interface TurnConditions extends Omit<InteractionConditions, 'ids' | 'about' | 'archived'> {
  /** Words that must all occur, in any form of theirs. */
  readonly text?: string | null | undefined;
  /** The full name of a character that they name. */
  readonly character?: string | null | undefined;
  /** False: none that is in the archive. */
  readonly includeArchived?: boolean | null | undefined;
}

interface Services {
  readonly availability: Availability;
  readonly db: Database;
  readonly store: TurnStore;
}

/** Turns that are read at once where some of them may not say the words. */
const LEAST_READ = 100;
const ROWS_BETWEEN_PAUSES = 20;

/** Turns by id, in the order of the ids: from the database, else as they wait for it; null where there is none. */
export async function findInteractions(services: Services, scope: Scope, turnIds: readonly string[]) {
  const { db, store, availability } = services;
  const waiting = turnIds.map((turnId) => store.pending.byTurnId(scope, turnId));
  const read = () => interactionsByTurnId(db, scope, turnIds);
  // What waits can be shown without the database; what was just committed is better shown from there.
  const stored = waiting.includes(null) ? await read() : await availability.tolerate(read, []);
  return turnIds.map((_turnId, index) => {
    const row = stored[index] ?? null;
    return row && row.status !== 'INTERRUPTED' ? row : (waiting[index] ?? row);
  });
}

/** What an event told of, as soon as the database answers. @returns null if the signal came first */
export function onceAvailable<T>(
  { availability }: Pick<Services, 'availability'>,
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | null> {
  return readOnceAvailable(availability, read, signal);
}

/** Pages of several conversations, each ended by its turns that wait for the database. */
export async function conversationTurns(
  { db, store }: Services,
  conversations: readonly ConversationRow[],
  page: Page<number>,
  columns: TurnColumns = 'all',
) {
  // Before anything is read: a turn that gets to the database meanwhile is then seen twice, not never.
  const waiting = conversations.map((conversation) =>
    store.pending.ofConversation(conversation, conversation.conversationId),
  );
  if (waiting.every((rows) => rows.length === 0))
    return interactionsOfConversations(db, conversations, page, columns);
  // An answer that waits takes over what else is stored of its turn.
  const lists = await interactionsOfConversations(db, conversations, page);
  return Promise.all(
    conversations.map(async (conversation, index) => {
      const { stored, beside } = await joined(db, conversation, lists[index] ?? [], waiting[index] ?? []);
      const last = beside
        .map((row, place) => ({ ...row, sequence: conversation.nextSequence + place }))
        .filter((row) => row.sequence > (page.after ?? 0) && row.sequence < (page.before ?? LAST_ID));
      const both = page.inverted ? [...last.reverse(), ...stored] : [...stored, ...last];
      return both.slice(0, page.limit);
    }),
  );
}

/**
 * The latest turns of one conversation, oldest first, with those that wait for the database; none of a conversation
 * that nobody has begun.
 */
export async function historyOf(services: Services, owner: Owner, conversationId: string, limit: number) {
  const { db, store } = services;
  // Before anything is read, as above.
  const waiting = store.pending.ofConversation(owner, conversationId);
  const conversation = await conversationByName(db, owner, conversationId);
  const page = { after: null, before: null, limit, inverted: true };
  const [rows = []] = conversation ? await interactionsOfConversations(db, [conversation], page) : [];
  const { stored, beside } = await joined(db, owner, rows.toReversed(), waiting);
  return [...stored, ...beside].slice(-limit);
}

/**
 * Some stored turns of a conversation and what waits for the database. A stored turn that was interrupted is shown as
 * its answer says that waits; `beside` are the turns that the database does not have in any form.
 */
async function joined(
  db: Database,
  owner: Owner,
  rows: readonly InteractionRow[],
  waiting: readonly InteractionRow[],
): Promise<{ stored: InteractionRow[]; beside: InteractionRow[] }> {
  if (waiting.length === 0) return { stored: [...rows], beside: [] };
  // An interrupted turn may wait together with its answer, which comes later.
  const latest = new Map(waiting.map((row) => [row.turnId, row]));
  const stored = rows.map((row) => {
    const answer = row.status === 'INTERRUPTED' ? latest.get(row.turnId) : undefined;
    return answer ? answeredAt(row, answer) : row;
  });
  for (const { turnId } of rows) latest.delete(turnId);
  // What is stored on another page has its place there.
  const elsewhere = latest.size > 0 ? await interactionsByTurnId(db, owner, [...latest.keys()]) : [];
  for (const row of elsewhere) if (row) latest.delete(row.turnId);
  return { stored, beside: [...latest.values()] };
}

/** An answer at the place that its turn has. */
function answeredAt(row: InteractionRow, answer: InteractionRow): InteractionRow {
  const { id, sequence, chainHash, createdAt, rating, ratingComment } = row;
  return { ...answer, id, sequence, chainHash, createdAt, rating, ratingComment };
}

/** One user's conversations, the one with the latest turn first, each with its latest turn. */
export async function latestConversations(services: Services, owner: Owner, limit: number) {
  const page = { after: null, before: null, limit, inverted: false };
  const conversations = await conversationPage(services.db, owner, {}, page);
  const latest = await conversationTurns(services, conversations, { ...page, limit: 1, inverted: true });
  return conversations.map((conversation, index) => ({
    conversation,
    latestTurn: latest[index]?.[0] ?? null,
  }));
}

/**
 * One user's turns, newest first, with those that wait for the database.
 *
 * @throws InvalidInput, NotFound (the character)
 */
export async function userTurns(
  { db, store }: Services,
  owner: Owner,
  given: TurnConditions,
  page: Page<TurnPosition>,
  columns: TurnColumns = 'all',
): Promise<ListedTurn[]> {
  const {
    text = null,
    character,
    includeArchived,
    ...others
  } = input.parseInput(Conditions, given, 'filter');
  const conditions = {
    ...others,
    about: character == null ? null : await characterIdOf(db, owner, character),
    archived: includeArchived === false ? (false as const) : null,
  };
  const words = text === null ? null : requiredWords(text);
  if (words?.length === 0) return [];
  // Before anything is read from the database: a turn that gets there meanwhile is then found twice, not never.
  const pending = store.pending.inOrderOf(owner);
  const ofStored = pageOfStored(page);
  const stored = await (words
    ? pageSaying(db, owner, { conditions, words }, ofStored)
    : interactionPage(db, owner, conditions, ofStored, columns));
  const seen = new Set(stored.map((row) => row.turnId));
  const waiting = pending
    .filter((turn) => !seen.has(turn.row.turnId) && fits(turn.row, conditions) && isWithin(turn, page))
    .filter(({ row }) => !words || says(words, row));
  if (waiting.length === 0) return stored;
  const sign = page.inverted ? -1 : 1;
  return [...stored, ...listed(waiting, stored, page)]
    .sort((a, b) => sign * byPlace(a, b))
    .slice(0, page.limit);
}

/** Also of a deactivated one, whose earlier turns still name it. */
async function characterIdOf(db: Database, owner: Owner, name: string): Promise<number> {
  const [found] = await charactersByName(db, owner, [name]);
  if (!found) throw new NotFound('filter.character', `there is no character "${name}"`);
  return found.id;
}

/** A page of the stored turns that say all words, read in steps: of some turns only their text tells. */
async function pageSaying(
  db: Database,
  owner: Owner,
  { conditions, words }: { conditions: InteractionConditions; words: RequiredWords },
  page: Page<TimePosition>,
): Promise<InteractionRow[]> {
  const { ids, isSure } = await turnsSaying(db, owner, words);
  const found: InteractionRow[] = [];
  if (ids.length === 0) return found;
  const limit = Math.max(page.limit, LEAST_READ);
  for (let position = page; ; ) {
    const rows = await interactionPage(db, owner, { ...conditions, ids }, { ...position, limit });
    for (const [index, row] of rows.entries()) {
      // Requests come first.
      if (index % ROWS_BETWEEN_PAUSES === ROWS_BETWEEN_PAUSES - 1) await setImmediate();
      if (isSure(row.id) || says(words, row)) found.push(row);
      if (found.length === page.limit) return found;
    }
    const last = rows.at(-1);
    if (!last || rows.length < limit) return found;
    const end = { at: last.timestamp, id: last.id };
    position = page.inverted ? { ...position, before: end } : { ...position, after: end };
  }
}

function fits(
  row: InteractionRow,
  { conversationId, intent, status, since, until, about }: InteractionConditions,
): boolean {
  return (
    (conversationId == null || row.conversationId === conversationId) &&
    (intent == null || row.intent === intent) &&
    (status == null || row.status === status) &&
    (since == null || row.timestamp >= since) &&
    (until == null || row.timestamp <= until) &&
    (about == null || row.characterId === about || (row.characterIds?.includes(about) ?? false))
  );
}
