import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import { NotConfigured, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { charactersByName } from '../characters/reads.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { GENERATE_IMAGE } from './job-names.ts';
import { negativeOf, promptOf } from './recipe.ts';
import { DEFAULT_WORKFLOW, workflowNamed } from './workflows.ts';

/** Pixels of a side. */
export const MIN_SIDE = 64;
export const MAX_SIDE = 4_096;
export const DEFAULT_SIDE = 768;
export const MAX_ASKED = 2_000;
/** Beyond it JSON has no whole numbers. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;
const SIDE_STEP = 8;

const side = z
  .int({ error: 'must be a whole number' })
  .min(MIN_SIDE, { error: `must be at least ${MIN_SIDE}` })
  .max(MAX_SIDE, { error: `must be at most ${MAX_SIDE}` })
  .multipleOf(SIDE_STEP, { error: `must be a multiple of ${SIDE_STEP}` });
const GenerateImage = z.object({
  character: input.text(100).nullish(),
  prompt: input.text(MAX_ASKED),
  negativePrompt: input.text(MAX_ASKED, 0).nullish(),
  workflow: input.text(50).nullish(),
  seed: z
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be at least 0' })
    .max(MAX_SEED, { error: `must be at most ${MAX_SEED}` })
    .nullish(),
  width: side.nullish(),
  height: side.nullish(),
});
export type GenerateImageInput = z.input<typeof GenerateImage>;

export type GenerationServices = TaskServices & { readonly config: Pick<Config, 'comfyUi'> };

/**
 * Makes the task that draws a picture, and its entry in the history.
 *
 * @param from the turn that asks for it: asked for again, the same task is the answer
 * @throws NotConfigured, InvalidInput, NotFound (the character)
 */
export async function generateImage(
  { db, events, tasks, config }: GenerationServices,
  owner: Owner,
  given: GenerateImageInput,
  from: string | null = null,
): Promise<TaskRow> {
  const asked = input.parseInput(GenerateImage, given, 'input');
  const job = tasks.jobs.get(GENERATE_IMAGE);
  if (config.comfyUi === null || !job)
    throw new NotConfigured(
      'COMFYUI_URL',
      'no ComfyUI is configured that could draw; the operator names it there',
    );
  const workflow = asked.workflow ?? DEFAULT_WORKFLOW;
  await workflowNamed(config.comfyUi.workflows, workflow);
  const [character = null] = asked.character ? await charactersByName(db, owner, [asked.character]) : [];
  if (asked.character && !character?.isActive)
    throw new NotFound('input.character', `there is no active character "${asked.character}"`);
  const generationId = from ?? randomUUID();
  const row = await db.transaction(async (client) => {
    const task = await enqueueTask(client, job, {
      ...{ type: GENERATE_IMAGE, owner, createdBy: owner.userId, payload: { generationId } },
      name: `Draw ${character?.characterName ?? 'a picture'}`,
      idempotencyKey: from === null ? null : `generation ${from}`,
    });
    await client.query({
      name: 'insert_generation',
      text: `insert into anime_generation_history (tenant_id, user_id, generation_id, task_id, character_id, character_name,
               asked, prompt, negative_prompt, workflow, seed, width, height)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict (generation_id, tenant_id, user_id) do nothing`,
      values: [
        ...[owner.tenantId, owner.userId, generationId, task.taskId],
        ...[character?.id ?? null, character?.characterName ?? null],
        ...[asked.prompt, promptOf(asked.prompt, character), negativeOf(asked.negativePrompt), workflow],
        // Of whole numbers that are drawn, a program that knows only 32 bits takes each.
        ...[asked.seed ?? randomInt(2 ** 31), asked.width ?? DEFAULT_SIDE, asked.height ?? DEFAULT_SIDE],
      ],
    });
    return task;
  });
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}
