import type { Ports } from '../../ground/ports.ts';
import type { Logger } from '../../log.ts';
import {
  backgroundModel,
  configuredModels,
  type ModelParts,
  modelsReachability,
  providerModels,
} from '../../models/configured.ts';
import type { Reachability } from '../../models/reachability.ts';
import { createModelRouter } from '../../models/router.ts';
import type { QueryServices } from './query.ts';
import { RunningQueries } from './running.ts';
import type { IntentModel } from './unsure.ts';

interface QueryParts extends Pick<QueryServices, 'models' | 'intents' | 'inFlight' | 'running'> {
  /** Whether the server of the language models answers. Null: none is configured. */
  readonly modelsReach: Reachability | null;
  /** What that server says that it has, as JSON of whatever shape. Null: none is configured. */
  readonly providerModels: (() => Promise<unknown>) | null;
}

declare module '../../graphql/context.ts' {
  interface Services extends QueryParts {}
}

/** The language models, each behind its queue and its breaker, and the queries that are under way. */
export async function openQuery({ availability, config, log, modelParts }: Ports): Promise<QueryParts> {
  const limits = config.languageModels && { concurrency: config.languageModels.concurrency };
  const modelsReach = modelsReachability(modelParts);
  // So that the first who asks for health hears an answer.
  void modelsReach?.look(0);
  return {
    models: createModelRouter({ models: configuredModels(modelParts), log, ...limits }),
    intents: await openIntents(modelParts, log, availability.patienceMs),
    inFlight: new Map(),
    running: new RunningQueries(),
    modelsReach,
    providerModels: providerModels(modelParts),
  };
}

/** What an answer may wait, in milliseconds, to hear what it is asked; at most this part of what it may take to begin. */
const INTENT_BUDGET_MS = 1_500;
const INTENT_SHARE = 0.1;

async function openIntents(
  modelParts: ModelParts,
  log: Logger,
  patienceMs: number,
): Promise<IntentModel | null> {
  const { languageModels } = modelParts.config;
  if (!languageModels?.intent) return null;
  const { intent, concurrency, firstTokenMs } = languageModels;
  const guard = backgroundModel(modelParts, 'intent', intent, log, concurrency);
  if (!guard) return null;
  const { createIntentModel } = await import('./intent-model.ts');
  const budgetMs = Math.min(INTENT_BUDGET_MS, firstTokenMs * INTENT_SHARE);
  return createIntentModel(guard, log, Math.max(budgetMs, patienceMs));
}
