import type { PoolClient } from 'pg';
import type { NotionKind, NotionKindSetting } from '../../config/notion.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import { holdTarget, openTarget } from '../deliveries/outbox.ts';
import { type MappedProperty, notionSources, type SourceRow, type SourceState } from './tables.ts';

/** In the outbox. */
export const CHANNEL = 'notion';
/** The target of pages that leave Notion; the others are named by their kind. */
export const REMOVALS = 'removals';

export const targetOf = (kind: string) => ({ channel: CHANNEL, target: kind });

/** What was found in Notion of where a kind goes. */
export interface Resolved {
  readonly dataSourceId: string | null;
  readonly title: string | null;
  readonly properties: readonly MappedProperty[];
  readonly state: SourceState;
  readonly problem: string | null;
}

/** What is known of where a kind goes; what was found of another database is forgotten. */
export async function sourceOf(
  { pool }: Pick<Database, 'pool'>,
  kind: NotionKind,
  { database }: Pick<NotionKindSetting, 'database'>,
): Promise<SourceRow> {
  const found = await pool.query<RawRow>({
    name: 'notion_source',
    text: 'select * from echo_notion_sources where kind = $1 and database_id = $2',
    values: [kind, database],
  });
  if (found.rows[0]) return mapRow(notionSources, found.rows[0]);
  const made = await pool.query<RawRow>({
    name: 'make_notion_source',
    text: `insert into echo_notion_sources (kind, database_id) values ($1, $2)
           on conflict (kind) do update set database_id = $2, data_source_id = null, title = null, properties = '[]',
             state = 'WAITING', problem = null, resolved_at = null
           returning *`,
    values: [kind, database],
  });
  return mapRow(notionSources, onlyRow(made));
}

/** All that is known. */
export async function allSources({
  pool,
}: {
  readonly pool: Pick<PoolClient, 'query'>;
}): Promise<SourceRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'notion_sources',
    text: 'select * from echo_notion_sources order by kind',
  });
  return rows.map((row) => mapRow(notionSources, row));
}

/** Notes what was found, and lets pages go there, or keeps them from it. Pages of another data source are none of this one. */
export async function noteSource(db: Database, source: SourceRow, found: Resolved): Promise<void> {
  const { kind, databaseId } = source;
  await db.transaction(
    async (client) => {
      const { rowCount } = await client.query({
        name: 'note_notion_source',
        text: `update echo_notion_sources set data_source_id = coalesce($3, data_source_id), title = coalesce($4, title),
                 properties = $5, state = $6, problem = $7, resolved_at = now()
               where kind = $1 and database_id = $2`,
        values: [
          ...[kind, databaseId, found.dataSourceId, found.title, JSON.stringify(found.properties)],
          ...[found.state, found.problem],
        ],
      });
      if (rowCount === 0) return;
      if (found.dataSourceId !== null && found.dataSourceId !== source.dataSourceId)
        await client.query({
          name: 'forget_notion_pages',
          text: `update echo_notion_pages set page_id = null, written = null, gone_at = null, missed_at = null, uncertain = false
                 where kind = $1 and tenant_id is not null`,
          values: [kind],
        });
      await openTarget(client, targetOf(kind), { tenantId: SERVER_TENANT, userId: null });
      const isHeld = found.state === 'BROKEN';
      if (isHeld !== (source.state === 'BROKEN') || source.state === 'WAITING')
        await holdTarget(client, SERVER_TENANT, targetOf(kind), isHeld);
    },
    { ownName: true },
  );
}

/** One server at a time looks for what is new, and none again before so long. @returns whether it is this one */
export async function takeLook(
  { pool }: Pick<Database, 'pool'>,
  kind: NotionKind,
  which: 'compared_at' | 'polled_at' | 'resolved_at',
  everyMs: number,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: `take_notion_${which}`,
    text: `update echo_notion_sources set ${which} = clock_timestamp()
           where kind = $1 and (${which} is null or ${which} <= clock_timestamp() - $2::float8 * interval '1 ms'
             or ${which} > clock_timestamp() + interval '1 minute')`,
    values: [kind, everyMs],
  });
  return rowCount !== 0;
}

/** Says whether there is more that is new than could be taken into the outbox. */
export async function noteBehind(
  { pool }: { readonly pool: Pick<PoolClient, 'query'> },
  kind: NotionKind,
  isBehind: boolean,
): Promise<void> {
  await pool.query({
    name: 'note_notion_behind',
    text: `update echo_notion_sources set behind_since = case when $2 then now() end
           where kind = $1 and (behind_since is not null) <> $2`,
    values: [kind, isBehind],
  });
}

/** Says why nobody could look yet at where a kind goes. */
export async function noteUnseen(
  { pool }: Pick<Database, 'pool'>,
  kind: NotionKind,
  problem: string,
): Promise<void> {
  await pool.query({
    name: 'note_notion_unseen',
    text: `update echo_notion_sources set problem = $2 where kind = $1 and state = 'WAITING' and problem is distinct from $2`,
    values: [kind, problem],
  });
}
