import { sql } from 'drizzle-orm';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { filled } from '../../db/slices.ts';
import { nameOfShape, type Page, prepareByShape, shapeOf, unseen } from '../../db/statements.ts';
import { type ConversationPageValues, listed, listedPageQuery, orderOfPage } from '../conversations/reads.ts';
import type { ConversationRow } from '../conversations/tables.ts';
import { said, type TurnColumns } from './reads.ts';
import type { TurnStore } from './store.ts';
import type { InteractionRow } from './tables.ts';

/** Which turns were read together with a conversation. */
interface TurnsAhead {
  readonly page: Page<number>;
  readonly turns: InteractionRow[];
}

const AHEAD = Symbol('turns that were read with a conversation');

type Thread = ConversationRow & { [AHEAD]?: TurnsAhead };

/** The turns of a page, if they were read with their conversation; null where they have to be read. */
export function turnsReadAhead(
  { [AHEAD]: ahead }: Thread,
  { after, before, limit, inverted }: Page<number>,
  columns: TurnColumns,
): InteractionRow[] | null {
  const isThat = ahead?.page.limit === limit && ahead.page.inverted === inverted;
  return ahead && isThat && columns === 'said' && after === null && before === null ? ahead.turns : null;
}

/**
 * A page of one user's conversations with the first or last turns of each, in one statement.
 *
 * @param turns as they are said, for `turnsReadAhead`
 * @returns null where turns of the user wait for the database, which are shown among those that it has, or where the turns begin at a cursor
 */
export function threadPage(
  { db, store }: { readonly db: Database; readonly store: TurnStore },
  owner: Owner,
  values: ConversationPageValues,
  turns: Page<number>,
): Promise<ConversationRow[]> | null {
  if (turns.after !== null || turns.before !== null) return null;
  return store.pending.ofUser(owner).length > 0 ? null : threadsWhere(db, owner, { values, turns });
}

async function threadsWhere(
  db: Database,
  owner: Owner,
  { values, turns: page }: { values: ConversationPageValues; turns: Page<number> },
): Promise<ConversationRow[]> {
  const statement = threadsStatement(db, `${page.inverted ? 'last' : 'first'} ${shapeOf(values)}`);
  const rows = await listed.query(db, statement({ ...owner, ...values, turns: page.limit }));
  const threads: { conversation: Thread; turns: InteractionRow[] }[] = [];
  for (const row of rows)
    if (row[WIDTH] === null) threads.push({ conversation: listed.row(row), turns: [] });
    else threads.at(-1)?.turns.push(said.row(row, WIDTH));
  return threads.map(({ conversation, turns }) => {
    // Fewer than asked for, though there is room below: the counter is wrong, and they are read for themselves.
    const isSure = !page.inverted || turns.length === page.limit || lowestOf(conversation, page.limit) <= 1;
    if (isSure) conversation[AHEAD] = { page, turns };
    return conversation;
  });
}

const lowestOf = ({ nextSequence, deletedTurns }: ConversationRow, limit: number) =>
  nextSequence - deletedTurns - limit;

/** Where the columns of turns begin. */
const WIDTH = listed.names.length;

/** Each conversation comes as a row of its own before its turns, whose rows do not say it again. */
const threadsStatement = prepareByShape((orm, shape) => {
  const [end, ofPage = ''] = shape.split(' ');
  const { sql: page, params } = listedPageQuery(orm, ofPage);
  const limit = unseen(`$${params.length + 1}`, 'int');
  const [within, direction] =
    end === 'last' ? [`and i.sequence >= c.next_sequence - c.deleted_turns - ${limit}`, 'desc'] : ['', 'asc'];
  const text = `select ${listed.names.map((name) => `case when i.id is null then c.${name} end`).join(', ')}, ${said.columns('i')}
    from (${page}) c
    cross join lateral (
      select ${said.names.map(() => 'null').join(', ')}
      union all (
        select ${said.columns('i')} from echo_unified_interactions i
        where i.conversation_id = c.conversation_id and i.tenant_id = c.tenant_id and i.user_id = c.user_id ${within}
        order by i.sequence ${direction} limit ${limit})
    ) i(${said.names.join(', ')})
    order by ${orderOfPage(ofPage, 'c')}, i.sequence ${direction} nulls first`;
  return filled(nameOfShape(replicable('conversation_page_with_turns'), shape), {
    sql: text,
    params: [...params, sql.placeholder('turns')],
  });
});
