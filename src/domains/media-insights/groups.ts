import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { distanceOf } from './bands.ts';

type Reader = Pick<Database, 'pool'>;

/** A picture of a group. */
export interface GroupMember {
  /** The number of its row. */
  readonly id: number;
  /** Bits in which its perceptual hash differs from that of the best; 0 for the best. */
  readonly distance: number;
  /** Files that hold exactly its bytes. */
  readonly copies: number;
}

/** Pictures that are the same to the eye, or files that are the same to the byte. */
export interface DuplicateGroup {
  readonly position: GroupPosition;
  /** The best first. */
  readonly members: readonly GroupMember[];
  /** Files of all of them. */
  readonly files: number;
  /** Bytes of all these files but one of the best. */
  readonly spareBytes: number;
}

/** The cell that a group is a part of, by its centre, and the best of the group. */
export interface GroupPosition {
  readonly centre: number;
  readonly best: number;
}

/** What decides which of several pictures is the best. */
interface Candidate {
  readonly centre: number;
  readonly id: number;
  readonly bits: string | null;
  readonly pixels: number;
  readonly sharpness: number;
  /** Milliseconds since 1970; null: unknown. */
  readonly taken: number | null;
  readonly bytes: number;
  readonly copies: number;
}

/** Pictures of one cell that are looked at. */
const MAX_CELL = 2_000;

/**
 * A page of the groups of a user: the one whose cell was begun last comes first.
 *
 * The pictures of a cell (`pairs.ts`) are gone through from the best to the worst: each that is in no group yet makes one
 * with all others of the cell that are in none and differ from it in `maxDistance` bits at most. So every member looks like
 * the best of its group; a chain of pictures, each like the next, is cut. A picture alone is a group if several files hold
 * it. Only what is there counts.
 */
export async function groupPage(
  { pool }: Reader,
  owner: Owner,
  maxDistance: number,
  { after, before, limit, inverted }: Page<GroupPosition>,
): Promise<DuplicateGroup[]> {
  const groups: DuplicateGroup[] = [];
  const isWithin = ({ position }: DuplicateGroup) =>
    (!after || isBehind(position, after)) && (!before || isBehind(before, position));
  // The cell of a bound may have groups on both sides of it.
  let bounds = { from: after?.centre ?? LARGEST, to: before?.centre ?? 0 };
  while (groups.length < limit) {
    const centres = await centresWithin(pool, owner, maxDistance, { ...bounds, limit, inverted });
    if (centres.length === 0) break;
    const cells = await cellsOf(pool, owner, maxDistance, centres);
    const found = centres.flatMap((centre) => {
      const ofCell = groupsIn(cells.get(centre) ?? [], maxDistance).filter(isWithin);
      ofCell.sort((a, b) => b.position.best - a.position.best);
      return inverted ? ofCell.reverse() : ofCell;
    });
    groups.push(...found);
    if (centres.length < limit) break;
    const last = centres.at(-1) ?? 0;
    bounds = inverted ? { ...bounds, to: last + 1 } : { ...bounds, from: last - 1 };
  }
  return groups.slice(0, limit);
}

const LARGEST = 2_147_483_647;

/** Whether a group comes after another one in the list. */
function isBehind(position: GroupPosition, other: GroupPosition): boolean {
  return position.centre < other.centre || (position.centre === other.centre && position.best < other.best);
}

/** Centres of cells with members, and pictures in no cell of which there are several files. */
async function centresWithin(
  pool: Database['pool'],
  owner: Owner,
  maxDistance: number,
  bounds: { from: number; to: number; limit: number; inverted: boolean },
): Promise<number[]> {
  const order = bounds.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<{ id: number }>({
    name: `media_cells_${order}`,
    text: `with copied as (
             select i.id from echo_media_insights i
             where i.user_id = $1 and i.tenant_id = $2 and i.state = 'PRESENT' and i.copies > 1 and i.id between $4 and $3
               and not exists (
                 select from echo_media_pairs p where p.member = i.id and p.partitions & (1 << $5) <> 0)
             order by i.id ${order} limit $6),
           alike as (
             select distinct p.centre as id from echo_media_pairs p
             where p.user_id = $1 and p.tenant_id = $2 and p.centre between $4 and $3 and p.partitions & (1 << $5) <> 0
             order by id ${order} limit $6)
           select id from (select id from copied union select id from alike) c order by id ${order} limit $6`,
    values: [owner.userId, owner.tenantId, bounds.from, bounds.to, maxDistance, bounds.limit],
  });
  return rows.map(({ id }) => id);
}

async function cellsOf(
  pool: Database['pool'],
  owner: Owner,
  maxDistance: number,
  centres: readonly number[],
): Promise<ReadonlyMap<number, Candidate[]>> {
  const { rows } = await pool.query<Candidate>({
    name: 'media_cell_members',
    text: `select c.centre, i.id, i.perceptual_bits::text as bits,
             coalesce(i.width::float8 * i.height, 0) as pixels,
             coalesce(case jsonb_typeof(i.visual_analysis #> '{features,sharpness}') when 'number'
               then (i.visual_analysis #>> '{features,sharpness}')::float8 end, i.quality_score, 0) as sharpness,
             (extract(epoch from i.date_taken) * 1000)::float8 as taken,
             coalesce(i.file_size, 0)::float8 as bytes,
             i.copies
           from unnest($1::int[]) c(centre) cross join lateral (
             select c.centre as id union all (
               select p.member from echo_media_pairs p
               where p.centre = c.centre and p.partitions & (1 << $4) <> 0 order by p.member limit ${MAX_CELL})) m
           cross join lateral (
             select * from echo_media_insights i
             where i.id = m.id and i.user_id = $2 and i.tenant_id = $3 and i.state = 'PRESENT' offset 0) i`,
    values: [centres, owner.userId, owner.tenantId, maxDistance],
  });
  return Map.groupBy(rows, (row) => row.centre);
}

/** Cuts a cell into groups. */
export function groupsIn(cell: readonly Candidate[], maxDistance: number): DuplicateGroup[] {
  const groups: DuplicateGroup[] = [];
  let left = [...cell].sort(byWorth);
  for (let best = left[0]; best; best = left[0]) {
    const centre = best;
    const near = left.map((other) => ({ other, distance: distanceBetween(centre, other) }));
    const members = near.filter(({ distance }) => distance <= maxDistance);
    left = near.flatMap(({ other, distance }) => (distance <= maxDistance ? [] : [other]));
    const copiesOf = ({ copies }: Candidate) => Math.max(copies, 1);
    const files = members.reduce((sum, { other }) => sum + copiesOf(other), 0);
    if (files < 2) continue;
    groups.push({
      position: { centre: centre.centre, best: centre.id },
      members: members.map(({ other, distance }) => ({ id: other.id, distance, copies: copiesOf(other) })),
      files,
      spareBytes: members.reduce((sum, { other }) => sum + other.bytes * copiesOf(other), -centre.bytes),
    });
  }
  return groups;
}

/** The largest first, then the sharpest, then those with a date, then the oldest, then the one that was indexed first. */
function byWorth(a: Candidate, b: Candidate): number {
  return (
    b.pixels - a.pixels ||
    b.sharpness - a.sharpness ||
    Number(a.taken === null) - Number(b.taken === null) ||
    (a.taken ?? 0) - (b.taken ?? 0) ||
    a.id - b.id
  );
}

function distanceBetween(a: Candidate, b: Candidate): number {
  if (a.id === b.id) return 0;
  if (a.bits === null || b.bits === null) return Number.POSITIVE_INFINITY;
  return distanceOf(BigInt(a.bits), BigInt(b.bits));
}
