import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';
import type { VideoKeeper } from '../media-insights/made-videos.ts';

/** What assembles videos in the background. Without media nothing of it is loaded. */
export async function openProjects({
  config,
  db,
  videos,
}: Pick<Ports, 'config' | 'db'> & { readonly videos: VideoKeeper | null }): Promise<Job[]> {
  if (videos === null) return [];
  const { assemblingJob } = await import('./jobs.ts');
  return [assemblingJob({ db, config, videos })];
}
