import type { PoolClient } from 'pg';
import type { NotionKind } from '../../config/notion.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import { enqueue } from '../deliveries/outbox.ts';
import type { ChangedRow } from './rows.ts';
import { targetOf } from './sources.ts';
import { notionPages, type PageRow } from './tables.ts';

type Reader = { readonly pool: Pick<PoolClient, 'query'> };

/** Longer than anybody is at a page: who has it is gone by then, and so is what it asked for. */
export const MAKING_MS = 40_000;
/** In the outbox. */
export const PAGE_CHANGED = 'page.changed';

/** What Notion said of external ids that have no page here: their page, or null where there is none. */
export type Found = ReadonlyMap<string, string | null>;

/** Deliveries of a kind that wait. */
export async function waitingOf({ pool }: Reader, kind: NotionKind): Promise<number> {
  const { rows } = await pool.query<{ waiting: number }>({
    name: 'notion_waiting',
    text: `select count(*)::int as waiting from echo_deliveries where channel = 'notion' and target = $1 and status = 'PENDING'`,
    values: [kind],
  });
  return rows[0]?.waiting ?? 0;
}

/** Notes what pages should say, and puts them into the outbox, in the transaction of `client`. */
export async function wantPages(
  client: PoolClient,
  kind: NotionKind,
  rows: readonly ChangedRow[],
  found: Found,
): Promise<void> {
  if (rows.length === 0) return;
  const waiting = rows.filter(({ isOnItsWay }) => !isOnItsWay);
  const ids = await enqueue(
    client,
    waiting.map(({ tenantId, userId, externalId }) => ({
      ...{ ...targetOf(kind), tenantId, userId, kind: PAGE_CHANGED, order: [kind, externalId] },
      payload: { externalId },
    })),
  );
  const deliveryOf = new Map(waiting.map(({ externalId }, place) => [externalId, ids[place]]));
  const wanted = rows.map((row) => ({
    ...{ tenantId: row.tenantId, userId: row.userId, externalId: row.externalId },
    ...{
      wanted: row.hash.toString('hex'),
      isOpen: !row.isOver,
      deliveryId: deliveryOf.get(row.externalId) ?? null,
    },
    ...{ pageId: found.get(row.externalId) ?? null, isMissed: found.get(row.externalId) === null },
  }));
  await client.query({
    name: 'want_notion_pages',
    text: `insert into echo_notion_pages as p (tenant_id, user_id, kind, external_id, page_id, wanted, delivery_id, is_open, missed_at)
           select w."tenantId", w."userId", $1, w."externalId",
             case when not exists (select from echo_notion_pages o where o.page_id = w."pageId") then w."pageId" end, decode(w.wanted, 'hex'), w."deliveryId", w."isOpen",
             case when w."isMissed" then now() end
           from json_to_recordset($2) as w("tenantId" text, "userId" text, "externalId" text, "pageId" text, wanted text,
             "deliveryId" uuid, "isOpen" boolean, "isMissed" boolean)
           on conflict (kind, external_id) do update set wanted = excluded.wanted, is_open = excluded.is_open,
             delivery_id = coalesce(excluded.delivery_id, p.delivery_id), page_id = coalesce(p.page_id, excluded.page_id),
             missed_at = coalesce(excluded.missed_at, p.missed_at), gone_at = null`,
    values: [kind, JSON.stringify(wanted)],
  });
}

/** A page, by what it tells of. */
export async function pageOf(
  { pool }: Reader,
  kind: string,
  tenantId: string,
  externalId: string,
): Promise<PageRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'notion_page',
    text: 'select * from echo_notion_pages where kind = $1 and external_id = $2 and tenant_id = $3',
    values: [kind, externalId, tenantId],
  });
  return rows[0] ? mapRow(notionPages, rows[0]) : null;
}

/** Nobody else makes the page meanwhile. @returns false: somebody does, or it is known by now */
export async function beginMaking({ pool }: Reader, page: PageRow): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'begin_notion_page',
    text: `update echo_notion_pages set making_until = clock_timestamp() + ${MAKING_MS} * interval '1 ms', uncertain = true
           where id = $1 and tenant_id = $2 and page_id is null and (making_until is null or making_until <= clock_timestamp())`,
    values: [page.id, page.tenantId],
  });
  return rowCount !== 0;
}

/** How long somebody may still be making it. */
export function makingMs({ makingUntil }: PageRow): number {
  return Math.max(0, (makingUntil?.getTime() ?? 0) - Date.now());
}

/** Nobody makes it any more. @param isUncertain whether Notion may have made it, now or before */
export async function endMaking({ pool }: Reader, page: PageRow, isUncertain: boolean): Promise<void> {
  await pool.query({
    name: 'end_notion_page',
    text: `update echo_notion_pages set making_until = null, uncertain = $3 where id = $1 and tenant_id = $2`,
    values: [page.id, page.tenantId, isUncertain],
  });
}

/** It says what it should. */
export async function noteWritten(
  { pool }: Reader,
  page: PageRow,
  pageId: string,
  written: Buffer,
): Promise<void> {
  await pool.query({
    name: 'note_notion_page',
    text: `update echo_notion_pages set page_id = $3, written = $4, written_at = now(), making_until = null, uncertain = false, gone_at = null
           where id = $1 and tenant_id = $2`,
    values: [page.id, page.tenantId, pageId, written],
  });
}

/** Somebody deleted it in Notion. */
export async function noteGone({ pool }: Reader, page: PageRow): Promise<void> {
  await pool.query({
    name: 'lose_notion_page',
    text: `update echo_notion_pages set page_id = null, written = null, gone_at = now(), making_until = null, uncertain = false, missed_at = null
           where id = $1 and tenant_id = $2`,
    values: [page.id, page.tenantId],
  });
}

/** What a status shows of the pages of each kind. */
export interface PageFigures {
  readonly kind: string;
  readonly pages: number;
  /** Those that people deleted in Notion. */
  readonly gone: number;
  readonly lastWrittenAt: Date | null;
  readonly waiting: number;
  readonly dead: number;
  /** When the delivery that has waited longest was made. */
  readonly waitingSince: Date | null;
}

/** Of all kinds and of removals, in the order of their names. */
export async function pageFigures({ pool }: Pick<Database, 'pool'>): Promise<PageFigures[]> {
  const { rows } = await pool.query<PageFigures>({
    name: 'notion_figures',
    text: `select k.kind, p.pages, p.gone, p.last as "lastWrittenAt", d.waiting, d.dead, d.since as "waitingSince"
           from (select target as kind from echo_delivery_targets where channel = 'notion' and tenant_id = '${SERVER_TENANT}') k
           cross join lateral (select count(*) filter (where page_id is not null)::int as pages,
             count(*) filter (where gone_at is not null)::int as gone, max(written_at) as last
             from echo_notion_pages where kind = k.kind) p
           cross join lateral (select count(*) filter (where status = 'PENDING')::int as waiting,
             count(*) filter (where status = 'DEAD')::int as dead, min(created_at) filter (where status = 'PENDING') as since
             from echo_deliveries where channel = 'notion' and target = k.kind and status in ('PENDING', 'DEAD')) d
           order by k.kind`,
  });
  return rows;
}
