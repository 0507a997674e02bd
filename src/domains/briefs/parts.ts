import type { ModelLevel } from '../../config/values.ts';
import type { Config } from '../../config.ts';
import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';
import { backgroundModel } from '../../models/configured.ts';
import type { Guard } from '../../models/guard.ts';
import { costOf } from '../query/cost.ts';
import type { BriefModel } from './models.ts';

/** What has briefs written in the background. Without both models nothing of it is loaded. */
export async function openBriefs({
  config,
  db,
  log,
  modelParts,
}: Pick<Ports, 'config' | 'db' | 'log' | 'modelParts'>): Promise<Job[]> {
  const { languageModels, briefs } = config;
  if (languageModels === null || briefs.models === null) return [];
  const writer = backgroundModel(modelParts, 'brief', briefs.models.writer, log);
  const judge = backgroundModel(modelParts, 'judging', briefs.models.judge, log);
  if (!writer || !judge) return [];
  const { writingJob } = await import('./jobs.ts');
  const { firstTokenMs, timeoutMs, stallMs } = languageModels;
  const models = {
    writer: priced(languageModels, writer),
    judge: priced(languageModels, judge),
    longestMs: firstTokenMs + timeoutMs + stallMs,
  };
  return [writingJob({ db, models, limits: briefs })];
}

function priced(models: NonNullable<Config['languageModels']>, guard: Guard): BriefModel {
  const level = (Object.keys(models.levels) as ModelLevel[]).find(
    (each) => models.levels[each] === guard.name,
  );
  return {
    guard,
    costOf: (tokensIn, tokensOut) =>
      level ? costOf(models, { level, model: guard.name }, { tokensIn, tokensOut }) : null,
  };
}
