import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { boundName } from './bindings.ts';
import * as limits from './limits.ts';
import { lockedProject, type ProjectServices, touchProject } from './projects.ts';
import { type SeenSegment, segmentsOf } from './reads.ts';
import type { ProjectRow } from './tables.ts';

const NewSegment = z.object({
  projectId: limits.id,
  prompt: limits.prompt,
  durationSeconds: limits.duration,
  character: limits.characterName.nullish(),
  position: limits.position.nullish(),
});
const Changes = z.object({
  prompt: limits.prompt.optional(),
  durationSeconds: limits.duration.optional(),
  /** Null: it shows none of the project's characters. */
  character: limits.characterName.nullish(),
  /** Null: it has no picture any more. */
  generationId: limits.id.nullish(),
});

/** Puts a segment into a project. Those behind it move on. @throws InvalidInput, NotFound */
export async function addSegment(
  { db }: ProjectServices,
  owner: Owner,
  given: z.input<typeof NewSegment>,
): Promise<SeenSegment> {
  const segment = input.parseInput(NewSegment, given);
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, segment.projectId, 'projectId');
    const [known = []] = await segmentsOf({ pool: client }, owner, [project.id]);
    if (known.length >= limits.MAX_SEGMENTS)
      throw new InvalidInput('input', `a project may have at most ${limits.MAX_SEGMENTS} segments`);
    const position = segment.position ?? known.length + 1;
    if (position > known.length + 1)
      throw new InvalidInput('position', `must be from 1 to ${known.length + 1}, one behind the last`);
    const character =
      segment.character == null
        ? null
        : await boundName(client, owner, project, segment.character, 'character');
    const segmentId = randomUUID();
    await client.query({
      name: 'insert_video_segment',
      text: `insert into video_segments (tenant_id, user_id, project, segment_id, position, prompt, duration_seconds, character_name)
             values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      values: [
        ...[owner.tenantId, owner.userId, project.id, segmentId, known.length + 1],
        ...[segment.prompt, segment.durationSeconds, character],
      ],
    });
    const order = known.map((each) => each.segmentId).toSpliced(position - 1, 0, segmentId);
    return changed(client, owner, project, order, segmentId);
  });
}

/** Changes a segment; what is absent stays as it is. @throws InvalidInput, NotFound */
export async function updateSegment(
  { db }: ProjectServices,
  owner: Owner,
  segmentId: string,
  given: z.input<typeof Changes>,
): Promise<SeenSegment> {
  const changes = input.parseInput(Changes, given);
  return db.transaction(async (client) => {
    const { project, segment } = await lockedSegment(client, owner, parseSegmentId(segmentId), 'segmentId');
    const { generationId = segment.generationId } = changes;
    if (changes.generationId != null) await checkGeneration(client, owner, changes.generationId);
    const character =
      changes.character == null
        ? changes.character
        : await boundName(client, owner, project, changes.character, 'character');
    await client.query({
      name: 'update_video_segment',
      text: `update video_segments set prompt = $4, duration_seconds = $5, character_name = $6, generation_id = $7, updated_at = now()
             where id = $1 and tenant_id = $2 and user_id = $3`,
      values: [
        ...[segment.id, owner.tenantId, owner.userId],
        ...[changes.prompt ?? segment.prompt, changes.durationSeconds ?? segment.durationSeconds],
        ...[character === undefined ? segment.characterName : character, generationId],
      ],
    });
    return changed(client, owner, project, null, segment.segmentId);
  });
}

/** Takes a segment out of its project. Those behind it move up. @throws InvalidInput, NotFound */
export async function removeSegment(
  { db }: ProjectServices,
  owner: Owner,
  segmentId: string,
): Promise<ProjectRow> {
  return db.transaction(async (client) => {
    const { project, segment } = await lockedSegment(client, owner, parseSegmentId(segmentId), 'segmentId');
    await client.query({
      name: 'delete_video_segment',
      text: 'delete from video_segments where id = $1 and tenant_id = $2 and user_id = $3',
      values: [segment.id, owner.tenantId, owner.userId],
    });
    const [left = []] = await segmentsOf({ pool: client }, owner, [project.id]);
    await setOrder(
      client,
      owner,
      project,
      left.map((each) => each.segmentId),
    );
    await touchProject(client, owner, project.id);
    return project;
  });
}

/** Puts all segments of a project into another order at once. @throws InvalidInput, NotFound */
export async function reorderSegments(
  { db }: ProjectServices,
  owner: Owner,
  projectId: string,
  segmentIds: readonly string[],
): Promise<ProjectRow> {
  const id = input.parseInput(limits.id, projectId, 'projectId');
  const order = input.parseInput(z.array(limits.id).max(limits.MAX_SEGMENTS), segmentIds, 'segmentIds');
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, id, 'projectId');
    const [known = []] = await segmentsOf({ pool: client }, owner, [project.id]);
    const twice = order.find((each, at) => order.indexOf(each) !== at);
    if (twice !== undefined) throw new InvalidInput('segmentIds', `names "${twice}" twice`);
    const unknown = order.find((each) => !known.some((segment) => segment.segmentId === each));
    if (unknown !== undefined)
      throw new NotFound('segmentIds', `there is no segment "${unknown}" in the project`);
    const missing = known.find((segment) => !order.includes(segment.segmentId));
    if (missing)
      throw new InvalidInput(
        'segmentIds',
        `must name all ${known.length} segments of the project; "${missing.segmentId}" is missing`,
      );
    await setOrder(client, owner, project, order);
    await touchProject(client, owner, project.id);
    return project;
  });
}

/** @throws InvalidInput if the text can be no segment's id */
export function parseSegmentId(id: string, field = 'segmentId'): string {
  return input.parseInput(limits.id, id, field);
}

/** A segment and its project, which nobody else changes before the end of the transaction. @throws NotFound */
export async function lockedSegment(
  client: PoolClient,
  owner: Owner,
  segmentId: string,
  field: string,
): Promise<{ project: ProjectRow; segment: SeenSegment }> {
  const { rows } = await client.query<{ projectId: string }>({
    name: 'project_of_segment',
    text: `select p.project_id as "projectId" from video_projects p join video_segments s on s.project = p.id
           where s.segment_id = $1 and s.tenant_id = $2 and s.user_id = $3 and p.deleted_at is null`,
    values: [segmentId, owner.tenantId, owner.userId],
  });
  const nothing = () => new NotFound(field, `there is no segment "${segmentId}"`);
  if (!rows[0]) throw nothing();
  const project = await lockedProject(client, owner, rows[0].projectId, field);
  // As it is under the lock.
  const segment = await segmentNow(client, owner, project, segmentId);
  if (!segment) throw nothing();
  return { project, segment };
}

/** Binds a picture that is being drawn to a segment. */
export async function bindGeneration(
  client: PoolClient,
  owner: Owner,
  segment: SeenSegment,
  generationId: string,
): Promise<void> {
  await client.query({
    name: 'bind_generation',
    text: `update video_segments set generation_id = $4, updated_at = now()
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [segment.id, owner.tenantId, owner.userId, generationId],
  });
  await touchProject(client, owner, segment.project);
}

async function segmentNow(client: PoolClient, owner: Owner, project: ProjectRow, segmentId: string) {
  const [known = []] = await segmentsOf({ pool: client }, owner, [project.id]);
  return known.find((each) => each.segmentId === segmentId);
}

/** What a change comes to. @param order of all segments; null: as it was */
async function changed(
  client: PoolClient,
  owner: Owner,
  project: ProjectRow,
  order: readonly string[] | null,
  segmentId: string,
): Promise<SeenSegment> {
  if (order) await setOrder(client, owner, project, order);
  await touchProject(client, owner, project.id);
  const [now = []] = await segmentsOf({ pool: client }, owner, [project.id]);
  const total = now.reduce((sum, each) => sum + each.durationSeconds, 0);
  if (total > limits.MAX_TOTAL_DURATION)
    throw new InvalidInput(
      'durationSeconds',
      `all segments together may take at most ${limits.MAX_TOTAL_DURATION} seconds, they would take ${Math.round(total * 10) / 10}`,
    );
  const segment = now.find((each) => each.segmentId === segmentId);
  if (!segment) throw new NotFound('segmentId', `there is no segment "${segmentId}"`);
  return segment;
}

async function setOrder(
  client: PoolClient,
  owner: Owner,
  project: ProjectRow,
  order: readonly string[],
): Promise<void> {
  await client.query({
    name: 'order_video_segments',
    text: `update video_segments s set position = o.position::int
           from unnest($4::text[]) with ordinality as o(segment_id, position)
           where s.segment_id = o.segment_id and s.project = $1 and s.tenant_id = $2 and s.user_id = $3
             and s.position <> o.position`,
    values: [project.id, owner.tenantId, owner.userId, order],
  });
}

/** @throws NotFound */
async function checkGeneration(client: PoolClient, owner: Owner, generationId: string): Promise<void> {
  const { rowCount } = await client.query({
    name: 'generation_of_segment',
    text: 'select from anime_generation_history where generation_id = $1 and tenant_id = $2 and user_id = $3',
    values: [generationId, owner.tenantId, owner.userId],
  });
  if (rowCount === 0) throw new NotFound('generationId', `there is no generation "${generationId}"`);
}
