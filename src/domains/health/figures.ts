import { Gauge, type Registry } from 'prom-client';
import type { Figure, ServerPromise } from '../../ground/promise.ts';
import type { Alert } from '../alerts/alerts.ts';
import type { HealthDesk } from './health.ts';

/** Whether each promise is kept, which dangers there are, and the promises' own figures, for whoever asks the registry. */
export function registerFigures<Parts extends { readonly alerts: { readonly active: readonly Alert[] } }>(
  registry: Registry,
  promises: readonly ServerPromise<Parts>[],
  parts: Parts,
  { health, version }: { readonly health: HealthDesk; readonly version: string },
): void {
  const registers = [registry];
  new Gauge({
    ...{ name: 'echo_build_info', registers, labelNames: ['version', 'node'] },
    help: 'Always 1; which version runs, and on which Node',
  }).set({ version, node: process.versions.node }, 1);
  new Gauge({
    ...{ name: 'echo_promise_kept', registers, labelNames: ['promise'] },
    help: 'Whether a promise is kept (1 or 0), by the name of its check in health; absent while that is unknown',
    async collect() {
      this.reset();
      for (const { name, status } of (await health.check()).checks)
        if (status !== 'UNKNOWN') this.set({ promise: name }, status === 'HEALTHY' ? 1 : 0);
    },
  });
  new Gauge({
    ...{ name: 'echo_alert_active', registers, labelNames: ['alert', 'severity'] },
    help: '1 for each alert that is active now',
    collect() {
      this.reset();
      for (const { name, severity } of parts.alerts.active) this.set({ alert: name, severity }, 1);
    },
  });
  for (const figure of promises.flatMap(({ figures }) => figures)) registerFigure(registry, figure, parts);
}

function registerFigure<Parts>(registry: Registry, { name, words, read }: Figure<Parts>, parts: Parts): void {
  new Gauge({
    ...{ name, help: words, registers: [registry] },
    async collect() {
      const value = await read(parts);
      // One that is not known must not look like a zero.
      if (value === null) this.remove();
      else this.set(value);
    },
  });
}
