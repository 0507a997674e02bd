import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';
import type { PictureKeeper } from '../media-insights/generated.ts';

/** What draws pictures in the background. Without a ComfyUI nothing of it is loaded. */
export async function openGenerations({
  config,
  db,
  outbound,
  pictures,
}: Pick<Ports, 'config' | 'db' | 'outbound'> & { readonly pictures: PictureKeeper | null }): Promise<Job[]> {
  const { comfyUi } = config;
  if (comfyUi === null || pictures === null) return [];
  const { ComfyUi } = await import('../../images/comfyui.ts');
  const { drawingJob } = await import('./jobs.ts');
  const maker = new ComfyUi({ url: comfyUi.url, stallMs: comfyUi.stallMs, outbound });
  return [drawingJob({ db, config, maker, pictures })];
}
