import { randomUUID } from 'node:crypto';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import { InvalidInput, NotConfigured } from '../../errors.ts';
import { findProgram } from '../../media/programs.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { ASSEMBLE_VIDEO } from './job-names.ts';
import { lockedProject, parseProjectId } from './projects.ts';
import { type SeenSegment, segmentsOf } from './reads.ts';
import type { AssembledSegment } from './tables.ts';

export type AssemblyServices = TaskServices & { readonly config: Pick<Config, 'media'> };

/** Segments without a picture that a message names. */
const MAX_NAMED = 10;

/**
 * Makes the task that assembles the video of a project out of what its segments show now, and its entry in the history.
 *
 * @throws NotConfigured without ffmpeg; InvalidInput where a segment has no picture; NotFound
 */
export async function assembleVideo(
  { db, events, tasks, config }: AssemblyServices,
  owner: Owner,
  projectId: string,
): Promise<TaskRow> {
  const id = parseProjectId(projectId);
  const job = tasks.jobs.get(ASSEMBLE_VIDEO);
  if (config.media === null || !job)
    throw new NotConfigured('MEDIA_ROOTS', 'no media are configured; the operator names their folders there');
  if ((await findProgram(config.media.ffmpeg, 'ffmpeg')) === null)
    throw new NotConfigured('FFMPEG_PATH', 'there is no ffmpeg, which would make the video');
  const row = await db.transaction(async (client) => {
    const project = await lockedProject(client, owner, id, 'projectId');
    const [segments = []] = await segmentsOf({ pool: client }, owner, [project.id]);
    const assembled = assembledOf(segments);
    const assemblyId = randomUUID();
    const task = await enqueueTask(client, job, {
      ...{ type: ASSEMBLE_VIDEO, owner, createdBy: owner.userId, payload: { assemblyId } },
      name: `Assemble ${project.name}`.slice(0, 200).toWellFormed(),
    });
    await client.query({
      name: 'insert_assembly',
      text: `insert into anime_echo_orchestrations
               (tenant_id, user_id, project, assembly_id, task_id, segments, width, height, frames_per_second)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        ...[owner.tenantId, owner.userId, project.id, assemblyId, task.taskId, JSON.stringify(assembled)],
        ...[project.width, project.height, project.framesPerSecond],
      ],
    });
    return task;
  });
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}

/** @throws InvalidInput that names those without a picture */
function assembledOf(segments: readonly SeenSegment[]): AssembledSegment[] {
  if (segments.length === 0) throw new InvalidInput('projectId', 'the project has no segments');
  const without = segments.filter(({ fileHash }) => fileHash === null);
  if (without.length > 0) {
    const named = without
      .slice(0, MAX_NAMED)
      .map(({ position, segmentId, status }) => `${position} (${segmentId}, ${status})`);
    const more = without.length > MAX_NAMED ? ` and ${without.length - MAX_NAMED} more` : '';
    throw new InvalidInput('projectId', `these segments have no picture yet: ${named.join(', ')}${more}`);
  }
  return segments.map(({ segmentId, generationId, fileHash, durationSeconds }) => ({
    ...{ segmentId, generationId: generationId ?? '', fileHash: fileHash ?? '', durationSeconds },
  }));
}
