import type { AlertTeller, ServerPromise } from '../../ground/promise.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { HealthDesk } from './health.ts';
import { watchFailing } from './promises.ts';

const WATCH_MS = 1_000;

/**
 * Looks at the promises every second and raises an alert when one is in danger. The database's own alert does not
 * wait for this: it is raised by whoever runs into its absence.
 */
export function createWatch<Parts>({
  promises,
  parts,
  health,
  alerts,
  keepers,
}: {
  readonly promises: readonly ServerPromise<Parts>[];
  readonly parts: Parts;
  readonly health: HealthDesk;
  readonly alerts: Pick<AlertTeller, 'set'>;
  readonly keepers: Keepers;
}): Keeper {
  const round = async () => {
    // First what can be seen at once: a check may wait for an answer.
    for (const { looks } of promises) for (const { look } of looks) look(parts, alerts);
    const { checks } = await health.check('watch');
    for (const { name, status, detail } of checks) {
      const alert = promises.find((promise) => promise.name === name)?.alert;
      const isBad = status === 'DEGRADED' || status === 'UNHEALTHY';
      if (alert) alerts.set(alert, isBad ? (detail ?? '') : null);
    }
  };
  const onTrouble = (problem: string | null) =>
    alerts.set(watchFailing, problem === null ? null : { problem });
  return keepers.create({ name: 'health watch', everyMs: WATCH_MS, round, onTrouble });
}
