import { and, asc, desc, eq, gte, isNull, lte, type SQL, sql } from 'drizzle-orm';
import type { PgSelect } from 'drizzle-orm/pg-core';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { filled, sliceOf } from '../../db/slices.ts';
import {
  mapRow,
  nameOfShape,
  type Page,
  prepareByShape,
  type RawRow,
  shapeOf,
  type TimePosition,
  timePageValues,
  unseen,
} from '../../db/statements.ts';
import {
  type InteractionRow,
  type InteractionStatus,
  interactions as i,
  isUnanswered,
  UNANSWERED_STATUSES,
} from './tables.ts';

/** What a reader needs of a turn: every column, or only who said what, where and when. */
export type TurnColumns = 'all' | 'said';

const SAID = [
  ...(['id', 'turnId', 'conversationId', 'sequence', 'userId', 'query', 'response', 'speaker'] as const),
  ...(['responder', 'modelUsed', 'timestamp', 'status'] as const),
] as const;
export const said = sliceOf(i, SAID);
/** What an answer takes of the conversation before it. */
const told = sliceOf(i, [...SAID, 'characterId', 'characterIds']);

export interface InteractionConditions {
  readonly conversationId?: string | null | undefined;
  readonly intent?: string | null | undefined;
  readonly status?: InteractionStatus | null | undefined;
  readonly since?: Date | null | undefined;
  readonly until?: Date | null | undefined;
  /** Only turns that name this character. */
  readonly about?: number | null | undefined;
  /** False: none that is in the archive. */
  readonly archived?: false | null | undefined;
  /** Only of these. */
  readonly ids?: readonly number[] | null | undefined;
}

/** Turns by id, in the order of the ids; null where there is none within the scope. */
export async function interactionsByTurnId(
  db: Database,
  { tenantId, userId }: Scope,
  turnIds: readonly string[],
) {
  const { rows } = await db.pool.query<RawRow & { turn_id: string }>({
    name: replicable('interactions_by_turn_ids'),
    // Lateral with a limit: one look into the index for each, also where the table has grown since the plan was made.
    text: `select i.* from unnest(${unseen('$1', 'uuid[]')}) as w(turn_id)
           cross join lateral (select * from echo_unified_interactions i where i.turn_id = w.turn_id limit 1) i
           where i.tenant_id = $2 and ($3::text is null or i.user_id = $3)`,
    values: [turnIds, tenantId, userId],
  });
  const byId = new Map(rows.map((raw) => [raw.turn_id, mapRow(i, raw)]));
  return turnIds.map((turnId) => byId.get(turnId) ?? null);
}

/** The latest turns of one user's conversation, oldest first, as far as answers need them: who said what, and of whom. */
export async function latestInteractions(
  db: Database,
  { tenantId, userId }: Owner,
  conversationId: string,
  limit: number,
): Promise<InteractionRow[]> {
  const rows = await told.query(db, {
    name: replicable('interactions_latest'),
    text: `select ${told.columns('i')} from echo_unified_interactions i
           where i.conversation_id = $1 and i.tenant_id = $2 and i.user_id = $3 order by i.sequence desc limit $4`,
    values: [conversationId, tenantId, userId, limit],
  });
  return rows.reverse().map((values) => told.row(values));
}

/** A row of who said what, of values that were read already. */
export function saidRow(values: Pick<InteractionRow, (typeof SAID)[number]>): InteractionRow {
  return said.row(SAID.map((key) => values[key]));
}

/** Who said what in turns by their ids; those of the owner only. */
export async function saidById(
  db: Database,
  { tenantId, userId }: Owner,
  ids: readonly number[],
): Promise<Map<number, InteractionRow>> {
  const rows = await said.query(db, {
    name: replicable('said_by_id'),
    text: `select ${said.columns('i')} from echo_unified_interactions i
           where i.id = any(${unseen('$3', 'int[]')}) and i.user_id = $1 and i.tenant_id = $2`,
    values: [userId, tenantId, ids],
  });
  return new Map(rows.map((values) => [values[0] as number, said.row(values)]));
}

/** What is known of a conversation before its turns are read. */
interface Conversation extends Owner {
  readonly conversationId: string;
  readonly nextSequence: number;
  readonly deletedTurns: number;
}

/** Pages of several conversations at once, by sequence; a list of rows for each conversation, in the order given. */
export async function interactionsOfConversations(
  db: Database,
  conversations: readonly Conversation[],
  page: Page<number>,
  columns: TurnColumns = 'all',
): Promise<InteractionRow[][]> {
  if (!page.inverted || page.after !== null || page.before !== null)
    return pagesOf(db, conversations, { page, columns });
  // Numbers have no gaps but those of deleted turns, so PostgreSQL need not look at a whole page of the index for the last few.
  const lowest = conversations.map((c) => c.nextSequence - c.deletedTurns - page.limit);
  const lists = await pagesOf(db, conversations, { page, columns, lowest });
  // A turn was deleted since its conversation was read: the others are further down.
  const short = lists.flatMap((list, at) => (list.length < page.limit && Number(lowest[at]) > 1 ? [at] : []));
  if (short.length === 0) return lists;
  const again = await pagesOf(
    db,
    conversations.filter((_, at) => short.includes(at)),
    { page, columns },
  );
  for (const [place, at] of short.entries()) lists[at] = again[place] ?? [];
  return lists;
}

/** @param lowest of each conversation only turns from this number on */
async function pagesOf(
  db: Database,
  conversations: readonly Conversation[],
  { page, columns, lowest }: { page: Page<number>; columns: TurnColumns; lowest?: readonly number[] },
): Promise<InteractionRow[][]> {
  const [first] = conversations;
  const isOnes = conversations.every((c) => c.tenantId === first?.tenantId && c.userId === first.userId);
  const shape = shapeOf({
    after: page.after,
    before: page.before,
    inverted: page.inverted || null,
    [columns]: true,
    ones: isOnes || null,
    lowest: lowest && true,
  });
  const statement = {
    ...pagesStatement(db, shape),
    values: [
      isOnes ? first?.tenantId : conversations.map((c) => c.tenantId),
      conversations.map((c) => c.conversationId),
      isOnes ? first?.userId : conversations.map((c) => c.userId),
      page.limit,
      ...(lowest ? [lowest] : [page.after, page.before].filter((bound) => bound !== null)),
    ],
  };
  const lists: InteractionRow[][] = conversations.map(() => []);
  if (columns === 'all')
    for (const raw of (await db.pool.query<RawRow>(statement)).rows)
      lists[Number(raw.ordinal) - 1]?.push(mapRow(i, raw));
  else
    for (const values of await said.query(db, statement))
      lists[Number(values[0]) - 1]?.push(said.row(values, 1));
  return lists;
}

/**
 * Only the ends that a page has are among its conditions. Of a range between two values that it does not know, PostgreSQL expects
 * nearly nothing, and would rather read and sort whole conversations than go along the index. The limit is one that it does not know,
 * either: with a small one in sight it plans each time anew, which takes half of the statement's time, and the same plan comes of it.
 */
const pagesStatement = prepareByShape((_orm, shape) => {
  const has = new Set(shape.split(','));
  const direction = has.has('inverted') ? 'desc' : 'asc';
  const ends = [...(has.has('after') ? ['>'] : []), ...(has.has('before') ? ['<'] : [])];
  const within = has.has('lowest')
    ? 'and i.sequence >= k.lowest'
    : ends.map((sign, at) => `and i.sequence ${sign} $${5 + at}`).join(' ');
  const [ofEach, lowest] = has.has('lowest') ? [', $5::int[]', 'lowest, '] : ['', ''];
  // A list of conversations is nearly always one user's, who is then named once.
  const [keys, tenant, user] = has.has('ones')
    ? ([
        `unnest($2::text[]${ofEach}) with ordinality k(conversation_id, ${lowest}ordinal)`,
        ...([unseen('$1', 'text'), unseen('$3', 'text')] as const),
      ] as const)
    : ([
        `unnest($1::text[], $2::text[], $3::text[]${ofEach}) with ordinality k(tenant_id, conversation_id, user_id, ${lowest}ordinal)`,
        ...(['k.tenant_id', 'k.user_id'] as const),
      ] as const);
  const columns = has.has('said') ? said.columns('i') : 'i.*';
  return {
    name: nameOfShape(replicable('interactions_of_conversations'), shape),
    text: `select k.ordinal::int, ${columns}
           from ${keys}
           cross join lateral (
             select ${columns} from echo_unified_interactions i
             where i.conversation_id = k.conversation_id and i.tenant_id = ${tenant} and i.user_id = ${user} ${within}
             order by i.sequence ${direction} limit ${unseen('$4', 'int')}
           ) i order by k.ordinal, i.sequence ${direction}`,
  };
});

/** One user's turns, newest first. */
export async function interactionPage(
  db: Database,
  owner: Owner,
  conditions: InteractionConditions,
  page: Page<TimePosition>,
  columns: TurnColumns = 'all',
): Promise<InteractionRow[]> {
  const unanswered = UNANSWERED_STATUSES.includes(conditions.status ?? '') || undefined;
  const values = { ...conditions, unanswered, ...timePageValues(page) };
  if (columns === 'all') return pageStatement(db, shapeOf(values)).execute({ ...owner, ...values });
  const rows = await said.query(db, saidPage(db, shapeOf(values))({ ...owner, ...values }));
  return rows.map((row) => said.row(row));
}

const pageStatement = prepareByShape((orm, shape) =>
  pageOf(orm.select().from(i).$dynamic(), shape).prepare(nameOfShape(replicable('interaction_page'), shape)),
);
const saidPage = prepareByShape((orm, shape) =>
  filled(
    nameOfShape(replicable('interaction_page_said'), shape),
    pageOf(orm.select(said.fields).from(i).$dynamic(), shape).toSQL(),
  ),
);

function pageOf<Q extends PgSelect>(select: Q, shape: string) {
  const has = new Set(shape.split(','));
  const p = (name: string) => sql.placeholder(name);
  const optional = (name: string, condition: SQL | undefined) => (has.has(name) ? condition : undefined);
  const order = has.has('inverted') ? asc : desc;
  return select
    .where(
      and(
        eq(i.userId, p('userId')),
        eq(i.tenantId, p('tenantId')),
        optional('conversationId', eq(i.conversationId, p('conversationId'))),
        optional('intent', eq(i.intent, p('intent'))),
        optional('status', eq(i.status, p('status'))),
        // Says what the status says already, in the words of the index of these few.
        optional('unanswered', isUnanswered(i.status)),
        optional('since', gte(i.timestamp, p('since'))),
        optional('until', lte(i.timestamp, p('until'))),
        optional(
          'about',
          sql`(${i.characterId} = ${p('about')}
               or (cardinality(${i.characterIds}) > 1 and ${p('about')}::int = any(${i.characterIds})))`,
        ),
        optional('archived', isNull(i.archivedAt)),
        optional('ids', sql`${i.id} = any(${p('ids')}::int[])`),
        // Row comparison as a whole lets PostgreSQL start in the index at the position.
        optional('afterAt', sql`(${i.timestamp}, ${i.id}) < (${p('afterAt')}, ${p('afterId')})`),
        optional('beforeAt', sql`(${i.timestamp}, ${i.id}) > (${p('beforeAt')}, ${p('beforeId')})`),
      ),
    )
    .orderBy(order(i.timestamp), order(i.id))
    .limit(p('limit'));
}
