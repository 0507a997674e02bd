import { createKeeper, type Keeper } from '../../jobs/keeper.ts';
import type { Logger } from '../../log.ts';
import type { AlertBoard } from '../alerts/alerts.ts';
import { checkHealth, type HealthServices, JOURNAL_WARNING_SHARE, WATCHING } from './health.ts';

const WATCH_MS = 1_000;

/**
 * Looks at the promises every second and raises an alert when one is in danger. The database's own alert does not
 * wait for this: it is raised by whoever runs into its absence.
 */
export function createWatch(
  services: HealthServices & { readonly alerts: AlertBoard; readonly log: Logger },
): Keeper {
  const { alerts, store, log } = services;
  const look = async () => {
    const { bytes, maxBytes, failure, trouble } = store.backlog;
    alerts.set('journal_unwritable', failure !== null, 'CRITICAL', failure ?? '');
    alerts.set(
      'database_takes_nothing',
      trouble !== null,
      'CRITICAL',
      `the database answers but takes no turns (${trouble}); they are kept in the journal`,
    );
    alerts.set(
      'journal_filling',
      bytes > maxBytes * JOURNAL_WARNING_SHARE,
      'WARNING',
      `the journal uses ${bytes} of ${maxBytes} bytes`,
    );
    const { checks } = await checkHealth(services, WATCHING);
    for (const { name, status, detail } of checks) {
      // The database and the journal have alerts of their own that say more.
      if (name !== 'database')
        alerts.set(
          `${name}_degraded`,
          status === 'DEGRADED' || status === 'UNHEALTHY',
          name === 'journal' ? 'CRITICAL' : 'WARNING',
          detail ?? '',
        );
    }
  };
  const onTrouble = (problem: string | null) =>
    alerts.set('watch_failing', problem !== null, 'CRITICAL', `nobody watches the promises (${problem})`);
  return createKeeper({ name: 'health watch', everyMs: WATCH_MS, round: look, log, onTrouble });
}
