import type { PoolClient } from 'pg';
import { mapRow, type RawRow, unseen } from '../../db/statements.ts';
import { IdempotencyKeyReused, InteractionDeleted } from '../../errors.ts';
import { auditOf } from './audited.ts';
import { deletedFrom, deletionOf } from './deleted.ts';
import { completeTurn, isCompletedBy } from './late-answer.ts';
import { COUNTED, mentionsIn, NOTED } from './mentions.ts';
import { CONTEXT_TURNS } from './reach.ts';
import { recordOf, rowOf } from './rows.ts';
import { INTENT_HISTORY_LENGTH, STORED_COLUMNS } from './shape.ts';
import { type InteractionRow, interactions } from './tables.ts';
import { chainHashOf, completionHashOf, streamOf, type Turn } from './turn.ts';

export interface AppliedTurn {
  readonly row: InteractionRow;
  /** It was already stored by an earlier attempt. */
  readonly replayed: boolean;
}

/** A conversation as the transaction holds it locked. */
interface LockedConversation {
  tenant_id: string;
  conversation_id: string;
  user_id: string;
  next_sequence: number;
  chain_hash: Buffer | null;
  intent_history: string[];
  last_interaction: Date;
}

/**
 * Stores turns in the transaction of `client`, in the order given: conversation rows, turns with their place in
 * the conversation and their hash, events. A turn that is already stored is returned as it stands.
 *
 * All of a conversation's writers meet at its row lock, so sequence numbers have no gaps and a retry that runs
 * beside its first attempt waits for it.
 *
 * @param commit sends the commit behind the last statement (`db/transaction.ts`)
 * @throws IdempotencyKeyReused if a stored turn of the same id had another payload
 * @throws InteractionDeleted if there was one, and it was deleted, or its conversation or user were since it was accepted
 */
export async function applyTurns(
  client: PoolClient,
  turns: readonly Turn[],
  commit: () => Promise<void> = async () => undefined,
): Promise<AppliedTurn[]> {
  // In this order: what was stored is looked up once the locks are there.
  const locking = lockConversations(client, turns);
  const [conversations, stored] = await Promise.all([locking, storedTurns(client, turns)]);
  const fresh = new Map<string, Turn>();
  const completed = new Map<string, Turn>();
  const replayed = turns.map((turn) => {
    const row = stored.get(turn.turnId);
    const earlier = fresh.get(turn.turnId);
    const known = row?.payloadHash.toString('hex') ?? earlier?.payloadHash;
    if (known !== undefined && known !== turn.payloadHash)
      throw new IdempotencyKeyReused('idempotencyKey', [turn.turnId]);
    const completes = isCompletedBy(row ?? earlier, turn);
    if (row && completes) completed.set(turn.turnId, turn);
    // Of a query that was interrupted and answered before either was stored, only the answer is.
    if (!row && (!earlier || completes)) fresh.set(turn.turnId, turn);
    return known !== undefined && !completes;
  });
  const added = [...fresh.values()];
  const late = added.filter((turn) => isLate(turn, conversations.get(streamOf(turn))));
  const inserted = await insertTurns(client, added, conversations);
  const moving = added.length > 0 ? [updateConversations(client, conversations, added)] : [];
  if (late.length > 0) moving.push(learnAgainBehind(client, late));
  // The rows of characters are locked by the last statements, and for nothing but these and the commit.
  if (completed.size === 0) moving.push(commit());
  await Promise.all(moving);
  for (const turn of completed.values()) {
    const row = await completeTurn(client, turn, stored.get(turn.turnId));
    stored.set(turn.turnId, row);
    // What was said behind it was understood without its answer.
    await learnAgainBehind(client, [row]);
  }
  return turns.map((turn, index) => {
    const row = inserted.get(turn.turnId) ?? stored.get(turn.turnId);
    if (!row) throw new Error(`turn ${turn.turnId} was neither stored nor found`);
    return { row, replayed: replayed[index] ?? false };
  });
}

async function lockConversations(
  client: PoolClient,
  turns: readonly Turn[],
): Promise<Map<string, LockedConversation>> {
  const wanted = new Map<string, Record<string, string | null>>();
  for (const turn of turns) {
    const key = streamOf(turn);
    wanted.set(key, {
      tenant_id: turn.tenantId,
      conversation_id: turn.conversationId,
      user_id: turn.userId,
      episode_id: turn.episodeId ?? wanted.get(key)?.episode_id ?? null,
      title: turn.title ?? wanted.get(key)?.title ?? null,
    });
  }
  // Sorted, so that two transactions never wait for each other's rows.
  const sorted = [...wanted.keys()].sort().map((key) => wanted.get(key));
  const result = await client.query<LockedConversation>({
    name: 'lock_conversations',
    text: `insert into echo_conversations as c (tenant_id, conversation_id, user_id, episode_id, title)
           select tenant_id, conversation_id, user_id, episode_id, title from json_to_recordset($1)
             as t(tenant_id text, conversation_id text, user_id text, episode_id text, title text)
           on conflict (conversation_id, tenant_id, user_id) do update
             set episode_id = coalesce(c.episode_id, excluded.episode_id), title = coalesce(c.title, excluded.title)
           returning tenant_id, conversation_id, user_id, next_sequence, chain_hash, intent_history, last_interaction`,
    values: [JSON.stringify(sorted)],
  });
  const nameOf = (row: LockedConversation) =>
    streamOf({ tenantId: row.tenant_id, userId: row.user_id, conversationId: row.conversation_id });
  return new Map(result.rows.map((row) => [nameOf(row), row]));
}

async function storedTurns(client: PoolClient, turns: readonly Turn[]): Promise<Map<string, InteractionRow>> {
  const result = await client.query<RawRow>({
    name: 'stored_turns',
    // Lateral with a limit: one look into the index for each, also where the table has grown since the plan was made.
    text: `select i.* from unnest(${unseen('$1', 'uuid[]')}) as w(turn_id)
           cross join lateral (select * from echo_unified_interactions i where i.turn_id = w.turn_id limit 1) i`,
    values: [turns.map((turn) => turn.turnId)],
  });
  return new Map(result.rows.map((raw) => [raw.turn_id as string, mapRow(interactions, raw)]));
}

/** A turn with its place in the conversation; moves the conversation on. */
function placeTurn(turn: Turn, conversation: LockedConversation | undefined): InteractionRow {
  if (!conversation) throw new Error(`conversation ${turn.conversationId} is not locked`);
  const sequence = conversation.next_sequence++;
  const chainHash = chainHashOf(conversation.chain_hash, { ...turn, sequence });
  conversation.chain_hash = chainHash;
  if (turn.intent)
    conversation.intent_history = [...conversation.intent_history, turn.intent].slice(-INTENT_HISTORY_LENGTH);
  // Of an interrupted turn the chain covers no answer, not even the beginning of one.
  const isBegun = turn.status === 'INTERRUPTED' && turn.response !== '';
  return {
    ...rowOf(turn),
    ...{ sequence, chainHash },
    ...(isBegun && { completionHash: completionHashOf(chainHash, turn) }),
  };
}

const COLUMNS = STORED_COLUMNS.join(', ');

/** Of a stored turn, what its row was not known to have before: what the database gives it, and writes in its own way. */
type Given = Pick<
  InteractionRow,
  'id' | 'turnId' | 'createdAt' | 'learningSince' | 'metadata' | 'stepTimings' | 'cost'
>;

async function insertTurns(
  client: PoolClient,
  turns: readonly Turn[],
  conversations: ReadonlyMap<string, LockedConversation>,
): Promise<Map<string, InteractionRow>> {
  const rows = turns.map((turn) => placeTurn(turn, conversations.get(streamOf(turn))));
  if (rows.length === 0) return new Map();
  // The texts do not come back: to send and read them again was a tenth of what a stored turn allocates.
  const result = await client.query<Given>({
    name: 'insert_turns',
    text: `with deleted as (
${deletedFrom(3)}
           ), added as (
             insert into echo_unified_interactions (${COLUMNS})
             select ${COLUMNS} from json_populate_recordset(null::echo_unified_interactions, $1)
             where turn_id not in (select turn_id from deleted)
             returning id, turn_id, tenant_id, user_id, conversation_id, created_at, learning_since, metadata, step_timings, cost
           ), told as (
             insert into echo_events (tenant_id, user_id, kind, conversation_id, turn_id)
             select tenant_id, user_id, 'interaction_added', conversation_id, turn_id from added order by id
           ), audited as materialized (
             select echo_audit(tenant, owner, 'turns.store', conversation, 'OK', detail, teller)
             from json_to_recordset($2) as a(tenant text, owner text, conversation text, detail jsonb, teller jsonb)
           )
           select id, turn_id as "turnId", created_at as "createdAt", learning_since as "learningSince", metadata,
             step_timings as "stepTimings", cost
           from added where (select count(*) from audited) >= 0`,
    values: [JSON.stringify(rows.map(recordOf)), JSON.stringify(auditOf(turns)), ...deletionOf(turns)],
  });
  const given = new Map(result.rows.map((row) => [row.turnId, row]));
  const deleted = turns.filter(({ turnId }) => !given.has(turnId)).map(({ turnId }) => turnId);
  // The transaction ends here: nothing of it stays.
  if (deleted.length > 0) throw new InteractionDeleted('idempotencyKey', deleted);
  return new Map(rows.map((row) => [row.turnId, { ...row, ...given.get(row.turnId) }]));
}

/** Whether others of its conversation were said after it, and stored before. */
function isLate({ timestamp }: Turn, conversation: LockedConversation | undefined): boolean {
  if (!conversation || conversation.next_sequence === 1) return false;
  return new Date(timestamp) < conversation.last_interaction;
}

/** What was learned from turns that were said right after some that come only now, or get their answer, was learned without: it is learned again. */
async function learnAgainBehind(
  client: PoolClient,
  late: readonly (Pick<Turn, 'conversationId' | 'tenantId' | 'userId'> & { timestamp: Date | string })[],
): Promise<void> {
  await client.query({
    name: 'learn_again_with_turns',
    text: `update echo_unified_interactions set learning_state = 'PENDING', learning_since = now()
           where id in (
             select t.id from echo_unified_interactions t where t.id in (
               select b.id from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as l(conversation, tenant, owner, said_at)
               cross join lateral (
                 select e.id from echo_unified_interactions e
                 where e.conversation_id = l.conversation and e.tenant_id = l.tenant and e.user_id = l.owner and e.timestamp > l.said_at
                 order by e.timestamp, e.sequence limit ${CONTEXT_TURNS}) b)
             and t.learning_state = 'LEARNED'
             -- Whoever moves a turn right now does not wait for this one, so this one does not wait either.
             order by t.id for no key update skip locked)`,
    values: [
      late.map(({ conversationId }) => conversationId),
      late.map(({ tenantId }) => tenantId),
      late.map(({ userId }) => userId),
      late.map(({ timestamp }) => timestamp),
    ],
  });
}

/** Moves conversations on, and counts in characters that they are mentioned. */
async function updateConversations(
  client: PoolClient,
  conversations: ReadonlyMap<string, LockedConversation>,
  turns: readonly Turn[],
): Promise<void> {
  const changes = new Map<string, object>();
  for (const turn of turns) {
    const key = streamOf(turn);
    const conversation = conversations.get(key);
    const earlier = changes.get(key) as
      | { last_mode: string | null; context: object; last_interaction: string }
      | undefined;
    changes.set(key, {
      tenant_id: turn.tenantId,
      conversation_id: turn.conversationId,
      user_id: turn.userId,
      next_sequence: conversation?.next_sequence,
      chain_hash: `\\x${conversation?.chain_hash?.toString('hex') ?? ''}`,
      intent_history: conversation?.intent_history,
      last_mode: turn.mode ?? earlier?.last_mode ?? null,
      context: { ...earlier?.context, ...turn.context },
      last_interaction:
        earlier && earlier.last_interaction > turn.timestamp ? earlier.last_interaction : turn.timestamp,
    });
  }
  const moved = JSON.stringify([...changes.values()]);
  const mentions = mentionsIn(turns);
  await client.query(
    mentions.length === 0
      ? { name: 'update_conversations', text: moveFrom('$1'), values: [moved] }
      : {
          name: 'update_conversations_and_mentions',
          text: `with ${COUNTED}, noted as (${NOTED}) ${moveFrom('$2')}`,
          values: [JSON.stringify(mentions), moved],
        },
  );
}

const moveFrom = (conversations: string) => `update echo_conversations c
           set next_sequence = t.next_sequence, chain_hash = t.chain_hash, intent_history = t.intent_history,
               last_mode = coalesce(t.last_mode, c.last_mode), context = c.context || t.context,
               -- A turn dated ahead of its time counts as of now, or it would hold its conversation on top.
               last_interaction = greatest(case when c.next_sequence > 1 then c.last_interaction end,
                                           least(t.last_interaction, now()))
           from json_populate_recordset(null::echo_conversations, ${conversations}) t
           where c.conversation_id = t.conversation_id and c.tenant_id = t.tenant_id and c.user_id = t.user_id`;
