import { type Forgotten, type ForgottenKind, type RepairableDatabase, walkOver } from '../../db/forgotten.ts';

const PAGE = 5_000;
/** Segments that are looked at together, of about so many numbers: these are counted. */
const SEGMENTS_AT_ONCE = 500;
const NUMBERS_AT_ONCE = 100_000;
/** Rows that one transaction deletes. */
const ROWS_AT_ONCE = 5_000;

/** Turns that no search for their words finds: they were not indexed, and do not wait for it. */
export const turnsWithoutWords: ForgottenKind = {
  name: 'turns-without-words',
  words: 'turns that no search for their words finds',
  walk: walkOver('echo_unified_interactions', {
    key: 'id',
    type: 'int',
    columns: 'id, turn_id, tenant_id, user_id',
  }),
  shown: 't.turn_id::text as id, t.tenant_id as "tenantId", t.user_id as "userId"',
  forgotten: `not exists (select from echo_index_documents d where d.interaction_id = t.id offset 0)
    and not exists (select from echo_index_queue q where q.interaction_id = t.id offset 0)`,
  repair: (db, rows) =>
    change(db, rows, {
      name: 'queue_turns_without_words',
      text: `insert into echo_index_queue (interaction_id, tenant_id, user_id)
       select i.id, i.tenant_id, i.user_id from echo_unified_interactions i where i.id = any($1::int[])
         and not exists (select from echo_index_documents d where d.interaction_id = i.id)
       on conflict (interaction_id) do nothing`,
    }),
};

/** Without `offset 0`: no index leads to removals by their turns, so they are read once for all, or behind a large deletion once for each. */
const REMOVAL_NOTED = (document: string) =>
  `exists (select from echo_index_removals r where r.interaction_id = ${document}.interaction_id and r.document is null)`;

/** Words of turns that are gone, which nobody is about to take out. */
export const wordsOfNoTurn: ForgottenKind = {
  name: 'words-of-no-turn',
  words: 'turns that are gone, whose words are still in the index',
  walk: walkOver('echo_index_documents', {
    key: 'interaction_id',
    type: 'int',
    columns: 'interaction_id, owner_id',
  }),
  shown: `t.interaction_id::text as id, (select tenant_id from echo_index_owners o where o.owner_id = t.owner_id) as "tenantId",
    (select user_id from echo_index_owners o where o.owner_id = t.owner_id) as "userId"`,
  forgotten: `not exists (select from echo_unified_interactions i where i.id = t.interaction_id offset 0)
    and exists (select from echo_index_owners o where o.owner_id = t.owner_id offset 0) and not ${REMOVAL_NOTED('t')}`,
  repair: (db, rows) =>
    change(db, rows, {
      name: 'note_words_of_no_turn',
      text: `insert into echo_index_removals (tenant_id, user_id, interaction_id)
       select o.tenant_id, o.user_id, d.interaction_id
       from echo_index_documents d join echo_index_owners o on o.owner_id = d.owner_id
       where d.interaction_id = any($1::int[]) and not ${REMOVAL_NOTED('d')}
         and not exists (select from echo_unified_interactions i where i.id = d.interaction_id)`,
    }),
};

/** SQL: segments with their owners, of whom some have lost all of theirs. A key is of both, so that large indexes are walked in pieces. */
const SEGMENTS = `(
  select owner_id, segment, documents from echo_index_segments
  union all
  select o.owner_id, 0, 0 from echo_index_owners o
  where not exists (select from echo_index_segments s where s.owner_id = o.owner_id)) s`;
const KEY = '(s.owner_id::bigint << 31) + s.segment';
/** SQL: a segment up to the next one; the first has what lies before it, too, where nothing may be. */
const RANGE = `${KEY} as key, s.owner_id, s.documents,
  case when exists (select from echo_index_segments e where e.owner_id = s.owner_id and e.segment < s.segment) then s.segment else 0 end as first,
  (select min(n.segment) from echo_index_segments n where n.owner_id = s.owner_id and n.segment > s.segment) as next`;
/** SQL: of the next segments those that have not too many numbers together, one at least. */
const NEXT_SEGMENTS = `select ${RANGE} from (
  select n.*, sum(n.documents) over (order by n.owner_id, n.segment) - n.documents as before from (
    select s.* from ${SEGMENTS} where (s.owner_id, s.segment) > (($1::bigint >> 31)::int, ($1::bigint & 2147483647)::int)
    order by s.owner_id, s.segment limit ${SEGMENTS_AT_ONCE}) n) s
  where s.before < ${NUMBERS_AT_ONCE}`;
const WITHIN = `d.owner_id = t.owner_id and d.document >= t.first and (t.next is null or d.document < t.next)`;
/**
 * SQL: how many of them are about to get other numbers, or to go: a turn that was deleted while its segment was made again keeps its
 * number until then. Asked only of segments that have too many.
 */
const AGAIN = `(select count(*) from (select interaction_id from echo_index_queue
    union select interaction_id from echo_index_removals where document is null) q
  join echo_index_documents d on d.interaction_id = q.interaction_id where ${WITHIN})`;
const NUMBERED = `(select count(*) from echo_index_documents d where ${WITHIN})`;
const LOST = `case when ${NUMBERED} > t.documents then ${NUMBERED} - ${AGAIN} > t.documents else false end`;

/** Turns with a number in the index, for which no words were stored: their segment is lost. */
export const wordsOfLostSegments: ForgottenKind = {
  name: 'words-of-lost-segments',
  words: 'users of whose turns parts of the index of words are lost',
  walk: {
    type: 'bigint',
    behind: NEXT_SEGMENTS,
    among: `select ${RANGE} from ${SEGMENTS} where ${KEY} = any($1::bigint[])`,
  },
  shown: `(select user_id from echo_index_owners o where o.owner_id = t.owner_id) as id,
    (select tenant_id from echo_index_owners o where o.owner_id = t.owner_id) as "tenantId",
    (select user_id from echo_index_owners o where o.owner_id = t.owner_id) as "userId"`,
  forgotten: `${LOST} and exists (select from echo_index_owners o where o.owner_id = t.owner_id)`,
  repair: (db, rows) =>
    change(db, rows, {
      name: 'queue_lost_segments',
      text: `insert into echo_index_queue (interaction_id, tenant_id, user_id)
       select d.interaction_id, o.tenant_id, o.user_id
       from (select ${RANGE} from ${SEGMENTS} where ${KEY} = any($1::bigint[])) t
       join echo_index_owners o on o.owner_id = t.owner_id join echo_index_documents d on ${WITHIN}
       where ${LOST} on conflict (interaction_id) do nothing`,
    }),
};

const TABLES = ['echo_index_postings', 'echo_index_segments', 'echo_index_documents'] as const;
/** SQL: the next owner of a table's rows, of which each may have millions. */
const nextOwner = (table: string, behind: string) =>
  `(select p.owner_id from ${table} p where p.owner_id > ${behind} order by p.owner_id limit 1)`;
const ownersIn = (table: string) => `(with recursive owners(owner_id) as (
    select ${nextOwner(table, '$1::int')} union all select ${nextOwner(table, 'o.owner_id')} from owners o where o.owner_id is not null)
  select owner_id from owners where owner_id is not null limit ${PAGE})`;

/** Rows of the index whose owner is not there: nothing would take them away with the user. */
export const wordsOfNobody: ForgottenKind = {
  name: 'words-of-nobody',
  words: 'owners that are gone, of whom rows of the index of words are left',
  walk: {
    type: 'int',
    behind: `select owner_id as key from (${TABLES.map(ownersIn).join(' union ')}) o order by owner_id limit ${PAGE}`,
    among: 'select unnest($1::int[]) as key',
  },
  shown: 't.key::text as id, null as "tenantId", null as "userId"',
  forgotten: `not exists (select from echo_index_owners o where o.owner_id = t.key offset 0)
    and (${TABLES.map((table) => `exists (select from ${table} p where p.owner_id = t.key offset 0)`).join(' or ')})`,
  repair: async (db, rows) => {
    for (const table of TABLES)
      for (let gone = ROWS_AT_ONCE; gone === ROWS_AT_ONCE; )
        gone = await db.transaction(async (client) => {
          const { rowCount } = await client.query({
            name: `delete_${table}_of_nobody`,
            text: `delete from ${table} where ctid = any(array(select p.ctid from ${table} p where p.owner_id = any($1::int[])
                     and not exists (select from echo_index_owners o where o.owner_id = p.owner_id) limit ${ROWS_AT_ONCE}))`,
            values: [rows.map(({ key }) => key)],
          });
          return rowCount ?? 0;
        });
  },
};

/** @param statement over the keys $1 of rows, that changes only what is still as it was found */
async function change(
  db: RepairableDatabase,
  rows: readonly Forgotten[],
  statement: { readonly name: string; readonly text: string },
): Promise<void> {
  await db.pool.query({ ...statement, values: [rows.map(({ key }) => key)] });
}
