import type { PoolClient } from 'pg';
import type { MirroredKind } from './kind.ts';
import { writable } from './mapping.ts';
import type { MappedProperty } from './tables.ts';

interface Reader {
  readonly pool: Pick<PoolClient, 'query'>;
}

/** A row as it is to be shown. */
export interface MirroredRow {
  readonly externalId: string;
  readonly tenantId: string;
  readonly userId: string | null;
  /** Whether it does not change any more. */
  readonly isOver: boolean;
  /** Of each field that is shown. */
  readonly values: Readonly<Record<string, string | null>>;
  /** SHA-256 of these and of where they go. */
  readonly hash: Buffer;
}

/** One that Notion does not have as it is. */
export interface ChangedRow extends MirroredRow {
  /** Number of its page's row; null: there is none. */
  readonly page: number | null;
  readonly pageId: string | null;
  /** Whether something brings it already. */
  readonly isOnItsWay: boolean;
}

/** What of a kind is looked at, and how. */
export interface Look {
  readonly kind: MirroredKind;
  readonly properties: readonly MappedProperty[];
  readonly mapping: Buffer;
  /** Whether pages that somebody deleted are made again. */
  readonly recreate: boolean;
}

/** Days after which what was given up is tried again. */
const GIVEN_UP_DAYS = 1;

type RawRow = Omit<ChangedRow, 'values' | 'page'> & {
  readonly values: (string | null)[];
  readonly page: string | null;
};

/**
 * Rows that Notion does not have as they are, oldest first: of the newest ones, and of those that were not over when they were last
 * looked at.
 *
 * @param client in a transaction: rows of users are held until its end, so that none is noted that an erasure takes
 */
export async function changedRows(
  client: Pick<PoolClient, 'query'>,
  look: Look,
  limit: number,
  isHeld: boolean,
): Promise<ChangedRow[]> {
  const recent = await select(client, look, 'recent', limit, isHeld);
  if (recent.length >= limit) return recent;
  const open = await select(client, look, 'open', limit - recent.length, isHeld);
  return [
    ...recent,
    ...open.filter(({ externalId }) => recent.every((row) => row.externalId !== externalId)),
  ];
}

async function select(
  client: Pick<PoolClient, 'query'>,
  { kind, properties, mapping, recreate }: Look,
  which: 'recent' | 'open',
  limit: number,
  isHeld: boolean,
): Promise<ChangedRow[]> {
  const lock = isHeld && kind.held !== null;
  const { rows } = await client.query<RawRow>({
    name: `notion_changed_${kind.name}_${which}${lock ? '_held' : ''}`,
    text: `select ${columnsOf(kind)}, p.id as page, p.page_id as "pageId",
             coalesce(d.status = 'PENDING', false) as "isOnItsWay"
           from ${kind.from} ${valuesOf(kind)}
           ${which === 'recent' ? 'left join' : 'join'} echo_notion_pages p
             on p.kind = '${kind.name}' and ${which === 'recent' ? `p.external_id = ${kind.externalId}` : kind.byId('p.external_id')}
           left join echo_deliveries d on d.delivery_id = p.delivery_id
           where ${which === 'recent' ? `(${kind.recent})` : 'p.is_open'}
             and (p.gone_at is null or $3) and (p.id is null or p.wanted <> h.hash
               or p.written is distinct from p.wanted and (d.id is null or d.status = 'DELIVERED'
                 or d.status in ('DEAD', 'DISCARDED') and d.settled_at < now() - interval '${GIVEN_UP_DAYS} day'))
           order by ${kind.place} limit $4 ${lock ? `for key share of ${kind.held}` : ''}`,
    values: [fieldsOf(properties), mapping, recreate, limit],
  });
  return rows.map((row) => ({ ...shown(kind, row), page: row.page === null ? null : Number(row.page) }));
}

/** One row as it is now; null: it is there no more. */
export async function currentRow(
  { pool }: Reader,
  { kind, properties, mapping }: Pick<Look, 'kind' | 'properties' | 'mapping'>,
  externalId: string,
): Promise<MirroredRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: `notion_row_${kind.name}`,
    text: `select ${columnsOf(kind)} from ${kind.from} ${valuesOf(kind)} where ${kind.byId('$3')}`,
    values: [fieldsOf(properties), mapping, externalId],
  });
  return rows[0] ? shown(kind, rows[0]) : null;
}

const columnsOf = ({ externalId, tenantId, userId, over }: MirroredKind) =>
  `${externalId} as "externalId", ${tenantId} as "tenantId", ${userId} as "userId", (${over}) as "isOver", v.values, h.hash`;

/** Only what is shown counts: a change of the rest is none for Notion. */
const valuesOf = ({ fields }: MirroredKind) =>
  `cross join lateral (select array[${fields
    .map(({ name, sql }) => `case when '${name}' = any($1::text[]) then (${sql})::text end`)
    .join(', ')}] as values) v
   cross join lateral (select sha256($2::bytea || convert_to(v.values::text, 'UTF8')) as hash) h`;

const fieldsOf = (properties: readonly MappedProperty[]) => writable(properties).map(({ field }) => field);

function shown<Row extends RawRow>(
  kind: MirroredKind,
  row: Row,
): Omit<Row, 'values'> & Pick<MirroredRow, 'values'> {
  const values = Object.fromEntries(kind.fields.map(({ name }, place) => [name, row.values[place] ?? null]));
  return { ...row, values };
}
