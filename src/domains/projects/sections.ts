import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import * as limits from './limits.ts';
import { checkProjects, lockProjects } from './projects.ts';

/** A project with all that belongs to it; pictures and videos are lines of their own. */
const ProjectLine = z.object({
  kind: z.literal('project'),
  tenantId: z.string(),
  userId: z.string(),
  projectId: z.guid({ error: 'must be a UUID' }),
  name: limits.name,
  description: limits.description.nullable(),
  width: limits.side,
  height: limits.side,
  framesPerSecond: limits.framesPerSecond,
  createdAt: input.writtenInstant,
  updatedAt: input.writtenInstant,
  deletedAt: input.writtenInstant.nullable(),
  characters: z
    .array(
      z.object({ name: limits.characterName, role: limits.role.nullable(), boundAt: input.writtenInstant }),
    )
    .max(limits.MAX_CHARACTERS),
  segments: z
    .array(
      z.object({
        segmentId: z.guid({ error: 'must be a UUID' }),
        prompt: limits.prompt,
        durationSeconds: limits.duration,
        character: limits.characterName.nullable(),
        // Absent: it has no picture.
        generationId: input.text(100).optional(),
        createdAt: input.writtenInstant,
        updatedAt: input.writtenInstant,
      }),
    )
    .max(limits.MAX_SEGMENTS),
  decisions: z
    .array(
      z.object({
        decisionId: z.guid({ error: 'must be a UUID' }),
        decision: limits.decision,
        reason: input.text(limits.MAX_DECISION, 0).nullable(),
        decidedAt: input.writtenInstant,
      }),
    )
    .max(limits.MAX_DECISIONS),
});
type ProjectLine = z.output<typeof ProjectLine>;

/** A user's projects. One that is there already stays as it is. */
export const ownProjects = sectionOfRows<{ readonly db: Database }, ProjectLine>({
  kind: 'project',
  schema: ProjectLine,
  dated: 'updatedAt',
  read: exportedProjects,
  restore: restoreProjects,
});

/** A project as the database writes it; instants in the time zone of its session. */
type Stored = Omit<z.input<typeof ProjectLine>, 'kind' | 'tenantId' | 'userId'>;

async function exportedProjects(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<{ id: number; line: Stored }>({
    name: 'export_projects',
    text: `select p.id, json_build_object('projectId', p.project_id, 'name', p.name, 'description', p.description,
             'width', p.width, 'height', p.height, 'framesPerSecond', p.frames_per_second,
             'createdAt', p.created_at, 'updatedAt', p.updated_at, 'deletedAt', p.deleted_at,
             'characters', coalesce((select json_agg(json_build_object('name', b.character_name, 'role', b.role, 'boundAt', b.bound_at) order by b.id)
               from anime_echo_project_bindings b where b.project = p.id and b.tenant_id = p.tenant_id and b.user_id = p.user_id), '[]'),
             'segments', coalesce((select json_agg(json_build_object('segmentId', s.segment_id, 'prompt', s.prompt, 'durationSeconds', s.duration_seconds,
                 'character', s.character_name, 'generationId', s.generation_id, 'createdAt', s.created_at, 'updatedAt', s.updated_at) order by s.position, s.id)
               from video_segments s where s.project = p.id and s.tenant_id = p.tenant_id and s.user_id = p.user_id), '[]'),
             'decisions', coalesce((select json_agg(json_build_object('decisionId', d.decision_id, 'decision', d.decision, 'reason', d.reason, 'decidedAt', d.decided_at) order by d.id)
               from anime_project_memory d where d.project = p.id and d.tenant_id = p.tenant_id and d.user_id = p.user_id), '[]')) as line
           from video_projects p where p.user_id = $1 and p.tenant_id = $2 and p.id > $3 order by p.id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map(({ id, line }) => ({
    line: JSON.stringify(exported(owner, line)),
    after: { key: '', number: id },
  }));
}

function exported(owner: Owner, line: Stored) {
  const at = (text: string) => new Date(text);
  return {
    kind: 'project',
    tenantId: owner.tenantId,
    userId: owner.userId,
    ...line,
    createdAt: at(line.createdAt),
    updatedAt: at(line.updatedAt),
    deletedAt: line.deletedAt && at(line.deletedAt),
    characters: line.characters.map((each) => ({ ...each, boundAt: at(each.boundAt) })),
    segments: line.segments.map(({ generationId, ...each }) => ({
      ...each,
      // As earlier versions wrote what has none.
      ...(generationId == null ? {} : { generationId }),
      createdAt: at(each.createdAt),
      updatedAt: at(each.updatedAt),
    })),
    decisions: line.decisions.map((each) => ({ ...each, decidedAt: at(each.decidedAt) })),
  };
}

async function restoreProjects(
  client: PoolClient,
  owner: Owner,
  lines: readonly ProjectLine[],
): Promise<number> {
  await lockProjects(client, owner);
  let stored = 0;
  for (const line of lines) if (await restoreProject(client, owner, line)) stored++;
  if (stored > 0) await checkProjects(client, owner, 'lines');
  return stored;
}

/** @returns whether it was not there yet */
async function restoreProject(client: PoolClient, owner: Owner, line: ProjectLine): Promise<boolean> {
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_project',
    text: `insert into video_projects (tenant_id, user_id, project_id, name, description, width, height, frames_per_second, created_at, updated_at, deleted_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (project_id, tenant_id, user_id) do nothing returning id`,
    values: [
      ...[owner.tenantId, owner.userId, line.projectId, line.name, line.description],
      ...[line.width, line.height, line.framesPerSecond, line.createdAt, line.updatedAt, line.deletedAt],
    ],
  });
  const [project] = rows;
  if (!project) return false;
  await client.query({
    name: 'restore_bindings',
    text: `insert into anime_echo_project_bindings (tenant_id, user_id, project, character_name, role, bound_at)
           select $1, $2, $3, b."name", b."role", b."boundAt"
           from json_to_recordset($4) as b("name" text, "role" text, "boundAt" timestamptz)
           on conflict (project, character_name) do nothing`,
    values: [owner.tenantId, owner.userId, project.id, JSON.stringify(line.characters)],
  });
  await restoreSegments(client, owner, project.id, line);
  await client.query({
    name: 'restore_decisions',
    text: `insert into anime_project_memory (tenant_id, user_id, project, decision_id, decision, reason, decided_at)
           select $1, $2, $3, d."decisionId", d."decision", d."reason", d."decidedAt"
           from json_to_recordset($4) as d("decisionId" text, "decision" text, "reason" text, "decidedAt" timestamptz)
           on conflict (decision_id, tenant_id, user_id) do nothing`,
    values: [owner.tenantId, owner.userId, project.id, JSON.stringify(line.decisions)],
  });
  return true;
}

async function restoreSegments(client: PoolClient, owner: Owner, project: number, line: ProjectLine) {
  const total = line.segments.reduce((sum, each) => sum + each.durationSeconds, 0);
  if (total > limits.MAX_TOTAL_DURATION)
    throw new InvalidInput(
      'lines',
      `the segments of a project may take at most ${limits.MAX_TOTAL_DURATION} seconds together`,
    );
  const names = line.characters.map(({ name }) => name);
  const stray = line.segments.find(({ character }) => character !== null && !names.includes(character));
  if (stray)
    throw new InvalidInput('lines', `"${stray.character}" of a segment is none of the project's characters`);
  await client.query({
    name: 'restore_video_segments',
    text: `insert into video_segments (tenant_id, user_id, project, segment_id, position, prompt, duration_seconds, character_name, generation_id, created_at, updated_at)
           select $1, $2, $3, s."segmentId", s."position", s."prompt", s."durationSeconds", s."character", s."generationId", s."createdAt", s."updatedAt"
           from json_to_recordset($4) as s("segmentId" text, "position" int, "prompt" text, "durationSeconds" float8, "character" text, "generationId" text, "createdAt" timestamptz, "updatedAt" timestamptz)
           on conflict (segment_id, tenant_id, user_id) do nothing`,
    values: [
      ...[owner.tenantId, owner.userId, project],
      JSON.stringify(line.segments.map((each, at) => ({ ...each, position: at + 1 }))),
    ],
  });
}
