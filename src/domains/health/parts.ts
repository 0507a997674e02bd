import type { Config } from '../../config.ts';
import type { AlertTeller, ServerPromise } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { VERSION } from '../../version.ts';
import type { Alert } from '../alerts/alerts.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Canary, type CanaryServices } from './canary.ts';
import { registerFigures } from './figures.ts';
import { createHealth, type HealthDesk } from './health.ts';
import { createWatch } from './watch.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly health: HealthDesk;
    readonly canary: Canary;
  }
}

/** The canary, whose way leads through all the other parts. */
export function openCanary(
  parts: CanaryServices & { readonly config: Config },
  closing: ClosingStack,
): { canary: Canary } {
  const canary = new Canary(parts, parts.config.canaryIntervalMs);
  canary.start();
  closing.defer(() => canary.stop());
  return { canary };
}

/** How the promises stand, and who watches them: the last to open and the first to close, so that no end is taken for a danger. */
export function openHealth<
  Parts extends {
    readonly alerts: AlertTeller & { readonly active: readonly Alert[] };
    readonly metrics: Metrics;
  } & Pick<CanaryServices, 'keepers'>,
>(promises: readonly ServerPromise<Parts>[], parts: Parts, closing: ClosingStack): { health: HealthDesk } {
  const { alerts, keepers, metrics } = parts;
  const health = createHealth(promises, parts, VERSION);
  const watch = createWatch({ promises, parts, health, alerts, keepers });
  watch.start();
  registerFigures(metrics.registry, promises, parts, { health, version: VERSION });
  closing.defer(() => watch.stop());
  return { health };
}
