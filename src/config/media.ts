import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { wholeNumber } from './values.ts';

/** Folders of pictures and videos, and what one of their files may cost. */
export const settings = {
  MEDIA_ROOTS: z.string().transform(roots).optional(),
  MEDIA_WORKERS: wholeNumber(1, 64).optional(),
  MEDIA_FILE_TIMEOUT_MS: wholeNumber(1_000, 600_000).prefault('60000'),
  MEDIA_MAX_PIXELS: wholeNumber(1_000_000, 1_000_000_000).prefault('120000000'),
  FFPROBE_PATH: z.string().optional(),
  FFMPEG_PATH: z.string().optional(),
};
const Values = z.object(settings);

/** Absolute paths, separated by commas; a JSON array where a path has a comma. */
function roots(text: string, context: z.core.$RefinementCtx): string[] {
  const given = text.trim().startsWith('[') ? listed(text) : text.split(',').map((part) => part.trim());
  const isRight = given?.every((path) => isAbsolute(path) && resolve(path) === path && path !== '/');
  if (given && given.length > 0 && isRight) return [...new Set(given)];
  context.addIssue({
    code: 'custom',
    message: `must list absolute paths of folders, separated by commas or as a JSON array, without "..", "//" or a slash at the end, and not "/", not "${text}"`,
  });
  return z.NEVER;
}

function listed(text: string): string[] | null {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function mediaOf(
  values: z.output<typeof Values> & { readonly COMFYUI_URL?: string | undefined },
  dataDirectory: string,
) {
  return {
    /** Null: no media. Pictures that the server makes are some, too. */
    media:
      values.MEDIA_ROOTS || values.COMFYUI_URL
        ? {
            /** Empty: only what the server makes. */
            roots: values.MEDIA_ROOTS ?? [],
            /** Files that are read at once; null: as many as the machine's cores and memory allow. */
            workers: values.MEDIA_WORKERS ?? null,
            /** For one file, from beginning to end. */
            fileTimeoutMs: values.MEDIA_FILE_TIMEOUT_MS,
            /** Of a picture, before anything is decoded. */
            maxPixels: values.MEDIA_MAX_PIXELS,
            /** Null: looked for in the usual folders. */
            ffprobe: values.FFPROBE_PATH ?? null,
            ffmpeg: values.FFMPEG_PATH ?? null,
            /** Where thumbnails are. */
            directory: resolve(dataDirectory, 'media'),
          }
        : null,
  } as const;
}
