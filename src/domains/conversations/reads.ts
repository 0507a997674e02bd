import { and, asc, desc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import {
  nameOfShape,
  type Page,
  prepareByShape,
  prepareOnce,
  shapeOf,
  type TimePosition,
  timePageValues,
} from '../../db/statements.ts';
import { conversations as c } from './tables.ts';

const statements = prepareOnce((orm) => ({
  byIds: orm
    .select()
    .from(c)
    .where(
      and(
        sql`${c.conversationId} = any(${sql.placeholder('conversationIds')}::text[])`,
        eq(c.tenantId, sql.placeholder('tenantId')),
        sql`(${sql.placeholder('userId')}::text is null or ${c.userId} = ${sql.placeholder('userId')})`,
      ),
    )
    .prepare('conversations_by_ids'),
  afterId: orm
    .select({ id: c.id, tenantId: c.tenantId, conversationId: c.conversationId })
    .from(c)
    .where(gt(c.id, sql.placeholder('after')))
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

/** Conversations by id, in the order of the ids; null where there is none within the scope. */
export async function conversationsById(db: Database, scope: Scope, conversationIds: readonly string[]) {
  // PostgreSQL would refuse the whole statement for a NUL; nothing has such a name.
  const possible = conversationIds.filter((id) => !id.includes('\0'));
  const rows = await statements(db).byIds.execute({ ...scope, conversationIds: possible });
  const byId = new Map(rows.map((row) => [row.conversationId, row]));
  return conversationIds.map((id) => byId.get(id) ?? null);
}

/** The conversation that a user and an episode name together, or null. */
export async function conversationOfEpisode(db: Database, owner: Owner, episodeId: string) {
  const [row] = await statements(db).ofEpisode.execute({ ...owner, episodeId });
  return row ?? null;
}

/** Every conversation of every tenant, page by page. */
export async function* allConversations(
  db: Database,
): AsyncGenerator<{ tenantId: string; conversationId: string }> {
  for (let after = 0; ; ) {
    const rows = await statements(db).afterId.execute({ after });
    for (const { tenantId, conversationId } of rows) yield { tenantId, conversationId };
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}

/** One user's conversations, the one with the latest turn first. */
export async function conversationPage(
  db: Database,
  owner: Owner,
  episodeId: string | null,
  page: Page<TimePosition>,
) {
  const values = { episodeId, ...timePageValues(page) };
  return pageStatement(db, shapeOf(values)).execute({ ...owner, ...values });
}

const pageStatement = prepareByShape((orm, shape) => {
  const has = new Set(shape.split(','));
  const p = (name: string) => sql.placeholder(name);
  const optional = (name: string, condition: SQL) => (has.has(name) ? condition : undefined);
  const order = has.has('inverted') ? asc : desc;
  return orm
    .select()
    .from(c)
    .where(
      and(
        eq(c.userId, p('userId')),
        eq(c.tenantId, p('tenantId')),
        optional('episodeId', eq(c.episodeId, p('episodeId'))),
        optional('afterAt', sql`(${c.lastInteraction}, ${c.id}) < (${p('afterAt')}, ${p('afterId')})`),
        optional('beforeAt', sql`(${c.lastInteraction}, ${c.id}) > (${p('beforeAt')}, ${p('beforeId')})`),
      ),
    )
    .orderBy(order(c.lastInteraction), order(c.id))
    .limit(p('limit'))
    .prepare(nameOfShape('conversation_page', shape));
});
