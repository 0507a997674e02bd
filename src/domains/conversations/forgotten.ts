import type { Forgotten } from '../../db/forgotten.ts';
import { type ForgottenKind, type RepairableDatabase, walkOver } from '../../db/forgotten.ts';

const TURNS = walkOver('echo_unified_interactions', {
  key: 'id',
  type: 'int',
  columns: 'turn_id, tenant_id, user_id, conversation_id, timestamp, created_at',
});
const ID_OF_TURN = 't.turn_id::text as id, t.tenant_id as "tenantId", t.user_id as "userId"';
const ID_OF_CONVERSATION = 't.conversation_id as id, t.tenant_id as "tenantId", t.user_id as "userId"';
const CONVERSATION = `echo_conversations c
  where c.conversation_id = t.conversation_id and c.tenant_id = t.tenant_id and c.user_id = t.user_id`;
const OWN_TURNS = `echo_unified_interactions i
  where i.conversation_id = c.conversation_id and i.tenant_id = c.tenant_id and i.user_id = c.user_id`;
const MARKS = {
  key: 'turn_id',
  type: 'uuid',
  columns: 'turn_id, tenant_id, subject, conversation_id',
} as const;
const ID_OF_MARK = `t.turn_id::text as id, t.tenant_id as "tenantId", null as "userId", encode(t.subject, 'hex') as subject`;
/** SQL: the hash of an owner, as `subjectOf` makes it. */
const subject = (row: string) =>
  `sha256(convert_to('[' || to_json(${row}.tenant_id::text) || ',' || to_json(${row}.user_id::text) || ']', 'UTF8'))`;

/** SQL: of marks `t`, that their conversation is gone. Hashed once for all of them: where each user has a conversation of that name, one would lead to thousands. */
const GONE = (marks: string) => `not exists (select from (
    select c.conversation_id, c.tenant_id, ${subject('c')} as subject from echo_conversations c
    where (c.conversation_id, c.tenant_id) in (select m.conversation_id, m.tenant_id from ${marks}) offset 0) h
  where h.conversation_id = t.conversation_id and h.tenant_id = t.tenant_id and h.subject = t.subject)`;

/**
 * SQL: the places of a conversation that are taken, by its turns and by those that were deleted at its end (of which there is no
 * time): the next turn comes behind all of them. @param row names the conversation
 */
const placesIn = (row: string) => `
  select created_at, timestamp, sequence, chain_hash from echo_unified_interactions i
  where i.conversation_id = ${row}.conversation_id and i.tenant_id = ${row}.tenant_id and i.user_id = ${row}.user_id
  union all
  select null, null, d.sequence, d.chain_hash from echo_deleted_turns d
  where d.conversation_id = ${row}.conversation_id and d.tenant_id = ${row}.tenant_id and d.subject = ${subject(row)}`;
/** SQL: the chain hash at the last of such places. */
const LAST_HASH = '(array_agg(i.chain_hash order by i.sequence desc))[1]';

/** Turns whose conversation is not there: no list shows them. */
export const turnsOfNoConversation: ForgottenKind = {
  name: 'turns-of-no-conversation',
  words: 'turns whose conversation is not there: no list of conversations leads to them',
  walk: TURNS,
  shown: ID_OF_TURN,
  forgotten: `not exists (select from ${CONVERSATION} offset 0)`,
  repair: (db, rows) =>
    change(db, rows, {
      name: 'make_conversations_of_turns',
      text: `insert into echo_conversations as c (tenant_id, user_id, conversation_id, created_at, last_interaction, next_sequence,
         chain_hash, deleted_turns)
       select t.tenant_id, t.user_id, t.conversation_id, min(i.created_at), max(least(i.timestamp, i.created_at)),
         max(i.sequence) + 1, ${LAST_HASH}, max(i.sequence) - count(i.timestamp)
       from (select distinct tenant_id, user_id, conversation_id from echo_unified_interactions where id = any($1::int[])) t
       cross join lateral (${placesIn('t')}) i
       group by 1, 2, 3 on conflict (conversation_id, tenant_id, user_id) do nothing`,
    }),
};

/** Turns that were said after their conversation was last spoken in, as it says. */
export const conversationsBehind: ForgottenKind = {
  name: 'conversations-behind-their-turns',
  words:
    'turns that are later than their conversation says that anything was said in it: it stands too low in lists',
  walk: TURNS,
  shown: ID_OF_TURN,
  forgotten: `exists (select from ${CONVERSATION} and c.last_interaction < least(t.timestamp, t.created_at) offset 0)`,
  repair: (db, rows) =>
    change(db, rows, {
      name: 'move_conversations_to_turns',
      text: `update echo_conversations c set last_interaction = greatest(c.last_interaction, t.latest) from (
         select tenant_id, user_id, conversation_id, max(least(timestamp, created_at)) as latest
         from echo_unified_interactions where id = any($1::int[]) group by 1, 2, 3) t
       where c.conversation_id = t.conversation_id and c.tenant_id = t.tenant_id and c.user_id = t.user_id`,
    }),
};

/** Conversations that count other turns than they have. */
export const conversationsMiscounted: ForgottenKind = {
  name: 'conversations-miscounted',
  words: 'conversations that count more or fewer turns than they have',
  walk: walkOver('echo_conversations', {
    key: 'id',
    type: 'int',
    limit: 200,
    columns: 'conversation_id, tenant_id, user_id, next_sequence, deleted_turns',
  }),
  shown: ID_OF_CONVERSATION,
  forgotten: `t.next_sequence - 1 - t.deleted_turns <> (select count(*) from ${OWN_TURNS.replaceAll('c.', 't.')})`,
  // Under the lock of each conversation, where all meet that store and delete turns: its turns are counted after it is held.
  repair: async (db, rows) => {
    for (const { key } of rows)
      await db.transaction(async (client) => {
        await client.query({
          name: 'lock_to_count_conversation',
          text: 'select id from echo_conversations where id = $1 for update',
          values: [key],
        });
        await client.query({
          name: 'count_conversation_again',
          // The next turn comes behind all that are or were there: where it stood before them, none could be stored any more.
          text: `update echo_conversations c set next_sequence = greatest(c.next_sequence, last.sequence + 1),
                   chain_hash = case when last.sequence >= c.next_sequence then last.chain_hash else c.chain_hash end,
                   deleted_turns = greatest(0, greatest(c.next_sequence - 1, last.sequence) - last.turns)
                 from echo_conversations own cross join lateral (
                   select coalesce(max(i.sequence), 0) as sequence, ${LAST_HASH} as chain_hash, count(i.timestamp)::int as turns
                   from (${placesIn('own')}) i) last
                 where c.id = $1 and own.id = c.id`,
          values: [key],
        });
      });
  },
};

/** Marks of deleted turns that name a conversation which is gone. */
export const marksOfNoConversation: ForgottenKind = {
  name: 'marks-of-no-conversation',
  words: 'marks of deleted turns that name a conversation which is not there any more',
  walk: walkOver('echo_deleted_turns', { ...MARKS, where: 'conversation_id is not null' }),
  shown: ID_OF_MARK,
  forgotten: GONE('t m'),
  repair: (db, rows) =>
    change(db, rows, {
      name: 'unplace_marks_of_no_conversation',
      text: `update echo_deleted_turns t set conversation_id = null, sequence = null, chain_hash = null
       where turn_id = any($1::uuid[]) and conversation_id is not null
         and ${GONE('echo_deleted_turns m where m.turn_id = any($1::uuid[])')}`,
    }),
};

/** Turns that were deleted, as their marks say, and are there. Whether the one or the other is wrong, nobody can say but their owner. */
export const marksOfPresentTurns: ForgottenKind = {
  name: 'deleted-turns-that-are-there',
  words:
    'turns that are there although a mark says that they were deleted: delete them once more, or restore them of an export',
  walk: walkOver('echo_deleted_turns', MARKS),
  shown: ID_OF_MARK,
  forgotten: `exists (select from echo_unified_interactions i where i.turn_id = t.turn_id
    and i.tenant_id = t.tenant_id and ${subject('i')} = t.subject offset 0)`,
};

/** @param statement over the keys $1 of rows, that changes only what is still as it was found */
async function change(
  db: RepairableDatabase,
  rows: readonly Forgotten[],
  statement: { readonly name: string; readonly text: string },
): Promise<void> {
  await db.transaction((client) => client.query({ ...statement, values: [rows.map(({ key }) => key)] }));
}
