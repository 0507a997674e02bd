import type { ModelLevel } from '../../config/values.ts';
import type { Config } from '../../config.ts';
import type { Ports } from '../../ground/ports.ts';
import { backgroundModel } from '../../models/configured.ts';
import { costOf } from '../query/cost.ts';
import type { LearningModel } from './model.ts';
import { LearningWatch } from './watch.ts';

interface LearningParts {
  readonly learning: {
    readonly watch: LearningWatch;
    /** Null: only rules learn. */
    readonly model: LearningModel | null;
  };
}

declare module '../../graphql/context.ts' {
  interface Services extends LearningParts {}
}

/** What is known of learning, and the model that is asked for it; what it takes is loaded by its tasks. */
export function openLearning({
  db,
  config,
  log,
  modelParts,
}: Pick<Ports, 'db' | 'config' | 'log' | 'modelParts'>): LearningParts {
  const { languageModels } = config;
  const guard = backgroundModel(modelParts, 'learning', languageModels?.learning ?? null, log);
  return {
    learning: {
      watch: new LearningWatch(db),
      model: guard && languageModels ? { guard, ...limitsOf(languageModels, guard.name) } : null,
    },
  };
}

function limitsOf(
  models: NonNullable<Config['languageModels']>,
  model: string,
): Omit<LearningModel, 'guard'> {
  const level = (Object.keys(models.levels) as ModelLevel[]).find((each) => models.levels[each] === model);
  return {
    longestMs: models.firstTokenMs + models.timeoutMs + models.stallMs,
    costOf: (tokensIn, tokensOut) => {
      const cost = level ? costOf(models, { level, model }, { tokensIn, tokensOut }) : null;
      return cost === null ? null : Number(cost);
    },
  };
}
