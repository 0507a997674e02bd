import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import * as limits from './limits.ts';
import { type ProjectRow, projects } from './tables.ts';

export interface ProjectServices {
  readonly db: Database;
}

const NewProject = z.object({
  name: limits.name,
  description: limits.description.nullish(),
  width: limits.side.nullish(),
  height: limits.side.nullish(),
  framesPerSecond: limits.framesPerSecond.nullish(),
});
const Changes = z.object({
  name: limits.name.optional(),
  /** Null takes it away. */
  description: limits.description.nullish(),
  width: limits.side.optional(),
  height: limits.side.optional(),
  framesPerSecond: limits.framesPerSecond.optional(),
});

/** Makes a project. @throws InvalidInput */
export async function createProject(
  { db }: ProjectServices,
  owner: Owner,
  given: z.input<typeof NewProject>,
): Promise<ProjectRow> {
  const project = input.parseInput(NewProject, given);
  return db.transaction(async (client) => {
    await lockProjects(client, owner);
    const inserted = await client.query<RawRow>({
      name: 'insert_project',
      text: `insert into video_projects (tenant_id, user_id, project_id, name, description, width, height, frames_per_second)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`,
      values: [
        ...[owner.tenantId, owner.userId, randomUUID(), project.name, project.description || null],
        ...[project.width ?? limits.DEFAULT_WIDTH, project.height ?? limits.DEFAULT_HEIGHT],
        project.framesPerSecond ?? limits.DEFAULT_FRAMES_PER_SECOND,
      ],
    });
    await checkProjects(client, owner, 'input');
    return mapRow(projects, onlyRow(inserted));
  });
}

/** Changes a project; what is absent stays as it is. @throws InvalidInput, NotFound */
export async function updateProject(
  { db }: ProjectServices,
  owner: Owner,
  projectId: string,
  given: z.input<typeof Changes>,
): Promise<ProjectRow> {
  const changes = input.parseInput(Changes, given);
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, parseProjectId(projectId), 'projectId');
    const { description = project.description } = changes;
    const updated = await client.query<RawRow>({
      name: 'update_project',
      text: `update video_projects set name = $4, description = $5, width = $6, height = $7, frames_per_second = $8, updated_at = now()
             where id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      values: [
        ...[project.id, owner.tenantId, owner.userId, changes.name ?? project.name, description || null],
        ...[changes.width ?? project.width, changes.height ?? project.height],
        changes.framesPerSecond ?? project.framesPerSecond,
      ],
    });
    return mapRow(projects, onlyRow(updated));
  });
}

/** Hides a project with all that it has; `restoreProject` brings it back. @throws InvalidInput, NotFound */
export function deleteProject(
  services: ProjectServices,
  owner: Owner,
  projectId: string,
): Promise<ProjectRow> {
  return setDeleted(services, owner, projectId, true);
}

/** Brings a deleted project back as it was. @throws InvalidInput, NotFound */
export function restoreProject(
  services: ProjectServices,
  owner: Owner,
  projectId: string,
): Promise<ProjectRow> {
  return setDeleted(services, owner, projectId, false);
}

async function setDeleted(
  { db }: ProjectServices,
  owner: Owner,
  projectId: string,
  isDeleted: boolean,
): Promise<ProjectRow> {
  const id = parseProjectId(projectId);
  const [row] = await db.transaction(async (client) => {
    const { rows } = await client.query<RawRow>({
      name: 'set_project_deleted',
      text: `update video_projects set deleted_at = case when $4 then coalesce(deleted_at, now()) end
             where project_id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      values: [id, owner.tenantId, owner.userId, isDeleted],
    });
    return rows;
  });
  if (!row) throw noProject(id, 'projectId');
  return mapRow(projects, row);
}

/** @throws InvalidInput if the text can be no project's id, so that no statement is run for it */
export function parseProjectId(id: string, field = 'projectId'): string {
  return input.parseInput(limits.id, id, field);
}

/**
 * A project that is there, which nobody else changes before the end of the transaction.
 *
 * @throws NotFound
 */
export async function lockedProject(
  client: PoolClient,
  owner: Owner,
  projectId: string,
  field: string,
): Promise<ProjectRow> {
  const { rows } = await client.query<RawRow>({
    name: 'lock_project',
    text: `select * from video_projects
           where project_id = $1 and tenant_id = $2 and user_id = $3 and deleted_at is null for update`,
    values: [projectId, owner.tenantId, owner.userId],
  });
  if (!rows[0]) throw noProject(projectId, field);
  return mapRow(projects, rows[0]);
}

/** Notes that something of a project was changed. */
export async function touchProject(client: PoolClient, owner: Owner, project: number): Promise<void> {
  await client.query({
    name: 'touch_project',
    text: `update video_projects set updated_at = now() where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [project, owner.tenantId, owner.userId],
  });
}

/** One new project of a user at a time: two that are allowed alone may be one too many together. */
export async function lockProjects(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_projects',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['projects', tenantId, userId])],
  });
}

/** @throws InvalidInput where a user has too many */
export async function checkProjects(client: PoolClient, owner: Owner, field: string): Promise<void> {
  const { rows } = await client.query<{ count: number }>({
    name: 'count_projects',
    text: 'select count(*)::int as count from video_projects where user_id = $1 and tenant_id = $2',
    values: [owner.userId, owner.tenantId],
  });
  if (onlyRow({ rows }).count > limits.MAX_PROJECTS)
    throw new InvalidInput(
      field,
      `a user may have at most ${limits.MAX_PROJECTS} projects, deleted ones included`,
    );
}

export function noProject(id: string, field: string): NotFound {
  return new NotFound(field, `there is no project "${id.slice(0, 100)}"`);
}
