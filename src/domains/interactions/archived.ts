import { getTableColumns } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { onlyRow } from '../../db/statements.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import { interactions } from './tables.ts';

/** Whose turns: of one user, of a tenant (`userId` null), or of everybody (both null). */
export interface ArchiveScope {
  readonly tenantId: string | null;
  readonly userId: string | null;
}

/** What one run of an archiving goes by, however often it is taken up again. */
export interface ArchiveRun {
  /** Turns that were said, stored and last restored before this are archived. ISO 8601, like `at`. */
  readonly before: string;
  /** What the archived turns have as `archived_at`. */
  readonly at: string;
  /** No turn beyond this id is one of them. */
  readonly last: number;
  readonly turns: number;
  readonly conversations: number;
}

/** One transaction of it. */
export interface ArchivedBatch {
  readonly turns: number;
  /** Turns of conversations that somebody else is changing, left for another pass. */
  readonly passedOver: number;
  /** The id behind which the next one goes on; null: there is none. */
  readonly next: number | null;
}

type Queries = Pick<PoolClient, 'query'>;

/** Turns of one transaction, and about how many bytes of text: a turn has up to a megabyte. */
const BATCH = 500;
const BATCH_BYTES = 8_000_000;
/** Turns that are looked up at once. */
const LOOK_AHEAD = 10_000;

const ALL = Object.values(getTableColumns(interactions)).map(({ name }) => name);
/** SQL: the columns of a turn that moves, some with other values. */
const columnsWith = (values: Readonly<Record<string, string>>) =>
  ALL.map((name) => values[name] ?? name).join(', ');
const COLUMNS = ALL.join(', ');

/**
 * SQL: turns `i`, with their conversations `c`, that are due. The instants of a turn are that it was said and that it was
 * stored: what was imported today is new here, however long ago it was said. Pinned conversations stay.
 */
function due({ tenantId, userId }: ArchiveScope, before: Date, values: unknown[]): string {
  const place = `$${values.push(before)}`;
  const own = [
    ...(tenantId === null ? [] : [`i.tenant_id = $${values.push(tenantId)}`]),
    ...(userId === null ? [] : [`i.user_id = $${values.push(userId)}`]),
  ];
  const old = ['created_at', 'timestamp'].map((name) => `i.${name} < ${place}`);
  return `from only echo_unified_interactions i join echo_conversations c
      on c.conversation_id = i.conversation_id and c.tenant_id = i.tenant_id and c.user_id = i.user_id
    where ${[...own, ...old].join(' and ')} and (i.restored_at is null or i.restored_at < ${place})
      and i.tenant_id <> '${CANARY_TENANT}' and not c.pinned`;
}

const shapeName = ({ tenantId, userId }: ArchiveScope) =>
  userId !== null ? 'user' : tenantId !== null ? 'tenant' : 'all';

/** What an archiving of turns older than some months would move now. */
export async function planArchive(
  client: Queries,
  scope: ArchiveScope,
  olderThanMonths: number,
): Promise<ArchiveRun> {
  const { at, before } = onlyRow(
    await client.query<{ at: Date; before: Date }>({
      name: 'archive_begins',
      text: `select now()::timestamptz(3) as at, (now() - make_interval(months => $1))::timestamptz(3) as before`,
      values: [olderThanMonths],
    }),
  );
  const values: unknown[] = [];
  const found = await client.query<{ turns: number; conversations: number; last: number | null }>({
    name: `archive_plan_${shapeName(scope)}`,
    text: `select count(*)::int as turns, count(distinct c.id)::int as conversations, max(i.id) as last
           ${due(scope, before, values)}`,
    values,
  });
  const { turns, conversations, last } = onlyRow(found);
  return { at: at.toISOString(), before: before.toISOString(), last: last ?? 0, turns, conversations };
}

interface DueTurn {
  readonly id: number;
  readonly conversation: number;
  readonly bytes: number;
}

/** The turns of a run that are still to be moved, in the order of their ids. Many are looked up at once: each look sorts all. */
export class DueTurns {
  readonly #scope: ArchiveScope;
  readonly #run: ArchiveRun;
  #known: readonly DueTurn[] = [];

  constructor(scope: ArchiveScope, run: ArchiveRun) {
    this.#scope = scope;
    this.#run = run;
  }

  /** Those of one transaction. @param after an id; only turns behind it */
  async next(client: Queries, after: number): Promise<readonly DueTurn[]> {
    this.#known = this.#known.filter(({ id }) => id > after);
    if (this.#known.length === 0) this.#known = await this.#look(client, after);
    let bytes = 0;
    return this.#known.slice(0, BATCH).filter((turn, index) => {
      bytes += turn.bytes;
      return index === 0 || bytes <= BATCH_BYTES;
    });
  }

  async #look(client: Queries, after: number): Promise<DueTurn[]> {
    const values: unknown[] = [];
    const condition = due(this.#scope, new Date(this.#run.before), values);
    const { rows } = await client.query<DueTurn>({
      name: `archive_next_${shapeName(this.#scope)}`,
      text: `select i.id, c.id as conversation, pg_column_size(i.query) + pg_column_size(i.response) as bytes
             ${condition} and i.id > $${values.push(after)} and i.id <= $${values.push(this.#run.last)}
             order by i.id limit ${LOOK_AHEAD}`,
      values,
    });
    return rows;
  }
}

/**
 * Moves turns into the archive, in the transaction of `client`. Under the locks of their conversations, where all that change
 * turns meet; a conversation that is locked is passed over, so that nobody waits for an archiving.
 */
export async function archiveBatch(
  client: PoolClient,
  run: ArchiveRun,
  turns: readonly DueTurn[],
): Promise<ArchivedBatch> {
  const last = turns.at(-1);
  if (!last) return { turns: 0, passedOver: 0, next: null };
  const locked = await client.query<{ id: number }>({
    name: 'archive_lock',
    text: 'select id from echo_conversations where id = any($1::int[]) and not pinned for update skip locked',
    values: [[...new Set(turns.map(({ conversation }) => conversation))]],
  });
  const held = new Set(locked.rows.map(({ id }) => id));
  const ids = turns.filter(({ conversation }) => held.has(conversation)).map(({ id }) => id);
  const { rowCount: moved } = await client.query({
    name: 'archive_turns',
    text: `with gone as (
             delete from only echo_unified_interactions where id = any($1::int[]) returning *
           )
           insert into echo_unified_interactions_archive (${COLUMNS})
           select ${columnsWith({ archived_at: '$2::timestamptz', restored_at: 'null' })} from gone`,
    values: [ids, run.at],
  });
  return { turns: moved ?? 0, passedOver: turns.length - ids.length, next: last.id };
}

/** Conversations of which a run has archived turns. */
export async function conversationsOfRun(
  client: Queries,
  { tenantId, userId }: ArchiveScope,
  { at }: ArchiveRun,
): Promise<number> {
  const { rows } = await client.query<{ count: number }>({
    name: 'archived_conversations',
    text: `select count(distinct (tenant_id, user_id, conversation_id))::int as count
           from echo_unified_interactions_archive
           where archived_at = $1 and ($2::text is null or tenant_id = $2) and ($3::text is null or user_id = $3)`,
    values: [at, tenantId, userId],
  });
  return onlyRow({ rows }).count;
}

/** Number of a conversation's turns that are in the archive. */
export async function countArchived(client: Queries, owner: Owner, conversationId: string): Promise<number> {
  const found = await client.query<{ turns: number }>({
    name: 'archived_of_conversation',
    text: `select count(*)::int as turns from echo_unified_interactions_archive
           where conversation_id = $1 and tenant_id = $2 and user_id = $3`,
    values: [conversationId, owner.tenantId, owner.userId],
  });
  return onlyRow(found).turns;
}

/**
 * Takes turns of a conversation out of the archive, the oldest first, in the transaction of `client`.
 *
 * @returns how many; 0: none are left
 */
export async function restoreBatch(
  client: PoolClient,
  owner: Owner,
  conversationId: string,
): Promise<number> {
  const values = [conversationId, owner.tenantId, owner.userId];
  await client.query({
    name: 'archive_restore_lock',
    text: `select id from echo_conversations where conversation_id = $1 and tenant_id = $2 and user_id = $3 for update`,
    values,
  });
  const { rowCount } = await client.query({
    name: 'archive_restore',
    text: `with next as (
             select id, pg_column_size(query) + pg_column_size(response) as bytes, sequence
             from echo_unified_interactions_archive
             where conversation_id = $1 and tenant_id = $2 and user_id = $3 order by sequence limit ${BATCH}
           ), gone as (
             delete from echo_unified_interactions_archive where id in (
               select id from (select id, sum(bytes) over (order by sequence) - bytes as before from next) n
               where before < ${BATCH_BYTES}
             ) and tenant_id = $2 and user_id = $3 returning *
           )
           insert into echo_unified_interactions (${COLUMNS})
           select ${columnsWith({ archived_at: 'null', restored_at: 'now()' })} from gone`,
    values,
  });
  return rowCount ?? 0;
}

/** What of a user's turns is in the archive: whether any are, and since when those were said that are not. */
export async function archiveOf(
  client: Queries,
  owner: Owner,
): Promise<{ holdsAny: boolean; oldestKept: Date | null }> {
  const found = await client.query<{ holdsAny: boolean; oldestKept: Date | null }>({
    name: 'archive_of_user',
    text: `select a.any as "holdsAny", case when a.any then (
             select min(timestamp) from only echo_unified_interactions where user_id = $1 and tenant_id = $2
           ) end as "oldestKept"
           from (select exists (
             select from echo_unified_interactions_archive where user_id = $1 and tenant_id = $2
           ) as any) a`,
    values: [owner.userId, owner.tenantId],
  });
  return onlyRow(found);
}

/** Which of a user's turns are in the archive. */
export async function archivedAmong(
  client: Queries,
  owner: Owner,
  turnIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ turnId: string }>({
    name: 'archived_among',
    text: `select turn_id as "turnId" from echo_unified_interactions_archive
           where turn_id = any($3::uuid[]) and user_id = $1 and tenant_id = $2`,
    values: [owner.userId, owner.tenantId, turnIds],
  });
  return new Set(rows.map(({ turnId }) => turnId));
}
