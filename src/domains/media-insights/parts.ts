import type { Ports } from '../../ground/ports.ts';
import type { Pressure } from '../../ground/pressure.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Job } from '../../jobs/job.ts';
import { backgroundModel } from '../../models/configured.ts';

/** What is done with media in the background. Without folders of media nothing of it is loaded. */
export async function openMedia(
  {
    config,
    db,
    log,
    pressure,
    alerts,
    modelParts,
  }: Pick<Ports, 'config' | 'db' | 'log' | 'modelParts'> & {
    readonly pressure: Pressure;
    readonly alerts: AlertTeller;
  },
  closing: ClosingStack,
): Promise<Job[]> {
  const { media, dataDirectory } = config;
  if (media === null) return [];
  const { mediaJobs } = await import('./jobs.ts');
  const { Readers } = await import('./readers.ts');
  const readers = new Readers(async () => {
    const { openMediaReader } = await import('../../media/reader.ts');
    return openMediaReader({ ...media, concurrency: media.workers, log });
  });
  closing.defer(() => readers.close());
  const jobs = mediaJobs({
    db,
    log,
    pressure,
    readers,
    alerts,
    places: { roots: media.roots, dataDirectory },
  });
  const vision = backgroundModel(modelParts, config.languageModels?.vision ?? null, log);
  if (!vision) return jobs;
  const { describeJob } = await import('./describe-jobs.ts');
  return [...jobs, describeJob({ db, pressure, readers, vision, dataDirectory })];
}
