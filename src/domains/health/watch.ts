import type { AlertBoard } from '../alerts/alerts.ts';
import { checkHealth, type HealthServices, JOURNAL_WARNING_SHARE, WATCHING } from './health.ts';

const WATCH_MS = 1_000;

/**
 * Looks at the promises every second and raises an alert when one is in danger. The database's own alert does not
 * wait for this: it is raised by whoever runs into its absence.
 *
 * @returns a function that ends the watch
 */
export function startWatch(services: HealthServices & { readonly alerts: AlertBoard }): () => void {
  const { alerts, store } = services;
  let stopped = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const { bytes, maxBytes, failure } = store.backlog;
    alerts.set('journal_unwritable', failure !== null, 'CRITICAL', failure ?? '');
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
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => void look(), WATCH_MS);
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
