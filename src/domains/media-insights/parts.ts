import type { Ports } from '../../ground/ports.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Job } from '../../jobs/job.ts';
import { keepRenewed } from '../../jobs/renewing.ts';
import { folderProblems } from '../../media/folders.ts';
import { backgroundModel } from '../../models/configured.ts';
import { MATCH_CHARACTERS, type PictureMatching } from '../characters/reference-images.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import type { PictureKeeper } from './generated.ts';
import type { VideoKeeper } from './made-videos.ts';
import { renewSomeTerms } from './renewed-terms.ts';

/** What is done with media in the background. Without folders of media nothing of it is loaded. */
export async function openMedia(
  {
    config,
    db,
    log,
    pressure,
    alerts,
    modelParts,
    keepers,
  }: Pick<Ports, 'config' | 'db' | 'log' | 'modelParts' | 'keepers'> & {
    readonly pressure: Pressure;
    readonly alerts: AlertTeller;
  },
  closing: ClosingStack,
): Promise<{
  readonly jobs: Job[];
  readonly pictures: PictureKeeper | null;
  readonly videos: VideoKeeper | null;
}> {
  // What an earlier version stored is searched without folders, too.
  const renewSome = () => renewSomeTerms(db);
  keepRenewed(keepers, closing, { name: 'terms of media', rest: createRest(pressure), renewSome });
  const { media, dataDirectory } = config;
  if (media === null) return { jobs: [], pictures: null, videos: null };
  // Nothing waits for it: a folder may lie on a machine that does not answer.
  folderProblems(media.roots).then(
    (problems) => {
      for (const { folder, problem } of problems) log.warn({ folder }, `a folder of MEDIA_ROOTS ${problem}`);
    },
    (error: unknown) => log.warn({ err: error }, 'the folders of MEDIA_ROOTS could not be looked at'),
  );
  const { mediaJobs } = await import('./jobs.ts');
  const { Readers } = await import('./readers.ts');
  const readers = new Readers(async () => {
    const { openMediaReader } = await import('../../media/reader.ts');
    return openMediaReader({ ...media, concurrency: media.workers, log });
  });
  closing.defer(() => readers.close());
  const places = { roots: media.roots, dataDirectory };
  const parts = { db, log, pressure, readers, alerts, places };
  const { pictureKeeper } = await import('./generated.ts');
  const { videoKeeper } = await import('./made-videos.ts');
  const kept = { pictures: pictureKeeper(parts), videos: videoKeeper(parts) };
  const jobs = mediaJobs(parts);
  const vision = backgroundModel(modelParts, 'vision', config.languageModels?.vision ?? null, log);
  if (!vision) return { jobs, ...kept };
  const { describeJob } = await import('./describe-jobs.ts');
  return { jobs: [...jobs, describeJob({ db, pressure, readers, vision, dataDirectory })], ...kept };
}

/** Lets a change of reference images make the task that looks at pictures again. Without folders of media there is none. */
export function followCharacters({
  characters,
  tasks,
}: {
  readonly characters: { pictures: PictureMatching | null };
  readonly tasks: Pick<TaskServices['tasks'], 'jobs' | 'wake'>;
}): void {
  const job = tasks.jobs.get(MATCH_CHARACTERS);
  if (!job) return;
  characters.pictures = {
    order: async (client, owner, createdBy) => {
      await enqueueTask(client, job, { type: MATCH_CHARACTERS, owner, createdBy });
    },
    wake: () => tasks.wake(),
  };
}
