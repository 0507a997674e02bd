import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { Graph } from '../../images/image-maker.ts';

/** What placeholders stand for: `%prompt%` in a template is the prompt. */
export interface WorkflowValues {
  readonly prompt: string;
  readonly negative: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** Name of a model file of ComfyUI's. */
  readonly checkpoint: string;
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,49}$/;
const MAX_FILES = 200;
const MAX_BYTES = 1_000_000;
const GraphForm = z.record(
  z.string(),
  z.looseObject({ class_type: z.string().min(1), inputs: z.record(z.string(), z.unknown()) }),
);

/** From a checkpoint to a latent picture. */
const drawn = (latent: string) => ({
  model: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: '%checkpoint%' } },
  positive: { class_type: 'CLIPTextEncode', inputs: { text: '%prompt%', clip: ['model', 1] } },
  negative: { class_type: 'CLIPTextEncode', inputs: { text: '%negative%', clip: ['model', 1] } },
  [latent]: {
    class_type: 'EmptyLatentImage',
    inputs: { width: '%width%', height: '%height%', batch_size: 1 },
  },
});
const sampled = (latent: string, denoise: number, steps: number) => ({
  class_type: 'KSampler',
  inputs: {
    ...{ model: ['model', 0], positive: ['positive', 0], negative: ['negative', 0] },
    ...{ latent_image: [latent, 0], seed: '%seed%', steps, cfg: 7, denoise },
    ...{ sampler_name: 'dpmpp_2m', scheduler: 'karras' },
  },
});
const saved = (latent: string) => ({
  decoded: { class_type: 'VAEDecode', inputs: { samples: [latent, 0], vae: ['model', 2] } },
  saved: { class_type: 'SaveImage', inputs: { images: ['decoded', 0], filename_prefix: 'echo-brain' } },
});

/** Templates that come with the server. */
const SHIPPED: Readonly<Record<string, Graph>> = {
  txt2img: { ...drawn('empty'), sampler: sampled('empty', 1, 28), ...saved('sampler') },
  txt2img_large: {
    ...drawn('empty'),
    first: sampled('empty', 1, 24),
    larger: {
      class_type: 'LatentUpscaleBy',
      inputs: { samples: ['first', 0], upscale_method: 'nearest-exact', scale_by: 1.5 },
    },
    second: sampled('larger', 0.5, 16),
    ...saved('second'),
  },
  // Needs no model: shows whether ComfyUI is reached.
  blank: {
    empty: {
      class_type: 'EmptyImage',
      inputs: { width: '%width%', height: '%height%', batch_size: 1, color: 8_421_504 },
    },
    saved: { class_type: 'SaveImage', inputs: { images: ['empty', 0], filename_prefix: 'echo-brain' } },
  },
};

export const DEFAULT_WORKFLOW = 'txt2img';

/**
 * A template by its name: of the folder, where a file NAME.json is, else a shipped one.
 *
 * @throws InvalidInput that lists what there is, or says what is wrong with the file
 */
export async function workflowNamed(folder: string | null, name: string): Promise<Graph> {
  const own = await namesIn(folder);
  if (folder !== null && own.includes(name)) return readTemplate(join(folder, `${name}.json`), name);
  const shipped = SHIPPED[name];
  if (shipped && Object.hasOwn(SHIPPED, name)) return shipped;
  const known = [...new Set([...own, ...Object.keys(SHIPPED)])].sort();
  throw new InvalidInput('workflow', `must be one of ${known.join(', ')}`);
}

/** Puts values into a template. A text that is only a placeholder takes the value as it is; within others it is written out. */
export function filledIn(template: Graph, values: WorkflowValues): Graph {
  return replaced(template, values as unknown as Record<string, string | number>) as Graph;
}

/** Whether a template says what stands for this. */
export function mentions(template: Graph, name: keyof WorkflowValues): boolean {
  return JSON.stringify(template).includes(`%${name}%`);
}

function replaced(value: unknown, values: Readonly<Record<string, string | number>>): unknown {
  if (typeof value === 'string') {
    const whole = /^%([a-z]+)%$/.exec(value)?.[1];
    if (whole !== undefined && Object.hasOwn(values, whole)) return values[whole];
    return value.replace(/%([a-z]+)%/g, (all, name: string) =>
      Object.hasOwn(values, name) ? String(values[name]) : all,
    );
  }
  if (Array.isArray(value)) return value.map((each) => replaced(each, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replaced(each, values)]));
}

async function namesIn(folder: string | null): Promise<string[]> {
  if (folder === null) return [];
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput('workflow', `the folder of COMFYUI_WORKFLOWS cannot be read (${error.code})`);
  });
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => NAME.test(name))
    .sort()
    .slice(0, MAX_FILES);
}

async function readTemplate(path: string, name: string): Promise<Graph> {
  const wrong = (problem: string) => new InvalidInput('workflow', `the template "${name}" ${problem}`);
  const { size } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw wrong(`cannot be read (${error.code})`);
  });
  if (size > MAX_BYTES) throw wrong(`has more than ${MAX_BYTES.toLocaleString('en-US')} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    throw wrong('is no JSON');
  }
  const parsed = GraphForm.safeParse(json);
  if (parsed.success && Object.keys(parsed.data).length > 0) return parsed.data;
  throw wrong('is no graph in API format: ComfyUI writes one with “Export (API)”');
}
