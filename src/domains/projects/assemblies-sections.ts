import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import * as limits from './limits.ts';
import { assemblies } from './tables.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 of 64 hexadecimal digits' });

/** A video that was made of a project, or was to be; its file is lines of its own. */
const AssemblyLine = z.object({
  kind: z.literal('assembly'),
  tenantId: z.string(),
  userId: z.string(),
  projectId: z.guid({ error: 'must be a UUID' }),
  assemblyId: z.guid({ error: 'must be a UUID' }),
  taskId: input.text(100),
  segments: z
    .array(
      z.object({
        segmentId: input.text(100),
        generationId: input.text(100, 0),
        fileHash: sha256,
        durationSeconds: limits.duration,
      }),
    )
    .max(limits.MAX_SEGMENTS),
  width: limits.side,
  height: limits.side,
  framesPerSecond: limits.framesPerSecond,
  fileHash: sha256.nullable(),
  fileSize: z.int().min(0).nullable(),
  error: input.text(10_000, 0).nullable(),
  createdAt: input.writtenInstant,
  startedAt: input.writtenInstant.nullable(),
  completedAt: input.writtenInstant.nullable(),
});
type AssemblyLine = z.output<typeof AssemblyLine>;

/** Videos of a user's projects, in the order in which they were asked for. One that is there already stays as it is. */
export const ownAssemblies = sectionOfRows<{ readonly db: Database }, AssemblyLine>({
  kind: 'assembly',
  schema: AssemblyLine,
  dated: 'createdAt',
  read: exportedAssemblies,
  restore: restoreAssemblies,
});

async function exportedAssemblies(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_assemblies',
    text: `select a.*, p.project_id from anime_echo_orchestrations a join video_projects p on p.id = a.project
           where a.user_id = $1 and a.tenant_id = $2 and a.id > $3 order by a.id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map((raw) => {
    const row = mapRow(assemblies, raw);
    const line: Record<string, unknown> = { kind: 'assembly', ...owner, projectId: raw.project_id };
    for (const field of Object.keys(AssemblyLine.shape))
      if (!(field in line)) line[field] = row[field as keyof typeof row];
    return { line: JSON.stringify(line), after: { key: '', number: row.id } };
  });
}

/** Those whose project is there. */
async function restoreAssemblies(
  client: PoolClient,
  owner: Owner,
  lines: readonly AssemblyLine[],
): Promise<number> {
  const { rowCount } = await client.query({
    name: 'restore_assemblies',
    text: `insert into anime_echo_orchestrations (tenant_id, user_id, project, assembly_id, task_id, segments, width, height,
             frames_per_second, file_hash, file_size, error, created_at, started_at, completed_at)
           select $1, $2, p.id, a."assemblyId", a."taskId", a.segments, a.width, a.height, a."framesPerSecond", a."fileHash",
             a."fileSize", a.error, a."createdAt", a."startedAt", a."completedAt"
           from json_to_recordset($3) as a("projectId" text, "assemblyId" text, "taskId" text, segments jsonb, width int, height int,
             "framesPerSecond" int, "fileHash" text, "fileSize" bigint, error text, "createdAt" timestamptz, "startedAt" timestamptz,
             "completedAt" timestamptz)
           join video_projects p on p.project_id = a."projectId" and p.tenant_id = $1 and p.user_id = $2
           on conflict (assembly_id, tenant_id, user_id) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(lines)],
  });
  return rowCount ?? 0;
}
