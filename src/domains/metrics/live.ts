import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import type { Metrics, MetricsSnapshot } from './metrics.ts';

export interface LiveServices {
  readonly metrics: Pick<Metrics, 'snapshot' | 'ending'>;
  readonly db: Pick<Database, 'connections'>;
}

/** Milliseconds between snapshots. */
export const MIN_INTERVAL_MS = 250;
export const MAX_INTERVAL_MS = 60_000;
export const USUAL_INTERVAL_MS = 2_000;

/**
 * Figures of the server, again and again, until the signal or the server's end. Whoever does not take one gets no more:
 * none waits in line.
 *
 * @throws InvalidInput with the first one, for an interval beyond its limits
 */
export async function* liveMetrics(
  { metrics, db }: LiveServices,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<MetricsSnapshot> {
  if (intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS)
    throw new InvalidInput(
      'intervalMs',
      `must be from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}, is ${intervalMs}`,
    );
  const ended = AbortSignal.any([signal, metrics.ending]);
  while (!ended.aborted) {
    yield metrics.snapshot(db.connections.totalCount);
    await delay(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}
