import {
  type Asker,
  type CheckStatus,
  defineAlert,
  definePromise,
  type Standing,
} from '../../ground/promise.ts';
import type { Reachability } from '../../models/reachability.ts';
import type { ModelRouter } from '../../models/router.ts';

interface Parts {
  readonly models: Pick<ModelRouter, 'models'>;
  readonly modelsReach: Reachability | null;
}

/** How old an answer may be, in milliseconds: a request to a model may cost something. */
const FRESH_MS: Record<Asker, number> = { client: 5_000, watch: 60_000 };

const modelsDegraded = defineAlert<string>({
  name: 'models_degraded',
  severity: 'WARNING',
  words: 'A language model fails, or its server cannot be reached.',
  message: (detail) => detail,
});

export const models = definePromise<Parts>({
  name: 'models',
  words: 'Queries are answered by the language models that are configured.',
  check: checkModels,
  alert: modelsDegraded,
});

async function checkModels({ models, modelsReach }: Parts, asker: Asker): Promise<Standing> {
  const configured = models.models();
  const standing = (status: CheckStatus, detail: string, plainDetail = detail): Standing => ({
    ...{ status, latencyMs: null, detail, plainDetail },
  });
  if (configured.length === 0) return standing('HEALTHY', 'none configured; the built-in answerer answers');
  // One whose server could not be reached is asked again with the next query only: meanwhile it is as its server is.
  const failing = configured
    .filter(({ state, awaitsTry }) => state !== 'closed' && !awaitsTry)
    .map(({ name }) => name);
  if (failing.length > 0) return standing('DEGRADED', `failing: ${[...new Set(failing)].join(', ')}`);
  const reached = await modelsReach?.look(FRESH_MS[asker]);
  if (reached?.isUp === false)
    return standing('DEGRADED', `they cannot be reached (${reached.reason})`, 'they cannot be reached');
  if (reached?.isUp === null) return standing('UNKNOWN', `their server ${reached.reason}`);
  return standing('HEALTHY', configured.map((model) => `${model.level}=${model.name}`).join(', '));
}
