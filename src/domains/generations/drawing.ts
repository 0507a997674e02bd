import { randomUUID } from 'node:crypto';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { NotConfigured, NotFound } from '../../errors.ts';
import { type Graph, type ImageMaker, MakerAway, PictureMissing } from '../../images/image-maker.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { noteDrawn } from '../characters/drawn.ts';
import type { PictureKeeper } from '../media-insights/generated.ts';
import { errorText } from '../tasks/attempt.ts';
import { TaskAborted } from '../tasks/errors.ts';
import { type GenerationRow, generations } from './tables.ts';
import { filledIn, mentions, workflowNamed } from './workflows.ts';

export interface DrawingParts {
  readonly db: Database;
  readonly config: Pick<Config, 'comfyUi'>;
  readonly maker: ImageMaker;
  readonly pictures: PictureKeeper;
}

/**
 * Draws a picture of the history: lets ComfyUI run the workflow, keeps what comes, and indexes it. An attempt that comes after a
 * server that was killed goes on with the run that was begun.
 */
export async function drawPicture(
  parts: DrawingParts,
  generationId: string,
  task: RunningTask,
): Promise<{ generationId: string; files: readonly string[] }> {
  const { tenantId, userId } = task.owner;
  if (userId === null) throw new NotFound('payload.generationId', 'the server draws nothing of its own');
  const owner = { tenantId, userId };
  const row = await begun(owner, generationId, task);
  const runId = row.runId ?? '';
  try {
    const graph = await graphOf(parts, row);
    const onProgress = (done: number, total: number | null, note: string) => task.progress(done, total, note);
    task.progress(0, null, 'waiting for ComfyUI');
    const picture = await parts.maker.draw({ runId, graph, signal: task.signal, onProgress });
    const fileHash = await parts.pictures.keep(owner, picture, task);
    if (fileHash === null)
      throw new PictureMissing('what ComfyUI gave is no picture and no video that can be read');
    return await task.once('stored', (client) => stored(client, owner, row, [fileHash]));
  } catch (error) {
    await noteFailure(parts, owner, row, error, task.signal);
    throw error;
  }
}

type Client = Parameters<Parameters<RunningTask['once']>[1]>[0];

/** The entry of the history, with the id of the run to begin or to go on with. */
async function begun(owner: Owner, generationId: string, task: RunningTask): Promise<GenerationRow> {
  const [raw] = await task.write(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'begin_generation',
        text: `update anime_generation_history set run_id = coalesce(run_id, $4), started_at = coalesce(started_at, now())
             where generation_id = $1 and tenant_id = $2 and user_id = $3 returning *`,
        values: [generationId, owner.tenantId, owner.userId, randomUUID()],
      });
      return rows;
    },
    { isRepeated: true },
  );
  if (!raw) throw new NotFound('payload.generationId', `there is no generation "${generationId}"`);
  return mapRow(generations, raw);
}

async function graphOf({ config, maker }: DrawingParts, row: GenerationRow): Promise<Graph> {
  const { comfyUi } = config;
  if (comfyUi === null) throw new NotConfigured('COMFYUI_URL', 'no ComfyUI is configured any more');
  const template = await workflowNamed(comfyUi.workflows, row.workflow);
  let checkpoint = comfyUi.checkpoint ?? '';
  if (checkpoint === '' && mentions(template, 'checkpoint')) {
    const [first] = await maker.checkpoints();
    if (first === undefined)
      throw new NotConfigured('COMFYUI_CHECKPOINT', 'ComfyUI has no checkpoint, and the workflow needs one');
    checkpoint = first;
  }
  const { prompt, negativePrompt: negative, seed, width, height } = row;
  return filledIn(template, { prompt, negative, seed, width, height, checkpoint });
}

async function stored(
  client: Client,
  owner: Owner,
  { id, generationId, characterId }: GenerationRow,
  files: readonly string[],
) {
  await client.query({
    name: 'complete_generation',
    text: `update anime_generation_history set files = $4, error = null, completed_at = now()
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [id, owner.tenantId, owner.userId, JSON.stringify(files)],
  });
  if (characterId !== null) await noteDrawn(client, owner, characterId);
  return { generationId, files };
}

/** Says in the history why an attempt came to nothing, and whether its run is to be gone on with; who cancels interrupts it. */
async function noteFailure(
  { db, maker }: DrawingParts,
  owner: Owner,
  { id, runId }: GenerationRow,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const aborted = signal.aborted && signal.reason instanceof TaskAborted ? signal.reason.kind : null;
  // The next worker goes on with it.
  if (aborted === 'STOPPING' || aborted === 'LOST') return;
  if (aborted && runId) await maker.stop(runId).catch(() => undefined);
  const words = aborted === 'CANCELLED' ? 'CANCELLED: the task was cancelled' : errorText(error);
  await db.transaction(async (client) => {
    await client.query({
      name: 'fail_generation',
      text: `update anime_generation_history set error = $4, run_id = case when $5 then run_id end
             where id = $1 and tenant_id = $2 and user_id = $3 and completed_at is null`,
      values: [id, owner.tenantId, owner.userId, words, error instanceof MakerAway && aborted === null],
    });
  });
}
