import {
  and,
  asc,
  desc,
  eq,
  gt,
  isNotNull,
  lt,
  ne,
  type Placeholder,
  type Query,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
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
  prepareOnce,
  type RawRow,
  shapeOf,
  type TimePosition,
  timePageValues,
} from '../../db/statements.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import { type ConversationRow, conversations as c } from './tables.ts';

const statements = prepareOnce((orm) => ({
  afterId: orm
    .select({ id: c.id, tenantId: c.tenantId, userId: c.userId, conversationId: c.conversationId })
    .from(c)
    .where(and(gt(c.id, sql.placeholder('after')), ne(c.tenantId, CANARY_TENANT)))
    .orderBy(asc(c.id))
    .limit(500)
    .prepare('conversations_after_id'),
  ofEpisode: orm
    .select()
    .from(c)
    .where(
      and(
        eq(c.userId, sql.placeholder('userId')),
        eq(c.tenantId, sql.placeholder('tenantId')),
        eq(c.episodeId, sql.placeholder('episodeId')),
      ),
    )
    .orderBy(asc(c.id))
    .limit(1)
    .prepare('conversation_of_episode'),
}));

/** What a list needs of a conversation: every column, or only what it is called, whose it is, and when. */
export type ConversationColumns = 'all' | 'listed';

export const listed = sliceOf(c, [
  ...(['id', 'tenantId', 'userId', 'conversationId', 'title', 'pinned', 'createdAt'] as const),
  ...(['lastInteraction', 'nextSequence', 'deletedTurns'] as const),
]);

/** A conversation among those of a tenant: its name says nothing without its user's. */
export interface ConversationName {
  readonly userId: string;
  readonly conversationId: string;
}

/** Conversations by name, in the order of the names; null where there is none. */
export async function conversationsByName(
  db: Database,
  tenantId: string,
  names: readonly ConversationName[],
): Promise<(ConversationRow | null)[]> {
  // PostgreSQL would refuse the whole statement for a NUL; nothing has such a name.
  const possible = names.filter(({ userId, conversationId }) => !`${userId}${conversationId}`.includes('\0'));
  const { rows } = await db.pool.query<RawRow>({
    name: replicable('conversations_by_name'),
    text: `select c.* from unnest($2::text[], $3::text[]) as n(user_id, conversation_id)
           join echo_conversations c
             on c.conversation_id = n.conversation_id and c.tenant_id = $1 and c.user_id = n.user_id`,
    values: [tenantId, possible.map((name) => name.userId), possible.map((name) => name.conversationId)],
  });
  const byName = new Map(rows.map((raw) => mapRow(c, raw)).map((row) => [nameOf(row), row]));
  return names.map((name) => byName.get(nameOf(name)) ?? null);
}

/** One user's conversation by its name, or null. */
export async function conversationByName(db: Database, { tenantId, userId }: Owner, conversationId: string) {
  const [found = null] = await conversationsByName(db, tenantId, [{ userId, conversationId }]);
  return found;
}

/** NUL is in no name of a user or conversation, so no two names are written the same. */
function nameOf({ userId, conversationId }: ConversationName): string {
  return `${userId}\0${conversationId}`;
}

/** The conversation that a user and an episode name together, or null. */
export async function conversationOfEpisode(db: Database, owner: Owner, episodeId: string) {
  const [row] = await statements(db).ofEpisode.execute({ ...owner, episodeId });
  return row ?? null;
}

/** Every conversation of every tenant, page by page; those of the health check are nobody's. */
export async function* allConversations(db: Database): AsyncGenerator<Owner & { conversationId: string }> {
  for (let after = 0; ; ) {
    const rows = await statements(db).afterId.execute({ after });
    for (const { tenantId, userId, conversationId } of rows) yield { tenantId, userId, conversationId };
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

/**
 * Some conversations, in the order in which they were stored, from one on that chance chooses: all of them are chosen
 * sooner or later.
 *
 * @param owner.userId null: of all users of all tenants
 */
export async function sampleConversations(
  db: Database,
  { tenantId, userId }: Scope,
  most: number,
): Promise<(Owner & { conversationId: string })[]> {
  const { rows } = await db.pool.query<Owner & { conversationId: string }>({
    name: 'sample_conversations',
    text: `with start as (select floor(random() * (1 + coalesce(max(id), 0))) as id from echo_conversations)
           select c.tenant_id as "tenantId", c.user_id as "userId", c.conversation_id as "conversationId"
           from echo_conversations c, start
           where ($2::text is null or c.tenant_id = $1 and c.user_id = $2) and c.tenant_id <> $3
           order by c.id < start.id, c.id limit $4`,
    values: [tenantId, userId, CANARY_TENANT, most],
  });
  return rows;
}

/** Which conversations; all conditions must hold. */
export interface ConversationConditions {
  readonly episodeId?: string | null | undefined;
  /** Only those that an episode names. */
  readonly ofEpisodes?: true | undefined;
  readonly pinned?: boolean | null | undefined;
  /** Only of these. */
  readonly ids?: readonly number[] | null | undefined;
}

/** One user's conversations, the one with the latest turn first. */
export async function conversationPage(
  db: Database,
  owner: Owner,
  conditions: ConversationConditions,
  page: Page<TimePosition>,
  columns: ConversationColumns = 'all',
): Promise<ConversationRow[]> {
  return conversationsWhere(db, owner, { ...conditions, ...timePageValues(page) }, columns);
}

/** Conditions and the ends of a page, under the names of placeholders: which of them there are is the shape of the statement. */
export type ConversationPageValues = ConversationConditions & Readonly<Record<string, unknown>>;

/** The ends of a page in the order of the latest turns. */
export const latestPageValues = timePageValues;

/** The ends of a page in the order in which conversations were stored, in which nothing ever changes its place. */
export function creationPageValues({ after, before, inverted, limit }: Page<number>) {
  return { created: true, afterRow: after, beforeRow: before, inverted: inverted || undefined, limit };
}

/** A page of one user's conversations. @param values with `latestPageValues` or `creationPageValues` */
export async function conversationsWhere(
  db: Database,
  owner: Owner,
  values: ConversationPageValues,
  columns: ConversationColumns,
): Promise<ConversationRow[]> {
  const shape = shapeOf(values);
  if (columns === 'all') return pageStatement(db, shape).execute({ ...owner, ...values });
  const rows = await listed.query(db, listedPage(db, shape)({ ...owner, ...values }));
  return rows.map((row) => listed.row(row));
}

const pageStatement = prepareByShape((orm, shape) =>
  pageOf(orm.select().from(c).$dynamic(), shape).prepare(nameOfShape(replicable('conversation_page'), shape)),
);
const listedPage = prepareByShape((orm, shape) =>
  filled(nameOfShape(replicable('conversation_page_listed'), shape), listedPageQuery(orm, shape)),
);

/** The statement of a page as lists need it. */
export function listedPageQuery(orm: NodePgDatabase, shape: string): Query {
  return pageOf(orm.select(listed.fields).from(c).$dynamic(), shape).toSQL();
}

/** The order of the page of a shape, as it stands behind `order by`. @param alias of the page in the statement */
export function orderOfPage(shape: string, alias: string): string {
  const has = new Set(shape.split(','));
  const direction = has.has('inverted') === has.has('created') ? 'desc' : 'asc';
  const columns = has.has('created') ? ['id'] : ['last_interaction', 'id'];
  return columns.map((column) => `${alias}.${column} ${direction}`).join(', ');
}

function pageOf<Q extends PgSelect>(select: Q, shape: string) {
  const has = new Set(shape.split(','));
  const p = (name: string) => sql.placeholder(name);
  const optional = (name: string, condition: SQL) => (has.has(name) ? condition : undefined);
  // As `unseen`: with a small limit in sight PostgreSQL would plan each time anew. Drizzle takes SQL here, which its types do not say.
  const limit = sql`(select ${p('limit')}::int)` as unknown as Placeholder;
  const [falling, rising] = has.has('inverted') ? [asc, desc] : [desc, asc];
  return select
    .where(
      and(
        eq(c.userId, p('userId')),
        eq(c.tenantId, p('tenantId')),
        optional('episodeId', eq(c.episodeId, p('episodeId'))),
        optional('ofEpisodes', isNotNull(c.episodeId)),
        optional('pinned', eq(c.pinned, p('pinned'))),
        optional('ids', sql`${c.id} = any(${p('ids')}::int[])`),
        optional('afterAt', sql`(${c.lastInteraction}, ${c.id}) < (${p('afterAt')}, ${p('afterId')})`),
        optional('beforeAt', sql`(${c.lastInteraction}, ${c.id}) > (${p('beforeAt')}, ${p('beforeId')})`),
        optional('afterRow', gt(c.id, p('afterRow'))),
        optional('beforeRow', lt(c.id, p('beforeRow'))),
      ),
    )
    .orderBy(...(has.has('created') ? [rising(c.id)] : [falling(c.lastInteraction), falling(c.id)]))
    .limit(limit);
}
