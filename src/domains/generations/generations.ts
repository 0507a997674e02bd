import { randomInt, randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import { InvalidInput, NotConfigured, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { charactersByName } from '../characters/reads.ts';
import type { CharacterRow } from '../characters/tables.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { GENERATE_IMAGE } from './job-names.ts';
import { elementsOf, negativeOf, recipeOf } from './recipe.ts';
import { learnedStyle } from './style.ts';
import type { LearnedStyle } from './tables.ts';
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
  useStyle: z.boolean().nullish(),
});
export type GenerateImageInput = z.input<typeof GenerateImage>;

export type GenerationServices = TaskServices & { readonly config: Pick<Config, 'comfyUi'> };

/**
 * Makes the task that draws a picture, and its entry in the history.
 *
 * @param from the turn that asks for it: asked for again, the same task is the answer
 * @param before done in the transaction that makes both
 * @throws NotConfigured, InvalidInput, NotFound (the character)
 */
export async function generateImage(
  { db, events, tasks, config }: GenerationServices,
  owner: Owner,
  given: GenerateImageInput,
  from: string | null = null,
  before: (client: PoolClient) => Promise<void> = async () => undefined,
): Promise<TaskRow> {
  const asked = input.parseInput(GenerateImage, given);
  const job = tasks.jobs.get(GENERATE_IMAGE);
  if (config.comfyUi === null || !job)
    throw new NotConfigured(
      'COMFYUI_URL',
      'no ComfyUI is configured that could draw; the operator names it there',
    );
  const [character = null] = asked.character ? await charactersByName(db, owner, [asked.character]) : [];
  if (asked.character && !character?.isActive)
    throw new NotFound('character', `there is no active character "${asked.character}"`);
  if (asked.useStyle && !character)
    throw new InvalidInput('useStyle', 'needs a character, whose pictures were rated');
  const { workflows } = config.comfyUi;
  const learned =
    asked.useStyle && character ? await learnedFor(db, owner, character, asked, workflows) : null;
  const workflow = asked.workflow ?? learned?.workflow ?? DEFAULT_WORKFLOW;
  await workflowNamed(workflows, workflow);
  const { prompt, elements } = recipeOf(asked.prompt, character, learned);
  const [width, height] = sizeOf(asked, learned);
  const generationId = from ?? randomUUID();
  const row = await db.transaction(async (client) => {
    await before(client);
    const task = await enqueueTask(client, job, {
      ...{ type: GENERATE_IMAGE, owner, createdBy: owner.userId, payload: { generationId } },
      name: `Draw ${character?.characterName ?? 'a picture'}`,
      idempotencyKey: from === null ? null : `generation ${from}`,
    });
    await client.query({
      name: 'insert_generation',
      text: `insert into anime_generation_history (tenant_id, user_id, generation_id, task_id, character_id, character_name,
               asked, prompt, negative_prompt, workflow, seed, width, height, elements, learned)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             on conflict (generation_id, tenant_id, user_id) do nothing`,
      values: [
        ...[owner.tenantId, owner.userId, generationId, task.taskId],
        ...[character?.id ?? null, character?.characterName ?? null],
        ...[asked.prompt, prompt, negativeOf(asked.negativePrompt), workflow],
        // Of whole numbers that are drawn, a program that knows only 32 bits takes each.
        ...[asked.seed ?? learned?.seed ?? randomInt(2 ** 31), width, height],
        ...[JSON.stringify(elements), learned && JSON.stringify(learned)],
      ],
    });
    return task;
  });
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}

type Asked = z.output<typeof GenerateImage>;

/** What ratings decide of a picture, as far as nobody says otherwise. */
async function learnedFor(
  db: GenerationServices['db'],
  owner: Owner,
  character: CharacterRow,
  asked: Asked,
  folder: string | null,
): Promise<LearnedStyle> {
  const { seed, workflow, size, ...elements } = await learnedStyle(
    db,
    owner,
    character.id,
    elementsOf(character),
  );
  const isFree = asked.width == null && asked.height == null;
  return {
    ...elements,
    ...(seed === undefined || asked.seed != null ? {} : { seed }),
    ...(workflow === undefined || asked.workflow != null || !(await isThere(folder, workflow))
      ? {}
      : { workflow }),
    ...(size === undefined || !isFree ? {} : { size }),
  };
}

/** Whether a template that did well is still there. */
async function isThere(folder: string | null, workflow: string): Promise<boolean> {
  try {
    await workflowNamed(folder, workflow);
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}

function sizeOf({ width, height }: Asked, learned: LearnedStyle | null): [width: number, height: number] {
  const [goodWidth = DEFAULT_SIDE, goodHeight = DEFAULT_SIDE] = learned?.size?.split('x').map(Number) ?? [];
  return [width ?? goodWidth, height ?? goodHeight];
}
