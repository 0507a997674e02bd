import { resolve } from 'node:path';
import { z } from 'zod';
import { hasLogin, type RawSettings, url, wholeNumber } from './values.ts';

/** Who makes pictures, and how. */
export const settings = {
  COMFYUI_URL: url('http:', 'https:').optional(),
  COMFYUI_WORKFLOWS: z.string().min(1).optional(),
  COMFYUI_CHECKPOINT: z.string().min(1).max(255).optional(),
  COMFYUI_STALL_SECONDS: wholeNumber(5, 86_400).prefault('300'),
};
const Values = z.object(settings);

/** @returns what does not go together */
export function checkGeneration(raw: RawSettings): string[] {
  return hasLogin(raw.COMFYUI_URL)
    ? ['COMFYUI_URL: must not hold a user name or password; put a proxy in front that knows this server']
    : [];
}

export function generationOf(values: z.output<typeof Values>, directory: string) {
  return {
    /** Null: nobody makes pictures. */
    comfyUi: values.COMFYUI_URL
      ? {
          url: values.COMFYUI_URL,
          /** Folder of further workflow templates; null: only those that are shipped. */
          workflows: values.COMFYUI_WORKFLOWS ? resolve(directory, values.COMFYUI_WORKFLOWS) : null,
          /** Which model `%checkpoint%` stands for; null: the first that ComfyUI lists. */
          checkpoint: values.COMFYUI_CHECKPOINT ?? null,
          /** Without a sign of a run that is said to run, it is given up. */
          stallMs: values.COMFYUI_STALL_SECONDS * 1_000,
        }
      : null,
  } as const;
}
