import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import {
  type AssemblyRow,
  assemblies,
  type BindingRow,
  bindings,
  type DecisionRow,
  decisions,
  type ProjectRow,
  projects,
  type SegmentRow,
  segments,
} from './tables.ts';

type Reader = Pick<Database, 'pool'> | { readonly pool: PoolClient };

const LARGEST = 2_147_483_647;

/** How the picture of a segment stands. */
export const SEGMENT_STATUSES = ['PLANNED', 'QUEUED', 'DRAWING', 'DRAWN', 'FAILED', 'CANCELLED'] as const;
export type SegmentStatus = (typeof SEGMENT_STATUSES)[number];

/** A segment with what is known of its picture. */
export type SeenSegment = SegmentRow & {
  readonly status: SegmentStatus;
  /** The task that draws it; null: none was made. */
  readonly taskId: string | null;
  readonly error: string | null;
  /** SHA-256 of the picture; null: there is none yet. */
  readonly fileHash: string | null;
};

/** A video with how its task stands; null: the task is not kept any more. */
export type SeenAssembly = AssemblyRow & {
  readonly taskStatus: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | null;
};

/** A user's projects, the one that was made last first. @param isDeleted those that were deleted, instead of those that are there */
export async function projectPage(
  { pool }: Reader,
  owner: Owner,
  isDeleted: boolean,
  { after, before, limit, inverted }: Page<number>,
): Promise<ProjectRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: `project_page_${inverted ? 'up' : 'down'}`,
    text: `select * from video_projects where user_id = $1 and tenant_id = $2 and (deleted_at is not null) = $3
             and id < $4 and id > $5 order by id ${inverted ? 'asc' : 'desc'} limit $6`,
    values: [owner.userId, owner.tenantId, isDeleted, after ?? LARGEST, before ?? 0, limit],
  });
  return rows.map((row) => mapRow(projects, row));
}

/** A user's project, deleted or not; null: there is none. */
export async function projectById({ pool }: Reader, owner: Owner, id: string): Promise<ProjectRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'project_by_id',
    text: 'select * from video_projects where project_id = $1 and tenant_id = $2 and user_id = $3',
    values: [id, owner.tenantId, owner.userId],
  });
  return rows[0] ? mapRow(projects, rows[0]) : null;
}

/** The characters of projects, by the numbers of their rows. */
export async function bindingsOf(
  { pool }: Reader,
  owner: Owner,
  numbers: readonly number[],
): Promise<BindingRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'bindings_of_projects',
    text: `select * from anime_echo_project_bindings
           where project = any($1::int[]) and tenant_id = $2 and user_id = $3 order by id`,
    values: [numbers, owner.tenantId, owner.userId],
  });
  return grouped(
    numbers,
    rows.map((row) => mapRow(bindings, row)),
  );
}

/** The segments of projects in their order, by the numbers of the projects' rows. */
export async function segmentsOf(
  { pool }: Reader,
  owner: Owner,
  numbers: readonly number[],
): Promise<SeenSegment[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'segments_of_projects',
    text: `select s.*, g.task_id, g.error, g.files->>0 as file_hash, g.completed_at is not null as is_drawn, t.status as task_status
           from video_segments s
           left join anime_generation_history g
             on g.generation_id = s.generation_id and g.tenant_id = s.tenant_id and g.user_id = s.user_id
           left join autonomous_tasks t on t.task_id = g.task_id and t.tenant_id = s.tenant_id and t.user_id = s.user_id
           where s.project = any($1::int[]) and s.tenant_id = $2 and s.user_id = $3 order by s.position, s.id`,
    values: [numbers, owner.tenantId, owner.userId],
  });
  return grouped(numbers, rows.map(seenSegment));
}

/** A page of the decisions of each project, the latest first, by the numbers of the projects' rows. */
export async function decisionPages(
  { pool }: Reader,
  owner: Owner,
  numbers: readonly number[],
  { after, before, limit, inverted }: Page<number>,
): Promise<DecisionRow[][]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `decision_pages_${order}`,
    text: `select d.* from unnest($1::int[]) as p(project) cross join lateral (
             select * from anime_project_memory m
             where m.project = p.project and m.tenant_id = $2 and m.user_id = $3 and m.id < $4 and m.id > $5
             order by m.id ${order} limit $6) d
           order by d.id ${order}`,
    values: [numbers, owner.tenantId, owner.userId, after ?? LARGEST, before ?? 0, limit],
  });
  return grouped(
    numbers,
    rows.map((row) => mapRow(decisions, row)),
  );
}

/** A page of the videos of each project, the one that was asked for last first, by the numbers of the projects' rows. */
export async function assemblyPages(
  { pool }: Reader,
  owner: Owner,
  numbers: readonly number[],
  { after, before, limit, inverted }: Page<number>,
): Promise<SeenAssembly[][]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `assembly_pages_${order}`,
    text: `select a.*, t.status as task_status from unnest($1::int[]) as p(project) cross join lateral (
             select * from anime_echo_orchestrations o
             where o.project = p.project and o.tenant_id = $2 and o.user_id = $3 and o.id < $4 and o.id > $5
             order by o.id ${order} limit $6) a
           left join autonomous_tasks t on t.task_id = a.task_id and t.tenant_id = a.tenant_id and t.user_id = a.user_id
           order by a.id ${order}`,
    values: [numbers, owner.tenantId, owner.userId, after ?? LARGEST, before ?? 0, limit],
  });
  return grouped(
    numbers,
    rows.map((row) => ({
      ...mapRow(assemblies, row),
      taskStatus: row.task_status as SeenAssembly['taskStatus'],
    })),
  );
}

function seenSegment(row: RawRow): SeenSegment {
  const segment = mapRow(segments, row);
  const fileHash = row.is_drawn === true ? (row.file_hash as string | null) : null;
  return {
    ...segment,
    status: statusOf(segment, row),
    taskId: row.task_id as string | null,
    error: row.error as string | null,
    fileHash,
  };
}

/** It follows the task; of one that is not kept any more the history of the picture says how it ended. */
function statusOf({ generationId }: SegmentRow, row: RawRow): SegmentStatus {
  if (generationId === null || row.task_id === null) return 'PLANNED';
  if (row.is_drawn === true) return 'DRAWN';
  if (row.task_status === 'PENDING') return 'QUEUED';
  if (row.task_status === 'RUNNING') return 'DRAWING';
  const isCancelled = row.task_status === 'CANCELLED' || String(row.error).startsWith('CANCELLED');
  return isCancelled ? 'CANCELLED' : 'FAILED';
}

function grouped<Row extends { readonly project: number }>(
  numbers: readonly number[],
  rows: readonly Row[],
): Row[][] {
  const byProject = Map.groupBy(rows, ({ project }) => project);
  return numbers.map((number) => byProject.get(number) ?? []);
}
