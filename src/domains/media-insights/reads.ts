import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, onlyRow, type Page, type RawRow } from '../../db/statements.ts';
import type { MediaConditions } from './filter.ts';
import { type HashedPicture, neighboursOf } from './neighbours.ts';
import { distanceSql } from './places.ts';
import { type MediaInsightRow, mediaInsights } from './tables.ts';

type Reader = Pick<Database, 'pool'>;

/** A place in the list: what was taken last comes first, and behind all of that what has no date. */
export interface TakenPosition {
  readonly at: Date | null;
  readonly id: number;
}

/** As the index has it. */
const TAKEN = `coalesce(i.date_taken, '-infinity'::timestamptz)`;
/** How many of the files of one content are named. */
export const MAX_PATHS = 100;
/** Pictures that are said to look like one. */
export const MAX_NEIGHBOURS = 50;

/** A page of a user's insights that fulfil all conditions. */
export async function mediaPage(
  { pool }: Reader,
  owner: Owner,
  conditions: MediaConditions,
  page: Page<TakenPosition>,
): Promise<MediaInsightRow[]> {
  const values: unknown[] = [owner.userId, owner.tenantId];
  const place = (value: unknown) => `$${values.push(value)}`;
  const position = ({ at, id }: TakenPosition) =>
    `(${place(at ?? '-infinity')}::timestamptz, ${place(id)}::int)`;
  const parts = [
    ...partsOf(conditions, place),
    ...(page.after ? [`(${TAKEN}, i.id) < ${position(page.after)}`] : []),
    ...(page.before ? [`(${TAKEN}, i.id) > ${position(page.before)}`] : []),
  ];
  const direction = page.inverted ? 'asc' : 'desc';
  const text = `select i.* from echo_media_insights i where i.user_id = $1 and i.tenant_id = $2
    ${parts.map((part) => `and ${part}`).join(' ')}
    order by ${TAKEN} ${direction}, i.id ${direction} limit ${place(page.limit)}`;
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(replicable('media_page'), text),
    text,
    values,
  });
  return rows.map((row) => mapRow(mediaInsights, row));
}

function partsOf(conditions: MediaConditions, place: (value: unknown) => string): string[] {
  const { mediaType, kind, takenAfter, takenBefore, boxes, near, minQuality, learned, state, terms } =
    conditions;
  const parts: string[] = [];
  const single = terms.flatMap((forms) => (forms.length === 1 ? forms : []));
  if (single.length > 0) parts.push(`i.search_terms @> ${place(single)}::text[]`);
  for (const forms of terms) if (forms.length > 1) parts.push(`i.search_terms && ${place(forms)}::text[]`);
  if (mediaType != null) parts.push(`i.media_type = ${place(mediaType.toLowerCase())}`);
  if (kind != null) parts.push(`starts_with(i.media_type, ${place(`${kind.toLowerCase()}/`)})`);
  if (takenAfter != null) parts.push(`${TAKEN} >= ${place(takenAfter)}::timestamptz`);
  if (takenBefore != null)
    parts.push(`i.date_taken is not null and ${TAKEN} < ${place(takenBefore)}::timestamptz`);
  for (const { south, north, west, east } of boxes) {
    parts.push(`i.latitude between ${place(south)} and ${place(north)}`);
    const [from, to] = [place(west), place(east)];
    parts.push(
      west <= east
        ? `i.longitude between ${from} and ${to}`
        : `(i.longitude >= ${from} or i.longitude <= ${to})`,
    );
  }
  if (near)
    parts.push(
      `${distanceSql(`${place(near.latitude)}::float8`, `${place(near.longitude)}::float8`)} <= ${place(near.radiusKm)}`,
    );
  if (minQuality != null) parts.push(`i.quality_score >= ${place(minQuality)}::real`);
  if (learned != null) parts.push(`i.learned_by_echo = ${place(learned)}`);
  if (state != null) parts.push(`i.state = ${place(state)}`);
  return parts;
}

/** Whether anything is known of a user's media. */
export async function hasMedia({ pool }: Reader, owner: Owner): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'has_media',
    text: 'select from echo_media_insights where user_id = $1 and tenant_id = $2 limit 1',
    values: [owner.userId, owner.tenantId],
  });
  return rowCount === 1;
}

/** Insights of a user by the hashes of their contents, in that order; null for others. */
export async function insightsByHash(
  { pool }: Reader,
  owner: Owner,
  hashes: readonly string[],
): Promise<(MediaInsightRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('media_by_hash'),
    text: 'select * from echo_media_insights where file_hash = any($1::text[]) and user_id = $2 and tenant_id = $3',
    values: [hashes, owner.userId, owner.tenantId],
  });
  const byHash = new Map(
    rows.map((raw) => mapRow(mediaInsights, raw)).map((row) => [row.fileHash, row] as const),
  );
  return hashes.map((hash) => byHash.get(hash) ?? null);
}

/** Insights by the numbers of their rows, in that order, as far as the scope reaches; null for others. */
export async function insightsByNumber(
  { pool }: Reader,
  { tenantId, userId }: Scope,
  numbers: readonly number[],
): Promise<(MediaInsightRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'media_by_number',
    text: `select * from echo_media_insights
           where id = any($1::int[]) and tenant_id = $2 and ($3::text is null or user_id = $3)`,
    values: [numbers, tenantId, userId],
  });
  const byNumber = new Map(
    rows.map((raw) => mapRow(mediaInsights, raw)).map((row) => [row.id, row] as const),
  );
  return numbers.map((number) => byNumber.get(number) ?? null);
}

/** Of each content of a user the files that hold it now, in the order of their names. */
export async function pathsOf(
  { pool }: Reader,
  owner: Owner,
  hashes: readonly string[],
): Promise<string[][]> {
  const { rows } = await pool.query<{ hash: string; paths: string[] }>({
    name: 'media_paths',
    text: `select h.hash, array(
             select f.shown_path from echo_media_files f
             where f.file_hash = h.hash and f.user_id = $2 and f.tenant_id = $3 and f.state in ('PRESENT', 'BROKEN')
             order by f.shown_path, f.id limit ${MAX_PATHS}) as paths
           from unnest($1::text[]) h(hash)`,
    values: [hashes, owner.userId, owner.tenantId],
  });
  const byHash = new Map(rows.map((row) => [row.hash, row.paths] as const));
  return hashes.map((hash) => byHash.get(hash) ?? []);
}

/** A picture that looks like another, and by how much. */
export interface NearInsight {
  /** Bits in which the perceptual hashes differ. */
  readonly distance: number;
  readonly insight: MediaInsightRow;
}

/** Of each picture those of the same user that look like it and of which a file is there, the nearest first. */
export async function nearInsights(
  { pool }: Reader,
  owner: Owner,
  pictures: readonly HashedPicture[],
  maxDistance: number,
): Promise<NearInsight[][]> {
  const found = await neighboursOf(pool, owner, pictures, {
    maxDistance,
    limit: MAX_NEIGHBOURS,
    presentOnly: true,
  });
  const numbers = [...new Set(found.flat().map(({ id }) => id))];
  if (numbers.length === 0) return found.map(() => []);
  const rows = await insightsByNumber({ pool }, owner, numbers);
  const byNumber = new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : [])));
  return found.map((near) =>
    near.flatMap(({ id, distance }) => {
      const insight = byNumber.get(id);
      return insight ? [{ distance, insight }] : [];
    }),
  );
}

export interface MediaTypeCount {
  readonly mediaType: string;
  readonly count: number;
  readonly bytes: number;
}

/** Figures over a user's media. */
export interface MediaStats {
  readonly total: number;
  readonly learned: number;
  readonly last24Hours: number;
  readonly present: number;
  readonly vanished: number;
  readonly broken: number;
  readonly bytes: number;
  readonly withDate: number;
  readonly withLocation: number;
  readonly problems: number;
  readonly unreadableFiles: number;
  readonly copies: number;
  readonly nearDuplicates: number;
  readonly byType: readonly MediaTypeCount[];
}

/** Bits within which pictures are counted as near duplicates. */
export const USUAL_DISTANCE = 8;

export async function mediaStats({ pool }: Reader, owner: Owner): Promise<MediaStats> {
  return onlyRow(
    await pool.query<MediaStats>({
      name: replicable('media_stats'),
      text: `with mine as materialized (
               select media_type, file_size, state, learned_by_echo, date_indexed, date_taken, latitude, analysis_problem, copies
               from echo_media_insights where user_id = $1 and tenant_id = $2),
             types as (
               select media_type as "mediaType", count(*)::int as count, coalesce(sum(file_size), 0)::float8 as bytes
               from mine group by 1)
             select count(*)::int as total, (count(*) filter (where learned_by_echo))::int as learned,
               (count(*) filter (where date_indexed > now() - interval '24 hours'))::int as "last24Hours",
               (count(*) filter (where state = 'PRESENT'))::int as present,
               (count(*) filter (where state = 'VANISHED'))::int as vanished,
               (count(*) filter (where state = 'BROKEN'))::int as broken,
               coalesce(sum(file_size), 0)::float8 as bytes,
               count(date_taken)::int as "withDate", count(latitude)::int as "withLocation",
               count(analysis_problem)::int as problems,
               (select count(*)::int from echo_media_files
                where user_id = $1 and tenant_id = $2 and state = 'UNREADABLE') as "unreadableFiles",
               coalesce(sum(greatest(copies - 1, 0)), 0)::int as copies,
               (select count(*)::int from echo_media_pairs
                where user_id = $1 and tenant_id = $2 and partitions & (1 << ${USUAL_DISTANCE}) <> 0) as "nearDuplicates",
               (select coalesce(json_agg(types order by count desc, "mediaType"), '[]') from types) as "byType"
             from mine`,
      values: [owner.userId, owner.tenantId],
    }),
  );
}
