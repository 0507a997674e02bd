import type { Registry } from 'prom-client';

/** What whoever looks at the figures looks at first: whether the promises are kept. */
const FIRST = [
  'echo_promise_kept',
  'echo_alert_active',
  'echo_database_up',
  'echo_journal_depth',
  'echo_journal_oldest_age_seconds',
  'echo_journal_set_apart',
  'echo_turns_refused',
  'echo_vectors_coverage_ratio',
  'echo_vectors_lag_seconds',
  'echo_learning_lag_seconds',
  'echo_canary_ok',
  'echo_canary_timestamp_seconds',
  'echo_backup_age_seconds',
];

/** All metrics in Prometheus' text format, the promises first. */
export async function exposition(registry: Registry): Promise<string> {
  const placeOf = ({ name }: { readonly name: string }) => {
    const place = FIRST.indexOf(name);
    return place === -1 ? FIRST.length : place;
  };
  const metrics = registry
    .getMetricsAsArray()
    .toSorted((one, other) => placeOf(one) - placeOf(other))
    .map(({ name }) => registry.getSingleMetricAsString(name));
  return `${(await Promise.all(metrics)).join('\n\n')}\n`;
}
