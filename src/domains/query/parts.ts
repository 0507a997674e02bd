import type { Ports } from '../../ground/ports.ts';
import { configuredModels, modelsReachability, providerModels } from '../../models/configured.ts';
import type { Reachability } from '../../models/reachability.ts';
import { createModelRouter } from '../../models/router.ts';
import type { QueryServices } from './query.ts';
import { RunningQueries } from './running.ts';

interface QueryParts extends Pick<QueryServices, 'models' | 'inFlight' | 'running'> {
  /** Whether the server of the language models answers. Null: none is configured. */
  readonly modelsReach: Reachability | null;
  /** What that server says that it has, as JSON of whatever shape. Null: none is configured. */
  readonly providerModels: (() => Promise<unknown>) | null;
}

declare module '../../graphql/context.ts' {
  interface Services extends QueryParts {}
}

/** The language models, each behind its queue and its breaker, and the queries that are under way. */
export function openQuery({ config, log, modelParts }: Ports): QueryParts {
  const limits = config.languageModels && { concurrency: config.languageModels.concurrency };
  const modelsReach = modelsReachability(modelParts);
  // So that the first who asks for health hears an answer.
  void modelsReach?.look(0);
  return {
    models: createModelRouter({ models: configuredModels(modelParts), log, ...limits }),
    inFlight: new Map(),
    running: new RunningQueries(),
    modelsReach,
    providerModels: providerModels(modelParts),
  };
}
